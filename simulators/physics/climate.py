"""The climate that weather years are drawn from: that of the upper Rhine plain about Mannheim, and scenarios of it.

Monthly figures are round numbers of the order that the Deutscher Wetterdienst publishes for Mannheim (climate normals
1991-2020): 11.4 degC and about 650 mm a year. They make weather that is like Mannheim's; they are no record of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the climate."""

    temperature: float
    """Mean, degC."""
    swing: float
    """Mean difference of the day's highest and lowest temperature, K."""
    rain_mm: float
    wet_share: float
    """Share of days with 0.1 mm of rain or more."""
    dry_cloud: float
    """Mean cloud cover of days without rain, 0 to 1."""
    wind: float
    """Mean wind, m/s at 2 m."""
    shower_h: float
    """Mean hours with rain on a wet day."""


MONTHS = tuple(
    Month(*row)
    for row in (
        (2.4, 5.2, 42, 0.50, 0.72, 2.4, 6.0),
        (3.3, 6.8, 41, 0.46, 0.66, 2.4, 5.5),
        (7.2, 8.8, 45, 0.44, 0.56, 2.4, 5.0),
        (11.4, 11.0, 41, 0.40, 0.48, 2.2, 4.0),
        (15.5, 11.3, 70, 0.44, 0.47, 2.0, 3.5),
        (19.1, 11.6, 65, 0.42, 0.45, 1.9, 3.0),
        (20.9, 12.0, 76, 0.43, 0.43, 1.9, 2.8),
        (20.4, 11.8, 60, 0.40, 0.42, 1.8, 3.0),
        (15.8, 10.6, 53, 0.40, 0.48, 1.8, 3.8),
        (10.9, 8.2, 55, 0.45, 0.60, 1.9, 5.0),
        (6.0, 5.8, 50, 0.48, 0.72, 2.1, 5.5),
        (3.1, 4.8, 54, 0.52, 0.76, 2.4, 6.0),
    )
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """How a scenario bends the climate in some months."""

    months: frozenset[int] = frozenset()
    rain: float = 1.0
    wet: float = 1.0
    warmer: float = 0.0
    cloud: float = 1.0


ORDINARY = Scenario()
SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "summer-drought": Scenario(frozenset(range(4, 10)), rain=0.4, wet=0.3, warmer=2.5, cloud=0.7),
        "winter": Scenario(frozenset((11, 12, 1, 2, 3)), rain=0.9, wet=0.9, warmer=-5.0),
    }
)
"""Scenarios that change the weather; all others (a festival, an outage) have the ordinary climate."""
