"""From quantities to store queries and back: which measurements hold them, and how their rows become one table."""

from collections.abc import Callable, Iterable, Sequence
from types import MappingProxyType

from msgspec import Struct

from decoders.registry import devices
from decoders.vocabulary import QUANTITIES
from pipeline.fields import ABOUT_HEALTH, ABOUT_UPLINK, FIELDS
from pipeline.inventory import Inventory, Placement
from pipeline.reading import Series

Cell = int | float | str | bool | None
Row = tuple[Cell, ...]

_ABOUT_UNITS = MappingProxyType({"rssi": "dBm", "snr": "dB", "frequency": "Hz", "lag": "s", "radio_margin": "dB"})


class Part(Struct, frozen=True):
    """The fields to ask one measurement for."""

    measurement: str
    fields: tuple[str, ...]


class Table(Struct, frozen=True):
    """Rows of time in Unix ms, channel, then the fields as asked."""

    rows: list[Row]
    truncated: bool


def unit_of(name: str) -> str:
    """The unit of a quantity or radio figure; empty for pure numbers, switches and words."""
    quantity = QUANTITIES.get(name)
    return quantity.unit if quantity else _ABOUT_UNITS.get(name, "")


def kind_of(placement: Placement) -> str:
    """The measurement that readings of a device at this place belong to."""
    if placement.asset is not None and placement.asset.kind != "generic":
        return placement.asset.kind
    return _own_kind(placement.decoder)


def _own_kind(decoder: str) -> str:
    device = devices().get(decoder)
    return device.kind if device else "generic"


def kinds_between(inventory: Inventory, dev_eui: str, start_ms: int, end_ms: int, now_ms: int) -> tuple[str, ...]:
    """The measurements that the device's readings of a range (Unix ms) may lie in, today's first: a device may have
    been moved from a bin to a bed, and its channels may hang on things of their own."""
    known = inventory.devices[dev_eui]
    found = dict.fromkeys(kind_of(p) for p in [inventory.resolve(dev_eui, now_ms)] if p is not None)
    for (device, channel, begin_ms), row in inventory.assignments.items():
        if device != dev_eui or begin_ms >= end_ms or (row.end_ms is not None and row.end_ms <= start_ms):
            continue
        placement = inventory.resolve(dev_eui, begin_ms, channel)
        if placement is not None:
            found[kind_of(placement)] = None
    found[_own_kind(known.decoder)] = None
    return tuple(found)


def parts_of(names: Sequence[str], kinds: Sequence[str]) -> list[Part]:
    """One part for each measurement that may hold any of the names; earlier parts go before later ones in `merge`."""
    fields: dict[str, list[str]] = {}
    for kind in kinds:
        fields[kind] = []
    for name in names:
        for measurement in _homes(name, kinds):
            fields.setdefault(measurement, []).append(name)
    return [Part(measurement, tuple(asked)) for measurement, asked in fields.items() if asked]


def _homes(name: str, kinds: Sequence[str]) -> tuple[str, ...]:
    if name in ABOUT_UPLINK:
        return ("uplink",)
    if name in ABOUT_HEALTH:
        return ("device_health",)
    if name in QUANTITIES and QUANTITIES[name].domain == "generic":
        return ("generic",)
    if name == "battery_level":
        return (*kinds, "device_health")
    return tuple(kinds)


def numbers(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names whose values are numbers."""
    return tuple(name for name in names if FIELDS.get(name) == "float")


def merge(names: Sequence[str], parts: Sequence[tuple[Part, Series]], limit: int, *, newest_first: bool) -> Table:
    """Rows of equal time and channel as one, in order of time then channel; where two parts know a value, the earlier
    part's counts. At most `limit` rows, the newest when `newest_first`."""
    rows = _joined(names, parts)
    rows.sort(key=_identity, reverse=newest_first)
    return Table(rows[:limit], len(rows) > limit)


def _identity(row: Row) -> tuple[int, str]:
    return int(row[0] or 0), str(row[1] or "")


def _joined(names: Sequence[str], parts: Sequence[tuple[Part, Series]]) -> list[Row]:
    if len(parts) == 1 and parts[0][0].fields == tuple(names):
        return list(parts[0][1].rows)
    place = {name: i + 2 for i, name in enumerate(names)}
    joined: dict[tuple[int, str], list[Cell]] = {}
    for part, series in parts:
        targets = [place[name] for name in part.fields]
        for row in series.rows:
            key = _identity(row)
            cells = joined.get(key)
            if cells is None:
                cells = joined[key] = [*key, *(None for _ in names)]
            for target, value in zip(targets, row[2:], strict=True):
                if cells[target] is None:
                    cells[target] = value
    return [tuple(cells) for cells in joined.values()]


def wire_rows(rows: Iterable[Row], stamp: Callable[[int], str]) -> list[Row]:
    """The rows with times as text."""
    return [(stamp(int(row[0] or 0)), row[1] or "", *row[2:]) for row in rows]
