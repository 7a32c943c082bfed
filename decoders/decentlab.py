"""Decentlab's payload framing: protocol version 2, device id, flags that name the sections, sections of 16-bit words.

Source: the vendor's published decoders (decentlab/decentlab-decoders) and data sheets. Everything is big endian; a
battery-only frame is legal. The device id is printed on the housing; the DevEUI tells devices apart, so it is no value.
"""

from collections.abc import Sequence

from decoders.field import Field
from decoders.layout import Layout, reject_rest
from decoders.source import EncodeError, u16
from decoders.value import Decoded, DecodedValue, DecodeError

PROTOCOL_VERSION = 2
PORT = 1
_HEADER = 5

BATTERY = Layout((Field("battery_voltage", u16(0), scale=0.001),))
"""The last section of every device."""


class Sections:
    """A device's sections in the order of their flag bits."""

    def __init__(self, *sections: Layout) -> None:
        self.sections = sections

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a frame. DecodeError `empty`, `too_short`, `too_long`, `bad_payload`."""
        if len(data) < _HEADER:
            raise DecodeError("too_short" if data else "empty", f"{len(data)} bytes instead of at least {_HEADER}")
        flags = int.from_bytes(data[3:5])
        if data[0] != PROTOCOL_VERSION:
            raise DecodeError("bad_payload", f"protocol version {data[0]} instead of {PROTOCOL_VERSION}")
        if flags >> len(self.sections):
            raise DecodeError("bad_payload", f"sections {flags:#06x}: the device has only {len(self.sections)}")
        present = [section for bit, section in enumerate(self.sections) if flags >> bit & 1]
        length = _HEADER + sum(section.length for section in present)
        if len(data) != length:
            raise DecodeError(
                "too_short" if len(data) < length else "too_long", f"{len(data)} bytes instead of {length}"
            )
        return _read(present, data, received_ms)

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """The frame with these values and device id 0. EncodeError."""
        pending, flags, body, errors = list(values), 0, b"", list[str]()
        for bit, section in enumerate(self.sections):
            try:
                _, part = section.build(pending)
            except EncodeError as error:
                errors.append(str(error))
                continue
            flags |= 1 << bit
            body += part
        try:
            reject_rest(pending)
        except EncodeError as error:
            raise EncodeError("; ".join([str(error), *errors])) from error
        return bytes((PROTOCOL_VERSION, 0, 0)) + flags.to_bytes(2) + body


def _read(sections: Sequence[Layout], data: bytes, received_ms: int) -> Decoded:
    out: list[DecodedValue] = []
    warnings: list[str] = []
    position = _HEADER
    for section in sections:
        section.read(data, position, 0, received_ms, out, warnings)
        position += section.length
    return Decoded(tuple(out), tuple(warnings))
