"""ChirpStack v4 events, as JSON or protobuf. Shape: chirpstack `api/proto/integration/integration.proto` of 4.x.

This is the hot path: JSON is read into typed structs, what a device says of itself every time is read once, and the
usual case of each decision stands before the general one.
"""

from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import msgspec

from gateway_bridge import chirpstack4_protobuf, protobuf
from gateway_bridge.assemble import Context, Device, Notice, ignored, network_event
from gateway_bridge.chirpstack4_shapes import DeviceInfo, Frame, Other, Outline, Place, RawUp, RxInfo, TxInfo, Up
from gateway_bridge.fields import base64_bytes, dev_addr, eui, gateway_id, lora_label, number, position
from gateway_bridge.strict_json import check_flat, check_names, guarded
from gateway_bridge.times import Candidate, choose_time, is_ordinary, parse_time
from gateway_bridge.topics import device_of, event_name, is_command, is_event_topic
from gateway_bridge.uplink import (
    BACKFILLED,
    RETAINED,
    EnvelopeError,
    Event,
    Hints,
    NetworkEvent,
    Reception,
    TimeSource,
    UplinkEvent,
)

_T = TypeVar("_T")
_decode_up = msgspec.json.Decoder(RawUp).decode
_decode_info = msgspec.json.Decoder(DeviceInfo | None).decode
_decode_tx = msgspec.json.Decoder(TxInfo | None).decode
_decode_other = msgspec.json.Decoder(Other).decode
_decode_outline = msgspec.json.Decoder(Outline).decode
_SERVER: TimeSource = "server"
_DEVICE_EVENTS = frozenset({"join", "ack", "txack", "log", "status", "location"})


def parse(context: Context) -> list[Event]:
    """The events of one ChirpStack v4 message. EnvelopeError when it isn't one."""
    payload, topic = context.message.payload, context.message.topic
    if topic.endswith("/event/up") and payload[:1] == b"{":
        return _json_uplink(context)
    if is_command(topic):
        return ignored(context, event_name(topic), "command")
    is_json = payload[:1] == b"{"
    event = event_name(topic)
    if event not in _DEVICE_EVENTS and event != "up":
        if is_event_topic(topic):
            return ignored(context, event, "unknown_event")
        event = _event_of(payload) if is_json else ""
    if event == "up":
        if is_json:
            return _json_uplink(context)
        up = _from_protobuf(payload, event, Up)
        return _uplink(context, _who(up.device_info), _radio(up.tx_info, up.dr), up)
    if event in _DEVICE_EVENTS:
        return _network_event(
            context, event, _read_other(payload) if is_json else _from_protobuf(payload, event, Other)
        )
    if not is_json:
        raise EnvelopeError("unknown_format", "no JSON, and the topic doesn't name the event that protobuf needs")
    return ignored(context, event, "command" if event == "down" else "unknown_event")


def _read_other(payload: bytes) -> Other:
    other = guarded(_decode_other, payload)
    check_names(payload)
    return other


def _from_protobuf(payload: bytes, event: str, shape: type[_T]) -> _T:
    document = protobuf.decode(payload, chirpstack4_protobuf.EVENTS[event])
    try:
        return msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        raise EnvelopeError("bad_envelope", str(error)) from error


def _event_of(payload: bytes) -> str:
    """The event's name by its content, for changed topic patterns and webhooks without a query; empty when unknown."""
    outline = guarded(_decode_outline, payload)
    if outline.device_info is None:
        if outline.dev_eui is not None and (outline.data is not None or outline.integration_name is None):
            return "down"
        raise EnvelopeError("bad_envelope", "no deviceInfo")
    for event, fields in _MARKS:
        if any(getattr(outline, field) is not None for field in fields):
            return event
    return ""


_MARKS = (
    ("integration", ("integration_name",)),
    ("up", ("rx_info", "f_cnt", "data")),
    ("log", ("level", "code")),
    ("status", ("margin", "battery_level")),
    ("txack", ("downlink_id",)),
    ("ack", ("acknowledged",)),
    ("location", ("location",)),
    ("join", ("dev_addr",)),
)


class _Who(NamedTuple):
    """A device as its uplinks name it."""

    dev_eui: str | None
    key: str
    hints: Hints


def _who(info: DeviceInfo | None) -> _Who:
    if info is None:
        raise EnvelopeError("bad_envelope", "no deviceInfo")
    device_eui = eui(info.dev_eui)
    key = device_eui or Device(None, info.application_id or "", info.device_name or "").key
    if key is None:
        raise EnvelopeError("bad_envelope", "no devEui and no deviceName")
    return _Who(device_eui, key, _hints(info))


@lru_cache(8192)
def _who_said(text: bytes) -> _Who:
    return _who(guarded(_decode_info, text) if text else None)


@lru_cache(1024)
def _radio_said(text: bytes, dr: int | None) -> tuple[str, int | None]:
    return _radio(guarded(_decode_tx, text) if text else None, dr)


def _json_uplink(context: Context) -> list[Event]:
    up = guarded(_decode_up, context.message.payload)
    return _uplink(context, _who_said(bytes(up.device_info)), _radio_said(bytes(up.tx_info), up.dr), up)


def _uplink(context: Context, who: _Who, radio: tuple[str, int | None], up: Frame) -> list[Event]:
    device_eui, key, hints = who
    address = dev_addr(up.dev_addr)
    data_rate, frequency_hz = radio
    event_clock = parse_time(up.time)
    gateways, server_ms = _receptions(up, event_clock, data_rate)
    message = context.message
    if event_clock is not None and is_ordinary(event_clock, message.received_ms, context.max_age_s, server_ms):
        event_ms, time_source, time_suspect = event_clock, _SERVER, False
    else:
        times: list[Candidate] = [(event_clock, "server"), (server_ms, "server")]
        times += [(gateway.gateway_ms, "gateway") for gateway in gateways]
        event_ms, time_source, time_suspect = choose_time(times, context.clocks(server_ms))
    flags = message.flags
    event = UplinkEvent(
        context.lns,
        device_eui,
        key,
        address,
        address or "",
        up.f_cnt or 0,
        up.f_port or 0,
        base64_bytes(up.data),
        up.join_server_context is not None,
        _decoded(up.object),
        up.confirmed is True,
        data_rate,
        frequency_hz,
        gateways,
        event_ms,
        time_source,
        time_suspect,
        server_ms,
        message.received_ms,
        up.deduplication_id or "",
        False,
        bool(flags & RETAINED),
        bool(flags & BACKFILLED),
        hints=hints,
    )
    if device_eui and device_eui not in message.topic:
        return [event, *_topic_mismatch(context, device_eui)]
    return [event]


def _topic_mismatch(context: Context, device_eui: str) -> list[Event]:
    """The payload decides who sent it; a topic that names another device is counted."""
    named = eui(device_of(context.message.topic))
    if named is None or named == device_eui:
        return []
    return ignored(context, event_name(context.message.topic), "topic_mismatch", Device(device_eui))


def _decoded(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    if type(value) is not dict:
        raise EnvelopeError("bad_envelope", f"object is a {type(value).__name__}")
    check_flat(value)
    return value


def _hints(info: DeviceInfo) -> Hints:
    return Hints(info.device_name or "", info.application_name or "", info.device_profile_name or "", info.tags or {})


def _radio(tx: TxInfo | None, dr: int | None) -> tuple[str, int | None]:
    """(data rate label, frequency in Hz)."""
    frequency_hz = (tx.frequency or None) if tx else None
    modulation = tx.modulation if tx else None
    if modulation is not None:
        if modulation.lora is not None:
            return lora_label(modulation.lora.spreading_factor or 0, modulation.lora.bandwidth or 0), frequency_hz
        if modulation.fsk is not None:
            return f"FSK{modulation.fsk.datarate or 0}", frequency_hz
        if modulation.lr_fhss is not None:
            return f"LRFHSS{(modulation.lr_fhss.operating_channel_width or 0) // 1000}", frequency_hz
    return f"DR{dr or 0}", frequency_hz


def _receptions(up: Frame, event_clock: int | None, data_rate: str) -> tuple[tuple[Reception, ...], int | None]:
    """The receptions, and the earliest time at which the server had the frame."""
    server_ms: int | None = None
    receptions = []
    no_snr = data_rate.startswith(("FSK", "LRFHSS"))
    for item in up.rx_info or ():
        clock = item.gw_time or item.time
        gateway_ms = event_clock if clock == up.time else parse_time(clock)
        heard_ms = parse_time(item.ns_time) if item.ns_time else None
        if heard_ms is not None and (server_ms is None or heard_ms < server_ms):
            server_ms = heard_ms
        latitude, longitude = _place(item)
        receptions.append(
            Reception(
                gateway_id(item.gateway_id),
                item.rssi or 0.0,
                None if no_snr else item.snr or 0.0,
                gateway_ms,
                latitude,
                longitude,
            )
        )
    return tuple(receptions), server_ms


def _place(item: RxInfo) -> tuple[float | None, float | None]:
    if item.location is not None and (item.location.latitude or item.location.longitude):
        return position(item.location.latitude, item.location.longitude)
    if item.metadata is not None and item.metadata.gateway_lat:
        return position(number(item.metadata.gateway_lat), number(item.metadata.gateway_long))
    return None, None


def _network_event(context: Context, event: str, other: Other) -> list[Event]:
    info = other.device_info
    if info is None:
        raise EnvelopeError("bad_envelope", "no deviceInfo")
    device = Device(eui(info.dev_eui), info.application_id or "", info.device_name or "", dev_addr(other.dev_addr))
    level, code = _word(other.level, _LEVELS), _word(other.code, chirpstack4_protobuf.LOG_CODES)
    notice = Notice(
        kind=event,
        event=event,
        times=((parse_time(other.time), "server"),),
        gateway_id=gateway_id(other.gateway_id) or None,
        event_id=other.deduplication_id or "",
        level=level if event == "log" else "INFO",
        code=code if event == "log" else "",
        text=other.description or "",
        values=_VALUES[event](other),
        hints=_hints(info),
    )
    found: NetworkEvent = network_event(context, device, notice)
    return [found, *(_topic_mismatch(context, device.dev_eui) if device.dev_eui else ())]


_LEVELS = ("INFO", "WARNING", "ERROR")


def _word(value: str | int | None, words: tuple[str, ...]) -> str:
    """An enum by name or number; unknown names and numbers stay as they are, absent is the first."""
    if isinstance(value, str) and value:
        return value
    index = value or 0
    return words[index] if isinstance(index, int) and 0 <= index < len(words) else str(index)


def battery(level: float | None, external_power: bool | None, unavailable: bool | None) -> dict[str, Any]:
    """Percent (None with mains power or when unknown; no device reports 0) and power source of a status event."""
    known = level is not None and 0 < level <= 100 and not external_power and not unavailable
    return {"battery_percent": level if known else None, "external_power": bool(external_power)}


def _downlink_values(other: Other) -> dict[str, Any]:
    return {"queue_item_id": other.queue_item_id or "", "f_cnt_down": other.f_cnt_down or 0}


def _location_values(other: Other) -> dict[str, Any]:
    place = other.location or Place()
    latitude, longitude = position(place.latitude, place.longitude)
    return {"latitude": latitude, "longitude": longitude, "altitude": place.altitude or 0.0}


_VALUES = {
    "join": lambda other: {},
    "ack": lambda other: {"acknowledged": bool(other.acknowledged), **_downlink_values(other)},
    "txack": lambda other: {
        "downlink_id": other.downlink_id or 0,
        "frequency_hz": (other.tx_info.frequency or None) if other.tx_info else None,
        **_downlink_values(other),
    },
    "log": lambda other: dict(other.context or {}),
    "status": lambda other: {
        "margin_db": other.margin or 0,
        **battery(other.battery_level, other.external_power_source, other.battery_level_unavailable),
    },
    "location": _location_values,
}
