"""Collection tours by local weekday and hour: when the lorry comes, when it doesn't, and whether it comes later."""

from dataclasses import dataclass
from random import Random

from simulators.physics.calendar import local_hour, local_ms


@dataclass(frozen=True, slots=True)
class Tours:
    """The plan of one bin, and how well it is kept. `weekdays`: 0 for Monday; `hour`: local."""

    weekdays: frozenset[int] = frozenset((0, 3))
    hour: float = 7.0
    jitter_min: float = 20.0
    missed_share: float = 0.03
    caught_up_share: float = 0.4
    """Share of the missed visits that are made up for on the next day."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit: when it was planned, when the lorry comes; `missed` when it doesn't."""

    planned_ms: int
    ms: int
    missed: bool
    planned: bool = True


class TourBook:
    """The visits of one bin in order of time, drawn one planned day after the other."""

    def __init__(self, tours: Tours, chance: Random, start_ms: int) -> None:
        self._tours = tours
        self._chance = chance
        self._day = local_hour(start_ms).day
        self._start_ms = start_ms
        self._extra: list[Visit] = []
        self._next = self._draw()

    def add(self, ms: int) -> None:
        """An extra visit, outside the plan."""
        self._extra = sorted([*self._extra, Visit(ms, ms, missed=False, planned=False)], key=_when)

    @property
    def next(self) -> Visit | None:
        """The next visit; None when there is no plan and none was asked for."""
        candidates = [visit for visit in (self._next, *self._extra[:1]) if visit is not None]
        return min(candidates, key=_when, default=None)

    def pop(self) -> Visit:
        """Take the next visit off the book. A missed one may leave a visit of the next day behind."""
        visit = self.next
        if visit is None:
            raise LookupError("there is no further visit")
        if self._extra and visit is self._extra[0]:
            self._extra.pop(0)
            return visit
        if visit.missed and self._chance.random() < self._tours.caught_up_share:
            self.add(local_ms(local_hour(visit.planned_ms).day + 1, self._tours.hour) + self._jitter())
        self._next = self._draw()
        return visit

    def next_coming_ms(self) -> int | None:
        """When the lorry comes next, so far as the book knows: missed visits don't count."""
        coming = [visit.ms for visit in (self._next, *self._extra[:1]) if visit is not None and not visit.missed]
        return min(coming, default=None)

    def _jitter(self) -> int:
        bound = 3 * self._tours.jitter_min
        minutes = min(max(self._chance.gauss(0, self._tours.jitter_min), -bound), bound)
        return int(minutes * 60_000)

    def _draw(self) -> Visit | None:
        """The next planned visit that lies after the start."""
        if not self._tours.weekdays:
            return None
        while True:
            planned = local_ms(self._day, self._tours.hour)
            due = self._weekday() in self._tours.weekdays
            self._day += 1
            if not due:
                continue
            ms, missed = planned + self._jitter(), self._chance.random() < self._tours.missed_share
            if ms >= self._start_ms:
                return Visit(planned, planned if missed else ms, missed)

    def _weekday(self) -> int:
        """Day ordinals begin with a Monday, the first of January of the year 1."""
        return (self._day - 1) % 7


def _when(visit: Visit) -> int:
    return visit.ms
