"""PNI PlacePod: occupancy of a bay, or vehicles counted in a lane. Source: PNI PlacePod communications protocol.

Cayenne LPP items whose channels have fixed meanings; each event of a frame is an item of its own, in order.
Temperatures are two's complement, as in PNI's own library (an unofficial decoder reads sign and magnitude).
"""

from decoders.channels import Channels
from decoders.device import APPLICATION_PORTS, Device
from decoders.field import Field, Fixed
from decoders.layout import Layout
from decoders.source import s16, u8

_RESTARTED = u8(0).bits(7)
_OCCUPIED = Field("occupied", u8(0))
_COUNT = Field("vehicle_count", u8(0).bits(0, 7))
_RESTART = Fixed("event", "startup", channel="vehicle_count")
_ALIVE = Fixed("event", "heartbeat")


def _answer(command: str) -> Layout:
    return Layout((Fixed("event", "config_ack", channel=command), Field("generic", u8(0), channel=command)))


_CODEC = Channels(
    {
        0x0101: _answer("recalibrate"),
        0x0267: Layout((Field("device_temperature", s16(0), scale=0.1),)),
        0x0302: Layout((Field("battery_voltage", s16(0), scale=0.01),)),
        0x0500: Layout((Field("generic", u8(0), channel="internal_5"),)),
        0x0600: Layout((Field("generic", u8(0), channel="internal_6"),)),
        0x1566: Layout((_OCCUPIED,)),
        0x1C01: _answer("deactivate"),
        # Bit 7 says that the counter began again, after a recalibration or a reboot: then it is no count.
        0x2100: (Layout((_COUNT,), when=((_RESTARTED, 0),)), Layout((_RESTART,), length=1, when=((_RESTARTED, 1),))),
        0x3766: Layout((_ALIVE, _OCCUPIED)),
        0x3700: (
            Layout((_ALIVE, _COUNT), when=((_RESTARTED, 0),)),
            Layout((_ALIVE, _RESTART), length=1, when=((_RESTARTED, 1),)),
        ),
        0x3F01: _answer("reboot"),
    }
)

DEVICE = Device(
    "pni",
    "placepod",
    name="PNI PlacePod",
    kind="parking_bay",
    ports={1: _CODEC, APPLICATION_PORTS: _CODEC},
)
