"""Milesight EM310-UDL: ultrasonic distance. Source: Milesight-IoT/SensorDecoders em-series/em310-udl, README.

The thresholds' unit is disputed: the vendor's encoder multiplies by ten, its decoder divides by nothing. Millimetres.
"""

from decoders.device import APPLICATION_PORTS, Device
from decoders.downlinks.milesight import EM310_UDL_COMMANDS
from decoders.field import Field
from decoders.layout import Layout
from decoders.milesight import DEFAULT_PORT, milesight, number, switch, threshold
from decoders.milesight_level import NO_DISTANCE
from decoders.source import le, u8, u16

_CODEC = milesight(
    {
        0x0382: Layout((Field("distance", le(u16(0)), missing=NO_DISTANCE),)),
        0x0400: Layout((Field("tilt_alarm", u8(0)),)),
        0xFF06: threshold(
            "threshold",
            switch("threshold_release_report", u8(0).bits(7)),
            number("threshold_lock_time", le(u16(5))),
            number("threshold_continue_time", le(u16(7))),
            bound=u16,
        ),
    }
)

DEVICE = Device(
    "milesight",
    "em310-udl",
    name="Milesight EM310-UDL",
    kind="waste_bin",
    ports={DEFAULT_PORT: _CODEC, APPLICATION_PORTS: _CODEC},
    commands=EM310_UDL_COMMANDS,
)
