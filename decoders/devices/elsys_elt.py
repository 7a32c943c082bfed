"""ELSYS ELT-2, ELT Ultrasonic, and every other ELSYS sensor: all speak one format. Source: `decoders.elsys`."""

from decoders.device import APPLICATION_PORTS, Device
from decoders.downlinks.elsys import ELSYS_COMMANDS
from decoders.elsys import DEFAULT_PORT, Elsys

_CODEC = Elsys()

DEVICE = Device(
    "elsys",
    "elt",
    name="ELSYS ELT-2 / ELT Ultrasonic and other ELSYS sensors",
    kind="waste_bin",
    ports={DEFAULT_PORT: _CODEC, APPLICATION_PORTS: _CODEC},
    commands=ELSYS_COMMANDS,
)
