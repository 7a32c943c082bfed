"""Decoded values of one frame become records: grouped and placed, with fill levels. Pure."""

import math
from collections.abc import Callable

from msgspec import Struct

from decoders.value import Decoded, DecodedValue
from decoders.vocabulary import QUANTITIES
from gateway_bridge.uplink import NetworkEvent, Reception, UplinkEvent
from pipeline.fill import fill_level
from pipeline.inventory import Container, Placement
from pipeline.reading import FieldValue, Record, Tags

LATE_MS = 5 * 60 * 1000
_GENERIC = {name for name, quantity in QUANTITIES.items() if quantity.domain == "generic"}


class Told(Struct, frozen=True, array_like=True, gc=False):
    """One value of one quantity as `latest` keeps it: what was told last, when (Unix ms), and how good it is."""

    quantity: str
    channel: str
    value: FieldValue | None
    """None when the device told of a fault only."""
    time_ms: int
    quality: str


class _Group:
    """One record in the making."""

    __slots__ = ("fields", "historical", "placement", "qualities")

    def __init__(self, historical: bool, placement: Placement) -> None:
        self.placement = placement
        self.fields: dict[str, FieldValue] = {}
        self.qualities: dict[str, str] = {}
        self.historical = historical


_Key = tuple[str, str, int]  # measurement, channel, time
Where = Callable[[str, int], tuple[Placement, str]]
"""Channel and time (Unix ms) -> where the device was then, and the measurement of its readings there."""


def convert(
    event: UplinkEvent, time_ms: int, here: tuple[Placement, str], where: Where, decoded: Decoded | None, decoder: str
) -> tuple[list[Record], list[Told]]:
    """The frame's records (readings first, then the radio record) and what they tell about the present.

    `time_ms` is the frame's own time, `here` the placement and measurement valid then; `where` answers for channels and
    for values that bring a time of their own, which become historical records.
    """
    past = event.retained or event.backfilled
    groups = _group(decoded, time_ms, here, where, past) if decoded is not None else {}
    records: list[Record] = []
    told: list[Told] = []
    for (measurement, channel, at), group in groups.items():
        fields, qualities = group.fields, group.qualities
        container = group.placement.container
        if container is not None and "distance" in fields and "fill_level" not in fields:
            _add_fill(fields, qualities, container)
        if not qualities:
            told += [Told(name, channel, value, at, "ok") for name, value in fields.items()]
        else:
            told += [Told(name, channel, value, at, qualities.get(name, "ok")) for name, value in fields.items()]
            told += [
                Told(name, channel, None, at, quality) for name, quality in qualities.items() if name not in fields
            ]
            fields["quality"] = " ".join(f"{name}={quality}" for name, quality in qualities.items())
        fields["historical"] = group.historical
        fields["late"] = event.received_ms - at > LATE_MS
        fields["time_source"] = "device" if group.historical and not past else event.time_source
        fields["decoder"] = decoder
        records.append(Record(measurement, group.placement.tags, channel, at, fields))
    tags = here[0].tags
    records.append(_radio(event, time_ms, tags))
    if event.battery_percent is not None:
        told.append(Told("battery_level", "", event.battery_percent, time_ms, "ok"))
        records.append(_health({"battery_level": event.battery_percent}, event, time_ms, tags, past))
    return records, told


def _group(decoded: Decoded, time_ms: int, here: tuple[Placement, str], where: Where, past: bool) -> dict[_Key, _Group]:
    simple = _one_record(decoded, past, here[0])
    if simple is not None:
        return {(here[1], "", time_ms): simple}
    groups: dict[_Key, _Group] = {}
    for v in decoded.values:
        at = time_ms if v.time_ms is None else v.time_ms
        placement, kind = here if at == time_ms and not v.channel else where(v.channel, at)
        measurement = "generic" if v.quantity in _GENERIC else kind
        group = _free_group(groups, measurement, v, at, past, placement)
        if v.value is not None:
            group.fields[v.quantity] = v.value
        if v.quality != "ok":
            group.qualities[v.quantity] = v.quality
    return groups


def _one_record(decoded: Decoded, past: bool, placement: Placement) -> _Group | None:
    """The record of a frame that is one: each quantity once, no channels, no times of their own, all well."""
    group = _Group(past, placement)
    fields = group.fields
    for v in decoded.values:
        if v.channel or v.time_ms is not None or v.value is None or v.quality != "ok":
            return None
        fields[v.quantity] = v.value
    return group if fields and len(fields) == len(decoded.values) and _GENERIC.isdisjoint(fields) else None


def _free_group(
    groups: dict[_Key, _Group], measurement: str, v: DecodedValue, at: int, past: bool, placement: Placement
) -> _Group:
    """The record that has room for the value: several events of one frame stay several records, 1 ms apart."""
    key = (measurement, v.channel, at)
    group = groups.get(key)
    while group is not None and (v.quantity in group.fields or v.quantity in group.qualities):
        key = (measurement, v.channel, key[2] + 1)
        group = groups.get(key)
    if group is None:
        group = groups[key] = _Group(past or v.time_ms is not None, placement)
    return group


def _add_fill(fields: dict[str, FieldValue], qualities: dict[str, str], container: Container) -> None:
    percent, quality = fill_level(float(fields["distance"]), container, bool(fields.get("tilt_alarm", False)))
    if percent is not None:
        fields["fill_level"] = percent
        fields["fill_level_source"] = "computed"
    if quality != "ok":
        qualities["fill_level"] = quality


def _radio(event: UplinkEvent, time_ms: int, tags: Tags) -> Record:
    fields: dict[str, FieldValue] = {
        "f_port": float(event.f_port),
        "gateways": float(len(event.gateways)),
        "lag": (event.received_ms - time_ms) / 1000,
        "late": event.received_ms - time_ms > LATE_MS,
        "time_source": event.time_source,
        "time_suspect": event.time_suspect,
    }
    if event.f_cnt is not None:
        fields["f_cnt"] = float(event.f_cnt)
    best = best_reception(event.gateways)
    if best is not None:
        fields["rssi"] = float(best.rssi)
        fields["gateway"] = best.gateway_id
        if best.snr is not None:
            fields["snr"] = float(best.snr)
    if event.data_rate is not None:
        fields["data_rate"] = event.data_rate
    if event.frequency_hz is not None:
        fields["frequency"] = float(event.frequency_hz)
    return Record("uplink", tags, "", time_ms, fields)


def best_reception(gateways: tuple[Reception, ...]) -> Reception | None:
    """The gateway that heard the frame best: by SNR, where there is none by RSSI."""
    best = None
    top = (-math.inf, -math.inf)
    for one in gateways:
        heard = (-99.0 if one.snr is None else one.snr, one.rssi)
        if heard > top:
            best, top = one, heard
    return best


def _health(
    values: dict[str, FieldValue], event: UplinkEvent | NetworkEvent, time_ms: int, tags: Tags, past: bool
) -> Record:
    fields: dict[str, FieldValue] = {
        **values,
        "historical": past,
        "late": event.received_ms - time_ms > LATE_MS,
        "time_source": event.time_source,
        "decoder": event.lns,
    }
    return Record("device_health", tags, "", time_ms, fields)


def convert_status(event: NetworkEvent, placement: Placement) -> tuple[list[Record], list[Told]]:
    """A network server's device status (battery, margin, external power) as a `device_health` record; empty if it says
    nothing."""
    names = (("battery_percent", "battery_level"), ("margin_db", "radio_margin"), ("external_power", "external_power"))
    values: dict[str, FieldValue] = {}
    for theirs, ours in names:
        value = event.values.get(theirs)
        if isinstance(value, bool) or not isinstance(value, int | float):
            if isinstance(value, bool):
                values[ours] = value
            continue
        values[ours] = float(value)
    if not values:
        return [], []
    told = [Told(name, "", value, event.event_ms, "ok") for name, value in values.items()]
    return [_health(values, event, event.event_ms, placement.tags, event.retained)], told
