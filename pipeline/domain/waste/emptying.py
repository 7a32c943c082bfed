"""Emptied or not: falls of the level, the lorry's tilt, the crew's word; and taken back when the level returns."""

from statistics import fmean

from msgspec import structs

from pipeline.domain.waste.clock import HOUR_MS, local
from pipeline.domain.waste.level import Jump
from pipeline.domain.waste.state import REPORT, SENSOR, TILT, Emptied, Plan, Told, WasteState

REPORT_REACH_MS = 6 * HOUR_MS
"""A report and a fall this near to each other are one emptying."""
TILT_REACH_MS = 3 * HOUR_MS
_ONE_LIFT_MS = HOUR_MS
_RETURN_MS = 6 * HOUR_MS
_PARTLY = 0.25
"""A fall by this share of the level is no settling of the waste."""
_RETURN_SAMPLES = 5
_CONTRADICTING = 3
_PLAIN_FALL, _PLAIN_AFTER = 30.0, 30.0
_DUE_FALL = 15.0
RECENT = 8
_CONFIDENCE = {SENSOR: 0.9, SENSOR | TILT: 0.98, REPORT: 0.8}


def backed(state: WasteState, time_ms: int) -> bool:
    """Whether something else than the level speaks for an emptying just now: a tilt, a report not yet seen in it."""
    if state.tilted_ms and time_ms - state.tilted_ms <= TILT_REACH_MS and _since(state) < state.tilted_ms:
        return True
    last = state.emptied
    return last is not None and last.evidence == REPORT and time_ms - last.start_ms <= REPORT_REACH_MS


def judge_jump(plan: Plan, state: WasteState, jump: Jump, told: Told, *, sure: bool = False) -> tuple[WasteState, bool]:
    """The state after a believed jump of the level, and whether it was an emptying (or the end of a false one)."""
    if jump.after > jump.before:
        return _judge_return(plan, structs.replace(state, rise=(jump.time_ms, jump.before)), jump, told)
    last = state.emptied
    if last is not None and last.evidence & SENSOR and jump.time_ms - last.start_ms <= _ONE_LIFT_MS:
        return _tell(structs.replace(state, emptied=structs.replace(last, after=jump.after)), told), True
    if not sure and not _is_emptying(plan, state, jump):
        partly = jump.before - jump.after >= _PARTLY * jump.before
        return structs.replace(state, fell=(jump.earliest_ms, jump.time_ms)) if partly else state, False
    tilted = TILT if state.tilted_ms and 0 <= jump.time_ms - state.tilted_ms <= TILT_REACH_MS else 0
    if last is not None and last.evidence == REPORT and jump.time_ms - last.start_ms <= REPORT_REACH_MS:
        seen = structs.replace(last, before=jump.before, after=jump.after, evidence=REPORT | SENSOR | tilted)
        return _tell(_settled(structs.replace(state, emptied=seen)), told), True
    found = Emptied(jump.time_ms, jump.before, jump.after, SENSOR | tilted, jump.earliest_ms)
    return _begin(_settled(state, jump.after), found, told), True


def small_fall(plan: Plan, state: WasteState) -> Jump | None:
    """The emptying of a nearly empty bin, which no single sample shows: on a collection day, four before and after."""
    recent, half = state.recent, RECENT // 2
    if len(recent) < RECENT:
        return None
    first_ms, last_ms = recent[half][0], recent[half - 1][0]
    if local(first_ms).weekday not in plan.days or local(_since(state)).day == local(first_ms).day:
        return None
    before, after = fmean(x for _, x in recent[:half]), fmean(x for _, x in recent[half:])
    noise = state.track.noise
    least = max(2.0, 1.6 * noise) if _on_tour(plan, last_ms, first_ms) else max(3.0, 2.2 * noise)
    if before - after < least or after > state.floor + max(3.0, 2 * noise):
        return None
    return Jump(first_ms, before, after, last_ms, half)


def _on_tour(plan: Plan, from_ms: int, to_ms: int) -> bool:
    """Whether the lorry was to come between two times, an hour early to three late."""
    if plan.hour is None:
        return False
    due = plan.visit_ms(local(to_ms).day)
    return from_ms - 3 * HOUR_MS <= due <= to_ms + HOUR_MS


def judge_report(state: WasteState, time_ms: int, told: Told) -> WasteState:
    """The state after the crew said `emptied`: it confirms what was seen, or stands for itself until contradicted."""
    last = state.emptied
    if last is not None and time_ms - last.start_ms <= REPORT_REACH_MS:
        return _tell(structs.replace(state, emptied=structs.replace(last, evidence=last.evidence | REPORT)), told)
    level = max(state.track.level, 0.0)
    return _begin(state, Emptied(time_ms, level, state.floor, REPORT, state.track.time_ms), told)


def judge_silence(state: WasteState, told: Told) -> WasteState:
    """The state after a sample that fits the level: too many of them contradict a report that no fall followed."""
    last = state.emptied
    if last is None:
        return state
    state = structs.replace(state, emptied=structs.replace(last, samples=min(last.samples + 1, 99)))
    clear = last.before >= state.floor + 20.0 and state.track.level > last.before * 0.6
    if last.evidence == REPORT and last.samples + 1 == _CONTRADICTING and clear:
        return _take_back(state, last, told)
    return state


def _is_emptying(plan: Plan, state: WasteState, jump: Jump) -> bool:
    fall, noise = jump.before - jump.after, state.track.noise
    rose_ms, low = state.rise
    expected = plan.hour is not None and _is_due(plan, state, jump)
    soon = jump.samples > 1 and jump.time_ms - rose_ms <= _RETURN_MS
    if soon and not expected and abs(jump.after - low) <= _near(state):
        return False  # outliers that agreed had lifted the level, now it is back
    if fall >= _PLAIN_FALL and jump.after <= _PLAIN_AFTER:
        return True
    due = jump.samples < 2 or _is_due(plan, state, jump)
    if due and fall >= _DUE_FALL and jump.after <= jump.before * 0.5:
        return True
    least = max(5.0, 3 * noise) if due else max(8.0, 4 * noise)
    return fall >= least and jump.after <= state.floor + max(6.0, 3 * noise)


def _is_due(plan: Plan, state: WasteState, jump: Jump) -> bool:
    """Whether a collection is expected just then: its day, its hour where that is known, and none yet that day."""
    day = local(jump.time_ms)
    if day.weekday not in plan.days or (plan.hour is not None and not _on_tour(plan, jump.earliest_ms, jump.time_ms)):
        return False
    return state.emptied is None or local(state.emptied.start_ms).day != day.day


def _came_on_tour(plan: Plan, last: Emptied) -> bool:
    """Whether the fall came when the lorry was expected: then a level that is soon back is that of a busy place."""
    if plan.hour is None or local(last.start_ms).weekday not in plan.days:
        return False
    return _on_tour(plan, last.earliest_ms, last.start_ms)


def _judge_return(plan: Plan, state: WasteState, jump: Jump, told: Told) -> tuple[WasteState, bool]:
    last = state.emptied
    if last is None or last.evidence != SENSOR or _came_on_tour(plan, last):
        return state, False
    near = jump.time_ms - last.start_ms <= _RETURN_MS or last.samples <= _RETURN_SAMPLES
    back = jump.after - jump.before >= 0.7 * (last.before - last.after)
    if not (near and back and abs(jump.after - last.before) <= max(8.0, state.track.tolerance)):
        return state, False
    return _take_back(state, last, told), True


def _begin(state: WasteState, found: Emptied, told: Told) -> WasteState:
    """A new emptying: it clears missed collections and ends an overflow."""
    for start in state.missed:
        told.event("missed_collection", start, end_ms=found.start_ms)
    spell = state.overflow
    if spell.open:
        told.event("overflow", spell.since_ms, end_ms=max(found.start_ms, spell.since_ms))
    state = structs.replace(
        state,
        emptied=found,
        emptied_before_ms=state.emptied.start_ms if state.emptied is not None else 0,
        missed=(),
        missed_cleared=state.missed,
        overflow=structs.replace(spell, since_ms=0, signs=0, against=0, open=False),
        overflow_cleared_ms=spell.since_ms if spell.open else 0,
    )
    return _tell(state, told)


def _take_back(state: WasteState, last: Emptied, told: Told) -> WasteState:
    """It was none: what it cleared goes on."""
    told.withdraw("emptied", last.start_ms)
    for start in state.missed_cleared:
        told.event("missed_collection", start, ongoing=True)
    spell = state.overflow
    if state.overflow_cleared_ms:
        told.event("overflow", state.overflow_cleared_ms, ongoing=True)
        spell = structs.replace(spell, since_ms=state.overflow_cleared_ms, signs=2, against=0, open=True)
    before = state.emptied_before_ms
    return structs.replace(
        state,
        emptied=Emptied(before, 0.0, 0.0, SENSOR | REPORT, before, 99) if before else None,
        emptied_before_ms=0,
        missed=state.missed_cleared,
        missed_cleared=(),
        overflow=spell,
        overflow_cleared_ms=0,
        checked_day=state.checked_day - 1,
    )


def _tell(state: WasteState, told: Told) -> WasteState:
    found = state.emptied
    if found is not None:
        sure = (
            1.0
            if found.evidence & REPORT and found.evidence & SENSOR
            else _CONFIDENCE[found.evidence & ~REPORT or REPORT]
        )
        words = [word for bit, word in ((SENSOR, "sensor"), (TILT, "tilt"), (REPORT, "report")) if found.evidence & bit]
        told.event(
            "emptied",
            found.start_ms,
            end_ms=found.start_ms,
            confidence=sure,
            values={
                "before": round(found.before, 1),
                "after": round(found.after, 1),
                "evidence": "+".join(words),
                "earliest_ms": float(min(found.earliest_ms, found.start_ms)),
            },
        )
    return state


def _settled(state: WasteState, after: float | None = None) -> WasteState:
    level = after if after is not None else state.emptied.after if state.emptied is not None else state.floor
    if level > 25.0:
        return state
    return structs.replace(state, floor=0.8 * state.floor + 0.2 * level)


def _since(state: WasteState) -> int:
    return state.emptied.start_ms if state.emptied is not None else 0


def _near(state: WasteState) -> float:
    return max(12.0, state.track.tolerance)
