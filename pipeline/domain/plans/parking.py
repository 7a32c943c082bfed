"""Parking for planners and the public: free spaces of each zone and how sure, forecast, use, overstays, bad sensors."""

from collections.abc import Sequence

from msgspec import Struct

from pipeline.domain.parking.bay import BayState, rules_of
from pipeline.domain.parking.curves import LEAST_BAYS, Curves, curves
from pipeline.domain.parking.forecast import Forecast, forecasts
from pipeline.domain.parking.suspects import Suspicion, suspicions
from pipeline.domain.parking.zone import Bay, Count, bay_at, count_zone
from pipeline.domain.view import AssetView, CityView

MINUTE_MS = 60_000


class Overstay(Struct, frozen=True):
    """A vehicle that stands where or longer than it may: on a fire lane, or beyond the bay's longest stay."""

    bay: str
    bay_class: str
    since_ms: int
    """When the stay began, or when it was first seen."""
    over_min: float
    """Beyond what is allowed; on a fire lane all of the stay."""
    sensor_suspect: bool
    """The sensor is not to be believed: look at it first."""


class ZoneParking(Struct, frozen=True):
    """One zone at the time of evaluation."""

    zone: str
    name: str
    district: str
    evaluated_ms: int
    """The time for which all this holds: the stamp of open data, not the last frame's time, which may be old where
    nothing changes."""
    count: Count
    publishable: bool
    """At least five public spaces of the zone have a sensor."""
    forecast: tuple[Forecast, ...]
    curves: Curves | None
    """None when fewer than five public spaces have a sensor."""
    overstays: tuple[Overstay, ...]
    suspects: tuple[Suspicion, ...]


def parking_plan(
    view: CityView, *, zone: str | None = None, district: str | None = None, minutes: Sequence[int] = (30, 60)
) -> list[ZoneParking]:
    """Every zone with parking bays, or those asked for, by id; bays without a zone together under the empty id.

    `minutes` are the forecasts' times ahead.
    """
    zones: dict[str, list[AssetView]] = {}
    for asset in view.of_kind("parking_bay", zone=zone, district=district):
        zones.setdefault(asset.zone, []).append(asset)
    return [_zone(view, name, assets, minutes) for name, assets in sorted(zones.items())]


def _zone(view: CityView, name: str, assets: Sequence[AssetView], minutes: Sequence[int]) -> ZoneParking:
    now = view.now_ms
    bays = [bay_at(a.id, rules_of(a.facts), _state(a), now) for a in assets]
    suspects = suspicions(bays, now)
    doubted = {suspicion.bay: suspicion for suspicion in suspects}
    count = count_zone(bays, doubted, now)
    # A silent sensor's memory is as good as ever; a liar's is not.
    trusted = [b for b in bays if b.space and (b.id not in doubted or b.reason == "silent")]
    about = view.zones.get(name)
    return ZoneParking(
        name,
        about.name if about is not None else "",
        assets[0].district,
        now,
        count,
        sum(b.space and b.state.heard_ms > 0 for b in bays) >= LEAST_BAYS,
        tuple(forecasts(trusted, count, now, minutes)),
        curves(bays, trusted),
        tuple(o for o in (_overstay(b, b.id in doubted, now) for b in bays) if o is not None),
        tuple(suspects),
    )


def _state(asset: AssetView) -> BayState | None:
    return asset.state if isinstance(asset.state, BayState) else None


def _overstay(bay: Bay, suspect: bool, now_ms: int) -> Overstay | None:
    if bay.shown != "occupied" or bay.rules.personal:
        return None
    allowed = 0 if bay.rules.fire_lane else bay.rules.max_stay_ms
    if allowed is None or now_ms - bay.since_ms <= allowed:
        return None
    return Overstay(bay.id, bay.rules.bay_class, bay.since_ms, (now_ms - bay.since_ms - allowed) / MINUTE_MS, suspect)
