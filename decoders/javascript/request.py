"""What a JavaScript codec is asked: a `CodecCall`, and its JSON text as the codec's surroundings read it."""

from typing import Any, Literal

import msgspec
from msgspec import Struct

Operation = Literal["decodeUplink", "normalizeUplink", "encodeDownlink", "decodeDownlink"]
"""`normalizeUplink` decodes, and normalises what came out if the codec knows how."""


class CodecCall(Struct, frozen=True):
    """One call of one codec. `received_ms` is the codec's clock, so that the same call gives the same answer later."""

    codec: str
    """Id: the file's name without `.js`."""
    operation: Operation
    received_ms: int
    """Unix ms of reception."""
    payload: bytes = b""
    """What to decode."""
    data: dict[str, Any] | None = None
    """What to encode."""
    f_port: int | None = None
    received_at: str | None = None
    """The same time as the network server wrote it, for codecs that hand it through; RFC 3339, any precision."""
    variables: dict[str, str] | None = None
    """The device's variables (ChirpStack)."""


class _Input(Struct, omit_defaults=True):
    now: int
    variables: dict[str, str]
    bytes: list[int] | None = None
    data: dict[str, Any] | None = None
    fPort: int | None = None
    recvTime: str | None = None


_encoder = msgspec.json.Encoder()


def input_text(call: CodecCall) -> str:
    """The JSON text handed into the context. `recvTime` is turned into a Date there."""
    if call.operation == "encodeDownlink":
        given = _Input(call.received_ms, call.variables or {}, data=call.data or {}, fPort=call.f_port)
    else:
        given = _Input(
            call.received_ms,
            call.variables or {},
            bytes=list(call.payload),
            fPort=call.f_port,
            recvTime=call.received_at or "",
        )
    return _encoder.encode(given).decode()
