"""What valves should do tonight: how long each opens, or why it stays closed. Nothing is sent from here."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from decoders.parameter import Argument
from pipeline.domain.forecast import Forecast
from pipeline.domain.irrigation.site import number
from pipeline.domain.plans.stations import distance_km, place
from pipeline.domain.plans.watering import Need
from pipeline.domain.view import AssetView, CityView

HOUR_MS = 3_600_000
FROST_LOCK_C = 3.0
"""Ground and pipes freeze while the air at 2 m is still a little above zero."""
FROST_AHEAD_MS = 12 * HOUR_MS
AIR_AGE_MS = 3 * HOUR_MS
DEFAULT_MAX_RUN_MIN = 120.0
SHORTEST_S = 60
FAULTS = ("valve_leak", "valve_stuck", "valve_no_flow", "valve_open_too_long")


class ValveRun(Struct, frozen=True):
    """One valve: the command with its arguments for `decoders.registry.downlink`, or why there is none."""

    valve: str
    waters: str
    litres: float
    """What this run gives."""
    seconds: int
    command: str = ""
    """`open_valve`; empty when it must not open."""
    arguments: Mapping[str, Argument] = {}
    blocked: str = ""
    """`frost`, `leak`, `stuck`, `no_flow`, `open_too_long`, `open`, `no_flow_rate`; empty: nothing speaks against."""
    reason: str = ""


def valve_runs(
    view: CityView, needs: Sequence[Need], models: Mapping[str, str], forecast: Forecast | None = None
) -> list[ValveRun]:
    """A run for each plant that needs water and has a valve. `models` tells each valve asset's decoder id."""
    runs = []
    for need in needs:
        valve = view.assets.get(need.valve) if need.valve and need.litres > 0 else None
        if valve is not None:
            runs.append(_run(view, valve, need, models.get(valve.id, ""), forecast))
    return runs


def _run(view: CityView, valve: AssetView, need: Need, model: str, forecast: Forecast | None) -> ValveRun:
    blocked, why = _blocked(view, valve, forecast)
    if blocked:
        return ValveRun(valve.id, need.asset, 0.0, 0, blocked=blocked, reason=why)
    flow = number(valve.facts.asset.attributes, "flow_l_min")
    if flow is None or flow <= 0:
        return ValveRun(valve.id, need.asset, 0.0, 0, blocked="no_flow_rate", reason="flow_l_min is not known")
    longest = (number(valve.facts.asset.attributes, "max_run_min") or DEFAULT_MAX_RUN_MIN) * 60
    wanted = need.litres / flow * 60
    seconds = round(min(max(wanted, SHORTEST_S), longest))
    run = ValveRun(valve.id, need.asset, min(need.litres, seconds / 60 * flow), seconds, reason=need.reason)
    if wanted > longest:
        run = replace(run, reason=f"{need.reason}; {run.litres:.0f} of {need.litres:.0f} L, its longest run")
    arguments = open_arguments(valve, model, seconds, run.litres)
    return replace(run, command="open_valve", arguments=arguments) if arguments else run


def open_arguments(valve: AssetView, model: str, seconds: int, litres: float) -> dict[str, Argument]:
    """Arguments of `open_valve` by device: always with a time, and with pulses too where the device counts them. Empty
    for devices whose command is not public."""
    if model in ("milesight-uc511", "milesight-uc512"):
        arguments: dict[str, Argument] = {"valve": _channel(valve), "seconds": seconds}
        constant = number(valve.facts.asset.attributes, "litres_per_pulse")
        if constant is not None and constant > 0:
            arguments["pulses"] = max(1, round(litres / constant))
        return arguments
    if model == "strega-smart-valve":
        short = seconds <= 255
        return {"unit": "seconds" if short else "minutes", "duration": seconds if short else min(255, seconds // 60)}
    return {}


def _channel(valve: AssetView) -> str:
    told = {channel for quantity, channel, _ in valve.channels if quantity == "valve_state" and channel}
    return min(told) if len(told) == 1 else "1"


def _blocked(view: CityView, valve: AssetView, forecast: Forecast | None) -> tuple[str, str]:
    for event in valve.events:
        if event.ongoing and event.kind in FAULTS:
            return event.kind.removeprefix("valve_"), f"{event.kind.replace('_', ' ')} goes on"
    state = valve.latest.get("valve_state")
    if state is not None and state.value == "open":
        return "open", "it is open already"
    return _frost(view, valve, forecast)


def _frost(view: CityView, valve: AssetView, forecast: Forecast | None) -> tuple[str, str]:
    lock = number(valve.facts.asset.attributes, "frost_lock_c")
    limit = FROST_LOCK_C if lock is None else lock
    air = _air(view, valve)
    if air is not None and air <= limit:
        return "frost", f"air temperature is {air:.1f} degC"
    ahead = None if forecast is None else forecast.lowest_temperature(view.now_ms, view.now_ms + FROST_AHEAD_MS)
    if ahead is not None and ahead <= limit:
        return "frost", f"{ahead:.1f} degC are forecast"
    watered = view.assets.get(str(valve.attribute("waters") or ""))
    if watered is not None and any(event.kind == "soil_frost" and event.ongoing for event in watered.events):
        return "frost", "the soil is frozen"
    return "", ""


def _air(view: CityView, valve: AssetView) -> float | None:
    """Air temperature at the nearest station that told it lately, degC; any station where the valve has no place."""
    here = place(valve.facts.asset)
    found: list[tuple[float, str, float]] = []
    for station in view.of_kind("weather"):
        told, value = station.latest.get("air_temperature"), station.number("air_temperature")
        if told is None or value is None or view.now_ms - told.time_ms > AIR_AGE_MS:
            continue
        there = place(station.facts.asset)
        found.append((distance_km(here, there) if here and there else 0.0, station.id, value))
    return min(found)[2] if found else None
