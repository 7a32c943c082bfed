"""Devices and their newest values as they go over the wire. Pure: no clock, no socket."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from api.plan import kind_of, unit_of
from api.times import rfc3339
from pipeline.convert import Told
from pipeline.inventory import Inventory, Placement
from pipeline.latest import DeviceLatest, LatestRadio


class Roster:
    """Device keys in order, sorted once an inventory."""

    def __init__(self) -> None:
        self._inventory: Inventory | None = None
        self._keys: list[str] = []

    def after(self, inventory: Inventory, cursor: str | None) -> Iterator[str]:
        """The keys behind the cursor; all without one. The cursor's device need not exist any more."""
        if inventory is not self._inventory:
            self._inventory, self._keys = inventory, sorted(inventory.devices)
        keys = self._keys
        start = 0 if cursor is None else bisect_right(keys, cursor)
        return (keys[i] for i in range(start, len(keys)))


class LatestFilter(Struct, frozen=True):
    """What `/latest` was asked for; empty: everything."""

    devices: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    quantities: tuple[str, ...] = ()

    def takes(self, placement: Placement) -> bool:
        """Whether the device hangs where it was asked for."""
        tags = placement.tags
        return (
            (not self.devices or tags.dev_eui in self.devices)
            and (not self.districts or tags.district in self.districts)
            and (not self.zones or tags.zone in self.zones)
            and (not self.kinds or kind_of(placement) in self.kinds)
        )


def device_view(placement: Placement, latest: DeviceLatest | None) -> dict[str, Any]:
    """`schemas.DeviceView`."""
    device, tags = placement.device, placement.tags
    return {
        "dev_eui": device.dev_eui,
        "name": device.name,
        "model": tags.model,
        "decoder": device.decoder,
        "asset": _asset_view(placement),
        "last_seen": rfc3339(latest.last_seen_ms) if latest and latest.last_seen_ms else None,
        "radio": _radio_view(latest.radio) if latest and latest.radio else None,
    }


def latest_view(placement: Placement, latest: DeviceLatest | None, quantities: Sequence[str]) -> dict[str, Any]:
    """`schemas.DeviceLatestView` with the asked quantities; all when none are asked."""
    tags = placement.tags
    values = latest.values.values() if latest else ()
    asked = (value for value in values if not quantities or value.quantity in quantities)
    return {
        "dev_eui": tags.dev_eui,
        "asset": tags.asset or None,
        "kind": kind_of(placement),
        "district": tags.district or None,
        "zone": tags.zone or None,
        "values": [_value_view(value) for value in sorted(asked, key=lambda v: (v.quantity, v.channel))],
    }


def device_page(
    inventory: Inventory, latest: Mapping[str, DeviceLatest], keys: Iterable[str], now_ms: int, limit: int
) -> dict[str, Any]:
    """`schemas.DevicePage` of the first `limit` keys."""
    items: list[dict[str, Any]] = []
    for key in keys:
        placement = inventory.resolve(key, now_ms)
        if placement is None:
            continue
        if len(items) == limit:
            return _page(items, more=True)
        items.append(device_view(placement, latest.get(key)))
    return _page(items, more=False)


def latest_page(
    inventory: Inventory,
    latest: Mapping[str, DeviceLatest],
    keys: Iterable[str],
    now_ms: int,
    limit: int,
    asked: LatestFilter,
) -> dict[str, Any]:
    """`schemas.LatestPage` of the first `limit` devices that were heard and pass the filter."""
    items: list[dict[str, Any]] = []
    for key in keys:
        known = latest.get(key)
        placement = inventory.resolve(key, now_ms) if known is not None else None
        if placement is None or not asked.takes(placement):
            continue
        view = latest_view(placement, known, asked.quantities)
        if asked.quantities and not view["values"]:
            continue
        if len(items) == limit:
            return _page(items, more=True)
        items.append(view)
    return _page(items, more=False)


def _page(items: list[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    return {"items": items, "next": items[-1]["dev_eui"] if more else None}


def _asset_view(placement: Placement) -> dict[str, Any] | None:
    asset, tags = placement.asset, placement.tags
    if asset is None:
        return None
    return {
        "id": asset.id,
        "name": asset.name,
        "kind": asset.kind,
        "zone": tags.zone or None,
        "district": tags.district or None,
        "latitude": asset.latitude,
        "longitude": asset.longitude,
    }


def _radio_view(radio: LatestRadio) -> dict[str, Any]:
    return {
        "time": rfc3339(radio.time_ms),
        "rssi": radio.rssi,
        "snr": radio.snr,
        "f_cnt": radio.f_cnt,
        "data_rate": radio.data_rate,
        "gateway": radio.gateway,
        "gateways": radio.gateways,
    }


def _value_view(value: Told) -> dict[str, Any]:
    return {
        "quantity": value.quantity,
        "channel": value.channel,
        "value": value.value,
        "unit": unit_of(value.quantity),
        "time": rfc3339(value.time_ms),
        "quality": value.quality,
    }
