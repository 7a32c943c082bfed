"""Milesight EM400-MUD: ultrasonic distance. Source: EM400-MUD user guide 5.1, README of its public decoder."""

from decoders.device import APPLICATION_PORTS, Device
from decoders.field import Field
from decoders.layout import Layout
from decoders.milesight import DEFAULT_PORT, alarm, milesight, setting
from decoders.source import le, s16, u8, u16
from decoders.value import Quality

# The vendor names no "no echo" codes; 0 and the top of the range are none of the distances the sensor can measure.
_NO_DISTANCE: dict[int, Quality | None] = dict.fromkeys((0, 0xFFFD, 0xFFFE, 0xFFFF), "not_available")

_CODEC = milesight(
    {
        0x0367: Layout((Field("device_temperature", le(s16(0)), scale=0.1),)),
        0x0482: Layout((Field("distance", le(u16(0)), missing=_NO_DISTANCE),)),
        0x0500: Layout((Field("tilt_alarm", u8(0)),)),
        0x8367: alarm("device_temperature", le(s16(0)), scale=0.1),
        0x8482: alarm("distance", le(u16(0)), missing=_NO_DISTANCE),
        0xFF13: setting("install_height_enable", 1, u8(0)),
        0xFF3E: setting("tilt_distance_link", 1, u8(0)),
        0xFF70: setting("people_existing_height", 2, le(u16(0))),
        0xFF71: setting("working_mode", 1, u8(0)),
        0xFF77: setting("install_height", 2, le(u16(0))),
    }
)

DEVICE = Device(
    "milesight",
    "em400-mud",
    name="Milesight EM400-MUD",
    kind="waste_bin",
    ports={DEFAULT_PORT: _CODEC, APPLICATION_PORTS: _CODEC},
)
