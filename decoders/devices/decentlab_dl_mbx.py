"""Decentlab DL-MBX: ultrasonic distance. Source: decentlab/decentlab-decoders DL-MBX."""

from decoders.decentlab import BATTERY, NO_DISTANCE, PORT, Sections
from decoders.device import Device
from decoders.downlinks.decentlab import DECENTLAB_COMMANDS
from decoders.field import Field
from decoders.layout import Layout
from decoders.source import u16

_SAMPLES = u16(2)
# Without a valid sample there is no distance, whatever the first word says: it is the number of samples that is read.
_NO_SAMPLES = Layout(
    (Field("distance", _SAMPLES, missing={0: "no_target"}), Field("echo_quality", _SAMPLES)), when=((_SAMPLES, 0),)
)
_DISTANCE = Layout((Field("distance", u16(0), missing=NO_DISTANCE), Field("echo_quality", _SAMPLES)))

DEVICE = Device(
    "decentlab",
    "dl-mbx",
    name="Decentlab DL-MBX",
    kind="waste_bin",
    ports={PORT: Sections((_NO_SAMPLES, _DISTANCE), BATTERY)},
    commands=DECENTLAB_COMMANDS,
)
