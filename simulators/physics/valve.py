"""A valve with a flow meter: its plan, commands, and what goes wrong: leaks, a stuck valve, no water.

Flow is constant between changes, so sums are closed. Truth rows: `valve_run` (planned or by command, litres), `leak`,
`valve_stuck` and `no_flow` with the litres that ran or did not run, and each hour with water `flow`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from types import MappingProxyType
from typing import Literal

from simulators.physics.calendar import HOUR_MS, floor_hour, local_hour, local_ms
from simulators.physics.housing import housing_temperature
from simulators.physics.incidents import Incident, Incidents, Rate
from simulators.physics.weather import Weather
from simulators.truth import Quantity, TruthRow

VALVE_RATES: Mapping[str, Rate] = MappingProxyType(
    {"leak": Rate(0.4, 6, 120), "valve_stuck": Rate(0.3, 4, 48), "no_flow": Rate(0.5, 3, 30)}
)
"""Assumed rates by chance. A stuck valve stays as it was when it got stuck."""

_MINUTE_MS = 60_000
Todo = Literal["open", "close", "end"]


@dataclass(frozen=True, slots=True)
class ValvePlan:
    """One valve. Runs of `minutes` begin at local `hours` on `weekdays` (0 Monday) of the warm months."""

    asset: str
    litres_per_min: float = 20.0
    pulses_per_litre: float = 1.0
    weekdays: frozenset[int] = frozenset((0, 2, 4))
    hours: tuple[float, ...] = (4.0,)
    minutes: float = 20.0
    months: frozenset[int] = frozenset(range(4, 11))
    pressure_kpa: float = 350.0
    leak_l_per_h: float = 25.0


@dataclass(slots=True)
class _Run:
    start_ms: int
    planned: bool
    litres_before: float


class Valve:
    """The process of one valve."""

    def __init__(
        self,
        plan: ValvePlan,
        seed: int,
        start_ms: int,
        weather: Weather,
        rates: Mapping[str, Rate] = VALVE_RATES,
        planned: Iterable[Incident] = (),
    ) -> None:
        text = f"valve {seed} {plan.asset}"
        chance = Random(text)
        self.plan = plan
        self._weather = weather
        self._incidents = Incidents(text, start_ms, rates, planned)
        self._litres_per_min = plan.litres_per_min * chance.uniform(0.9, 1.1)
        self._pulses_before = chance.randrange(0, 200_000)
        self._start_ms = self._now = start_ms
        self._hour_ms = floor_hour(start_ms)
        self._todo: list[tuple[int, int, Todo, int]] = []
        """Heap of (ms, order, what to do, number): of `open` the limit in ms (0: none, negative: the plan's), of
        `end` the run that it ends."""
        self._order = 0
        self._day = local_hour(start_ms).day
        self._open = False
        self._run: _Run | None = None
        self.litres = 0.0
        """All that ran out since the start, leaks too."""
        self._hour_litres = 0.0
        self._runs = 0
        self._lost: dict[str, float] = {}
        self._rows: list[TruthRow] = []
        self._plan_day()

    def command(self, ms: int, open_: bool, minutes: float | None = None) -> None:
        """Open (for `minutes`, None: until told otherwise) or close at a time from now on."""
        limit = 0 if minutes is None else int(minutes * _MINUTE_MS)
        self._add(max(ms, self._now), "open" if open_ else "close", limit)

    def litres_until(self, ms: int) -> float:
        """All water since the start up to `ms`, at least up to what was lived already: for `watering.FromValve`, on a
        valve that nobody else advances (a second one of the same plan and seed runs the same)."""
        self.advance(ms)
        return self.litres

    def _add(self, ms: int, todo: Todo, number: int) -> None:
        self._order += 1
        heappush(self._todo, (ms, self._order, todo, number))

    def _plan_day(self) -> None:
        """Enter the plan of the day `self._day`; its successor plans itself at the day's end."""
        day, self._day = self._day, self._day + 1
        if (day - 1) % 7 in self.plan.weekdays and local_hour(local_ms(day, 12)).month in self.plan.months:
            for hour in self.plan.hours:
                if local_ms(day, hour) >= self._start_ms:
                    self._add(local_ms(day, hour), "open", -int(self.plan.minutes * _MINUTE_MS))

    def advance(self, to_ms: int) -> None:
        """Live until `to_ms`: openings and closings, incidents and full hours in order of time."""
        while True:
            hour = self._hour_ms + HOUR_MS
            todo = self._todo[0][0] if self._todo else hour
            edge = self._incidents.next_ms
            ms = min(hour, todo, hour if edge is None else edge)
            if ms > to_ms:
                break
            self._flow_until(ms)
            if edge == ms:
                self._incident()
            elif todo == ms and self._todo:
                self._do(*heappop(self._todo))
            else:
                self._full_hour(hour)
        self._flow_until(to_ms)

    @property
    def flow_l_per_min(self) -> float:
        """What runs now."""
        active = self._incidents.active
        if "no_flow" in active:
            return 0.0
        leak = self.plan.leak_l_per_h / 60 if "leak" in active else 0.0
        return (self._litres_per_min if self._open else 0.0) + leak

    def _flow_until(self, ms: int) -> None:
        if ms > self._now:
            litres = self.flow_l_per_min * (ms - self._now) / _MINUTE_MS
            self.litres += litres
            self._now = ms

    def _full_hour(self, hour: int) -> None:
        if self.litres > self._hour_litres:
            values = {"litres": self.litres - self._hour_litres}
            self._rows.append(TruthRow(self.plan.asset, "flow", self._hour_ms, hour, values))
        self._hour_ms, self._hour_litres = hour, self.litres
        if local_hour(hour).day >= self._day:
            self._plan_day()

    def _do(self, ms: int, order: int, todo: Todo, number: int) -> None:
        """A stuck valve hears and doesn't move; what should have closed it does so when it is free again."""
        stuck = self._incidents.active.get("valve_stuck")
        if stuck is not None:
            if todo != "open":
                self._add(stuck.end_ms, todo, number)
        elif todo == "open":
            if not self._open:
                self._runs += 1
                self._open, self._run = True, _Run(ms, number < 0, self.litres)
            if number:
                self._add(ms + abs(number), "end", self._runs)
        elif self._open and (todo == "close" or number == self._runs):
            self._rows.append(self._run_row(ms))
            self._open, self._run = False, None

    def _run_row(self, end_ms: int | None) -> TruthRow:
        run = self._run or _Run(self._now, False, self.litres)
        values = {"planned": run.planned, "litres": self.litres - run.litres_before}
        return TruthRow(self.plan.asset, "valve_run", run.start_ms, end_ms, values)

    def _incident(self) -> None:
        edge = self._incidents.pop()
        if edge is None:
            return
        kind = edge.incident.kind
        if edge.begins:
            self._lost[kind] = self.litres
            return
        self._rows.append(self._incident_row(edge.incident, edge.ms))

    def _incident_row(self, incident: Incident, end_ms: int | None) -> TruthRow:
        values: dict[str, Quantity] = dict(incident.values)
        values["litres"] = self.litres - self._lost.get(incident.kind, self.litres)
        if incident.kind == "valve_stuck":
            values["open"] = self._open
        return TruthRow(self.plan.asset, incident.kind, incident.start_ms, end_ms, values)

    def measured(self) -> Mapping[str, Quantity]:
        """State, pulses since power-up, pressure, leak alarm, and the housing's temperature."""
        flow, hour = self.flow_l_per_min, self._weather.hour(self._now)
        air = self._weather.air_temperature(self._now)
        pressure = 0.0 if "no_flow" in self._incidents.active else self.plan.pressure_kpa - 2.5 * flow
        return {
            "valve_state": "open" if self._open else "closed",
            "flow_pulse_count": float(self._pulses_before + int(self.litres * self.plan.pulses_per_litre)),
            "flow_volume": self.litres,
            "pipe_pressure": max(pressure, 0.0),
            "leak_alarm": "leak" in self._incidents.active and not self._open and flow > 0,
            "device_temperature": housing_temperature(air, hour.solar_radiation, hour.wind_speed, 0.1),
        }

    def take_truth(self) -> list[TruthRow]:
        """Rows since the last call, by their start."""
        rows, self._rows = self._rows, []
        return sorted(rows, key=lambda row: row.start_ms)

    def finish(self) -> list[TruthRow]:
        """What still lasts when the city stops, open-ended."""
        rows = [self._run_row(None)] if self._open else []
        return rows + [self._incident_row(incident, None) for incident in self._incidents.active.values()]

    def next_change_ms(self) -> int | None:
        """The next opening, closing, begin or end of an incident."""
        times = [self._todo[0][0] if self._todo else None, self._incidents.next_ms]
        return min((ms for ms in times if ms is not None and ms > self._now), default=None)
