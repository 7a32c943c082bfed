"""Milesight WTS506: weather station. Source: Milesight-IoT/SensorDecoders wts-series/wts506, README.

Rain is cumulative: the counter beside it grows by one when the total wraps or restarts.
"""

from decoders.device import APPLICATION_PORTS, Device
from decoders.downlinks.milesight import WTS506_COMMANDS
from decoders.field import Field
from decoders.layout import Layout
from decoders.milesight import DEFAULT_PORT, alarm, alarm_event, milesight, number, setting
from decoders.source import Number, le, s16, u8, u16, u32


def _rain(total: Number) -> Field:
    return Field("rain_cumulative", le(total), scale=0.01)


def _counter(offset: int) -> Field:
    return number("rain_counter", u8(offset))


def _record(rain: Number) -> Layout:
    return Layout(
        (
            Field("air_temperature", le(s16(4)), scale=0.1),
            Field("relative_humidity", u8(6), scale=0.5),
            Field("air_pressure", le(u16(7)), scale=0.1),
            Field("wind_direction", le(s16(9)), scale=0.1),
            Field("wind_speed", le(u16(11)), scale=0.1),
            _rain(rain),
        ),
        time=le(u32(0)),
    )


_CODEC = milesight(
    {
        0x0367: Layout((Field("air_temperature", le(s16(0)), scale=0.1),)),
        0x0468: Layout((Field("relative_humidity", u8(0), scale=0.5),)),
        0x0584: Layout((Field("wind_direction", le(s16(0)), scale=0.1),)),
        0x0673: Layout((Field("air_pressure", le(u16(0)), scale=0.1),)),
        0x0792: Layout((Field("wind_speed", le(u16(0)), scale=0.1),)),
        0x08EC: Layout((_rain(u32(0)), _counter(4))),
        # The first hardware version's width.
        0x0877: Layout((_rain(u16(0)), _counter(2))),
        0x8367: alarm("air_temperature", le(s16(0)), scale=0.1),
        0x8673: alarm("air_pressure", le(u16(0)), scale=0.1),
        0x8792: alarm("wind_speed", le(u16(0)), scale=0.1),
        0x88EC: Layout((_rain(u32(0)), _counter(4), alarm_event("rain_cumulative", u8(5)))),
        0x21CE: _record(u32(13)),
        0x20CE: _record(u16(13)),
        0xFF67: setting("power_on_mode", 1, u8(0)),
    }
)

DEVICE = Device(
    "milesight",
    "wts506",
    name="Milesight WTS506",
    kind="weather",
    ports={DEFAULT_PORT: _CODEC, APPLICATION_PORTS: _CODEC},
    commands=WTS506_COMMANDS,
)
