"""Festivals, markets, matches: times at which more people than usual are about."""

from collections.abc import Iterable
from dataclasses import dataclass

from simulators.physics.calendar import local_ms


@dataclass(frozen=True, slots=True)
class CityEvent:
    """From `start_ms` to `end_ms` there are `factor` times as many people; whom it concerns gets it handed over."""

    start_ms: int
    end_ms: int
    factor: float
    name: str = ""


def factor_at(events: Iterable[CityEvent], ms: int) -> float:
    """How many times as many people as usual; events at the same time multiply."""
    factor = 1.0
    for event in events:
        if event.start_ms <= ms < event.end_ms:
            factor *= event.factor
    return factor


def festival(
    first_day: int, days: int = 3, factor: float = 4.0, opens: float = 11, closes: float = 23.5
) -> list[CityEvent]:
    """A festival from local day `first_day` (ordinal) on, each day from one local hour to another."""
    return [
        CityEvent(local_ms(day, opens), local_ms(day, closes), factor, "festival")
        for day in range(first_day, first_day + days)
    ]
