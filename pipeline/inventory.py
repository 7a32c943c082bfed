"""What stands in the city: zones, assets, devices and which device hung where and when, as one snapshot in memory."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import inf

from msgspec import Struct

from pipeline.inventory_model import (
    ASSET_KINDS,
    CODEC_PREFIX,
    OBJECT_DECODER,
    Asset,
    AssetKind,
    Assignment,
    AssignmentKey,
    AttributeValue,
    Container,
    Device,
    InventoryChanges,
    InventoryError,
    Placement,
    Zone,
    asset_problems,
    assignment_faults,
    assignment_key,
    assignment_problems,
    device_key,
    inventory_problems,
    merge_changes,
    normalise_eui,
    time_text,
)
from pipeline.reading import Tags

__all__ = [
    "ASSET_KINDS",
    "CODEC_PREFIX",
    "OBJECT_DECODER",
    "Asset",
    "AssetKind",
    "Assignment",
    "AssignmentKey",
    "AttributeValue",
    "Container",
    "Device",
    "Inventory",
    "InventoryChanges",
    "InventoryError",
    "Placement",
    "Zone",
    "asset_problems",
    "assignment_faults",
    "assignment_key",
    "assignment_problems",
    "device_key",
    "inventory_problems",
    "merge_changes",
    "normalise_eui",
    "time_text",
]


class _Span(Struct, frozen=True):
    start_ms: int
    end_ms: float
    placement: Placement


class _Timeline(Struct):
    """One device: its newest span for the quick answer, the others newest first, single channels apart."""

    start_ms: float
    end_ms: float
    placement: Placement
    older: tuple[_Span, ...]
    unplaced: Placement
    channels: dict[str, tuple[_Span, ...]] | None


class Inventory:
    """A snapshot that never changes; a change makes a new one. InventoryError when the parts contradict each other."""

    zones: Mapping[str, Zone]
    assets: Mapping[str, Asset]
    devices: Mapping[str, Device]
    assignments: Mapping[AssignmentKey, Assignment]

    def __init__(
        self,
        zones: Iterable[Zone] = (),
        assets: Iterable[Asset] = (),
        devices: Iterable[Device] = (),
        assignments: Iterable[Assignment] = (),
    ) -> None:
        rows = list(assignments)
        self.zones = {z.id: z for z in zones}
        self.assets = {a.id: a for a in assets}
        self.devices = {d.dev_eui: d for d in devices}
        self.assignments = {assignment_key(row): row for row in rows}
        problems = inventory_problems(self.zones, self.assets, self.devices, rows)
        if problems:
            raise InventoryError(problems)
        self._timelines = self._timelines_of(self.devices.values(), rows)

    def resolve(self, dev_eui: str, time_ms: int, channel: str = "") -> Placement | None:
        """The device's placement at that time (Unix ms); None when the device is unknown. A channel without an
        assignment of its own is where the device is."""
        line = self._timelines.get(dev_eui)
        if line is None:
            return None
        if channel and line.channels is not None:
            own = _at(line.channels.get(channel, ()), time_ms)
            if own is not None:
                return own
        if line.start_ms <= time_ms < line.end_ms:
            return line.placement
        return _at(line.older, time_ms) or line.unplaced

    def changed(self, changes: InventoryChanges) -> "Inventory":
        """This inventory with the changes made: removals first. InventoryError when the result contradicts itself."""
        if self._only_adds(changes):
            return self._extended(changes)
        zones = {k: v for k, v in self.zones.items() if k not in set(changes.drop_zones)}
        assets = {k: v for k, v in self.assets.items() if k not in set(changes.drop_assets)}
        devices = {k: v for k, v in self.devices.items() if k not in set(changes.drop_devices)}
        rows = {k: v for k, v in self.assignments.items() if k not in set(changes.drop_assignments)}
        zones.update((z.id, z) for z in changes.zones)
        assets.update((a.id, a) for a in changes.assets)
        devices.update((d.dev_eui, d) for d in changes.devices)
        rows.update((assignment_key(a), a) for a in changes.assignments)
        return Inventory(zones.values(), assets.values(), devices.values(), rows.values())

    def missing(self, changes: InventoryChanges) -> InventoryChanges:
        """Only what isn't here yet: nothing that a person entered is ever overwritten by a machine's guess. Assignments
        count only for devices that are new."""
        new = {d.dev_eui for d in changes.devices if d.dev_eui not in self.devices}
        return InventoryChanges(
            zones=tuple(z for z in changes.zones if z.id not in self.zones),
            assets=tuple(a for a in changes.assets if a.id not in self.assets),
            devices=tuple(d for d in changes.devices if d.dev_eui in new),
            assignments=tuple(a for a in changes.assignments if a.dev_eui in new),
        )

    def _only_adds(self, changes: InventoryChanges) -> bool:
        dropped = changes.drop_zones or changes.drop_assets or changes.drop_devices or changes.drop_assignments
        new = {d.dev_eui for d in changes.devices}
        return (
            not dropped
            and new.isdisjoint(self.devices)
            and new.issuperset(a.dev_eui for a in changes.assignments)
            and not any(a.id in self.assets for a in changes.assets)
            and not any(z.id in self.zones for z in changes.zones)
        )

    def _extended(self, changes: InventoryChanges) -> "Inventory":
        """The quick way for new devices, so that a city's first hour doesn't rebuild everything for each of them."""
        new = Inventory()
        new.zones = {**self.zones, **{z.id: z for z in changes.zones}}
        new.assets = {**self.assets, **{a.id: a for a in changes.assets}}
        new.devices = {**self.devices, **{d.dev_eui: d for d in changes.devices}}
        new.assignments = {**self.assignments, **{assignment_key(a): a for a in changes.assignments}}
        added = {a.id: a for a in changes.assets}
        problems = asset_problems(added, new.zones) + assignment_problems(changes.assignments, new.assets, new.devices)
        if problems:
            raise InventoryError(problems)
        new._timelines = self._timelines | new._timelines_of(changes.devices, changes.assignments)
        return new

    def _timelines_of(self, devices: Iterable[Device], rows: Iterable[Assignment]) -> dict[str, _Timeline]:
        by_device: dict[str, list[Assignment]] = defaultdict(list)
        for row in rows:
            by_device[row.dev_eui].append(row)
        return {d.dev_eui: self._timeline(d, by_device.get(d.dev_eui, [])) for d in devices}

    def _timeline(self, device: Device, rows: list[Assignment]) -> _Timeline:
        unplaced = self._placement(device, None)
        whole = self._spans(device, [r for r in rows if not r.channel])
        names = {r.channel for r in rows if r.channel}
        channels = {name: self._spans(device, [r for r in rows if r.channel == name]) for name in names}
        if not whole:
            return _Timeline(-inf, inf, unplaced, (), unplaced, channels or None)
        newest = whole[0]
        return _Timeline(newest.start_ms, newest.end_ms, newest.placement, whole[1:], unplaced, channels or None)

    def _spans(self, device: Device, rows: list[Assignment]) -> tuple[_Span, ...]:
        spans = [
            _Span(r.start_ms, inf if r.end_ms is None else r.end_ms, self._placement(device, self.assets[r.asset]))
            for r in rows
        ]
        return tuple(sorted(spans, key=lambda s: -s.start_ms))

    def _placement(self, device: Device, asset: Asset | None) -> Placement:
        zone = self.zones[asset.zone] if asset and asset.zone else None
        tags = Tags(
            dev_eui=device.dev_eui,
            asset=asset.id if asset else "",
            district=(asset.district if asset else "") or (zone.district if zone else ""),
            zone=zone.id if zone else "",
            model=device.model or device.decoder,
        )
        return Placement(device, asset, tags, device.decoder, asset.container if asset else None)


def _at(spans: tuple[_Span, ...], time_ms: int) -> Placement | None:
    for span in spans:
        if span.start_ms <= time_ms:
            return span.placement if time_ms < span.end_ms else None
    return None
