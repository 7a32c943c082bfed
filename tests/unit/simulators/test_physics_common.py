"""What all physics shares: local time, chance, incidents, housing and battery; and how fast a city lives."""

from datetime import UTC, datetime
from math import isclose
from random import Random
from statistics import mean
from time import perf_counter

import pytest

from simulators.physics.bay import BayPlan
from simulators.physics.calendar import DAY_MS, HOUR_MS, local_hour, local_ms, midnight_ms
from simulators.physics.chances import around, arrivals, noise, poisson
from simulators.physics.events import factor_at, festival
from simulators.physics.housing import (
    ALKALINE,
    LITHIUM,
    Battery,
    Cell,
    housing_temperature,
    soil_wave,
    uplink_charge_mah,
)
from simulators.physics.incidents import Incident, Incidents, Rate
from simulators.physics.landuse import LAND_USES
from simulators.physics.parking import ParkingZone, ZonePlan
from simulators.physics.soil import SoilClimate, SoilPlace, SoilPlan
from simulators.physics.station import WeatherStation
from simulators.physics.valve import Valve, ValvePlan
from simulators.physics.vessel import LITTER, UNDERGROUND, WHEELED_1100
from simulators.physics.waste import BinPlan, WasteBin
from simulators.physics.weather import Weather
from simulators.process import Process

START = round(datetime(2025, 7, 7, tzinfo=UTC).timestamp() * 1000)


def test_local_time_knows_both_changes_of_the_clock() -> None:
    """23 hours in March, 25 in October; seven o'clock is seven o'clock on either side."""
    spring, autumn = (datetime(2025, month, day).toordinal() for month, day in ((3, 30), (10, 26)))  # noqa: DTZ001
    assert midnight_ms(spring + 1) - midnight_ms(spring) == 23 * HOUR_MS
    assert midnight_ms(autumn + 1) - midnight_ms(autumn) == 25 * HOUR_MS
    for day in (spring - 1, spring, autumn, autumn + 1):
        assert local_hour(local_ms(day, 7.5))[:3] == (day, (day - 1) % 7, 7)


def test_chance_has_the_means_it_claims() -> None:
    """Poisson counts below and above 30, medians, uniform noise; noise is a matter of seed and time alone."""
    chance = Random("chance")
    for wanted in (0.0, 0.7, 12.0, 95.0):
        assert mean(poisson(chance, wanted) for _ in range(3000)) == pytest.approx(wanted, rel=0.06)
    values = sorted(around(chance, 5, 0.5) for _ in range(3001))
    assert values[1500] == pytest.approx(5, rel=0.1)
    heights = [noise(7, START + n * 60_000) for n in range(3000)]
    assert mean(heights) == pytest.approx(0.5, abs=0.03) and min(heights) >= 0 and max(heights) < 1
    assert noise(7, START) == noise(7, START) != noise(8, START)
    times = arrivals(chance, 50, START, HOUR_MS)
    assert times == sorted(times) and all(START <= ms < START + HOUR_MS for ms in times)


def test_incidents_come_in_order_and_one_at_a_time() -> None:
    """Planned and by chance: begins and ends in order of time, at most one active of a kind, so many a year."""
    planned = (Incident("leak", START, START + 2 * DAY_MS), Incident("leak", START + DAY_MS, START + 3 * DAY_MS))
    incidents = Incidents("x", START, {"fire": Rate(50, 1, 5), "leak": Rate(0, 1, 1)}, planned)
    edges, last = [], START
    while (ms := incidents.next_ms) is not None and ms < START + 365 * DAY_MS:
        edge = incidents.pop()
        assert ms >= last
        last = ms
        if edge is not None:
            edges.append(edge)
            assert (edge.incident.kind in incidents.active) is edge.begins
    leaks = [edge.ms for edge in edges if edge.incident.kind == "leak"]
    assert leaks == [START, START + 2 * DAY_MS]
    assert 25 < sum(edge.begins for edge in edges if edge.incident.kind == "fire") < 80


def test_a_housing_is_warmer_in_the_sun_and_cooler_in_the_wind() -> None:
    """The sol-air temperature; none of it at night."""
    assert housing_temperature(25, 0, 2) == 25
    assert 35 < housing_temperature(25, 800, 2) < housing_temperature(25, 800, 0.5) < 100


def test_the_yearly_wave_is_damped_and_late() -> None:
    """The surface is hottest in July, two metres down weeks later and by a factor e less."""
    top = [soil_wave(11, 10, 0, day) for day in range(365)]
    deep = [soil_wave(11, 10, 2, day) for day in range(365)]
    assert top.index(max(top)) == 201 and 250 < deep.index(max(deep)) < 270
    assert max(deep) - 11 == pytest.approx(10 / 2.718, rel=0.01)


@pytest.mark.parametrize("cell", [LITHIUM, ALKALINE], ids=["lithium", "alkaline"])
def test_batteries_only_lose(cell: Cell) -> None:
    """Level and voltage fall with use and rest, cold takes volts, in the end the device is silent."""
    battery = Battery(cell)
    levels, volts = [], []
    while not battery.empty:
        battery.use(24 * uplink_charge_mah(1.5) * 30)
        battery.rest(24 * 30)
        levels.append(battery.level)
        volts.append(battery.voltage())
        assert battery.voltage(-15) < battery.voltage()
    assert levels == sorted(levels, reverse=True) and volts == sorted(volts, reverse=True)
    assert len(levels) > 12 and levels[-1] == 0 and isclose(volts[-1], cell.end_v, abs_tol=0.01)


def test_festivals_are_at_local_hours() -> None:
    """Four times as many people in the evening, as many as ever in the morning."""
    first = local_hour(START).day
    days = festival(first, days=2)
    assert factor_at(days, local_ms(first + 1, 20)) == 4 and factor_at(days, local_ms(first + 1, 8)) == 1


def test_all_processes_keep_the_protocol_and_a_city_lives_fast() -> None:
    """A hundredth of a city, one day, asked each hour: rows of every asset come out. The speed is printed."""
    weather = Weather(1)
    climate = SoilClimate(weather)
    uses = list(LAND_USES)
    vessels = (LITTER, WHEELED_1100, UNDERGROUND)
    bays = tuple(BayPlan(f"bay-{n}") for n in range(20))
    zones = [ParkingZone(ZonePlan(f"zone-{n}", bays), 1, START, weather) for n in range(5)]
    groups: dict[str, list[Process]] = {
        "bins": [
            WasteBin(BinPlan(f"bin-{n}", v := vessels[n % 3], uses[n % 7], v.volume_l / 4), 1, START, weather)
            for n in range(50)
        ],
        "soil": [SoilPlace(SoilPlan(f"tree-{n}"), 1, START, weather, climate) for n in range(20)],
        "valves": [Valve(ValvePlan(f"valve-{n}"), 1, START, weather) for n in range(10)],
        "bays": [bay for zone in zones for bay in zone.bays.values()],
        "zones": list(zones),
        "stations": [WeatherStation(f"station-{n}", START, weather) for n in range(6)],
    }
    for name, processes in groups.items():
        began, rows = perf_counter(), 0
        for process in processes:
            for hour in range(1, 25):
                process.advance(START + hour * HOUR_MS)
                process.measured()
                process.next_change_ms()
            rows += len(process.take_truth())
        took = (perf_counter() - began) / len(processes)
        print(f"{name}: {1000 * took:.2f} ms per asset and day, {rows} truth rows")
        assert rows > 0
