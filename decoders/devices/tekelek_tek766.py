"""Tekelek TEK766: ultrasonic tank level. Source: CampusIoT/payload-codec `tekelek_tek766_codec.js`.

A measurement frame holds four records, newest first, one transmission period apart. The period is in the status frame
only, and a codec has no memory: so the newest record is the frame's own, and the others have the channels `earlier_1`
to `earlier_3` (that many periods before the frame) and no time. A record of four zero bytes is an empty slot.
"""

from itertools import product

from decoders.device import Device
from decoders.field import Field, Fixed
from decoders.layout import Layout, OneOf
from decoders.source import s8, u8, u16, u32
from decoders.value import Quality

_MEASUREMENT, _STATUS, _ALARM = 0x10, 0x30, 0x45
_RECORDS = 4
# Written as 0xFFFF, because zeros may be an empty slot.
_NO_DISTANCE: dict[int, Quality | None] = {0xFFFF: "not_available", 0: "not_available"}
_PRODUCT = Field("generic", u8(1), channel="product_id")
_ALARM_BITS = tuple(Field("generic_flag", u8(2).bits(i), channel=f"alarm_{i}") for i in range(3))


def _record(start: int, earlier: int = 0) -> tuple[Field, ...]:
    channel = f"earlier_{earlier}" if earlier else ""
    return (
        Field("distance", u16(start), 10, channel=channel, missing=_NO_DISTANCE),
        Field("device_temperature", s8(start + 2), channel=channel),
        Field("echo_quality", u8(start + 3).bits(4, 4), channel=channel),
        Field("generic", u8(start + 3).bits(0, 4), channel="_".join(filter(None, ("sonic_result_code", channel)))),
    )


def _measurement(filled: tuple[bool, ...]) -> Layout:
    """The frame in which just these slots hold records."""
    starts = [4 + 4 * slot for slot in range(_RECORDS)]
    records = [f for slot, start in enumerate(starts) if filled[slot] for f in _record(start, slot)]
    empty = tuple((u32(start), 0) for slot, start in enumerate(starts) if not filled[slot])
    return Layout((_PRODUCT, *_ALARM_BITS, *records), length=20, when=((u8(0), _MEASUREMENT), *empty))


_MEASUREMENTS = OneOf(*(_measurement(filled) for filled in product((False, True), repeat=_RECORDS)))
_STATUS_FIELDS = (
    Fixed("event", "info"),
    _PRODUCT,
    Field("generic", u8(4), channel="hardware_id"),
    Field("generic", u16(5), channel="software_id"),
    Field("generic", u8(8), -1, channel="rssi"),
    Field("battery_level", u8(10)),
    Field("generic", u16(11), channel="measurement_step_min"),
    Field("generic", u8(13), channel="transmission_period_h"),
)
# That the three bits are limits of the level is not written in the source: the event names the level all the same,
# because it is what the sensor watches. With all of them clear the notification says that it is over.
_ALARM_FIELDS = (
    Field(
        "event",
        u8(2).bits(0, 3),
        channel="distance",
        values={0: "alarm_release", **dict.fromkeys(range(1, 8), "alarm")},
        derived=True,
    ),
    _PRODUCT,
    *_ALARM_BITS,
)


def _one_record(port: int, fields: tuple[Field | Fixed, ...], start: int, length: int) -> OneOf:
    """A frame of one record, which may be empty here too."""
    kind = (u8(0), port)
    return OneOf(
        Layout(fields, length=length, when=(kind, (u32(start), 0))),
        Layout((*fields, *_record(start)), length=length, when=(kind,)),
    )


DEVICE = Device(
    "tekelek",
    "tek766",
    name="Tekelek TEK766",
    kind="waste_bin",
    ports={
        _MEASUREMENT: _MEASUREMENTS,
        _STATUS: _one_record(_STATUS, _STATUS_FIELDS, 14, 18),
        _ALARM: _one_record(_ALARM, _ALARM_FIELDS, 4, 12),
    },
)
