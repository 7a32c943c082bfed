"""Today's list, the month's report and the rounds: small cases by hand."""

import csv
import io
import json
from xml.etree import ElementTree

import pytest
from msgspec import structs

from pipeline.domain.plans.collection import Worth, collection_list, next_visit_ms, stops_of
from pipeline.domain.plans.collection_report import Assumptions, monthly_report
from pipeline.domain.plans.route import (
    Fleet,
    MatrixError,
    Stop,
    by_air,
    by_matrix,
    drive,
    greedy,
    parse_matrix,
)
from pipeline.domain.plans.route_output import CSV_COLUMNS, as_csv, as_geojson, as_gpx, as_page
from pipeline.domain.plans.route_solver import rounds, solver_installed
from pipeline.domain.view import AssetView, CityView
from pipeline.domain.waste.clock import HOUR_MS, local_ms
from pipeline.domain.waste.level import Track
from pipeline.domain.waste.state import Spell, WasteState, plan_of
from pipeline.domain.words import DomainEvent, Facts
from pipeline.inventory_model import Asset
from tests.waste_series import MONDAY, bin_facts

NOW = local_ms(MONDAY, 6)
FLEET = Fleet(49.48, 8.46, NOW, NOW + 8 * HOUR_MS)


def a_bin(name: str, level: float, district: str = "North", east: float = 0.0, **state: object) -> AssetView:
    """A bin with a level known now; `east` moves it by so many thousandths of a degree."""
    asset = Asset(
        name,
        f"Bin {name}",
        "waste_bin",
        None,
        district,
        49.49,
        8.46 + east / 1000,
        None,
        {"collection_days": "mon,thu", "collection_hour": 8.0, "fill_rate_prior": 0.5, "volume_l": 200},
    )
    known = structs.replace(WasteState(track=Track(level, NOW)), **state)
    return AssetView(Facts(asset), known, NOW)


def city(*bins: AssetView, now_ms: int = NOW) -> CityView:
    return CityView(now_ms, {one.id: one for one in bins})


def test_the_list_by_district_and_value_with_reasons() -> None:
    """Full bins first, half empty ones not at all; what nothing is known of is said."""
    stuck = a_bin("e", 90, stuck=Spell(NOW, 9, 0, True))
    silent = structs.replace(a_bin("f", 90), state=WasteState(track=Track(90.0, NOW - 30 * HOUR_MS)))
    unheard = structs.replace(a_bin("g", 0), state=None)
    full = a_bin("b", 99, overflow=Spell(NOW, 2, 0, True), missed=(NOW - 96 * HOUR_MS,))
    found = collection_list(city(a_bin("a", 85), full, a_bin("c", 20), a_bin("d", 85, "South"), stuck, silent, unheard))
    assert {d: [v.asset for v in visits] for d, visits in found.districts.items()} == {
        "North": ["b", "a"],
        "South": ["d"],
    }
    assert found.visits[0].reasons == ("overflowing", "missed", "risk", "full")
    assert found.visits[0].load_l == pytest.approx(198)
    assert [(u.asset, u.reason) for u in found.unknown] == [("e", "stuck"), ("f", "silent"), ("g", "never_heard")]
    assert found.bins == 7
    assert collection_list(city(a_bin("a", 85), a_bin("d", 85, "South")), district="South").visits[0].asset == "d"


def test_a_fuller_bin_is_worth_more() -> None:
    """Value rises with the level, and so does the risk."""
    visits = [collection_list(city(a_bin("a", level)), worth=Worth(least=0)).visits[0] for level in range(0, 101, 10)]
    assert [v.value for v in visits] == sorted(v.value for v in visits)
    assert [v.risk for v in visits] == sorted(v.risk for v in visits)


def test_a_far_bin_must_be_worth_the_way() -> None:
    """The way to the nearest other bin counts against it, but never hides an overflow."""
    near, far = a_bin("a", 88), a_bin("b", 88, east=60)
    all_three = city(near, a_bin("c", 88, east=1), far)
    assert [v.asset for v in collection_list(all_three).visits] == ["a", "c", "b"]
    assert [v.asset for v in collection_list(all_three, worth=Worth(km=30)).visits] == ["a", "c"]
    burst = a_bin("b", 100, east=60, overflow=Spell(NOW, 2, 0, True))
    assert "b" in {
        v.asset for v in collection_list(city(near, a_bin("c", 88, east=1), burst), worth=Worth(km=30)).visits
    }


def test_the_next_chance_is_after_today() -> None:
    """On Monday it is Thursday at eight; without days, a day ahead."""
    assert next_visit_ms(plan_of(a_bin("a", 1).facts), NOW) == local_ms(MONDAY + 3, 8)
    assert next_visit_ms(plan_of(bin_facts()), NOW) == NOW + 24 * HOUR_MS


def test_a_month_by_hand() -> None:
    """Three visits, one at 30 %; an overflow of five hours; a miss; one kilometre a stop."""
    june = local_ms(MONDAY, 0)

    def event(kind: str, hour: int, end: int | None = None, **values: float) -> DomainEvent:
        start, stop = june + hour * HOUR_MS, None if end is None else june + end * HOUR_MS
        return DomainEvent(f"{kind}:a:{start}", kind, "a", start, stop, values=dict(values))

    events = (
        event("emptied", 1, 1, before=30.0),
        event("emptied", 80, 80, before=90.0),
        event("emptied", 160, 160, before=60.0),
        event("emptied", 24 * 40, 24 * 40, before=5.0),
        event("overflow", 75, 80),
        event("missed_collection", 70, 80),
    )
    view = CityView(local_ms(MONDAY + 30, 0), {"a": structs.replace(a_bin("a", 10), events=events)})
    report = monthly_report(view, 2026, 6, Assumptions(km_a_stop=1.0, litres_per_100_km=50, kg_co2_per_litre=2.0))
    total = report.total
    assert (total.visits, total.early, total.mean_level, total.missed) == (3, 1, 60.0, 1)
    assert (total.overflows, total.overflow_hours) == (1, 5.0)
    assert (total.km, total.co2_kg, total.early_km) == (3.0, 3.0, 1.0)
    assert report.districts[0].district == "North" and report.complete
    assert not monthly_report(structs.replace(view, now_ms=june), 2026, 6).complete
    assert monthly_report(view, 2026, 12).total.visits == 0


def line(count: int, load: float = 0.0) -> list[Stop]:
    """Stops eastward from the depot, a thousandth of a degree apart."""
    return [Stop(f"s{n}", 49.48, 8.46 + n / 1000, load, value=n) for n in range(1, count + 1)]


@pytest.mark.parametrize("plan", [greedy, rounds])
def test_stops_on_a_line_are_served_in_one_sweep(plan: object) -> None:
    """Out and back along the line: the shortest round there is, whatever the order they come in."""
    assert callable(plan)
    found, turned = plan(FLEET, line(6)), plan(FLEET, line(6)[::-1])
    distance = by_air()
    far = 2 * distance("", (49.48, 8.46), "", (49.48, 8.466))
    assert found.metres == pytest.approx(far, rel=1e-3)
    assert found == turned
    assert not found.left_out and len(found.rounds) == 1


@pytest.mark.parametrize("plan", [greedy, rounds])
def test_capacity_and_hours_leave_out_what_is_worth_least(plan: object) -> None:
    """A full vehicle; a second one takes the rest; no time, no stops."""
    assert callable(plan)
    small = structs.replace(FLEET, capacity=300.0)
    assert [s.id for s in plan(small, line(5, 100.0)).left_out] == ["s2", "s1"]
    assert not plan(structs.replace(small, vehicles=2), line(5, 100.0)).left_out
    assert len(plan(structs.replace(FLEET, end_ms=FLEET.start_ms), line(2)).left_out) == 2


def test_time_windows_are_kept() -> None:
    """Waiting where it is too early, impossible where it is too late."""
    early = structs.replace(line(1)[0], from_ms=NOW + HOUR_MS)
    late = structs.replace(line(2)[1], until_ms=NOW + 1)
    found = drive(FLEET, [early], by_air())
    assert found is not None and found.legs[0].arrive_ms == NOW + HOUR_MS
    assert drive(FLEET, [late], by_air()) is None
    assert greedy(FLEET, [late]).left_out == (late,)
    assert rounds(FLEET, [early, late]).left_out == (late,)


def test_a_missing_solver_is_said() -> None:
    """The note names the solver's extra where it isn't there."""
    found = rounds(FLEET, line(3))
    assert ("loracity[routes]" in found.note) == (not solver_installed())
    assert rounds(FLEET, []).rounds == ()


def test_distances_from_a_matrix() -> None:
    """Ids in the first row and column; pairs that it lacks come from the air; bad cells are named."""
    table = parse_matrix("from,depot,s1\ndepot,0,500\ns1,700,\n")
    assert table == {("depot", "depot"): 0.0, ("depot", "s1"): 500.0, ("s1", "depot"): 700.0}
    assert greedy(FLEET, line(1), by_matrix(table, by_air())).metres == 1200
    for bad in ("x", "-1", "nan"):
        with pytest.raises(MatrixError, match="depot to s1"):
            parse_matrix(f"from,s1\ndepot,{bad}\n")


def test_outputs_hold_every_stop_once_and_escape_names() -> None:
    """GPX, GeoJSON and CSV can be read back; the page shows names, never markup of theirs."""
    stops = [structs.replace(stop, label="<b>Bin & Co</b>") for stop in line(3, 50.0)]
    plan = greedy(FLEET, stops)
    root = ElementTree.fromstring(as_gpx(plan, FLEET))
    points = root.findall(".//{http://www.topografix.com/GPX/1/1}rtept")
    assert len(points) == 5 and float(points[1].get("lon", "0")) > 8.46
    features = json.loads(as_geojson(plan, FLEET))["features"]
    assert [f["geometry"]["type"] for f in features] == ["LineString", "Point", "Point", "Point"]
    rows = list(csv.DictReader(io.StringIO(as_csv(plan))))
    assert sorted(row["id"] for row in rows) == ["s1", "s2", "s3"] and tuple(rows[0]) == CSV_COLUMNS
    assert rows[0]["arrive"].endswith("+02:00") and float(rows[-1]["load"]) == 150
    page = as_page(plan, "Monday")
    assert "<b>Bin" not in page and page.count("&lt;b&gt;") == 3
    left = greedy(structs.replace(FLEET, capacity=100.0), stops)
    assert "Left out" in as_page(left, "Monday")


def test_from_list_to_round() -> None:
    """The list's bins become stops with their litres and values."""
    chosen = collection_list(city(a_bin("a", 95), a_bin("b", 90, east=1)))
    stops = stops_of(chosen)
    assert [(s.id, s.label, s.load) for s in stops] == [("a", "Bin a", 190.0), ("b", "Bin b", 180.0)]
    assert not greedy(FLEET, stops).left_out
