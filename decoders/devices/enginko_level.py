"""enginko / MCF88 level sensors. Source: the vendor's decoder in actility/device-catalog `vendors/enginko`.

Little endian. The date is the device's local time without a zone, so it is given as text and readings have the time of
reception. Ports are not named by the source (its examples say 0, which no application frame can have): any is taken.
A distance above 60000 is an error code, and the height that the device computed from it is none either.
"""

import re

from decoders.device import Device
from decoders.field import Field, Fixed
from decoders.judged import Judged
from decoders.layout import Layout, OneOf
from decoders.source import Text, le, s16, u8, u16, u24
from decoders.value import Quality

_TIME_REQUEST, _INPUTS, _LEVEL = 0x01, 0x0A, 0x14
_LARGEST_DISTANCE = 60_000
_ERROR: dict[int, Quality | None] = {0xFFFF: "device_reported_error"}
_NO_DISTANCE: dict[int, Quality | None] = {**_ERROR, 0: "not_available"}
_NO_FILL: dict[int, Quality | None] = dict.fromkeys(range(255, 100, -1), "device_reported_error")
_DATE_BITS = ((25, 127), (21, 15), (16, 31), (11, 31), (5, 63), (0, 31))
"""Shift and mask of year since 2000, month, day, hour, minute and half the second: a DOS date with another epoch."""


def _show_date(raw: bytes) -> str:
    whole = int.from_bytes(raw, "little")
    year, month, day, hour, minute, half = (whole >> shift & mask for shift, mask in _DATE_BITS)
    return f"{2000 + year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{2 * half:02}"


def _parse_date(text: str) -> bytes:
    parts = [int(digits) for digits in re.split("[-T:]", text)]
    whole = 0
    for part, base, unit, (shift, mask) in zip(
        parts, (2000, 0, 0, 0, 0, 0), (1, 1, 1, 1, 1, 2), _DATE_BITS, strict=True
    ):
        if not 0 <= (part - base) // unit <= mask:
            raise ValueError("no date that the format can say")
        whole |= (part - base) // unit << shift
    return whole.to_bytes(4, "little")


def _date(offset: int) -> Field:
    return Field("generic_text", Text(offset, 4, _show_date, _parse_date), channel="device_date")


_FILL = (Field("fill_level", u8(12), missing=_NO_FILL), Fixed("fill_level_source", "device", derived=True))


def _debug(start: int) -> tuple[Field, ...]:
    return (Field("echo_quality", le(u16(start))), Field("generic", le(u16(start + 2)), channel="gain"))


def _temperature(start: int) -> tuple[Field, ...]:
    return (Field("device_temperature", le(s16(start)), 0.01),)


def _air(start: int) -> tuple[Field, ...]:
    return (Field("relative_humidity", u8(start), 0.5), Field("air_pressure", le(u24(start + 1)), 0.01))


def _level(kind: int, battery: int, *parts: tuple[Field | Fixed, ...]) -> Layout:
    return Layout(
        (
            _date(2),
            Field("generic", le(u16(6)), channel="adc_mv"),
            Field("fill_height", le(u16(8)), missing=_ERROR),
            Field("distance", le(u16(10)), missing=_NO_DISTANCE),
            *(field for part in parts for field in part),
            Field("battery_level", u8(battery)),
        ),
        when=((u8(0), _LEVEL), (u8(1), kind)),
    )


def _quality(frame: bytes) -> Quality:
    wrong = frame[0] == _LEVEL and int.from_bytes(frame[10:12], "little") > _LARGEST_DISTANCE
    return "device_reported_error" if wrong else "ok"


def _upper_inputs(part: bytes) -> str | None:
    upper = part[6:9] + part[10:13] + part[14:17]
    return "only the first eight inputs and outputs are interpreted" if any(upper) else None


_LEVELS = (
    _level(0, 12),
    _level(1, 15, _FILL, _temperature(13)),
    _level(2, 18, _temperature(12), _air(14)),
    _level(3, 19, _FILL, _temperature(13), _air(15)),
    # Debug types, which the vendor's decoder describes and never reaches.
    _level(0xFE, 23, _FILL, _debug(13), _temperature(17), _air(19)),
    _level(0xFF, 17, _FILL, _debug(13)),
)
_INPUT_FRAME = Layout(
    (
        Fixed("event", "info", channel="inputs"),
        _date(1),
        Field("generic", u8(5), channel="input_status"),
        Field("generic", u8(9), channel="output_status"),
        Field("generic", u8(13), channel="input_trigger"),
    ),
    length=17,
    when=((u8(0), _INPUTS),),
    warning=_upper_inputs,
)
_SYNC_FRAME = Layout(
    (
        Fixed("event", "info", channel="time_request"),
        Field("generic_text", Text(1, 4), channel="sync_id"),
        Field(
            "firmware_version",
            Text(5, 3, lambda raw: raw.hex("."), lambda text: bytes.fromhex(text.replace(".", ""))),
        ),
        Field("generic_text", Text(8, 2), channel="application_type"),
    ),
    length=(10, 11),
    when=((u8(0), _TIME_REQUEST),),
)

DEVICE = Device(
    "enginko",
    "level",
    name="enginko / MCF88 level sensors",
    kind="waste_bin",
    ports={
        range(256): Judged(OneOf(*_LEVELS, _INPUT_FRAME, _SYNC_FRAME), ("distance", "fill_height"), _quality, void=True)
    },
)
