"""Plans as JSON for the API and the command line alike: times as RFC 3339 in UTC with milliseconds."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from msgspec import Struct

from pipeline.domain.plans.collection import CollectionList, collection_list
from pipeline.domain.plans.parking import parking_plan
from pipeline.domain.plans.route import Fleet, Rounds, Stop
from pipeline.domain.plans.route_output import as_csv, as_geojson, as_gpx, as_page
from pipeline.domain.plans.route_solver import rounds
from pipeline.domain.plans.tanker import Place, tanker_tours
from pipeline.domain.plans.valve_runs import valve_runs
from pipeline.domain.plans.watering import watering_plan
from pipeline.domain.view import CityView
from pipeline.effects import DomainEventRow
from pipeline.inventory import Asset, AssetKind, Inventory

PlanName = Literal["collection", "watering", "parking"]
RouteForm = Literal["gpx", "geojson", "csv", "html"]
PLAN_KINDS: Mapping[PlanName, tuple[AssetKind, ...]] = {
    "collection": ("waste_bin",),
    "watering": ("soil", "valve", "weather"),
    "parking": ("parking_bay",),
}
"""The assets that a plan looks at."""
_DAY_MS = 86_400_000
PLAN_EVENTS_MS: Mapping[PlanName, int] = {"collection": 14 * _DAY_MS, "watering": 14 * _DAY_MS, "parking": _DAY_MS}
"""How far back a plan looks at events."""
_LEAST_TIME_MS = 100_000_000_000
_TIME_WORDS = frozenset(
    {"since", "until", "from", "to", "start", "end", "time", "evaluated", "updated", "due", "last", "next", "arrive"}
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stamp(time_ms: int) -> str:
    """Unix ms as `2026-03-29T01:59:59.123Z`."""
    time = _EPOCH + timedelta(milliseconds=time_ms)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wire(value: Any) -> Any:
    """Structs as plain JSON; what is named `..._ms` and is a number becomes a time: `since_ms` is
    `since`, `nfk_ms` is `nfk_at`."""
    return _timed(msgspec.to_builtins(value))


def event_answer(row: DomainEventRow) -> dict[str, Any]:
    """One domain event."""
    event = row.event
    return {
        "id": event.id,
        "kind": event.kind,
        "asset": event.asset,
        "start": stamp(event.start_ms),
        "end": None if event.end_ms is None else stamp(event.end_ms),
        "ongoing": event.ongoing,
        "confidence": event.confidence,
        "values": _timed(dict(event.values)),
        "detector": event.detector,
        "revision": row.revision,
        "withdrawn": row.withdrawn,
        "updated": stamp(row.updated_ms),
    }


def parking_answer(view: CityView, zone: str | None, district: str | None, minutes: Sequence[int]) -> dict[str, Any]:
    """Zones with their free spaces and how sure that is."""
    zones = parking_plan(view, zone=zone, district=district, minutes=minutes)
    return {"evaluated": stamp(view.now_ms), "zones": wire(zones)}


class Collection(Struct, frozen=True):
    """Today's bins and, with a depot, the rounds through them."""

    bins: CollectionList
    fleet: Fleet | None = None
    rounds: Rounds | None = None

    def text(self, form: RouteForm) -> str:
        """The rounds as GPX, GeoJSON, CSV or a page to print. ValueError without a depot."""
        if self.fleet is None or self.rounds is None:
            raise ValueError("a route needs a depot")
        if form == "gpx":
            return as_gpx(self.rounds, self.fleet)
        if form == "geojson":
            return as_geojson(self.rounds, self.fleet)
        if form == "csv":
            return as_csv(self.rounds)
        return as_page(self.rounds, f"Collection {stamp(self.bins.now_ms)[:10]}")


def collection(view: CityView, zone: str | None, district: str | None, fleet: Fleet | None) -> Collection:
    """Which bins today, and in what order; a bin without coordinates is on the list and in no round."""
    bins = collection_list(view, district=district, zone=zone)
    if fleet is None:
        return Collection(bins)
    stops = [
        Stop(v.asset, v.latitude, v.longitude, v.load_l, v.value, label=v.name)
        for visits in bins.districts.values()
        for v in visits
        if v.latitude is not None and v.longitude is not None
    ]
    return Collection(bins, fleet, rounds(fleet, stops))


def collection_answer(found: Collection) -> dict[str, Any]:
    """Today's bins by district with the reasons, those that nothing is known of, and the rounds."""
    bins = found.bins
    return {
        "evaluated": stamp(bins.now_ms),
        "bins": bins.bins,
        "districts": {name: wire(visits) for name, visits in bins.districts.items()},
        "unknown": wire(bins.unknown),
        "route": None if found.rounds is None else wire(found.rounds),
    }


def watering_answer(
    view: CityView,
    zone: str | None,
    district: str | None,
    models: Mapping[str, str],
    tanker: tuple[Place, float] | None,
) -> dict[str, Any]:
    """What each plant needs, the valves' runs, and the tanker's tours where depot and litres are given. `models`:
    decoder id by valve asset."""
    needs = watering_plan(view, zone=zone, district=district)
    return {
        "evaluated": stamp(view.now_ms),
        "needs": wire(needs),
        "valve_runs": wire(valve_runs(view, needs, models)),
        "tanker": None if tanker is None else wire(tanker_tours(needs, *tanker)),
    }


def assets_in(
    inventory: Inventory, names: Sequence[str], zones: Sequence[str], districts: Sequence[str]
) -> tuple[str, ...] | None:
    """The assets that the filters leave, each empty one taking all; None: all, also those the inventory has lost."""
    if not (zones or districts):
        return tuple(names) or None

    def taken(asset: Asset) -> bool:
        zone = inventory.zones.get(asset.zone) if asset.zone else None
        district = asset.district or (zone.district if zone is not None else "")
        wanted = ((asset.id, names), (asset.zone or "", zones), (district, districts))
        return all(not allowed or word in allowed for word, allowed in wanted)

    return tuple(asset.id for asset in inventory.assets.values() if taken(asset))


def decoders_of(inventory: Inventory, now_ms: int) -> dict[str, str]:
    """The decoder id of the device that hangs on each asset now."""
    return {
        row.asset: inventory.devices[row.dev_eui].decoder
        for row in inventory.assignments.values()
        if row.start_ms <= now_ms and (row.end_ms is None or row.end_ms > now_ms)
    }


def _timed(value: Any) -> Any:
    if isinstance(value, dict):
        return {_name(name, one): _value(name, one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_timed(one) for one in value]
    return value


def _is_time(name: str, value: Any) -> bool:
    """What ends in `_ms` is a time, unless it is too small for one: then it is a duration."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return name.endswith("_ms") and (value is None or (number and value > _LEAST_TIME_MS))


def _name(name: str, value: Any) -> str:
    if not _is_time(name, value):
        return name
    word = name.removesuffix("_ms")
    return word if word in _TIME_WORDS else f"{word}_at"


def _value(name: str, value: Any) -> Any:
    if _is_time(name, value):
        return None if value is None else stamp(int(value))
    return _timed(value)
