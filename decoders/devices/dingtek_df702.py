"""DingTek DF702, ultrasonic level and fire in waste containers. Source: `decoders.dingtek`."""

from decoders.device import Device
from decoders.dingtek import (
    FIRE_SETTING,
    PORT,
    RANGE,
    SHARED_SETTINGS,
    TILT_SETTINGS,
    WORK_MODE,
    container_alarms,
    dingtek,
)
from decoders.downlinks.dingtek import DINGTEK_COMMANDS

_SETTINGS = (*SHARED_SETTINGS, FIRE_SETTING, *TILT_SETTINGS, RANGE, WORK_MODE)

DEVICE = Device(
    "dingtek",
    "df702",
    name="DingTek DF702",
    kind="waste_bin",
    ports={PORT: dingtek(container_alarms, _SETTINGS)},
    commands=DINGTEK_COMMANDS,
)
