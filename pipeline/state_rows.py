"""The statements behind `StateStore`: writing effects within one transaction, and rows to structs and back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Table, case, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline import tables as t
from pipeline.effects import Effects, EventRow, GatewayRow, QuarantineEntry
from pipeline.state_domain import put_domain

_CHUNK = 500
_Item = TypeVar("_Item")
_Values = Mapping[str, Any]


class CursorMovedOn(Exception):
    """A commit behind its cursor: two services on one state database, or a consumer lost count. Our fault: crash."""


class Bounds(msgspec.Struct, frozen=True):
    """How much the state database keeps at most."""

    quarantine_rows: int
    quarantine_bytes: int
    event_rows: int


def to_json(value: Any) -> str:
    """Compact JSON text."""
    return msgspec.json.encode(value).decode()


def chunks(items: Iterable[_Item], size: int = _CHUNK) -> Iterator[list[_Item]]:
    """The items in lists of at most `size`: databases limit the parameters of one statement."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def storable(values: dict[str, Any]) -> dict[str, Any]:
    """The values with every text made valid: networks send NUL, which PostgreSQL refuses, and half characters, which
    neither engine takes. Only texts for people and ids pass here; payloads stay byte for byte."""
    for name, value in values.items():
        if isinstance(value, str) and ("\x00" in value or not value.isascii()):
            values[name] = value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    return values


def put(connection: Connection, table: Table, rows: Sequence[_Values]) -> None:
    """Insert each row, or replace the row that has its primary key."""
    if rows:
        connection.execute(_upsert(connection.dialect.name, table), rows)


def apply_effects(connection: Connection, effects: Effects, bounds: Bounds) -> None:
    """Write everything of `effects`, or nothing when its cursor shows that this was done before. CursorMovedOn."""
    if effects.seq is not None and not _advance(connection, effects.consumer, effects.seq):
        return
    if effects.frame_keys is not None:
        _put_frame_keys(connection, effects)
    if effects.keep_frames_from_ms is not None:
        keys = t.frame_keys.c
        old = (keys.consumer == effects.consumer) & (keys.newest_ms < effects.keep_frames_from_ms)
        connection.execute(delete(t.frame_keys).where(old))
    latest = [{"dev_eui": d, "body": body, "last_seen_ms": seen} for d, (body, seen) in effects.latest.items()]
    put(connection, t.latest, latest)
    put_quarantine(connection, effects.quarantine, bounds)
    _put_events(connection, effects.events, bounds)
    if effects.gateways:
        connection.execute(_gateway_upsert(connection.dialect.name), [_gateway_values(g) for g in effects.gateways])
    if effects.domain is not None:
        put_domain(connection, effects.domain)
    count(connection, effects.counters)


def count(connection: Connection, increments: Mapping[tuple[str, str], int]) -> None:
    """Add to the persistent counters."""
    rows = [{"name": name, "label": label, "value": value} for (name, label), value in increments.items()]
    if rows:
        connection.execute(_counter_upsert(connection.dialect.name), rows)


def put_quarantine(connection: Connection, entries: Sequence[QuarantineEntry], bounds: Bounds) -> None:
    """Write the entries (the same key again replaces), then drop the oldest beyond the bounds, counted by reason."""
    if not entries:
        return
    rows = {(e.seq, e.part): _quarantine_values(e) for e in entries}
    before = _sizes(connection, rows)
    put(connection, t.quarantine, list(rows.values()))
    added = sum(row["size"] for row in rows.values()) - sum(before.values())
    _resize(connection, len(rows) - len(before), added)
    _drop_beyond(connection, bounds)


def delete_quarantine(connection: Connection, keys: Iterable[tuple[int, int]]) -> int:
    """Remove the entries with these (seq, part); the number that existed."""
    sizes = _sizes(connection, keys)
    c = t.quarantine.c
    for part in chunks(sizes):
        connection.execute(delete(t.quarantine).where(tuple_(c.seq, c.part).in_(part)))
    _resize(connection, -len(sizes), -sum(sizes.values()))
    return len(sizes)


def quarantine_entry(row: Row[Any]) -> QuarantineEntry:
    """A stored row as it was put in."""
    values = row._asdict()
    del values["size"]
    return QuarantineEntry(**{**values, "tags": msgspec.json.decode(row.tags)})


def event_row(row: Row[Any]) -> EventRow:
    """A stored row with its id."""
    return EventRow(**{**row._asdict(), "body": msgspec.json.decode(row.body)})


def gateway_row(row: Row[Any]) -> GatewayRow:
    """A stored row."""
    stats = None if row.stats is None else msgspec.json.decode(row.stats)
    return GatewayRow(**{**row._asdict(), "stats": stats})


def _advance(connection: Connection, consumer: str, seq: int) -> bool:
    c = t.cursor.c
    now = connection.execute(select(c.seq).where(c.consumer == consumer).with_for_update()).scalar()
    if now is not None and now > seq:
        raise CursorMovedOn(
            f"consumer {consumer!r} stands at {now}, a commit for {seq} came: is a second service running?"
        )
    if now == seq:
        return False
    put(connection, t.cursor, [{"consumer": consumer, "seq": seq}])
    return True


def _put_frame_keys(connection: Connection, effects: Effects) -> None:
    if effects.seq is None:
        raise ValueError("frame keys need the journal sequence of their batch")
    row = {
        "consumer": effects.consumer,
        "last_seq": effects.seq,
        "newest_ms": effects.newest_ms,
        "body": effects.frame_keys,
    }
    put(connection, t.frame_keys, [row])


def _put_events(connection: Connection, events: Sequence[EventRow], bounds: Bounds) -> None:
    if not events:
        return
    connection.execute(insert(t.device_event), [_event_values(e) for e in events])
    newest: int = connection.execute(select(func.max(t.device_event.c.id))).scalar_one()
    old = t.device_event.c.id <= newest - bounds.event_rows
    dropped = connection.execute(delete(t.device_event).where(old)).rowcount
    if dropped:
        count(connection, {("device_event_dropped", ""): dropped})


def _drop_beyond(connection: Connection, bounds: Bounds) -> None:
    size = connection.execute(select(t.quarantine_size.c.rows, t.quarantine_size.c.bytes)).one()
    rows_over, bytes_over = size[0] - bounds.quarantine_rows, size[1] - bounds.quarantine_bytes
    c = t.quarantine.c
    while rows_over > 0 or bytes_over > 0:
        oldest = select(c.seq, c.part, c.size, c.reason).order_by(c.seq, c.part).limit(_CHUNK)
        dropped: dict[tuple[str, str], int] = {}
        rows = freed = 0
        last = (0, 0)
        for seq, part, entry_size, reason in connection.execute(oldest):
            if rows_over <= rows and bytes_over <= freed:
                break
            rows, freed, last = rows + 1, freed + entry_size, (seq, part)
            dropped["quarantine_dropped", reason] = dropped.get(("quarantine_dropped", reason), 0) + 1
        connection.execute(delete(t.quarantine).where(tuple_(c.seq, c.part) <= tuple_(*last)))
        _resize(connection, -rows, -freed)
        count(connection, dropped)
        rows_over, bytes_over = rows_over - rows, bytes_over - freed


def _sizes(connection: Connection, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    c = t.quarantine.c
    found: dict[tuple[int, int], int] = {}
    for part in chunks(set(keys)):
        rows = connection.execute(select(c.seq, c.part, c.size).where(tuple_(c.seq, c.part).in_(part)))
        found.update({(row.seq, row.part): row.size for row in rows})
    return found


def _resize(connection: Connection, rows: int, size: int) -> None:
    c = t.quarantine_size.c
    connection.execute(update(t.quarantine_size).values({c.rows: c.rows + rows, c.bytes: c.bytes + size}))


def _quarantine_values(entry: QuarantineEntry) -> dict[str, Any]:
    values = msgspec.structs.asdict(entry)
    values["tags"] = tags = to_json(entry.tags)
    values["size"] = len(entry.payload) + len(entry.topic) + len(entry.detail) + len(tags)
    return storable(values)


def _event_values(event: EventRow) -> dict[str, Any]:
    values = msgspec.structs.asdict(event)
    del values["id"]
    values["body"] = to_json(event.body)
    return storable(values)


def _gateway_values(gateway: GatewayRow) -> dict[str, Any]:
    values = msgspec.structs.asdict(gateway)
    values["stats"] = None if gateway.stats is None else to_json(gateway.stats)
    return storable(values)


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def _upsert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    statement = _insert(dialect, table)
    changed = {c.name: statement.excluded[c.name] for c in table.columns if not c.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed)


@cache
def _counter_upsert(dialect: str) -> sqlite.Insert | postgresql.Insert:
    statement = _insert(dialect, t.counter)
    total = t.counter.c.value + statement.excluded.value
    return statement.on_conflict_do_update(index_elements=[t.counter.c.name, t.counter.c.label], set_={"value": total})


@cache
def _gateway_upsert(dialect: str) -> sqlite.Insert | postgresql.Insert:
    statement = _insert(dialect, t.gateway)
    new, old = statement.excluded, t.gateway.c
    changed: dict[str, ColumnElement[Any]] = {
        name: func.coalesce(new[name], old[name]) for name in ("online", "latitude", "longitude", "stats")
    }
    changed["last_seen_ms"] = case((new.last_seen_ms > old.last_seen_ms, new.last_seen_ms), else_=old.last_seen_ms)
    return statement.on_conflict_do_update(index_elements=[old.gateway_id], set_=changed)
