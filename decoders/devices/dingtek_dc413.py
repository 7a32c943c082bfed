"""DingTek DC413, level and moved cover in manholes. Source: `decoders.dingtek`."""

from decoders.device import Device
from decoders.dingtek import PORT, SHARED_SETTINGS, TILT_SETTINGS, WORK_MODE, dingtek, manhole_alarms

_SETTINGS = (*SHARED_SETTINGS, *TILT_SETTINGS, WORK_MODE)

DEVICE = Device(
    "dingtek",
    "dc413",
    name="DingTek DC413",
    kind="waste_bin",
    ports={PORT: dingtek(manhole_alarms, _SETTINGS)},
)
