"""What lasts and needs somebody: overflow, fire, tilt, a bin that went away, a sensor that says the same for ever."""

from math import asin, cos, log10, radians, sin, sqrt

from msgspec import structs

from pipeline.domain.waste.clock import HOUR_MS
from pipeline.domain.waste.rate import Profile, expected
from pipeline.domain.waste.state import Flat, Spell, Told, WasteState
from pipeline.domain.words import Facts, Observation

OVERFLOW_LEVEL, OVERFLOW_OVER = 95.0, 90.0
FIRE_C, FIRE_RATE_C, FIRE_RATE_K_H, FIRE_OVER_C = 70.0, 45.0, 20.0, 45.0
"""Burns from this temperature on (degC); from the second on if it rose this fast (K/h); over below the last."""
MOVED_M = 100.0
_TILT_LEAST_MS = 10 * 60_000
_TILT_SILENT_MS = 2 * HOUR_MS
_RATE_REACH_MS = 3 * HOUR_MS
_FLAT_LEAST, _FLAT_LEAST_MS = 8, 6 * HOUR_MS
_FLAT_FULL_MS = 10 * 24 * HOUR_MS
_EARTH_M = 6_371_000.0


def judge_overflow(state: WasteState, time_ms: int, sample: float, told: Told) -> WasteState:
    """Overflow: two samples and the level itself say full; over when the level has fallen clearly."""
    on = state.track.level >= OVERFLOW_LEVEL and sample >= OVERFLOW_LEVEL
    spell = _step(state.overflow, time_ms, on, state.track.level < OVERFLOW_OVER, told, "overflow")
    return structs.replace(state, overflow=spell)


def judge_fire(state: WasteState, given: Observation, told: Told) -> WasteState:
    """Fire: the device says so, or its temperature is absurd or rises absurdly; one sample is enough to begin."""
    alarm = given.values.get("fire_alarm")
    degrees = _number(given, "device_temperature")
    if degrees is None and alarm is None:
        return state
    burns = alarm is True
    if degrees is not None:
        burns = burns or degrees >= FIRE_C or _rises(state, given.time_ms, degrees)
    over = not burns and alarm is not True and (degrees is None or degrees < FIRE_OVER_C)
    values = {} if degrees is None else {"device_temperature": degrees}
    spell = _step(state.fire, given.time_ms, burns, over, told, "fire", need=1, values=values)
    if degrees is None:
        return structs.replace(state, fire=spell)
    return structs.replace(state, fire=spell, temperature=degrees, temperature_ms=given.time_ms)


def judge_tilt(state: WasteState, given: Observation, told: Told) -> WasteState:
    """Tilt: an alarm that lasts over two samples and ten minutes; a lorry's lift is shorter, and evidence elsewhere."""
    tilted = given.values.get("tilt_alarm")
    if not isinstance(tilted, bool):
        return state
    spell = state.tilt
    ripe = bool(spell.since_ms) and given.time_ms - spell.since_ms >= _TILT_LEAST_MS
    spell = _step(spell, given.time_ms, tilted, not tilted, told, "tilt", need=2 if ripe else 99, off=1)
    return structs.replace(state, tilt=spell, tilted_ms=given.time_ms if tilted else state.tilted_ms)


def judge_long_tilt(state: WasteState, time_ms: int, told: Told) -> WasteState:
    """Tilt of a device that fell silent after its alarm: told after two hours."""
    spell = state.tilt
    if spell.open or not spell.since_ms or time_ms - spell.since_ms < _TILT_SILENT_MS:
        return state
    told.event("tilt", spell.since_ms, ongoing=True, confidence=0.8)
    return structs.replace(state, tilt=structs.replace(spell, open=True))


def judge_place(facts: Facts, state: WasteState, given: Observation, told: Told) -> WasteState:
    """Moved: two positions in a row lie away from where the asset belongs."""
    latitude, longitude = _number(given, "latitude"), _number(given, "longitude")
    home = facts.asset
    if latitude is None or longitude is None or home.latitude is None or home.longitude is None:
        return state
    away = metres((home.latitude, home.longitude), (latitude, longitude))
    values = {"metres": round(away), "latitude": latitude, "longitude": longitude}
    spell = _step(state.moved, given.time_ms, away > MOVED_M, away <= MOVED_M, told, "moved", values=values)
    return structs.replace(state, moved=spell)


def judge_flat(model: Profile, state: WasteState, time_ms: int, raw: float, sample: float, told: Told) -> WasteState:
    """Stuck: exactly one value for longer than this bin's filling and this sensor's noise allow."""
    flat = state.flat
    if raw != flat.value:
        repeats = flat.repeats if state.stuck.open else flat.repeats * 0.97
        if state.stuck.open:
            told.event("stuck", state.stuck.since_ms, end_ms=time_ms)
        return structs.replace(state, flat=Flat(raw, time_ms, 1, repeats), stuck=Spell())
    repeats = flat.repeats if state.stuck.open else flat.repeats * 0.97 + 0.03
    flat = Flat(raw, flat.since_ms, flat.count + 1, min(repeats, 0.98))
    state = structs.replace(state, flat=flat)
    if state.stuck.open or not _too_flat(model, flat, time_ms, sample):
        return state
    told.event(
        "stuck", flat.since_ms, ongoing=True, confidence=0.9, values={"value": raw, "samples": float(flat.count)}
    )
    blind = [start for start in state.missed if start >= flat.since_ms]
    for start in blind:
        told.withdraw("missed_collection", start)  # nobody could have seen an emptying
    missed = tuple(start for start in state.missed if start not in blind)
    return structs.replace(state, stuck=Spell(flat.since_ms, flat.count, 0, True), missed=missed)


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance between two (latitude, longitude) in degrees, metres."""
    lat_a, lat_b = radians(a[0]), radians(b[0])
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin(radians(b[1] - a[1]) / 2) ** 2
    return 2 * _EARTH_M * asin(sqrt(min(half, 1.0)))


def _too_flat(model: Profile, flat: Flat, time_ms: int, sample: float) -> bool:
    span = time_ms - flat.since_ms
    if flat.count < _FLAT_LEAST or span < _FLAT_LEAST_MS:
        return False
    if sample >= OVERFLOW_LEVEL:
        return span >= _FLAT_FULL_MS
    missing = expected(model, flat.since_ms, time_ms)
    odds = (flat.count - 1) * -log10(max(flat.repeats, 0.02))
    return (missing >= 2.0 and odds >= 6.0) or missing >= max(8.0, 6 * model.spread)


def _rises(state: WasteState, time_ms: int, degrees: float) -> bool:
    span = time_ms - state.temperature_ms
    if state.temperature is None or not 0 < span <= _RATE_REACH_MS:
        return False
    rise = degrees - state.temperature
    return degrees >= FIRE_RATE_C and rise >= 15.0 and rise / (span / HOUR_MS) >= FIRE_RATE_K_H


def _step(
    spell: Spell,
    time_ms: int,
    on: bool,
    over: bool,
    told: Told,
    kind: str,
    *,
    need: int = 2,
    off: int = 2,
    values: dict[str, float] | None = None,
) -> Spell:
    """The spell after one sample; told when `need` samples in a row say so, ended by `off` that say it is over."""
    if on:
        since = spell.since_ms or time_ms
        signs = min(spell.signs + 1, 99)
        if not spell.open and signs >= need:
            told.event(kind, since, ongoing=True, values=dict(values or {}))
        return Spell(since, signs, 0, spell.open or signs >= need)
    if not over:
        return spell
    if not spell.open or spell.against + 1 >= off:
        if spell.open:
            told.event(kind, spell.since_ms, end_ms=time_ms)
        return Spell()
    return Spell(spell.since_ms, spell.signs, spell.against + 1, True)


def _number(given: Observation, quantity: str) -> float | None:
    value = given.values.get(quantity)
    if value is None or isinstance(value, str | bool) or quantity in given.quality:
        return None
    return float(value)
