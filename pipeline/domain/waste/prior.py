"""What is thought of a bin before it has told anything: attributes, else the usual of its land use."""

from collections.abc import Iterable, Mapping
from statistics import median
from types import MappingProxyType

from msgspec import Struct

from pipeline.inventory_model import Asset, AttributeValue

_DAY = tuple([0.1] * 6 + [0.5, 0.8, 1.0, 1.1, 1.2, 1.4, 1.6, 1.6, 1.5, 1.5, 1.6, 1.7, 1.6, 1.4, 1.1, 0.8, 0.5, 0.3])
_NIGHT = (
    1.5, 1.2, 0.8, 0.4, 0.2, 0.2, 0.3, 0.4, 0.5, 0.5, 0.6, 0.8, 0.9, 0.9, 0.8, 0.8, 0.9, 1.1, 1.3, 1.5, 1.8, 2.1, 2.2,
    2.0,
)  # fmt: skip
_HOME = tuple([0.2] * 6 + [0.7, 1.1, 1.2, 1.1, 1.1, 1.2, 1.3, 1.2, 1.1, 1.1, 1.2, 1.5, 1.7, 1.7, 1.5, 1.1, 0.7, 0.4])
_EVEN = (1.0,) * 7
_WORKDAYS = (1.2, 1.2, 1.2, 1.2, 1.2, 0.6, 0.4)
_WEEKEND = (0.8, 0.8, 0.8, 0.9, 1.1, 1.4, 1.2)


class Prior(Struct, frozen=True, gc=False):
    """A fill rate in points per hour and its shape over the day and the week, each with mean 1."""

    rate: float
    hours: tuple[float, ...]
    weekdays: tuple[float, ...]


def _prior(points_a_day: float, hours: tuple[float, ...], weekdays: tuple[float, ...]) -> Prior:
    day, week = sum(hours) / 24, sum(weekdays) / 7
    return Prior(points_a_day / 24, tuple(h / day for h in hours), tuple(w / week for w in weekdays))


DEFAULT = _prior(22, _DAY, _EVEN)
BY_LAND_USE: Mapping[str, Prior] = MappingProxyType(
    {
        "centre": _prior(35, _DAY, _WEEKEND),
        "residential": _prior(18, _HOME, _EVEN),
        "mixed": _prior(24, _DAY, _EVEN),
        "school": _prior(24, _DAY, _WORKDAYS),
        "industrial": _prior(16, _DAY, _WORKDAYS),
        "park": _prior(22, _DAY, _WEEKEND),
        "nightlife": _prior(32, _NIGHT, _WEEKEND),
    }
)
"""Assumptions, not measurements: they only bridge the first days, until the bin's own samples outweigh them."""


def prior_of(asset: Asset) -> Prior:
    """The prior of a bin: attribute `fill_rate_prior` (points per hour, from similar bins) over that of `land_use`."""
    shape = BY_LAND_USE.get(str(asset.attributes.get("land_use", "")), DEFAULT)
    rate = number(asset.attributes.get("fill_rate_prior"), shape.rate)
    return Prior(max(rate, 0.01), shape.hours, shape.weekdays)


def similar_rate(rates: Iterable[float]) -> float | None:
    """The prior rate that similar bins give (points per hour): the median of theirs; None without any."""
    known = sorted(rates)
    return median(known) if known else None


def number(value: AttributeValue | None, default: float) -> float:
    """An attribute as a number; the default where it is missing or no number."""
    if value is None or isinstance(value, bool):
        return default
    try:
        return float(value)
    except ValueError:
        return default
