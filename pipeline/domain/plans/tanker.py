"""Tours of a tanker: the most urgent trees first, each load filled up with what lies near them."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from pipeline.domain.plans.stations import distance_km
from pipeline.domain.plans.watering import URGENCIES, Need

Place = tuple[float, float]
Order = Callable[[Place, Sequence[Place]], list[int]]
"""(depot, places) to the order of visits, as indexes."""
SMALLEST_STOP_L = 0.5
MAX_ROUNDS = 30


class Stop(Struct, frozen=True):
    """One tree or bed on a tour, with what it gets there."""

    asset: str
    litres: float
    urgency: str
    reason: str
    latitude: float
    longitude: float
    name: str = ""


class Tour(Struct, frozen=True):
    """One load of the tanker, stops in order."""

    stops: tuple[Stop, ...]
    litres: float
    km: float
    """As the crow flies, from the depot and back."""


class TankerPlan(Struct, frozen=True):
    """All tours, the most urgent first, and what no tour can reach."""

    tours: tuple[Tour, ...] = ()
    without_place: tuple[str, ...] = ()
    """Assets that need water but have no position."""


def tanker_tours(needs: Sequence[Need], depot: Place, capacity_l: float, order: Order | None = None) -> TankerPlan:
    """Tours for the plants that need a tanker; each carries at most `capacity_l` litres. Only a plant that needs more
    than a whole load is visited several times.

    `order` is a better router than the built-in one. ValueError for a tanker without capacity.
    """
    if capacity_l <= SMALLEST_STOP_L:
        raise ValueError(f"a tanker of {capacity_l} L carries nothing")
    wanted = [need for need in needs if need.litres >= SMALLEST_STOP_L and not need.valve]
    stops = [part for need in wanted for part in _parts(need, capacity_l)]
    lost = tuple(need.asset for need in wanted if need.latitude is None or need.longitude is None)
    left = sorted(stops, key=lambda stop: (_rank(stop), stop.asset))
    tours = []
    while left:
        load, left = _load(left, capacity_l)
        tours.append(_tour(load, depot, order or nearest_first))
    return TankerPlan(tuple(tours), lost)


def _parts(need: Need, capacity_l: float) -> list[Stop]:
    """The stops for a need: one, or several full loads and a rest."""
    if need.latitude is None or need.longitude is None:
        return []
    whole = Stop(need.asset, 0.0, need.urgency, need.reason, need.latitude, need.longitude, need.name)
    parts, left = [], need.litres
    while left >= SMALLEST_STOP_L:
        parts.append(replace(whole, litres=min(left, capacity_l)))
        left -= capacity_l
    return parts


def _rank(stop: Stop) -> int:
    return [str(word) for word in URGENCIES].index(stop.urgency)


def _load(stops: Sequence[Stop], capacity_l: float) -> tuple[list[Stop], list[Stop]]:
    """One load: the first stop (the most urgent), then of each urgency those nearest to it that still fit."""
    first = stops[0]
    here = (first.latitude, first.longitude)
    near = sorted(stops[1:], key=lambda s: (_rank(s), distance_km(here, (s.latitude, s.longitude)), s.asset))
    load, left, room = [first], [], capacity_l - first.litres
    for stop in near:
        if stop.litres <= room + 1e-9:
            load.append(stop)
            room -= stop.litres
        else:
            left.append(stop)
    return load, sorted(left, key=lambda stop: (_rank(stop), stop.asset))


def _tour(load: Sequence[Stop], depot: Place, order: Order) -> Tour:
    places = [(stop.latitude, stop.longitude) for stop in load]
    visits = order(depot, places)
    km = tour_km(depot, [places[i] for i in visits])
    return Tour(tuple(load[i] for i in visits), sum(stop.litres for stop in load), km)


def tour_km(depot: Place, places: Sequence[Place]) -> float:
    """Length of a tour from the depot over the places and back, km as the crow flies."""
    points = [depot, *places, depot]
    return sum(distance_km(a, b) for a, b in pairwise(points))


def nearest_first(depot: Place, places: Sequence[Place]) -> list[int]:
    """Order of visits: always to the nearest, then crossings taken out (2-opt) until none shortens the tour."""
    left, here, visits = list(range(len(places))), depot, []
    while left:
        nearest = min(left, key=lambda i: (distance_km(here, places[i]), i))
        left.remove(nearest)
        visits.append(nearest)
        here = places[nearest]
    for _ in range(MAX_ROUNDS):
        better = _uncrossed(depot, places, visits)
        if better == visits:
            break
        visits = better
    return visits


def _uncrossed(depot: Place, places: Sequence[Place], visits: list[int]) -> list[int]:
    points = [depot, *(places[i] for i in visits), depot]
    for i in range(len(visits) - 1):
        for j in range(i + 1, len(visits)):
            before = distance_km(points[i], points[i + 1]) + distance_km(points[j + 1], points[j + 2])
            after = distance_km(points[i], points[j + 1]) + distance_km(points[i + 1], points[j + 2])
            if after < before - 1e-9:
                return [*visits[:i], *reversed(visits[i : j + 1]), *visits[j + 1 :]]
    return visits
