"""Decentlab DL-ATM41G2: weather station. Source: decentlab/decentlab-decoders DL-ATM41G2.

Unlike the DL-ATM41 it sends the solar radiation in tenths and the rain without an offset.
"""

from decoders.decentlab import BATTERY, PORT, ZERO, Sections
from decoders.device import Device
from decoders.downlinks.decentlab import DECENTLAB_COMMANDS
from decoders.field import Field
from decoders.layout import Layout
from decoders.odd_numbers import LowWordFirst
from decoders.source import u16


def _word(quantity: str, number: int, scale: float = 1.0, channel: str = "") -> Field:
    return Field(quantity, u16(2 * number), bias=ZERO, scale=scale, channel=channel)


_WEATHER = Layout(
    (
        _word("solar_radiation", 0, 0.1),
        Field("rain_amount", u16(2), scale=0.001),
        _word("generic", 2, channel="lightning_strike_count"),
        _word("generic", 3, channel="lightning_distance"),
        _word("wind_speed", 4, 0.01),
        _word("wind_direction", 5, 0.1),
        _word("wind_gust", 6, 0.01),
        _word("air_temperature", 7, 0.1),
        _word("vapor_pressure", 8, 0.01),
        _word("air_pressure", 9, 0.1),  # hundredths of a kPa
        _word("relative_humidity", 10, 0.1),
        _word("device_temperature", 11, 0.1),
        _word("tilt_angle", 12, 0.1, channel="x"),
        _word("tilt_angle", 13, 0.1, channel="y"),
        _word("generic", 14, channel="rain_ec"),
        Field("rain_cumulative", LowWordFirst(30), scale=0.001),
    )
)

DEVICE = Device(
    "decentlab",
    "dl-atm41g2",
    name="Decentlab DL-ATM41G2",
    kind="weather",
    ports={PORT: Sections(_WEATHER, BATTERY)},
    commands=DECENTLAB_COMMANDS,
)
