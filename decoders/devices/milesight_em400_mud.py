"""Milesight EM400-MUD: ultrasonic distance. Source: EM400-MUD user guide 5.1, README of its public decoder."""

from decoders.device import APPLICATION_PORTS, Device
from decoders.downlinks.milesight import EM400_MUD_COMMANDS
from decoders.milesight import DEFAULT_PORT, milesight
from decoders.milesight_level import EM400

_CODEC = milesight(EM400)

DEVICE = Device(
    "milesight",
    "em400-mud",
    name="Milesight EM400-MUD",
    kind="waste_bin",
    ports={DEFAULT_PORT: _CODEC, APPLICATION_PORTS: _CODEC},
    version=2,
    commands=EM400_MUD_COMMANDS,
)
