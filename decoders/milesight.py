"""Milesight's tagged payloads (fPort 85 by default, little endian): attributes and setting echoes of all their sensors.

Source: Milesight user guides and the public README files of Milesight-IoT/SensorDecoders. An item is channel, type,
data; `ff xx` in an uplink that is no attribute is the echo of a setting: the acknowledgement of a downlink.
"""

from collections.abc import Mapping
from types import MappingProxyType

from decoders.channels import Channels
from decoders.field import Field, Fixed
from decoders.layout import Layout
from decoders.source import Number, Text, le, u8, u16, u24, u32
from decoders.value import Quality

DEFAULT_PORT = 85


def _hex_pair(text: str) -> bytes:
    major, minor = text.split(".")
    return bytes((int(major, 16), int(minor, 16)))


def _version(text: str) -> bytes:
    major, minor = text.split(".")
    return bytes((int(major, 16), int(minor, 16) << 4))


_HARDWARE = Text(0, 2, lambda raw: f"{raw[0]:x}.{raw[1] >> 4:x}", _version)
_FIRMWARE = Text(0, 2, lambda raw: f"{raw[0]:x}.{raw[1]:x}", _hex_pair)
_PROTOCOL = Text(
    0, 1, lambda raw: f"{raw[0] >> 4:x}.{raw[0] & 15:x}", lambda text: bytes.fromhex(text.replace(".", ""))
)
_TSL = Text(0, 2, lambda raw: f"{raw[0]:x}.{raw[1]:x}", _hex_pair)

ATTRIBUTES: Mapping[int, Layout] = {
    0xFF0B: Layout((Fixed("event", "startup"),), length=1),
    0xFF01: Layout((Field("generic_text", _PROTOCOL, channel="protocol_version"),)),
    0xFF16: Layout((Field("serial_number", Text(0, 8)),)),
    0xFF09: Layout((Field("hardware_version", _HARDWARE),)),
    0xFF0A: Layout((Field("firmware_version", _FIRMWARE),)),
    0xFF0F: Layout(
        (Field("generic_text", u8(0), channel="lorawan_class", values={0: "A", 1: "B", 2: "C", 3: "C-to-B"}),)
    ),
    0xFFFE: Layout((Fixed("event", "startup", channel="reset"),), length=1),
    0xFFFF: Layout((Field("generic_text", _TSL, channel="tsl_version"),)),
    0x0175: Layout((Field("battery_level", u8(0)),)),
}
"""Items sent by every Milesight sensor, mostly once after joining."""


def setting(name: str, length: int, number: Number | None = None) -> Layout:
    """The echo of a setting: event `config_ack` with the setting's name as channel, and its number where it is one."""
    acknowledged = Fixed("event", "config_ack", channel=name)
    return Layout((acknowledged, Field("generic", number, channel=name)) if number else (acknowledged,), length=length)


SETTINGS: Mapping[int, Layout] = {
    0xFF02: setting("collection_interval", 2, le(u16(0))),
    0xFF03: setting("report_interval", 2, le(u16(0))),
    0xFF06: setting("threshold", 9),
    0xFF10: setting("reboot", 1),
    0xFF11: setting("clock", 4, le(u32(0))),
    0xFF17: setting("time_zone", 2),
    0xFF1C: setting("recollection", 2),
    0xFF27: setting("clear_history", 1),
    0xFF28: setting("report_now", 1),
    0xFF4A: setting("sync_clock", 1),
    0xFF68: setting("data_storage", 1, u8(0)),
    0xFF69: setting("retransmission", 1, u8(0)),
    0xFF6A: setting("retransmission_interval", 3, le(u24(0)).bits(8, 16)),
}
"""Echoes of the downlinks that most Milesight sensors know, with their lengths; devices add their own."""


def alarm(
    quantity: str, number: Number, scale: float = 1.0, missing: Mapping[int, Quality | None] = MappingProxyType({})
) -> Layout:
    """A value followed by an alarm byte: 1 raised, 0 released; the event's channel is the quantity."""
    words = {0: "alarm_release", 1: "alarm"}
    event = Field("event", u8(number.size), channel=quantity, values=words)
    return Layout((Field(quantity, number, scale, missing=missing), event))


def milesight(items: Mapping[int, Layout]) -> Channels:
    """A Milesight device: its own items before those that all share."""
    return Channels({**items, **ATTRIBUTES, **{tag: item for tag, item in SETTINGS.items() if tag not in items}})
