"""What a bay remembers of its past, in about 400 bytes: occupancy by hour of the week, days, lengths of states.

Nothing here tells a single stay: hours are shares, days are counts, lengths are classes.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct
from msgspec.structs import replace

HOUR_MS = 3_600_000
WEEK_HOURS = 168
RECENT_HOURS = 48
DAYS = 21
NOTHING = 255
"""In the byte strings: not known."""
FULL = 250
"""In the byte strings of occupancy: occupied all the time."""
LEARNING_RATE = 0.3
"""Weight of the newest week in the profile."""
LENGTH_LIMITS_MIN = (5, 10, 20, 30, 60, 90, 120, 180, 240, 360, 480, 720, 1440, 2880, 5760)
"""Upper bounds of the classes of lengths; the last class has none."""
LENGTH_CLASSES = len(LENGTH_LIMITS_MIN) + 1
MOST_LENGTHS = 400
"""When so many are counted all classes are halved, so that habits of last year fade."""
LEAST_HOURS = 18
"""A day counts when the state was known for so many hours of it."""

Lengths = tuple[int, ...]


class Counts(Struct, frozen=True, gc=False, array_like=True):
    """A bay's memory. Byte strings hold one number each, the newest last, `NOTHING` where nothing is known."""

    at_ms: int = 0
    """Accounted until here."""
    hour_ms: int = 0
    """End of the last full hour."""
    occupied_ms: int = 0
    """Of the hour that runs."""
    known_ms: int = 0
    profile: bytes = bytes([NOTHING]) * WEEK_HOURS
    """Occupancy by local hour of the week from Monday 0:00, in 1/250."""
    recent: bytes = bytes([NOTHING]) * RECENT_HOURS
    """Occupancy of the last hours up to `hour_ms`, in 1/250."""
    day: int = 0
    """The local day that runs, as proleptic ordinal."""
    known_hours: int = 0
    """Of that day."""
    arrivals_today: int = 0
    flips_today: int = 0
    """Changes that the sensor reported, also those that did not last."""
    flips_hour: int = 0
    arrivals: bytes = bytes([NOTHING]) * DAYS
    """By local day, until yesterday."""
    flips: bytes = bytes([NOTHING]) * DAYS
    stays: Lengths = (0,) * LENGTH_CLASSES
    """Stays by class of length."""
    gaps: Lengths = (0,) * LENGTH_CLASSES
    """Times in which the bay was free, by class of length."""


def account(counts: Counts, until_ms: int, occupied: bool | None) -> Counts:
    """The time until then was spent in this state; None: unknown."""
    if not counts.at_ms or occupied is None:
        return replace(counts, at_ms=until_ms)
    spent = max(until_ms - counts.at_ms, 0)
    return replace(
        counts,
        at_ms=until_ms,
        known_ms=counts.known_ms + spent,
        occupied_ms=counts.occupied_ms + (spent if occupied else 0),
    )


def close_hour(counts: Counts, end_ms: int, time_zone: str, remember: bool = True) -> Counts:
    """A full hour has passed: its share goes into the memory, and at local midnight the day's counts do; without
    `remember` all is forgotten."""
    if not remember:
        return Counts(at_ms=counts.at_ms, hour_ms=end_ms)
    known = counts.known_ms * 2 >= HOUR_MS
    share = round(FULL * min(counts.occupied_ms / counts.known_ms, 1.0)) if known else NOTHING
    profile, recent = counts.profile, _pushed(counts.recent, share, (end_ms - counts.hour_ms) // HOUR_MS)
    if known:
        profile = _learned(profile, cell_of(local(end_ms - HOUR_MS, time_zone)), share)
    closed = replace(
        counts,
        hour_ms=end_ms,
        occupied_ms=0,
        known_ms=0,
        flips_hour=0,
        known_hours=counts.known_hours + known,
        profile=profile,
        recent=recent,
    )
    return _new_day(closed, local(end_ms, time_zone).toordinal())


def add_length(lengths: Lengths, length_ms: int) -> Lengths:
    """One more state of this length."""
    if sum(lengths) >= MOST_LENGTHS:
        lengths = tuple(n // 2 for n in lengths)
    cell = bisect_right(LENGTH_LIMITS_MIN, length_ms / 60_000)
    return (*lengths[:cell], lengths[cell] + 1, *lengths[cell + 1 :])


def sum_lengths(parts: Sequence[Lengths]) -> Lengths:
    """The lengths of several bays together."""
    return tuple(map(sum, zip(*parts, strict=True))) if parts else (0,) * LENGTH_CLASSES


def length_quantile_ms(lengths: Lengths, share: float) -> int | None:
    """A length that this share of the states did not exceed (upper bound of its class; twice the last bound for the
    open class); None when fewer than 30 are counted."""
    total = sum(lengths)
    if total < 30:
        return None
    cell = next(i for i, passed in enumerate(accumulate(lengths)) if passed >= share * total)
    limit = LENGTH_LIMITS_MIN[cell] if cell < len(LENGTH_LIMITS_MIN) else 2 * LENGTH_LIMITS_MIN[-1]
    return limit * 60_000


def cell_of(time: datetime) -> int:
    """The hour of the week of a local time, 0 on Monday 0:00."""
    return time.weekday() * 24 + time.hour


def local(time_ms: int, time_zone: str) -> datetime:
    """A time as the clock on the wall shows it."""
    return datetime.fromtimestamp(time_ms / 1000, _zone(time_zone))


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    """An unknown name counts as UTC: hours of the week then are UTC's, and nothing else depends on it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _learned(profile: bytes, cell: int, share: int) -> bytes:
    before = profile[cell]
    now = share if before == NOTHING else round(before + LEARNING_RATE * (share - before))
    return profile[:cell] + bytes((now,)) + profile[cell + 1 :]


def _pushed(row: bytes, value: int, steps: int = 1) -> bytes:
    """One more number at the end; the steps that were missed before it are unknown."""
    missed = min(max(steps - 1, 0), len(row))
    return (row + bytes([NOTHING]) * missed + bytes((value,)))[-len(row) :]


def _new_day(counts: Counts, day: int) -> Counts:
    if day == counts.day:
        return counts
    if not counts.day:
        return replace(counts, day=day)
    missed = bytes([NOTHING]) * min(day - counts.day - 1, DAYS)
    good = counts.known_hours >= LEAST_HOURS
    arrivals, flips = (
        (row + bytes((min(n, NOTHING - 1) if good else NOTHING,)) + missed)[-DAYS:]
        for row, n in ((counts.arrivals, counts.arrivals_today), (counts.flips, counts.flips_today))
    )
    return replace(counts, day=day, known_hours=0, arrivals_today=0, flips_today=0, arrivals=arrivals, flips=flips)
