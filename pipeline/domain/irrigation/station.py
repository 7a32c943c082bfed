"""The detector of weather stations: how much rain fell lately, by hour and by day, whatever the gauge counts."""

from msgspec import Struct

from pipeline.domain.irrigation.layers import DAY_MS, HOUR_MS
from pipeline.domain.irrigation.rain import Rain, measured, with_rain
from pipeline.domain.words import Facts, Input, Observation, Step
from pipeline.inventory_model import AssetKind

DAYS_KEPT = 70
"""As long as the longest interval of a fixed watering plan, and some."""


class StationState(Struct, frozen=True):
    """Rain that a station measured."""

    rain: Rain = Rain()
    """By hour, of three days."""
    days: tuple[tuple[int, float], ...] = ()
    """(day since 1970 in UTC, mm), oldest first; a dry day is there with 0."""

    def since(self, start_ms: int, end_ms: int) -> float:
        """mm from `start_ms` to `end_ms`: by the hour while that is kept, before that by whole days (the first one in
        full, so that rain is rather counted than forgotten)."""
        first_hour = self.rain.hours[0][0] - HOUR_MS if self.rain.hours else end_ms
        if start_ms >= first_hour:
            return self.rain.between(start_ms, end_ms)
        return sum(mm for day, mm in self.days if start_ms // DAY_MS <= day <= end_ms // DAY_MS)


class StationDetector:
    """Sums of rain. It says `rain_24h` and no events."""

    name = "station"
    version = 1
    kinds: frozenset[AssetKind] = frozenset({"weather"})
    state_type = StationState

    def begin(self, facts: Facts) -> StationState:
        """No rain is known yet."""
        return StationState()

    def step(self, facts: Facts, state: StationState, given: Input) -> tuple[StationState, Step]:
        """The state after one input; `rain_24h` for every record of a gauge."""
        if not isinstance(given, Observation):
            return state, Step()
        mm, counters = measured(state.rain.counters, given)
        if mm is None:
            return state, Step()
        rain = with_rain(Rain(state.rain.hours, counters), given.time_ms, mm)
        day = given.time_ms // DAY_MS
        before = dict(state.days)
        before[day] = before.get(day, 0.0) + max(0.0, mm)
        days = tuple(sorted(before.items()))[-DAYS_KEPT:]
        total = rain.between(given.time_ms - DAY_MS, given.time_ms)
        return StationState(rain, days), Step(derived={"rain_24h": total})
