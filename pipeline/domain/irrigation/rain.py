"""Rain as an asset hears of it: gauges on the asset itself, and reports of what the nearest station measured."""

from collections.abc import Mapping

from msgspec import Struct

from pipeline.domain.irrigation.layers import HOUR_MS, good
from pipeline.domain.words import Observation

RAIN_REPORT = "rain"
"""Kind of a `Report` with `rain_amount`: mm that the nearest station measured in the hour before its time."""
KEPT_MS = 72 * HOUR_MS


class Rain(Struct, frozen=True, gc=False):
    """Rain of the last three days."""

    hours: tuple[tuple[int, float], ...] = ()
    """(end of the full hour in Unix ms, mm), oldest first. Hours that were measured as dry are there too."""
    counters: dict[str, float] = {}
    """Last state of each gauge's counter, mm."""

    def known(self, start_ms: int) -> bool:
        """Whether anybody measured rain, or its absence, at or after a time."""
        return bool(self.hours) and self.hours[-1][0] >= start_ms

    def between(self, start_ms: int, end_ms: int) -> float:
        """mm in the hours that end after `start_ms` and begin before `end_ms`."""
        return sum(mm for hour, mm in self.hours if hour > start_ms and hour - HOUR_MS < end_ms)


def hour_of(time_ms: int) -> int:
    """The end of the full hour that a moment lies in; a full hour ends itself."""
    return -(-time_ms // HOUR_MS) * HOUR_MS


def with_rain(rain: Rain, time_ms: int, mm: float) -> Rain:
    """The rain with some more in one hour."""
    hour, amount = hour_of(time_ms), max(0.0, mm)
    hours = rain.hours
    if hours and hours[-1][0] == hour:
        return Rain((*hours[:-1], (hour, hours[-1][1] + amount)), rain.counters)
    kept = {h: known for h, known in hours if h > time_ms - KEPT_MS}
    kept[hour] = kept.get(hour, 0.0) + amount
    return Rain(tuple(sorted(kept.items())), rain.counters)


def measured(counters: Mapping[str, float], given: Observation) -> tuple[float | None, dict[str, float]]:
    """mm that a gauge's record adds (None: it is no record of rain), and the counters after it. A counter that fell
    was reset, and what it shows fell since."""
    total, amount = good(given, "rain_cumulative"), good(given, "rain_amount")
    if total is None:
        return amount, dict(counters)
    key = f"{given.dev_eui}/{given.channel}"
    before = counters.get(key)
    after = {**counters, key: total}
    if before is None:
        return amount or 0.0, after
    return (total - before if total >= before else total), after
