"""Decentlab DL-TRS21: matric potential and temperature of the soil. Source: decentlab/decentlab-decoders DL-TRS21."""

from decoders.decentlab import BATTERY, PORT, ZERO, Sections
from decoders.device import Device
from decoders.downlinks.decentlab import DECENTLAB_COMMANDS
from decoders.field import Field
from decoders.layout import Layout
from decoders.source import u16

# The word is the tension, the potential is its negative.
_SOIL = Layout(
    (
        Field("soil_water_potential", u16(0), scale=-0.1),
        Field("soil_temperature", u16(2), bias=ZERO, scale=0.1),
    )
)

DEVICE = Device(
    "decentlab",
    "dl-trs21",
    name="Decentlab DL-TRS21",
    kind="soil",
    ports={PORT: Sections(_SOIL, BATTERY)},
    commands=DECENTLAB_COMMANDS,
)
