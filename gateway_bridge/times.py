"""Times of network servers: reading them, and choosing the one to believe. All are Unix milliseconds."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from gateway_bridge.uplink import TimeSource

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_YEAR_2000_MS = 946_684_800_000
_LAST_MS = 253_402_300_799_999  # end of year 9999, the last one datetime knows
_AHEAD_MS = 2 * 60_000
_SERVER_APART_MS = 10 * 60_000
_BRIDGE_APART_MS = 15 * 60_000

Candidate = tuple[int | None, TimeSource]


class Clocks(Struct, frozen=True):
    """What an event time is measured against."""

    received_ms: int
    max_age_s: int
    server_ms: int | None = None
    """The network server's own clock; None where the message carries none."""
    buffered: bool = False
    """The server says that a gateway held the frame back: being far from the server's clock is then no fault."""
    old: bool = False
    """Retained or backfilled: age is expected, so neither the age limit nor the bridge's clock judges it."""


def parse_time(text: object) -> int | None:
    """Unix ms of an RFC 3339 text; None when malformed or before the year 2000 (a zero time). No zone means UTC."""
    if type(text) is not str or len(text) < 19 or text[10] not in "Tt ":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    ms = (moment - _EPOCH) // _MS
    return ms if _YEAR_2000_MS <= ms <= _LAST_MS else None


def epoch_ms(value: float | None, per_second: int) -> int | None:
    """Unix ms of an epoch figure counted in 1/`per_second` s; None when absent or outside the years 2000 to 9999."""
    if value is None or abs(value) > _LAST_MS:
        return None
    ms = int(value * 1000 // per_second)
    return ms if _YEAR_2000_MS <= ms <= _LAST_MS else None


def is_plausible(ms: int, clocks: Clocks) -> bool:
    """True unless the time lies more than 2 minutes ahead of the bridge's clock or further back than the age limit."""
    if ms > clocks.received_ms + _AHEAD_MS:
        return False
    return clocks.old or ms >= clocks.received_ms - clocks.max_age_s * 1000


def is_ordinary(ms: int, received_ms: int, max_age_s: int, server_ms: int | None) -> bool:
    """True when `choose_time` would believe this first candidate of a live message: the short way for nearly all."""
    if server_ms is not None and not -_SERVER_APART_MS <= ms - server_ms <= _SERVER_APART_MS:
        return False
    return -max_age_s * 1000 <= ms - received_ms <= _AHEAD_MS


def choose_time(candidates: Iterable[Candidate], clocks: Clocks) -> tuple[int, TimeSource, bool]:
    """The first believable candidate (best first), else the bridge's clock: (Unix ms, its source, suspect).

    A candidate is believed when it is plausible beside the bridge's clock and, unless a gateway buffered the frame,
    within 10 minutes of the server's clock. Suspect: a better candidate was refused, or the only clock at hand is a
    gateway's more than 15 minutes from ours.
    """
    refused = False
    for ms, source in candidates:
        if ms is None:
            continue
        if is_plausible(ms, clocks) and _agrees_with_server(ms, clocks):
            return ms, source, refused or _is_lonely_gateway_clock(ms, source, clocks)
        refused = True
    return clocks.received_ms, "bridge", refused


def _agrees_with_server(ms: int, clocks: Clocks) -> bool:
    return clocks.server_ms is None or clocks.buffered or abs(ms - clocks.server_ms) <= _SERVER_APART_MS


def _is_lonely_gateway_clock(ms: int, source: TimeSource, clocks: Clocks) -> bool:
    if source != "gateway" or clocks.server_ms is not None or clocks.buffered or clocks.old:
        return False
    return abs(ms - clocks.received_ms) > _BRIDGE_APART_MS


def rfc3339(ms: int) -> str:
    """`2025-03-01T10:15:30.123Z` for a Unix time in ms (years 1 to 9999)."""
    return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
