"""Milesight's tagged payloads (fPort 85 by default, little endian): attributes and setting echoes of all their sensors.

Source: Milesight user guides and the public README files of Milesight-IoT/SensorDecoders. An item is channel, type,
data; `ff xx` or `fe xx` in an uplink that is no attribute is the echo of a setting: the acknowledgement of a downlink.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from decoders.channels import Channels, Items
from decoders.field import Field, Fixed
from decoders.layout import Layout
from decoders.source import Number, Text, le, s16, s32, u8, u16, u32
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

CONDITIONS: Mapping[int, str] = MappingProxyType({0: "off", 1: "below", 2: "above", 3: "within", 4: "outside"})
"""When a threshold counts as crossed."""


def number(name: str, source: Number, scale: float = 1.0) -> Field:
    """A number without a quantity of its own."""
    return Field("generic", source, scale, channel=name)


def switch(name: str, source: Number) -> Field:
    """A switch without a quantity of its own."""
    return Field("generic_flag", source, channel=name)


def word(name: str, source: Number, words: Mapping[int, str]) -> Field:
    """A word without a quantity of its own, for a code."""
    return Field("generic_text", source, channel=name, values=words)


def echo(
    name: str,
    *parts: Field,
    length: int | Sequence[int] = (),
    when: Sequence[tuple[Number, int]] = (),
    warning: str | None = None,
) -> Layout:
    """The echo of a setting: event `config_ack` with the setting's name as channel, then what was set."""
    return Layout((Fixed("event", "config_ack", channel=name), *parts), length=length, when=when, warning=warning)


def setting(name: str, length: int, source: Number | None = None, scale: float = 1.0) -> Layout:
    """The echo of a setting that is one number, or none."""
    return echo(name, *(() if source is None else (number(name, source, scale),)), length=length)


def threshold(
    name: str,
    *more: Field,
    when: Sequence[tuple[Number, int]] = (),
    scale: float = 1.0,
    bound: Callable[[int], Number] = s16,
) -> Layout:
    """The echo of an alarm threshold (`ff 06`, 9 bytes): condition, bounds in the quantity's unit, and more."""
    return echo(
        name,
        word(f"{name}_condition", u8(0).bits(0, 3), CONDITIONS),
        number(f"{name}_min", le(bound(1)), scale),
        number(f"{name}_max", le(bound(3)), scale),
        *more,
        length=9,
        when=when,
    )


# Tenths of an hour, except that quarters are cut off: 57 is 5:45, 87 is 8:45, 127 is 12:45.
_ZONES = {raw: raw / 10 for raw in range(-120, 145, 5)} | {57: 5.75, 87: 8.75, 127: 12.75}
_FETCH = {0: "ok", 1: "time_invalid", 2: "no_data"}

SETTINGS: Items = {
    0xFF02: setting("collection_interval", 2, le(u16(0))),
    0xFF03: setting("report_interval", 2, le(u16(0))),
    0xFF06: threshold("threshold"),
    0xFF10: setting("reboot", 1),
    0xFF11: setting("clock", 4, le(u32(0))),
    0xFF17: echo("time_zone", Field("generic", le(s16(0)), channel="time_zone", values=_ZONES)),
    0xFF1C: echo("recollection", number("recollection_count", u8(0)), number("recollection_interval", u8(1))),
    0xFF27: setting("clear_history", 1),
    0xFF28: setting("report_now", 1),
    0xFF4A: setting("sync_clock", 1),
    0xFF68: setting("data_storage", 1, u8(0)),
    0xFF69: setting("retransmission", 1, u8(0)),
    0xFF6A: (
        echo("retransmission_interval", number("retransmission_interval", le(u16(1))), when=((u8(0), 0),)),
        echo("resend_interval", number("resend_interval", le(u16(1))), when=((u8(0), 1),)),
    ),
}
"""Echoes of the downlinks that most Milesight sensors know, with their lengths; devices add their own."""

RESPONSES: Mapping[int, Layout] = {
    0xFC6B: echo("fetch_record", word("fetch_record_result", u8(0), _FETCH)),
    0xFC6C: echo("fetch_history", word("fetch_history_result", u8(0), _FETCH)),
}
"""Answers to requests for logged records, which follow as history items (EM320 user guide; not verified elsewhere)."""


def alarm(
    quantity: str, source: Number, scale: float = 1.0, missing: Mapping[int, Quality | None] = MappingProxyType({})
) -> Layout:
    """A value followed by an alarm byte: 1 raised, 0 released; the event's channel is the quantity."""
    return Layout((Field(quantity, source, scale, missing=missing), alarm_event(quantity, u8(source.size))))


def alarm_event(quantity: str, source: Number) -> Field:
    """The alarm byte alone."""
    return Field("event", source, channel=quantity, values={0: "alarm_release", 1: "alarm"})


_LONGITUDE, _LATITUDE = le(s32(0)), le(s32(4))


def _location(nothing: int, when: Sequence[tuple[Number, int]] = ()) -> Layout:
    missing: dict[int, Quality | None] = {nothing: "not_available"}
    return Layout(
        (
            Field("longitude", _LONGITUDE, 1e-6, missing=missing),
            Field("latitude", _LATITUDE, 1e-6, missing=missing),
            word("geofence", u8(8).bits(4, 4), {0: "inside", 1: "outside", 2: "unset", 3: "unknown"}),
            word("motion", u8(8).bits(0, 4), {0: "unknown", 1: "starting", 2: "moving", 3: "stopped"}),
        ),
        when=when,
    )


# Disputed: the README files of two models put the longitude first, the third's and the script for NB-IoT frames the
# latitude.
LOCATION = (_location(0, ((_LONGITUDE, 0), (_LATITUDE, 0))), _location(-1))
"""The position item of the NB-IoT variants; all bits set, and (0, 0), is no fix."""


def milesight(items: Items) -> Channels:
    """A Milesight device: its own items before those that all share; echoes come behind `ff` and behind `fe` alike."""
    known = {
        **items,
        **ATTRIBUTES,
        **{tag: item for tag, item in {**SETTINGS, **RESPONSES}.items() if tag not in items},
    }
    repeated = {tag ^ 0x100: item for tag, item in known.items() if tag >> 8 == 0xFF and tag not in ATTRIBUTES}
    return Channels({**known, **repeated})
