"""The detector of one bin: every input turned into a level, and the level into what a crew needs to know."""

from collections.abc import Mapping

from msgspec import structs

from pipeline.domain.waste.emptying import RECENT, backed, judge_jump, judge_report, judge_silence, small_fall
from pipeline.domain.waste.forecast import time_to_full
from pipeline.domain.waste.hazards import (
    judge_fire,
    judge_flat,
    judge_long_tilt,
    judge_overflow,
    judge_place,
    judge_tilt,
)
from pipeline.domain.waste.level import Jump, follow, force
from pipeline.domain.waste.missed import judge_day, note_dawn
from pipeline.domain.waste.rate import Profile, expected, learn, profile
from pipeline.domain.waste.state import NAME, VERSION, Plan, Told, WasteState, plan_of
from pipeline.domain.words import Facts, Input, Observation, Report, Step, Tick
from pipeline.fill import fill_level
from pipeline.inventory_model import AssetKind
from pipeline.reading import FieldValue

_LESSON_MS = 50 * 60_000
_CENSORED = 95.0
"""From this level on the sensor no longer sees the growth."""


class WasteDetector:
    """Emptied, missed collection, overflow, fire, tilt, moved, stuck; and the derived level, rate and time-to-full."""

    name = NAME
    version = VERSION
    kinds: frozenset[AssetKind] = frozenset({"waste_bin"})
    state_type = WasteState

    def begin(self, facts: Facts) -> WasteState:
        """The state before the first input; what similar bins do is in `facts` at every step."""
        return WasteState()

    def step(self, facts: Facts, state: WasteState, given: Input) -> tuple[WasteState, Step]:
        """The state after one input, and what it brought about."""
        told = Told(facts)
        derived: Mapping[str, FieldValue] = {}
        plan = plan_of(facts)
        state = note_dawn(state, given.time_ms)
        if isinstance(given, Observation):
            state, derived = _observe(facts, plan, state, given, told)
        elif isinstance(given, Tick):
            state = judge_long_tilt(state, given.time_ms, told)
            state = judge_day(facts, plan, state, given.time_ms, told)
        elif given.kind == "emptied":
            state = _report(plan, state, given, told)
        return state, Step(tuple(told.events.values()), tuple(told.withdrawn), derived)


DETECTOR = WasteDetector()


def sample_of(facts: Facts, given: Observation) -> float | None:
    """The fill level that a record tells, points; None where it tells none that can be believed."""
    if given.values.get("tilt_alarm") is True:
        return None
    level = given.values.get("fill_level")
    if isinstance(level, int | float) and not isinstance(level, bool):
        return float(level) if given.quality.get("fill_level", "blind_zone") == "blind_zone" else None
    distance, container = given.values.get("distance"), facts.asset.container
    if container is None or not isinstance(distance, int | float) or given.quality.get("distance"):
        return None
    found, quality = fill_level(float(distance), container, tilted=False)
    return found if quality in ("ok", "blind_zone") else None


def _observe(
    facts: Facts, plan: Plan, state: WasteState, given: Observation, told: Told
) -> tuple[WasteState, Mapping[str, FieldValue]]:
    state = judge_fire(state, given, told)
    state = judge_tilt(state, given, told)
    state = judge_place(facts, state, given, told)
    sample = sample_of(facts, given)
    if sample is None or given.time_ms < state.track.time_ms:
        return state, {}
    model = profile(state.rates, plan.prior)
    distance = given.values.get("distance")
    raw = float(distance) if isinstance(distance, int | float) else sample
    same = raw == state.flat.value
    was_stuck = state.stuck.open
    state = judge_flat(model, state, given.time_ms, raw, sample, told)
    if state.stuck.open:
        return state, {}
    if was_stuck:
        state = structs.replace(state, lesson_ms=0)
    state = _follow(plan, model, state, given.time_ms, sample, told)
    state = _learn(model, state, same)
    state = judge_overflow(state, given.time_ms, sample, told)
    return state, _derived(plan, model, state, given.time_ms)


def _follow(plan: Plan, model: Profile, state: WasteState, time_ms: int, sample: float, told: Told) -> WasteState:
    before = state.track
    growth = expected(model, before.time_ms, time_ms) if before.known else 0.0
    believed = _believed(state, time_ms, sample)
    track, jump = follow(before, time_ms, sample, growth, state.rates.spread, believe_fall=believed)
    state = structs.replace(state, track=track)
    if track.time_ms != time_ms:
        return state
    if jump is not None:
        return _jumped(plan, state, jump, told)
    recent = (*state.recent, (time_ms, round(sample, 1)))[-RECENT:]
    state = judge_silence(structs.replace(state, recent=recent), told)
    small = small_fall(plan, state)
    if small is None:
        return state
    track = structs.replace(track, level=small.after)
    return _jumped(plan, structs.replace(state, track=track), small, told, sure=True)


def _jumped(plan: Plan, state: WasteState, jump: Jump, told: Told, *, sure: bool = False) -> WasteState:
    state, broke = judge_jump(plan, structs.replace(state, recent=()), jump, told, sure=sure)
    if broke:
        state = structs.replace(state, lesson_ms=state.track.time_ms, lesson_level=state.track.level)
    return state


def _believed(state: WasteState, time_ms: int, sample: float) -> bool:
    return sample < state.track.level - state.track.tolerance and backed(state, time_ms)


def _report(plan: Plan, state: WasteState, given: Report, told: Told) -> WasteState:
    track = state.track
    low = next((odd for odd in reversed(track.odd) if odd[1] < track.level - track.tolerance), None)
    if track.known and low is not None:
        moved, jump = force(track, *low)
        after, emptied = judge_jump(plan, structs.replace(state, track=moved, recent=()), jump, told)
        if emptied:
            state = structs.replace(after, lesson_ms=moved.time_ms, lesson_level=moved.level)
    return judge_report(state, given.time_ms, told)


def _learn(model: Profile, state: WasteState, same: bool) -> WasteState:
    """What the newest sample teaches about the fill rate. The same raw value again teaches later, with the next other
    one: a stuck sensor must not teach that nobody throws anything away."""
    track = state.track
    if not track.known or same:
        return state
    if state.lesson_ms and track.time_ms - state.lesson_ms < _LESSON_MS:
        return state
    seen = state.lesson_ms and state.lesson_level < _CENSORED and track.level < _CENSORED
    rates = state.rates
    if seen:
        rates = learn(rates, model, state.lesson_ms, track.time_ms, track.level - state.lesson_level)
    return structs.replace(state, rates=rates, lesson_ms=track.time_ms, lesson_level=track.level)


def _derived(plan: Plan, model: Profile, state: WasteState, time_ms: int) -> Mapping[str, FieldValue]:
    track = state.track
    if not track.known:
        return {}
    level = min(track.level + expected(model, track.time_ms, time_ms), 100.0)
    when = time_to_full(model, level, time_ms, full=plan.full, noise=0.6 * track.noise)
    return {
        "fill_level_estimate": round(level, 2),
        "fill_rate": round(model.base, 4),
        "time_to_full": round(when.hours, 3),
        "time_to_full_low": round(when.low_h, 3),
        "time_to_full_high": round(when.high_h, 3),
    }
