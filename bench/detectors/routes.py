"""Today's list and its way: against a tour that always drives to the nearest bin, and against collecting everything."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.detectors.score import Against
from pipeline.domain.plans.collection import collection_list
from pipeline.domain.plans.route import Fleet, Stop, by_air
from pipeline.domain.plans.route_solver import rounds
from pipeline.domain.view import AssetView, CityView
from pipeline.domain.waste.clock import HOUR_MS, local
from pipeline.domain.waste.state import plan_of

_VEHICLES = 12
_ITERATIONS = 300


@dataclass(frozen=True, slots=True)
class Morning:
    """Ways in m of one morning."""

    listed: int
    due: int
    """Bins that the fixed plan serves on this day."""
    bins: int
    listed_m: float
    """Our way through the list."""
    nearest_m: float
    """Through the list, always to the nearest bin."""
    due_m: float
    """Our way through the bins that the fixed plan serves."""
    everything_m: float
    """Our way through all bins."""


def ways_of(view: CityView) -> Morning:
    """The list of a moment, and the ways of those who follow it or don't."""
    bins = view.of_kind("waste_bin")
    stops = {one.id: _stop(one) for one in bins}
    fleet = _fleet(list(stops.values()), view.now_ms)
    listed = [
        Stop(v.asset, stops[v.asset].latitude, stops[v.asset].longitude, v.load_l, v.value)
        for v in collection_list(view).visits
    ]
    weekday = local(view.now_ms).weekday
    due = [stops[one.id] for one in bins if weekday in plan_of(one.facts).days]
    return Morning(
        len(listed),
        len(due),
        len(bins),
        _way(fleet, listed),
        nearest_first(fleet, listed),
        _way(fleet, due),
        _way(fleet, list(stops.values())),
    )


def _stop(one: AssetView) -> Stop:
    asset = one.facts.asset
    volume = asset.container.volume_l if asset.container is not None else None
    return Stop(one.id, asset.latitude or 0.0, asset.longitude or 0.0, (volume or 120.0) * 0.5)


def _fleet(stops: Sequence[Stop], now_ms: int) -> Fleet:
    """A depot at the edge of the city, lorries enough for everything."""
    north, east = max(stop.latitude for stop in stops), max(stop.longitude for stop in stops)
    return Fleet(north, east, now_ms, now_ms + 14 * HOUR_MS, vehicles=_VEHICLES)


def _way(fleet: Fleet, stops: Sequence[Stop]) -> float:
    found = rounds(fleet, stops, iterations=_ITERATIONS)
    if found.left_out:
        raise ValueError(f"{len(found.left_out)} bins were left out: the ways can't be compared")
    return found.metres


def nearest_first(fleet: Fleet, stops: Sequence[Stop]) -> float:
    """Metres of rounds that always go on to the nearest bin that still fits, and home when none does."""
    left, distance, way = {stop.id: stop for stop in stops}, by_air(), 0.0
    home = (fleet.latitude, fleet.longitude)
    while left:
        at, load = home, 0.0
        while fits := [stop for stop in left.values() if load + stop.load <= fleet.capacity or load == 0.0]:
            legs = ((distance("", at, stop.id, (stop.latitude, stop.longitude)), stop.id) for stop in fits)
            metres, name = min(legs)
            stop = left.pop(name)
            way, load, at = way + metres, load + stop.load, (stop.latitude, stop.longitude)
        way += distance("", at, "", home)
    return way


def score(mornings: Iterable[Morning]) -> Against:
    """Kilometres and visits of all mornings."""
    total = Against()
    for one in mornings:
        total += Against(
            1,
            (
                ("listed_km", one.listed_m / 1000),
                ("nearest_km", one.nearest_m / 1000),
                ("due_km", one.due_m / 1000),
                ("everything_km", one.everything_m / 1000),
                ("listed", float(one.listed)),
                ("due", float(one.due)),
                ("bins", float(one.bins)),
            ),
        )
    return total
