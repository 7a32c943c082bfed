"""Local time of the city (Europe/Berlin): people, crews and valves follow it, the rest of the city counts UTC ms."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ZONE = ZoneInfo("Europe/Berlin")


class LocalHour(NamedTuple):
    """One hour of the city's clock. `day` is the proleptic ordinal of the local date, `weekday` 0 for Monday."""

    day: int
    weekday: int
    hour: int
    month: int


def floor_hour(ms: int) -> int:
    """The start of the UTC hour that `ms` lies in."""
    return ms - ms % HOUR_MS


def local_hour(ms: int) -> LocalHour:
    """The local hour that `ms` lies in; the zone's offsets are whole hours, so UTC hours and local ones coincide."""
    return _local_hour(ms // HOUR_MS)


@lru_cache(maxsize=20_000)
def _local_hour(hour_index: int) -> LocalHour:
    local = datetime.fromtimestamp(hour_index * 3600, UTC).astimezone(ZONE)
    return LocalHour(local.toordinal(), local.weekday(), local.hour, local.month)


@lru_cache(maxsize=20_000)
def midnight_ms(day: int) -> int:
    """Unix ms of the local midnight that begins the day of an ordinal."""
    return round(datetime.combine(date.fromordinal(day), datetime.min.time(), ZONE).timestamp() * 1000)


@lru_cache(maxsize=100_000)
def local_ms(day: int, hour: float) -> int:
    """Unix ms of a local wall-clock time, `hour` 0 to 24; in the spring's lost hour the time after it."""
    wall = datetime.combine(date.fromordinal(day), datetime.min.time()) + timedelta(hours=hour)
    return round(wall.replace(tzinfo=ZONE).timestamp() * 1000)


def day_of_year(ms: int) -> int:
    """Day of the year (UTC), 1 to 366."""
    return datetime.fromtimestamp(ms // 1000, UTC).timetuple().tm_yday
