"""Tekzitel TekziPark parking sensor. Source: TheThingsNetwork/lorawan-devices vendor/tekzitel `tekzipark`.

Port 1 carries the state with the Bluetooth beacons in reach, port 2 the same with the sensor's inner numbers.
"""

from decoders.device import Device
from decoders.downlinks.tekzitel import TEKZIPARK_COMMANDS
from decoders.field import Field, Fixed
from decoders.layout import Layout, OneOf
from decoders.source import s8, u8, u16

_MOST_BEACONS = 23
"""As many as a frame of 51 bytes holds; the setting of how many are looked for has three bits."""
_AXES = "xyz"


def _flag(bit: int, channel: str) -> Field:
    return Field("generic_flag", u8(0).bits(bit), channel=channel)


_OBSTRUCTION = u8(0).bits(4)
_DOUBTFUL = Field("occupancy_state", _OBSTRUCTION, values={1: "unknown"}, missing={0: None}, derived=True)
_BEGINNING = (
    Field("occupied", u8(0).bits(7)),
    Field("event", u8(0).bits(0), values={1: "heartbeat"}, missing={0: None}),
    Field("event", u8(0).bits(1), channel="reset", values={1: "startup"}, missing={0: None}),
    _flag(2, "no_beacon"),
    _flag(3, "radar"),
    _flag(4, "obstruction"),
    # The bit says that the battery is good.
    Field("battery_low", u8(0).bits(5), values={0: True, 1: False}),
    Field("device_temperature", s8(1)),
    Field("generic", u8(2), channel="parking_id"),
)
_STATE = Layout(
    (
        *_BEGINNING,
        _DOUBTFUL,
        Field("generic", s8(3), channel="beacon_rssi", optional=True),
        *(Field("generic", u16(4 + 2 * i), channel="beacon_id", optional=True) for i in range(_MOST_BEACONS)),
    ),
    length=(3, *range(4, 5 + 2 * _MOST_BEACONS, 2)),
)
_INNER: tuple[Field | Fixed, ...] = (
    Fixed("event", "info", channel="debug"),
    *(Field("generic", s8(3 + i), channel=f"deflection_{axis}") for i, axis in enumerate(_AXES)),
    *(Field("generic", s8(6 + i), channel=f"baseline_{axis}") for i, axis in enumerate(_AXES)),
    Field("generic", u8(9), channel="fault_code"),
    Field("generic", u8(10), channel="obstruction_code"),
    Field("generic", u8(11), channel="reflection"),
)
_FAULTY = Fixed("occupancy_state", "unknown", derived=True)
_DEBUG = OneOf(
    Layout((*_BEGINNING, _DOUBTFUL, *_INNER), when=((u8(9), 0),)),
    Layout((*_BEGINNING, _FAULTY, *_INNER)),
)

DEVICE = Device(
    "tekzitel",
    "tekzipark",
    name="Tekzitel TekziPark",
    kind="parking_bay",
    ports={1: _STATE, 2: _DEBUG},
    commands=TEKZIPARK_COMMANDS,
)
