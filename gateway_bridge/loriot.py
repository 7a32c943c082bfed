"""LORIOT data messages (MQTT, websocket, HTTP). Source: docs.loriot.io, "Uplink Data Message".

The same frame may come twice: `rx` at once, `gw` later with all gateways. Both are uplinks with an equal frame
identity.
"""

from gateway_bridge.assemble import Context, Device, Frame, Names, ignored, reception, uplink
from gateway_bridge.fields import (
    JsonObject,
    counter,
    dev_addr,
    eui,
    flag,
    hertz,
    hex_bytes,
    number,
    objects,
    percent_of_byte,
    port,
    text,
)
from gateway_bridge.strict_json import load_object
from gateway_bridge.times import epoch_ms, parse_time
from gateway_bridge.uplink import EnvelopeError, Event, Reception

_NAMES = Names("gweui", latitude="lat", longitude="lon")


def parse(context: Context) -> list[Event]:
    """The events of one LORIOT message. EnvelopeError when it isn't one."""
    document = load_object(context.message.payload)
    command = text(document.get("cmd"))
    if not command:
        raise EnvelopeError("bad_envelope", "no cmd")
    device = Device(eui(document.get("EUI")), "", text(document.get("EUI")), dev_addr(document.get("devaddr")))
    if command not in ("rx", "gw"):
        return ignored(context, command, "unknown_event", device)
    return [_uplink(context, device, document)]


def _uplink(context: Context, device: Device, document: JsonObject) -> Event:
    encrypted = "data" not in document and "encdata" in document
    data_rate = _data_rate(text(document.get("dr")))
    server_ms = epoch_ms(number(document.get("ts")), 1000)
    frame = Frame(
        f_cnt=counter(document.get("fcnt")),
        f_port=port(document.get("port")),
        payload=hex_bytes(document.get("encdata" if encrypted else "data")),
        encrypted=encrypted,
        confirmed=flag(document.get("confirmed")),
        data_rate=data_rate,
        frequency_hz=hertz(document.get("freq"), 1),
        gateways=_receptions(document, data_rate),
        times=((server_ms, "server"),),
        server_ms=server_ms,
        battery_percent=percent_of_byte(document.get("bat")),
    )
    return uplink(context, device, frame)


def _data_rate(label: str) -> str | None:
    """`SF7 BW125 4/5` without the code rate and blanks."""
    return "".join(part for part in label.split() if "/" not in part) or None


def _receptions(document: JsonObject, data_rate: str | None) -> tuple[Reception, ...]:
    """All gateways of `gw`; of `rx` the signal of one that isn't named (empty id)."""
    heard = objects(document.get("gws"))
    if heard:
        return tuple(reception(item, _NAMES, data_rate, parse_time(item.get("time"))) for item in heard)
    return (reception(document, _NAMES, data_rate),) if "rssi" in document else ()
