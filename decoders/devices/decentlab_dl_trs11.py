"""Decentlab DL-TRS11: soil moisture and temperature. Source: decentlab/decentlab-decoders DL-TRS11.

The curve for mineral soil is that of the DL-TRS12.
"""

from decoders.decentlab import BATTERY, MINERAL_SOIL, PORT, Sections
from decoders.device import Device
from decoders.downlinks.decentlab import DECENTLAB_COMMANDS
from decoders.layout import Layout

_SOIL = Layout(MINERAL_SOIL)

DEVICE = Device(
    "decentlab",
    "dl-trs11",
    name="Decentlab DL-TRS11",
    kind="soil",
    ports={PORT: Sections(_SOIL, BATTERY)},
    commands=DECENTLAB_COMMANDS,
)
