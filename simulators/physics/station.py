"""A weather station of the city: what its instruments would say without faults."""

from collections.abc import Mapping

from simulators.physics.calendar import HOUR_MS, day_of_year, floor_hour
from simulators.physics.housing import housing_temperature, uv_index
from simulators.physics.sun import sine_of_height, solar_hour
from simulators.physics.weather import LONGITUDE, Weather
from simulators.truth import Quantity, TruthRow

LUX_PER_WATT = 115.0
"""Luminous efficacy of daylight, lm/W, of the order that Perez et al. (Solar Energy 44, 1990) find for all skies."""


class WeatherStation:
    """A station of a district. Truth: hourly `weather` rows with temperature, rain and ET0 of the hour that ended."""

    def __init__(self, asset: str, start_ms: int, weather: Weather, district: str = "") -> None:
        self._asset = asset
        self._weather = weather
        self._district = district
        self._start_ms = self._now = start_ms
        self._whole_ms = floor_hour(start_ms)
        self._rain_before = -self._part(start_ms)
        self._rows: list[TruthRow] = []

    def advance(self, to_ms: int) -> None:
        """Live until `to_ms`."""
        self._now = max(to_ms, self._now)
        while self._whole_ms + HOUR_MS <= self._now:
            rain = self._weather.rain_mm(self._whole_ms, self._district)
            hour = self._weather.hour(self._whole_ms)
            self._rain_before += rain
            self._whole_ms += HOUR_MS
            values = {"air_temperature": hour.air_temperature, "rain_amount": rain, "et0_mm": hour.et0_mm}
            self._rows.append(TruthRow(self._asset, "weather", self._whole_ms - HOUR_MS, self._whole_ms, values))

    def _part(self, ms: int) -> float:
        """Rain of the current hour that has fallen already."""
        return self._weather.rain_mm(ms, self._district) * (ms % HOUR_MS) / HOUR_MS

    def measured(self) -> Mapping[str, Quantity]:
        """All quantities of the weather; `rain_cumulative` counts since the station's start."""
        now = self._now
        hour = self._weather.hour(now)
        day, temperature = day_of_year(now), self._weather.air_temperature(now)
        sine = sine_of_height(day, solar_hour(day, now / HOUR_MS % 24, LONGITUDE), self._weather.latitude)
        return {
            "air_temperature": temperature,
            "relative_humidity": hour.relative_humidity,
            "vapor_pressure": hour.vapor_pressure,
            "air_pressure": hour.air_pressure,
            "wind_speed": hour.wind_speed,
            "wind_gust": hour.wind_gust,
            "wind_direction": hour.wind_direction,
            "rain_cumulative": max(self._rain_before + self._part(now), 0.0),
            "rain_intensity": self._weather.rain_mm(now, self._district),
            "solar_radiation": hour.solar_radiation,
            "illuminance": hour.solar_radiation * LUX_PER_WATT,
            "uv_index": uv_index(hour.solar_radiation, sine),
            "device_temperature": housing_temperature(temperature, hour.solar_radiation, hour.wind_speed, 0.3),
        }

    def take_truth(self) -> list[TruthRow]:
        """Rows since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def finish(self) -> list[TruthRow]:
        """Rows of what still lasts when the city stops: none."""
        return []

    def next_change_ms(self) -> int | None:
        """Stations report by the clock only."""
        return None
