"""A round through stops: capacity, depot, working hours, time windows. Greedy here; with PyVRP where it is installed.

Distances are great circles times a detour factor, or come from a matrix. All lengths in metres, times in Unix ms.
"""

import csv
import io
from collections.abc import Callable, Sequence

from msgspec import Struct

from pipeline.domain.waste.hazards import metres

DETOUR = 1.35
"""Way by street over great circle in towns; an assumption of the order that street networks show (1.2 to 1.5)."""
MatrixKey = tuple[str, str]
_PASSES = 4
DEPOT = "depot"
"""The depot's name in a distance matrix."""


class MatrixError(ValueError):
    """A distance matrix that can't be read; says which cell."""


class Stop(Struct, frozen=True):
    """A place to serve."""

    id: str
    latitude: float
    longitude: float
    load: float = 0.0
    """What the vehicle takes on, in the unit of its capacity."""
    value: float = 1.0
    """Decides who is left out when not all fit."""
    from_ms: int = 0
    """Not served before."""
    until_ms: int | None = None
    """Not begun after."""
    label: str = ""


class Fleet(Struct, frozen=True):
    """Equal vehicles that leave one depot and come back to it within their hours."""

    latitude: float
    longitude: float
    start_ms: int
    end_ms: int
    vehicles: int = 1
    capacity: float = 8000.0
    """For bins: litres as thrown in; a compacting lorry takes several times its own volume."""
    speed_km_h: float = 18.0
    """Mean speed between stops, in traffic."""
    service_s: float = 90.0
    """At each stop."""


class Leg(Struct, frozen=True):
    """One stop of a round: when the vehicle is there, how far it drove to it, what it carries after it."""

    stop: Stop
    arrive_ms: int
    metres: float
    load: float


class Round(Struct, frozen=True):
    """What one vehicle does."""

    legs: tuple[Leg, ...]
    metres: float
    """With the ways from and to the depot."""
    start_ms: int
    end_ms: int


class Rounds(Struct, frozen=True):
    """A whole plan. `solver` says who made it: `greedy` or `pyvrp`."""

    rounds: tuple[Round, ...]
    left_out: tuple[Stop, ...]
    """Stops that did not fit, by falling value."""
    solver: str
    note: str
    """For people: how distances came about, and what a better solver would need."""

    @property
    def metres(self) -> float:
        """The whole way."""
        return sum(one.metres for one in self.rounds)


Distance = Callable[[str, tuple[float, float], str, tuple[float, float]], float]
"""Metres from one named place to another."""


def by_air(detour: float = DETOUR) -> Distance:
    """Distances from coordinates."""
    return lambda _, a, __, b: metres(a, b) * detour


def by_matrix(table: dict[MatrixKey, float], otherwise: Distance) -> Distance:
    """Distances from a matrix, and from somewhere else for pairs that it lacks."""

    def distance(a: str, at: tuple[float, float], b: str, to: tuple[float, float]) -> float:
        found = table.get((a, b))
        return otherwise(a, at, b, to) if found is None else found

    return distance


def parse_matrix(text: str) -> dict[MatrixKey, float]:
    """A CSV matrix of metres: ids in the first row and column (`depot` for the depot). MatrixError names the cell."""
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    table: dict[MatrixKey, float] = {}
    for row in rows[1:]:
        for to, cell in zip(rows[0][1:], row[1:], strict=False):
            if not cell.strip():
                continue
            try:
                length = float(cell)
            except ValueError as error:
                raise MatrixError(f"{row[0]} to {to}: {cell!r} is no number") from error
            if not 0 <= length < float("inf"):
                raise MatrixError(f"{row[0]} to {to}: {cell} is no distance")
            table[row[0], to] = length
    return table


def drive(fleet: Fleet, order: Sequence[Stop], distance: Distance) -> Round | None:
    """The round through stops in this order; None when hours, windows or capacity don't allow it."""
    at, where, clock, load, way = (fleet.latitude, fleet.longitude), DEPOT, float(fleet.start_ms), 0.0, 0.0
    legs = []
    for stop in order:
        to = (stop.latitude, stop.longitude)
        length = distance(where, at, stop.id, to)
        clock = max(clock + _drive_ms(fleet, length), stop.from_ms)
        load += stop.load
        way += length
        if load > fleet.capacity or (stop.until_ms is not None and clock > stop.until_ms):
            return None
        legs.append(Leg(stop, int(clock), length, load))
        clock += fleet.service_s * 1000
        at, where = to, stop.id
    home = distance(where, at, DEPOT, (fleet.latitude, fleet.longitude))
    end = int(clock + _drive_ms(fleet, home))
    return None if end > fleet.end_ms else Round(tuple(legs), way + home, fleet.start_ms, end)


def greedy(fleet: Fleet, stops: Sequence[Stop], distance: Distance | None = None, *, note: str = "") -> Rounds:
    """Rounds by insertion: the most valuable stops first, each where it costs least way; then shortened by reversals.

    The same stops in any order give the same rounds.
    """
    distance = distance or by_air()
    plans: list[list[Stop]] = [[] for _ in range(fleet.vehicles)]
    left_out = sorted(stops, key=lambda one: (-one.value, one.id))
    for _ in range(_PASSES):
        before = len(left_out)
        left_out = _insert(fleet, plans, left_out, distance)
        plans = [_shortened(fleet, order, distance) for order in plans]
        if not left_out or len(left_out) == before:
            break
    rounds = [drive(fleet, order, distance) for order in plans if order]
    return Rounds(tuple(one for one in rounds if one is not None), tuple(left_out), "greedy", note)


def _insert(fleet: Fleet, plans: list[list[Stop]], waiting: Sequence[Stop], distance: Distance) -> list[Stop]:
    """Put the stops into the plans, one after the other; those that don't fit."""
    left_out = []
    for stop in waiting:
        found = _cheapest(fleet, plans, stop, distance)
        if found is None:
            left_out.append(stop)
        else:
            plans[found[0]] = found[1]
    return left_out


def _cheapest(fleet: Fleet, plans: list[list[Stop]], stop: Stop, distance: Distance) -> tuple[int, list[Stop]] | None:
    """(vehicle, its new order) of the feasible insertion that costs least way."""
    tries = sorted(
        (_extra(fleet, order, place, stop, distance), vehicle, place)
        for vehicle, order in enumerate(plans)
        if sum(one.load for one in order) + stop.load <= fleet.capacity
        for place in range(len(order) + 1)
    )
    for _, vehicle, place in tries[:8]:
        order = [*plans[vehicle][:place], stop, *plans[vehicle][place:]]
        if drive(fleet, order, distance) is not None:
            return vehicle, order
    return None


def _extra(fleet: Fleet, order: list[Stop], place: int, stop: Stop, distance: Distance) -> float:
    before, after = _place(fleet, order, place - 1), _place(fleet, order, place)
    here = (stop.id, (stop.latitude, stop.longitude))
    return distance(*before, *here) + distance(*here, *after) - distance(*before, *after)


def _shortened(fleet: Fleet, order: list[Stop], distance: Distance) -> list[Stop]:
    """The order after reversing stretches as long as that shortens it and stays possible (2-opt, bounded)."""
    for _ in range(10):
        better = False
        for first in range(len(order) - 1):
            for last in range(first + 1, min(len(order), first + 60)):
                if _gain(fleet, order, first, last, distance) < 1e-6:
                    continue
                turned = [*order[:first], *reversed(order[first : last + 1]), *order[last + 1 :]]
                if _shorter(fleet, turned, order, distance):
                    order, better = turned, True
        if not better:
            break
    return order


def _gain(fleet: Fleet, order: list[Stop], first: int, last: int, distance: Distance) -> float:
    """What a reversal saves if ways were equally long in both directions; the whole round is measured after it."""
    a, b = _place(fleet, order, first - 1), _place(fleet, order, first)
    c, d = _place(fleet, order, last), _place(fleet, order, last + 1)
    return distance(*a, *b) + distance(*c, *d) - distance(*a, *c) - distance(*b, *d)


def _shorter(fleet: Fleet, turned: list[Stop], order: list[Stop], distance: Distance) -> bool:
    new, old = drive(fleet, turned, distance), drive(fleet, order, distance)
    return new is not None and old is not None and new.metres < old.metres - 1e-6


def _place(fleet: Fleet, order: list[Stop], place: int) -> tuple[str, tuple[float, float]]:
    if not 0 <= place < len(order):
        return DEPOT, (fleet.latitude, fleet.longitude)
    return order[place].id, (order[place].latitude, order[place].longitude)


def _drive_ms(fleet: Fleet, length: float) -> float:
    return length / (fleet.speed_km_h / 3.6) * 1000
