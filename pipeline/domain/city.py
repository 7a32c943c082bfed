"""Makes the `CityView` that planners ask from what the pipeline knows: inventory, newest values, detectors, events."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from pipeline.convert import Told
from pipeline.domain.view import AssetView, CityView, Known
from pipeline.domain.words import DERIVED_CHANNEL, DomainEvent, Facts
from pipeline.inventory import AssetKind, Assignment, Inventory
from pipeline.latest import DeviceLatest

_Channels = dict[tuple[str, str, str], Known]


def city_view(
    inventory: Inventory,
    latest: Mapping[str, DeviceLatest],
    state: Callable[[str], tuple[Any, int] | None],
    events: Iterable[DomainEvent],
    kinds: Collection[AssetKind],
    now_ms: int,
    events_from_ms: int,
) -> CityView:
    """The city's assets of these kinds as they are known now (Unix ms). `state` tells an asset's detector state and
    its time, `events` are those of the time since `events_from_ms`."""
    by_asset: dict[str, list[DomainEvent]] = defaultdict(list)
    for event in events:
        by_asset[event.asset].append(event)
    values = _values(inventory, latest, now_ms)
    assets: dict[str, AssetView] = {}
    for asset in inventory.assets.values():
        if asset.kind not in kinds:
            continue
        known, state_ms = state(asset.id) or (None, 0)
        channels = values.get(asset.id, {})
        said = tuple(sorted(by_asset.get(asset.id, ()), key=lambda event: (event.start_ms, event.id)))
        facts = Facts(asset, inventory.zones.get(asset.zone) if asset.zone else None)
        assets[asset.id] = AssetView(facts, known, state_ms, _newest(channels), channels, said)
    return CityView(now_ms, assets, inventory.zones, events_from_ms)


def _values(inventory: Inventory, latest: Mapping[str, DeviceLatest], now_ms: int) -> dict[str, _Channels]:
    """By asset the newest values of the devices that hang there now, told since they do."""
    own = {(row.dev_eui, row.channel) for row in inventory.assignments.values() if row.channel and _holds(row, now_ms)}
    found: dict[str, _Channels] = defaultdict(dict)
    for row in inventory.assignments.values():
        known = latest.get(row.dev_eui)
        if known is None or not _holds(row, now_ms):
            continue
        for told in list(known.values.values()):  # they go on changing while a view is made
            if told.value is not None and told.time_ms >= row.start_ms and _belongs(row, told, own):
                found[row.asset][told.quantity, told.channel, row.dev_eui] = Known(
                    told.value, told.time_ms, row.dev_eui, told.channel, told.quality
                )
    return found


def _holds(row: Assignment, now_ms: int) -> bool:
    return row.start_ms <= now_ms and (row.end_ms is None or row.end_ms > now_ms)


def _belongs(row: Assignment, told: Told, own: Collection[tuple[str, str]]) -> bool:
    """A channel with an assignment of its own belongs there, derived values of it too; the rest to the device's."""
    channel = told.channel.removeprefix(f"{DERIVED_CHANNEL}.")
    return channel == row.channel if row.channel else (row.dev_eui, channel) not in own


def _newest(channels: _Channels) -> dict[str, Known]:
    newest: dict[str, Known] = {}
    for (quantity, _, _), known in channels.items():
        before = newest.get(quantity)
        if before is None or known.time_ms >= before.time_ms:
            newest[quantity] = known
    return newest
