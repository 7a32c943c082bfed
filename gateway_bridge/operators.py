"""Small parsers for operators' platforms (KPN, Objenious, Orange, Proximus) and for MultiTech's gateways.

Written to the messages that public projects show: KPN's SenML arrays as in tago-io/decoders, the rest as in the
fixtures of eclipse-hono/hono `adapters/lora`.
"""

from collections.abc import Callable

from gateway_bridge.assemble import Context, Device, Frame, Names, Notice, ignored, network_event, reception, uplink
from gateway_bridge.fields import (
    base64_bytes,
    counter,
    dev_addr,
    eui,
    first,
    hertz,
    hex_bytes,
    number,
    objects,
    port,
    position,
    required,
    spreading_label,
    sub,
    text,
)
from gateway_bridge.strict_json import load, load_object
from gateway_bridge.times import epoch_ms, parse_time
from gateway_bridge.topics import event_name
from gateway_bridge.uplink import EnvelopeError, Event, Hints


def parse_kpn(context: Context) -> list[Event]:
    """KPN Things SenML: an array of records decoded by KPN, or the raw payload and port as records of their own."""
    records = load(context.message.payload)
    if not isinstance(records, list) or not records or not isinstance(records[0], dict) or "bn" not in records[0]:
        raise EnvelopeError("bad_envelope", "no SenML array with a base name")
    name = text(records[0]["bn"]).rstrip(":").rpartition(":")[2]
    device = Device(eui(name), "", name)
    server_ms = epoch_ms(number(records[0].get("bt")), 1)
    values = {text(item.get("n")): first(item, "v", "vs", "vb") for item in objects(records) if "n" in item}
    if "locOrigin" in values:
        latitude, longitude = position(values.get("latitude"), values.get("longitude"))
        place = {"latitude": latitude, "longitude": longitude, "altitude": 0.0}
        notice = Notice(kind="location", event="location", times=((server_ms, "server"),), values=place)
        return [network_event(context, device, notice)]
    raw = values.pop("payload", None)
    frame = Frame(
        f_cnt=counter(values.pop("fCnt", None)),
        f_port=port(values.pop("port", None)),
        payload=hex_bytes(raw),
        decoded=values or None,
        times=((server_ms, "server"),),
        server_ms=server_ms,
    )
    return [uplink(context, device, frame)]


def parse_objenious(context: Context) -> list[Event]:
    """Objenious (Bouygues): uplinks and joins; the payload in clear is hex."""
    document = load_object(context.message.payload)
    properties, radio = required(document, "device_properties"), sub(document, "protocol_data")
    name, group = text(document.get("device_id")), text(document.get("group_id"))
    device = Device(eui(properties.get("deveui")), group, name, dev_addr(radio.get("DevAddr")))
    server_ms = parse_time(document.get("timestamp"))
    kind = text(document.get("type"))
    if kind == "join":
        notice = Notice(kind="join", event=kind, times=((server_ms, "server"),), event_id=text(document.get("id")))
        return [network_event(context, device, notice)]
    if kind != "uplink":
        return ignored(context, kind, "unknown_event", device)
    clear = document.get("payload_cleartext")
    encrypted = clear is None and document.get("payload_encrypted") is not None
    data_rate = spreading_label(radio.get("sf"))
    frame = Frame(
        f_cnt=counter(document.get("count")),
        f_port=port(radio.get("port")),
        payload=hex_bytes(document["payload_encrypted"] if encrypted else clear),
        encrypted=encrypted,
        data_rate=data_rate,
        gateways=(reception(radio, Names("best_gateway_id"), data_rate),),
        times=((server_ms, "server"),),
        server_ms=server_ms,
        event_id=text(document.get("id")),
    )
    return [uplink(context, device, frame)]


def parse_orange(context: Context) -> list[Event]:
    """Orange Live Objects: the frame under `value`, the radio under `metadata.network.lora`; gateways aren't named."""
    document = load_object(context.message.payload)
    radio = required(sub(required(document, "metadata"), "network"), "lora")
    value = sub(document, "value")
    data_rate = spreading_label(radio.get("sf"))
    server_ms = parse_time(document.get("created"))
    decoded = {key: item for key, item in value.items() if key != "payload"}
    heard = {**radio, **sub(radio, "location"), "gateway": ""}
    frame = Frame(
        f_cnt=counter(radio.get("fcnt")),
        f_port=port(radio.get("port")),
        payload=hex_bytes(value.get("payload")),
        decoded=decoded or None,
        confirmed=text(radio.get("messageType")).startswith("CONFIRMED"),
        data_rate=data_rate,
        frequency_hz=hertz(radio.get("frequency"), 1e6),
        # The place in the message is an estimate of the device's, not a gateway's.
        gateways=(reception(heard, Names("gateway", latitude="-", longitude="-"), data_rate),),
        times=((parse_time(document.get("timestamp")), "server"), (server_ms, "server")),
        server_ms=server_ms,
        event_id=text(document.get("id")),
    )
    return [uplink(context, Device(eui(radio.get("devEUI")), "", text(document.get("streamId"))), frame)]


def parse_proximus(context: Context) -> list[Event]:
    """Proximus: everything is text, an empty one means absent; times are epoch seconds."""
    document = load_object(context.message.payload)
    if "DevEUI" not in document or "payload" not in document:
        raise EnvelopeError("bad_envelope", "no DevEUI with payload")
    server_ms = epoch_ms(number(document.get("timestamp")), 1)
    data_rate = spreading_label(document.get("Spfact"))
    container = text(document.get("containerFriendlyName"))
    value = document.get("value")
    battery = number(document.get("Batterylevel"))
    frame = Frame(
        f_cnt=counter(document.get("Fcntup")),
        f_port=port(document.get("FPort")),
        payload=hex_bytes(document.get("payload")),
        decoded={container: value} if container and value not in (None, "") else None,
        data_rate=data_rate,
        gateways=(reception(document, Names("Lrrid", "Lrrrssi", "Lrrsnr", "-", "-"), data_rate),),
        times=((server_ms, "server"),),
        server_ms=server_ms,
        battery_percent=battery if battery is not None and 0 < battery <= 100 else None,
        hints=Hints(
            text(document.get("thingName")), text(document.get("companyName")), text(document.get("thingType"))
        ),
    )
    found = document["DevEUI"]
    device = Device(eui(found), text(document.get("Customerid")), text(found), dev_addr(document.get("DevAddr")))
    return [uplink(context, device, frame)]


_CONDUIT_EVENTS = frozenset({"init", "close", "disconnected"})


def parse_multitech(context: Context) -> list[Event]:
    """MultiTech Conduit: the gateway's own broker or app-connect; its clock is the gateway's."""
    document = load_object(context.message.payload)
    found = first(document, "deveui", "devEUI")
    device = Device(eui(found), text(document.get("appeui")), text(found), dev_addr(document.get("devaddr")))
    event = event_name(context.message.topic)
    if found is None:
        if event in _CONDUIT_EVENTS:
            return ignored(context, event, "conduit_event")
        raise EnvelopeError("bad_envelope", "no deveui")
    if event == "joined":
        return [network_event(context, device, Notice(kind="join", event=event))]
    if "data" not in document and "fcnt" not in document:
        return ignored(context, event, "unknown_event", device)
    data_rate = text(document.get("datr")) or None
    gateway_ms = parse_time(document.get("time"))
    frame = Frame(
        f_cnt=counter(document.get("fcnt")),
        f_port=port(document.get("port")),
        payload=base64_bytes(document.get("data")),
        data_rate=data_rate,
        frequency_hz=hertz(document.get("freq"), 1e6),
        gateways=(reception(document, Names("gweui", snr="lsnr"), data_rate, gateway_ms),),
        times=((gateway_ms, "gateway"),),
    )
    return [uplink(context, device, frame)]


PARSERS: dict[str, Callable[[Context], list[Event]]] = {
    "kpn": parse_kpn,
    "multitech": parse_multitech,
    "objenious": parse_objenious,
    "orange": parse_orange,
    "proximus": parse_proximus,
}
