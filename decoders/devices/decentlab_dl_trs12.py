"""Decentlab DL-TRS12: soil moisture, temperature and conductivity. Source: decentlab/decentlab-decoders DL-TRS12.

The curve for mineral soil, c being a tenth of the first word: VWC = 3.879e-4 c - 0.6956 m3/m3 and
permittivity = (2.887e-9 c^3 - 2.08e-5 c^2 + 5.276e-2 c - 43.39)^2.
"""

from decoders.decentlab import BATTERY, MINERAL_SOIL, PORT, Sections
from decoders.device import Device
from decoders.downlinks.decentlab import DECENTLAB_COMMANDS
from decoders.field import Field
from decoders.layout import Layout
from decoders.source import u16

_SOIL = Layout((*MINERAL_SOIL, Field("soil_ec", u16(4))))

DEVICE = Device(
    "decentlab",
    "dl-trs12",
    name="Decentlab DL-TRS12",
    kind="soil",
    ports={PORT: Sections(_SOIL, BATTERY)},
    commands=DECENTLAB_COMMANDS,
)
