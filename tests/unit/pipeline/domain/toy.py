"""A detector small enough to see through that does everything a detector may: events that begin, end, are revised and
withdrawn, by inputs and by hours; derived readings that come and go; reports."""

from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

from pipeline.domain.fold import HOUR_MS, Change, DerivedKey, Run
from pipeline.domain.words import DomainEvent, Facts, Input, Observation, Report, Step, Tick, event_id
from pipeline.inventory_model import Asset, AssetKind
from pipeline.reading import FieldValue

FACTS = Facts(Asset("bin-1", kind="waste_bin"))
START_MS = 1_780_000_000_000 // HOUR_MS * HOUR_MS


class ToyState(Struct, frozen=True):
    """What the toy remembers; `digest` depends on every input and hour, and on their order."""

    digest: int = 0
    level: float = 0.0
    last_ms: int = 0
    peak: DomainEvent | None = None
    silent: DomainEvent | None = None


class Toy:
    """Peaks above 80 end below 20, and are withdrawn when they end within ten minutes; three silent hours are an
    event that the next input ends; a report confirms a peak."""

    name = "toy"
    kinds: frozenset[AssetKind] = frozenset({"waste_bin"})
    state_type = ToyState

    def __init__(self, version: int = 1) -> None:
        self.version = version
        self.steps = 0

    def begin(self, facts: Facts) -> ToyState:
        """Nothing known."""
        return ToyState()

    def step(self, facts: Facts, state: ToyState, given: Input) -> tuple[ToyState, Step]:
        """One input."""
        self.steps += 1
        state = replace(
            state, digest=(state.digest * 31 + given.time_ms // 1000 + len(type(given).__name__)) % 1_000_003
        )
        if isinstance(given, Tick):
            return self._hour(state, given)
        ended = () if state.silent is None else (replace(state.silent, end_ms=given.time_ms, ongoing=False),)
        state = replace(state, last_ms=given.time_ms, silent=None)
        if isinstance(given, Report):
            sure = () if state.peak is None else (replace(state.peak, values={"reported": True}),)
            state = replace(state, peak=sure[0] if sure else None)
            return state, Step((*ended, *sure))
        return self._observed(state, given, ended)

    def _hour(self, state: ToyState, given: Tick) -> tuple[ToyState, Step]:
        if state.silent is None and given.time_ms - state.last_ms >= 3 * HOUR_MS:
            silent = DomainEvent(
                event_id("silent", "bin-1", state.last_ms), "silent", "bin-1", state.last_ms, None, True
            )
            return replace(state, silent=silent), Step((silent,))
        return state, Step()

    def _observed(self, state: ToyState, given: Observation, ended: tuple[DomainEvent, ...]) -> tuple[ToyState, Step]:
        level = float(given.values.get("fill_level", 0.0))
        derived: dict[str, FieldValue] = {"generic": float(state.digest)} if int(level) % 3 else {}
        state = replace(state, level=level)
        if state.peak is None and level > 80:
            peak = DomainEvent(
                event_id("peak", "bin-1", given.time_ms), "peak", "bin-1", given.time_ms, None, True, 0.5,
                {"fill_level": level}, "toy@1",
            )  # fmt: skip
            return replace(state, peak=peak), Step((*ended, peak), (), derived)
        if state.peak is not None and level < 20:
            peak, state = state.peak, replace(state, peak=None)
            if given.time_ms - peak.start_ms < 600_000:
                return state, Step(ended, (peak.id,), derived)
            return state, Step((*ended, replace(peak, end_ms=given.time_ms, ongoing=False)), (), derived)
        return state, Step(ended, (), derived)


@dataclass
class Book:
    """What a keeper would have stored."""

    events: dict[str, DomainEvent] = field(default_factory=dict)
    derived: dict[DerivedKey, dict[str, FieldValue]] = field(default_factory=dict)

    def enter(self, change: Change) -> None:
        """Store a change."""
        for name in change.withdrawn:
            self.events.pop(name, None)
        self.events.update(change.events)
        for key, values in change.derived.items():
            self.derived[key] = values
            if not values:
                del self.derived[key]


def from_scratch(run: Run[ToyState], inputs: list[Observation | Report], clock_ms: int = -1) -> tuple[Book, bytes]:
    """Everything in order, one input at a time: what it must come to."""
    book, body = Book(), run.begin(FACTS)
    for one in sorted(inputs, key=lambda given: given.time_ms):
        body, change = run.feed(FACTS, body, [one])
        book.enter(change)
    body, change = run.feed(FACTS, body, [], clock_ms)
    book.enter(change)
    return book, body
