"""One parking bay: what its magnetometer says, and what really stood there.

Truth rows: `occupied` (with the purpose), `overstay`, `bay_blocked`, `learning`.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from simulators.physics.bay_sensor import RADAR, SensorErrors
from simulators.physics.calendar import HOUR_MS
from simulators.physics.drivers import PURPOSES
from simulators.physics.housing import housing_temperature
from simulators.physics.weather import Weather
from simulators.truth import Quantity, TruthRow


@dataclass(frozen=True, slots=True)
class BayPlan:
    """One bay. Classes: normal, disabled, charging, delivery, fire_lane."""

    asset: str
    bay_class: str = "normal"
    errors: SensorErrors = RADAR


class Change(NamedTuple):
    """One change of a bay that lies ahead: `what` is arrive, leave, block, free or tell."""

    ms: int
    what: str
    word: str = ""
    told: bool = False


class _Zone(Protocol):
    @property
    def max_stay_h(self) -> float | None: ...

    def run(self, to_ms: int) -> None: ...

    def next_told_ms(self, own_ms: int, bay: int) -> int | None: ...


class Bay:
    """The process of one bay: `measured` is what its magnetometer says, `take_truth` what really stood there."""

    def __init__(
        self, plan: BayPlan, number: int, queue: deque[Change], zone: _Zone, start_ms: int, weather: Weather
    ) -> None:
        self.plan = plan
        self._zone, self._number, self._weather = zone, number, weather
        self._queue = queue
        self._start_ms = self._now = start_ms
        self._since: tuple[int, str] | None = None
        self._blocked_ms: int | None = None
        self._learnt_ms = start_ms if self.plan.errors.learning_changes else None
        self._told = False
        self._told_ms = start_ms
        self._rows: list[TruthRow] = []

    @property
    def occupied(self) -> bool:
        """Whether a car really stands there."""
        return self._since is not None

    def advance(self, to_ms: int) -> None:
        """Live until `to_ms`."""
        self._now = max(self._now, to_ms)
        self._zone.run(self._now)
        while self._queue and self._queue[0].ms <= self._now:
            self._take(self._queue.popleft())

    def _take(self, change: Change) -> None:
        if change.what == "arrive":
            self._since = (change.ms, change.word)
        elif change.what == "leave" and self._since is not None:
            if change.ms >= self._start_ms:
                self._rows += self._stay_rows(*self._since, change.ms)
            self._since = None
        elif change.what == "tell":
            self._tell(change)
        elif change.what == "block":
            self._blocked_ms = change.ms
        elif change.what == "free" and self._blocked_ms is not None:
            self._rows.append(TruthRow(self.plan.asset, "bay_blocked", self._blocked_ms, change.ms))
            self._blocked_ms = None

    def _tell(self, change: Change) -> None:
        self._told, self._told_ms = change.told, change.ms
        if self._learnt_ms is not None and change.word != "learning":
            self._rows.append(TruthRow(self.plan.asset, "learning", self._learnt_ms, max(change.ms, self._start_ms)))
            self._learnt_ms = None

    def _stay_rows(self, start_ms: int, purpose: str, end_ms: int | None) -> list[TruthRow]:
        values: dict[str, Quantity] = {"purpose": purpose, "bay_class": self.plan.bay_class}
        rows = [TruthRow(self.plan.asset, "occupied", start_ms, end_ms, values)]
        limit = self._zone.max_stay_h
        over_ms = None if limit is None else start_ms + int(limit * HOUR_MS)
        if over_ms is not None and PURPOSES[purpose].pays and over_ms < (self._now if end_ms is None else end_ms):
            rows.append(TruthRow(self.plan.asset, "overstay", over_ms, end_ms, values))
        return rows

    def measured(self) -> Mapping[str, Quantity]:
        """The sensor's state with its mistakes, since when, and the temperature in the road."""
        hour, air = self._weather.hour(self._now), self._weather.air_temperature(self._now)
        shaded = 0.05 if self._since is not None else 0.35
        return {
            "occupied": self._told,
            "occupancy_state": "unknown" if self._blocked_ms is not None else ("occupied" if self._told else "free"),
            "device_temperature": housing_temperature(air, hour.solar_radiation, hour.wind_speed, shaded),
        }

    def take_truth(self) -> list[TruthRow]:
        """Rows since the last call, by their start."""
        rows, self._rows = self._rows, []
        return sorted(rows, key=lambda row: row.start_ms)

    def finish(self) -> list[TruthRow]:
        """What still lasts when the city stops, open-ended."""
        rows = [] if self._since is None else self._stay_rows(*self._since, None)
        if self._blocked_ms is not None:
            rows.append(TruthRow(self.plan.asset, "bay_blocked", self._blocked_ms, None))
        if self._learnt_ms is not None:
            rows.append(TruthRow(self.plan.asset, "learning", self._learnt_ms, None))
        return rows

    def next_change_ms(self) -> int | None:
        """When the sensor says something new; None when it won't within the next two days: ask again then."""
        return self._zone.next_told_ms(self._now, self._number)
