"""How parent and worker process talk: frames of a 4-byte big-endian length and that many bytes of JSON.

To the worker go `Load`, `Call` and `Drop`; back come `READY` once, and then one answer for each `Call`, in their order.
"""

import msgspec
from msgspec import Struct

READY = b'"ready"'
MOVED = '{"moved":true}'
"""The answer to calls that were on their way when their codec hit a limit: not run, to be sent again elsewhere."""
MAX_FRAME = 8 * 1024 * 1024


class Load(Struct, tag="load", frozen=True):
    """Know this codec by this number from now on; it is compiled at its first call."""

    key: int
    source: str


class Call(Struct, tag="call", frozen=True):
    """Run one operation (`decoders.javascript.sandbox.Sandbox.run`)."""

    key: int
    operation: str
    text: str
    now_ms: int


class Drop(Struct, tag="drop", frozen=True):
    """Forget this codec."""

    key: int


class FrameError(Exception):
    """The other side sent what can't be a frame."""


_encoder = msgspec.json.Encoder()


def framed(body: bytes) -> bytes:
    """The body with its length in front."""
    return len(body).to_bytes(4, "big") + body


def frame_of(message: Load | Call | Drop) -> bytes:
    """One message as a frame."""
    return framed(_encoder.encode(message))


class FrameReader:
    """Cuts a byte stream into frames' bodies."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The bodies that are complete with this piece. Raises `FrameError` at a length beyond `MAX_FRAME`."""
        self._buffer += data
        bodies = []
        start = 0
        while len(self._buffer) - start >= 4:
            length = int.from_bytes(self._buffer[start : start + 4], "big")
            if length > MAX_FRAME:
                raise FrameError(f"a frame of {length} bytes")
            if len(self._buffer) - start - 4 < length:
                break
            bodies.append(bytes(self._buffer[start + 4 : start + 4 + length]))
            start += 4 + length
        del self._buffer[:start]
        return bodies
