"""Rounds by PyVRP, the optional dependency `routes`; the greedy ones where it is missing, and saying so."""

from collections.abc import Sequence
from importlib.util import find_spec
from itertools import permutations
from typing import TYPE_CHECKING

from pipeline.domain.plans.route import DEPOT, Distance, Fleet, Rounds, Stop, by_air, drive, greedy

if TYPE_CHECKING:
    from pyvrp import Result

_BY_AIR = "distances are great circles times 1.35"
_MISSING = "greedy order; `pip install loracity[routes]` brings a solver that finds shorter rounds"
ITERATIONS = 400
_PRIZE_M = 1000.0
"""Metres that one point of value may cost."""


def solver_installed() -> bool:
    """Whether PyVRP is there."""
    return find_spec("pyvrp") is not None


def rounds(
    fleet: Fleet,
    stops: Sequence[Stop],
    distance: Distance | None = None,
    *,
    iterations: int = ITERATIONS,
    seed: int = 1,
) -> Rounds:
    """Rounds through stops, the better of the solver's and the greedy ones; deterministic for a seed.

    More valuable stops count first, then the length. Without PyVRP greedy, with a note that says so.
    """
    where = "distances from the matrix" if distance is not None else _BY_AIR
    distance = distance or by_air()
    if not solver_installed():
        return greedy(fleet, stops, distance, note=f"{where}; {_MISSING}")
    simple = greedy(fleet, stops, distance, note=where)
    if not stops:
        return simple
    solved = _solve(fleet, sorted(stops, key=lambda one: one.id), distance, iterations, seed, where)
    return solved if solved is not None and _cost(solved) <= _cost(simple) else simple


def _cost(plan: Rounds) -> tuple[float, float]:
    return round(sum(stop.value for stop in plan.left_out), 3), plan.metres


def _solve(
    fleet: Fleet, stops: Sequence[Stop], distance: Distance, iterations: int, seed: int, note: str
) -> Rounds | None:
    from pyvrp import Model
    from pyvrp.stop import MaxIterations

    model = Model()
    homes = [model.add_location(0, 0) for _ in range(len(stops) + 1)]
    day = (fleet.end_ms - fleet.start_ms) // 1000
    depot = model.add_depot(homes[0], tw_late=day)
    model.add_vehicle_type(fleet.vehicles, int(fleet.capacity), depot, depot, tw_late=day)
    for home, stop in zip(homes[1:], stops, strict=True):
        early = max((stop.from_ms - fleet.start_ms) // 1000, 0)
        late = day if stop.until_ms is None else max(min((stop.until_ms - fleet.start_ms) // 1000, day), early)
        model.add_client(
            home,
            delivery=int(-(-stop.load // 1)),
            service_duration=int(-(-fleet.service_s // 1)),
            tw_early=early,
            tw_late=late,
            prize=max(int(stop.value * _PRIZE_M), 0),
            required=False,
        )
    places = [(DEPOT, (fleet.latitude, fleet.longitude)), *((s.id, (s.latitude, s.longitude)) for s in stops)]
    for a, b in permutations(range(len(places)), 2):
        length = distance(*places[a], *places[b])
        model.add_edge(homes[a], homes[b], round(length), int(length / (fleet.speed_km_h / 3.6)) + 1)
    result = model.solve(MaxIterations(iterations), seed=seed, display=False, collect_stats=False)
    return _read(fleet, stops, distance, result, note)


def _read(fleet: Fleet, stops: Sequence[Stop], distance: Distance, result: "Result", note: str) -> Rounds | None:
    if not result.is_feasible():
        return None
    orders = [[stops[one.idx] for one in route if one.is_client()] for route in result.best.routes()]
    found = [drive(fleet, order, distance) for order in orders]
    driven = [one for one in found if one is not None]
    if len(driven) < len(found):
        return None
    served = {leg.stop.id for one in driven for leg in one.legs}
    left = sorted((s for s in stops if s.id not in served), key=lambda s: (-s.value, s.id))
    return Rounds(tuple(driven), tuple(left), "pyvrp", note)
