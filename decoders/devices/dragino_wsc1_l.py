"""Dragino WSC1-L weather station: what its wired sensors say. Source: its public decoders (tago-io/decoders).

The battery is sent in a scale that nobody documents and is kept as it came. The sources don't say over which time
the rain is counted: it is taken as a total.
"""

from decoders.channels import Items
from decoders.device import Device
from decoders.downlinks.dragino import DRAGINO_COMMANDS
from decoders.dragino import DATA_PORT, INFO_PORT, info
from decoders.field import Field
from decoders.layout import Layout
from decoders.source import Number, s16, u8, u16, u24
from decoders.type_length import TypeLength

_SECTORS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
_WIND = Field("wind_speed", u16(0), scale=0.1)
_GUST = Field("wind_gust", u16(2), scale=0.1)
_AVERAGE = Field("generic", u16(4), scale=0.1, channel="wind_speed_average")
_DIRECTION = Field("wind_direction", u16(0), scale=0.1)
_SECTOR = Field("generic_text", u8(2), channel="wind_sector", values=dict(enumerate(_SECTORS)))


def _own(quantity: str, source: Number, scale: float = 1.0) -> Layout:
    return Layout((Field(quantity, source, scale),))


def _generic(channel: str, source: Number) -> Layout:
    return Layout((Field("generic", source, channel=channel),))


def _beaufort(offset: int) -> Field:
    return Field("generic", u8(offset), channel="wind_level")


_ITEMS: Items = {
    0x00: (_generic("battery_raw", u16(0)), _generic("battery_raw", u8(0))),
    0x01: (
        Layout((_WIND, _GUST, _AVERAGE, _beaufort(6))),
        Layout((_WIND, _GUST, _AVERAGE)),
        Layout((_WIND, _beaufort(2))),
        Layout((_WIND,)),
    ),
    0x02: (Layout((_DIRECTION, _SECTOR)), Layout((_DIRECTION,))),
    0x03: _own("illuminance", u16(0), 10.0),
    0x04: _generic("rain_snow", u8(0)),
    0x05: _generic("co2", u16(0)),
    0x06: _own("air_temperature", s16(0), 0.1),  # the vendor's script is a tenth off below zero
    0x07: _own("relative_humidity", u16(0), 0.1),
    0x08: _own("air_pressure", u16(0), 0.1),
    0x09: _own("rain_cumulative", u16(0), 0.1),
    0x0A: _generic("pm2_5", u16(0)),
    0x0B: _generic("pm10", u16(0)),
    0x0C: _generic("par", u16(0)),
    0x0D: _own("solar_radiation", u16(0), 0.1),
    **{0xA0 + number: _generic(f"user_sensor_{number}", u16(0)) for number in range(1, 5)},
}

DEVICE = Device(
    "dragino",
    "wsc1-l",
    name="Dragino WSC1-L",
    kind="weather",
    ports={
        DATA_PORT: TypeLength(_ITEMS, types_end=0xE0),
        INFO_PORT: info(Field("generic", u24(7), channel="sensor_bitmap")),
    },
    commands=DRAGINO_COMMANDS,
)
