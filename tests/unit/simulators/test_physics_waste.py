"""Waste containers: geometry, the balance of litres, tours and what they miss, and what a sensor sees of it."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.physics.calendar import DAY_MS, HOUR_MS
from simulators.physics.events import CityEvent
from simulators.physics.incidents import Incident
from simulators.physics.landuse import LAND_USES
from simulators.physics.tours import Tours
from simulators.physics.vessel import GLASS, LITTER, UNDERGROUND, WHEELED_1100, Vessel
from simulators.physics.waste import BinPlan, WasteBin
from simulators.physics.weather import Weather
from simulators.truth import TruthRow

START = round(datetime(2025, 6, 2, tzinfo=UTC).timestamp() * 1000)
WEATHER = Weather(1)
BUSY = BinPlan("bin-1", LITTER, "shopping", 45.0, Tours(frozenset((0, 2, 4)), missed_share=0.1))


def lived(plan: BinPlan = BUSY, days: float = 40, planned: tuple[Incident, ...] = (), seed: int = 1) -> WasteBin:
    """A bin after so many days."""
    container = WasteBin(plan, seed, START, WEATHER, planned=planned)
    container.advance(START + int(days * DAY_MS))
    return container


def of_kind(rows: list[TruthRow], kind: str) -> list[TruthRow]:
    """The rows of a kind."""
    return [row for row in rows if row.kind == kind]


@given(st.sampled_from((LITTER, WHEELED_1100, UNDERGROUND, GLASS)), st.floats(0, 1))
def test_volume_and_height_turn_each_other_round(vessel: Vessel, share: float) -> None:
    """A prism and a frustum alike; the table for the inventory runs from full to empty."""
    height = vessel.height_of(share * vessel.volume_l)
    assert 0 <= height <= vessel.height_mm + 1e-9
    assert vessel.volume_of(height) == pytest.approx(share * vessel.volume_l, abs=1e-6 * vessel.volume_l)
    table = vessel.table()
    assert table[0] == (vessel.full_mm, 100.0) and table[-1] == (vessel.empty_mm, 0.0)
    assert all(a[0] < b[0] and a[1] > b[1] for a, b in pairwise(table))


@pytest.mark.parametrize("use", LAND_USES)
@pytest.mark.parametrize("vessel", [LITTER, WHEELED_1100, UNDERGROUND], ids=lambda v: v.shape)
def test_litres_are_conserved(use: str, vessel: Vessel) -> None:
    """What was brought lies in the bin, settled, was taken away, burnt, or lies beside it."""
    plan = BinPlan("bin-2", vessel, use, vessel.volume_l / 4)
    fire = Incident("fire", START + 5 * DAY_MS, START + 5 * DAY_MS + HOUR_MS)
    container = lived(plan, planned=(fire,))
    balance = container.balance
    gone = balance.removed + balance.beside + balance.burnt + container.settled_l
    assert balance.begin + balance.brought == pytest.approx(gone + container.volume_l)
    assert min(balance.removed, balance.burnt, container.settled_l) > 0
    assert 0 <= container.volume_l <= vessel.volume_l + 1e-9


def test_nothing_lies_beside_without_an_overflow_row() -> None:
    """Litres beside the bin are those of the overflow rows, and a fill of 100 % of the volume has such a row."""
    container = lived(BinPlan("bin-3", LITTER, "park", 60.0))
    rows = container.take_truth()
    overflows = of_kind(rows, "overflow") + of_kind(container.finish(), "overflow")
    assert overflows
    beside = sum(float(row.values["litres_beside"]) for row in overflows)
    assert beside == pytest.approx(container.balance.beside)
    for row in of_kind(rows, "fill"):
        if float(row.values["fill_volume"]) > 99.999:
            assert any(o.start_ms <= row.start_ms and (o.end_ms or row.end_ms or 0) >= row.start_ms for o in overflows)


def test_each_emptied_row_drops_the_fill() -> None:
    """Before the lorry more than after, and the next full hour is far below what was before."""
    rows = lived().take_truth()
    fills = of_kind(rows, "fill")
    emptied = of_kind(rows, "emptied")
    assert len(emptied) >= 10
    for row in emptied:
        assert float(row.values["fill_after"]) <= min(6.0, float(row.values["fill_before"]))
        later = next((fill for fill in fills if fill.start_ms >= row.start_ms), None)
        assert later is None or float(later.values["fill_level"]) < 40


def test_planned_days_are_emptied_or_missed() -> None:
    """Each Monday, Wednesday and Friday has one of both rows; a miss ends with the next emptying."""
    rows = lived(days=120).take_truth()
    emptied, missed = of_kind(rows, "emptied"), of_kind(rows, "missed_collection")
    planned = {int(row.values["planned_ms"]) for row in emptied if row.values["planned"]}
    assert missed and not planned & {row.start_ms for row in missed}
    for ms in planned | {row.start_ms for row in missed}:
        local = datetime.fromtimestamp(ms / 1000, ZoneInfo("Europe/Berlin"))
        assert local.weekday() in (0, 2, 4) and (local.hour, local.minute) == (7, 0)
    for row in missed:
        assert row.end_ms == min(e.start_ms for e in emptied if e.start_ms > row.start_ms)
    assert len(planned) + len(missed) in (51, 52)


def test_without_tours_it_overflows_until_the_city_stops() -> None:
    """No plan, no emptying: the overflow is still open at the end; a visit that was ordered ends it."""
    plan = BinPlan("bin-4", LITTER, "shopping", 40.0, Tours(frozenset()))
    container = lived(plan, 20)
    assert not of_kind(container.take_truth(), "emptied")
    assert [row.end_ms for row in of_kind(container.finish(), "overflow")] == [None]
    container.collect(START + 20 * DAY_MS + HOUR_MS)
    container.advance(START + 21 * DAY_MS)
    rows = container.take_truth()
    assert of_kind(rows, "overflow")[0].end_ms == of_kind(rows, "emptied")[0].start_ms == START + 20 * DAY_MS + HOUR_MS
    assert of_kind(rows, "emptied")[0].values["planned"] is False


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(60_000, 20 * HOUR_MS), min_size=1, max_size=40))
def test_the_steps_in_which_it_lives_change_nothing(steps: list[int]) -> None:
    """One step or many: the same truth, the same measurement. Reading in between changes nothing either."""
    whole, parts, end = lived(days=10), WasteBin(BUSY, 1, START, WEATHER), START + 10 * DAY_MS
    rows, ms = [], START
    for step in steps:
        ms = min(ms + step, end)
        parts.advance(ms)
        parts.measured()
        parts.next_change_ms()
        rows += parts.take_truth()
    parts.advance(end)
    key = lambda row: (row.start_ms, row.kind)  # noqa: E731
    assert sorted(rows + parts.take_truth(), key=key) == sorted(whole.take_truth(), key=key)
    assert parts.measured() == whole.measured()


def test_another_seed_is_another_life() -> None:
    """Seed and asset decide."""
    assert lived(seed=1).take_truth() != lived(seed=2).take_truth()


def test_the_sensor_sees_the_surface_but_not_into_its_blind_zone() -> None:
    """Distance follows the level; a full bin is never nearer than the blind zone."""
    container = WasteBin(BinPlan("bin-5", LITTER, "shopping", 60.0), 1, START, WEATHER, rates={})
    nearest = float(LITTER.empty_mm)
    for hour in range(1, 24 * 20):
        container.advance(START + hour * HOUR_MS)
        distance = container.measured()["distance"]
        assert isinstance(distance, float) and LITTER.blind_zone_mm <= distance <= LITTER.empty_mm + 1
        expected = LITTER.empty_mm - LITTER.height_of(container.volume_l)
        assert distance == pytest.approx(max(expected, LITTER.blind_zone_mm), abs=90)
        nearest = min(nearest, distance)
    assert nearest == LITTER.blind_zone_mm


def test_a_fire_heats_the_lid_and_leaves_less_behind() -> None:
    """The alarm comes within a quarter of an hour, the temperature falls after the end, truth has both ends."""
    begin, end = START + 3 * DAY_MS, START + 3 * DAY_MS + HOUR_MS // 2
    container = WasteBin(BUSY, 1, START, WEATHER, rates={}, planned=(Incident("fire", begin, end),))
    container.advance(begin)
    assert container.measured()["fire_alarm"] is False
    alarm_ms = container.next_change_ms()
    assert alarm_ms is not None and begin < alarm_ms <= begin + 15 * 60_000
    container.advance(alarm_ms)
    assert container.measured()["fire_alarm"] is True
    before = container.volume_l
    container.advance(end)
    assert container.volume_l < 0.6 * before
    container.advance(end + 3 * HOUR_MS)
    assert container.measured()["fire_alarm"] is False
    assert [(r.start_ms, r.end_ms) for r in of_kind(container.take_truth(), "fire")] == [(begin, end)]


def test_lying_open_and_moved_bins_say_so() -> None:
    """Tilt while it lies or its lid is open; the position and the tamper switch when it is moved."""
    plan = BinPlan("bin-6", WHEELED_1100, "residential", 200, Tours(frozenset()), 49.5, 8.5)
    spans = [
        Incident(k, START + n * DAY_MS, START + (n + 1) * DAY_MS) for n, k in ((1, "knocked_over"), (2, "lid_open"))
    ]
    moved = Incident("moved", START + 4 * DAY_MS, START + 5 * DAY_MS)
    container = WasteBin(plan, 1, START, WEATHER, rates={}, planned=(*spans, moved))
    tilts, places = [], []
    for quarter in range(6 * 4):
        container.advance(START + quarter * 6 * HOUR_MS + 1)
        said = container.measured()
        tilts.append(said["tilt_alarm"])
        places.append(said["latitude"])
        assert said["tamper"] is (quarter == 16)
    assert tilts == [4 <= q < 12 for q in range(24)]
    assert [q for q, place in enumerate(places) if place != 49.5] == [16, 17, 18, 19]
    assert {row.kind for row in container.take_truth()} == {"fill", "knocked_over", "lid_open", "moved"}


def test_tipping_is_announced_and_seen() -> None:
    """A wheeled container tilts when it is emptied: `next_change_ms` says when, the measurement for how long."""
    plan = BinPlan("bin-7", WHEELED_1100, "residential", 200, Tours(frozenset(range(7)), missed_share=0))
    container = WasteBin(plan, 1, START, WEATHER, rates={})
    first = container.next_change_ms()
    assert first is not None
    container.advance(first)
    assert container.measured()["tilt_alarm"] is True
    then = container.next_change_ms()
    assert then is not None and then - first < 60_000
    container.advance(then)
    assert container.measured()["tilt_alarm"] is False
    assert of_kind(container.take_truth(), "emptied")[0].start_ms == first


def test_festivals_fill_bins_and_warm_sundays_fill_parks() -> None:
    """More people, more waste; the park is livelier on a Sunday afternoon than on a Tuesday night."""
    plan = BinPlan("bin-8", UNDERGROUND, "nightlife", 60.0, Tours(frozenset()))
    feast = (CityEvent(START, START + 10 * DAY_MS, 4.0, "festival"),)
    quiet, loud = (WasteBin(plan, 1, START, WEATHER, events) for events in ((), feast))
    for container in (quiet, loud):
        container.advance(START + 10 * DAY_MS)
    assert loud.balance.brought > 2.5 * quiet.balance.brought
    park = LAND_USES["park"]
    assert park.share(6, 17) > 5 * park.share(1, 3)
    assert park.weather_factor(28, 0) > 1.5 > 0.5 > park.weather_factor(12, 2.0)
    assert all(sum(use.hours) == pytest.approx(168) for use in LAND_USES.values())
