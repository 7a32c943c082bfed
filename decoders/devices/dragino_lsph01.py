"""Dragino LSPH01 and SPH01-LB: acidity and temperature of the soil. Source: Dragino's public decoders."""

from decoders.device import Device
from decoders.downlinks.dragino import DRAGINO_LOG_COMMANDS
from decoders.dragino import (
    BATTERY,
    CALIBRATION,
    CONFIGURATION,
    DATA_PORT,
    INFO,
    INFO_PORT,
    LOG_PORT,
    MESSAGE_TYPE,
    UNREAD_LOG,
    interrupt,
    probe,
)
from decoders.field import Field
from decoders.layout import Layout, OneOf
from decoders.source import s16, u16

_MEASURING = Layout(
    (
        BATTERY,
        probe("probe_temperature", 2),
        Field("soil_ph", u16(4), scale=0.01),
        # Two's complement: the vendor's script is a tenth off below zero.
        Field("soil_temperature", s16(6), scale=0.1),
        interrupt(8),
    ),
    length=11,
    when=((MESSAGE_TYPE, 1),),
)


DEVICE = Device(
    "dragino",
    "lsph01",
    name="Dragino LSPH01 / SPH01-LB",
    kind="soil",
    ports={
        DATA_PORT: OneOf(_MEASURING, CONFIGURATION, CALIBRATION),
        LOG_PORT: UNREAD_LOG,
        INFO_PORT: INFO,
    },
    commands=DRAGINO_LOG_COMMANDS,
)
