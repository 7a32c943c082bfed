"""Where the sun stands and what it sends, by the equations of FAO Irrigation and Drainage Paper 56 (Allen et al. 1998).

Angles in radians, times as hours of the solar day, radiation in W/m2 unless a name says otherwise.
"""

import math
from functools import lru_cache

SOLAR_CONSTANT = 1367.0
"""W/m2: FAO-56's 0.0820 MJ m-2 min-1."""


@lru_cache(maxsize=400)
def declination(day: int) -> float:
    """Solar declination on a day of the year. FAO-56, equation 24."""
    return 0.409 * math.sin(2 * math.pi * day / 365 - 1.39)


@lru_cache(maxsize=400)
def equation_of_time_h(day: int) -> float:
    """Seasonal correction of the solar time, hours. FAO-56, equations 32 and 33."""
    b = 2 * math.pi * (day - 81) / 364
    return 0.1645 * math.sin(2 * b) - 0.1255 * math.cos(b) - 0.025 * math.sin(b)


def solar_hour(day: int, utc_hour: float, longitude: float) -> float:
    """Hours of the solar day, 12 at the sun's highest. FAO-56, equation 31, with longitude east in degrees."""
    return (utc_hour + longitude / 15 + equation_of_time_h(day)) % 24


def sine_of_height(day: int, hour: float, latitude: float) -> float:
    """Sine of the sun's height above the horizon, negative by night; latitude in degrees. Standard spherical formula,
    as under the integral of FAO-56, equation 28."""
    phi, delta = math.radians(latitude), declination(day)
    return math.sin(phi) * math.sin(delta) + math.cos(phi) * math.cos(delta) * math.cos((hour - 12) * math.pi / 12)


@lru_cache(maxsize=2000)
def half_day_h(day: int, latitude: float) -> float:
    """Hours from sunrise to noon. FAO-56, equations 25 and 34."""
    cosine = -math.tan(math.radians(latitude)) * math.tan(declination(day))
    return math.acos(max(-1.0, min(1.0, cosine))) * 12 / math.pi


def extraterrestrial_day_mj(day: int, latitude: float) -> float:
    """Daily radiation outside the atmosphere on a horizontal surface, MJ/m2. FAO-56, equations 21 and 23."""
    phi, delta = math.radians(latitude), declination(day)
    near = 1 + 0.033 * math.cos(2 * math.pi * day / 365)
    angle = half_day_h(day, latitude) * math.pi / 12
    sines = angle * math.sin(phi) * math.sin(delta) + math.cos(phi) * math.cos(delta) * math.sin(angle)
    return 24 * 60 / math.pi * 0.0820 * near * sines


def global_radiation(sine: float, cloud: float) -> float:
    """Global radiation at the ground for the sine of the sun's height and cloud cover, 0 to 1.

    Kasten and Czeplak, Solar Energy 24 (1980): 910 sin h - 30 under a clear sky, reduced by 0.75 N^3.4.
    """
    return max(910 * sine - 30, 0.0) * (1 - 0.75 * math.pow(cloud, 3.4))
