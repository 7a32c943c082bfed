"""The detector of beds and trees: %nFK, deficit and litres from every reading, events from every full hour.

Readings of one frame arrive a depth at a time, so what concerns the whole root zone is judged at the ticks, when every
frame before them is complete; what concerns one probe is judged at once.
"""

from msgspec.structs import replace

from pipeline.domain.irrigation.judge import judge_hour
from pipeline.domain.irrigation.layers import Layer, advance, good
from pipeline.domain.irrigation.probe import judge_probe
from pipeline.domain.irrigation.rain import RAIN_REPORT, Rain, measured, with_rain
from pipeline.domain.irrigation.site import site_of
from pipeline.domain.irrigation.soil_state import SoilState
from pipeline.domain.irrigation.water import drying_per_day, root_zone
from pipeline.domain.irrigation.watered import told
from pipeline.domain.words import DomainEvent, Facts, Input, Observation, Report, Step, Tick
from pipeline.inventory_model import AssetKind
from pipeline.reading import FieldValue

MAX_LAYERS = 32
"""Probes of one asset that are followed; further ones are left out."""
MAX_TIME_TO_STRESS_H = 1000.0


class SoilDetector:
    """Dry stress, watering, oversupply, frost, probes that hang in the air, stand still or don't react to rain."""

    name = "soil"
    version = 1
    kinds: frozenset[AssetKind] = frozenset({"soil"})
    state_type = SoilState

    def begin(self, facts: Facts) -> SoilState:
        """Nothing is known yet."""
        return SoilState()

    def step(self, facts: Facts, state: SoilState, given: Input) -> tuple[SoilState, Step]:
        """The state after one input, and what it brought about."""
        if isinstance(given, Tick):
            state, step = judge_hour(facts, state, given.time_ms)
        elif isinstance(given, Report):
            state, step = _report(facts, state, given)
        else:
            state, step = _observe(facts, state, given)
        return state, self._signed(step)

    def _signed(self, step: Step) -> Step:
        label = f"{self.name}@{self.version}"
        events: tuple[DomainEvent, ...] = tuple(replace(event, detector=label) for event in step.events)
        return replace(step, events=events) if events else step


def _report(facts: Facts, state: SoilState, given: Report) -> tuple[SoilState, Step]:
    if given.kind == "watered":
        return told(facts, state, given)
    amount = given.values.get("rain_amount")
    if given.kind == RAIN_REPORT and not isinstance(amount, bool | str) and amount is not None:
        return replace(state, rain=with_rain(state.rain, given.time_ms, amount)), Step()
    return state, Step()


def _observe(facts: Facts, state: SoilState, given: Observation) -> tuple[SoilState, Step]:
    mm, counters = measured(state.rain.counters, given)
    if mm is not None:
        state = replace(state, rain=with_rain(Rain(state.rain.hours, counters), given.time_ms, mm))
    if not any(good(given, quantity) is not None for quantity in _SOIL):
        return state, Step()
    site = site_of(facts.asset)
    at = _index(state, given)
    if at >= MAX_LAYERS:
        return state, Step()
    before = state.layers[at] if at < len(state.layers) else Layer(given.dev_eui, given.channel)
    layer = advance(before, site, given)
    state = replace(state, layers=(*state.layers[:at], layer, *state.layers[at + 1 :]))
    if layer.time_ms != given.time_ms:
        return state, Step()
    state, events = judge_probe(facts, state, layer)
    return state, Step(events, derived=_derived(facts, state, given.time_ms))


_SOIL = ("soil_moisture_vwc", "soil_water_potential", "soil_temperature", "soil_depth")


def _index(state: SoilState, given: Observation) -> int:
    for i, layer in enumerate(state.layers):
        if layer.dev_eui == given.dev_eui and layer.channel == given.channel:
            return i
    return len(state.layers)


def _derived(facts: Facts, state: SoilState, now_ms: int) -> dict[str, FieldValue]:
    site = site_of(facts.asset)
    water = root_zone(facts.asset, site, state, now_ms)
    if water is None:
        return {}
    derived: dict[str, FieldValue] = {
        "nfk": water.nfk,
        "soil_deficit": site.deficit_mm(water.nfk),
        "litres_needed": site.litres(water.nfk),
    }
    rate = drying_per_day(state.days)
    if rate is not None:
        hours = max(0.0, water.nfk - site.stress_nfk) / rate * 24.0
        derived["time_to_stress"] = min(hours, MAX_TIME_TO_STRESS_H)
    return derived
