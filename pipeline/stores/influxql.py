"""Queries in the InfluxQL subset that 1.6, 2.x and 3.x share, and their answers.

Values go as bind parameters. Names are checked before (`checks.check_query`), so that none needs escaping.
"""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from pipeline.reading import MEASUREMENTS, Series, SeriesQuery, StoreMisconfigured, StoreUnavailable
from pipeline.stores.checks import clean_tag, load_zone
from pipeline.stores.windows import Piece, parse_every, pieces

Cell = int | float | str | bool | None
Row = tuple[Cell, ...]

_TIES = 256
"""More channels than any device has: our cut at `limit` is by time and channel, the server's by time alone."""
_PERSON_MUST_ACT = (
    "database not found",
    "not authorized",
    "authorization failed",
    "requires admin",
    "retention policy not",
)


class Statement(Struct, frozen=True):
    """InfluxQL text (several statements parted by `;`) with its bind parameters."""

    text: str
    params: dict[str, str]


class Found(Struct, frozen=True):
    """One series of an answer."""

    tags: dict[str, str | None] = {}
    columns: tuple[str, ...] = ()
    values: list[list[Cell]] = []


class Result(Struct, frozen=True):
    """What one statement found, or why it failed."""

    series: tuple[Found, ...] = ()
    error: str = ""


class _Response(Struct, frozen=True):
    results: tuple[Result, ...] = ()
    error: str = ""


class SeriesPlan(Struct, frozen=True):
    """How a `SeriesQuery` is asked: statements, and the piece of local time that each answers (none for records)."""

    statement: Statement
    query: SeriesQuery
    pieces: tuple[Piece, ...] = ()


def plan_series(query: SeriesQuery) -> SeriesPlan:
    """The plan for a checked query. QueryError for its window."""
    params = {"dev_eui": clean_tag(query.dev_eui)}
    where = '"dev_eui" = $dev_eui'
    if query.channel is not None:
        params["channel"] = clean_tag(query.channel)
        where += ' AND "channel" = $channel'
    if query.every is None:
        return SeriesPlan(Statement(_select_records(query, where), params), query)
    every = parse_every(query.every)
    cut = tuple(pieces(query.start_ms, query.end_ms, every, load_zone(query.tz)))
    text = ";".join(_select_windows(query, where, piece, every) for piece in cut)
    return SeriesPlan(Statement(text, params), query, cut)


def read_series(plan: SeriesPlan, results: Sequence[Result]) -> Series:
    """The answer to a plan, in the order and types that `Series` promises."""
    query = plan.query
    rows = [*(_windows(plan, results) if query.every is not None else _records(query, results))]
    rows.sort(key=lambda row: row[:2])
    kept = rows[-query.limit :] if query.newest_first else rows[: query.limit]
    return Series(("time", "channel", *query.fields), kept)


def delete_statement(dev_eui: str | None, start_ms: int, end_ms: int) -> Statement:
    """Removes a device's records (None: every device's) of all measurements in the range."""
    where = f"WHERE time >= {start_ms:d}ms AND time < {end_ms:d}ms"
    if dev_eui is not None:
        where += ' AND "dev_eui" = $dev_eui'
    text = ";".join(f'DELETE FROM "{name}" {where}' for name in MEASUREMENTS)
    return Statement(text, {} if dev_eui is None else {"dev_eui": clean_tag(dev_eui)})


def read_results(body: bytes) -> tuple[Result, ...]:
    """The results of every statement. StoreUnavailable or StoreMisconfigured when one of them failed."""
    try:
        response = msgspec.json.decode(body, type=_Response)
    except ValueError as error:
        raise StoreMisconfigured(f"the answer to a query is not InfluxDB's: {error}") from error
    for words in (response.error, *(result.error for result in response.results)):
        if any(sign in words for sign in _PERSON_MUST_ACT):
            raise StoreMisconfigured(words)
        if words:
            raise StoreUnavailable(words)
    return response.results


def first_column(results: Sequence[Result]) -> list[str]:
    """The first column of everything found: the names that a SHOW statement lists."""
    return [str(row[0]) for result in results for found in result.series for row in found.values]


def _select_records(query: SeriesQuery, where: str) -> str:
    columns = ", ".join(f'"{name}"' for name in query.fields)
    order = "DESC" if query.newest_first else "ASC"
    return (
        f'SELECT {columns}, "channel" FROM "{query.measurement}" '
        f"WHERE {where} AND time >= {query.start_ms:d}ms AND time < {query.end_ms:d}ms "
        f"ORDER BY time {order} LIMIT {query.limit + _TIES:d}"
    )


def _select_windows(query: SeriesQuery, where: str, piece: Piece, every: int) -> str:
    columns = ", ".join(f'{query.agg}("{name}") AS "{name}"' for name in query.fields)
    grid = "" if piece.phase_ms is None else f"time({every:d}ms, {piece.phase_ms:d}ms), "
    fill = "" if piece.phase_ms is None else " fill(none)"
    return (
        f'SELECT {columns} FROM "{query.measurement}" '
        f"WHERE {where} AND time >= {piece.start_ms:d}ms AND time < {piece.end_ms:d}ms "
        f'GROUP BY {grid}"channel"{fill}'
    )


def _records(query: SeriesQuery, results: Sequence[Result]) -> Iterator[Row]:
    for result in results:
        for found in result.series:
            for time, *cells, channel in found.values:
                yield (time, channel or "", *map(_as_float, cells))


def _windows(plan: SeriesPlan, results: Sequence[Result]) -> Iterator[Row]:
    made = _as_count if plan.query.agg == "count" else _as_float
    for piece, result in zip(plan.pieces, results, strict=True):
        for found in result.series:
            channel = found.tags.get("channel") or ""
            for time, *cells in found.values:
                row = tuple(map(made, cells))
                if any(cell is not None for cell in row):
                    yield (time if piece.phase_ms is not None else piece.label_ms, channel, *row)


def _as_float(cell: Cell) -> Cell:
    """JSON has no difference between 5 and 5.0: numbers of fields are always floats."""
    return float(cell) if type(cell) is int else cell


def _as_count(cell: Cell) -> Cell:
    return int(cell) if cell else None
