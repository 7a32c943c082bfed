"""How lively kinds of places are: by hour, weekday and weather. What people leave in bins follows it.

The shapes are plausible assumptions, not measurements; what detectors may rely on is only that they differ by kind of
place, repeat by week and bend with the weather.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class LandUse:
    """`hours` has 168 weights from Monday's midnight on, mean 1.

    `warm`: growth of the logarithm for 10 K above 15 degC; `rain`: factor while it rains.
    """

    name: str
    hours: tuple[float, ...]
    warm: float
    rain: float

    def share(self, weekday: int, hour: int) -> float:
        """How lively it is against the week's mean."""
        return self.hours[24 * weekday + hour]

    def weather_factor(self, air_temperature: float, rain_mm: float) -> float:
        """How much the weather changes it; warmth counts between 0 and 32 degC."""
        factor = math.exp(self.warm * (min(max(air_temperature, 0.0), 32.0) - 15) / 10)
        return factor * (self.rain if rain_mm > 0.2 else 1.0)


def _day(*peaks: tuple[float, float, float], floor: float = 0.05) -> tuple[float, ...]:
    """24 weights of bell-shaped peaks (hour, width, weight)."""
    return tuple(
        floor + sum(w * math.exp(-(((h + 0.5 - at + 12) % 24 - 12) ** 2) / (2 * s * s)) for at, s, w in peaks)
        for h in range(24)
    )


def _week(
    workday: tuple[float, ...], saturday: tuple[float, ...], sunday: tuple[float, ...], *days: float
) -> tuple[float, ...]:
    shapes = (*(workday,) * 5, saturday, sunday)
    raw = [weight * day for shape, day in zip(shapes, days, strict=True) for weight in shape]
    mean = sum(raw) / len(raw)
    return tuple(weight / mean for weight in raw)


_NOON = _day((13, 3.5, 1.0))
_RESIDENTIAL = _day((8, 1.5, 0.6), (18.5, 2.5, 1.0))
_COMMUTE = _day((7.5, 1.3, 1.0), (17, 1.8, 1.0), (12.5, 3, 0.4))
_SHOPS = _day((12.5, 2.5, 0.9), (17, 2, 0.8))
_EVENING = _day((14, 3, 0.5), (20.5, 2.5, 1.0))
_NIGHT = _day((20, 2.5, 0.7), (0.5, 2.5, 1.0), (13, 3, 0.3))
_SCHOOL = _day((7.7, 0.8, 1.0), (12.8, 1.2, 1.2), (15.5, 1.0, 0.4), floor=0.02)

LAND_USES: Mapping[str, LandUse] = MappingProxyType(
    {
        use.name: use
        for use in (
            LandUse("residential", _week(_RESIDENTIAL, _NOON, _NOON, 1, 1, 1, 1, 1.05, 1.25, 1.0), 0.1, 0.9),
            LandUse("shopping", _week(_SHOPS, _SHOPS, _NOON, 0.9, 0.9, 0.95, 1, 1.15, 1.6, 0.35), 0.15, 0.75),
            LandUse("office", _week(_COMMUTE, _NOON, _NOON, 1, 1.05, 1.05, 1.05, 0.9, 0.2, 0.1), 0.05, 0.9),
            LandUse("station", _week(_COMMUTE, _NOON, _EVENING, 1.05, 1, 1, 1.05, 1.2, 0.8, 0.75), 0.1, 1.0),
            LandUse("park", _week(_EVENING, _EVENING, _EVENING, 0.7, 0.7, 0.8, 0.8, 1, 1.6, 1.7), 0.5, 0.3),
            LandUse("school", _week(_SCHOOL, _NOON, _NOON, 1, 1, 1, 1, 0.9, 0.08, 0.05), 0.05, 0.8),
            LandUse("nightlife", _week(_NIGHT, _NIGHT, _NIGHT, 0.5, 0.5, 0.6, 0.9, 1.4, 1.9, 1.2), 0.2, 0.8),
        )
    }
)
