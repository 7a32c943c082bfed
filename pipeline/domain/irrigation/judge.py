"""What an hour brought to the whole root zone: stress, oversupply, frost, watering, no reaction to rain."""

from msgspec.structs import replace

from pipeline.domain.irrigation.layers import DAY_MS, HOUR_MS
from pipeline.domain.irrigation.site import Site, site_of
from pipeline.domain.irrigation.soil_state import DAYS_KEPT, HISTORY_MS, SoilState
from pipeline.domain.irrigation.texture import nfk_class, tension_class
from pipeline.domain.irrigation.water import Water, believed, root_zone, sources_of
from pipeline.domain.irrigation.watered import judge_rise
from pipeline.domain.words import DomainEvent, Facts, Step, event_id
from pipeline.reading import FieldValue

STRESS_MARGIN = 5.0
"""Points of %nFK above the line at which stress is over."""
STRESS_KPA_SHARE = 0.8
"""Share of the line in kPa below which it is over."""
OVERSUPPLY_NFK = 110.0
OVERSUPPLY_END_NFK = 105.0
OVERSUPPLY_MS = 2 * DAY_MS
"""Soil drains to field capacity within two or three days; what is still wetter has no outlet, or a probe that lies."""
FROST_C = 0.0
THAW_C = 1.0
HEAVY_RAIN_MM = 15.0
REACTION_VWC = 1.0
"""Points of moisture that heavy rain brings at least, where there is room."""
ROOM_NFK = 85.0
REACTION_MS = 6 * HOUR_MS
"""Rain is given so long to sink in."""
QUIET_MS = 7 * DAY_MS
"""So long a missing reaction is not told again."""


def judge_hour(facts: Facts, state: SoilState, now_ms: int) -> tuple[SoilState, Step]:
    """The state after a full hour, and the events that it brought."""
    site = site_of(facts.asset)
    events: list[DomainEvent] = []
    state = _frost(facts, state, now_ms, events)
    layers = believed(state, now_ms)
    if not layers:
        return replace(state, history=(), sources=""), Step(tuple(events))
    withdrawn: tuple[str, ...] = ()
    sources = sources_of(layers)
    if sources != state.sources:
        state = replace(state, history=(), sources=sources)
    newest = max(layer.time_ms for layer in layers)
    if not state.history or newest > state.history[-1][0]:
        state, withdrawn = _new_reading(facts, state, site, now_ms, events)
    state = _no_reaction(facts, state, site, now_ms, events)
    return state, Step(tuple(events), withdrawn)


def _new_reading(
    facts: Facts, state: SoilState, site: Site, now_ms: int, events: list[DomainEvent]
) -> tuple[SoilState, tuple[str, ...]]:
    water = root_zone(facts.asset, site, state, now_ms)
    if water is None:
        return state, ()
    state, step = judge_rise(facts, state, site, water, now_ms)
    events += step.events
    state = _stress(facts, state, site, water, events)
    state = _oversupply(facts, state, water, events)
    return _remember(state, water, now_ms), step.withdrawn


def _remember(state: SoilState, water: Water, now_ms: int) -> SoilState:
    history = (*(e for e in state.history if e[0] > now_ms - HISTORY_MS), (water.time_ms, water.mm))
    day = water.time_ms // DAY_MS
    days = (*(d for d in state.days if d[0] != day), (day, water.nfk))[-DAYS_KEPT:]
    return replace(state, history=history, days=days)


def _stress(facts: Facts, state: SoilState, site: Site, water: Water, events: list[DomainEvent]) -> SoilState:
    if water.tension is not None and site.stress_kpa is not None:
        dry, moist = water.tension > site.stress_kpa, water.tension < STRESS_KPA_SHARE * site.stress_kpa
    else:
        dry, moist = water.nfk < site.stress_nfk, water.nfk >= site.stress_nfk + STRESS_MARGIN
    values: dict[str, FieldValue] = {"nfk": round(water.nfk, 1), "class": _class(water)}
    if water.tension is not None:
        values["tension_kpa"] = round(water.tension, 1)
    if "dry_stress" in state.open:
        worse = nfk_class(water.nfk) != nfk_class(state.worst) and water.nfk < state.worst
        state = replace(state, worst=min(state.worst, water.nfk))
        if not moist and worse:
            events.append(_event(facts, "dry_stress", state.open["dry_stress"], None, values))
        if moist:
            values["nfk_lowest"] = round(state.worst, 1)
    else:
        state = replace(state, worst=water.nfk)
    return _episode(facts, state, "dry_stress", dry, moist, water.time_ms, 0, values, events)


def _class(water: Water) -> str:
    return nfk_class(water.nfk) if water.tension is None else tension_class(water.tension)


def _oversupply(facts: Facts, state: SoilState, water: Water, events: list[DomainEvent]) -> SoilState:
    wet, drained = water.nfk > OVERSUPPLY_NFK, water.nfk < OVERSUPPLY_END_NFK
    values: dict[str, FieldValue] = {"nfk": round(water.nfk, 1)}
    return _episode(facts, state, "oversupply", wet, drained, water.time_ms, OVERSUPPLY_MS, values, events)


def _frost(facts: Facts, state: SoilState, now_ms: int, events: list[DomainEvent]) -> SoilState:
    fresh = [
        (layer.temperature, layer.temperature_ms)
        for layer in state.layers
        if layer.temperature is not None and now_ms - layer.temperature_ms <= DAY_MS
    ]
    if not fresh:
        return state
    coldest, at = min(fresh)
    values: dict[str, FieldValue] = {"soil_temperature": coldest}
    if coldest < FROST_C and "soil_frost" not in state.open:
        events.append(_event(facts, "soil_frost", at, None, values))
        return replace(state, open={**state.open, "soil_frost": at})
    if coldest > THAW_C and "soil_frost" in state.open:
        return _closed(facts, state, "soil_frost", at, values, events)
    return state


def _episode(
    facts: Facts,
    state: SoilState,
    kind: str,
    begins: bool,
    ends: bool,
    at_ms: int,
    hold_ms: int,
    values: dict[str, FieldValue],
    events: list[DomainEvent],
) -> SoilState:
    """Begins at the second reading in a row that says so, `hold_ms` after the first at the earliest; ends at once."""
    if kind in state.open:
        return _closed(facts, state, kind, at_ms, values, events) if ends else state
    first = state.pending.get(kind)
    if not begins:
        kept = {k: v for k, v in state.pending.items() if k != kind}
        return state if first is None else replace(state, pending=kept)
    if first is None:
        return replace(state, pending={**state.pending, kind: at_ms})
    if at_ms <= first or at_ms - first < hold_ms:
        return state
    events.append(_event(facts, kind, first, None, values))
    kept = {k: v for k, v in state.pending.items() if k != kind}
    return replace(state, open={**state.open, kind: first}, pending=kept)


def _closed(
    facts: Facts,
    state: SoilState,
    kind: str,
    end_ms: int,
    values: dict[str, FieldValue],
    events: list[DomainEvent],
) -> SoilState:
    events.append(_event(facts, kind, state.open[kind], end_ms, values))
    return replace(state, open={k: v for k, v in state.open.items() if k != kind})


def _no_reaction(facts: Facts, state: SoilState, site: Site, now_ms: int, events: list[DomainEvent]) -> SoilState:
    if state.no_reaction_ms is not None and now_ms - state.no_reaction_ms < QUIET_MS:
        return state
    end = now_ms - REACTION_MS
    start = end - DAY_MS
    rain = state.rain.between(start, end)
    if rain < HEAVY_RAIN_MM or not state.days or state.days[-1][1] >= ROOM_NFK:
        return state
    before = [mm for at, mm in state.history if start - DAY_MS / 2 <= at <= start]
    after = [mm for at, mm in state.history if at > start]
    if not before or len(after) < 2 or state.history[-1][0] < end:
        return state
    if max(after) - before[-1] >= REACTION_VWC / 10.0 * site.root_depth_cm:
        return state
    values: dict[str, FieldValue] = {"rain_mm": round(rain, 1), "rise_mm": round(max(after) - before[-1], 2)}
    events.append(
        DomainEvent(
            event_id("no_rain_reaction", facts.asset.id, now_ms),
            "no_rain_reaction",
            facts.asset.id,
            now_ms,
            confidence=0.7,
            values=values,
        )
    )
    return replace(state, no_reaction_ms=now_ms)


def _event(facts: Facts, kind: str, start_ms: int, end_ms: int | None, values: dict[str, FieldValue]) -> DomainEvent:
    return DomainEvent(
        event_id(kind, facts.asset.id, start_ms),
        kind,
        facts.asset.id,
        start_ms,
        end_ms,
        ongoing=end_ms is None,
        confidence=0.9,
        values=values,
    )
