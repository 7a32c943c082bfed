"""Times on the wire: out as RFC 3339 in UTC with milliseconds; in as RFC 3339 with an offset, or relative to now."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)
_LOST_PLUS = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})? \d\d:\d\d", re.ASCII)
_RELATIVE = re.compile(r"-([1-9]\d{0,5})([smhdw])", re.ASCII)
_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": _DAY_MS, "w": 7 * _DAY_MS}
LAST_MS = 7_258_118_400_000
"""2200-01-01: later than any reading, earlier than the end of every store's clock."""


class TimeError(ValueError):
    """A text that is no point in time. `fix` says how to write it."""

    def __init__(self, detail: str, fix: str) -> None:
        super().__init__(detail)
        self.fix = fix


def rfc3339(time_ms: int) -> str:
    """Unix ms as `2026-03-29T01:59:59.123Z`; years 1 to 9999."""
    day, rest = divmod(time_ms, _DAY_MS)
    seconds, ms = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    return f"{_date(day)}T{minutes // 60:02}:{minutes % 60:02}:{second:02}.{ms:03}Z"


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    """The date so many days after 1970-01-01. Remembered: thousands of rows share a few days."""
    return (_EPOCH + timedelta(days=day)).date().isoformat()


def parse_time(text: str, now_ms: int) -> int:
    """Unix ms of `now`, `-24h` (units s m h d w) or an RFC 3339 time with its offset; parts of a ms are rounded up.
    TimeError, also before 1970 and after 2199."""
    if text == "now":
        return now_ms
    relative = _RELATIVE.fullmatch(text)
    time_ms = now_ms - int(relative[1]) * _UNIT_MS[relative[2]] if relative else _absolute(text)
    if not 0 <= time_ms < LAST_MS:
        raise TimeError(f"{text!r} lies outside the years 1970 to 2199", "Ask for a time within these years.")
    return time_ms


def _absolute(text: str) -> int:
    shown = text[:60]
    if _LOST_PLUS.fullmatch(text):
        raise TimeError(
            f"{shown!r} lost the plus sign of its offset: in an address a plus sign means a blank",
            "Write the plus sign as %2B, or the time in UTC with Z.",
        )
    match = _STAMP.fullmatch(text)
    if match is None:
        raise TimeError(
            f"{shown!r} is no time", "Write RFC 3339 like 2026-03-29T01:30:00Z, or relative to now like -24h, or now."
        )
    if match[2] is None:
        raise TimeError(
            f"{shown!r} names no time zone", "Add Z for UTC, or an offset like %2B01:00 (+01:00 in an address)."
        )
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise TimeError(
            f"{shown!r} is no time: {error}", "Write a time that exists, like 2026-03-29T01:30:00Z."
        ) from error
    return -((_EPOCH - moment) // timedelta(milliseconds=1))
