"""Decentlab DL-ATM41: weather station. Source: decentlab/decentlab-decoders DL-ATM41.

Its successor DL-ATM41G2 sends other words at most places: the two must not be mixed up.
"""

from decoders.decentlab import ATMOS_WORDS, BATTERY, PORT, Sections, word
from decoders.device import Device
from decoders.downlinks.decentlab import DECENTLAB_COMMANDS
from decoders.layout import Layout

_WEATHER = Layout(
    (
        word("solar_radiation", 0),
        word("rain_amount", 1, 0.001),
        *ATMOS_WORDS,
        word("generic", 14, channel="compass_heading"),
        word("generic", 15, 0.01, channel="wind_speed_north"),
        word("generic", 16, 0.01, channel="wind_speed_east"),
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
