"""What Milesight's level sensors share. Source: the README files of their public decoders
(Milesight-IoT/SensorDecoders em-series), EM400-MUD user guide 5.1."""

from collections.abc import Mapping

from decoders.channels import Items
from decoders.field import Field
from decoders.layout import Layout
from decoders.milesight import LOCATION, alarm, setting, switch, threshold
from decoders.source import le, s16, u8, u16
from decoders.value import Quality

# The vendor names no "no echo" codes; 0 and the top of the range are none of the distances the sensors can measure.
NO_DISTANCE: Mapping[int, Quality | None] = dict.fromkeys((0, 0xFFFD, 0xFFFE, 0xFFFF), "not_available")
"""Raw distances that are none."""


def _threshold(name: str, mode: int) -> Layout:
    release = switch(f"{name}_release_report", u8(0).bits(7))
    return threshold(name, release, when=((u8(0).bits(3, 3), mode),), bound=u16)


EM400: Items = {
    0x0367: Layout((Field("device_temperature", le(s16(0)), scale=0.1),)),
    0x0482: Layout((Field("distance", le(u16(0)), missing=NO_DISTANCE),)),
    0x0500: Layout((Field("tilt_alarm", u8(0)),)),
    0x0688: LOCATION,
    0x8367: alarm("device_temperature", le(s16(0)), scale=0.1),
    0x8482: alarm("distance", le(u16(0)), missing=NO_DISTANCE),
    0xFF06: (_threshold("standard_threshold", 1), _threshold("bin_threshold", 2), _threshold("threshold", 0)),
    0xFF13: setting("install_height_enable", 1, u8(0)),
    0xFF3E: setting("tilt_distance_link", 1, u8(0)),
    0xFF56: setting("tof_detection", 1, u8(0)),
    0xFF70: setting("people_existing_height", 2, le(u16(0))),
    0xFF71: setting("working_mode", 1, u8(0)),
    0xFF77: setting("install_height", 2, le(u16(0))),
}
"""The items of the EM400 series."""
