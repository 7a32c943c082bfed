"""Decentlab DL-LID: laser distance with statistics of its samples. Source: decentlab/decentlab-decoders DL-LID.

The median is the distance; the other eight statistics (mm) are kept under their names.
"""

from decoders.decentlab import BATTERY, NO_DISTANCE, PORT, Sections
from decoders.device import Device
from decoders.downlinks.decentlab import DECENTLAB_COMMANDS
from decoders.field import Field
from decoders.layout import Layout
from decoders.source import u16

_SAMPLES = u16(18)
_ACQUISITION = Field("generic", u16(20), scale=1 / 1.024, channel="acquisition_time")
_STATISTICS = {
    "distance_average": 0,
    "distance_minimum": 2,
    "distance_maximum": 4,
    "distance_10th_percentile": 8,
    "distance_25th_percentile": 10,
    "distance_75th_percentile": 12,
    "distance_90th_percentile": 14,
    "distance_mode": 16,
}
_DISTANCE = Layout(
    (
        Field("distance", u16(6), missing=NO_DISTANCE),
        *(Field("generic", u16(offset), channel=name) for name, offset in _STATISTICS.items()),
        Field("echo_quality", _SAMPLES),
        _ACQUISITION,
    )
)
# Without samples there are no statistics, whatever their words say: it is the number of samples that is read.
_NO_SAMPLES = Layout(
    (Field("distance", _SAMPLES, missing={0: "no_target"}), Field("echo_quality", _SAMPLES), _ACQUISITION),
    when=((_SAMPLES, 0),),
)

DEVICE = Device(
    "decentlab",
    "dl-lid",
    name="Decentlab DL-LID",
    kind="waste_bin",
    ports={PORT: Sections((_NO_SAMPLES, _DISTANCE), BATTERY)},
    commands=DECENTLAB_COMMANDS,
)
