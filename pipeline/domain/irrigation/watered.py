"""Watering: a rise of the root zone's water that rain does not explain, a person's word, or both as one event."""

from msgspec.structs import replace

from pipeline.domain.irrigation.layers import DAY_MS, HOUR_MS
from pipeline.domain.irrigation.site import Site, site_of
from pipeline.domain.irrigation.soil_state import WATERING_MS, SoilState, Watering
from pipeline.domain.irrigation.water import Water, root_zone
from pipeline.domain.words import DomainEvent, Facts, Report, Step, event_id
from pipeline.reading import FieldValue

RISE_VWC = 2.0
"""Points of moisture over the root zone that neither noise nor the day's warmth brings about."""
GROWTH_MM = 1.0
"""A watering that grew by less is not told again."""
RAIN_FACTOR = 1.5
"""Streets and crowns lead more to a pit than falls on it."""


def told(facts: Facts, state: SoilState, given: Report) -> tuple[SoilState, Step]:
    """After a person's word that they watered: the same event as a rise shortly before or after, if there is one."""
    litres = given.values.get("litres")
    amount = None if isinstance(litres, bool | str) else litres
    now = given.time_ms
    last = state.watering
    if last is not None and now - last.grown_ms <= WATERING_MS:
        said = amount if last.litres_reported is None else last.litres_reported + (amount or 0.0)
        watering = replace(last, reported=True, litres_reported=said)
    else:
        water = root_zone(facts.asset, site_of(facts.asset), state, now)
        base = None if water is None else water.mm
        watering = Watering(now, now, base, litres_reported=amount, reported=True)
    return replace(state, watering=watering), Step((_event(facts, watering, rain_known=True),))


def judge_rise(facts: Facts, state: SoilState, site: Site, water: Water, now_ms: int) -> tuple[SoilState, Step]:
    """After an hour with new readings: a watering that began, grew, or was rain after all."""
    last = state.watering
    if last is not None and now_ms - last.grown_ms <= WATERING_MS:
        return _go_on(facts, state, last, water, now_ms)
    recent = [(at, mm) for at, mm in state.history if at >= water.time_ms - WATERING_MS]
    if not recent:
        return state, Step()
    low_at, low = min(recent, key=lambda entry: entry[1])
    rise = water.mm - low - _rain(state, low_at, now_ms)
    if rise < RISE_VWC / 10.0 * site.root_depth_cm:
        return state, Step()
    watering = Watering(water.time_ms, water.time_ms, low, rise)
    known = state.rain.known(now_ms - DAY_MS)
    return replace(state, watering=watering), Step((_event(facts, watering, rain_known=known),))


def _go_on(facts: Facts, state: SoilState, last: Watering, water: Water, now_ms: int) -> tuple[SoilState, Step]:
    if last.base_mm is None:
        return replace(state, watering=replace(last, base_mm=water.mm)), Step()
    rain = _rain(state, last.start_ms - WATERING_MS, now_ms)
    if not last.reported and last.rise_mm and rain >= last.rise_mm:
        # The gauge told of the rain only after the soil did.
        withdrawn = event_id("watered", facts.asset.id, last.start_ms)
        return replace(state, watering=None, history=()), Step(withdrawn=(withdrawn,))
    rise = water.mm - last.base_mm - rain
    if rise < last.rise_mm + GROWTH_MM:
        return state, Step()
    watering = replace(last, rise_mm=rise, grown_ms=water.time_ms)
    known = state.rain.known(now_ms - DAY_MS)
    return replace(state, watering=watering), Step((_event(facts, watering, rain_known=known),))


def _rain(state: SoilState, start_ms: int, end_ms: int) -> float:
    return RAIN_FACTOR * state.rain.between(start_ms - HOUR_MS, end_ms)


def _event(facts: Facts, watering: Watering, *, rain_known: bool) -> DomainEvent:
    seen = watering.rise_mm > 0
    values: dict[str, FieldValue] = {"source": _source(watering)}
    if seen:
        values["rise_mm"] = round(watering.rise_mm, 2)
        area = site_of(facts.asset).root_area_m2
        if area is not None:
            values["litres_estimated"] = round(watering.rise_mm * area, 1)
    if watering.litres_reported is not None:
        values["litres"] = watering.litres_reported
    confidence = 1.0 if watering.reported else 0.9 if rain_known else 0.5
    start = watering.start_ms
    return DomainEvent(
        event_id("watered", facts.asset.id, start),
        "watered",
        facts.asset.id,
        start,
        confidence=confidence,
        values=values,
    )


def _source(watering: Watering) -> str:
    if not watering.reported:
        return "soil"
    return "both" if watering.rise_mm > 0 else "crew"
