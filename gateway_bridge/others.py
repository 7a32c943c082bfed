"""Small parsers of further network servers, each written to the messages that its vendor or a public project shows.

AWS: docs.aws.amazon.com "Format of uplink messages from LoRaWAN devices" and aws-samples/aws-iot-core-lorawan.
Tektelic: tago-io/decoders. The rest: the fixtures of eclipse-hono/hono `adapters/lora`.
"""

from collections.abc import Callable

from gateway_bridge.assemble import Context, Device, Frame, Names, ignored, reception, uplink
from gateway_bridge.fields import (
    JsonObject,
    base64_bytes,
    counter,
    dev_addr,
    eui,
    first,
    flag,
    hertz,
    hex_bytes,
    integer,
    number,
    objects,
    port,
    required,
    spreading_label,
    sub,
    text,
)
from gateway_bridge.strict_json import load_object
from gateway_bridge.times import epoch_ms, parse_time
from gateway_bridge.topics import event_name
from gateway_bridge.uplink import EnvelopeError, Event, Hints, Reception


def parse_aws(context: Context) -> list[Event]:
    """AWS IoT Core for LoRaWAN, with the names of its preview and the slips of its documents."""
    document = load_object(context.message.payload)
    radio = required(
        required(document, "WirelessMetadata" if "WirelessMetadata" in document else "Metadata"), "LoRaWAN"
    )
    server_ms = parse_time(radio.get("Timestamp"))
    index = integer(radio.get("DataRate"))
    data_rate = spreading_label(radio.get("SpreadingFactor"), radio.get("Bandwidth"))
    data_rate = data_rate or (f"DR{index}" if index is not None else None)
    frame = Frame(
        f_cnt=counter(radio.get("FCnt")),
        f_port=port(first(radio, "FPort", "Fport")),
        payload=base64_bytes(document.get("PayloadData")),
        confirmed=text(radio.get("MType")) == "ConfirmedDataUp",
        data_rate=data_rate,
        frequency_hz=hertz(radio.get("Frequency"), 1),
        gateways=tuple(_aws_reception(item, data_rate) for item in objects(radio.get("Gateways"))),
        times=((server_ms, "server"),),
        server_ms=server_ms,
    )
    name = text(first(document, "WirelessDeviceId", "DeviceId"))
    device = Device(eui(first(radio, "DevEui", "DevEUI")), "", name, dev_addr(radio.get("DevAddr")))
    return [uplink(context, device, frame)]


def _aws_reception(item: JsonObject, data_rate: str | None) -> Reception:
    preview = "GatewayEUI" in item
    names = Names("GatewayEUI", "RSSI", "SNR") if preview else Names("GatewayEui", "Rssi", "Snr")
    return reception(item, names, data_rate)


def parse_everynet(context: Context) -> list[Event]:
    """Everynet data messages: times are float seconds, three clocks in one message."""
    document = load_object(context.message.payload)
    params, meta = required(document, "params"), required(document, "meta")
    device = Device(
        eui(meta.get("device")),
        text(meta.get("application")),
        text(meta.get("device")),
        dev_addr(meta.get("device_addr")),
    )
    if document.get("type") != "uplink":
        return ignored(context, text(document.get("type")), "unknown_event", device)
    radio = sub(params, "radio")
    modulation, hardware = sub(radio, "modulation"), sub(radio, "hardware")
    data_rate = spreading_label(modulation.get("spreading"), modulation.get("bandwidth"))
    server_ms = epoch_ms(number(meta.get("time")), 1)
    gateway_ms = epoch_ms(number(radio.get("time")), 1)
    heard = {**hardware, **sub(hardware, "gps"), "gateway": meta.get("gateway")}
    encrypted = params.get("payload") is None and params.get("encrypted_payload") is not None
    frame = Frame(
        f_cnt=counter(params.get("counter_up")),
        f_port=port(params.get("port")),
        payload=base64_bytes(params.get("encrypted_payload" if encrypted else "payload")),
        encrypted=encrypted,
        confirmed=flag(params.get("confirmed")),
        data_rate=data_rate,
        frequency_hz=hertz(radio.get("freq"), 1e6),
        gateways=(reception(heard, Names("gateway", latitude="lat", longitude="lng"), data_rate, gateway_ms),),
        times=((epoch_ms(number(params.get("rx_time")), 1), "server"), (server_ms, "server"), (gateway_ms, "gateway")),
        server_ms=server_ms,
        event_id=text(meta.get("packet_id")),
    )
    return [uplink(context, device, frame)]


def parse_firefly(context: Context) -> list[Event]:
    """Firefly packets; `inserted_at` has no zone and is UTC."""
    document = load_object(context.message.payload)
    found, server = required(document, "device"), sub(document, "server_data")
    packet = sub(document, "parsed_packet")
    server_ms = parse_time(document.get("inserted_at"))
    data_rate = text(server.get("datr")) or spreading_label(document.get("spreading_factor"), document.get("bandwidth"))
    gateways = tuple(
        reception(item, Names("gweui", snr="lsnr"), data_rate, parse_time(item.get("time")))
        for item in objects(server.get("gwrx"))
    )
    frame = Frame(
        f_cnt=counter(first(document, "frame_counter", "fcnt")),
        f_port=port(document.get("port")),
        payload=hex_bytes(document.get("payload")),
        encrypted=flag(document.get("payload_encrypted")),
        confirmed=text(first({**server, **packet}, "mtype")) == "confirmed_data_up",
        data_rate=data_rate,
        frequency_hz=hertz(server.get("freq"), 1e6),
        gateways=gateways,
        times=((server_ms, "server"), *((gateway.gateway_ms, "gateway") for gateway in gateways)),
        server_ms=server_ms,
        event_id=text(document.get("uid")),
        hints=Hints(text(found.get("name"))),
    )
    address = dev_addr(found.get("address")) or dev_addr(server.get("dev_addr_hex"))
    name, organization = text(found.get("name")), text(found.get("organization_id"))
    return [uplink(context, Device(eui(found.get("eui")), organization, name, address), frame)]


def parse_orbiwise(context: Context) -> list[Event]:
    """Orbiwise: counters as text, the DevAddr as a number, frequencies in millionths of a hertz."""
    document = load_object(context.message.payload)
    if "deveui" not in document or "dataFrame" not in document:
        raise EnvelopeError("bad_envelope", "no deveui with dataFrame")
    data_rate = text(document.get("dr_used")) or spreading_label(document.get("sf_used"))
    server_ms = parse_time(document.get("timestamp"))
    read = hex_bytes if document.get("data_format") == "hex" else base64_bytes
    frame = Frame(
        f_cnt=counter(document.get("fcnt")),
        f_port=port(document.get("port")),
        payload=read(document.get("dataFrame")),
        session_id=text(document.get("session_id")),
        encrypted=document.get("decrypted") is False,
        confirmed=flag(document.get("confirmed")),
        data_rate=data_rate,
        frequency_hz=hertz(document.get("freq"), 1e-6),
        gateways=tuple(reception(item, Names("gtw_id"), data_rate) for item in objects(document.get("gtw_info"))),
        times=((server_ms, "server"),),
        server_ms=server_ms,
    )
    found = document["deveui"]
    return [uplink(context, Device(eui(found), "", text(found), dev_addr(document.get("devaddr"))), frame)]


def parse_tektelic(context: Context) -> list[Event]:
    """Tektelic: the payload comes decoded, the frame itself doesn't come at all."""
    document = load_object(context.message.payload)
    head = required(document, "payloadMetaData")
    found, account = sub(head, "deviceMetaData"), sub(head, "applicationMetaData")
    heard = objects(head.get("gatewayMetaDataList"))
    radio = sub(heard[0], "rxInfo") if heard else {}
    rate = sub(radio, "dataRate")
    data_rate = spreading_label(rate.get("spreadFactor"), rate.get("bandwidth"))
    gateways = tuple(
        reception({**sub(item, "rxInfo"), **item}, Names("mac", snr="loRaSNR"), data_rate, _gateway_time(item))
        for item in heard
    )
    payload = document.get("payload")
    frame = Frame(
        f_cnt=counter(head.get("fcount")),
        f_port=port(head.get("fport")),
        payload=base64_bytes(payload) if isinstance(payload, str) else b"",
        decoded=payload if isinstance(payload, dict) else None,
        data_rate=data_rate,
        frequency_hz=hertz(radio.get("frequency"), 1),
        gateways=gateways,
        times=tuple((gateway.gateway_ms, "gateway") for gateway in gateways),
        hints=Hints(text(found.get("name")), text(account.get("name"))),
    )
    return [
        uplink(context, Device(eui(found.get("deviceEUI")), text(account.get("name")), text(found.get("name"))), frame)
    ]


def _gateway_time(item: JsonObject) -> int | None:
    return parse_time(sub(item, "rxInfo").get("time"))


def parse_ttn2(context: Context) -> list[Event]:
    """The Things Network v2 (retired in public, private stacks remain); topics end in `up`."""
    document = load_object(context.message.payload)
    if "dev_id" not in document and "hardware_serial" not in document:
        raise EnvelopeError("bad_envelope", "no dev_id and no hardware_serial")
    application, name = text(document.get("app_id")), text(document.get("dev_id"))
    device = Device(eui(document.get("hardware_serial")), application, name)
    if "metadata" not in document and "payload_raw" not in document:
        return ignored(context, event_name(context.message.topic), "unknown_event", device)
    radio = sub(document, "metadata")
    data_rate = text(radio.get("data_rate")) or None
    if radio.get("modulation") == "FSK":
        data_rate = f"FSK{integer(radio.get('bit_rate')) or 0}"
    server_ms = parse_time(radio.get("time"))
    decoded = document.get("payload_fields")
    frame = Frame(
        f_cnt=counter(document.get("counter")),
        f_port=port(document.get("port")),
        payload=base64_bytes(document.get("payload_raw")),
        decoded=decoded if isinstance(decoded, dict) and decoded else None,
        confirmed=flag(document.get("confirmed")),
        data_rate=data_rate,
        frequency_hz=hertz(radio.get("frequency"), 1e6),
        gateways=tuple(
            reception(item, Names("gtw_id"), data_rate, parse_time(item.get("time")))
            for item in objects(radio.get("gateways"))
        ),
        times=((server_ms, "server"),),
        server_ms=server_ms,
        hints=Hints(name, application),
    )
    return [uplink(context, device, frame)]


PARSERS: dict[str, Callable[[Context], list[Event]]] = {
    "aws": parse_aws,
    "everynet": parse_everynet,
    "firefly": parse_firefly,
    "orbiwise": parse_orbiwise,
    "tektelic": parse_tektelic,
    "ttn2": parse_ttn2,
}
