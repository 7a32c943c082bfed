"""What a replay would change: the records that the store holds beside those that the journal decodes to today.

Both sides lie in a temporary database on disk while they are compared, so that a month of a city fits any memory.
Radio records (`uplink`) and what detectors derive do not come from decoders and are left out, tags are not compared.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Literal

import msgspec
from msgspec import Struct

from decoders.vocabulary import QUANTITIES
from pipeline.domain.words import is_derived
from pipeline.fields import ABOUT_HEALTH
from pipeline.ports import ReadingStore
from pipeline.reading import MEASUREMENTS, FieldValue, Record, SeriesQuery

COMPARED = tuple(name for name in MEASUREMENTS if name != "uplink")
_FIELDS = (*QUANTITIES, *ABOUT_HEALTH, "quality", "decoder")
_PAGE = 10_000
_SCHEMA = """
CREATE TABLE record (dev_eui TEXT, measurement TEXT, channel TEXT, time_ms INTEGER, old TEXT, new TEXT,
                     PRIMARY KEY (dev_eui, measurement, channel, time_ms)) WITHOUT ROWID"""
_PUT = """
INSERT INTO record (dev_eui, measurement, channel, time_ms, {side}) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET {side} = excluded.{side}"""
_READ = "SELECT * FROM record ORDER BY time_ms, dev_eui, measurement, channel"

Values = dict[str, FieldValue]
Pair = tuple[FieldValue | None, FieldValue | None]


class Change(Struct, frozen=True):
    """One record that a replay would write otherwise. Pairs are (old, new), None for what one of them has not."""

    dev_eui: str
    measurement: str
    channel: str
    time_ms: int
    what: Literal["changed", "new", "gone"]
    fields: dict[str, Pair]
    """What differs, by field; `quality` among them."""
    decoder: Pair


class Difference(Struct):
    """What a replay would do. Counts are records, except `quarantined`."""

    changes: list[Change]
    """The first ones in the order of time, as many as were asked for."""
    same: int = 0
    changed: int = 0
    new: int = 0
    gone: int = 0
    """In the store, but decoded to nothing today."""
    relabelled: int = 0
    """The same values by another decoder or version."""
    quarantined: int = 0
    """Frames that would go to quarantine."""


class Comparison:
    """Two sides of records by identity, in a file that is gone with this object."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute(_SCHEMA)

    def __enter__(self) -> "Comparison":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._database.close()

    async def take_old(self, store: ReadingStore, dev_eui: str, start_ms: int, end_ms: int) -> None:
        """Read all records of a device in the range. StoreUnavailable, StoreMisconfigured."""
        for measurement in COMPARED:
            after_ms = start_ms
            while after_ms < end_ms:
                series = await store.series(SeriesQuery(measurement, dev_eui, _FIELDS, after_ms, end_ms, limit=_PAGE))
                rows = [_stored(dev_eui, measurement, series.columns, row) for row in series.rows]
                self._put("old", [row for row in rows if not is_derived(row[2])])
                if len(rows) < _PAGE:
                    break
                last_ms = rows[-1][3]
                after_ms = last_ms if last_ms > after_ms else last_ms + 1

    def take_new(self, records: Iterable[Record]) -> None:
        """What frames decode to today."""
        self._put("new", [
            (r.tags.dev_eui, r.measurement, r.channel, r.time_ms, _values(r.fields.items()))
            for r in records
            if r.measurement in COMPARED
        ])  # fmt: skip

    def _put(self, side: Literal["old", "new"], rows: list[tuple[str, str, str, int, bytes]]) -> None:
        self._database.execute("BEGIN")
        self._database.executemany(_PUT.format(side=side), rows)
        self._database.execute("COMMIT")

    def difference(self, limit: int) -> Difference:
        """Count everything, keep the first `limit` changes."""
        found = Difference([])
        for change in self._changes():
            if change is None:
                found.same += 1
            elif not change.fields:
                found.relabelled += 1
            else:
                setattr(found, change.what, getattr(found, change.what) + 1)
                if len(found.changes) < limit:
                    found.changes.append(change)
        return found

    def _changes(self) -> Iterator[Change | None]:
        for dev_eui, measurement, channel, time_ms, *sides in self._database.execute(_READ):
            old, new = (None if side is None else msgspec.json.decode(side, type=Values) for side in sides)
            if old == new:
                yield None
                continue
            what: Literal["changed", "new", "gone"] = "new" if old is None else "gone" if new is None else "changed"
            before, after = old or {}, new or {}
            decoder = before.pop("decoder", None), after.pop("decoder", None)
            differing = [name for name in (before | after) if before.get(name) != after.get(name)]
            fields = {name: (before.get(name), after.get(name)) for name in differing}
            yield Change(dev_eui, measurement, channel, time_ms, what, fields, decoder)


def _stored(
    dev_eui: str, measurement: str, columns: tuple[str, ...], row: tuple[FieldValue | None, ...]
) -> tuple[str, str, str, int, bytes]:
    time_ms, channel, *cells = row
    assert isinstance(time_ms, int)
    return dev_eui, measurement, str(channel), time_ms, _values(zip(columns[2:], cells, strict=True))


def _values(cells: Iterable[tuple[str, FieldValue | None]]) -> bytes:
    """What is compared of a record, as JSON; the same whichever side it comes from."""
    return msgspec.json.encode({name: value for name, value in cells if value is not None and name in _FIELDS})
