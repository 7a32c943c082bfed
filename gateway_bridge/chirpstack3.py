"""ChirpStack Application Server v3 events in its three encodings: `json_v3`, `json` (protobuf JSON) and `protobuf`.

Shapes: chirpstack-application-server 3.x `internal/integration/models`, chirpstack-api v3
`as/integration/integration.proto`.
"""

from typing import Any

from gateway_bridge import chirpstack3_protobuf, protobuf
from gateway_bridge.assemble import Context, Device, Frame, Names, Notice, ignored, network_event, reception, uplink
from gateway_bridge.fields import (
    JsonObject,
    base64_bytes,
    counter,
    dev_addr,
    eui,
    flag,
    gateway_id,
    hertz,
    integer,
    lora_label,
    number,
    objects,
    percent_of_byte,
    port,
    position,
    sub,
    text,
)
from gateway_bridge.strict_json import load, load_object
from gateway_bridge.times import Candidate, parse_time
from gateway_bridge.topics import event_name, is_command, is_event_topic
from gateway_bridge.uplink import EnvelopeError, Event, Hints, Reception

_OLD_NAMES = {"rx": "up"}  # topic templates from before 3.11
_NAMES = Names("gatewayID", snr="loRaSNR")
_WARNINGS = frozenset({"UPLINK_FCNT_RETRANSMISSION", "UPLINK_FCNT_RESET", "DATA_UP_FCNT"})
_KINDS = {
    "up": "up", "join": "join", "ack": "ack", "txack": "txack", "status": "status", "error": "log",
    "location": "location",
}  # fmt: skip
# In this order: the first mark that is there decides, where the topic doesn't.
_MARKS = (
    ("integrationName", "integration"),
    ("fPort", "up"),
    ("data", "up"),
    ("error", "error"),
    ("margin", "status"),
    ("battery", "status"),
    ("acknowledged", "ack"),
    ("location", "location"),
    ("devAddr", "join"),
    ("fCnt", "txack"),
)


def parse(context: Context) -> list[Event]:
    """The events of one ChirpStack v3 message. EnvelopeError when it isn't one."""
    payload, topic = context.message.payload, context.message.topic
    name = event_name(topic)
    if is_command(topic) or name == "tx":
        return ignored(context, name, "command")
    event = _OLD_NAMES.get(name, name)
    if event not in _KINDS and is_event_topic(topic):
        return ignored(context, event, "unknown_event")
    if payload[:1] == b"{":
        document = load_object(payload)
        if event not in _KINDS:
            event = next((found for mark, found in _MARKS if mark in document), "")
    elif event in _KINDS:
        document = protobuf.decode(payload, chirpstack3_protobuf.EVENTS[event])
    else:
        raise EnvelopeError("unknown_format", "no JSON, and the topic doesn't name the event that protobuf needs")
    if "devEUI" not in document:
        raise EnvelopeError("bad_envelope", "no devEUI")
    if event == "up":
        return [_uplink(context, document)]
    if event in _KINDS:
        return [_network_event(context, event, document)]
    return ignored(context, event, "unknown_event")


def _device(document: JsonObject) -> Device:
    application = text(document.get("applicationID"))
    address = dev_addr(document.get("devAddr"))
    return Device(eui(document["devEUI"]), application, text(document.get("deviceName")), address)


def _hints(document: JsonObject) -> Hints:
    tags = {text(key): text(value) for key, value in sub(document, "tags").items()}
    application, profile = text(document.get("applicationName")), text(document.get("deviceProfileName"))
    return Hints(text(document.get("deviceName")), application, profile, tags)


def _uplink(context: Context, document: JsonObject) -> Event:
    data_rate = _data_rate(document)
    gateways = _receptions(document, data_rate)
    published_ms = parse_time(document.get("publishedAt"))
    times: list[Candidate] = [(published_ms, "server")]
    times += [(gateway.gateway_ms, "gateway") for gateway in gateways]
    frame = Frame(
        f_cnt=counter(document.get("fCnt")) or 0,
        f_port=port(document.get("fPort")),
        payload=base64_bytes(document.get("data")),
        decoded=_decoded(document),
        confirmed=flag(document.get("confirmedUplink")),
        data_rate=data_rate,
        frequency_hz=hertz(sub(document, "txInfo").get("frequency"), 1),
        gateways=gateways,
        times=tuple(times),
        server_ms=published_ms,
        hints=_hints(document),
    )
    return uplink(context, _device(document), frame)


def _receptions(document: JsonObject, data_rate: str) -> tuple[Reception, ...]:
    return tuple(
        reception({**item, **sub(item, "location")}, _NAMES, data_rate, parse_time(item.get("time")))
        for item in objects(document.get("rxInfo"))
    )


def _data_rate(document: JsonObject) -> str:
    tx = sub(document, "txInfo")
    lora, fsk = sub(tx, "loRaModulationInfo"), sub(tx, "fskModulationInfo")
    lr_fhss = sub(tx, "lrFHSSModulationInfo")
    if integer(lora.get("spreadingFactor")):
        return lora_label(integer(lora["spreadingFactor"]) or 0, number(lora.get("bandwidth")) or 0)
    if fsk or tx.get("modulation") == "FSK":
        return f"FSK{integer(fsk.get('datarate')) or 0}"
    if lr_fhss or tx.get("modulation") == "LR_FHSS":
        return f"LRFHSS{(integer(lr_fhss.get('operatingChannelWidth')) or 0) // 1000}"
    return f"DR{integer(document.get('dr', tx.get('dr'))) or 0}"


def _decoded(document: JsonObject) -> dict[str, Any] | None:
    """`object` of json_v3, or `objectJSON`, which holds JSON in a text and is "" for none."""
    inner = document.get("objectJSON")
    value = load(inner.encode()) if isinstance(inner, str) and inner else document.get("object")
    if value is None or isinstance(value, dict):
        return value
    return {"value": value}  # a codec may return any JSON value


def _network_event(context: Context, event: str, document: JsonObject) -> Event:
    published_ms = parse_time(document.get("publishedAt"))
    times: list[Candidate] = [(published_ms, "server")]
    times += [(parse_time(item.get("time")), "gateway") for item in objects(document.get("rxInfo"))]
    code = text(document.get("type")) if event == "error" else ""
    level = "INFO" if event != "error" else "WARNING" if code in _WARNINGS else "ERROR"
    notice = Notice(
        kind=_KINDS[event],
        event=event,
        times=times,
        server_ms=published_ms,
        gateway_id=gateway_id(document.get("gatewayID")) or None,
        level=level,
        code=code or ("UNKNOWN" if event == "error" else ""),
        text=text(document.get("error")),
        values=_values(event, document),
        hints=_hints(document),
    )
    return network_event(context, _device(document), notice)


def _values(event: str, document: JsonObject) -> dict[str, Any]:
    match event:
        case "ack":
            acknowledged = flag(document.get("acknowledged"))
            return {"acknowledged": acknowledged, "f_cnt_down": counter(document.get("fCnt")) or 0}
        case "txack":
            return {"f_cnt_down": counter(document.get("fCnt")) or 0}
        case "error":
            return {"f_cnt": counter(document.get("fCnt")) or 0}
        case "status":
            return {"margin_db": integer(document.get("margin")) or 0, **_battery(document)}
        case "location":
            place = sub(document, "location")
            latitude, longitude = position(place.get("latitude"), place.get("longitude"))
            return {"latitude": latitude, "longitude": longitude, "altitude": number(place.get("altitude")) or 0.0}
        case _:
            return {}


def _battery(document: JsonObject) -> dict[str, Any]:
    """Percent from `batteryLevel`, or from the raw byte `battery` of old versions (0 mains power, 255 unknown)."""
    raw, level = integer(document.get("battery")), number(document.get("batteryLevel"))
    external = flag(document.get("externalPowerSource"))
    if level is None and raw is not None:
        external = external or raw == 0
        level = percent_of_byte(raw)
    known = (
        level is not None and 0 < level <= 100 and not external and not flag(document.get("batteryLevelUnavailable"))
    )
    return {"battery_percent": level if known else None, "external_power": external}
