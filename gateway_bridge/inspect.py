"""Parsed events as plain JSON values, for people and tests: what `loracity inspect` prints."""

from typing import Any

import msgspec

from gateway_bridge.times import rfc3339
from gateway_bridge.uplink import Event, NetworkEvent, Reception, UplinkEvent


def describe(event: Event) -> dict[str, object]:
    """The event as a JSON object: times in RFC 3339, UTC with milliseconds; bytes as hex; absent figures as null."""
    return _uplink(event) if isinstance(event, UplinkEvent) else _network_event(event)


def _time(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms)


def _gateway(heard: Reception) -> dict[str, object]:
    return {
        "gateway_id": heard.gateway_id,
        "rssi": heard.rssi,
        "snr": heard.snr,
        "gateway_time": _time(heard.gateway_ms),
        "latitude": heard.latitude,
        "longitude": heard.longitude,
    }


def _uplink(event: UplinkEvent) -> dict[str, object]:
    return {
        "kind": event.kind,
        "lns": event.lns,
        "dev_eui": event.dev_eui,
        "device_key": event.device_key,
        "dev_addr": event.dev_addr,
        "session_id": event.session_id,
        "f_cnt": event.f_cnt,
        "f_port": event.f_port,
        "payload_hex": event.payload.hex(),
        "confirmed": event.confirmed,
        "encrypted": event.encrypted,
        "decoded": event.decoded,
        "data_rate": event.data_rate,
        "frequency_hz": event.frequency_hz,
        "gateways": [_gateway(heard) for heard in event.gateways],
        "event_time": _time(event.event_ms),
        "time_source": event.time_source,
        "time_suspect": event.time_suspect,
        "server_time": _time(event.server_ms),
        "received_time": _time(event.received_ms),
        "event_id": event.event_id,
        "simulated": event.simulated,
        "retained": event.retained,
        "backfilled": event.backfilled,
        "buffered": event.buffered,
        "battery_percent": event.battery_percent,
        "hints": _plain(event.hints),
    }


def _network_event(event: NetworkEvent) -> dict[str, object]:
    return {
        "kind": event.kind,
        "lns": event.lns,
        "event": event.event,
        "dev_eui": event.dev_eui,
        "device_key": event.device_key,
        "dev_addr": event.dev_addr,
        "gateway_id": event.gateway_id,
        "event_time": _time(event.event_ms),
        "time_source": event.time_source,
        "time_suspect": event.time_suspect,
        "received_time": _time(event.received_ms),
        "event_id": event.event_id,
        "level": event.level,
        "code": event.code,
        "text": event.text,
        "retained": event.retained,
        "values": _plain(event.values),
        "hints": _plain(event.hints),
    }


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)
