"""What every store takes and what none does: one set of rules, so that all refuse the same records and queries."""

import math
import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.fields import FieldKind
from pipeline.reading import FieldValue, QueryError, Record, SeriesQuery

TAG_NAMES = ("dev_eui", "channel", "asset", "district", "zone", "model")
RESERVED = frozenset({"time", "time_ms", *TAG_NAMES})
LONGEST_TIME_MS = 9_223_372_036_000
"""InfluxDB keeps nanoseconds in 64 bits: 1677 to 2262."""
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
NUMERIC_AGGREGATES = frozenset({"mean", "min", "max", "sum"})


class Unstorable(Exception):
    """A record that no store takes; the text says why and becomes the refusal's error."""


def check_fields(fields: Mapping[str, FieldKind]) -> dict[str, FieldKind]:
    """The fields a store is built with. ValueError for a name that would need quoting or is taken by the layout."""
    for name in fields:
        if not NAME.fullmatch(name) or name in RESERVED:
            raise ValueError(f"{name!r} can't be a field: lower-case letters, digits, _; not one of {sorted(RESERVED)}")
    return dict(fields)


def check_identity(record: Record) -> None:
    """Measurement and time can be stored. Unstorable if not."""
    if not NAME.fullmatch(record.measurement):
        raise Unstorable(f"measurement {record.measurement!r} is not a plain name")
    if not -LONGEST_TIME_MS < record.time_ms < LONGEST_TIME_MS:
        raise Unstorable(f"time {record.time_ms} ms lies outside the years 1678 to 2262")


def clean_tag(text: str) -> str:
    """The tag as stores keep it: line protocol carries no line break or final backslash. Unstorable if no Unicode."""
    if text.endswith("\\"):
        bare = text.rstrip("\\")
        text = bare + "/" * (len(text) - len(bare))
    if "\n" in text or "\r" in text:
        text = text.replace("\r", " ").replace("\n", " ")
    check_text(text)
    return text


def check_text(text: str) -> None:
    """Unstorable when the text is not Unicode (a lone surrogate)."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Unstorable(f"text is not valid Unicode at position {error.start}") from error


def clean_value(fields: Mapping[str, FieldKind], name: str, value: FieldValue) -> FieldValue | None:
    """The value as stores keep it: numbers as float, None for one that isn't finite. Unstorable for a wrong type."""
    kind = fields.get(name)
    if kind is None:
        raise Unstorable(f"field {name!r} is not in the vocabulary")
    if kind == "float" and isinstance(value, float | int) and not isinstance(value, bool):
        return _finite(value)
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind == "str" and isinstance(value, str):
        check_text(value)
        return value
    raise Unstorable(f'field type conflict: field "{name}" is type {kind}, the record has {type(value).__name__}')


def _finite(value: float) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def check_query(query: SeriesQuery, fields: Mapping[str, FieldKind]) -> None:
    """QueryError for a query that can't be answered: names, aggregate, zone, limit, range."""
    if not NAME.fullmatch(query.measurement):
        raise QueryError(f"unknown measurement {query.measurement!r}")
    if not query.fields or len(set(query.fields)) != len(query.fields):
        raise QueryError("ask for at least one field, each once")
    for name in query.fields:
        if name not in fields:
            raise QueryError(f"unknown field {name!r}")
        if query.every is not None and query.agg in NUMERIC_AGGREGATES and fields[name] != "float":
            raise QueryError(f"{query.agg} of {name!r}: it is no number; use first, last or count")
    if query.limit < 1:
        raise QueryError("limit must be at least 1")
    for time_ms in (query.start_ms, query.end_ms):
        if not -LONGEST_TIME_MS < time_ms < LONGEST_TIME_MS:
            raise QueryError("the range must lie within the years 1678 to 2262")
    load_zone(query.tz)


def load_zone(name: str) -> ZoneInfo:
    """The time zone of that name. QueryError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise QueryError(f"unknown time zone {name!r}") from error
