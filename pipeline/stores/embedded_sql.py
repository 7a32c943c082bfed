"""SQL of the embedded store: a wide table per measurement, and `SeriesQuery` over it with InfluxDB's results."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from pipeline.fields import FieldKind
from pipeline.reading import SeriesQuery
from pipeline.stores.checks import clean_tag, load_zone
from pipeline.stores.windows import Piece, parse_every, pieces

KEY_COLUMNS = {
    "dev_eui": "VARCHAR",
    "channel": "VARCHAR",
    "time_ms": "BIGINT",
    "asset": "VARCHAR",
    "district": "VARCHAR",
    "zone": "VARCHAR",
    "model": "VARCHAR",
}
"""The columns every table starts with; Unix milliseconds; tags that are not set are empty."""
COLUMN_TYPES: Mapping[FieldKind, str] = {"float": "DOUBLE", "bool": "BOOLEAN", "str": "VARCHAR"}
IDENTITIES = "batch_identities"
CREATE_IDENTITIES = f"CREATE TEMP TABLE IF NOT EXISTS {IDENTITIES} (dev_eui VARCHAR, channel VARCHAR, time_ms BIGINT)"
READ_COLUMNS = (
    "SELECT table_name, column_name, data_type FROM duckdb_columns() "
    "WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal "
    "ORDER BY table_name, column_index"
)
_AGGREGATES = {
    "mean": "avg({0})",
    "min": "min({0})",
    "max": "max({0})",
    "sum": "sum({0})",
    "count": "nullif(count({0}), 0)",
    "first": "arg_min({0}, time_ms)",
    "last": "arg_max({0}, time_ms)",
}


class Select(Struct, frozen=True):
    """One SELECT with its parameters; rows come last first when `reversed_rows`."""

    text: str
    params: list[Any]
    reversed_rows: bool


def quoted(name: str) -> str:
    """An identifier for SQL."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def create_table(measurement: str) -> str:
    """A new measurement's table, without fields."""
    columns = ", ".join(f"{name} {kind} NOT NULL" for name, kind in KEY_COLUMNS.items())
    return f"CREATE TABLE {quoted(measurement)} ({columns})"


def add_column(measurement: str, name: str, kind: FieldKind) -> str:
    """A further field."""
    return f"ALTER TABLE {quoted(measurement)} ADD COLUMN {quoted(name)} {COLUMN_TYPES[kind]}"


def delete_identities(measurement: str) -> str:
    """Removes what has an identity of the batch; parameters: first and last time of the batch."""
    return (
        f"DELETE FROM {quoted(measurement)} AS old USING {IDENTITIES} AS new "
        "WHERE old.time_ms BETWEEN ? AND ? AND old.time_ms = new.time_ms "
        "AND old.dev_eui = new.dev_eui AND old.channel = new.channel"
    )


def delete_range(measurement: str) -> str:
    """Removes a range; parameters: start, end (exclusive)."""
    return f"DELETE FROM {quoted(measurement)} WHERE time_ms >= ? AND time_ms < ?"


def delete_device(measurement: str) -> str:
    """Removes a device's records in a range; parameters: start, end (exclusive), DevEUI."""
    return f"{delete_range(measurement)} AND dev_eui = ?"


def select(query: SeriesQuery, columns: Mapping[str, str]) -> Select | None:
    """The SELECT for a checked query on a table with these columns; None when none of the fields was ever written."""
    known = [name for name in query.fields if name in columns]
    every = parse_every(query.every) if query.every is not None else None
    if not known or query.start_ms >= query.end_ms:
        return None
    where = "dev_eui = ? AND time_ms >= ? AND time_ms < ?"
    params: list[Any] = [clean_tag(query.dev_eui), query.start_ms, query.end_ms]
    if query.channel is not None:
        where += " AND channel = ?"
        params.append(clean_tag(query.channel))
    if every is None:
        fields = {name: quoted(name) for name in known}
        time, group = "time_ms", ""
    else:
        fields = {name: _AGGREGATES[query.agg].format(quoted(name)) for name in known}
        cut = pieces(query.start_ms, query.end_ms, every, load_zone(query.tz))
        time, group = _window(cut, every), "GROUP BY 1, 2"
    shown = ", ".join(f"{fields.get(name, 'NULL')} AS {quoted(name)}" for name in query.fields)
    some = " OR ".join(f"{quoted(name)} IS NOT NULL" for name in known)
    order = "DESC" if query.newest_first else "ASC"
    text = (
        f"SELECT {time} AS window_ms, channel AS at_channel, {shown} FROM {quoted(query.measurement)} "
        f"WHERE {where} AND ({some}) {group} ORDER BY 1 {order}, 2 {order} LIMIT ?"
    )
    return Select(text, [*params, query.limit], query.newest_first)


def _window(cut: list[Piece], every: int) -> str:
    """Start of the window in which `time_ms` lies, piece by piece."""
    cases = " ".join(f"WHEN time_ms < {piece.end_ms:d} THEN {_label(piece, every)}" for piece in cut)
    return f"CASE {cases} END"


def _label(piece: Piece, every: int) -> str:
    if piece.phase_ms is None:
        return f"{piece.label_ms:d}"
    return f"time_ms - (((time_ms - {piece.phase_ms:d}) % {every:d} + {every:d}) % {every:d})"
