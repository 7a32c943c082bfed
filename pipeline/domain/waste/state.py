"""What a bin's detector keeps between two inputs: small, plain and frozen."""

from collections.abc import Mapping

from msgspec import Struct

from pipeline.domain.waste.clock import local_ms, weekdays
from pipeline.domain.waste.level import Track
from pipeline.domain.waste.prior import Prior, number, prior_of
from pipeline.domain.waste.rate import Profile, Rates, profile
from pipeline.domain.words import DomainEvent, Facts, event_id
from pipeline.reading import FieldValue

NAME, VERSION = "waste", 1
SENSOR, TILT, REPORT = 1, 2, 4
"""Bits of an emptying's evidence."""


class Spell(Struct, frozen=True, gc=False, array_like=True):
    """Something that lasts. Times in Unix ms."""

    since_ms: int = 0
    """First sign of it; 0: none."""
    signs: int = 0
    """Samples in a row that say so."""
    against: int = 0
    """Samples in a row that say it is over."""
    open: bool = False
    """Whether it has been told."""


class Emptied(Struct, frozen=True, gc=False, array_like=True):
    """The newest emptying. Levels in points."""

    start_ms: int
    before: float
    after: float
    evidence: int
    earliest_ms: int
    samples: int = 0
    """Valid samples since."""


class Flat(Struct, frozen=True, gc=False, array_like=True):
    """The newest raw value and how long it hasn't changed."""

    value: float = -1.0
    since_ms: int = 0
    count: int = 0
    repeats: float = 0.5
    """Share of samples that equal the one before, as learnt."""


class WasteState(Struct, frozen=True, array_like=True):
    """All that is known of one bin."""

    track: Track = Track()
    rates: Rates = Rates()
    lesson_ms: int = 0
    """Where the next lesson on the fill rate begins, Unix ms; 0: nowhere yet."""
    lesson_level: float = 0.0
    floor: float = 2.0
    """What the sensor says of the empty bin, points."""
    recent: tuple[tuple[int, float], ...] = ()
    """The newest samples that fitted."""
    rise: tuple[int, float] = (0, 0.0)
    """The newest sudden rise: Unix ms, and the level before it."""
    dawns: tuple[tuple[int, float], ...] = ()
    """(local day, level as it began), the newest two."""
    emptied: Emptied | None = None
    emptied_before_ms: int = 0
    """The emptying before the newest, Unix ms; 0: none."""
    missed: tuple[int, ...] = ()
    """Starts of the missed collections that no emptying has cleared."""
    missed_cleared: tuple[int, ...] = ()
    """Those that the newest emptying cleared."""
    overflow: Spell = Spell()
    overflow_cleared_ms: int = 0
    """Start of the overflow that the newest emptying ended; 0: none."""
    fire: Spell = Spell()
    temperature: float | None = None
    temperature_ms: int = 0
    tilt: Spell = Spell()
    tilted_ms: int = 0
    """Newest sample with a tilt alarm."""
    moved: Spell = Spell()
    flat: Flat = Flat()
    stuck: Spell = Spell()
    checked_day: int = 0
    """Local day (ordinal) whose collection has been judged."""
    fell: tuple[int, int] = (0, 0)
    """Newest fall of the level that was no emptying: the samples before and after it, Unix ms."""


class Plan(Struct, frozen=True):
    """What the inventory says of a bin's service, from the asset's attributes."""

    days: frozenset[int]
    """`collection_days`: weekdays, Monday 0."""
    hour: float | None
    """`collection_hour`: local hour of the tour; None where it isn't told."""
    full: float
    """`full_level`: what counts as full for time-to-full, points."""
    prior: Prior

    def visit_ms(self, day: int) -> int:
        """When the collection of a local day is due: the tour's hour, else midnight."""
        return local_ms(day, self.hour or 0.0)


class Told:
    """What one input brings about, in the making."""

    __slots__ = ("_asset", "events", "withdrawn")

    def __init__(self, facts: Facts) -> None:
        self._asset = facts.asset.id
        self.events: dict[str, DomainEvent] = {}
        self.withdrawn: list[str] = []

    def event(
        self,
        kind: str,
        start_ms: int,
        *,
        end_ms: int | None = None,
        ongoing: bool = False,
        confidence: float = 0.95,
        values: Mapping[str, FieldValue] | None = None,
    ) -> None:
        """An event, or a new version of it."""
        key = event_id(kind, self._asset, start_ms)
        self.events[key] = DomainEvent(
            key, kind, self._asset, start_ms, end_ms, ongoing, confidence, dict(values or {}), f"{NAME}@{VERSION}"
        )

    def withdraw(self, kind: str, start_ms: int) -> None:
        """An event that didn't happen after all."""
        key = event_id(kind, self._asset, start_ms)
        self.events.pop(key, None)
        self.withdrawn.append(key)


def plan_of(facts: Facts) -> Plan:
    """The service plan and prior of a bin."""
    attributes = facts.asset.attributes
    hour = number(attributes.get("collection_hour"), -1.0)
    return Plan(
        weekdays(attributes.get("collection_days", "")),
        hour if 0 <= hour < 24 else None,
        number(attributes.get("full_level"), 100.0),
        prior_of(facts.asset),
    )


def model_of(facts: Facts, state: WasteState) -> Profile:
    """The fill rate of a bin as it is believed now."""
    return profile(state.rates, prior_of(facts.asset))
