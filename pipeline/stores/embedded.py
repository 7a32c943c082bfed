"""The embedded reading store: one DuckDB file, written by one thread, read by another.

There is no primary key: it would triple the size and halve the rate. What has the identity of a new record is deleted
before the append, in the same transaction, so the last write wins as a whole record.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import duckdb
from msgspec import Struct

from pipeline.fields import FIELDS, FieldKind
from pipeline.reading import (
    MEASUREMENTS,
    FieldValue,
    Record,
    Refusal,
    Series,
    SeriesQuery,
    StoreMisconfigured,
    StoreStatus,
    StoreUnavailable,
    Tags,
    UplinkRecords,
)
from pipeline.stores import embedded_sql as sql
from pipeline.stores.checks import Unstorable, check_fields, check_identity, check_query, clean_tag, clean_value

Result = TypeVar("Result")
Identity = tuple[str, str, int]

SLICE_ROWS = 500
"""Rows handed over at once: the append holds Python's lock, and the event loop waits for it."""
ROWS_PER_TRANSACTION = 20_000
"""Waiting writes are joined up to about so many records."""
_KEPT_TAGS = 65_536
_CONFIG: dict[str, Any] = {
    "threads": 1,
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_PERSON_MUST_ACT = (
    "Could not set lock",
    "not a valid DuckDB database",
    "version number",
    "newer version",
    "Corrupt database file",
    "No such file or directory",
    "Permission denied",
    "Is a directory",
    "read-only",
)


_WORLD = (
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.FatalException,
    duckdb.InternalException,
    duckdb.ConnectionException,
    duckdb.TransactionException,
)


class _Row(Struct, frozen=True):
    tags: tuple[str, ...]
    """asset, district, zone, model"""
    fields: dict[str, FieldValue]


class _Waiting:
    """A call of `write`, and its outcome once it is durable."""

    def __init__(self, batch: Sequence[UplinkRecords]) -> None:
        self.batch = batch
        self.records = sum(len(uplink.records) for uplink in batch)
        self.refusals: list[Refusal] | None = None


class _Table:
    """One measurement during one transaction: what is there, what comes in addition."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.is_new = not columns
        self.columns = dict(columns or sql.KEY_COLUMNS)
        self.added: dict[str, FieldKind] = {}
        self.rows: dict[Identity, _Row] = {}


class EmbeddedStore:
    """A `ReadingStore` in one file. `memory_limit` in DuckDB's words (`256MB`). The file's folder must exist.

    The database is opened by the first call, and again after a failure that left it unusable.
    """

    def __init__(self, path: Path, memory_limit: str = "256MB", *, fields: Mapping[str, FieldKind] = FIELDS) -> None:
        self._path = path
        self._memory_limit = memory_limit
        self._fields = check_fields(fields)
        self._column_types = {name: sql.COLUMN_TYPES[kind] for name, kind in fields.items()}
        self._floats = frozenset(name for name, kind in fields.items() if kind == "float")
        self._writer = ThreadPoolExecutor(1, "store-write")
        self._reader = ThreadPoolExecutor(1, "store-read")
        self._waiting: list[_Waiting] = []
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._tables: dict[str, dict[str, str]] = {}
        self._newest: dict[str, int] = {}
        self._clean: dict[Tags, tuple[str, tuple[str, ...]]] = {}

    async def open(self) -> None:
        """Open or create the file. StoreMisconfigured: locked, of another version, no DuckDB file, no folder."""
        await self._run(self._writer, self._opened)

    async def write(self, batch: Sequence[UplinkRecords]) -> list[Refusal]:
        """Durable when it returns; see `ReadingStore.write`. Writes that wait together share a transaction."""
        waiting = _Waiting(batch)
        self._waiting.append(waiting)
        return await self._run(self._writer, lambda: self._write_waiting(waiting))

    async def series(self, query: SeriesQuery) -> Series:
        """Readings. QueryError, StoreUnavailable or StoreMisconfigured."""
        check_query(query, self._fields)
        if self._cursor is None:
            await self.open()
        return await self._run(self._reader, lambda: self._select(query))

    async def delete(self, dev_eui: str | None, start_ms: int, end_ms: int) -> None:
        """Remove a device's records (None: every device's) of all measurements in the range."""
        await self._run(self._writer, lambda: self._delete(dev_eui, start_ms, end_ms))

    async def status(self) -> StoreStatus:
        """A round trip to the file. StoreUnavailable or StoreMisconfigured."""
        version = await self._run(self._writer, lambda: self._opened().execute("SELECT version()").fetchall()[0][0])
        return StoreStatus("embedded", f"DuckDB {version}", str(self._path))

    async def close(self) -> None:
        """Close the file after pending writes; a later call opens it again."""
        await self._run(self._reader, lambda: None)
        await self._run(self._writer, self._forget)

    async def _run(self, thread: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(thread, lambda: self._translated(work))

    def _translated(self, work: Callable[[], Result]) -> Result:
        """DuckDB's errors in the store's words; after a fatal one the database is opened again by the next call."""
        try:
            return work()
        except duckdb.Error as error:
            words = str(error).partition("\n")[0]
            if any(sign in words for sign in _PERSON_MUST_ACT) or isinstance(error, duckdb.PermissionException):
                raise StoreMisconfigured(f"{self._path}: {words}") from error
            if isinstance(error, _WORLD):
                raise StoreUnavailable(f"{self._path}: {words}") from error
            raise

    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            config = {**_CONFIG, "memory_limit": self._memory_limit}
            connection = duckdb.connect(str(self._path), config=config)
            connection.execute(sql.CREATE_IDENTITIES)
            tables: dict[str, dict[str, str]] = {}
            for table, column, kind in connection.execute(sql.READ_COLUMNS).fetchall():
                tables.setdefault(table, {})[column] = kind
            self._tables = {
                name: columns for name, columns in tables.items() if sql.KEY_COLUMNS.keys() <= columns.keys()
            }
            self._newest = {
                name: connection.execute(f"SELECT max(time_ms) FROM {sql.quoted(name)}").fetchall()[0][0] or 0
                for name in self._tables
            }
            self._connection, self._cursor = connection, connection.cursor()
        return self._connection

    def _forget(self) -> None:
        cursor, self._cursor = self._cursor, None
        connection, self._connection = self._connection, None
        if cursor is not None:
            cursor.close()
        if connection is not None:
            connection.close()

    def _write_waiting(self, mine: _Waiting) -> list[Refusal]:
        """In the writer's thread: one transaction for this write and those that wait behind it.

        A write that another took along finds its outcome; one whose companion failed tries again by itself.
        """
        if mine.refusals is None:
            together, records = [mine], mine.records
            for other in tuple(self._waiting):
                if other is not mine and records + other.records <= ROWS_PER_TRANSACTION:
                    together.append(other)
                    records += other.records
            self._drop(mine)
            outcomes = self._store([waiting.batch for waiting in together])
            for waiting, refusals in zip(together, outcomes, strict=True):
                self._drop(waiting)
                waiting.refusals = refusals
        return mine.refusals or []

    def _drop(self, waiting: _Waiting) -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)

    def _store(self, batches: Sequence[Sequence[UplinkRecords]]) -> list[list[Refusal]]:
        connection = self._opened()
        tables: dict[str, _Table] = {}
        refusals = [self._collect(batch, tables) for batch in batches]
        try:
            connection.begin()
            for name, table in tables.items():
                self._append(connection, name, table)
            connection.commit()
        except duckdb.Error:
            self._forget_after_failure()
            raise
        for name, table in tables.items():
            self._tables[name] = table.columns
            self._newest[name] = max(self._newest.get(name, 0), max(time_ms for _, _, time_ms in table.rows))
        return refusals

    def _collect(self, batch: Sequence[UplinkRecords], tables: dict[str, _Table]) -> list[Refusal]:
        refusals = []
        for uplink in batch:
            for record in uplink.records:
                try:
                    self._take(record, tables)
                except Unstorable as error:
                    refusals.append(Refusal(uplink.seq, record, str(error)))
        return refusals

    def _take(self, record: Record, tables: dict[str, _Table]) -> None:
        check_identity(record)
        dev_eui, tags = self._clean.get(record.tags) or self._clean_tags(record.tags)
        fields = self._take_fields(record.fields)
        table = tables.get(record.measurement) or _Table(self._tables.get(record.measurement, {}))
        known, kinds = table.columns, self._column_types
        for name in fields:
            if known.get(name, kinds[name]) != kinds[name]:
                raise Unstorable(
                    f'field type conflict: field "{name}" is {kinds[name]}, already exists as {known[name]}'
                )
        for name in fields:
            if name not in known:
                known[name], table.added[name] = kinds[name], self._fields[name]
        tables[record.measurement] = table
        table.rows[dev_eui, clean_tag(record.channel), record.time_ms] = _Row(tags, fields)

    def _take_fields(self, found: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
        floats = self._floats
        fields: dict[str, FieldValue] = {}
        for name, value in found.items():
            if type(value) is float and name in floats:  # the common case, without a call
                if value - value == 0.0:  # false for infinities and NaN
                    fields[name] = value
            elif (clean := clean_value(self._fields, name, value)) is not None:
                fields[name] = clean
        if not fields:
            raise Unstorable("no field with a finite value")
        return fields

    def _clean_tags(self, tags: Tags) -> tuple[str, tuple[str, ...]]:
        if len(self._clean) >= _KEPT_TAGS:
            self._clean.clear()
        rest = tuple(clean_tag(text) for text in (tags.asset, tags.district, tags.zone, tags.model))
        clean = self._clean[tags] = (clean_tag(tags.dev_eui), rest)
        return clean

    def _append(self, connection: duckdb.DuckDBPyConnection, name: str, table: _Table) -> None:
        if table.is_new:
            connection.execute(sql.create_table(name))
        for column, kind in table.added.items():
            connection.execute(sql.add_column(name, column, kind))
        newest = self._newest.get(name)
        if newest is not None and (old := [identity for identity in table.rows if identity[2] <= newest]):
            connection.execute(f"DELETE FROM {sql.IDENTITIES}")
            _append_sliced(connection, sql.IDENTITIES, old)
            times = [time_ms for _, _, time_ms in old]
            connection.execute(sql.delete_identities(name), [min(times), max(times)])
        columns = list(table.columns)[len(sql.KEY_COLUMNS) :]
        rows = [(*identity, *row.tags, *map(row.fields.get, columns)) for identity, row in table.rows.items()]
        _append_sliced(connection, name, rows)

    def _delete(self, dev_eui: str | None, start_ms: int, end_ms: int) -> None:
        connection = self._opened()
        try:
            connection.begin()
            for name in self._tables.keys() & set(MEASUREMENTS):
                if dev_eui is None:
                    connection.execute(sql.delete_range(name), [start_ms, end_ms])
                else:
                    connection.execute(sql.delete_device(name), [start_ms, end_ms, clean_tag(dev_eui)])
            connection.commit()
        except duckdb.Error:
            self._forget_after_failure()
            raise

    def _forget_after_failure(self) -> None:
        """Drop the connection with its open transaction: after a failed write the database may refuse everything."""
        try:
            self._forget()
        except duckdb.Error:
            self._connection = self._cursor = None  # it can't even be closed; the error that led here is raised

    def _select(self, query: SeriesQuery) -> Series:
        columns = ("time", "channel", *query.fields)
        cursor = self._cursor
        if cursor is None:
            raise StoreUnavailable(f"{self._path}: closed meanwhile")
        select = sql.select(query, self._tables.get(query.measurement, {}))
        if select is None:
            return Series(columns, [])
        rows: list[tuple[Any, ...]] = cursor.execute(select.text, select.params).fetchall()
        return Series(columns, rows[::-1] if select.reversed_rows else rows)


def _append_sliced(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    appender = connection.appender(table)
    for start in range(0, len(rows), SLICE_ROWS):
        appender.append_rows(rows[start : start + SLICE_ROWS])
        appender.flush()
