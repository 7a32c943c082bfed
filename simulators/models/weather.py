"""What weather stations and rain gauges say."""

import math

from simulators.seen import Seen
from simulators.truth import Quantity

Values = dict[str, Quantity]

_SECTORS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
_BEAUFORT_MS = (0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7)
"""Wind speed from which each force begins."""


def _air(seen: Seen) -> float:
    return seen.value("air_temperature", 12.0, 0.1, -35, 50)


def _humidity(seen: Seen) -> float:
    return seen.value("relative_humidity", 70.0, 0.8, 1, 100)


def _pressure(seen: Seen) -> float:
    return seen.value("air_pressure", 1_013.0, 0.2, 600, 1_090)


def _wind(seen: Seen) -> float:
    return seen.value("wind_speed", 2.0, 0.1, 0, 40)


def _gust(seen: Seen, wind: float) -> float:
    return max(seen.value("wind_gust", wind * 1.5, 0.1, 0, 60), wind)


def _direction(seen: Seen) -> float:
    return seen.value("wind_direction", 230.0, 2, 0, 359)


def _rain_total(seen: Seen) -> float:
    return seen.value("rain_cumulative", 0.0, 0, 0, 6_000)


def _light(seen: Seen) -> float:
    sun = seen.value("illuminance", 120 * seen.value("solar_radiation", 0.0), 0, 0, 150_000)
    return round(sun)


def vapor_pressure(temperature: float, humidity: float) -> float:
    """kPa of air at degC and percent, by the Magnus formula (coefficients of Alduchov and Eskridge, 1996)."""
    return 0.61094 * math.exp(17.625 * temperature / (temperature + 243.04)) * humidity / 100


def atm41(seen: Seen) -> Values:
    """Decentlab DL-ATM41: everything, rain since the last frame."""
    air, humidity, wind = _air(seen), _humidity(seen), _wind(seen)
    direction = math.radians(_direction(seen))
    return {
        "solar_radiation": seen.value("solar_radiation", 0.0, 1, 0, 1_500),
        "rain_amount": seen.value("rain_amount", 0.0, 0, 0, 60),
        "generic:lightning_strike_count": 0.0,
        "generic:lightning_distance": 0.0,
        "wind_speed": wind,
        "wind_direction": math.degrees(direction),
        "wind_gust": _gust(seen, wind),
        "air_temperature": air,
        "vapor_pressure": vapor_pressure(air, humidity),
        "air_pressure": _pressure(seen),
        "relative_humidity": humidity,
        "device_temperature": seen.temperature,
        "tilt_angle:x": 0.5,
        "tilt_angle:y": -0.3,
        "generic:compass_heading": 0.0,
        "generic:wind_speed_north": -wind * math.cos(direction),
        "generic:wind_speed_east": -wind * math.sin(direction),
        "battery_voltage": seen.battery_voltage,
    }


def rain_gauge(seen: Seen) -> Values:
    """Decentlab DL-TBRG: tips of a bucket."""
    return {
        "rain_amount": seen.value("rain_amount", 0.0, 0, 0, 60),
        "generic:rain_interval": 600.0,
        "rain_cumulative": _rain_total(seen),
        "battery_voltage": seen.battery_voltage,
    }


def wts506(seen: Seen) -> Values:
    """Milesight WTS506."""
    values: Values = {
        "air_temperature": _air(seen),
        "relative_humidity": _humidity(seen),
        "wind_direction": _direction(seen),
        "air_pressure": _pressure(seen),
        "wind_speed": _wind(seen),
        "rain_cumulative": _rain_total(seen),
        "generic:rain_counter": 1.0,
    }
    return {"battery_level": seen.battery_level, **values} if seen.count % 12 == 0 else values


def s2120(seen: Seen) -> Values:
    """SenseCAP S2120: rain as an intensity and a total."""
    wind = _wind(seen)
    return {
        "air_temperature": _air(seen),
        "relative_humidity": round(_humidity(seen)),
        "illuminance": _light(seen),
        "uv_index": seen.value("uv_index", seen.value("solar_radiation", 0.0) / 130, 0, 0, 12),
        "wind_speed": wind,
        "wind_direction": _direction(seen),
        "rain_intensity": seen.value("rain_intensity", 0.0, 0, 0, 240),
        "air_pressure": _pressure(seen),
        "wind_gust": _gust(seen, wind),
        "rain_cumulative": _rain_total(seen),
    }


def wsc1(seen: Seen) -> Values:
    """Dragino WSC1-L with wind, light, climate and rain heads."""
    wind, direction = _wind(seen), _direction(seen)
    return {
        "wind_speed": wind,
        "generic:wind_level": float(sum(round(wind, 1) >= begin for begin in _BEAUFORT_MS)),
        "wind_direction": direction,
        "generic_text:wind_sector": _SECTORS[round(direction / 22.5) % 16],
        "illuminance": _light(seen),
        "air_temperature": _air(seen),
        "relative_humidity": _humidity(seen),
        "air_pressure": _pressure(seen),
        "rain_cumulative": _rain_total(seen),
    }
