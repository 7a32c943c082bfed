"""Missed collections by Compology's rule: the expected weekday passed without an emptying; told the next morning.

Public source of the rule: help.compology.com, "missed pickup". It is cleared by the next emptying.
"""

from msgspec import structs

from pipeline.domain.waste.clock import HOUR_MS, day_start_ms, local
from pipeline.domain.waste.rate import expected
from pipeline.domain.waste.state import Plan, Told, WasteState, model_of
from pipeline.domain.words import Facts

MORNING_HOUR = 6
"""Local hour from which yesterday's collection counts as missed."""
_KEPT = 6
_AFTER_TOUR_MS = 3 * HOUR_MS
_BLIND_MS = 6 * HOUR_MS
"""After so long a silence the level may have been anything meanwhile."""
_STALE_MS = 14 * HOUR_MS
"""Devices that speak twice a day still tell what the morning was like."""
_NO_HOUR = 12


def judge_day(facts: Facts, plan: Plan, state: WasteState, time_ms: int, told: Told) -> WasteState:
    """The state after a full hour: yesterday's collection is judged from the morning on, as soon as samples allow.

    Nothing is claimed of a bin that is stuck or silent, or was so empty that its emptying would not have shown.
    """
    now = local(time_ms)
    day = now.day - 1
    if now.hour < MORNING_HOUR or day <= state.checked_day or (day - 1) % 7 not in plan.days:
        return state
    begins, ends = day_start_ms(day), day_start_ms(day + 1)
    last_ms = state.emptied.start_ms if state.emptied is not None else 0
    if begins <= last_ms < ends or state.emptied_before_ms >= begins:
        return structs.replace(state, checked_day=day)
    tour_ms = plan.visit_ms(day) if plan.hour is not None else begins + _NO_HOUR * HOUR_MS
    if not _can_tell(state, tour_ms + _AFTER_TOUR_MS):
        return state
    state = structs.replace(state, checked_day=day)
    if _fell(state, tour_ms, ends):
        return state  # something took waste out: a lorry's visit that fast refilling or a wrong zero hides
    track = state.track
    dawn = next((level for at, level in state.dawns if at == day), None)
    if dawn is None:
        return state
    level = dawn + expected(model_of(facts, state), begins, tour_ms)
    if min(level, max(dawn, track.level)) < state.floor + max(6.0, 3 * track.noise):
        return state
    start = plan.visit_ms(day)
    if start in state.missed:
        return state
    values = {"level": round(track.level, 1)}
    if last_ms >= ends:  # made up for before the morning
        told.event("missed_collection", start, end_ms=last_ms, values=values)
        return state
    told.event("missed_collection", start, ongoing=True, values=values)
    return structs.replace(state, missed=(*state.missed, start)[-_KEPT:])


def note_dawn(state: WasteState, time_ms: int) -> WasteState:
    """The state with the level at the beginning of the local day, noted by the day's first input."""
    day = local(time_ms).day
    if not state.track.known or (state.dawns and state.dawns[-1][0] >= day):
        return state
    if not -_STALE_MS <= state.track.time_ms - day_start_ms(day) <= _BLIND_MS:
        return state  # what it held that morning nobody knows
    return structs.replace(state, dawns=(*state.dawns, (day, round(state.track.level, 1)))[-2:])


def _fell(state: WasteState, tour_ms: int, ends_ms: int) -> bool:
    """Whether the level fell on the tour's day, or within a silence over it, without being an emptying."""
    before_ms, after_ms = state.fell
    if tour_ms - _AFTER_TOUR_MS <= after_ms < ends_ms:
        return True
    return before_ms <= tour_ms <= after_ms and after_ms - before_ms > _BLIND_MS


def _can_tell(state: WasteState, needed_ms: int) -> bool:
    if state.stuck.open or not state.track.known or state.track.time_ms < needed_ms:
        return False
    return not any(level < state.track.level for _, level in state.track.odd[-1:])
