"""Incidents of an asset, each with start and end: planned by the scenario, or by chance at so many a year."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from types import MappingProxyType

from simulators.physics.calendar import HOUR_MS
from simulators.truth import Quantity, TruthRow

_YEAR_MS = 365.25 * 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Incident:
    """Something out of the ordinary, Unix ms; `values` tell its strength in the words of the process."""

    kind: str
    start_ms: int
    end_ms: int
    values: Mapping[str, Quantity] = field(default_factory=dict)
    by_chance: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """How often an incident comes by chance, and between how many hours it lasts."""

    per_year: float
    shortest_h: float
    longest_h: float


@dataclass(frozen=True, slots=True)
class Edge:
    """The begin or the end of an incident."""

    ms: int
    incident: Incident
    begins: bool


NO_RATES: Mapping[str, Rate] = MappingProxyType({})


class Incidents:
    """All incidents of one asset as edges in order of time; those that last are `active`, at most one of a kind."""

    def __init__(
        self, seed: str, start_ms: int, rates: Mapping[str, Rate] = NO_RATES, planned: Iterable[Incident] = ()
    ) -> None:
        self._seed = seed
        self._chances: dict[str, Random] = {}
        self._rates = rates
        self._queue: list[tuple[int, int, int, Incident]] = []
        self._number = 0
        self.active: dict[str, Incident] = {}
        for incident in planned:
            self._push(incident.start_ms, 1, incident)
        for kind, rate in rates.items():
            if rate.per_year > 0:
                self._chances[kind] = Random(f"incident {kind} {seed}")
                self._draw(kind, start_ms)

    def _push(self, ms: int, begins: int, incident: Incident) -> None:
        self._number += 1
        heappush(self._queue, (ms, begins, self._number, incident))

    def _draw(self, kind: str, after_ms: int) -> None:
        chance, rate = self._chances[kind], self._rates[kind]
        start = after_ms + int(chance.expovariate(rate.per_year) * _YEAR_MS)
        length = chance.uniform(rate.shortest_h, rate.longest_h) * HOUR_MS
        self._push(start, 1, Incident(kind, start, start + int(length), by_chance=True))

    @property
    def next_ms(self) -> int | None:
        """When the next one begins or ends; None: never."""
        return self._queue[0][0] if self._queue else None

    def pop(self) -> Edge | None:
        """The next edge; ends come before begins of the same time. None for one of a kind that is active already."""
        ms, begins, _, incident = heappop(self._queue)
        if begins and incident.kind in self.active:
            if incident.by_chance:
                self._draw(incident.kind, incident.end_ms)
            return None
        if begins:
            self.active[incident.kind] = incident
            self._push(incident.end_ms, 0, incident)
        else:
            del self.active[incident.kind]
            if incident.by_chance:
                self._draw(incident.kind, ms)
        return Edge(ms, incident, bool(begins))

    def row(self, asset: str, incident: Incident, ends: bool = True) -> TruthRow:
        """The truth row of an incident, open-ended while it lasts."""
        return TruthRow(asset, incident.kind, incident.start_ms, incident.end_ms if ends else None, incident.values)
