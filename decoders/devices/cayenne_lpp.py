"""Cayenne LPP with the extended types. Source: the LPP reference, and the type table of ChirpStack v4.

Items are channel, type, value (big endian); a channel and type may repeat, their order is kept. What has a quantity of
its own gets the LPP channel as channel; everything else is `generic` with channel `name_number`.
"""

from decoders.channels import Channels
from decoders.device import Device
from decoders.downlinks.lpp import LPP_COMMANDS
from decoders.field import Field
from decoders.layout import Layout
from decoders.source import Number, s16, s24, u8, u16, u32
from decoders.value import Quality


def _own(quantity: str, number: Number, scale: float = 1.0) -> Layout:
    return Layout((Field(quantity, number, scale, channel="{}"),))


def _generic(*parts: tuple[str, Number], scale: float = 1.0) -> Layout:
    return Layout(tuple(Field("generic", number, scale, channel=name + "_{}") for name, number in parts))


_LATITUDE, _LONGITUDE = s24(0), s24(3)
_ALTITUDE = Field("generic", s24(6), 0.01, channel="altitude_{}")
_NO_FIX: dict[int, Quality | None] = {0: "not_available"}
_GPS = Layout(
    (
        Field("latitude", _LATITUDE, 0.0001, channel="{}"),
        Field("longitude", _LONGITUDE, 0.0001, channel="{}"),
        _ALTITUDE,
    )
)
# Trackers without a fix send zeros.
_GPS_NO_FIX = Layout(
    (
        Field("latitude", _LATITUDE, channel="{}", missing=_NO_FIX),
        Field("longitude", _LONGITUDE, channel="{}", missing=_NO_FIX),
        _ALTITUDE,
    ),
    when=((_LATITUDE, 0), (_LONGITUDE, 0)),
)

_CODEC = Channels(
    {
        0x00: _generic(("digital_input", u8(0))),
        0x01: _generic(("digital_output", u8(0))),
        0x02: _generic(("analog_input", s16(0)), scale=0.01),
        0x03: _generic(("analog_output", s16(0)), scale=0.01),
        0x64: _generic(("generic", u32(0))),
        0x65: _own("illuminance", u16(0)),
        0x66: _generic(("presence", u8(0))),
        0x67: _own("air_temperature", s16(0), 0.1),
        0x68: _own("relative_humidity", u8(0), 0.5),
        0x71: _generic(*((f"acceleration_{axis}", s16(2 * i)) for i, axis in enumerate("xyz")), scale=0.001),
        0x73: _own("air_pressure", u16(0), 0.1),
        0x74: _generic(("voltage", u16(0)), scale=0.01),
        0x75: _generic(("current", u16(0)), scale=0.001),
        0x76: _generic(("frequency", u32(0))),
        0x78: _generic(("percentage", u8(0))),
        0x79: _generic(("height", s16(0))),
        0x7D: _generic(("concentration", u16(0))),
        0x80: _generic(("power", u16(0))),
        0x82: _own("distance", u32(0)),
        0x83: _generic(("energy", u32(0)), scale=0.001),
        0x84: _generic(("direction", u16(0))),
        0x85: _generic(("unix_time", u32(0))),
        0x86: _generic(*((f"rotation_{axis}", s16(2 * i)) for i, axis in enumerate("xyz")), scale=0.01),
        0x87: _generic(*((f"colour_{part}", u8(i)) for i, part in enumerate(("red", "green", "blue")))),
        0x88: (_GPS_NO_FIX, _GPS),
        0x8E: Layout((Field("generic_flag", u8(0), channel="switch_{}"),)),
    },
    numbered=True,
)

DEVICE = Device(
    "cayenne",
    "lpp",
    name="Cayenne LPP",
    kind="generic",
    ports={range(256): _CODEC},
    commands=LPP_COMMANDS,
)
