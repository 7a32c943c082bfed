"""When a bin will be full, with an interval: the profile's expectation walked forward from now."""

from collections.abc import Iterator
from math import erf, sqrt

from msgspec import Struct

from pipeline.domain.waste.clock import HOUR_MS, local
from pipeline.domain.waste.rate import Profile

NOMINAL = 0.8
"""The share of cases in which the bin is to be full between `low_h` and `high_h`."""
HORIZON_H = 28 * 24.0
"""Forecasts end here: this figure means so long or longer."""
_Z = 1.2816  # two-sided 80 % of a normal distribution
_RATE_DOUBT = 0.08
"""Relative doubt about the mean rate itself (weather, season), beside the spread of deposits."""


class TimeToFull(Struct, frozen=True, gc=False):
    """Hours until full: expected, and the bounds of the nominal interval. 0: full now."""

    hours: float
    low_h: float
    high_h: float


def time_to_full(model: Profile, level: float, now_ms: int, *, full: float = 100.0, noise: float = 0.0) -> TimeToFull:
    """Hours until `level` reaches `full` (both points) at the profile's rate; never later for a fuller bin.

    `noise`: standard deviation of the level itself, points. The hours ahead are those of the clock: a change to or from
    summer time on the way is not minded.
    """
    need = full - level
    if need <= 0:
        return TimeToFull(0.0, 0.0, 0.0)
    soon, late = _bounds(need, model.spread, noise)
    return TimeToFull(_reach(need, model, now_ms), _reach(soon, model, now_ms), _reach(late, model, now_ms))


def growth_within(model: Profile, now_ms: int, hours: float) -> float:
    """The growth that is expected in the coming hours, points."""
    return sum(rate * share for rate, share in _ahead(model, now_ms, hours))


def overflow_risk(model: Profile, level: float, now_ms: int, hours: float, *, full: float = 100.0) -> float:
    """The chance (0 to 1) that the bin is full within so many hours; never smaller for a fuller bin."""
    need = full - level
    if need <= 0:
        return 1.0
    mean = growth_within(model, now_ms, hours)
    if mean <= 0:
        return 0.0
    deviation = sqrt(model.spread * mean + (_RATE_DOUBT * mean) ** 2)
    return _normal((mean - need) / deviation)


def _bounds(need: float, spread: float, noise: float) -> tuple[float, float]:
    """The expected growths M at which `need` lies z deviations above and below: (need - M)^2 = z^2 Var(M)."""
    z2 = _Z * _Z
    a = 1 - z2 * _RATE_DOUBT**2
    b = 2 * need + z2 * spread
    c = need * need - z2 * noise * noise
    root = sqrt(max(b * b - 4 * a * c, 0.0))
    return max((b - root) / (2 * a), 0.0), (b + root) / (2 * a)


def _reach(goal: float, model: Profile, now_ms: int) -> float:
    """Hours until so much expected growth has come: by hours to midnight, then by weeks and days, then by hours."""
    now = local(now_ms)
    weekday, hour = now.weekday, now.hour
    total, hours = 0.0, 0.0
    share = (HOUR_MS - now_ms % HOUR_MS) / HOUR_MS
    while total < goal and hour < 24:
        grown = model.at(weekday, hour) * share
        if total + grown >= goal:
            return min(hours + (goal - total) / grown * share, HORIZON_H)
        total, hours, hour, share = total + grown, hours + share, hour + 1, 1.0
    weeks = int((goal - total) / (model.base * 168))
    total, hours = total + weeks * model.base * 168, hours + weeks * 168.0
    weekday = (weekday + 1) % 7
    while hours < HORIZON_H and total + model.base * model.weekdays[weekday] * 24 < goal:
        total, hours = total + model.base * model.weekdays[weekday] * 24, hours + 24.0
        weekday = (weekday + 1) % 7
    for rate in (model.at(weekday, hour) for hour in range(24)):
        if hours >= HORIZON_H or total + rate >= goal:
            return min(hours + max(goal - total, 0.0) / rate, HORIZON_H)
        total, hours = total + rate, hours + 1.0
    return min(hours, HORIZON_H)


def _ahead(model: Profile, now_ms: int, hours: float) -> Iterator[tuple[float, float]]:
    """(points per hour, length in hours) of the coming clock hours."""
    now = local(now_ms)
    weekday, hour = now.weekday, now.hour
    left = hours
    share = min((HOUR_MS - now_ms % HOUR_MS) / HOUR_MS, left)
    while left > 0:
        yield model.at(weekday, hour), share
        left -= share
        share = min(1.0, left)
        hour += 1
        if hour == 24:
            hour, weekday = 0, (weekday + 1) % 7


def _normal(z: float) -> float:
    return 0.5 * (1 + erf(z / sqrt(2)))
