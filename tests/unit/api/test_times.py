"""Times coming in and going out."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.times import LAST_MS, TimeError, parse_time, rfc3339

NOW = 1_774_785_600_123


@given(st.integers(0, LAST_MS - 1))
def test_what_goes_out_comes_in_again(time_ms: int) -> None:
    """Every millisecond has one text, the one that datetime would write."""
    text = rfc3339(time_ms)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)
    assert text == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert parse_time(text, NOW) == time_ms


@given(st.text(max_size=40) | st.from_regex(r"-?[0-9T:.Z+ -]{1,30}"))
def test_nothing_but_a_time_error_comes_out(text: str) -> None:
    """Whatever is written: a time within the bounds, or an error with a way out."""
    assert outcome(text)


def outcome(text: str) -> bool:
    """Whether the text is read as a sensible time, or refused with a way out."""
    try:
        time_ms = parse_time(text, NOW)
    except TimeError as error:
        return bool(error.fix)
    return 0 <= time_ms < LAST_MS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("-90s", NOW - 90_000),
        ("-15m", NOW - 900_000),
        ("-24h", NOW - 86_400_000),
        ("-2d", NOW - 172_800_000),
        ("-1w", NOW - 604_800_000),
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.0001Z", 1),
        ("1970-01-01T00:00:01.999000001+00:00", 1999),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1969-12-31T19:00:00-05:00", 0),
    ],
)
def test_times_are_read(text: str, expected: int) -> None:
    """Parts of a millisecond are rounded up: ranges begin at or after what was written."""
    assert parse_time(text, NOW) == expected


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("2026-03-29T01:30:00", "Z"),
        ("2026-03-29T01:30:00 02:00", "%2B"),
        ("2026-13-29T01:30:00Z", "exists"),
        ("2026-03-29T24:30:00Z", "exists"),
        ("2026-03-29T01:30:60Z", "exists"),
        ("2026-03-29T01:30:00+99:00", "exists"),
        ("20260329T013000Z", "RFC 3339"),
        ("1774785600", "RFC 3339"),
        ("+1h", "RFC 3339"),
        ("-0h", "RFC 3339"),
        ("", "RFC 3339"),
        ("٢٠٢٦-03-29T01:30:00Z", "RFC 3339"),
        ("2200-01-01T00:00:00Z", "years"),
    ],
)
def test_what_is_no_time_is_refused_with_a_way_out(text: str, fix: str) -> None:
    """The fix says how to write what was probably meant."""
    with pytest.raises(TimeError) as caught:
        parse_time(text, NOW)
    assert fix in caught.value.fix
