"""Actility ThingPark uplinks, notifications and locations, by HTTP or IoT Flow.

Source: docs.thingpark.com, ThingPark X messages. Numbers may be texts, lists of one may be single objects, and the
root `DevEUI_uplink` may be left out.
"""

from typing import Any

from gateway_bridge.assemble import Context, Device, Frame, Names, Notice, ignored, network_event, reception, uplink
from gateway_bridge.fields import (
    JsonObject,
    counter,
    dev_addr,
    eui,
    flag,
    hertz,
    hex_bytes,
    integer,
    number,
    objects,
    percent_of_byte,
    port,
    position,
    sub,
    text,
)
from gateway_bridge.strict_json import load_object
from gateway_bridge.times import Candidate, parse_time
from gateway_bridge.uplink import EnvelopeError, Event, Hints, Reception

_NAMES = Names("Lrrid", "LrrRSSI", "LrrSNR", "LrrLAT", "LrrLON")
_ROOTS = ("DevEUI_uplink", "DevEUI_notification", "DevEUI_location", "DevEUI_downlink_Sent")


def parse(context: Context) -> list[Event]:
    """The events of one ThingPark message. EnvelopeError when it isn't one."""
    document = load_object(context.message.payload)
    for root in _ROOTS:
        if isinstance(document.get(root), dict):
            return _by_root(context, root, document[root])
    if "DevEUI" in document and ("payload_hex" in document or "FCntUp" in document):
        return _by_root(context, "DevEUI_uplink", document)
    if "deviceEUI" in document and isinstance(document.get("coordinates"), list):
        return [_location_report(context, document)]
    unknown = next((key for key in document if key.startswith("DevEUI_")), "")
    if not unknown:
        raise EnvelopeError("bad_envelope", "no DevEUI_uplink and no DevEUI with payload_hex")
    return ignored(context, unknown, "unknown_event")


def _by_root(context: Context, root: str, document: JsonObject) -> list[Event]:
    device = Device(
        eui(document.get("DevEUI")),
        text(document.get("CustomerID")),
        text(document.get("DevEUI")),
        dev_addr(document.get("DevAddr")),
    )
    if root == "DevEUI_uplink":
        return [_uplink(context, device, document)]
    if root == "DevEUI_notification":
        return [_notification(context, device, document)]
    if root == "DevEUI_location":
        place = _place(document.get("DevLAT"), document.get("DevLON"), document.get("DevAlt"))
        return [network_event(context, device, _notice(document, "location", "location", place))]
    values = {"f_cnt_down": counter(document.get("FCntDn")) or 0}
    return [network_event(context, device, _notice(document, "downlink", "downlink_sent", values))]


def _uplink(context: Context, device: Device, document: JsonObject) -> Event:
    spreading = integer(document.get("SpFact"))
    buffered = flag(document.get("Late"))
    frame = Frame(
        f_cnt=counter(document.get("FCntUp")),
        f_port=port(document.get("FPort")),
        payload=hex_bytes(document.get("payload_hex")),
        decoded=_decoded(document),
        confirmed=integer(document.get("MType")) == 4,
        # Above 12 the figure stands for rates that aren't LoRa; the bandwidth is never told.
        data_rate=f"SF{spreading}" if spreading is not None and 5 <= spreading <= 12 else None,
        frequency_hz=hertz(document.get("Frequency"), 1e6),
        gateways=_receptions(document),
        times=_times(document),
        buffered=buffered,
        hints=_hints(document),
    )
    return uplink(context, device, frame)


def _receptions(document: JsonObject) -> tuple[Reception, ...]:
    """The best base station's place stands at the top level; the list names them all."""
    best = text(document.get("Lrrid"))
    heard = objects(sub(document, "Lrrs").get("Lrr"))
    if not heard:
        return (reception(document, _NAMES, None),) if best else ()
    place = {key: document[key] for key in ("LrrLAT", "LrrLON") if key in document}
    return tuple(
        reception({**place, **item} if text(item.get("Lrrid")) == best else item, _NAMES, None) for item in heard
    )


def _times(document: JsonObject) -> tuple[Candidate, ...]:
    return ((parse_time(document.get("Time")), "gateway"),)


def _decoded(document: JsonObject) -> dict[str, Any] | None:
    """What ThingPark X decoded: the driver's `payload`, else the `points` by name."""
    if isinstance(document.get("payload"), dict):
        return dict(document["payload"])
    points = {name: point.get("record") for name, point in sub(document, "points").items() if isinstance(point, dict)}
    return points or None


def _hints(document: JsonObject) -> Hints:
    customer, model = sub(document, "CustomerData"), sub(sub(document, "DriverCfg"), "mod")
    profile = f"{text(model.get('pId'))}/{text(model.get('mId'))}" if model else text(sub(customer, "alr").get("pro"))
    return Hints(text(customer.get("name")), text(document.get("CustomerID")), profile)


def _notice(document: JsonObject, kind: str, event: str, values: dict[str, Any], code: str = "") -> Notice:
    return Notice(kind=kind, event=event, times=_times(document), code=code, values=values, hints=_hints(document))


def _notification(context: Context, device: Device, document: JsonObject) -> Event:
    kind = text(document.get("Type"))
    if kind == "join":
        return network_event(context, device, _notice(document, "join", "join", {}))
    if kind == "devstatusans":
        raw = integer(document.get("Var1"))
        values: dict[str, Any] = {"battery_percent": percent_of_byte(raw), "external_power": raw == 0}
        values["margin_db"] = integer(document.get("Var2"))
        return network_event(context, device, _notice(document, "status", "devstatusans", values))
    if kind == "reset":
        return network_event(context, device, _notice(document, "log", "reset", {}, "RESET"))
    return network_event(context, device, _notice(document, "ignored", kind, {}, "unknown_event"))


def _place(latitude: object, longitude: object, altitude: object) -> dict[str, Any]:
    lat, lon = position(latitude, longitude)
    return {"latitude": lat, "longitude": lon, "altitude": number(altitude) or 0.0}


def _location_report(context: Context, document: JsonObject) -> Event:
    """A report of ThingPark's location engine: a place (longitude first), never an uplink."""
    longitude, latitude, altitude = (*document["coordinates"], None, None, None)[:3]
    notice = Notice(
        kind="location",
        event="location",
        times=((parse_time(document.get("time")), "server"),),
        values=_place(latitude, longitude, altitude),
        hints=Hints(text(sub(document, "customerData").get("name")), text(document.get("customerId"))),
    )
    return network_event(context, Device(eui(document["deviceEUI"])), notice)
