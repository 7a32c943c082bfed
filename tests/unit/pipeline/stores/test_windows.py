"""Windows of local time: pieces around clock changes, against the local clock read minute by minute."""

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from pipeline.reading import QueryError
from pipeline.stores.windows import Piece, parse_every, pieces

HOUR = 3_600_000
DAY = 24 * HOUR


def at(text: str, zone: str = "UTC") -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def label(cut: list[Piece], time_ms: int, every: int) -> int:
    """Start of the window in which a time lies, as a store computes it."""
    (piece,) = [piece for piece in cut if piece.start_ms <= time_ms < piece.end_ms]
    return piece.label_ms if piece.phase_ms is None else time_ms - (time_ms - piece.phase_ms) % every


@pytest.mark.parametrize(
    ("text", "length"), [("1s", 1000), ("15m", 900_000), ("1h", HOUR), ("24h", DAY), ("7d", 7 * DAY)]
)
def test_lengths(text: str, length: int) -> None:
    """Units s, m, h, d."""
    assert parse_every(text) == length


@pytest.mark.parametrize(
    "text", ["", "0m", "1", "h", "-1h", "1.5h", "7h", "25h", "36h", "32d", "1w", "1h ", "1ms", "99999999d"]
)
def test_impossible_lengths(text: str) -> None:
    """What doesn't divide a day can't start at midnight."""
    with pytest.raises(QueryError):
        parse_every(text)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", "2026-03-29"),
        ("Europe/Berlin", "2026-10-25"),
        ("America/Havana", "2026-03-08"),  # at midnight
        ("America/Havana", "2026-11-01"),
        ("Australia/Lord_Howe", "2026-04-05"),  # by half an hour
        ("Australia/Lord_Howe", "2026-10-04"),
        ("Asia/Kathmandu", "2026-06-01"),  # +05:45, no change
        ("Africa/Casablanca", "2026-02-15"),  # off for Ramadan
        ("UTC", "2026-03-29"),
    ],
)
@pytest.mark.parametrize("every", ["5m", "15m", "30m", "1h", "90m", "2h", "3h", "6h", "12h", "1d", "2d", "7d"])
def test_every_minute_is_in_its_window(zone: str, day: str, every: str) -> None:
    """A window goes on while the local clock stays in a step; set back by a step or more, it starts a new one."""
    length, where = parse_every(every), ZoneInfo(zone)
    start, end = at(day, zone) - 2 * DAY - 7 * 60_000, at(day, zone) + 3 * DAY
    cut = pieces(start, end, length, where)
    assert cut[0].start_ms == start and cut[-1].end_ms == end
    assert all(left.end_ms == right.start_ms for left, right in pairwise(cut))
    expected, state = 0, (0, 0)
    offset_before = None
    changes = 0
    for minute in range((start - 2 * length) // 60_000, end // 60_000):
        offset = dt.datetime.fromtimestamp(minute * 60, where).utcoffset()
        assert offset is not None
        shift = abs((offset - offset_before).total_seconds()) * 1000 if offset_before is not None else 0
        offset_before = offset
        changes += shift > 0 and length <= shift
        step = (minute * 60_000 + int(offset.total_seconds() * 1000)) // length
        if (step, changes) != state:
            expected, state = minute * 60_000, (step, changes)
        if minute * 60_000 >= start:
            assert label(cut, minute * 60_000, length) == expected, dt.datetime.fromtimestamp(minute * 60, where)


def test_short_windows_need_no_cut() -> None:
    """Up to an hour a change by an hour leaves the grid as it is: one piece, one query."""
    year = at("2026-01-01"), at("2027-01-01")
    assert len(pieces(*year, HOUR, ZoneInfo("Europe/Berlin"))) == 1
    assert len(pieces(*year, DAY, ZoneInfo("UTC"))) == 1
    assert len(pieces(*year, DAY, ZoneInfo("Europe/Berlin"))) == 5


def test_a_window_over_two_changes() -> None:
    """31 days around Ramadan in Morocco: still one label each, none lost."""
    zone = ZoneInfo("Africa/Casablanca")
    length = 31 * DAY
    cut = pieces(at("2026-01-01"), at("2026-06-01"), length, zone)
    labels = {label(cut, time, length) for time in range(at("2026-01-01"), at("2026-06-01"), HOUR)}
    for one in labels:
        local = dt.datetime.fromtimestamp(one / 1000, zone)
        assert (local.hour, local.minute) == (0, 0)
        assert (local.date() - dt.date(1970, 1, 1)).days % 31 == 0
    assert len(labels) == 6


def test_too_long_a_range() -> None:
    """Pieces are bounded."""
    with pytest.raises(QueryError, match="too long"):
        pieces(at("1900-01-01"), at("2250-01-01"), DAY, ZoneInfo("Europe/Berlin"))
