"""Milesight EM400-TLD: distance by laser. Source: Milesight-IoT/SensorDecoders em-series/em400-tld, README."""

from decoders.device import APPLICATION_PORTS, Device
from decoders.downlinks.milesight import EM400_TLD_COMMANDS
from decoders.milesight import DEFAULT_PORT, milesight
from decoders.milesight_level import EM400

_CODEC = milesight(EM400)

DEVICE = Device(
    "milesight",
    "em400-tld",
    name="Milesight EM400-TLD",
    kind="waste_bin",
    ports={DEFAULT_PORT: _CODEC, APPLICATION_PORTS: _CODEC},
    commands=EM400_TLD_COMMANDS,
)
