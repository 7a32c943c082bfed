"""Kerlink Wanesy Management Center uplinks (`dataUp`), and the short form of a customised content type.

Source: wikikerlink.fr, Wanesy API migration guide; eclipse-hono/hono `adapters/lora`.
"""

from gateway_bridge.assemble import Context, Device, Frame, Names, reception, uplink
from gateway_bridge.fields import (
    JsonObject,
    base64_bytes,
    counter,
    dev_addr,
    eui,
    flag,
    hertz,
    hex_bytes,
    number,
    objects,
    port,
    sub,
    text,
)
from gateway_bridge.strict_json import load_object
from gateway_bridge.times import epoch_ms
from gateway_bridge.uplink import EnvelopeError, Event

_NAMES = Names("gwEui")


def parse(context: Context) -> list[Event]:
    """The events of one Wanesy message. EnvelopeError when it isn't one."""
    document = load_object(context.message.payload)
    if isinstance(document.get("endDevice"), dict):
        return [_data_up(context, document)]
    if "devEui" in document and isinstance(document.get("userdata"), dict):
        return [_short_form(context, document)]
    raise EnvelopeError("bad_envelope", "no endDevice")


def _data_up(context: Context, document: JsonObject) -> Event:
    end_device = sub(document, "endDevice")
    cluster = text(sub(end_device, "cluster").get("id"))
    address = dev_addr(end_device.get("devAddr"))
    device = Device(eui(end_device.get("devEui")), cluster, text(end_device.get("devEui")), address)
    data_rate = text(document.get("dataRate")) or None
    server_ms = epoch_ms(number(document.get("recvTime")), 1000)
    gateway_ms = epoch_ms(number(document.get("gwRecvTime")), 1000)
    read = hex_bytes if text(document.get("encodingType")) in ("", "HEXA") else base64_bytes
    frame = Frame(
        f_cnt=counter(document.get("fCntUp")),
        f_port=port(document.get("fPort")),
        payload=read(document.get("payload")),
        encrypted=flag(document.get("encrypted")),
        confirmed=flag(document.get("confirmed")),
        data_rate=data_rate,
        frequency_hz=hertz(document.get("ulFrequency"), 1e6),
        gateways=tuple(reception(item, _NAMES, data_rate, gateway_ms) for item in objects(document.get("gwInfo"))),
        times=((gateway_ms, "gateway"), (server_ms, "server")),
        server_ms=server_ms,
        event_id=text(document.get("id")),
        buffered=flag(document.get("delayed")),
    )
    return uplink(context, device, frame)


def _short_form(context: Context, document: JsonObject) -> Event:
    userdata = sub(document, "userdata")
    frame = Frame(
        f_cnt=counter(userdata.get("seqno")),
        f_port=port(userdata.get("port")),
        payload=base64_bytes(userdata.get("payload")),
    )
    return uplink(context, Device(eui(document["devEui"]), "", text(document["devEui"])), frame)
