"""Nwave NPS405SM and NPS405FM parking sensors. Source: TheThingsNetwork/lorawan-devices vendor/nwave `nps405`.

A status byte holds the state in bit 0 and in the others how long the state before it lasted, in minutes of three steps:
0 to 89 by 1, 90 to 235 by 5, 240 to 600 by 60, and a code for 660 and more.
"""

from decoders.device import Device
from decoders.field import Field, Fixed
from decoders.layout import Layout, OneOf
from decoders.source import Text, dotted, s8, u8

_MINUTE_S = 60
_OVERFLOW = 127
_CAUSES = {
    0: "rejoining_lorawan_network", 1: "watchdog", 2: "power_on", 3: "user_request", 6: "brownout", 7: "other",
}  # fmt: skip


def _minutes(code: int) -> tuple[float, float]:
    """Duration and how much longer it may have been."""
    if code < 90:
        return code, 0
    return (90 + 5 * (code - 90), 4) if code < 120 else (240 + 60 * (code - 120), 59)


_DURATIONS = {code: _minutes(code)[0] * _MINUTE_S for code in range(128)}
_ERRORS = {code: _minutes(code)[1] * _MINUTE_S for code in range(_OVERFLOW)}


def _health(raw: bytes) -> str:
    """The vendor's word for the battery: cold cells may be 0.1 V lower."""
    millivolts, degrees = 2500 + 4 * raw[0], int.from_bytes(raw[1:], signed=True) / 2 + 10
    low = 3000 if degrees >= -5 else 2900
    return "normal" if millivolts >= low else "low" if millivolts >= low - 100 else "critical"


_PREVIOUS = u8(0).bits(1, 7)
_OCCUPIED = Field("occupied", u8(0).bits(0))
_STATUS = (
    _OCCUPIED,
    Field("previous_state_duration", _PREVIOUS, values=_DURATIONS),
    Field(
        "generic",
        _PREVIOUS,
        channel="previous_state_duration_error",
        values=_ERRORS,
        missing={_OVERFLOW: None},
        derived=True,
    ),
    Field(
        "generic_flag",
        _PREVIOUS,
        channel="previous_state_duration_overflow",
        values={**dict.fromkeys(range(_OVERFLOW), False), _OVERFLOW: True},
        derived=True,
    ),
)
_HEALTH = u8(0).bits(0, 7)
_HEARTBEAT = Layout(
    (
        Fixed("event", "heartbeat"),
        _OCCUPIED,
        # The vendor's mask takes in bit 0, which is the state; the faults proper are bits 1 to 6.
        Field("generic", _HEALTH, channel="hardware_health"),
        Field(
            "occupancy_state",
            u8(0).bits(1, 6),
            values=dict.fromkeys(range(1, 64), "unknown"),
            missing={0: None},
            derived=True,
        ),
        Field("battery_voltage", u8(1), scale=0.004, offset=2.5),
        Field("device_temperature", s8(2), scale=0.5, offset=10),
        Field("generic_text", Text(1, 2, _health), channel="battery_health", derived=True),
    ),
    length=(3, 6),
)
_START = Layout(
    (
        Fixed("event", "startup"),
        Field("firmware_version", dotted(0, 3)),
        Field("generic_text", u8(3), channel="reset_cause", values=_CAUSES),
        Field("occupied", u8(4).bits(0)),
    )
)
_REGISTRATION = (
    Fixed("event", "info", channel="user_registration"),
    Field("user_tag", Text(1, 4, lambda raw: raw.hex().upper())),
)
_DEBUG = Layout(
    (Fixed("event", "info", channel="debug"),), length=range(1, 52), warning="debug bytes are not interpreted"
)

DEVICE = Device(
    "nwave",
    "nps405",
    name="Nwave NPS405SM / NPS405FM",
    kind="parking_bay",
    ports={
        1: Layout(_STATUS),
        2: _HEARTBEAT,
        3: _START,
        6: _DEBUG,
        # A tag that is registered without a vehicle says nothing of the bay.
        10: OneOf(
            Layout((*_STATUS, *_REGISTRATION), when=((u8(0).bits(0), 1),)),
            Layout(_REGISTRATION, when=((u8(0).bits(0), 0),)),
        ),
    },
)
