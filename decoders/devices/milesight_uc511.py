"""Milesight UC511: solenoid valve controller. Source: Milesight-IoT/SensorDecoders uc-series/uc511, README."""

from decoders.device import APPLICATION_PORTS, Device
from decoders.downlinks.milesight_valve import UC51X_COMMANDS
from decoders.milesight import DEFAULT_PORT, milesight
from decoders.milesight_valve import UC51X

_CODEC = milesight(UC51X)

DEVICE = Device(
    "milesight",
    "uc511",
    name="Milesight UC511",
    kind="valve",
    ports={DEFAULT_PORT: _CODEC, APPLICATION_PORTS: _CODEC},
    commands=UC51X_COMMANDS,
)
