"""Which trees, how many litres, and why: needs, tours, valve runs, savings."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decoders.registry import downlink
from pipeline.domain.forecast import Forecast, ForecastHour
from pipeline.domain.irrigation.rain import Rain
from pipeline.domain.irrigation.station import StationState
from pipeline.domain.plans.fixed_watering import interval_days, standing_year, visits
from pipeline.domain.plans.tanker import nearest_first, tanker_tours, tour_km
from pipeline.domain.plans.valve_runs import valve_runs
from pipeline.domain.plans.water_savings import savings, stress_days
from pipeline.domain.plans.watering import SCARCE, Need, Rules, Urgency, watering_plan
from pipeline.domain.view import AssetView, CityView, Known
from pipeline.domain.words import DomainEvent, Facts
from pipeline.inventory_model import Asset, AssetKind, AttributeValue
from pipeline.reading import FieldValue

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 1_782_885_600_000  # 2026-07-01T06:00:00Z, 8 o'clock in Mannheim
READ = NOW - 2 * HOUR
LOAM: dict[str, Any] = {
    "texture": "loam", "root_depth_cm": 60, "root_area_m2": 2.0, "trigger_nfk": 50, "target_nfk": 80,
}  # fmt: skip


def asset(
    name: str,
    kind: AssetKind = "soil",
    values: dict[str, FieldValue] | None = None,
    at: tuple[float, float] = (49.49, 8.47),
    events: tuple[DomainEvent, ...] = (),
    read: int = READ,
    state: object = None,
    **attributes: AttributeValue,
) -> AssetView:
    latest = {quantity: Known(value, read) for quantity, value in (values or {}).items()}
    facts = Facts(Asset(name, kind=kind, latitude=at[0], longitude=at[1], attributes=attributes))
    return AssetView(facts, state, latest=latest, events=events)


def tree(name: str = "t", nfk: float | None = None, **more: Any) -> AssetView:
    values: dict[str, FieldValue] = {} if nfk is None else {"nfk": nfk}
    return asset(name, values=values, **{**LOAM, **more})


def city(*assets: AssetView) -> CityView:
    return CityView(NOW, {one.id: one for one in assets})


def station(mm: float, name: str = "ws", at: tuple[float, float] = (49.5, 8.47), told: int = NOW) -> AssetView:
    """A station that measured so much in its last hour, and was dry before."""
    hours = (*((told - n * HOUR, 0.0) for n in range(40, 0, -1)), (told, mm))
    return asset(name, "weather", at=at, state=StationState(Rain(hours)))


def raining(mm: float, probability: float = 0.9, hours_ahead: int = 5) -> Forecast:
    return Forecast((ForecastHour(NOW + hours_ahead * HOUR, mm, probability, 15.0),), "Mannheim")


def event(kind: str, start: int, *, ongoing: bool = False, **values: FieldValue) -> DomainEvent:
    return DomainEvent(f"{kind}:{start}", kind, "t", start, ongoing=ongoing, values=values)


def only(needs: list[Need]) -> Need:
    (need,) = needs
    return need


def test_a_golden_need_by_hand() -> None:
    """Loam, 60 cm: 84 mm. From 40 to 80 %: 33.6 mm on 2 m2 are 67.2 L."""
    need = only(watering_plan(city(tree(nfk=40.0))))
    assert need.litres == pytest.approx(67.2)
    assert (need.urgency, need.source, need.nfk_class, need.suppressed) == ("due", "own", "light_stress", "")
    assert need.reason == "40 % nFK, light stress"


@pytest.mark.parametrize(("nfk", "urgency"), [(29.9, "urgent"), (49.9, "due"), (50.0, "none"), (95.0, "none")])
def test_urgency_follows_the_lines(nfk: float, urgency: str) -> None:
    """30 and 50 %; nothing is asked for above."""
    need = only(watering_plan(city(tree(nfk=nfk))))
    assert need.urgency == urgency
    assert (need.litres > 0) == (urgency != "none")


def test_a_tree_that_will_suffer_before_the_next_tour_is_watered_now() -> None:
    """Stress in 37 hours, two of which have passed; in 39 it may wait."""
    soon = only(watering_plan(city(asset("t", values={"nfk": 60.0, "time_to_stress": 37.0}, **LOAM))))
    assert soon.urgency == "soon"
    assert soon.litres == pytest.approx(33.6)
    later = asset("t", values={"nfk": 60.0, "time_to_stress": 39.0}, **LOAM)
    assert only(watering_plan(city(later))).urgency == "none"


def test_measured_rain_lessens_and_then_replaces_a_visit() -> None:
    """33.6 mm are wanted. 18.8 mm fell, 2 stay on leaves: half the litres. 40 mm: none, and why."""
    part = only(watering_plan(city(tree(nfk=40.0), station(18.8))))
    assert part.litres == pytest.approx(33.6)
    assert "18.8 mm of rain at ws (1.1 km)" in part.reason
    none = only(watering_plan(city(tree(nfk=40.0), station(40.0))))
    assert (none.litres, none.suppressed) == (0, "measured_rain")
    assert none.litres_before == pytest.approx(67.2)
    assert "but 40.0 mm of rain at ws" in none.reason


def test_rain_before_the_reading_is_in_the_reading() -> None:
    """What fell before is not taken off twice."""
    assert only(watering_plan(city(tree(nfk=40.0, read=NOW), station(40.0, told=NOW - HOUR)))).litres > 60


def test_the_nearest_station_that_is_alive_counts() -> None:
    """Not a farther one, not a silent one, none beyond ten kilometres, and none for a tree without a place."""
    near, far = station(0.0, "near"), station(40.0, "far", (49.55, 8.47))
    assert only(watering_plan(city(tree(nfk=40.0), near, far))).suppressed == ""
    silent = station(0.0, "near", told=NOW - 4 * HOUR)
    assert only(watering_plan(city(tree(nfk=40.0), silent, far))).suppressed == "measured_rain"
    assert only(watering_plan(city(tree(nfk=40.0), station(40.0, at=(49.7, 8.47))))).suppressed == ""


def test_probable_rain_lets_a_visit_wait_but_not_where_a_tree_suffers() -> None:
    """33.6 mm wanted, 60 % of it are 20.2: 23 mm probable minus 2 are enough, 22 are not; nor is what is improbable."""
    view = city(tree(nfk=40.0))
    waiting = only(watering_plan(view, raining(23.0)))
    assert (waiting.litres, waiting.suppressed) == (0, "forecast")
    assert "23.0 mm of rain are probable within 48 h (Mannheim)" in waiting.reason
    assert only(watering_plan(view, raining(22.0))).suppressed == ""
    assert only(watering_plan(view, raining(40.0, probability=0.3))).suppressed == ""
    assert only(watering_plan(view, raining(40.0, hours_ahead=49))).suppressed == ""
    assert only(watering_plan(city(tree(nfk=20.0)), raining(90.0))).litres > 0


def test_litres_given_since_the_reading_count() -> None:
    """The crew was there an hour ago: 30 of 67.2 L, or all of it; a word without litres is a whole visit."""
    some = tree(nfk=40.0, events=(event("watered", NOW - HOUR, litres=30.0),))
    assert only(watering_plan(city(some))).litres == pytest.approx(37.2)
    done = tree(nfk=40.0, events=(event("watered", NOW - HOUR),))
    assert only(watering_plan(city(done))).suppressed == "watered"
    before = tree(nfk=40.0, events=(event("watered", READ - HOUR, litres=30.0),))
    assert only(watering_plan(city(before))).litres == pytest.approx(67.2)


def test_frozen_soil_gets_nothing() -> None:
    """Water would freeze on it."""
    need = only(watering_plan(city(tree(nfk=20.0, events=(event("soil_frost", NOW - DAY, ongoing=True),)))))
    assert (need.litres, need.suppressed) == (0, "frost")


def test_siblings_follow_the_tree_that_is_measured() -> None:
    """Their litres by their own root area, and whose word it is."""
    sibling = tree("b", sibling_group="g", root_area_m2=3.0)
    needs = watering_plan(city(tree("a", 40.0, sibling_group="g"), sibling, tree("c")))
    found = {need.asset: need for need in needs}
    assert found["b"].litres == pytest.approx(33.6 * 3)
    assert (found["b"].source, found["b"].like) == ("siblings", ("a",))
    assert "(like a)" in found["b"].reason
    assert (found["c"].urgency, found["c"].litres) == ("unknown", 0)


def test_an_old_reading_is_none() -> None:
    """After thirty hours the fixed plan decides, if there is one."""
    old = tree(nfk=40.0, read=NOW - 31 * HOUR, planted_year=2025)
    need = only(watering_plan(city(old)))
    assert (need.source, need.litres) == ("plan", 100)
    assert "standing year 2: every 14 days, due" in need.reason


def test_the_fixed_plan_knows_the_last_visit_and_the_rain_since() -> None:
    """Five days after a visit there is time; after fifteen it is due, unless 100 L fell as rain."""

    def needs(days: int, *more: AssetView) -> Need:
        visit = event("watered", NOW - days * DAY)
        return only(watering_plan(city(tree(standing_year=3, events=(visit,)), *more)))

    assert needs(5).urgency == "none"
    assert needs(15).litres == 100
    days = tuple((NOW // DAY - n, 8.0) for n in range(14, -1, -1))
    wet = asset("ws", "weather", state=StationState(Rain(((NOW, 0.0),)), days))
    assert needs(15, wet).suppressed == "measured_rain"


@given(st.floats(0, 120), st.floats(0, 80), st.floats(0, 80), st.floats(0, 90), st.floats(0, 90))
def test_rain_never_raises_a_need_and_water_never_does(
    nfk: float, fell: float, more: float, coming: float, wetter: float
) -> None:
    """Each of measured rain, forecast rain and soil moisture only lessens the litres, which are never negative."""

    def litres(nfk: float, fell: float, coming: float) -> float:
        return only(watering_plan(city(tree(nfk=nfk), station(fell)), raining(coming))).litres

    base = litres(nfk, fell, coming)
    assert base >= 0
    assert litres(nfk, fell + more, coming) <= base + 1e-9
    assert litres(nfk, fell, coming + more) <= base + 1e-9
    assert litres(nfk, fell, 0) >= base - 1e-9
    assert litres(min(nfk + wetter, 120), fell, coming) <= base + 1e-9


def test_when_water_is_short_only_the_driest_get_some() -> None:
    """40 % may wait; 33 % is about to suffer and gets up to 50 %: 17 % of 84 mm on 2 m2."""
    view = city(tree("a", 40.0), tree("b", 33.0))
    found = {need.asset: need for need in watering_plan(view, rules=SCARCE)}
    assert found["a"].litres == 0
    assert found["b"].litres == pytest.approx(28.56)


def test_the_most_urgent_comes_first_and_zones_can_be_asked_for() -> None:
    """Urgent, due, then what needs nothing."""
    view = city(tree("a", 60.0), tree("b", 45.0), tree("c", 10.0), tree("d", 20.0))
    assert [need.asset for need in watering_plan(view)] == ["c", "d", "b", "a"]
    assert watering_plan(view, zone="elsewhere") == []


@pytest.mark.parametrize(
    ("attributes", "day", "year", "interval"),
    [
        ({"planted_year": 2026}, date(2026, 4, 1), 1, 14),
        ({"planted_year": 2026}, date(2026, 3, 31), 1, None),
        ({"planted_year": 2024}, date(2026, 9, 30), 3, 14),
        ({"planted_year": 2023}, date(2026, 7, 1), 4, 28),
        ({"standing_year": 5}, date(2026, 7, 1), 5, 61),
        ({"standing_year": 6}, date(2026, 7, 1), 6, None),
        ({"standing_year": 5}, date(2026, 10, 1), 5, None),
        ({}, date(2026, 7, 1), None, None),
    ],
)
def test_the_fixed_plan_by_age(
    attributes: dict[str, AttributeValue], day: date, year: int | None, interval: int | None
) -> None:
    """Bad Homburg's ages, April to September."""
    one = Asset("t", attributes=attributes)
    assert (standing_year(one, day), interval_days(one, day)) == (year, interval)


def test_the_fixed_plans_days() -> None:
    """A young tree is visited 14 times a season from 1 April on, an older one 7 and 3 times."""
    assert visits(Asset("t", attributes={"standing_year": 1}), 2026)[:3] == [
        date(2026, 4, 1), date(2026, 4, 15), date(2026, 4, 29),
    ]  # fmt: skip
    assert [len(visits(Asset("t", attributes={"standing_year": n}), 2026)) for n in range(1, 7)] == [
        14,
        14,
        14,
        7,
        3,
        0,
    ]


def test_the_local_day_decides_the_season() -> None:
    """At 22:30 UTC on 31 March it is April in Mannheim."""
    edge = round(datetime(2026, 3, 31, 22, 30, tzinfo=UTC).timestamp() * 1000)
    view = CityView(edge, {"t": tree(standing_year=1)})
    assert only(watering_plan(view)).source == "plan"
    assert only(watering_plan(view, rules=Rules(tz="UTC"))).source == "nothing"


DEPOT = (49.48, 8.46)


def need(name: str, litres: float, at: tuple[float, float] | None, urgency: Urgency = "due", valve: str = "") -> Need:
    latitude, longitude = at or (None, None)
    return Need(name, litres, urgency, "dry", valve=valve, latitude=latitude, longitude=longitude)


def test_a_tour_takes_the_urgent_first_and_its_neighbours_along() -> None:
    """300 L: the urgent tree in the north with the one beside it; the south goes with the next load."""
    north, beside, south = (49.52, 8.46), (49.521, 8.46), (49.44, 8.46)
    needs = [need("south", 150, south), need("beside", 150, beside), need("north", 150, north, "urgent")]
    plan = tanker_tours(
        [*needs, need("lost", 50, None), need("piped", 50, south, valve="v"), need("moist", 0, south)], DEPOT, 300
    )
    assert [[stop.asset for stop in tour.stops] for tour in plan.tours] == [["north", "beside"], ["south"]]
    assert [tour.litres for tour in plan.tours] == [300, 150]
    assert plan.without_place == ("lost",)
    assert plan.tours[1].km == pytest.approx(2 * 4.448, rel=0.01)


def test_a_plant_beyond_a_load_is_visited_twice() -> None:
    """700 L by a tanker of 300."""
    plan = tanker_tours([need("bed", 700, DEPOT)], DEPOT, 300)
    assert [tour.litres for tour in plan.tours] == [300, 300, 100]
    with pytest.raises(ValueError, match="carries nothing"):
        tanker_tours([], DEPOT, 0)


@given(st.lists(st.tuples(st.floats(1, 400), st.floats(49.4, 49.6), st.floats(8.4, 8.6)), max_size=12))
def test_tours_bring_all_litres_and_never_overload(wanted: list[tuple[float, float, float]]) -> None:
    """Whatever is needed where: all of it, within the tank; the order visits each place once."""
    needs = [need(f"t{n}", litres, (lat, lon)) for n, (litres, lat, lon) in enumerate(wanted)]
    plan = tanker_tours(needs, DEPOT, 250)
    assert all(tour.litres <= 250 + 1e-6 for tour in plan.tours)
    assert sum(tour.litres for tour in plan.tours) == pytest.approx(sum(n.litres for n in needs), abs=0.5 * len(needs))
    places = [(lat, lon) for _, lat, lon in wanted]
    order = nearest_first(DEPOT, places)
    assert sorted(order) == list(range(len(places)))
    assert tour_km(DEPOT, [places[i] for i in order]) >= 0


def test_crossings_are_taken_out() -> None:
    """Going to the nearest first leaves a far end for last; the tour found is the best of a line."""
    places = [(49.48, 8.46 + d) for d in (0.01, -0.012, 0.03, -0.03)]
    best = 4 * 0.03 * 111.195 * 0.6496  # there and back to both ends; cos(49.48 degrees)
    assert tour_km(DEPOT, [places[i] for i in nearest_first(DEPOT, places)]) == pytest.approx(best, rel=0.01)


PIPE: dict[str, Any] = {"waters": "t", "flow_l_min": 12.0, "litres_per_pulse": 10.0, "max_run_min": 60}


def tap(state: str = "closed", events: tuple[DomainEvent, ...] = (), **more: AttributeValue) -> AssetView:
    return asset("v", "valve", {"valve_state": state}, events=events, **{**PIPE, **more})


def test_a_valve_runs_for_its_litres() -> None:
    """67.2 L at 12 L/min are 336 s and 7 pulses of 10 L; the device's encoder takes the arguments."""
    view = city(tree(nfk=40.0), tap())
    run = valve_runs(view, watering_plan(view), {"v": "milesight-uc511"})[0]
    assert (run.seconds, run.blocked) == (336, "")
    assert run.litres == pytest.approx(67.2)
    assert run.arguments == {"valve": "1", "seconds": 336, "pulses": 7}
    assert downlink("milesight-uc511", run.command, run.arguments)[0] == 85
    strega = valve_runs(view, watering_plan(view), {"v": "strega-smart-valve"})[0]
    assert strega.arguments == {"unit": "minutes", "duration": 5}
    assert downlink("strega-smart-valve", strega.command, strega.arguments)[0] == 2
    assert valve_runs(view, watering_plan(view), {})[0].command == ""


def test_a_run_never_exceeds_its_longest() -> None:
    """Two minutes of 12 L: 24 L tonight, and it says so."""
    view = city(tree(nfk=40.0), tap(max_run_min=2))
    run = valve_runs(view, watering_plan(view), {"v": "milesight-uc511"})[0]
    assert (run.seconds, run.litres) == (120, 24)
    assert "24 of 67 L" in run.reason


@pytest.mark.parametrize(
    ("valve", "more", "forecast", "blocked"),
    [
        (tap(events=(event("valve_leak", NOW, ongoing=True),)), None, None, "leak"),
        (tap(events=(event("valve_stuck", NOW, ongoing=True),)), None, None, "stuck"),
        (tap(events=(event("valve_leak", NOW),)), None, None, ""),
        (tap("open"), None, None, "open"),
        (tap(flow_l_min="?"), None, None, "no_flow_rate"),
        (tap(), asset("ws", "weather", {"air_temperature": 2.5}), None, "frost"),
        (tap(), asset("ws", "weather", {"air_temperature": 3.5}), None, ""),
        (tap(), asset("ws", "weather", {"air_temperature": -9.0}, read=NOW - DAY), None, ""),
        (tap(frost_lock_c=6), asset("ws", "weather", {"air_temperature": 5.0}), None, "frost"),
        (tap(), None, Forecast((ForecastHour(NOW + HOUR, 0, 0, 1.0),)), "frost"),
    ],
)  # fmt: skip
def test_what_speaks_against_opening_blocks_it(
    valve: AssetView, more: AssetView | None, forecast: Forecast | None, blocked: str
) -> None:
    """Faults that go on, a valve that is open, frost now and tonight; old frost and faults that are over don't."""
    view = city(tree(nfk=40.0), valve, *(() if more is None else (more,)))
    run = valve_runs(view, watering_plan(view), {"v": "milesight-uc511"}, forecast)[0]
    assert run.blocked == blocked
    assert bool(run.command) == (blocked == "")


def test_savings_against_the_fixed_plan() -> None:
    """One tree in its second year, July: two visits of 100 L planned (8 and 22 July), one of 60 L given."""
    young = Asset("t", attributes={"standing_year": 2})
    found = savings([young], {"t": [60.0]}, date(2026, 7, 1), date(2026, 7, 31), {"t": [28.0, 35.0, None]})
    assert (found.fixed_visits, found.fixed_litres, found.litres, found.visits) == (2, 200, 60, 1)
    assert found.saved_share == pytest.approx(0.7)
    assert (found.stress_days, found.fixed_stress_days) == (1, None)
    assert savings([], {}, date(2026, 1, 1), date(2026, 12, 31), {}).saved_share is None
    assert stress_days([29.9, 30.0, None]) == 1
