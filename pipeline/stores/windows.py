"""Windows of local time as plain arithmetic: the same pieces drive every store, whatever it knows of zones.

Between two clock changes the offset to UTC is constant and windows are a grid. One odd window may lie at a change.
"""

import datetime as dt
import re
from itertools import pairwise
from zoneinfo import ZoneInfo

from msgspec import Struct

from pipeline.reading import QueryError

_EVERY = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DAY_MS = _UNIT_MS["d"]
_SEARCH_STEP_MS = 7 * _DAY_MS
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MAX_DAYS = 31
MAX_PIECES = 400
"""About a century of clock changes twice a year."""


class Piece(Struct, frozen=True):
    """Part of the asked range, Unix ms, `end_ms` exclusive."""

    start_ms: int
    end_ms: int
    phase_ms: int | None
    """Windows start where `(time - phase_ms) % every == 0`; None: the piece is one window."""
    label_ms: int
    """Start of the one window; meaningless for a grid."""


def parse_every(text: str) -> int:
    """Length of a window in ms. QueryError unless it divides a day or is 1 to 31 whole days."""
    match = _EVERY.fullmatch(text)
    if match is None:
        raise QueryError(f"window {text!r}: a number with s, m, h or d")
    length = int(match[1]) * _UNIT_MS[match[2]]
    if (_DAY_MS % length and length % _DAY_MS) or length > MAX_DAYS * _DAY_MS:
        raise QueryError(f"window {text!r}: it must divide a day, or be up to {MAX_DAYS} whole days")
    return length


def pieces(start_ms: int, end_ms: int, every_ms: int, zone: ZoneInfo) -> list[Piece]:
    """The range cut at clock changes, in order of time. QueryError when there are too many."""
    low, high = start_ms - 2 * every_ms, end_ms + 2 * every_ms
    changes = _changes(low, high, zone)
    if len(changes) * 2 + 1 > MAX_PIECES:
        raise QueryError("the range is too long for windows of local time")
    found: list[Piece] = []
    cursor, offset = low, _offset_ms(low, zone)
    for at, following in changes:
        if not _same_grid(at, offset, following, every_ms):
            cursor = _cut(found, cursor, at, offset, following, every_ms)
        offset = following
    found.append(Piece(cursor, high, -offset % every_ms, 0))
    return [clipped for piece in found if (clipped := _clip(piece, start_ms, end_ms)) is not None]


def _cut(found: list[Piece], cursor: int, at: int, before: int, after: int, every: int) -> int:
    """Add the pieces up to and around the change `at`; returns where the next grid begins."""
    open_window = found.pop() if found and found[-1].phase_ms is None and found[-1].end_ms > at else None
    joined = (at - 1 + before) // every == (at + after) // every and every > abs(after - before)
    label = open_window.label_ms if open_window else at - 1 - (at - 1 + before) % every
    next_start = at + (every - (at + after) % every if joined else -(at + after) % every)
    if not joined:
        if open_window:
            found.append(Piece(open_window.start_ms, at, None, label))
        else:
            found.append(Piece(cursor, at, -before % every, 0))
        label = at
    elif not open_window:
        found.append(Piece(cursor, label, -before % every, 0))
    if next_start > label:
        found.append(Piece(label, next_start, None, label))
    return next_start


def _same_grid(at: int, before: int, after: int, every: int) -> bool:
    return every <= abs(after - before) and (after - before) % every == 0 and (at + after) % every == 0


def _clip(piece: Piece, start: int, end: int) -> Piece | None:
    low, high = max(piece.start_ms, start), min(piece.end_ms, end)
    return Piece(low, high, piece.phase_ms, piece.label_ms) if low < high else None


def _changes(low: int, high: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    """Instants in (low, high] from which another offset holds, with that offset; both in ms."""
    steps = [*range(low, high, _SEARCH_STEP_MS), high]
    found = []
    for left, right in pairwise(steps):
        target = _offset_ms(right, zone)
        if _offset_ms(left, zone) == target:
            continue
        while right - left > 1:
            middle = (left + right) // 2
            if _offset_ms(middle, zone) == target:
                right = middle
            else:
                left = middle
        found.append((right, target))
    return found


def _offset_ms(time_ms: int, zone: ZoneInfo) -> int:
    offset = (_EPOCH + dt.timedelta(milliseconds=time_ms)).astimezone(zone).utcoffset()
    if offset is None:  # pragma: no cover - a ZoneInfo always knows
        raise QueryError(f"time zone {zone.key} has no offset")
    return round(offset.total_seconds() * 1000)
