"""Who waters: the tanker by a fixed plan of standing years, or a valve whose water reaches the bed."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from simulators.physics.calendar import floor_hour, local_hour, local_ms


@dataclass(frozen=True, slots=True, order=True)
class Pour:
    """So many litres at one time (Unix ms), poured within `minutes`."""

    ms: int
    litres: float
    minutes: float = 10.0


class Supply(Protocol):
    """Where water comes from. Asked in order of time."""

    def until(self, ms: int) -> list[Pour]:
        """All pours that end up to `ms` and were not given yet."""
        ...


SPRING, AUTUMN = (4, 1), (9, 30)
"""The season of the fixed plan; that it ends with September is an assumption."""
_EVERY_DAYS = {1: 14, 2: 14, 3: 14, 4: 28, 5: 61}


@dataclass(frozen=True, slots=True)
class FixedPlan:
    """The tanker's plan by standing year: years 1 to 3 each 14 days from April on, year 4 each 4 weeks, year 5 each 2
    months, older trees never (city of Bad Homburg's published plan); 100 litres a visit."""

    standing_year: int
    litres: float = 100.0

    @property
    def days_between(self) -> int | None:
        """Days from visit to visit; None for trees that stand long enough."""
        return _EVERY_DAYS.get(self.standing_year)


class TankerTours:
    """The tanker's visits of one tree by the fixed plan: the day of the round and the hour are the tree's own."""

    def __init__(self, plan: FixedPlan, seed: str, start_ms: int) -> None:
        self._plan = plan
        self._chance = chance = Random(f"tanker {seed}")
        self._phase, self._hour = chance.random(), chance.uniform(6.5, 14.0)
        self._day = local_hour(start_ms).day
        self._next = self._find()

    def until(self, ms: int) -> list[Pour]:
        """The visits up to `ms` that were not given yet."""
        pours = []
        while self._next is not None and self._next.ms <= ms:
            pours.append(self._next)
            self._next = self._find()
        return pours

    def _find(self) -> Pour | None:
        """The next visit: a working day every so many days, counted from the season's first."""
        every = self._plan.days_between
        if every is None:
            return None
        while True:
            day, self._day = self._day, self._day + 1
            if self._due(day, every):
                litres = self._plan.litres * self._chance.uniform(0.9, 1.1)
                return Pour(local_ms(day, self._hour) + int(self._chance.uniform(0, 1_800_000)), litres)

    def _due(self, day: int, every: int) -> bool:
        """Visits of a Saturday or Sunday are made on the Friday before."""
        weekday = (day - 1) % 7
        return any(self._planned(day + later, every) for later in ((0, 1, 2) if weekday == 4 else (0,))) and weekday < 5

    def _planned(self, day: int, every: int) -> bool:
        month = local_hour(local_ms(day, 12)).month
        return SPRING[0] <= month <= AUTUMN[0] and int(day + self._phase * every) % every == 0


class Standing:
    """Water by order: what a planner, a crew or a test pours."""

    def __init__(self) -> None:
        self._pours: list[Pour] = []

    def pour(self, ms: int, litres: float) -> None:
        """Order so many litres for a time."""
        self._pours = sorted([*self._pours, Pour(ms, litres)])

    def until(self, ms: int) -> list[Pour]:
        """The orders up to `ms` that were not given yet."""
        due = [pour for pour in self._pours if pour.ms <= ms]
        self._pours = [pour for pour in self._pours if pour.ms > ms]
        return due


class FromValve:
    """The water of a valve, hour by hour: `litres_until` gives all its water up to a time, asked in order of time."""

    def __init__(self, litres_until: Callable[[int], float], share: float = 1.0) -> None:
        self._litres_until = litres_until
        self._share = share
        self._given = 0.0
        self._asked_ms = 0

    def until(self, ms: int) -> list[Pour]:
        """What ran in the full hours up to `ms` that were not asked for yet, as one pour at their end."""
        whole = floor_hour(ms)
        if whole <= self._asked_ms:
            return []
        self._asked_ms = whole
        total = self._litres_until(whole) * self._share
        litres, self._given = total - self._given, total
        return [Pour(whole, litres, 0.0)] if litres > 0 else []
