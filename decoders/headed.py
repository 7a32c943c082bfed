"""`Headed`: a payload of a fixed header, which says how long the rest is, and a rest in a format of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from decoders.layout import Codec, Layout
from decoders.source import Number
from decoders.value import Decoded, DecodedValue, DecodeError


@dataclass(frozen=True, slots=True)
class Headed:
    """Values of `header`, whose number `length` counts the bytes behind it, followed by those of `body`.

    A body that is cut gives the values it still holds, with a warning; bytes behind it are not read.
    """

    header: Layout
    length: Number
    body: Codec

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a payload. DecodeError `empty`, `too_short`, `bad_payload`."""
        start = self.header.length
        if len(data) < start:
            raise DecodeError("too_short" if data else "empty", f"{len(data)} bytes instead of at least {start}")
        if not self.header.matches(data):
            raise DecodeError("bad_payload", f"no header of {start} bytes begins like this")
        head = self.header.decode_matching(data, received_ms)
        warnings, end = list(head.warnings), start + int(self.length.reader()(data, 0))
        if len(data) != end:
            warnings.append(f"{len(data)} bytes, where the header says {end}")
        body = self.body.decode(data[start:end], received_ms) if end > start else Decoded(())
        return Decoded(head.values + body.values, (*warnings, *body.warnings))

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """The payload that decodes to these values. EncodeError."""
        pending = list(values)
        _, head = self.header.build(pending)
        body = self.body.encode(pending) if pending else b""
        frame = bytearray(head)
        self.length.put(frame, len(body))
        return bytes(frame) + body
