"""Soil: water in is water out and storage, roots and stress, what probes say, and who waters."""

from datetime import UTC, datetime
from statistics import pstdev
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.physics.calendar import DAY_MS, HOUR_MS
from simulators.physics.incidents import Incident
from simulators.physics.soil import SoilClimate, SoilPlace, SoilPlan, foliage
from simulators.physics.soil_water import DEPTHS_CM, TEXTURES, Column, bulk_ec, permittivity
from simulators.physics.valve import Valve, ValvePlan
from simulators.physics.watering import FixedPlan, FromValve, Supply, TankerTours
from simulators.physics.weather import Weather
from simulators.truth import TruthRow

START = round(datetime(2025, 1, 1, tzinfo=UTC).timestamp() * 1000)
SUMMER = round(datetime(2025, 6, 1, tzinfo=UTC).timestamp() * 1000)
WEATHER = Weather(2, "summer-drought")
CLIMATE = SoilClimate(WEATHER)
PLAN = SoilPlan("tree-1", depths_cm=(30, 60, 90))


def place(plan: SoilPlan = PLAN, start_ms: int = SUMMER, supplies: tuple[Supply, ...] = (), seed: int = 1) -> SoilPlace:
    """A place at its start."""
    return SoilPlace(plan, seed, start_ms, WEATHER, CLIMATE, supplies)


def of_kind(rows: list[TruthRow], kind: str) -> list[TruthRow]:
    """The rows of a kind."""
    return [row for row in rows if row.kind == kind]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(TEXTURES)),
    st.lists(st.tuples(st.floats(0, 40), st.floats(0, 1), st.floats(0, 80)), min_size=1, max_size=60),
)
def test_water_in_is_water_out_and_storage(texture: str, hours: list[tuple[float, float, float]]) -> None:
    """Any rain, evaporation and watering: the balance closes, and each layer stays between dry air and saturation."""
    soil = TEXTURES[texture]
    column = Column([soil] * 3, [soil.field_capacity, soil.wilting_point, soil.saturation])
    before = column.storage_mm
    for rain, et0, poured in hours:
        column.pour(poured)
        column.step(1.0, rain, et0, 0.9, 1.0)
        for content in column.contents:
            assert 0 <= content <= soil.saturation + 1e-9
    flux = column.fluxes
    out = flux.evaporated + flux.transpired + flux.runoff + flux.drained
    assert flux.rain + flux.watered == pytest.approx(out + column.storage_mm - before, abs=1e-6)
    assert min(flux.evaporated, flux.transpired, flux.runoff, flux.drained) >= 0


def test_a_year_of_a_tree_closes_its_balance() -> None:
    """The same through the process, with tanker tours; the rows' millimetres are the column's."""
    tree = place(start_ms=START, supplies=(TankerTours(FixedPlan(2), "t", START),))
    before = tree.column.storage_mm
    tree.advance(START + 365 * DAY_MS)
    flux = tree.column.fluxes
    out = flux.evaporated + flux.transpired + flux.runoff + flux.drained
    assert flux.rain + flux.watered == pytest.approx(out + tree.column.storage_mm - before, abs=1e-6)
    rows = tree.take_truth()
    assert sum(float(row.values["mm"]) for row in of_kind(rows, "watered")) == pytest.approx(flux.watered)
    assert len(of_kind(rows, "soil")) == 365 * 24
    assert 0.3 < flux.transpired / flux.wanted < 1


@pytest.mark.parametrize("name", TEXTURES)
def test_textures_are_in_order_and_retention_meets_its_anchors(name: str) -> None:
    """Wilting point below field capacity below saturation; pF 1.8 and pF 4.2 there; drier is more negative."""
    soil = TEXTURES[name]
    assert 0 < soil.wilting_point < soil.field_capacity < soil.saturation < 60
    assert soil.potential(soil.field_capacity) == pytest.approx(-6.31, abs=0.01)
    assert soil.potential(soil.wilting_point) == pytest.approx(-1585, abs=1)
    assert soil.nfk(soil.wilting_point) == 0 and soil.nfk(soil.field_capacity) == 100
    points = [soil.potential(content / 2) for content in range(4, int(2 * soil.saturation))]
    assert points == sorted(points)


def test_probe_formulas_lie_where_they_are_published() -> None:
    """Topp: about 3 dry, 12 at 23 %, 25 at 40 %; conductivity grows with water and with that of the pores."""
    assert permittivity(0) == pytest.approx(3.03)
    assert permittivity(23) == pytest.approx(12, abs=0.5) and permittivity(40) == pytest.approx(25.2, abs=0.5)
    assert bulk_ec(10, 1000, 15) < bulk_ec(30, 1000, 15) < bulk_ec(30, 2000, 15) < 2000
    assert bulk_ec(0, 1000, 15) == 0


def test_drought_brings_stress_days_and_water_ends_them() -> None:
    """Without water the root zone dries under 30 %nFK; with plenty there is no such day."""
    dry, wet = place(), place()
    for day in range(0, 60, 3):
        wet.water(SUMMER + day * DAY_MS, 60)
    for tree in (dry, wet):
        tree.advance(SUMMER + 60 * DAY_MS)
    stress = of_kind(dry.take_truth(), "stress_day")
    assert len(stress) > 15 and all(float(row.values["nfk"]) < 30 for row in stress)
    assert all(row.end_ms is not None and row.end_ms - row.start_ms == DAY_MS for row in stress)
    rows = wet.take_truth()
    assert not of_kind(rows, "stress_day") and len(of_kind(rows, "watered")) == 20
    assert {row.values["litres"] for row in of_kind(rows, "watered")} == {60}


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(60_000, 30 * HOUR_MS), min_size=1, max_size=25))
def test_the_steps_in_which_it_lives_change_nothing(steps: list[int]) -> None:
    """One step or many: the same truth and measurement, with water from a valve and a tanker."""

    def begin() -> SoilPlace:
        valve = Valve(ValvePlan("v"), 1, SUMMER, WEATHER)
        supplies = (FromValve(valve.litres_until, 0.1), TankerTours(FixedPlan(1), "t", SUMMER))
        tree = place(supplies=supplies)
        tree.water(SUMMER + 90_000, 20)
        return tree

    whole, parts, end = begin(), begin(), SUMMER + 12 * DAY_MS
    whole.advance(end)
    rows, ms = [], SUMMER
    for step in steps:
        ms = min(ms + step, end)
        parts.advance(ms)
        parts.measured()
        rows += parts.take_truth()
    parts.advance(end)
    key = lambda row: (row.start_ms, row.kind)  # noqa: E731
    assert sorted(rows + parts.take_truth(), key=key) == sorted(whole.take_truth(), key=key)
    assert parts.measured() == whole.measured()


def test_a_bed_gets_what_its_valve_gives() -> None:
    """Litres of the valve's twin arrive in the bed."""
    valve = Valve(ValvePlan("v-2", minutes=10), 1, SUMMER, WEATHER, rates={})
    bed = place(supplies=(FromValve(valve.litres_until, 0.25),))
    bed.advance(SUMMER + 14 * DAY_MS)
    assert valve.litres > 0
    poured = sum(float(row.values["litres"]) for row in of_kind(bed.take_truth(), "watered"))
    assert poured == pytest.approx(0.25 * valve.litres)


def test_the_fixed_plan_keeps_its_rounds() -> None:
    """Years 1 to 3: 13 visits from April to September; year 4: 6 or 7; year 5: 3; year 6: none. Working days only."""
    for year, counts in ((1, {12, 13, 14}), (3, {12, 13, 14}), (4, {6, 7}), (5, {3}), (6, {0})):
        visits = TankerTours(FixedPlan(year), f"tree {year}", START).until(START + 365 * DAY_MS)
        assert len(visits) in counts
        for visit in visits:
            local = datetime.fromtimestamp(visit.ms / 1000, ZoneInfo("Europe/Berlin"))
            assert local.weekday() < 5 and 4 <= local.month <= 9 and 6 <= local.hour <= 15
            assert 90 <= visit.litres <= 110


def test_probes_say_each_depth_and_a_single_one_the_plain_names() -> None:
    """Three depths as `quantity@cm`, the first also plainly; the potential fits the content."""
    tree = place()
    tree.advance(SUMMER + 20 * DAY_MS)
    said = tree.measured()
    for depth in DEPTHS_CM:
        content = said[f"soil_moisture_vwc@{depth}"]
        assert isinstance(content, float) and 3 < content < 30
        soil = tree.column.textures[0]
        assert said[f"soil_water_potential@{depth}"] == soil.potential(content)
    assert said["soil_moisture_vwc"] == said["soil_moisture_vwc@30"] and said["soil_depth"] == 30
    single = place(SoilPlan("tree-2", depths_cm=(60,))).measured()
    assert single["soil_depth"] == 60 and not any("@" in name for name in single)


def test_a_probe_out_of_the_soil_measures_air() -> None:
    """No water, the air's temperature; the truth has begin and end."""
    span = Incident("probe_out", SUMMER + DAY_MS, SUMMER + 3 * DAY_MS)
    tree = SoilPlace(PLAN, 1, SUMMER, WEATHER, CLIMATE, planned=(span,))
    tree.advance(SUMMER + 2 * DAY_MS)
    said = tree.measured()
    assert said["soil_moisture_vwc"] == 0.3
    assert said["soil_temperature@90"] == WEATHER.air_temperature(SUMMER + 2 * DAY_MS)
    assert [row.end_ms for row in tree.finish()] == [None]
    tree.advance(SUMMER + 4 * DAY_MS)
    assert tree.measured()["soil_moisture_vwc"] != 0.3 and not tree.finish()
    assert [row.end_ms for row in of_kind(tree.take_truth(), "probe_out")] == [span.end_ms]


def test_deep_soil_is_steadier_and_later() -> None:
    """Temperature swings less with depth, over the day and over the year; it stays in the range of German soils."""
    hours = [START + h * HOUR_MS for h in range(0, 365 * 24, 5)]
    swings = []
    for depth in DEPTHS_CM:
        heat = [CLIMATE.temperature(ms, depth) for ms in hours]
        assert min(heat) > -6 and max(heat) < 33
        swings.append(pstdev(heat))
    assert swings[0] > swings[1] > swings[2] > 3


def test_leaves_come_in_april_and_go_in_november() -> None:
    """None in January, all in July; evergreens keep theirs."""
    assert foliage(START) == 0 and foliage(SUMMER + 40 * DAY_MS) == 1
    assert 0 < foliage(START + 110 * DAY_MS) < 1 and foliage(START, evergreen=True) == 1
