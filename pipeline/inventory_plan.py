"""What an import would do: a file's wishes against the stored inventory, as a plan for people and for the store."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar

from msgspec import Struct, structs

from pipeline.fill import container_problems
from pipeline.inventory import (
    OBJECT_DECODER,
    Asset,
    Assignment,
    AssignmentKey,
    Container,
    Device,
    Inventory,
    InventoryChanges,
    Zone,
    assignment_faults,
    time_text,
)

Entity = Literal["zone", "asset", "device", "assignment"]
Action = Literal["added", "changed", "unchanged", "removed", "kept"]
_Key = TypeVar("_Key")
_Row = TypeVar("_Row", Zone, Asset, Device, Assignment)


class InventoryFileError(Exception):
    """A file that can't be imported. `problems`: one sentence each, with line or row, for people."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Wish(Struct, frozen=True):
    """One thing that a file describes."""

    values: dict[str, Any]
    """Field -> value, only fields that the file gives. `container` is a dict of its own fields (or None)."""
    where: str
    """`line 12` or `row 7`."""


class Wishes(Struct, frozen=True):
    """All that a file describes."""

    zones: dict[str, Wish]
    assets: dict[str, Wish]
    devices: dict[str, Wish]
    assignments: dict[AssignmentKey, Wish]
    whole: bool
    """True (YAML): a field that is not given has its default. False (CSV): it keeps what is stored."""


class Change(Struct, frozen=True):
    """The fate of one thing. `kept`: stored, not in the file, would be removed by a pruning import."""

    entity: Entity
    key: str
    action: Action
    fields: dict[str, tuple[Any, Any]] = {}
    """Field -> (old, new) of what is changed."""

    def __str__(self) -> str:
        """One line for people."""
        text = f"{self.action} {self.entity} {self.key}"
        parts = (f"{name}: {old!r} -> {new!r}" for name, (old, new) in self.fields.items())
        return f"{text} ({', '.join(parts)})" if self.fields else text


class Plan(Struct, frozen=True):
    """Everything that an import does, for people (`changes`) and for the store (`write`)."""

    changes: tuple[Change, ...]
    write: InventoryChanges

    def counts(self) -> dict[Action, int]:
        """How many things have which fate."""
        totals: dict[Action, int] = {"added": 0, "changed": 0, "unchanged": 0, "removed": 0, "kept": 0}
        for change in self.changes:
            totals[change.action] += 1
        return totals

    @property
    def empty(self) -> bool:
        """True when the import changes nothing."""
        return self.write == InventoryChanges()


def plan_import(
    current: Inventory, wishes: Wishes, *, known_decoder: Callable[[str], bool], prune: bool = False
) -> Plan:
    """The plan. InventoryFileError with every problem that the finished inventory would have.

    `known_decoder` says whether a decoder id exists (`object` needs no asking). Pruning removes what the file doesn't
    name; a CSV file, which can't show zones and assets without a device, prunes only devices and assignments.
    """
    zones = {key: _merged(current.zones.get(key), Zone(key), w, wishes.whole) for key, w in wishes.zones.items()}
    assets = {key: _asset(current.assets.get(key), key, w, wishes.whole) for key, w in wishes.assets.items()}
    devices = {key: _device(current.devices.get(key), key, w, wishes.whole) for key, w in wishes.devices.items()}
    rows = {
        key: _assignment(current.assignments.get(key), key, w, wishes.whole) for key, w in wishes.assignments.items()
    }
    prune_all = prune and wishes.whole
    changes = [
        *_compared("zone", current.zones, zones, prune_all),
        *_compared("asset", current.assets, assets, prune_all),
        *_compared("device", current.devices, devices, prune),
        *_compared("assignment", current.assignments, rows, prune),
    ]
    write = InventoryChanges(
        zones=_news(current.zones, zones),
        assets=_news(current.assets, assets),
        devices=_news(current.devices, devices),
        assignments=_news(current.assignments, rows),
        drop_zones=_gone(current.zones, zones, prune_all),
        drop_assets=_gone(current.assets, assets, prune_all),
        drop_devices=_gone(current.devices, devices, prune),
        drop_assignments=_gone(current.assignments, rows, prune),
    )
    problems = _problems(current, wishes, write, assets, devices, known_decoder)
    if problems:
        raise InventoryFileError(problems)
    return Plan(tuple(changes), write)


def _merged(old: _Row | None, blank: _Row, wish: Wish, whole: bool) -> _Row:
    return structs.replace(blank if old is None or whole else old, **wish.values)


def _asset(old: Asset | None, key: str, wish: Wish, whole: bool) -> Asset:
    values = dict(wish.values)
    if values.get("container") is not None:
        before = old.container if old is not None and not whole else None
        values["container"] = structs.replace(before or Container(), **values["container"])
    return _merged(old, Asset(key), Wish(values, wish.where), whole)


def _device(old: Device | None, key: str, wish: Wish, whole: bool) -> Device:
    # Who entered a device is history: a file that doesn't say otherwise leaves it alone.
    blank = Device(key, provisioned_by=old.provisioned_by if old else "file")
    return _merged(old, blank, wish, whole)


def _assignment(old: Assignment | None, key: AssignmentKey, wish: Wish, whole: bool) -> Assignment:
    dev_eui, channel, start_ms = key
    return _merged(old, Assignment(dev_eui, "", start_ms, None, channel), wish, whole)


def _compared(entity: Entity, old: Mapping[_Key, _Row], new: Mapping[_Key, _Row], prune: bool) -> Iterable[Change]:
    for key, row in new.items():
        before = old.get(key)
        if before is None:
            yield Change(entity, _name(key), "added")
        elif before == row:
            yield Change(entity, _name(key), "unchanged")
        else:
            yield Change(entity, _name(key), "changed", _differences(before, row))
    for key in old:
        if key not in new:
            yield Change(entity, _name(key), "removed" if prune else "kept")


def _differences(old: _Row, new: _Row) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (getattr(old, name), getattr(new, name)) for name in old.__struct_fields__}
    return {name: (before, after) for name, (before, after) in pairs.items() if before != after}


def _news(old: Mapping[_Key, _Row], new: Mapping[_Key, _Row]) -> tuple[_Row, ...]:
    return tuple(row for key, row in new.items() if old.get(key) != row)


def _gone(old: Mapping[_Key, _Row], new: Mapping[_Key, _Row], prune: bool) -> tuple[_Key, ...]:
    return tuple(key for key in old if key not in new) if prune else ()


def _name(key: object) -> str:
    if not isinstance(key, tuple):
        return str(key)
    dev_eui, channel, start_ms = key
    text = f"{dev_eui} channel {channel}" if channel else str(dev_eui)
    return f"{text} from {time_text(start_ms)}" if start_ms else text


def _problems(
    current: Inventory,
    wishes: Wishes,
    write: InventoryChanges,
    assets: Mapping[str, Asset],
    devices: Mapping[str, Device],
    known_decoder: Callable[[str], bool],
) -> list[str]:
    problems = []
    for key, device in devices.items():
        problem = _decoder_problem(device, known_decoder)
        if problem:
            problems.append(f"{wishes.devices[key].where}: device {key}: {problem}")
    for key, asset in assets.items():
        for problem in container_problems(asset.container) if asset.container else ():
            problems.append(f"{wishes.assets[key].where}: asset {key!r}: container: {problem}")
    return problems + _reference_problems(current, wishes, write)


def _decoder_problem(device: Device, known_decoder: Callable[[str], bool]) -> str:
    if not device.decoder:
        return f"no decoder; give a decoder id, or {OBJECT_DECODER!r} to trust the network server's decoded object"
    if device.decoder != OBJECT_DECODER and not known_decoder(device.decoder):
        return f"unknown decoder {device.decoder!r}"
    return ""


def _reference_problems(current: Inventory, wishes: Wishes, write: InventoryChanges) -> list[str]:
    zones = (current.zones.keys() - set(write.drop_zones)) | {z.id for z in write.zones}
    assets = {k: v for k, v in current.assets.items() if k not in set(write.drop_assets)}
    assets.update((a.id, a) for a in write.assets)
    devices = {k: v for k, v in current.devices.items() if k not in set(write.drop_devices)}
    devices.update((d.dev_eui, d) for d in write.devices)
    rows = {k: v for k, v in current.assignments.items() if k not in set(write.drop_assignments)}
    rows.update(((a.dev_eui, a.channel, a.start_ms), a) for a in write.assignments)
    problems = [
        f"{_where(wishes.assets, a.id)}asset {a.id!r}: unknown zone {a.zone!r}"
        for a in assets.values()
        if a.zone and a.zone not in zones
    ]
    for row, problem in assignment_faults(rows.values(), assets, devices):
        problems.append(f"{_where(wishes.assignments, (row.dev_eui, row.channel, row.start_ms))}{problem}")
    return problems


def _where(wishes: Mapping[_Key, Wish], key: _Key) -> str:
    wish = wishes.get(key)
    return f"{wish.where}: " if wish else "stored: "
