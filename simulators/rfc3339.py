"""Times as network servers write them. Fast: a second is formatted once for all messages that fall into it."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=4096)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def offset_time(time_ms: int) -> str:
    """RFC 3339 as ChirpStack v4 writes it: `+00:00`, no fraction on whole seconds."""
    second, fraction = divmod(time_ms, 1000)
    return f"{_second(second)}.{fraction:03d}+00:00" if fraction else f"{_second(second)}+00:00"


def zulu_time(time_ms: int) -> str:
    """RFC 3339 as The Things Stack and ChirpStack v3 write it: `Z`."""
    second, fraction = divmod(time_ms, 1000)
    return f"{_second(second)}.{fraction:03d}Z" if fraction else f"{_second(second)}Z"
