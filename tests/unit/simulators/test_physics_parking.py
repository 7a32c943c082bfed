"""Parking: cars are conserved, bays and zone agree, sensors err as told, streets differ as they should."""

from datetime import UTC, datetime
from itertools import pairwise
from statistics import mean

import pytest

from simulators.physics.bay import Bay, BayPlan
from simulators.physics.bay_sensor import FAULTLESS, MAGNETIC_ONLY, RADAR, SensorErrors
from simulators.physics.calendar import DAY_MS, HOUR_MS, local_hour
from simulators.physics.events import CityEvent
from simulators.physics.incidents import Incident
from simulators.physics.parking import ParkingZone, ZonePlan
from simulators.physics.weather import Weather
from simulators.truth import TruthRow

START = round(datetime(2025, 7, 7, tzinfo=UTC).timestamp() * 1000)
END = START + 7 * DAY_MS
WEATHER = Weather(1)


def zone_of(
    street: str = "mixed",
    count: int = 20,
    errors: SensorErrors = RADAR,
    classes: dict[int, str] | None = None,
    **more: float,
) -> ParkingZone:
    """A zone of bays `b-0`, `b-1` ... with some classes."""
    bays = tuple(BayPlan(f"b-{n}", (classes or {}).get(n, "normal"), errors) for n in range(count))
    return ParkingZone(ZonePlan("z", bays, street, **more), 1, START, WEATHER)


def rows_of(zone: ParkingZone, to_ms: int = END) -> tuple[list[TruthRow], list[TruthRow]]:
    """The zone's hourly rows and all rows of its bays, with those that last."""
    zone.advance(to_ms)
    bays: list[TruthRow] = []
    for bay in zone.bays.values():
        bay.advance(to_ms)
        bays += bay.take_truth() + bay.finish()
    return zone.take_truth(), bays


def occupancy(zone: ParkingZone, *hours: int) -> float:
    """Mean share of occupied bays at these local hours of the week's working days."""
    rows = [row for row in rows_of(zone)[0] if local_hour(row.start_ms).weekday < 5]
    chosen = [row for row in rows if local_hour(row.start_ms).hour in hours]
    return mean(float(row.values["occupied"]) / float(row.values["capacity"]) for row in chosen)


def test_occupancy_is_arrivals_minus_departures() -> None:
    """From hour to hour, and never above the capacity."""
    hourly, _ = rows_of(zone_of("shopping"))
    assert [row.start_ms for row in hourly] == [START + h * HOUR_MS for h in range(7 * 24 + 1)]
    for before, now in pairwise(hourly):
        change = float(now.values["arrivals"]) - float(now.values["departures"])
        assert float(now.values["occupied"]) == float(before.values["occupied"]) + change
        assert 0 <= float(now.values["occupied"]) <= float(now.values["capacity"]) == 20
        assert float(now.values["free"]) == 20 - float(now.values["occupied"])


def test_the_bays_intervals_add_up_to_the_zones_counts() -> None:
    """At each full hour as many intervals of bays are open as the zone counts; those of one bay never overlap."""
    hourly, bays = rows_of(zone_of("mixed"))
    stays = [row for row in bays if row.kind == "occupied"]
    for row in hourly:
        there = [s for s in stays if s.start_ms < row.start_ms and (s.end_ms is None or s.end_ms >= row.start_ms)]
        assert len(there) == row.values["occupied"]
    for name in {row.asset for row in stays}:
        own = sorted((row for row in stays if row.asset == name), key=lambda row: row.start_ms)
        assert all(a.end_ms is not None and a.end_ms <= b.start_ms for a, b in pairwise(own))


def test_bays_may_be_asked_in_any_order_and_steps() -> None:
    """A bay says the same when its neighbours live far ahead, and whatever the steps."""

    def story(bay: Bay, steps: int) -> list[object]:
        said: list[object] = []
        for step in range(1, steps + 1):
            bay.advance(START + step * (2 * DAY_MS // steps))
            if step % (steps // 16) == 0:
                said.append(bay.measured())
        return [*said, bay.take_truth(), bay.finish()]

    first, second = zone_of(), zone_of()
    second.advance(START + 5 * DAY_MS)
    names = list(first.bays)
    expected = {name: story(first.bays[name], 64) for name in names}
    for name in reversed(names):
        second.bays[name].next_change_ms()
        assert story(second.bays[name], 16) == expected[name]


def test_next_change_is_when_the_sensor_says_something_new() -> None:
    """Between two announced changes the sensor says the same; at each of them it says the other."""
    bay = zone_of("shopping").bays["b-3"]
    said, changes = bay.measured()["occupied"], 0
    while (ms := bay.next_change_ms()) is not None and ms < END:
        bay.advance(ms - 1)
        assert bay.measured()["occupied"] is said
        bay.advance(ms)
        assert bay.measured()["occupied"] is not said
        said, changes = not said, changes + 1
    assert changes > 20


@pytest.mark.parametrize(
    ("errors", "low", "high"), [(FAULTLESS, 0, 0.004), (RADAR, 0.0005, 0.02), (MAGNETIC_ONLY, 0.01, 0.12)]
)
def test_sensors_are_wrong_as_often_as_they_should(errors: SensorErrors, low: float, high: float) -> None:
    """Share of the time in which the state is wrong: the delay alone, a little, much."""
    zone, wrong, count = zone_of("mixed", 30, errors), 0, 0
    for quarter in range(5 * 96):
        for bay in zone.bays.values():
            bay.advance(START + quarter * 900_000 + 450_000)
            wrong += bay.measured()["occupied"] is not bay.occupied
            count += 1
    assert low <= wrong / count <= high


def test_a_new_sensor_learns_and_the_truth_says_until_when() -> None:
    """Ten changes of learning, then the row; one that never changed is still learning."""
    zone = zone_of("shopping", 10, SensorErrors(learning_changes=60))
    _, rows = rows_of(zone)
    learning = [row for row in rows if row.kind == "learning"]
    assert len(learning) == 10
    ended = [row.end_ms for row in learning if row.end_ms is not None]
    assert ended and all(START <= end <= END for end in ended)


def test_streets_live_by_their_own_hours() -> None:
    """Homes are full at night, offices and shops by day."""
    assert occupancy(zone_of("residential"), 1, 2, 3) > occupancy(zone_of("residential"), 12, 13) + 0.25
    assert occupancy(zone_of("office"), 11, 12) > occupancy(zone_of("office"), 1, 2) + 0.4
    assert occupancy(zone_of("shopping"), 16, 17) > occupancy(zone_of("shopping"), 3, 4) + 0.2


def test_price_capacity_and_festivals_matter() -> None:
    """Dearer means fewer, ten times the demand means a full street that turns drivers away, a festival fills it."""
    cheap, dear = (rows_of(zone_of("shopping", 40, eur_per_hour=eur))[0] for eur in (0.5, 5.0))
    assert arrivals_of(dear) < 0.8 * arrivals_of(cheap)
    crowded, _ = rows_of(zone_of("shopping", 8, demand=10))
    assert sum(float(row.values["turned_away"]) for row in crowded) > arrivals_of(crowded)
    assert max(float(row.values["occupied"]) for row in crowded) == 8
    plan, feast = zone_of("leisure").plan, (CityEvent(START, END, 4.0, "festival"),)
    busy, _ = rows_of(ParkingZone(plan, 1, START, WEATHER, events=feast))
    assert arrivals_of(busy) > 1.3 * arrivals_of(rows_of(zone_of("leisure"))[0])


def arrivals_of(rows: list[TruthRow]) -> float:
    """Cars that came in all."""
    return sum(float(row.values["arrivals"]) for row in rows)


def test_bays_of_a_class_are_for_their_own() -> None:
    """Disabled, charging and delivery bays get their own drivers; fire lanes short stops, and hardly anybody else."""
    classes = {0: "disabled", 1: "charging", 2: "delivery", 3: "fire_lane"}
    _, rows = rows_of(zone_of("mixed", 16, classes=classes))
    purposes = {
        cls: {row.values["purpose"] for row in rows if row.kind == "occupied" and row.values["bay_class"] == cls}
        for cls in (*classes.values(), "normal")
    }
    assert "disabled" in purposes["disabled"] and "charging" in purposes["charging"]
    assert "delivery" in purposes["delivery"] and "shopper" in purposes["normal"]
    assert not purposes["normal"] & {"disabled", "charging", "short_stop"}


def test_overstays_begin_when_the_permitted_time_ends() -> None:
    """Each overstay lies at the end of a stay; few paying drivers do it."""
    _, rows = rows_of(zone_of("shopping", 30, max_stay_h=1.0))
    stays = {(row.asset, row.start_ms): row for row in rows if row.kind == "occupied"}
    over = [row for row in rows if row.kind == "overstay"]
    assert 0 < len(over) < 0.3 * len(stays)
    for row in over:
        assert stays[row.asset, row.start_ms - HOUR_MS].end_ms == row.end_ms


def test_a_blocked_bay_holds_no_car() -> None:
    """From begin to end nobody parks there, the zone counts it, the sensor can't tell."""
    begin, end = START + DAY_MS, START + 3 * DAY_MS
    planned = {"b-2": (Incident("bay_blocked", begin, end),)}
    zone = ParkingZone(zone_of("shopping", 6).plan, 1, START, WEATHER, planned=planned)
    zone.bays["b-2"].advance(begin + HOUR_MS)
    assert zone.bays["b-2"].measured()["occupancy_state"] == "unknown" and not zone.bays["b-2"].occupied
    hourly, rows = rows_of(zone)
    assert [(r.start_ms, r.end_ms) for r in rows if r.kind == "bay_blocked"] == [(begin, end)]
    own = [row for row in rows if row.asset == "b-2" and row.kind == "occupied"]
    assert own and all(row.start_ms >= end or (row.end_ms or END) <= begin for row in own)
    assert {row.values["blocked"] for row in hourly if begin < row.start_ms < end} == {1.0}


def test_the_city_begins_with_cars_in_it() -> None:
    """Before anything is advanced the night's cars stand there, and the sensors know it."""
    zone = zone_of("residential", 30)
    assert sum(bay.occupied for bay in zone.bays.values()) > 10
    agree = sum(bay.occupied is bay.measured()["occupied"] for bay in zone.bays.values())
    assert agree >= 28 and not any(bay.take_truth() for bay in zone.bays.values())


def test_the_seed_decides() -> None:
    """The same seed the same week; another seed another."""
    plan = zone_of().plan
    first, again, other = (rows_of(ParkingZone(plan, seed, START, WEATHER)) for seed in (3, 3, 4))
    assert first == again != other


def test_stays_are_drawn_from_the_purposes() -> None:
    """Shoppers stay about an hour, residents overnight."""
    _, rows = rows_of(zone_of("mixed", 40))
    stays: dict[object, list[float]] = {}
    for row in rows:
        if row.kind == "occupied" and row.end_ms is not None:
            stays.setdefault(row.values["purpose"], []).append((row.end_ms - row.start_ms) / HOUR_MS)
    assert 0.5 < mean(stays["shopper"]) < 1.8 and 9 < mean(stays["resident"]) < 17
