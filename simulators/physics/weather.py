"""The weather of the city, hour by hour: one seeded year after the other, asked by time.

Days come from a generator of the kind of Richardson (Water Resources Research 17, 1981): a Markov chain of wet and dry
days, gamma-distributed rain, temperature with a memory. Hours follow the sun. The first question about a year makes all
of it, and the same seed gives the same year in any order of asking.
"""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from random import Random

from simulators.physics.calendar import DAY_MS, HOUR_MS
from simulators.physics.climate import MONTHS, ORDINARY, SCENARIOS, Month, Scenario
from simulators.physics.evapotranspiration import penman_monteith_h, saturation_vapour_pressure
from simulators.physics.sun import global_radiation, half_day_h, sine_of_height, solar_hour

LATITUDE, LONGITUDE = 49.5, 8.5
_MEMORY_T, _MEMORY_WET = 0.75, 0.3
_HOTTEST_H = 14.5


@dataclass(frozen=True, slots=True)
class Hour:
    """The weather of one hour; instantaneous quantities hold at its start."""

    air_temperature: float
    relative_humidity: float
    vapor_pressure: float
    air_pressure: float
    wind_speed: float
    wind_gust: float
    wind_direction: float
    cloud: float
    solar_radiation: float
    rain_mm: float
    et0_mm: float


@dataclass(frozen=True, slots=True)
class _Day:
    number: int
    month: Month
    lowest: float
    highest: float
    cloud: float
    dew: float
    wind: float
    direction: float
    pressure: float
    rain: tuple[float, ...]


class Weather:
    """The weather at one place, for any time. `scenario` is a name of `climate.SCENARIOS`; others change nothing."""

    def __init__(self, seed: int, scenario: str = "", latitude: float = LATITUDE, longitude: float = LONGITUDE) -> None:
        self.seed = seed
        self.latitude = latitude
        self._longitude = longitude
        self._scenario = SCENARIOS.get(scenario, ORDINARY)
        self._hours: dict[int, list[Hour]] = {}
        self._year_of_day: dict[int, tuple[list[Hour], int]] = {}
        self._shares: dict[tuple[str, int], float] = {}

    def hour(self, ms: int) -> Hour:
        """The hour that `ms` lies in."""
        day, rest = divmod(ms, DAY_MS)
        found = self._year_of_day.get(day)
        if found is None:
            found = self._year_of_day[day] = self._find(ms)
        hours, first = found
        return hours[first + rest // HOUR_MS]

    def air_temperature(self, ms: int) -> float:
        """Air temperature in degC, between the hours by straight lines."""
        now, later = self.hour(ms).air_temperature, self.hour(ms + HOUR_MS).air_temperature
        return now + (later - now) * (ms % HOUR_MS) / HOUR_MS

    def rain_mm(self, ms: int, place: str = "") -> float:
        """Rain of the hour, mm. Showers differ by place (a district): more in summer than in winter."""
        rain = self.hour(ms).rain_mm
        return rain * self._share(place, ms // DAY_MS) if rain and place else rain

    def _share(self, place: str, day: int) -> float:
        share = self._shares.get((place, day))
        if share is None:
            spread = 0.35 - 0.2 * math.cos(2 * math.pi * (day % 365.25 - 15) / 365.25)
            share = math.exp(Random(f"shower {self.seed} {place} {day}").gauss(0, spread) - spread**2 / 2)
            self._shares[place, day] = share
        return share

    def _find(self, ms: int) -> tuple[list[Hour], int]:
        year = datetime.fromtimestamp(ms // 1000, UTC).year
        if year not in self._hours:
            self._hours[year] = self._year(year)
        first_ms = round(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000)
        return self._hours[year], (ms - first_ms) // DAY_MS * 24

    def _year(self, year: int) -> list[Hour]:
        days = _days(Random(f"weather {self.seed} {year}"), year, self._scenario, self.latitude)
        chance = Random(f"clouds {self.seed} {year}")
        hours: list[Hour] = []
        drift = 0.0
        for at, day in enumerate(days):
            before, after = days[max(at - 1, 0)], days[min(at + 1, len(days) - 1)]
            for utc_hour in range(24):
                drift = 0.8 * drift + 0.09 * chance.gauss(0, 1)
                hours.append(self._hour(before, day, after, utc_hour, drift))
        return hours

    def _hour(self, before: _Day, day: _Day, after: _Day, utc_hour: int, drift: float) -> Hour:
        solar = solar_hour(day.number, utc_hour, self._longitude)
        rain = day.rain[utc_hour]
        cloud = min(max(day.cloud + drift, 0.9 if rain else 0.0), 1.0)
        middle = sine_of_height(day.number, solar + 0.5, self.latitude)
        radiation = global_radiation(middle, cloud)
        temperature = _temperature(before, day, after, solar, 12 - half_day_h(day.number, self.latitude))
        saturated = saturation_vapour_pressure(temperature)
        vapour = min(max(saturation_vapour_pressure(day.dew), 0.88 * saturated if rain else 0.0), saturated)
        wind = day.wind * (1 + 0.35 * math.cos((solar - 14) * math.pi / 12)) * (1.2 if rain else 1.0)
        clearness = 1 - 0.75 * cloud**3.4
        return Hour(
            air_temperature=temperature,
            relative_humidity=100 * vapour / saturated,
            vapor_pressure=vapour,
            air_pressure=day.pressure + (after.pressure - day.pressure) * utc_hour / 24,
            wind_speed=wind,
            wind_gust=wind * (1.7 + 0.4 * abs(drift) * 5) + (3 if rain > 3 else 0),
            wind_direction=(day.direction + 120 * drift) % 360,
            cloud=cloud,
            solar_radiation=radiation,
            rain_mm=rain,
            et0_mm=penman_monteith_h(temperature, vapour, wind, radiation, clearness),
        )


def _temperature(before: _Day, day: _Day, after: _Day, solar: float, sunrise: float) -> float:
    """Half cosines between the lowest at sunrise and the highest in the afternoon, as de Wit et al. (Simulation of
    assimilation, respiration and transpiration of crops, 1978)."""
    if sunrise <= solar <= _HOTTEST_H:
        part = (solar - sunrise) / (_HOTTEST_H - sunrise)
        low, high = day.lowest, day.highest
        return (low + high) / 2 - (high - low) / 2 * math.cos(math.pi * part)
    night = 24 - _HOTTEST_H + sunrise
    high, low = (day.highest, after.lowest) if solar > _HOTTEST_H else (before.highest, day.lowest)
    part = ((solar - _HOTTEST_H) % 24) / night
    return (low + high) / 2 + (high - low) / 2 * math.cos(math.pi * part)


def _days(chance: Random, year: int, scenario: Scenario, latitude: float) -> list[_Day]:
    first, length = date(year, 1, 1).toordinal(), 366 if date(year, 12, 31).timetuple().tm_yday == 366 else 365
    anomaly, wet, pressure, days = chance.gauss(0, 1), chance.random() < 0.5, 0.0, []
    for number in range(1, length + 1):
        today = date.fromordinal(first + number - 1)
        bent = scenario if today.month in scenario.months else ORDINARY
        month = MONTHS[today.month - 1]
        share = month.wet_share * bent.wet
        wet = chance.random() < (share + _MEMORY_WET * (1 - share) if wet else share * (1 - _MEMORY_WET))
        anomaly = _MEMORY_T * anomaly + math.sqrt(1 - _MEMORY_T**2) * chance.gauss(0, 1)
        pressure = 0.8 * pressure + 0.6 * chance.gauss(-0.5 if wet else 0.5, 1)
        cloud = _cloud(chance, month, bent, wet)
        season = _seasonal(today) + bent.warmer + (3.6 if today.month in (12, 1, 2) else 3.0) * anomaly
        mean = season + ((1.0 if today.month in (11, 12, 1, 2) else -1.2) if wet else 0.0)
        swing = month.swing * (1.55 - 0.9 * cloud) * chance.uniform(0.85, 1.15)
        lowest = mean - 0.5 * swing
        dew = lowest - (chance.uniform(0, 1) if wet else chance.uniform(0.5, 1.0 + 0.25 * month.swing))
        rain = _rain(chance, month, bent, share) if wet else (0.0,) * 24
        wind = month.wind * math.exp(0.4 * chance.gauss(0, 1) - 0.08)
        direction = chance.gauss(200 if wet else 60 + 140 * (chance.random() < 0.5), 40) % 360
        days.append(_Day(number, month, lowest, lowest + swing, cloud, dew, wind, direction, 1016 + 8 * pressure, rain))
    return days


def _seasonal(today: date) -> float:
    """The mean temperature of the date: straight lines between the middles of the months."""
    at = today.month - 1 + (today.day - 15) / 30.4
    low = math.floor(at)
    here, there = MONTHS[low % 12].temperature, MONTHS[(low + 1) % 12].temperature
    return here + (there - here) * (at - low)


def _cloud(chance: Random, month: Month, bent: Scenario, wet: bool) -> float:
    if wet:
        return chance.betavariate(6, 2)
    mean = month.dry_cloud * bent.cloud
    return chance.betavariate(2.5 * mean, 2.5 * (1 - mean))


def _rain(chance: Random, month: Month, bent: Scenario, share: float) -> tuple[float, ...]:
    """The day's rain by hour: gamma-distributed amount, showers of the afternoon in warm months, long ones in cold."""
    mean = month.rain_mm * bent.rain / (30.4 * max(share, 0.02))
    amount = 0.1 + chance.gammavariate(0.65, max(mean - 0.1, 0.1) / 0.65)
    lasts = min(1 + int(chance.expovariate(1 / month.shower_h)), 24)
    middle = chance.gauss(15, 4) if month.temperature > 14 else chance.uniform(0, 24)
    first = min(max(int(middle - lasts / 2), 0), 24 - lasts)
    weights = [chance.expovariate(1) + 0.05 for _ in range(lasts)]
    hours = [0.0] * 24
    for at, weight in enumerate(weights):
        hours[first + at] = amount * weight / sum(weights)
    return tuple(hours)
