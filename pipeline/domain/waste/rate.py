"""The robust fill rate of a bin by weekday and hour: sums with decay, pulled towards what similar bins do.

Rate = base x hour factor x weekday factor. Growth is the difference of tracked levels, so that noise cancels out; one
step counts for at most `GROWTH_MOST` points in either direction. The spread is the variance of a day's growth over its
expectation (points): it says how wide forecasts must be.
"""

from msgspec import Struct, structs

from pipeline.domain.waste.clock import HOUR_MS, Local, local
from pipeline.domain.waste.prior import Prior

GROWTH_MOST = 30.0
GAP_MOST_MS = 48 * HOUR_MS
"""Over longer silences nothing is learnt."""
_KEEP_BASE = 0.5 ** (1 / 21)
_KEEP_SHAPE = 0.5 ** (1 / 56)
_PRIOR_HOURS = 36.0
_PRIOR_HOUR_OF_DAY = 6.0
_PRIOR_WEEKDAY = 60.0
_SPREAD_START, _SPREAD_LEAST, _SPREAD_MOST = 5.0, 0.3, 60.0
_SPREAD_DAYS_LEAST, _SPREAD_DAYS_MOST = 5, 40


class Rates(Struct, frozen=True, array_like=True):
    """What a bin has taught: decayed sums of growth (points) and of hours watched."""

    growth: float = 0.0
    hours: float = 0.0
    hour_growth: tuple[float, ...] = (0.0,) * 24
    hour_hours: tuple[float, ...] = (0.0,) * 24
    weekday_growth: tuple[float, ...] = (0.0,) * 7
    weekday_hours: tuple[float, ...] = (0.0,) * 7
    day: int = 0
    """Local day (ordinal) of the newest lesson."""
    day_growth: float = 0.0
    day_expected: float = 0.0
    spread: float = _SPREAD_START
    days: int = 0
    """How many days the spread has seen."""


class Profile(Struct, frozen=True):
    """The rate as it is believed now: points per hour by weekday and hour."""

    base: float
    hours: tuple[float, ...]
    weekdays: tuple[float, ...]
    spread: float

    def at(self, weekday: int, hour: int) -> float:
        """Points per hour at a local weekday (Monday 0) and hour."""
        return self.base * self.weekdays[weekday] * self.hours[hour]


def profile(rates: Rates, prior: Prior) -> Profile:
    """The rate that the lessons and the prior give together."""
    watched = sum(rates.weekday_hours)
    share = sum(h * p for h, p in zip(rates.weekday_hours, prior.weekdays, strict=True)) / watched if watched else 1.0
    base = (prior.rate * _PRIOR_HOURS + rates.growth) / (_PRIOR_HOURS + rates.hours * share)
    base = max(base, prior.rate * 0.02, 0.002)
    hours = _shape(rates.hour_growth, rates.hour_hours, prior.hours, _PRIOR_HOUR_OF_DAY, base)
    weekdays = _shape(rates.weekday_growth, rates.weekday_hours, prior.weekdays, _PRIOR_WEEKDAY, base)
    return Profile(base, hours, weekdays, rates.spread)


def expected(model: Profile, from_ms: int, to_ms: int) -> float:
    """The growth that the profile expects between two times, points; of very long spans by the mean rate."""
    if to_ms - from_ms > GAP_MOST_MS:
        return model.base * (to_ms - from_ms) / HOUR_MS
    return sum(model.at(w, h) * share for _, w, h, share in _hours(from_ms, to_ms))


def learn(rates: Rates, model: Profile, from_ms: int, to_ms: int, growth: float) -> Rates:
    """The rates after a level grew by `growth` points between two times with nothing else happening."""
    span = to_ms - from_ms
    if not 0 < span <= GAP_MOST_MS:
        return rates
    growth = min(max(growth, -GROWTH_MOST), GROWTH_MOST)
    parts = [(day, w, h, share, model.at(w, h) * share) for day, w, h, share in _hours(from_ms, to_ms)]
    total = sum(part[4] for part in parts)
    rates = _turn(rates, parts[-1][0])
    hour_growth, hour_hours = list(rates.hour_growth), list(rates.hour_hours)
    weekday_growth, weekday_hours = list(rates.weekday_growth), list(rates.weekday_hours)
    for _, w, h, share, part in parts:
        grown = growth * part / total
        hour_growth[h] += grown
        hour_hours[h] += share
        weekday_growth[w] += grown
        weekday_hours[w] += share
    return structs.replace(
        rates,
        growth=rates.growth + growth,
        hours=rates.hours + span / HOUR_MS,
        hour_growth=tuple(hour_growth),
        hour_hours=tuple(hour_hours),
        weekday_growth=tuple(weekday_growth),
        weekday_hours=tuple(weekday_hours),
        day_growth=rates.day_growth + growth,
        day_expected=rates.day_expected + total,
    )


def _hours(from_ms: int, to_ms: int) -> list[tuple[int, int, int, float]]:
    """(local day, weekday, hour, length in hours) of every piece between two times that lies in one clock hour."""
    pieces: list[tuple[int, int, int, float]] = []
    at = from_ms
    while at < to_ms:
        moment: Local = local(at)
        end = min(to_ms, at - at % HOUR_MS + HOUR_MS)
        pieces.append((moment.day, moment.weekday, moment.hour, (end - at) / HOUR_MS))
        at = end
    return pieces


def _turn(rates: Rates, day: int) -> Rates:
    """A new local day: what was learnt fades, and the day that ended teaches the spread."""
    if day <= rates.day:
        return rates
    if not rates.day:
        return structs.replace(rates, day=day)
    base, shape = _KEEP_BASE ** (day - rates.day), _KEEP_SHAPE ** (day - rates.day)
    spread, days = _spread(rates)
    return structs.replace(
        rates,
        growth=rates.growth * base,
        hours=rates.hours * base,
        hour_growth=tuple(x * shape for x in rates.hour_growth),
        hour_hours=tuple(x * shape for x in rates.hour_hours),
        weekday_growth=tuple(x * shape for x in rates.weekday_growth),
        weekday_hours=tuple(x * shape for x in rates.weekday_hours),
        day=day,
        day_growth=0.0,
        day_expected=0.0,
        spread=spread,
        days=days,
    )


def _spread(rates: Rates) -> tuple[float, int]:
    if rates.day_expected < 1.0:
        return rates.spread, rates.days
    seen = min((rates.day_growth - rates.day_expected) ** 2 / rates.day_expected, _SPREAD_MOST)
    weight = 1 / min(rates.days + 1 + _SPREAD_DAYS_LEAST, _SPREAD_DAYS_MOST)
    spread = rates.spread + weight * (seen - rates.spread)
    return min(max(spread, _SPREAD_LEAST), _SPREAD_MOST), rates.days + 1


def _shape(
    growth: tuple[float, ...], hours: tuple[float, ...], prior: tuple[float, ...], weight: float, base: float
) -> tuple[float, ...]:
    """Factors with mean 1 from marginal rates, pulled towards the prior's; never quite 0."""
    raw = [max((weight * p + g / base) / (weight + h), 0.02) for g, h, p in zip(growth, hours, prior, strict=True)]
    mean = sum(raw) / len(raw)
    return tuple(factor / mean for factor in raw)
