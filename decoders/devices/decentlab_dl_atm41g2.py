"""Decentlab DL-ATM41G2: weather station. Source: decentlab/decentlab-decoders DL-ATM41G2.

Unlike the DL-ATM41 it sends the solar radiation in tenths and the rain without an offset.
"""

from decoders.decentlab import ATMOS_WORDS, BATTERY, PORT, Sections, word
from decoders.device import Device
from decoders.downlinks.decentlab import DECENTLAB_COMMANDS
from decoders.field import Field
from decoders.layout import Layout
from decoders.odd_numbers import LowWordFirst
from decoders.source import u16

_WEATHER = Layout(
    (
        word("solar_radiation", 0, 0.1),
        Field("rain_amount", u16(2), scale=0.001),
        *ATMOS_WORDS,
        word("generic", 14, channel="rain_ec"),
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
