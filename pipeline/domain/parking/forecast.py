"""How many spaces will be free in half an hour or an hour: the zone's usual week, moved by how today differs from it.

The difference fades with the time ahead. What the forecast is worth is found by forecasting the last two days from
themselves: the zone's hourly occupancy is kept in the bays' memories.
"""

import math
from collections.abc import Sequence
from statistics import fmean

from msgspec import Struct

from pipeline.domain.parking.counts import (
    FULL,
    HOUR_MS,
    LEARNING_RATE,
    NOTHING,
    RECENT_HOURS,
    WEEK_HOURS,
    cell_of,
    local,
)
from pipeline.domain.parking.zone import Bay, Count, zone_profile

MINUTE_MS = 60_000
FADING_MIN = 360.0
"""After so long a difference from the usual has fallen to 37 %."""
LEAST_DAYS = 8
"""So many known days make a week that does not consist of one example only."""
LEAST_PAIRS = 24


class Forecast(Struct, frozen=True):
    """Free spaces of the whole zone at a time ahead."""

    minutes: int
    time_ms: int
    free: float
    """Expected number, 0 to the zone's total."""
    error: float | None
    """Mean absolute error of such forecasts over the last two days, spaces; None before it can be known."""
    naive_error: float | None
    """The same if simply the present number were forecast."""


def forecasts(bays: Sequence[Bay], count: Count, now_ms: int, minutes: Sequence[int] = (30, 60)) -> list[Forecast]:
    """Forecasts from a zone's bays and its present count. `bays` are those whose memory is to be trusted."""
    if not count.total or not bays:
        return []
    zone_name = bays[0].rules.time_zone
    usual = _filled(zone_profile(bays, max(1, len(bays) // 3)))
    old = _old_enough(bays)
    occupied = 1 - count.estimate / count.total
    error, naive = _errors(bays, usual if old else None, zone_name)
    result = []
    for ahead in minutes:
        then = now_ms + ahead * MINUTE_MS
        share = _ahead(usual, zone_name, occupied, now_ms, then)
        scale = count.total * math.sqrt(ahead / 60)
        result.append(
            Forecast(
                ahead,
                then,
                count.total * (1 - share),
                None if error is None else error * scale,
                None if naive is None else naive * scale,
            )
        )
    return result


def _ahead(usual: Sequence[float] | None, time_zone: str, occupied: float, now_ms: int, then_ms: int) -> float:
    """Occupancy then, 0 to 1; the present one where the usual week is not known."""
    if usual is None:
        return occupied
    fade = math.exp(-(then_ms - now_ms) / MINUTE_MS / FADING_MIN)
    share = _usual_at(usual, then_ms, time_zone) + fade * (occupied - _usual_at(usual, now_ms, time_zone))
    return min(max(share, 0.0), 1.0)


def _usual_at(usual: Sequence[float], time_ms: int, time_zone: str) -> float:
    """Usual occupancy at a moment: between the middles of the hours around it."""
    before = time_ms - HOUR_MS // 2
    part = before % HOUR_MS / HOUR_MS
    first, second = (usual[cell_of(local(at, time_zone))] for at in (before, before + HOUR_MS))
    return first + part * (second - first)


def _filled(profile: Sequence[float | None]) -> list[float] | None:
    """A week without holes: they take the mean of the same hour on days alike (working days, weekend), then of the
    same hour, then of the hours known; None when fewer than twelve hours are known."""
    everything = [share for share in profile if share is not None]
    if len(everything) < 12:
        return None
    return [
        _near(profile, cell, fmean(everything)) if (p := profile[cell]) is None else p for cell in range(WEEK_HOURS)
    ]


def _near(profile: Sequence[float | None], cell: int, otherwise: float) -> float:
    day, hour = divmod(cell, 24)
    same = [(d, share) for d in range(7) if (share := profile[d * 24 + hour]) is not None]
    alike = [share for d, share in same if (d >= 5) == (day >= 5)]
    found = alike or [share for _, share in same]
    return fmean(found) if found else otherwise


def _old_enough(bays: Sequence[Bay]) -> bool:
    days = [sum(n != NOTHING for n in bay.state.counts.arrivals) for bay in bays]
    return fmean(days) >= LEAST_DAYS


def _errors(bays: Sequence[Bay], usual: Sequence[float] | None, time_zone: str) -> tuple[float | None, float | None]:
    """Mean absolute error of forecasts of an hour ahead and of the naive ones, as shares of the zone."""
    end_ms, row = _recent(bays)
    errors, naive = [], []
    for i in range(1, len(row)):
        before, after = row[i - 1], row[i]
        if before is None or after is None:
            continue
        naive.append(abs(after - before))
        if usual is not None:
            middle_ms = end_ms - (len(row) - i) * HOUR_MS - HOUR_MS // 2
            cells = [cell_of(local(at, time_zone)) for at in (middle_ms, middle_ms + HOUR_MS)]
            was = [_unlearned(usual[cell], share) for cell, share in zip(cells, (before, after), strict=True)]
            expected = was[1] + math.exp(-60 / FADING_MIN) * (before - was[0])
            errors.append(abs(after - min(max(expected, 0.0), 1.0)))
    if len(naive) < LEAST_PAIRS:
        return None, None
    return fmean(errors or naive), fmean(naive)


def _unlearned(share: float, newest: float) -> float:
    """The usual occupancy as it was before the newest hour was learned."""
    return min(max((share - LEARNING_RATE * newest) / (1 - LEARNING_RATE), 0.0), 1.0)


def _recent(bays: Sequence[Bay]) -> tuple[int, list[float | None]]:
    """The zone's occupancy in the last hours and their end; None where less than half of the bays know theirs."""
    end_ms = max(bay.state.counts.hour_ms for bay in bays)
    rows = [bay.state.counts.recent for bay in bays if bay.state.counts.hour_ms == end_ms]
    means: list[float | None] = []
    for hour in range(RECENT_HOURS):
        known = [row[hour] for row in rows if row[hour] != NOTHING]
        means.append(fmean(known) / FULL if known and 2 * len(known) >= len(bays) else None)
    return end_ms, means
