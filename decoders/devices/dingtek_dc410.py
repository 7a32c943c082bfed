"""DingTek DC410, level and moved cover in manholes. Source: `decoders.dingtek`."""

from decoders.device import Device
from decoders.dingtek import PORT, RANGE, SHARED_SETTINGS, TILT_SETTINGS, WORK_MODE, dingtek, manhole_alarms

_SETTINGS = (*SHARED_SETTINGS, *TILT_SETTINGS, RANGE, WORK_MODE)

DEVICE = Device(
    "dingtek",
    "dc410",
    name="DingTek DC410",
    kind="waste_bin",
    ports={PORT: dingtek(manhole_alarms, _SETTINGS)},
)
