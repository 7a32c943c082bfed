"""A month of collections: visits that came too early, overflows, misses, kilometres and CO2, with the assumptions."""

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from pipeline.domain.view import AssetView, CityView
from pipeline.domain.waste.clock import day_start_ms
from pipeline.domain.waste.hazards import metres
from pipeline.domain.words import DomainEvent

EARLY_LEVEL = 40.0
"""A visit below this fill, percent, came too early."""


class Assumptions(Struct, frozen=True):
    """What the kilometres and the CO2 rest on; state them beside every figure."""

    km_a_stop: float | None = None
    """Way between two stops of a tour; None: from the bins' own distances, times `detour`."""
    detour: float = 1.35
    litres_per_100_km: float = 60.0
    """Diesel of a collection lorry that stops and goes; an assumption, put in the fleet's own."""
    kg_co2_per_litre: float = 2.65
    """Of burnt diesel, without making it."""


class District(Struct, frozen=True):
    """One district's month."""

    district: str
    bins: int
    visits: int
    early: int
    """Visits at a fill below 40 %."""
    mean_level: float | None
    """Mean fill at visits, percent; None without visits."""
    missed: int
    overflows: int
    overflow_hours: float
    km: float
    co2_kg: float
    early_km: float
    """Kilometres that the early visits cost."""


class Report(Struct, frozen=True):
    """A month, by district and in all; figures of events that the view holds."""

    year: int
    month: int
    districts: tuple[District, ...]
    total: District
    assumptions: Assumptions
    complete: bool
    """Whether the view reaches over the whole month."""


def monthly_report(view: CityView, year: int, month: int, assumptions: Assumptions | None = None) -> Report:
    """The report of a calendar month in local time, from the events in the view."""
    assumed = assumptions or Assumptions()
    start = day_start_ms(date(year, month, 1).toordinal())
    end = day_start_ms(date(year + month // 12, month % 12 + 1, 1).toordinal())
    bins = view.of_kind("waste_bin")
    step = _km_a_stop(bins, assumed)
    names = sorted({one.district for one in bins})
    parts = [
        _district(name, [b for b in bins if b.district == name], (start, end), view.now_ms, step, assumed)
        for name in names
    ]
    total = _district("", bins, (start, end), view.now_ms, step, assumed)
    complete = view.events_from_ms <= start and view.now_ms >= end
    return Report(year, month, tuple(parts), total, assumed, complete)


def _district(
    name: str, bins: list[AssetView], span: tuple[int, int], now_ms: int, km_a_stop: float, assumed: Assumptions
) -> District:
    events = [event for one in bins for event in one.events]
    levels = [float(e.values.get("before", 0.0)) for e in _within(events, "emptied", span)]
    full = [e for e in events if e.kind == "overflow" and e.start_ms < span[1] and _end(e, now_ms) > span[0]]
    hours = sum(min(_end(e, now_ms), span[1]) - max(e.start_ms, span[0]) for e in full) / 3_600_000
    early = sum(level < EARLY_LEVEL for level in levels)
    km = len(levels) * km_a_stop
    return District(
        district=name,
        bins=len(bins),
        visits=len(levels),
        early=early,
        mean_level=round(sum(levels) / len(levels), 1) if levels else None,
        missed=len(_within(events, "missed_collection", span)),
        overflows=len(full),
        overflow_hours=round(hours, 1),
        km=round(km, 1),
        co2_kg=round(km * assumed.litres_per_100_km / 100 * assumed.kg_co2_per_litre, 1),
        early_km=round(early * km_a_stop, 1),
    )


def _within(events: Iterable[DomainEvent], kind: str, span: tuple[int, int]) -> list[DomainEvent]:
    return [event for event in events if event.kind == kind and span[0] <= event.start_ms < span[1]]


def _end(event: DomainEvent, now_ms: int) -> int:
    return now_ms if event.end_ms is None else event.end_ms


def _km_a_stop(bins: list[AssetView], assumed: Assumptions) -> float:
    """The mean way from a bin to the next of its tour, in a chain by position; 0.3 km where there are no places."""
    if assumed.km_a_stop is not None:
        return assumed.km_a_stop
    tours: dict[str, list[tuple[float, float]]] = {}
    for one in bins:
        asset = one.facts.asset
        if asset.latitude is not None and asset.longitude is not None:
            tours.setdefault(str(asset.attributes.get("tour", "")), []).append((asset.latitude, asset.longitude))
    steps = [step for places in tours.values() for step in _chain(places)]
    return sum(steps) / len(steps) / 1000 * assumed.detour if steps else 0.3


def _chain(places: list[tuple[float, float]]) -> list[float]:
    """The steps of a nearest-neighbour walk, metres; of big tours only the first 200 places."""
    left = sorted(places)[:200]
    here, steps = left.pop(0), []
    while left:
        near = min(left, key=lambda place: metres(here, place))
        left.remove(near)
        steps.append(metres(here, near))
        here = near
    return steps
