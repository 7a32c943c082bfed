"""DingTek DF703, ultrasonic level and fire in waste containers. Source: `decoders.dingtek`."""

from decoders.device import Device
from decoders.dingtek import FIRE_SETTING, PORT, SHARED_SETTINGS, TILT_SETTINGS, WORK_MODE, container_alarms, dingtek
from decoders.downlinks.dingtek import DINGTEK_COMMANDS

_SETTINGS = (*SHARED_SETTINGS, FIRE_SETTING, *TILT_SETTINGS, WORK_MODE)

DEVICE = Device(
    "dingtek",
    "df703",
    name="DingTek DF703",
    kind="waste_bin",
    ports={PORT: dingtek(container_alarms, _SETTINGS)},
    commands=DINGTEK_COMMANDS,
)
