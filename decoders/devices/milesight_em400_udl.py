"""Milesight EM400-UDL: ultrasonic distance. Source: Milesight-IoT/SensorDecoders em-series/em400-udl, README."""

from decoders.device import APPLICATION_PORTS, Device
from decoders.downlinks.milesight import EM400_UDL_COMMANDS
from decoders.milesight import DEFAULT_PORT, milesight
from decoders.milesight_level import EM400

_CODEC = milesight(EM400)

DEVICE = Device(
    "milesight",
    "em400-udl",
    name="Milesight EM400-UDL",
    kind="waste_bin",
    ports={DEFAULT_PORT: _CODEC, APPLICATION_PORTS: _CODEC},
    commands=EM400_UDL_COMMANDS,
)
