"""Which names may be asked for, and help for those who mistype one. Pure."""

import zoneinfo
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from functools import cache

from api.problems import Problem
from pipeline.fields import FIELDS

_NO_PLACES = frozenset({"localtime", "Factory", "posixrules"})


def known_quantities(names: Iterable[str]) -> tuple[str, ...]:
    """The names, all of them known. Problem `invalid-parameter` names those that aren't and what may be meant."""
    asked = tuple(names)
    unknown = [name[:60] for name in asked if name not in FIELDS]
    if unknown:
        fix = f"{_meant(unknown[0], FIELDS)}GET /api/v1/quantities lists them all."
        raise Problem("invalid-parameter", f"quantity: unknown {', '.join(unknown[:10])}", fix)
    return asked


def known_zone(name: str) -> str:
    """The IANA time zone of that name. Problem `invalid-parameter` if there is none."""
    if name not in _zones():
        fix = f"{_meant(name[:60], _zones())}Use an IANA name like Europe/Berlin."
        raise Problem("invalid-parameter", f"tz: unknown time zone {name[:60]!r}", fix)
    return name


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - _NO_PLACES


def _meant(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=3, cutoff=0.7)
    return f"Did you mean {' or '.join(close)}? " if close else ""
