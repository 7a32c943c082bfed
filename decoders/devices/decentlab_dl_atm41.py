"""Decentlab DL-ATM41: weather station. Source: decentlab/decentlab-decoders DL-ATM41.

Its successor DL-ATM41G2 sends other words at most places: the two must not be mixed up.
"""

from decoders.decentlab import BATTERY, PORT, ZERO, Sections
from decoders.device import Device
from decoders.downlinks.decentlab import DECENTLAB_COMMANDS
from decoders.field import Field
from decoders.layout import Layout
from decoders.source import u16


def _word(quantity: str, number: int, scale: float = 1.0, channel: str = "") -> Field:
    return Field(quantity, u16(2 * number), bias=ZERO, scale=scale, channel=channel)


_WEATHER = Layout(
    (
        _word("solar_radiation", 0),
        _word("rain_amount", 1, 0.001),
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
        _word("generic", 14, channel="compass_heading"),
        _word("generic", 15, 0.01, channel="wind_speed_north"),
        _word("generic", 16, 0.01, channel="wind_speed_east"),
    )
)

DEVICE = Device(
    "decentlab",
    "dl-atm41",
    name="Decentlab DL-ATM41",
    kind="weather",
    ports={PORT: Sections(_WEATHER, BATTERY)},
    commands=DECENTLAB_COMMANDS,
)
