"""Which trees and beds need water today, how many litres, and why (not): in words.

Need: litres from %nFK up to the target, of the plant's own probes, else of its siblings' (`sibling_group`), else the
fixed plan's visit. Then less by rain that was measured after the reading, and none when enough rain is probable.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from pipeline.domain.forecast import Forecast
from pipeline.domain.irrigation.site import Site, site_of
from pipeline.domain.irrigation.texture import nfk_class
from pipeline.domain.plans.fixed_watering import interval_days, standing_year
from pipeline.domain.plans.stations import Gauge, Station, living_gauges, nearest_gauge
from pipeline.domain.view import AssetView, CityView
from pipeline.domain.words import DomainEvent

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
Urgency = Literal["urgent", "due", "soon", "none", "unknown"]
Source = Literal["own", "siblings", "plan", "nothing"]
Suppressed = Literal["", "measured_rain", "forecast", "frost", "watered"]
URGENCIES: tuple[Urgency, ...] = ("urgent", "due", "soon", "none", "unknown")


class Rules(Struct, frozen=True):
    """How needs are judged."""

    soon_h: float = 36.0
    """A plant that reaches its stress line within so many hours is watered on this tour."""
    forecast_h: float = 48.0
    forecast_share: float = 0.6
    """Share of the need that probable rain must bring for the visit to wait; never where the plant suffers already."""
    interception_mm: float = 2.0
    """A day's rain that stays on leaves and pavement."""
    reading_h: float = 30.0
    """An older %nFK tells nothing of today."""
    smallest_visit: float = 0.1
    """Share of `litres_per_visit` below which nobody drives there."""
    trigger_at_most: float = 110.0
    target_at_most: float = 110.0
    """%nFK: where water is short, plants wait longer and get less than their sites' `trigger_nfk` and `target_nfk`."""
    tz: str = "Europe/Berlin"


SCARCE = Rules(trigger_at_most=35.0, target_at_most=50.0, soon_h=24.0)
"""When water is short: only what is about to suffer gets any, and no more than up to where light stress ends."""


class Need(Struct, frozen=True):
    """What one plant needs. Litres are those to give now, after rain; 0 when nothing is to be done."""

    asset: str
    litres: float
    urgency: Urgency
    reason: str
    """For people."""
    source: Source = "nothing"
    suppressed: Suppressed = ""
    litres_before: float = 0.0
    """As if no rain had fallen and none would."""
    nfk: float | None = None
    nfk_class: str = ""
    nfk_ms: int | None = None
    """Of the reading."""
    like: tuple[str, ...] = ()
    """The siblings that were measured instead."""
    valve: str = ""
    """The valve that waters it; empty: a tanker does."""
    name: str = ""
    zone: str = ""
    district: str = ""
    latitude: float | None = None
    longitude: float | None = None


class _Reading(Struct, frozen=True):
    nfk: float
    time_ms: int
    to_stress_h: float | None
    like: tuple[str, ...] = ()


class _Known(Struct):
    view: CityView
    rules: Rules
    forecast: Forecast | None
    readings: Mapping[str, _Reading]
    groups: Mapping[str, Sequence[str]]
    valves: Mapping[str, str]
    stations: Sequence[Station]


def watering_plan(
    view: CityView,
    forecast: Forecast | None = None,
    rules: Rules | None = None,
    *,
    zone: str | None = None,
    district: str | None = None,
) -> list[Need]:
    """Every bed and tree of the view (or of a zone or district), the most urgent first, then the driest."""
    plants = view.of_kind("soil")
    used = rules or Rules()
    known = _Known(
        view, used, forecast, _readings(view, plants, used), _groups(plants), _valves(view), living_gauges(view)
    )
    asked = view.of_kind("soil", zone=zone, district=district)
    return sorted((_need(plant, known) for plant in asked), key=_order)


def _order(need: Need) -> tuple[bool, int, float, str]:
    return (need.litres <= 0, URGENCIES.index(need.urgency), need.nfk if need.nfk is not None else 1000.0, need.asset)


def _readings(view: CityView, plants: Sequence[AssetView], rules: Rules) -> dict[str, _Reading]:
    found = {}
    for plant in plants:
        nfk, known = plant.number("nfk"), plant.latest.get("nfk")
        if nfk is None or known is None or view.now_ms - known.time_ms > rules.reading_h * HOUR_MS:
            continue
        left = plant.number("time_to_stress")
        told = plant.latest.get("time_to_stress")
        waited = (view.now_ms - known.time_ms) / HOUR_MS
        fresh = left is not None and told is not None and told.time_ms == known.time_ms
        found[plant.id] = _Reading(nfk, known.time_ms, max(0.0, (left or 0.0) - waited) if fresh else None)
    return found


def _groups(plants: Sequence[AssetView]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for plant in plants:
        group = plant.attribute("sibling_group")
        if group:
            groups.setdefault(str(group), []).append(plant.id)
    return groups


def _valves(view: CityView) -> dict[str, str]:
    named = {str(valve.attribute("waters")): valve.id for valve in view.of_kind("valve") if valve.attribute("waters")}
    own = {str(plant.id): str(plant.attribute("valve")) for plant in view.of_kind("soil") if plant.attribute("valve")}
    return named | own


def _need(plant: AssetView, known: _Known) -> Need:
    reading = known.readings.get(plant.id) or _of_siblings(plant, known)
    need = _by_plan(plant, known) if reading is None else _by_reading(plant, reading, known)
    asset = plant.facts.asset
    return replace(
        need,
        valve=known.valves.get(plant.id, ""),
        name=asset.name,
        zone=plant.zone,
        district=plant.district,
        latitude=asset.latitude,
        longitude=asset.longitude,
    )


def _of_siblings(plant: AssetView, known: _Known) -> _Reading | None:
    group = str(plant.attribute("sibling_group") or "")
    measured = [(name, known.readings[name]) for name in known.groups.get(group, ()) if name in known.readings]
    if not measured:
        return None
    times = [reading.to_stress_h for _, reading in measured if reading.to_stress_h is not None]
    return _Reading(
        sum(reading.nfk for _, reading in measured) / len(measured),
        min(reading.time_ms for _, reading in measured),
        min(times) if times else None,
        tuple(name for name, _ in measured),
    )


def _by_reading(plant: AssetView, reading: _Reading, known: _Known) -> Need:
    site = _site(plant, known.rules)
    urgency = _urgency(plant, site, reading, known.rules)
    word = nfk_class(reading.nfk)
    of_whom = f" (like {', '.join(reading.like)})" if reading.like else ""
    state = f"{reading.nfk:.0f} % nFK{of_whom}, {word.replace('_', ' ')}"
    need = Need(
        plant.id,
        0.0,
        urgency,
        state,
        source="siblings" if reading.like else "own",
        nfk=reading.nfk,
        nfk_class=word,
        nfk_ms=reading.time_ms,
        like=reading.like,
    )
    if urgency == "none":
        return replace(need, reason=f"{state}: no need")
    wanted = site.litres(reading.nfk) or (site.litres_per_visit if site.root_area_m2 is None else 0.0)
    need = replace(need, litres=wanted, litres_before=wanted)
    return _less_by_water(plant, site, need, site.deficit_mm(reading.nfk, site.target_nfk), reading.time_ms, known)


def _urgency(plant: AssetView, site: Site, reading: _Reading, rules: Rules) -> Urgency:
    suffers = any(event.kind == "dry_stress" and event.ongoing for event in plant.events)
    if reading.nfk < site.stress_nfk or (suffers and not reading.like):
        return "urgent"
    if reading.nfk < site.trigger_nfk:
        return "due"
    soon = reading.to_stress_h is not None and reading.to_stress_h <= rules.soon_h
    return "soon" if soon and reading.nfk < site.target_nfk else "none"


def _site(plant: AssetView, rules: Rules) -> Site:
    site = site_of(plant.facts.asset)
    trigger, target = min(site.trigger_nfk, rules.trigger_at_most), min(site.target_nfk, rules.target_at_most)
    return replace(site, trigger_nfk=trigger, target_nfk=target)


def _by_plan(plant: AssetView, known: _Known) -> Need:
    today = datetime.fromtimestamp(known.view.now_ms / 1000, UTC).astimezone(ZoneInfo(known.rules.tz)).date()
    asset = plant.facts.asset
    interval = interval_days(asset, today)
    if interval is None:
        return Need(plant.id, 0.0, "unknown", "no fresh reading, no measured sibling, and no fixed plan for it today")
    plan = f"no fresh reading; fixed plan of standing year {standing_year(asset, today)}: every {interval} days"
    since = known.view.now_ms - interval * DAY_MS
    last = max((event.start_ms for event in _waterings(plant, 0)), default=None)
    if last is not None and last > since:
        days = (known.view.now_ms - last) / DAY_MS
        return Need(plant.id, 0.0, "none", f"{plan}, last watered {days:.0f} days ago", source="plan")
    site = site_of(asset)
    litres = site.litres_per_visit
    need = Need(plant.id, litres, "due", f"{plan}, due", source="plan", litres_before=litres)
    return _less_by_water(plant, site, need, _visit_mm(site), since, known)


def _visit_mm(site: Site) -> float:
    """A visit as mm on the root area, at most what the root zone holds."""
    mm = site.litres_per_visit / site.root_area_m2 if site.root_area_m2 is not None else site.capacity_mm
    return min(mm, site.capacity_mm)


def _less_by_water(plant: AssetView, site: Site, need: Need, need_mm: float, since_ms: int, known: _Known) -> Need:
    """The need after frost, what was given since the reading, and rain that fell and will."""
    if any(event.kind == "soil_frost" and event.ongoing for event in plant.events):
        return _suppressed(need, "frost", "the soil is frozen")
    need = _less_by_visits(plant, site, need, since_ms)
    if need.suppressed:
        return need
    gauge = nearest_gauge(known.stations, plant.facts.asset, since_ms, known.view.now_ms)
    fallen = 0.0
    if gauge is not None:
        fallen = _effective(gauge.mm, since_ms, known)
        need = _less_by_rain(need, need_mm, fallen, gauge)
    if not need.suppressed and need.litres < known.rules.smallest_visit * site.litres_per_visit:
        kind: Suppressed = "measured_rain" if fallen > 0 else "watered"
        need = replace(need, litres=0.0, reason=f"{need.reason}: too little left for a visit")
        return replace(need, suppressed=kind if need.litres_before > need.litres else "")
    return need if need.suppressed else _wait_for_rain(need, need_mm - fallen, known)


def _less_by_visits(plant: AssetView, site: Site, need: Need, since_ms: int) -> Need:
    if need.source != "own":
        return need
    given = 0.0
    for event in _waterings(plant, since_ms + 1):
        litres = event.values.get("litres")
        given += site.litres_per_visit if litres is None or isinstance(litres, bool | str) else litres
    if given <= 0:
        return need
    if given >= need.litres:
        return _suppressed(need, "watered", f"{given:.0f} L were given since the reading")
    return replace(need, litres=need.litres - given, reason=f"{need.reason}, {given:.0f} L given since the reading")


def _waterings(plant: AssetView, since_ms: int) -> list[DomainEvent]:
    return [event for event in plant.events if event.kind == "watered" and event.start_ms >= since_ms]


def _effective(mm: float, since_ms: int, known: _Known) -> float:
    days = max(1.0, (known.view.now_ms - since_ms) / DAY_MS)
    return max(0.0, mm - known.rules.interception_mm * days)


def _less_by_rain(need: Need, need_mm: float, fallen: float, gauge: Gauge) -> Need:
    if fallen <= 0:
        return need
    rain = f"{gauge.mm:.1f} mm of rain at {gauge.station} ({gauge.km:.1f} km) since"
    if fallen >= need_mm:
        return _suppressed(need, "measured_rain", rain)
    return replace(need, litres=need.litres * (1.0 - fallen / need_mm), reason=f"{need.reason}, {rain}")


def _wait_for_rain(need: Need, need_mm: float, known: _Known) -> Need:
    if known.forecast is None or need.urgency == "urgent":
        return need
    now = known.view.now_ms
    coming = known.forecast.probable_rain_mm(now, now + round(known.rules.forecast_h * HOUR_MS))
    effective = max(0.0, coming - known.rules.interception_mm)
    if effective < known.rules.forecast_share * need_mm or effective <= 0:
        return need
    told = f" ({known.forecast.source})" if known.forecast.source else ""
    return _suppressed(
        need, "forecast", f"{coming:.1f} mm of rain are probable within {known.rules.forecast_h:.0f} h{told}"
    )


def _suppressed(need: Need, kind: Suppressed, why: str) -> Need:
    return replace(need, litres=0.0, suppressed=kind, reason=f"{need.reason}, but {why}")
