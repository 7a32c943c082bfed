"""Who parks: purposes with their hours, weekdays and stays, and streets as mixtures of them.

Shapes and figures are plausible assumptions, not measurements. That dearer streets are asked for less follows the price
elasticity of -0.29 that Kelly and Clinch (University College Dublin, 2005) found for on-street parking frequency.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from types import MappingProxyType

PRICE_ELASTICITY = -0.29
_REFERENCE_EUR_H = 1.0


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why somebody parks. `hours` are 24 weights with sum 1, `days` factors from Monday on with mean about 1.

    Stays are log-normal: median in hours, `spread` of the logarithm.
    """

    name: str
    hours: tuple[float, ...]
    days: tuple[float, ...]
    stay_h: float
    spread: float
    pays: bool = True


def _around(*peaks: tuple[float, float, float]) -> tuple[float, ...]:
    raw = [
        0.004 + sum(w * exp(-(((h + 0.5 - at + 12) % 24 - 12) ** 2) / (2 * s * s)) for at, s, w in peaks)
        for h in range(24)
    ]
    return tuple(weight / sum(raw) for weight in raw)


_ALL_DAYS = (1.0, 1.0, 1.0, 1.0, 1.05, 1.0, 0.95)
PURPOSES: Mapping[str, Purpose] = MappingProxyType(
    {
        purpose.name: purpose
        for purpose in (
            Purpose("resident", _around((18, 1.8, 1.0), (21.5, 1.5, 0.4)), _ALL_DAYS, 12.5, 0.35, pays=False),
            Purpose("worker", _around((8, 1.0, 1.0)), (1.3, 1.35, 1.35, 1.35, 1.2, 0.3, 0.15), 8.2, 0.2),
            Purpose("shopper", _around((11, 2, 0.9), (16.5, 2, 1.0)), (0.9, 0.9, 0.95, 1.05, 1.3, 1.7, 0.2), 0.8, 0.75),
            Purpose("visitor", _around((14, 4, 1.0)), (0.9, 0.95, 1, 1, 1.1, 1.1, 0.95), 1.8, 0.7),
            Purpose("guest", _around((19.5, 1.5, 1.0)), (0.6, 0.7, 0.8, 1, 1.4, 1.6, 0.9), 2.4, 0.45),
            Purpose("delivery", _around((10, 2.5, 1.0)), (1.3, 1.3, 1.3, 1.3, 1.3, 0.5, 0.0), 0.18, 0.5, pays=False),
            Purpose("charging", _around((9, 2, 0.6), (18, 2.5, 1.0)), _ALL_DAYS, 2.6, 0.6),
            Purpose("disabled", _around((13, 3.5, 1.0)), (1, 1, 1, 1, 1.1, 1.1, 0.8), 1.6, 0.7, pays=False),
            Purpose("short_stop", _around((12, 4, 1.0), (18, 3, 0.6)), _ALL_DAYS, 0.2, 0.8, pays=False),
        )
    }
)

STREETS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "residential": {"resident": 0.95, "visitor": 0.6, "delivery": 0.2},
        "shopping": {"shopper": 6.0, "visitor": 1.0, "guest": 0.5, "resident": 0.12, "delivery": 0.4},
        "office": {"worker": 0.85, "visitor": 0.9, "delivery": 0.2},
        "station": {"worker": 0.9, "visitor": 0.8},
        "leisure": {"guest": 1.0, "visitor": 1.4},
        "mixed": {"resident": 0.45, "shopper": 2.0, "worker": 0.15, "visitor": 0.7, "guest": 0.35, "delivery": 0.2},
        "car_park": {"worker": 0.3, "shopper": 2.2, "visitor": 0.7, "guest": 0.4},
    }
)
"""Arrivals a day for each ordinary bay, by kind of street and purpose."""

OWN_USERS: Mapping[str, tuple[str, float]] = MappingProxyType(
    {
        "disabled": ("disabled", 1.2),
        "charging": ("charging", 2.2),
        "delivery": ("delivery", 4.0),
        "fire_lane": ("short_stop", 0.3),
    }
)
"""Bays of a class: who comes to them, and how often a day each."""


def price_factor(eur_per_hour: float, purpose: Purpose) -> float:
    """How many come at a price against those at 1 EUR/h; below 0.25 EUR/h it makes no difference any more."""
    if not purpose.pays:
        return 1.0
    return float((max(eur_per_hour, 0.25) / _REFERENCE_EUR_H) ** PRICE_ELASTICITY)
