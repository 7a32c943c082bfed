"""Bosch TPS110 parking sensor. Source: vendor manual's port table as in TheThingsNetwork/lorawan-devices `tps110-0292`.

Ports 4 to 6 are read differently by the public decoders, so of their contents only this is read: the firmware version,
and of a debug frame the code and the sequence number in big-endian order, because captured frames then give the code
"power-on" beside the same reset cause.
"""

from decoders.device import Device
from decoders.field import Field, Fixed
from decoders.layout import Layout, OneOf
from decoders.source import dotted, s8, u8, u16

_CAUSES = {
    1: "watchdog", 2: "power on", 3: "system request", 4: "other", 5: "external pin", 6: "lockup", 7: "brown-out",
}  # fmt: skip


def _occupied(offset: int) -> Field:
    return Field("occupied", u8(offset).bits(0))


def _debug(part: bytes) -> str | None:
    return f"debug bytes {part[:12].hex()} are not interpreted" if any(part[:12]) else None


_STATUS = Layout((_occupied(0),))
_HEARTBEAT = Layout(
    (Fixed("event", "heartbeat"), _occupied(0), Field("device_temperature", s8(1), optional=True)), length=(1, 2)
)
_START = Layout(
    (
        Fixed("event", "startup"),
        Field("firmware_version", dotted(12, 3)),
        Field("generic_text", u8(15), channel="reset_cause", values=_CAUSES),
        _occupied(16),
    ),
    warning=_debug,
)
_INFO = Layout((Fixed("event", "info"),), length=11, warning="device URN is not interpreted")
_FIRMWARE = Layout((Fixed("event", "info"), Field("firmware_version", dotted(0, 3))), length=3)
_CODES = Layout(
    (
        Fixed("event", "info", channel="debug codes"),
        Field("generic", u16(6).bits(0, 12), channel="debug_code"),
        Field("generic", u16(8), channel="debug_sequence"),
    ),
    warning="debug bytes 0 to 5 are not interpreted",
)
_TEMPERATURE = Layout((Fixed("event", "alarm", channel="device_temperature"), Field("device_temperature", s8(0))))


def _uninterpreted(lengths: range, what: str) -> Layout:
    return Layout((Fixed("event", "info", channel=what),), length=tuple(lengths), warning=f"{what} are not interpreted")


DEVICE = Device(
    "bosch",
    "tps110",
    name="Bosch TPS110",
    kind="parking_bay",
    version=2,
    ports={
        1: _STATUS,
        2: _HEARTBEAT,
        3: _START,
        4: OneOf(_FIRMWARE, _INFO),
        5: _uninterpreted(range(2, 52), "usage counters"),
        6: _CODES,
        7: _TEMPERATURE,
    },
)
