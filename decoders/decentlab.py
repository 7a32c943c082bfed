"""Decentlab's payload framing: protocol version 2, device id, flags that name the sections, sections of 16-bit words.

Source: the vendor's published decoders (decentlab/decentlab-decoders) and data sheets. Everything is big endian; a
battery-only frame is legal. The device id is printed on the housing; the DevEUI tells devices apart, so it is no value.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from decoders.field import Field
from decoders.layout import Layout, reject_rest
from decoders.odd_numbers import LowWordFirst
from decoders.source import EncodeError, u16
from decoders.value import Decoded, DecodedValue, DecodeError, Quality

PROTOCOL_VERSION = 2
PORT = 1
_HEADER = 5

ZERO = -32768
"""The bias of quantities that may be negative: they are sent as unsigned words, 32768 being zero."""

BATTERY = Layout((Field("battery_voltage", u16(0), scale=0.001),))
"""The last section of every device."""


def _permittivity(counts: float) -> float:
    root = ((2.887e-9 * counts - 2.08e-5) * counts + 5.276e-2) * counts - 43.39
    return root * root


MINERAL_SOIL: tuple[Field, ...] = (
    Field("soil_moisture_vwc", u16(0), scale=3.879e-3, offset=-69.56),
    Field("soil_permittivity", u16(0), scale=0.1, curve=_permittivity, derived=True),
    Field("soil_temperature", u16(2), bias=ZERO, scale=0.1),
)
"""What the TRS soil sensors say first: moisture and permittivity, by the vendor's curve, and the temperature."""

NO_DISTANCE: Mapping[int, Quality | None] = MappingProxyType({0: "not_available", 0xFFFF: "not_available"})
"""Words of a distance that are none: the ends of the range, which no sensor can measure."""


def rain_gauge(resolution_mm: float) -> Layout:
    """The section of a tipping-bucket gauge of that resolution, which is not in the payload."""
    return Layout(
        (
            Field("rain_amount", u16(0), scale=resolution_mm),
            Field("generic", u16(2), channel="rain_interval"),
            Field("rain_cumulative", LowWordFirst(4), scale=resolution_mm),
        )
    )


def word(quantity: str, number: int, scale: float = 1.0, channel: str = "") -> Field:
    """The word of this number in its section, as a signed quantity."""
    return Field(quantity, u16(2 * number), bias=ZERO, scale=scale, channel=channel)


ATMOS_WORDS = (
    word("generic", 2, channel="lightning_strike_count"),
    word("generic", 3, channel="lightning_distance"),
    word("wind_speed", 4, 0.01),
    word("wind_direction", 5, 0.1),
    word("wind_gust", 6, 0.01),
    word("air_temperature", 7, 0.1),
    word("vapor_pressure", 8, 0.01),
    word("air_pressure", 9, 0.1),  # hundredths of a kPa
    word("relative_humidity", 10, 0.1),
    word("device_temperature", 11, 0.1),
    word("tilt_angle", 12, 0.1, channel="x"),
    word("tilt_angle", 13, 0.1, channel="y"),
)
"""Words 2 to 13 of both generations of the weather station."""


class Sections:
    """A device's sections in the order of their flag bits; alternatives of one are told apart by their conditions."""

    def __init__(self, *sections: Layout | tuple[Layout, ...]) -> None:
        self.sections = tuple(section if isinstance(section, tuple) else (section,) for section in sections)
        self._present = [self._with(flags) for flags in range(1 << len(sections))]

    def _with(self, flags: int) -> tuple[int, tuple[tuple[Layout, ...], ...]]:
        """Length and sections of a frame with these flags."""
        present = tuple(section for bit, section in enumerate(self.sections) if flags >> bit & 1)
        return _HEADER + sum(layouts[0].length for layouts in present), present

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a frame. DecodeError `empty`, `too_short`, `too_long`, `bad_payload`."""
        if len(data) < _HEADER:
            raise DecodeError("too_short" if data else "empty", f"{len(data)} bytes instead of at least {_HEADER}")
        flags = int.from_bytes(data[3:5])
        if data[0] != PROTOCOL_VERSION:
            raise DecodeError("bad_payload", f"protocol version {data[0]} instead of {PROTOCOL_VERSION}")
        if flags >> len(self.sections):
            raise DecodeError("bad_payload", f"sections {flags:#06x}: the device has only {len(self.sections)}")
        length, present = self._present[flags]
        if len(data) != length:
            raise DecodeError(
                "too_short" if len(data) < length else "too_long", f"{len(data)} bytes instead of {length}"
            )
        return _read(present, data, received_ms)

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """The frame with these values and device id 0. EncodeError."""
        pending, flags, body, errors = list(values), 0, b"", list[str]()
        for bit, layouts in enumerate(self.sections):
            part = _build(layouts, pending, errors)
            if part is not None:
                flags |= 1 << bit
                body += part
        try:
            reject_rest(pending)
        except EncodeError as error:
            raise EncodeError("; ".join([str(error), *errors])) from error
        return bytes((PROTOCOL_VERSION, 0, 0)) + flags.to_bytes(2) + body


def _read(sections: Sequence[tuple[Layout, ...]], data: bytes, received_ms: int) -> Decoded:
    out: list[DecodedValue] = []
    warnings: list[str] = []
    position = _HEADER
    for layouts in sections:
        layout = layouts[0] if len(layouts) == 1 else _holding(layouts, data, position)
        layout.read(data, position, 0, received_ms, out, warnings)
        position += layout.length
    return Decoded(tuple(out), tuple(warnings)) if warnings else Decoded(tuple(out))


def _holding(layouts: tuple[Layout, ...], data: bytes, position: int) -> Layout:
    """The first alternative whose conditions hold; the last one has none."""
    for layout in layouts[:-1]:
        if layout.matches(data, position):
            return layout
    return layouts[-1]


def _build(layouts: tuple[Layout, ...], pending: list[DecodedValue], errors: list[str]) -> bytes | None:
    """The bytes of the alternative that takes its values out of `pending`; None, and why, when none does."""
    for layout in layouts:
        rest = list(pending)
        try:
            _, part = layout.build(rest)
        except EncodeError as error:
            errors.append(str(error))
            continue
        if _holding(layouts, part, 0) is layout:
            pending[:] = rest
            return part
    return None
