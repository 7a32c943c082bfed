"""Missed or not, in the cases that a simulated city taught: quick refills, half falls, crews before dawn, silence."""

from collections.abc import Iterable
from datetime import date

from pipeline.domain.waste import DETECTOR
from pipeline.domain.waste.clock import HOUR_MS, local_ms
from pipeline.domain.words import DomainEvent, Facts, Observation, Tick
from pipeline.inventory_model import Asset

MONDAY = date(2026, 6, 1).toordinal()
START_MS = local_ms(MONDAY, 0)
BIN = Facts(Asset("bin", kind="waste_bin", attributes={"collection_days": "tue", "collection_hour": 6.0}))
WOBBLE = (0.0, 0.4, -0.3, 0.2, -0.4, 0.1)
"""A sensor never says quite the same twice."""


def told(levels: Iterable[float]) -> dict[str, DomainEvent]:
    """The events that stand after one level an hour, ten minutes past it, from Monday's midnight on."""
    state, events = DETECTOR.begin(BIN), dict[str, DomainEvent]()
    for hour, level in enumerate(levels):
        at = START_MS + hour * HOUR_MS
        sample = max(level + WOBBLE[hour % len(WOBBLE)], 0.0)
        for given in (Tick(at), Observation(at + 600_000, at + 601_000, "eui", "", {"fill_level": sample})):
            state, step = DETECTOR.step(BIN, state, given)
            events.update({event.id: event for event in step.events})
            for gone in step.withdrawn:
                events.pop(gone, None)
    return events


def kinds(events: dict[str, DomainEvent]) -> list[str]:
    return sorted(event.kind for event in events.values())


def test_an_emptying_on_the_tour_stands_although_the_bin_is_soon_as_full_again() -> None:
    """40 %, emptied at six, 40 % again at nine: a busy place, no outliers; and nothing was missed."""
    monday, tuesday = [40.0] * 24, [40.0] * 6 + [2.0] * 3 + [40.0] * 15
    assert kinds(told(monday + tuesday + [40.0] * 12)) == ["emptied"]


def test_a_fall_on_the_tour_that_is_no_emptying_makes_no_missed_collection() -> None:
    """From 40 to 27: the zero may be wrong, or waste came at once; that nobody came can't be said."""
    monday, tuesday = [40.0] * 24, [40.0] * 6 + [27.0] * 18
    assert kinds(told(monday + tuesday + [28.0] * 12)) == []


def test_a_collection_is_missed_also_when_the_crew_came_before_the_next_morning() -> None:
    """Nobody on Tuesday, somebody on Wednesday at four: both are told, and the first one is over."""
    monday, tuesday = [40.0] * 24, [42.0] * 24
    events = told(monday + tuesday + [43.0] * 4 + [2.0] * 20)
    assert kinds(events) == ["emptied", "missed_collection"]
    missed = next(event for event in events.values() if event.kind == "missed_collection")
    assert missed.start_ms == local_ms(MONDAY + 1, 6)
    assert not missed.ongoing and missed.end_ms is not None


def test_after_a_silence_over_the_tour_nothing_is_claimed() -> None:
    """Silent from Monday morning to Tuesday evening: what the bin held in the morning nobody knows."""
    state, events = DETECTOR.begin(BIN), dict[str, DomainEvent]()
    for hour in (*range(6), *range(44, 60)):
        at = START_MS + hour * HOUR_MS
        level = 60.0 + WOBBLE[hour % len(WOBBLE)]
        for given in (Tick(at), Observation(at + 600_000, at + 601_000, "eui", "", {"fill_level": level})):
            state, step = DETECTOR.step(BIN, state, given)
            events.update({event.id: event for event in step.events})
    assert events == {}


def test_the_same_level_all_day_long_without_faults_is_a_missed_collection() -> None:
    """The counterpart of all these: it is told the next morning."""
    assert kinds(told([40.0] * 48 + [41.0] * 12)) == ["missed_collection"]
