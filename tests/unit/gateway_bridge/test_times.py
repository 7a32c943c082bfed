"""Reading times and choosing the one to believe."""

import pytest

from gateway_bridge.times import Clocks, choose_time, epoch_ms, parse_time, rfc3339

MINUTE = 60_000
NOW = 1_748_772_931_000  # 2025-06-01T10:15:31Z
WEEK_S = 7 * 86400


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-06-01T10:15:31Z", NOW),
        ("2025-06-01T10:15:31+00:00", NOW),
        ("2025-06-01T12:15:31.49+02:00", NOW + 490),
        ("2025-06-01T10:15:31.123456789Z", NOW + 123),
        ("2025-06-01T10:15:31.999999999+00:00", NOW + 999),
        ("2025-06-01T10:15:31", NOW),
        ("2025-06-01T10:15:31.933932", NOW + 933),
        ("0001-01-01T00:00:00Z", None),
        ("1999-12-31T23:59:59Z", None),
        ("2020-0327T12:39:05.547336Z", None),
        ("2020-02-12T15:15...", None),
        ("2025-06-01", None),
        ("2025-06-01T10:15:60Z", None),
        ("2025-02-30T10:15:31Z", None),
        ("9999-12-31T23:59:59.999999999-23:59", None),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_799_999),
        ("0001-01-01T00:00:00+23:59", None),
        ("", None),
        (None, None),
        (1748772931, None),
    ],
)
def test_parse_time(text: object, expected: int | None) -> None:
    """RFC 3339 with any fraction and offset; without a zone it is UTC; malformed and before 2000 are absent."""
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    ("value", "per_second", "expected"),
    [
        (1748772931, 1, NOW),
        (1748772931.25, 1, NOW + 250),
        (NOW, 1000, NOW),
        (0, 1, None),
        (1e300, 1, None),
        (1e308, 1, None),
        (-1e308, 1000, None),
        (None, 1, None),
    ],
)
def test_epoch_ms(value: float | None, per_second: int, expected: int | None) -> None:
    """Seconds and milliseconds since 1970; implausible figures are absent."""
    assert epoch_ms(value, per_second) == expected


def test_two_minutes_ahead_is_the_limit() -> None:
    """(a) A time up to 2 minutes ahead of ours is believed, not a moment more."""
    clocks = Clocks(NOW, WEEK_S)
    assert choose_time([(NOW + 2 * MINUTE, "server")], clocks) == (NOW + 2 * MINUTE, "server", False)
    assert choose_time([(NOW + 2 * MINUTE + 1, "server")], clocks) == (NOW, "bridge", True)


def test_the_age_limit_is_the_connections_own() -> None:
    """(b) A time as old as the limit is believed, not a moment older."""
    clocks = Clocks(NOW, 3600)
    assert choose_time([(NOW - 60 * MINUTE, "server")], clocks) == (NOW - 60 * MINUTE, "server", False)
    assert choose_time([(NOW - 60 * MINUTE - 1, "server")], clocks) == (NOW, "bridge", True)


def test_ten_minutes_from_the_servers_clock_is_the_limit() -> None:
    """(c) A gateway's time more than 10 minutes from the server's gives way to the next candidate; that is said."""
    clocks = Clocks(NOW, WEEK_S, NOW - 1000)
    near, far = NOW - 1000 - 10 * MINUTE, NOW - 1001 - 10 * MINUTE
    assert choose_time([(near, "gateway"), (NOW - 1000, "server")], clocks) == (near, "gateway", False)
    assert choose_time([(far, "gateway"), (NOW - 1000, "server")], clocks) == (NOW - 1000, "server", True)


def test_buffered_frames_may_be_far_from_the_servers_clock() -> None:
    """(c) doesn't hold for frames that a gateway is known to have kept."""
    clocks = Clocks(NOW, WEEK_S, NOW - 1000, buffered=True)
    assert choose_time([(NOW - 600 * MINUTE, "gateway")], clocks) == (NOW - 600 * MINUTE, "gateway", False)


def test_a_lonely_gateway_clock_is_kept_and_flagged() -> None:
    """Without a server's clock a gateway's more than 15 minutes from ours is used but suspect."""
    clocks = Clocks(NOW, WEEK_S)
    assert choose_time([(NOW - 15 * MINUTE, "gateway")], clocks) == (NOW - 15 * MINUTE, "gateway", False)
    assert choose_time([(NOW - 15 * MINUTE - 1, "gateway")], clocks) == (NOW - 15 * MINUTE - 1, "gateway", True)


def test_old_messages_keep_their_time() -> None:
    """Retained and backfilled messages are expected to be old: their time is believed at any age, never ahead."""
    clocks = Clocks(NOW, 60, old=True)
    assert choose_time([(NOW - 900_000 * MINUTE, "gateway")], clocks) == (NOW - 900_000 * MINUTE, "gateway", False)
    assert choose_time([(NOW + 3 * MINUTE, "gateway")], clocks) == (NOW, "bridge", True)


def test_absent_candidates_are_no_suspects() -> None:
    """With no candidate at all the bridge's clock is as good as any."""
    assert choose_time([(None, "server"), (None, "gateway")], Clocks(NOW, WEEK_S)) == (NOW, "bridge", False)


def test_rfc3339() -> None:
    """Times are written in UTC with milliseconds."""
    assert rfc3339(NOW + 7) == "2025-06-01T10:15:31.007Z"
