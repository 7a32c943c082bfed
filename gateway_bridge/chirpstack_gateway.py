"""The gateway side of a ChirpStack broker: statistics and connection state, as JSON or (its default) protobuf.

Shape: chirpstack `api/proto/gw/gw.proto`; version 3 spells the same fields with base64 identifiers.
"""

from typing import Any

from gateway_bridge import protobuf
from gateway_bridge.assemble import NOBODY, Context, Notice, ignored, network_event
from gateway_bridge.chirpstack4_protobuf import GATEWAY_STATE, GATEWAY_STATS
from gateway_bridge.fields import JsonObject, eui, integer, number, position, sub, text
from gateway_bridge.protobuf import Table
from gateway_bridge.strict_json import load_object
from gateway_bridge.times import parse_time
from gateway_bridge.topics import gateway_of, is_command
from gateway_bridge.uplink import EnvelopeError, Event

_COUNTERS = {
    "rx": ("rxPacketsReceived",),
    "rx_ok": ("rxPacketsReceivedOk", "rxPacketsReceivedOK"),
    "tx": ("txPacketsReceived",),
    "tx_emitted": ("txPacketsEmitted",),
}
_MAPS = {
    "tx_per_frequency": "txPacketsPerFrequency",
    "rx_per_frequency": "rxPacketsPerFrequency",
    "tx_per_status": "txPacketsPerStatus",
}


def parse(context: Context) -> list[Event]:
    """The events of one gateway-side message. EnvelopeError when it isn't one."""
    payload, topic = context.message.payload, context.message.topic
    named, event = gateway_of(topic) or ("", "")
    if is_command(topic):
        return ignored(context, event, "command")
    if not event and payload[:1] == b"{":
        event = _event_of(load_object(payload))
    if event == "stats":
        return [_stats(context, named, _read(payload, GATEWAY_STATS))]
    if event == "conn":
        return [_state(context, named, _read(payload, GATEWAY_STATE))]
    if not event:
        raise EnvelopeError("unknown_format", "no JSON, and the topic doesn't name the event that protobuf needs")
    return ignored(context, event, "gateway_event" if event in _KNOWN else "unknown_event")


_KNOWN = frozenset({"up", "ack", "exec", "raw", "mesh"})


def _read(payload: bytes, table: Table) -> JsonObject:
    return load_object(payload) if payload[:1] == b"{" else protobuf.decode(payload, table)


def _event_of(document: JsonObject) -> str:
    """The event's name by its content, where the topic doesn't say."""
    for mark, event in (("phyPayload", "up"), ("items", "ack"), ("time", "stats"), ("rxPacketsReceived", "stats")):
        if mark in document:
            return event
    if "gatewayId" in document or "gatewayID" in document:
        return "conn"
    raise EnvelopeError("bad_envelope", "no gatewayId")


def _gateway(named: str, document: JsonObject) -> str:
    for key in ("gatewayId", "gatewayID"):
        found = eui(document.get(key)) or text(document.get(key))
        if found:
            return found
    if not named:
        raise EnvelopeError("bad_envelope", "no gatewayId")
    return eui(named) or named


def _stats(context: Context, named: str, document: JsonObject) -> Event:
    place = sub(document, "location")
    latitude, longitude = position(place.get("latitude"), place.get("longitude"))
    metadata = sub(document, "metadata") or sub(document, "metaData")
    values: dict[str, Any] = {
        name: next((integer(document[key]) for key in keys if key in document), None) or 0
        for name, keys in _COUNTERS.items()
    }
    for name, key in _MAPS.items():
        values[name] = {word: integer(count) or 0 for word, count in sub(document, key).items()}
    values |= {"latitude": latitude, "longitude": longitude, "altitude": number(place.get("altitude")) or 0.0}
    values |= {"config_version": text(document.get("configVersion"))}
    values |= {"metadata": {key: text(value) for key, value in metadata.items()}}
    notice = Notice(
        kind="gateway_stats",
        event="stats",
        times=((parse_time(document.get("time")), "gateway"),),
        gateway_id=_gateway(named, document),
        values=values,
    )
    return network_event(context, NOBODY, notice)


def _state(context: Context, named: str, document: JsonObject) -> Event:
    """OFFLINE is the zero value and so, like everything zero, absent."""
    online = document.get("state") in ("ONLINE", 1)
    gateway_id = _gateway(named, document)
    notice = Notice(
        kind="gateway_state",
        event="conn",
        gateway_id=gateway_id,
        level="INFO" if online else "WARNING",
        values={"online": online},
    )
    return network_event(context, NOBODY, notice)
