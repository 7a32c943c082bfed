"""The Things Stack v3 messages, from MQTT, webhooks or the Storage Integration.

Shape: lorawan-stack `api/ttn/lorawan/v3`. Zero, false and empty fields are left out everywhere; the message's own
content, not its topic, says which event it is.
"""

from typing import Any

import msgspec

from gateway_bridge.assemble import Context, Device, Frame, Notice, ignored, network_event, uplink
from gateway_bridge.fields import (
    JsonObject,
    base64_bytes,
    counter,
    dev_addr,
    eui,
    flag,
    has_snr,
    hertz,
    integer,
    lora_label,
    number,
    objects,
    port,
    position,
    sub,
    text,
)
from gateway_bridge.strict_json import load_object
from gateway_bridge.times import Candidate, is_plausible, parse_time
from gateway_bridge.topics import is_command
from gateway_bridge.uplink import EnvelopeError, Event, Hints, Reception

_EVENT_IDS = ("as:up:", "gs:uplink:", "pba:uplink:")
_DOWNLINKS = {
    "downlink_queued": "down/queued",
    "downlink_sent": "down/sent",
    "downlink_ack": "down/ack",
    "downlink_nack": "down/nack",
    "downlink_failed": "down/failed",
    "downlink_queue_invalidated": "down/invalidated",
}
_IGNORED = {"uplink_normalized": ("up/normalized", "normalized"), "service_data": ("service/data", "service_data")}


def parse(context: Context) -> list[Event]:
    """The events of one The Things Stack message or storage line. EnvelopeError when it isn't one."""
    topic = context.message.topic
    if is_command(topic):
        return ignored(context, "/".join(topic.split("/")[-2:]), "command")
    document = load_object(context.message.payload)
    if "result" in document and "end_device_ids" not in document:
        document = dict(sub(document, "result"))
        context = msgspec.structs.replace(context, unwrapped=True)
    if "downlinks" in document and "end_device_ids" not in document:
        return ignored(context, "down/push", "command")
    if not isinstance(document.get("end_device_ids"), dict):
        raise EnvelopeError("bad_envelope", "no end_device_ids")
    return _by_content(context, document)


def _by_content(context: Context, document: JsonObject) -> list[Event]:
    device = _device(sub(document, "end_device_ids"))
    if isinstance(document.get("uplink_message"), dict):
        return [_uplink(context, device, document, document["uplink_message"])]
    if isinstance(document.get("join_accept"), dict):
        return [_join(context, device, document, document["join_accept"])]
    if isinstance(document.get("location_solved"), dict):
        return [_location(context, device, document, document["location_solved"])]
    for key, event in _DOWNLINKS.items():
        if isinstance(document.get(key), dict):
            return [_downlink(context, device, document, event, document[key])]
    for key, (event, code) in _IGNORED.items():
        if key in document:
            return ignored(context, event, code, device)
    if "downlinks" in document:
        return ignored(context, "down/push", "command", device)
    return ignored(context, _event_key(document), "unknown_event", device)


def _event_key(document: JsonObject) -> str:
    known = ("end_device_ids", "correlation_ids", "received_at", "simulated")
    return next((key for key in document if key not in known), "")


def _device(ids: JsonObject) -> Device:
    application = text(sub(ids, "application_ids").get("application_id"))
    return Device(eui(ids.get("dev_eui")), application, text(ids.get("device_id")), dev_addr(ids.get("dev_addr")))


def _correlation_ids(document: JsonObject) -> list[str]:
    ids = document.get("correlation_ids")
    return [name for name in ids if isinstance(name, str)] if isinstance(ids, list) else []


def _event_id(document: JsonObject) -> str:
    names = _correlation_ids(document)
    return next((name for prefix in _EVENT_IDS for name in names if name.startswith(prefix)), "")


def _uplink(context: Context, device: Device, document: JsonObject, up: JsonObject) -> Event:
    settings = sub(up, "settings")
    data_rate = _data_rate(sub(settings, "data_rate"))
    times, server_ms = _times(context, document, up)
    gateways = _receptions(up, data_rate)
    # Old servers don't mark simulated uplinks: those carry settings without a data rate and no receptions.
    simulated = flag(document.get("simulated")) or (
        "settings" in up and not sub(settings, "data_rate") and not gateways and not context.unwrapped
    )
    f_cnt = counter(up.get("f_cnt"))
    battery = number(sub(up, "last_battery_percentage").get("value"))
    frame = Frame(
        f_cnt=f_cnt if f_cnt is not None or simulated else 0,
        f_port=port(up.get("f_port")),
        payload=base64_bytes(up.get("frm_payload")),
        session_id=text(up.get("session_key_id")),
        encrypted=up.get("app_s_key") is not None,
        decoded=up["decoded_payload"] if isinstance(up.get("decoded_payload"), dict) else None,
        confirmed=flag(up.get("confirmed")),
        data_rate=data_rate,
        frequency_hz=hertz(settings.get("frequency"), 1),
        gateways=gateways,
        times=tuple(times),
        server_ms=server_ms,
        event_id=_event_id(document),
        simulated=simulated,
        battery_percent=battery if battery is not None and 0 <= battery <= 100 else None,
        hints=_hints(document, up),
    )
    return uplink(context, device, frame)


def _times(context: Context, document: JsonObject, up: JsonObject) -> tuple[list[Candidate], int | None]:
    """The two server clocks as candidates, and the first plausible one, by which the other is judged.

    Gateways' times are no candidates: beside a server's clock they add nothing, without one they can't be trusted.
    """
    found = [parse_time(up.get("received_at")), parse_time(document.get("received_at"))]
    present = [ms for ms in found if ms is not None]
    clocks = context.clocks()
    server_ms = next((ms for ms in present if is_plausible(ms, clocks)), present[0] if present else None)
    return [(ms, "server") for ms in found], server_ms


def _hints(document: JsonObject, up: JsonObject) -> Hints:
    ids, version = sub(document, "end_device_ids"), sub(up, "version_ids")
    brand, model = text(version.get("brand_id")), text(version.get("model_id"))
    tags = {key: text(value) for key, value in sub(up, "attributes").items()}
    application = text(sub(ids, "application_ids").get("application_id"))
    return Hints(text(ids.get("device_id")), application, f"{brand}/{model}" if brand or model else "", tags)


def _data_rate(data_rate: JsonObject) -> str | None:
    lora, fsk, lr_fhss = sub(data_rate, "lora"), sub(data_rate, "fsk"), sub(data_rate, "lrfhss")
    if lora:
        return lora_label(integer(lora.get("spreading_factor")) or 0, number(lora.get("bandwidth")) or 0)
    if fsk:
        return f"FSK{integer(fsk.get('bit_rate')) or 0}"
    if "lrfhss" in data_rate:
        return f"LRFHSS{(integer(lr_fhss.get('operating_channel_width')) or 0) // 1000}"
    return None


def _receptions(up: JsonObject, data_rate: str | None) -> tuple[Reception, ...]:
    """One reception a gateway: several antennas, and the same through Packet Broker, become the strongest."""
    found: dict[str, Reception] = {}
    for item in objects(up.get("rx_metadata")):
        heard = _reception(item, data_rate)
        before = found.get(heard.gateway_id)
        found[heard.gateway_id] = heard if before is None else _stronger(before, heard)
    return tuple(found.values())


def _reception(item: JsonObject, data_rate: str | None) -> Reception:
    place = sub(item, "location")
    latitude, longitude = position(place.get("latitude"), place.get("longitude"))
    snr = float(number(item.get("snr")) or 0) if has_snr(data_rate) else None
    rssi = float(number(item.get("rssi")) or number(item.get("channel_rssi")) or 0)
    return Reception(_gateway(item), rssi, snr, parse_time(item.get("time")), latitude, longitude)


def _gateway(item: JsonObject) -> str:
    ids, broker = sub(item, "gateway_ids"), sub(item, "packet_broker")
    name = text(ids.get("gateway_id"))
    found = eui(ids.get("eui")) or eui(broker.get("forwarder_gateway_eui"))
    if found is None:
        name = text(broker.get("forwarder_gateway_id")) or name
        found = eui(name.removeprefix("eui-")) if name.startswith("eui-") else None
    return found or name


def _stronger(first: Reception, second: Reception) -> Reception:
    best, other = (second, first) if second.rssi > first.rssi else (first, second)
    gateway_ms = best.gateway_ms if best.gateway_ms is not None else other.gateway_ms
    place = best if best.latitude is not None else other
    return Reception(best.gateway_id, best.rssi, best.snr, gateway_ms, place.latitude, place.longitude)


def _notice(kind: str, event: str, document: JsonObject, inner: JsonObject, **more: Any) -> Notice:
    times: list[Candidate] = [(parse_time(inner.get("received_at")), "server")]
    times.append((parse_time(document.get("received_at")), "server"))
    hints = _hints(document, inner)
    return Notice(kind=kind, event=event, times=times, event_id=_event_id(document), hints=hints, **more)


def _join(context: Context, device: Device, document: JsonObject, inner: JsonObject) -> Event:
    values = {"session_id": text(inner.get("session_key_id"))}
    return network_event(context, device, _notice("join", "join", document, inner, values=values))


def _location(context: Context, device: Device, document: JsonObject, inner: JsonObject) -> Event:
    place = sub(inner, "location")
    latitude, longitude = position(place.get("latitude"), place.get("longitude"))
    values: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
    values["altitude"] = number(place.get("altitude")) or 0.0
    values["service"] = text(inner.get("service"))
    return network_event(context, device, _notice("location", "location/solved", document, inner, values=values))


def _downlink(context: Context, device: Device, document: JsonObject, event: str, inner: JsonObject) -> Event:
    """`ack` and `nack` are the device's answer (kind ack); the rest of a downlink's way is kind downlink."""
    answered = event in ("down/ack", "down/nack")
    error = sub(inner, "error")
    downlink = sub(inner, "downlink") or inner
    bad = event in ("down/nack", "down/failed", "down/invalidated")
    values: dict[str, Any] = {"f_cnt_down": counter(downlink.get("f_cnt")) or 0, "f_port": port(downlink.get("f_port"))}
    values["session_id"] = text(downlink.get("session_key_id"))
    values["correlation_ids"] = _correlation_ids(downlink)
    if answered:
        values["acknowledged"] = event == "down/ack"
    notice = _notice(
        "ack" if answered else "downlink",
        event,
        document,
        inner,
        level="ERROR" if event == "down/failed" else "WARNING" if bad else "INFO",
        code=text(error.get("name")),
        text=text(error.get("message_format")),
        values=values,
    )
    return network_event(context, device, notice)
