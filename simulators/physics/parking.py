"""Cars of one zone: arrivals by purpose, hour, weekday, street, price and capacity; stays and overstays; full streets.

The zone lives ahead of its bays, which hand out its changes as their own time comes: bays may be asked in any order.
Truth: hourly `occupancy` of the zone, and what its bays say.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

from simulators.physics.bay import Bay, BayPlan, Change
from simulators.physics.bay_sensor import BaySensor, Told
from simulators.physics.calendar import HOUR_MS, floor_hour, local_hour
from simulators.physics.chances import around, arrivals
from simulators.physics.drivers import OWN_USERS, PURPOSES, STREETS, Purpose, price_factor
from simulators.physics.events import CityEvent, factor_at
from simulators.physics.incidents import NO_RATES, Incident, Incidents, Rate
from simulators.physics.weather import Weather
from simulators.truth import Quantity, TruthRow

_WARM_UP_MS, _AHEAD_MS, _CHUNK_MS = 48 * HOUR_MS, 48 * HOUR_MS, 6 * HOUR_MS
_COMPLIANT = 0.8
"""Share of drivers who leave within the permitted time."""
_BRAZEN = 0.08
"""Share of drivers who take a bay that isn't for them when the street is full."""
MIN_STAY_MS = 60_000


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """A street or car park. Bays stand in a row in this order: neighbours disturb each other's sensors."""

    zone: str
    bays: tuple[BayPlan, ...]
    street: str = "mixed"
    eur_per_hour: float = 1.0
    max_stay_h: float | None = None
    demand: float = 1.0
    """How many times the street's usual number of drivers come."""


class _Due(NamedTuple):
    """What the zone has to do: `what` is leave, tell or incident; void when the bay's version is another."""

    ms: int
    order: int
    what: str
    bay: int
    version: int
    told: bool = False


class ParkingZone:
    """All bays of a zone. A process itself: it measures nothing, its truth is the hourly occupancy."""

    def __init__(
        self,
        plan: ZonePlan,
        seed: int,
        start_ms: int,
        weather: Weather,
        events: tuple[CityEvent, ...] = (),
        rates: Mapping[str, Rate] = NO_RATES,
        planned: Mapping[str, Iterable[Incident]] | None = None,
    ) -> None:
        text = f"parking {seed} {plan.zone}"
        self.plan = plan
        self._chance = Random(text)
        self._events = events
        self._start_ms = self._own_ms = start_ms
        self._until = floor_hour(start_ms - _WARM_UP_MS)
        self._order = 0
        self._due: list[_Due] = []
        self._free = {cls: [n for n, b in enumerate(plan.bays) if b.bay_class == cls] for cls in ("normal", *OWN_USERS)}
        count = len(plan.bays)
        self._taken = [False] * count
        self._blocked = [False] * count
        self._version = [0] * count
        self._sensors = [BaySensor(b.errors, Random(f"sensor {text} {b.asset}")) for b in plan.bays]
        self._incidents = [
            Incidents(f"{text} {bay.asset}", start_ms, rates, (planned or {}).get(bay.asset, ())) for bay in plan.bays
        ]
        self._lately = {"arrivals": 0, "departures": 0, "turned_away": 0}
        self._rows: deque[TruthRow] = deque()
        self.queues: list[deque[Change]] = [deque() for _ in plan.bays]
        for number in range(count):
            self._expect_incident(number)
        self.bays = {
            bay.asset: Bay(bay, number, queue, self, start_ms, weather)
            for number, (bay, queue) in enumerate(zip(plan.bays, self.queues, strict=True))
        }
        self.advance(start_ms)
        for one in self.bays.values():
            one.advance(start_ms)

    def run(self, to_ms: int) -> None:
        """Live the zone ahead, in whole hours, at least until `to_ms`."""
        while self._until <= to_ms:
            self._hour(self._until)
            self._until += HOUR_MS

    @property
    def max_stay_h(self) -> float | None:
        """The longest stay that is permitted, hours."""
        return self.plan.max_stay_h

    def next_told_ms(self, own_ms: int, bay: int) -> int | None:
        """When a bay's sensor says something new after `own_ms`; the zone lives up to two days ahead to know."""
        while True:
            for change in self.queues[bay]:
                if change.what == "tell" and change.ms > own_ms:
                    return change.ms
            if self._until >= own_ms + _AHEAD_MS:
                return None
            self.run(self._until + _CHUNK_MS)

    def _hour(self, hour_ms: int) -> None:
        for ms, purpose, bay_class in self._arrivals(hour_ms):
            self._work_until(ms)
            self._arrive(ms, purpose, bay_class)
        self._work_until(hour_ms + HOUR_MS - 1)
        if hour_ms >= self._start_ms - HOUR_MS:
            self._count(hour_ms + HOUR_MS)
        self._lately = dict.fromkeys(self._lately, 0)

    def _arrivals(self, hour_ms: int) -> list[tuple[int, Purpose, str]]:
        _, weekday, hour, _ = local_hour(hour_ms)
        people = factor_at(self._events, hour_ms) * self.plan.demand
        normal = sum(bay.bay_class == "normal" for bay in self.plan.bays)
        streams = [(name, "normal", rate * normal) for name, rate in STREETS[self.plan.street].items()]
        for bay_class, (name, rate) in OWN_USERS.items():
            count = sum(bay.bay_class == bay_class for bay in self.plan.bays)
            if count:
                streams.append((name, bay_class, rate * count))
        found: list[tuple[int, Purpose, str]] = []
        for name, bay_class, per_day in streams:
            purpose = PURPOSES[name]
            per_hour = per_day * purpose.hours[hour] * purpose.days[weekday] * people
            per_hour *= price_factor(self.plan.eur_per_hour, purpose)
            found += [(ms, purpose, bay_class) for ms in arrivals(self._chance, per_hour, hour_ms, HOUR_MS)]
        return sorted(found, key=lambda one: one[0])

    def _arrive(self, ms: int, purpose: Purpose, bay_class: str) -> None:
        bay = self._choose(bay_class)
        if bay is None:
            self._lately["turned_away"] += 1
            return
        self._free[self.plan.bays[bay].bay_class].remove(bay)
        self._taken[bay] = True
        self._lately["arrivals"] += 1
        self.queues[bay].append(Change(ms, "arrive", purpose.name))
        stay = max(int(self._stay_h(purpose) * HOUR_MS), MIN_STAY_MS)
        self._changed(ms, bay, True)
        self._push(ms + stay, "leave", bay)

    def _choose(self, bay_class: str) -> int | None:
        """A free bay, those at the row's begin first; in a full street sometimes one that is for others."""
        free = self._free[bay_class]
        if not free and bay_class == "normal" and self._chance.random() < _BRAZEN:
            free = self._free["fire_lane"] or self._free["disabled"] or self._free["delivery"]
        return free[int(len(free) * self._chance.random() ** 1.3)] if free else None

    def _stay_h(self, purpose: Purpose) -> float:
        stay, limit = around(self._chance, purpose.stay_h, purpose.spread), self.plan.max_stay_h
        if limit is not None and purpose.pays and stay > limit and self._chance.random() < _COMPLIANT:
            return limit * self._chance.uniform(0.7, 1.0)
        return min(stay, 240.0)

    def _push(self, ms: int, what: str, bay: int, told: bool = False) -> None:
        self._order += 1
        heappush(self._due, _Due(ms, self._order, what, bay, self._version[bay], told))

    def _work_until(self, ms: int) -> None:
        while self._due and self._due[0].ms <= ms:
            due = heappop(self._due)
            if due.what == "incident":
                self._incident(due.bay)
            elif due.version != self._version[due.bay]:
                continue
            elif due.what == "leave":
                self._leave(due.ms, due.bay)
            else:
                self._tell(due.ms, due.bay, due.told)

    def _leave(self, ms: int, bay: int) -> None:
        self._taken[bay] = False
        if not self._blocked[bay]:
            self._set_free(bay)
        self._lately["departures"] += 1
        self.queues[bay].append(Change(ms, "leave"))
        self._changed(ms, bay, False)

    def _set_free(self, bay: int) -> None:
        free = self._free[self.plan.bays[bay].bay_class]
        free.append(bay)
        free.sort()

    def _changed(self, ms: int, bay: int, occupied: bool) -> None:
        """A new version voids what the sensor was about to say. A blocked bay's sensor sees the obstacle only."""
        self._version[bay] += 1
        if not self._blocked[bay]:
            self._plan_to_tell(bay, self._sensors[bay].changed(ms, occupied))
        for neighbour in (bay - 1, bay + 1):
            if 0 <= neighbour < len(self._taken) and not self._blocked[neighbour]:
                for told in self._sensors[neighbour].disturbed(ms, self._taken[neighbour]) or ():
                    self._plan_to_tell(neighbour, told)

    def _plan_to_tell(self, bay: int, told: Told) -> None:
        self._push(told.ms, "tell", bay, told.occupied)

    def _tell(self, ms: int, bay: int, occupied: bool) -> None:
        if self._sensors[bay].occupied != occupied:
            self._sensors[bay].occupied = occupied
            word = "learning" if self._sensors[bay].learning else ""
            self.queues[bay].append(Change(ms, "tell", word, occupied))

    def _expect_incident(self, bay: int) -> None:
        ms = self._incidents[bay].next_ms
        if ms is not None:
            self._push(ms, "incident", bay)

    def _incident(self, bay: int) -> None:
        """Road works and skips: the bay is blocked from the begin to the end; a car that stands there is towed."""
        edge = self._incidents[bay].pop()
        self._expect_incident(bay)
        if edge is None:
            return
        if edge.begins:
            if self._taken[bay]:
                self._leave(edge.ms, bay)
            self._free[self.plan.bays[bay].bay_class].remove(bay)
            self._version[bay] += 1
        else:
            self._set_free(bay)
        self._blocked[bay] = edge.begins
        self.queues[bay].append(Change(edge.ms, "block" if edge.begins else "free"))
        self._tell(edge.ms, bay, edge.begins)

    def _count(self, ms: int) -> None:
        occupied, blocked = sum(self._taken), sum(self._blocked)
        values: dict[str, Quantity] = {
            "capacity": float(len(self._taken)),
            "occupied": float(occupied),
            "blocked": float(blocked),
            "free": float(len(self._taken) - occupied - blocked),
            **{name: float(count) for name, count in self._lately.items()},
        }
        self._rows.append(TruthRow(self.plan.zone, "occupancy", ms, ms, values))

    def advance(self, to_ms: int) -> None:
        """Live until `to_ms`."""
        self._own_ms = max(self._own_ms, to_ms)
        self.run(self._own_ms)

    def measured(self) -> Mapping[str, Quantity]:
        """Nothing: zones have no sensors of their own."""
        return {}

    def take_truth(self) -> list[TruthRow]:
        """The hourly counts since the last call: cars at the full hour, comings and goings of the hour before."""
        rows = []
        while self._rows and self._rows[0].start_ms <= self._own_ms:
            rows.append(self._rows.popleft())
        return rows

    def finish(self) -> list[TruthRow]:
        """What still lasts when the city stops: the bays say it."""
        return []

    def next_change_ms(self) -> int | None:
        """Zones report nothing."""
        return None
