"""The weather: published examples of its formulas, the climate that comes out, and that a seed decides all of it."""

from datetime import UTC, datetime
from statistics import mean

import pytest

from simulators.physics.calendar import DAY_MS, HOUR_MS
from simulators.physics.evapotranspiration import hargreaves_day, penman_monteith_h
from simulators.physics.evapotranspiration import saturation_vapour_pressure as saturation
from simulators.physics.station import WeatherStation
from simulators.physics.sun import extraterrestrial_day_mj, half_day_h
from simulators.physics.weather import Weather

LATITUDE = 49.5


def at(*when: int) -> int:
    """Unix ms of a UTC date and time."""
    return round(datetime(*when, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


def days(weather: Weather, start_ms: int, count: int) -> list[list[float]]:
    """Of each day its lowest and highest temperature, rain and ET0."""
    found = []
    for day in range(count):
        hours = [weather.hour(start_ms + day * DAY_MS + h * HOUR_MS) for h in range(24)]
        heat = [hour.air_temperature for hour in hours]
        found.append([min(heat), max(heat), sum(h.rain_mm for h in hours), sum(h.et0_mm for h in hours)])
    return found


def test_penman_monteith_gives_the_papers_example_of_an_hour() -> None:
    """FAO-56, example 19 (N'Diaye): 0.63 mm from 14 to 15 h, none from 2 to 3 h."""
    afternoon = penman_monteith_h(38, 0.52 * saturation(38), 3.3, 2.450 / 0.0036, 0.922)
    night = penman_monteith_h(28, 0.90 * saturation(28), 1.9, 0.0, 0.8)
    assert afternoon == pytest.approx(0.63, abs=0.02)
    assert night == pytest.approx(0.0, abs=0.01)


def test_hargreaves_and_the_sun_give_the_papers_examples() -> None:
    """FAO-56, example 20 (Lyon in July: 5.0 mm) and example 8 (20 degrees south, 3 September: 32.2 MJ)."""
    assert hargreaves_day(14.8, 26.6, 40.6) == pytest.approx(5.0, abs=0.1)
    assert extraterrestrial_day_mj(246, -20) == pytest.approx(32.2, abs=0.2)
    assert 2 * half_day_h(246, -20) == pytest.approx(11.7, abs=0.1)


@pytest.mark.parametrize(("month", "low", "high"), [(1, 0.2, 0.8), (7, 3.3, 5.5)])
def test_et0_lies_where_it_is_published_for_this_latitude(month: int, low: float, high: float) -> None:
    """Mean ET0 of January and July at 49.5 N: grass in the Rhine plain takes 10 to 20 mm and 110 to 160 mm a month."""
    found = [day[3] for seed in range(5) for day in days(Weather(seed), at(2025, month, 1), 31)]
    assert low < mean(found) < high


def test_hargreaves_agrees_with_penman_monteith_on_the_whole() -> None:
    """Two formulas, one weather: a year's sums differ by less than a third."""
    found = days(Weather(2), at(2025, 1, 1), 365)
    simple = sum(hargreaves_day(d[0], d[1], extraterrestrial_day_mj(n, LATITUDE)) for n, d in enumerate(found, 1))
    assert simple == pytest.approx(sum(d[3] for d in found), rel=0.33)


def test_the_climate_is_that_of_the_rhine_plain() -> None:
    """Means of six years: 10 to 13 degC, 500 to 850 mm on 110 to 200 days, frost in winter and none in summer."""
    years = [days(Weather(seed), at(2025, 1, 1), 365) for seed in range(6)]
    flat = [day for year in years for day in year]
    assert 10 < mean((d[0] + d[1]) / 2 for d in flat) < 13
    assert 500 < mean(sum(d[2] for d in year) for year in years) < 850
    assert 110 < mean(sum(d[2] > 0 for d in year) for year in years) < 200
    assert any(d[0] < -3 for year in years for d in year[:60])
    assert all(d[0] > 0 for year in years for d in year[160:240])


def test_hours_are_physical() -> None:
    """No light by night, no air more than saturated, no negative rain or evaporation."""
    weather = Weather(3)
    for hour_of_year in range(0, 8760, 7):
        ms = at(2025, 1, 1) + hour_of_year * HOUR_MS
        hour = weather.hour(ms)
        assert 5 < hour.relative_humidity <= 100.0001 and 0 <= hour.cloud <= 1 and hour.wind_gust >= hour.wind_speed > 0
        assert hour.rain_mm >= 0 and hour.et0_mm >= 0 and 0 <= hour.solar_radiation < 1000
        if hour_of_year % 24 in (0, 1, 2, 23):
            assert hour.solar_radiation == 0


def test_the_seed_decides_and_the_order_of_asking_does_not() -> None:
    """The same hour of the same seed is the same, whatever was asked before; another seed has other weather."""
    first, second, other = Weather(7), Weather(7), Weather(8)
    second.hour(at(2026, 5, 1))
    second.rain_mm(at(2025, 3, 3), "south")
    hours = [at(2025, 6, 1) + h * HOUR_MS for h in range(200)]
    assert [first.hour(ms) for ms in hours] == [second.hour(ms) for ms in hours]
    assert [first.rain_mm(ms, "north") for ms in hours] == [second.rain_mm(ms, "north") for ms in hours]
    assert first.hour(hours[0]) != other.hour(hours[0])


def test_scenarios_bend_the_weather_they_are_about() -> None:
    """A summer drought is dry and hot, a winter is cold, a festival has the ordinary weather."""
    usual, dry, cold = Weather(4), Weather(4, "summer-drought"), Weather(4, "winter")
    summer, winter = at(2025, 5, 1), at(2025, 1, 1)
    assert sum(d[2] for d in days(dry, summer, 120)) < 0.7 * sum(d[2] for d in days(usual, summer, 120))
    assert mean(d[1] for d in days(dry, summer, 120)) > 1.5 + mean(d[1] for d in days(usual, summer, 120))
    assert sum(d[0] < 0 for d in days(cold, winter, 80)) > 40
    assert days(Weather(4, "festival"), summer, 3) == days(usual, summer, 3)


def test_districts_share_the_rain_but_not_each_shower() -> None:
    """Places differ on a day and hardly on the mean."""
    weather = Weather(5)
    hours = [at(2025, 4, 1) + h * HOUR_MS for h in range(150 * 24)]
    whole = sum(weather.rain_mm(ms) for ms in hours)
    north, south = (sum(weather.rain_mm(ms, place) for ms in hours) for place in ("north", "south"))
    assert north != south
    assert north == pytest.approx(whole, rel=0.4) and south == pytest.approx(whole, rel=0.4)


def test_a_station_counts_the_rain_of_its_district() -> None:
    """The counter's growth is the sum of the hours' rain; it never falls, and truth says the same."""
    weather, start = Weather(6), at(2025, 6, 3, 10, 20)
    station = WeatherStation("w-1", start, weather, "north")
    before, rows = 0.0, []
    for step in range(1, 24 * 20 * 4):
        station.advance(start + step * 900_000)
        count = station.measured()["rain_cumulative"]
        assert isinstance(count, float) and count >= before - 1e-9
        before = count
        rows += station.take_truth()
    rain = sum(float(row.values["rain_amount"]) for row in rows)
    assert rain > 0 and before == pytest.approx(rain, abs=15)
    assert rows[0].end_ms == at(2025, 6, 3, 11)
