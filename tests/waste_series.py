"""Small made-up bins for tests of the waste detector: deposits by hour, tours with misses, noise and outliers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from pipeline.domain.waste import DETECTOR
from pipeline.domain.waste.clock import HOUR_MS, local, local_ms
from pipeline.domain.waste.state import WasteState
from pipeline.domain.words import DomainEvent, Facts, Input, Observation, Report, Tick
from pipeline.inventory_model import Asset, AttributeValue
from pipeline.reading import FieldValue

MONDAY = 739_775
"""Ordinal of Monday 2026-06-08."""
MINUTE_MS = 60_000
SHAPE = (0.1,) * 6 + (0.5, 0.9, 1.0, 1.0, 1.2, 1.5, 1.8, 1.6, 1.4, 1.4, 1.6, 1.9, 1.8, 1.4, 1.0, 0.7, 0.4, 0.2)


@dataclass
class Truth:
    """What really happened: emptyings and misses, and the true level by sample time."""

    emptied: list[int] = field(default_factory=list)
    missed: list[int] = field(default_factory=list)
    level: dict[int, float] = field(default_factory=dict)
    full: list[int] = field(default_factory=list)
    """When the level reached 100."""


@dataclass
class Heard:
    """What the detector said: standing events by id, derived readings by time, the last state."""

    events: dict[str, DomainEvent] = field(default_factory=dict)
    derived: dict[int, dict[str, FieldValue]] = field(default_factory=dict)
    withdrawn: list[str] = field(default_factory=list)
    state: WasteState = field(default_factory=WasteState)

    def of(self, kind: str) -> list[DomainEvent]:
        """The standing events of a kind, by start."""
        return sorted((e for e in self.events.values() if e.kind == kind), key=lambda e: e.start_ms)


def bin_facts(asset: str = "bin-1", **attributes: AttributeValue) -> Facts:
    """A bin with attributes."""
    return Facts(Asset(asset, kind="waste_bin", latitude=49.4875, longitude=8.466, attributes=attributes))


def sample(time_ms: int, level: float | None = None, **values: FieldValue) -> Observation:
    """A record with a fill level and whatever else."""
    fields: dict[str, FieldValue] = dict(values) if level is None else {"fill_level": level, **values}
    return Observation(time_ms, time_ms, "00137a1000000001", "", fields)


def listen(facts: Facts, given: Sequence[Input], state: WasteState | None = None) -> Heard:
    """Everything that the detector says of inputs in order of time."""
    heard = Heard(state=state if state is not None else DETECTOR.begin(facts))
    for one in given:
        heard.state, step = DETECTOR.step(facts, heard.state, one)
        for key in step.withdrawn:
            heard.events.pop(key, None)
            heard.withdrawn.append(key)
        heard.events.update({event.id: event for event in step.events})
        if step.derived:
            heard.derived[one.time_ms] = dict(step.derived)
    return heard


def with_ticks(given: list[Input]) -> list[Input]:
    """The inputs with a tick at each full hour between them."""
    first, last = given[0].time_ms // HOUR_MS + 1, given[-1].time_ms // HOUR_MS
    ticks: list[Input] = [Tick(hour * HOUR_MS) for hour in range(first, last + 1)]
    return sorted([*given, *ticks], key=lambda one: (one.time_ms, isinstance(one, Tick)))


def bin_life(
    seed: int,
    *,
    days: int = 60,
    a_day: float = 25.0,
    collection: tuple[int, ...] = (0, 3),
    miss: float = 0.08,
    noise: float = 1.5,
    outliers: float = 0.05,
    every_min: int = 60,
    weekend: float = 1.5,
    start_day: int = MONDAY,
) -> tuple[list[Input], Truth]:
    """The inputs and the truth of one bin: compound Poisson deposits, tours at eight, quantised samples.

    `weekend`: how much more comes from Friday to Sunday than on other days.
    """
    chance, truth, given = Random(seed), Truth(), list[Input]()
    level, end = 3.0, local_ms(start_day + days, 0)
    offset = chance.randrange(every_min // 10) * 10 * MINUTE_MS
    visits = {
        local_ms(start_day + day, 8) + chance.randrange(60) * MINUTE_MS for day in range(days) if day % 7 in collection
    }
    for at in range(local_ms(start_day, 0), end, 10 * MINUTE_MS):
        moment = local(at)
        weekday = (weekend if moment.weekday >= 4 else 1.0) * 7 / (4 + 3 * weekend)
        mean = a_day / 24 * SHAPE[moment.hour] / (sum(SHAPE) / 24) * weekday / 6
        if level < 100 <= level + (load := _deposits(chance, mean)):
            truth.full.append(at)
        level += load
        for visit in [v for v in visits if v <= at]:
            visits.discard(visit)
            if chance.random() < miss:
                truth.missed.append(visit)
            else:
                truth.emptied.append(visit)
                level = chance.uniform(0.5, 3.0)
        if (at + offset) % (every_min * MINUTE_MS) == 0:
            truth.level[at] = level
            given.append(sample(at, _measured(chance, level, noise, outliers)))
    return with_ticks(given), truth


def matched(found: list[int], real: list[int], reach_ms: int) -> int:
    """How many found times have a real one of their own within reach."""
    left, hits = sorted(real), 0
    for at in sorted(found):
        near = next((r for r in left if abs(r - at) <= reach_ms), None)
        if near is not None:
            left.remove(near)
            hits += 1
    return hits


def reports(truth: Truth) -> Iterator[Report]:
    """The crew's word for every emptying, ten minutes later."""
    return (Report(at + 10 * MINUTE_MS, at + 10 * MINUTE_MS, "emptied") for at in truth.emptied)


def _deposits(chance: Random, mean: float, size: float = 1.6) -> float:
    """Points thrown in: a Poisson number of exponential sizes."""
    total, left = 0.0, mean / size
    while True:
        left -= chance.expovariate(1.0)
        if left < 0:
            return total
        total += chance.expovariate(1 / size)


def _measured(chance: Random, level: float, noise: float, outliers: float) -> float:
    if chance.random() < outliers:
        return round(chance.choice((0.0, 100.0, chance.uniform(0, 100))), 1)
    return round(min(max(level + chance.gauss(0, noise), 0.0), 100.0), 1)
