"""Decentlab DL-SMTP: soil moisture and temperature at up to eight depths. Source: decentlab/decentlab-decoders DL-SMTP.

The channel is the depth's number from 0 on, as the vendor counts; how deep that is depends on the probe. The vendor's
decoder names no unit for the moisture: that it is volumetric percent is an assumption.
"""

from decoders.decentlab import BATTERY, PORT, ZERO, Sections
from decoders.device import Device
from decoders.downlinks.decentlab import DECENTLAB_COMMANDS
from decoders.field import Field
from decoders.layout import Layout
from decoders.source import u16
from decoders.value import Quality

DEPTHS = 8
# A word of 0 is a depth that the probe doesn't have; as a number it would be -5 % and -327.68 degC.
_NOT_FITTED: dict[int, Quality | None] = {0: None}


def _depth(number: int) -> tuple[Field, Field]:
    channel, offset = str(number), 4 * number
    return (
        Field("soil_moisture_vwc", u16(offset), bias=-2500, scale=0.002, channel=channel, missing=_NOT_FITTED),
        Field("soil_temperature", u16(offset + 2), bias=ZERO, scale=0.01, channel=channel, missing=_NOT_FITTED),
    )


_SOIL = Layout([field for number in range(DEPTHS) for field in _depth(number)])

DEVICE = Device(
    "decentlab",
    "dl-smtp",
    name="Decentlab DL-SMTP",
    kind="soil",
    ports={PORT: Sections(_SOIL, BATTERY)},
    commands=DECENTLAB_COMMANDS,
)
