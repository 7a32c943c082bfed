"""Milesight gateways with their embedded network server: uplinks and device notifications.

Source: milesight.com "Application guide, Notification" and the gateways' uplink documents. Operators may switch
fields off, so that only the DevEUI is sure; the clock is the gateway's own.
"""

from typing import Any

from gateway_bridge.assemble import Context, Device, Frame, Names, Notice, ignored, network_event, reception, uplink
from gateway_bridge.fields import (
    JsonObject,
    base64_bytes,
    counter,
    dev_addr,
    eui,
    flag,
    gateway_id,
    has_snr,
    hertz,
    integer,
    lora_label,
    number,
    objects,
    port,
    sub,
    text,
)
from gateway_bridge.strict_json import load_object
from gateway_bridge.times import Candidate, parse_time
from gateway_bridge.uplink import EnvelopeError, Event, Hints, Reception

_NAMES = Names("mac", snr="loRaSNR")
_UPLINK_MARKS = ("data", "fPort", "rxInfo", "txInfo")


def parse(context: Context) -> list[Event]:
    """The events of one message of a Milesight gateway. EnvelopeError when it isn't one."""
    document = load_object(context.message.payload)
    if "devEUI" not in document:
        raise EnvelopeError("bad_envelope", "no devEUI")
    application = text(document.get("applicationID"))
    address = dev_addr(document.get("devAddr"))
    device = Device(eui(document["devEUI"]), application, text(document.get("deviceName")), address)
    if any(mark in document for mark in _UPLINK_MARKS):
        return [_uplink(context, device, document)]
    return _notification(context, device, document)


def _hints(document: JsonObject) -> Hints:
    tags = {key: text(value) for key, value in sub(document, "tags").items()}
    return Hints(text(document.get("deviceName")), text(document.get("applicationName")), tags=tags)


def _uplink(context: Context, device: Device, document: JsonObject) -> Event:
    tx = sub(document, "txInfo")
    data_rate = _data_rate(sub(tx, "dataRate"))
    gateways = _receptions(document, data_rate)
    times: list[Candidate] = [(parse_time(document.get("time")), "gateway")]
    times += [(gateway.gateway_ms, "gateway") for gateway in gateways]
    decoded = document.get("object")
    frame = Frame(
        f_cnt=counter(document.get("fCnt")),
        f_port=port(document.get("fPort")),
        payload=base64_bytes(document.get("data")),
        decoded=decoded if isinstance(decoded, dict) else None,
        confirmed=flag(document.get("confirmed")) or flag(document.get("confirmedUplink")),
        data_rate=data_rate,
        frequency_hz=hertz(tx.get("frequency"), 1),
        gateways=gateways,
        times=tuple(times),
        hints=_hints(document),
    )
    return uplink(context, device, frame)


def _data_rate(data_rate: JsonObject) -> str | None:
    if integer(data_rate.get("spreadFactor")):
        return lora_label(integer(data_rate["spreadFactor"]) or 0, number(data_rate.get("bandwidth")) or 0)
    if data_rate.get("modulation") == "FSK":
        return f"FSK{integer(data_rate.get('bitrate')) or 50000}"
    return None


def _receptions(document: JsonObject, data_rate: str | None) -> tuple[Reception, ...]:
    return tuple(
        reception(_spelled(item, data_rate), _NAMES, data_rate, parse_time(item.get("time")))
        for item in objects(document.get("rxInfo"))
    )


def _spelled(item: JsonObject, data_rate: str | None) -> JsonObject:
    """Newer firmware writes `snr` and `gatewayID` where older wrote `loRaSNR` and `mac`."""
    spelled = dict(item)
    spelled.setdefault("mac", item.get("gatewayID"))
    if has_snr(data_rate):
        spelled.setdefault("loRaSNR", item.get("snr"))
    return spelled


def _notification(context: Context, device: Device, document: JsonObject) -> list[Event]:
    status = text(document.get("status"))
    if status in ("online", "offline"):
        code = "DEVICE_ONLINE" if status == "online" else "DEVICE_OFFLINE"
        level = "INFO" if status == "online" else "WARNING"
        return [_notice(context, device, document, "log", status, code, level, {"online": status == "online"})]
    if "acknowledged" in document:
        values = {"acknowledged": flag(document["acknowledged"]), "f_cnt_down": counter(document.get("fcnt")) or 0}
        return [_notice(context, device, document, "ack", "ack", "", "INFO", values)]
    if "error" in document:
        return [_notice(context, device, document, "log", "error", "ERROR", "ERROR", {})]
    return ignored(context, status, "unknown_event", device)


def _notice(
    context: Context,
    device: Device,
    document: JsonObject,
    kind: str,
    event: str,
    code: str,
    level: str,
    values: dict[str, Any],
) -> Event:
    notice = Notice(
        kind=kind,
        event=event,
        times=((parse_time(document.get("time")), "gateway"),),
        gateway_id=gateway_id(document.get("gatewaySN")) or None,
        level=level,
        code=code,
        text=text(document.get("error")),
        values=values,
        hints=_hints(document),
    )
    return network_event(context, device, notice)
