"""The journal: every message as it came, durable before its sender is told, kept until every consumer has passed it.

SQLite in WAL mode with `synchronous=FULL`; one row per group commit holding the compressed batch. The row's key is the
sequence number of its first message, so a cursor may point into a row. One connection, used by one thread only.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec
import zstandard
from msgspec import Struct

from gateway_bridge.uplink import Message

T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (
    seq INTEGER PRIMARY KEY,   -- sequence number of the first message
    n INTEGER NOT NULL,        -- messages in the row
    first_ms INTEGER NOT NULL, -- smallest reception time, Unix ms
    last_ms INTEGER NOT NULL,
    body BLOB NOT NULL         -- zstd frame with checksum: msgpack list of [source, topic, payload, received_ms, flags]
)"""
MAX_ROW_MESSAGES = 2000
_COMPACT_MESSAGES = 500
_ROW_OVERHEAD = 48


class JournalUnavailable(Exception):
    """The journal can't take or give messages now (disk full, I/O error, cap reached): nothing was acknowledged."""


class JournalCorrupt(Exception):
    """The row at `seq` with `n` messages can't be read; `body` is what is left of it."""

    def __init__(self, seq: int, n: int, body: bytes, detail: str) -> None:
        super().__init__(f"journal row {seq} ({n} messages) is damaged: {detail}")
        self.seq, self.n, self.body = seq, n, body


class JournalFigures(Struct, frozen=True):
    """How full the journal is. Bytes are compressed bodies; `unread` is what some consumer has not passed."""

    first_seq: int
    last_seq: int
    bytes: int
    oldest_ms: int | None
    removed: int
    compacted_rows: int


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Message])


class Journal:
    """Durable append, read from a sequence number, maintenance. Opens (and creates) the file when built."""

    def __init__(self, path: Path, max_bytes: int, max_age_ms: int) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._max_bytes = max_bytes
        self._max_age_ms = max_age_ms
        self._compressor = zstandard.ZstdCompressor(level=1, write_checksum=True)
        self._decompressor = zstandard.ZstdDecompressor()
        self._appended = asyncio.Event()
        self._removed = 0
        self._compacted = 0
        self._compacted_to = 0
        self._db = self._thread.submit(self._open, path).result()

    def _open(self, path: Path) -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA auto_vacuum=INCREMENTAL")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(_SCHEMA)
        last = db.execute("SELECT seq + n - 1 FROM batch ORDER BY seq DESC LIMIT 1").fetchone()
        self.last_seq: int = last[0] if last else 0
        first = db.execute(
            "SELECT min(seq), min(first_ms), coalesce(sum(length(body)), 0), count(*) FROM batch"
        ).fetchone()
        self._first_seq: int = first[0] or 1
        self._oldest_ms: int | None = first[1]
        self.bytes: int = first[2] + first[3] * _ROW_OVERHEAD
        return db

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.DatabaseError as error:
            raise JournalUnavailable(str(error)) from error

    async def append(self, messages: Sequence[Message], passed: int = 0) -> int:
        """Make up to `MAX_ROW_MESSAGES` messages durable in one commit; the last one's sequence number.

        `passed` is the sequence number that every consumer has passed: rows up to it make room when the cap is reached.
        JournalUnavailable when the disk fails or the cap is full of rows that some consumer still needs.
        """
        if self.bytes >= self._max_bytes:
            await self._run(lambda: self._remove(passed, 0))
            if self.bytes >= self._max_bytes:
                raise JournalUnavailable(
                    f"the journal's cap of {self._max_bytes} bytes is full of messages that a consumer has not passed"
                )
        seq = await self._run(lambda: self._append(messages))
        self._appended.set()
        return seq

    def _append(self, messages: Sequence[Message]) -> int:
        body = self._compressor.compress(_encoder.encode(messages))
        times = [message.received_ms for message in messages]
        seq = self.last_seq + 1
        self._db.execute(
            "INSERT INTO batch VALUES (?, ?, ?, ?, ?)", (seq, len(messages), min(times), max(times), body)
        )  # autocommit: one transaction, synced by SQLite before it returns
        self.last_seq += len(messages)
        self.bytes += len(body) + _ROW_OVERHEAD
        if self._oldest_ms is None:
            self._oldest_ms = min(times)
        return self.last_seq

    async def wait_beyond(self, seq: int) -> None:
        """Return when there is a message after `seq`."""
        while self.last_seq <= seq:
            self._appended.clear()
            if self.last_seq <= seq:
                await self._appended.wait()

    async def read(self, after: int, limit: int) -> list[tuple[int, Message]]:
        """Messages after sequence number `after` in order, about `limit` (whole rows). Empty when there are none.

        JournalCorrupt when the next row is damaged: go on after `seq + n - 1`.
        """
        rows = await self._run(lambda: self._rows(after, limit))
        found: list[tuple[int, Message]] = []
        for seq, n, body in rows:
            try:
                messages = _decoder.decode(self._decompressor.decompress(body))
            except (zstandard.ZstdError, msgspec.DecodeError) as error:
                if found:
                    break  # give what is good first; the next read meets the damage again
                raise JournalCorrupt(seq, n, body, str(error)) from error
            skip = max(0, after + 1 - seq)
            found.extend(enumerate(messages[skip:], seq + skip))
        return found

    def _rows(self, after: int, limit: int) -> list[tuple[int, int, bytes]]:
        rows: list[tuple[int, int, bytes]] = []
        wanted = after + limit
        cursor = self._db.execute(
            "SELECT seq, n, body FROM batch WHERE seq >= coalesce((SELECT max(seq) FROM batch WHERE seq <= ?), 0)"
            " ORDER BY seq",
            (after + 1,),
        )
        for seq, n, body in cursor:
            if seq + n - 1 > after:
                rows.append((seq, n, body))
            if seq + n - 1 >= wanted:
                break
        cursor.close()
        return rows

    async def seq_before(self, time_ms: int) -> int:
        """The sequence number after which every message received at or after `time_ms` lies."""

        def find() -> int:
            row = self._db.execute("SELECT min(seq) FROM batch WHERE last_ms >= ?", (time_ms,)).fetchone()
            return self.last_seq if row[0] is None else int(row[0]) - 1

        return await self._run(find)

    async def maintain(self, passed: int, now_ms: int) -> JournalFigures:
        """Remove rows up to `passed` that are too old or over the cap, then merge small passed rows into large ones."""
        await self._run(lambda: self._remove(passed, now_ms - self._max_age_ms))
        while await self._run(lambda: self._compact(passed)):
            pass
        return self.figures()

    def figures(self) -> JournalFigures:
        """The figures as last known, without touching the file."""
        return JournalFigures(
            self._first_seq, self.last_seq, self.bytes, self._oldest_ms, self._removed, self._compacted
        )

    def _remove(self, passed: int, before_ms: int) -> None:
        """Delete oldest rows while they are passed and too old, or the cap is exceeded. Never the newest row: its key
        carries the numbering on."""
        doomed: list[int] = []
        freed = removed = 0
        low_water = self._max_bytes * 9 // 10
        for seq, n, last_ms, size in self._db.execute("SELECT seq, n, last_ms, length(body) FROM batch ORDER BY seq"):
            over_cap = self.bytes >= self._max_bytes or (freed and self.bytes - freed > low_water)
            if seq + n - 1 > min(passed, self.last_seq - 1) or not (last_ms < before_ms or over_cap):
                break
            doomed.append(seq)
            freed += size + _ROW_OVERHEAD
            removed += n
        if not doomed:
            return
        self._db.execute("DELETE FROM batch WHERE seq <= ?", (doomed[-1],))
        self._db.execute("PRAGMA incremental_vacuum(2000)").fetchall()
        self.bytes -= freed
        self._removed += removed
        self._first_seq, self._oldest_ms = self._db.execute("SELECT min(seq), min(first_ms) FROM batch").fetchone()

    def _compact(self, passed: int) -> bool:
        """Merge one run of small passed rows into one row; False when too few are left to merge."""
        run: list[int] = []
        count = 0
        limit = min(passed, self.last_seq - 1)
        rows = self._db.execute("SELECT seq, n FROM batch WHERE seq > ? ORDER BY seq", (self._compacted_to,))
        for seq, n in rows:
            if seq + n - 1 > limit:
                return False
            if run and count + n > MAX_ROW_MESSAGES:
                break
            run.append(seq)
            count += n
            if count >= _COMPACT_MESSAGES:
                break
        else:
            return False
        rows.close()
        if len(run) > 1:
            self._merge(run[0], run[-1])
        self._compacted_to = run[-1]
        return True

    def _merge(self, first: int, last: int) -> None:
        rows = self._db.execute(
            "SELECT first_ms, last_ms, body FROM batch WHERE seq BETWEEN ? AND ? ORDER BY seq", (first, last)
        ).fetchall()
        unpack = zstandard.ZstdDecompressor().decompress  # our own: one must not be used in two threads
        try:
            messages = [m for row in rows for m in _decoder.decode(unpack(row[2]))]
        except (zstandard.ZstdError, msgspec.DecodeError):
            return  # a damaged row stays as it is: its reader reports it
        body = self._compressor.compress(_encoder.encode(messages))
        merged = (first, len(messages), min(r[0] for r in rows), max(r[1] for r in rows), body)
        self._db.execute("BEGIN")
        try:
            self._db.execute("DELETE FROM batch WHERE seq BETWEEN ? AND ?", (first, last))
            self._db.execute("INSERT INTO batch VALUES (?, ?, ?, ?, ?)", merged)
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self.bytes += len(body) - sum(len(row[2]) for row in rows) - _ROW_OVERHEAD * (len(rows) - 1)
        self._compacted += len(rows) - 1

    async def close(self) -> None:
        """Close the file; everything appended is already on disk."""
        await self._run(self._db.close)
        self._thread.shutdown()
