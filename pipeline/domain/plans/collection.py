"""Which bins to empty today, by district and by the value of a visit, each with the reasons in words."""

from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

from pipeline.domain.plans.route import Stop
from pipeline.domain.view import AssetView, CityView
from pipeline.domain.waste.clock import HOUR_MS, local
from pipeline.domain.waste.forecast import overflow_risk, time_to_full
from pipeline.domain.waste.hazards import metres
from pipeline.domain.waste.prior import number
from pipeline.domain.waste.rate import expected
from pipeline.domain.waste.state import Plan, WasteState, model_of, plan_of

_STALE_MS = 24 * HOUR_MS
_VOLUME_L = 120.0
_WITHOUT_PLAN_H = 24.0


class Worth(Struct, frozen=True):
    """What counts how much, in points of value; the list takes bins from `least` points on."""

    overflow: float = 100.0
    """For a certain overflow until the next chance; a share of it for its risk."""
    fill: float = 0.5
    """For each percent of the container that is full now."""
    missed: float = 20.0
    """For a collection that was missed."""
    km: float = 10.0
    """Off for each kilometre to the nearest other bin worth a visit."""
    least: float = 40.0


class Visit(Struct, frozen=True):
    """A bin worth a visit."""

    asset: str
    name: str
    district: str
    zone: str
    tour: str
    latitude: float | None
    longitude: float | None
    level: float
    """Percent, now."""
    time_to_full_h: float
    risk: float
    """Chance (0 to 1) of being full before the next planned collection."""
    next_ms: int
    """The next planned collection after today's, Unix ms."""
    load_l: float
    """Waste in it, litres."""
    value: float
    reasons: tuple[str, ...]
    """Of `overflowing`, `missed`, `risk`, `full`."""


class Unknown(Struct, frozen=True):
    """A bin that nothing can be said of; `reason` is `never_heard`, `silent`, `stuck` or `tilted`."""

    asset: str
    district: str
    reason: str


class CollectionList(Struct, frozen=True):
    """Today's list. `districts` by name, the visits of each by falling value."""

    now_ms: int
    districts: dict[str, tuple[Visit, ...]]
    unknown: tuple[Unknown, ...]
    """Bins that a person should look at, or that their fixed plan serves as ever."""
    bins: int
    """How many bins were looked at."""

    @property
    def visits(self) -> list[Visit]:
        """All visits, by falling value."""
        return sorted((v for visits in self.districts.values() for v in visits), key=lambda v: (-v.value, v.asset))


def collection_list(
    view: CityView, *, district: str | None = None, zone: str | None = None, worth: Worth | None = None
) -> CollectionList:
    """The bins of a district, a zone or the city that are worth a visit at the view's time."""
    worth = worth or Worth()
    bins = view.of_kind("waste_bin", district=district, zone=zone)
    visits: list[Visit] = []
    unknown: list[Unknown] = []
    for one in bins:
        reason = _unknown(one, view.now_ms)
        if reason:
            unknown.append(Unknown(one.id, one.district, reason))
        else:
            visits.append(_visit(one, view.now_ms, worth))
    chosen = _less_distance([v for v in visits if v.value >= worth.least], worth)
    districts: dict[str, list[Visit]] = {}
    for visit in sorted(chosen, key=lambda v: (v.district, -v.value, v.asset)):
        districts.setdefault(visit.district, []).append(visit)
    return CollectionList(view.now_ms, {d: tuple(v) for d, v in districts.items()}, tuple(unknown), len(bins))


def stops_of(chosen: CollectionList) -> list[Stop]:
    """The list as stops of a round: loads in litres; bins without a position can't be driven to and are left out."""
    return [
        Stop(v.asset, v.latitude, v.longitude, v.load_l, v.value, label=v.name or v.asset)
        for v in chosen.visits
        if v.latitude is not None and v.longitude is not None
    ]


def next_visit_ms(plan: Plan, now_ms: int) -> int:
    """The planned collection after today's; a day ahead where the bin has no days."""
    today = local(now_ms).day
    later = (plan.visit_ms(day) for day in range(today + 1, today + 8) if (day - 1) % 7 in plan.days)
    return next(later, now_ms + int(_WITHOUT_PLAN_H * HOUR_MS))


def _unknown(one: AssetView, now_ms: int) -> str:
    state = one.state
    if not isinstance(state, WasteState) or not state.track.known:
        return "never_heard"
    if state.stuck.open:
        return "stuck"
    if state.tilt.open:
        return "tilted"
    return "silent" if now_ms - state.track.time_ms > _STALE_MS else ""


def _visit(one: AssetView, now_ms: int, worth: Worth) -> Visit:
    asset, state, plan = one.facts.asset, one.state, plan_of(one.facts)
    model = model_of(one.facts, state)
    level = min(state.track.level + expected(model, state.track.time_ms, now_ms), 100.0)
    next_ms = next_visit_ms(plan, now_ms)
    risk = overflow_risk(model, level, now_ms, (next_ms - now_ms) / HOUR_MS, full=plan.full)
    volume = asset.container.volume_l if asset.container is not None else None
    litres = volume or number(asset.attributes.get("volume_l"), _VOLUME_L)
    reasons = {
        "overflowing": state.overflow.open,
        "missed": bool(state.missed),
        "risk": risk >= 0.2,
        "full": level >= 80.0,
    }
    value = worth.overflow * (1.0 if state.overflow.open else risk) + worth.fill * level
    return Visit(
        asset=asset.id,
        name=asset.name,
        district=one.district,
        zone=one.zone,
        tour=str(asset.attributes.get("tour", "")),
        latitude=asset.latitude,
        longitude=asset.longitude,
        level=round(level, 1),
        time_to_full_h=round(time_to_full(model, level, now_ms, full=plan.full).hours, 1),
        risk=round(risk, 3),
        next_ms=next_ms,
        load_l=round(litres * level / 100, 1),
        value=round(value + (worth.missed if state.missed else 0.0), 1),
        reasons=tuple(reason for reason, holds in reasons.items() if holds),
    )


def _less_distance(visits: Sequence[Visit], worth: Worth) -> Iterable[Visit]:
    """The visits with the way to the nearest other one taken off their value; what falls below the least goes."""
    placed = sorted(
        (v.latitude, v.longitude, v.asset) for v in visits if v.latitude is not None and v.longitude is not None
    )
    near = {asset: _nearest(placed, place) for place, (_, _, asset) in enumerate(placed)}
    for visit in visits:
        value = round(visit.value - worth.km * near.get(visit.asset, 0.0) / 1000, 1)
        if value >= worth.least or "overflowing" in visit.reasons:
            yield structs.replace(visit, value=value)


def _nearest(placed: Sequence[tuple[float, float, str]], place: int) -> float:
    """Metres to the nearest other place; places are sorted by latitude, so the search ends where that alone is more."""
    here = placed[place][:2]
    best = float("inf")
    for step in (1, -1):
        other = place + step
        while 0 <= other < len(placed) and metres(here, (placed[other][0], here[1])) < best:
            best = min(best, metres(here, placed[other][:2]))
            other += step
    return best if best < float("inf") else 0.0
