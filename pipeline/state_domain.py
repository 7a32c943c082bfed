"""The statements about detectors' states and domain events."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, delete, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline import tables as t
from pipeline.domain.words import DomainEvent
from pipeline.effects import DomainChanges, DomainEventRow, DomainState

_CHUNK = 500
_PAGE = 1000
_SAID = ("asset", "kind", "start_ms", "end_ms", "ongoing", "confidence", "values", "detector", "withdrawn")
"""What makes a version of an event; the same again is no revision."""


class EventFilter(msgspec.Struct, frozen=True):
    """Which domain events; empty tuples and None take all. Times are Unix ms, `end_ms` exclusive."""

    assets: tuple[str, ...] | None = None
    kinds: tuple[str, ...] = ()
    start_ms: int | None = None
    """Events that reach beyond this: begun later, ended later, or ongoing."""
    end_ms: int | None = None
    """Events begun before this."""
    withdrawn: bool = False
    """Also those that turned out not to have happened."""


def put_domain(connection: Connection, changes: DomainChanges) -> None:
    """Write states and events. An event that changes gets the next revision, a withdrawn one stays and says so."""
    if changes.states:
        _upsert_states(connection, list(changes.states.values()))
    if changes.events:
        rows = [_values(event, changes.updated_ms) for event in changes.events.values()]
        connection.execute(_event_upsert(connection.dialect.name), rows)
    c = t.domain_event.c
    gone = sorted(changes.withdrawn)
    for start in range(0, len(gone), _CHUNK):
        connection.execute(
            update(t.domain_event)
            .where(c.id.in_(gone[start : start + _CHUNK]), c.withdrawn.is_(False))
            .values(withdrawn=True, ongoing=False, revision=c.revision + 1, updated_ms=changes.updated_ms)
        )


def trim_events(connection: Connection, before_ms: int) -> int:
    """Forget events that began and ended before; the number."""
    c = t.domain_event.c
    old = (c.start_ms < before_ms) & c.ongoing.is_(False) & ((c.end_ms.is_(None)) | (c.end_ms < before_ms))
    return connection.execute(delete(t.domain_event).where(old)).rowcount


def read_states(connection: Connection) -> Iterator[DomainState]:
    """All states, by asset."""
    after = ""
    table = t.domain_state
    while True:
        query = select(table).where(table.c.asset > after).order_by(table.c.asset).limit(_PAGE)
        rows = connection.execute(query).all()
        for row in rows:
            yield DomainState(*row)
        if len(rows) < _PAGE:
            return
        after = rows[-1].asset


def drop_states(connection: Connection, assets: Sequence[str]) -> None:
    """Forget the states of these assets."""
    for start in range(0, len(assets), _CHUNK):
        part = assets[start : start + _CHUNK]
        connection.execute(delete(t.domain_state).where(t.domain_state.c.asset.in_(part)))


def read_events(
    connection: Connection, asked: EventFilter, limit: int | None, before: tuple[int, str] | None
) -> list[DomainEventRow]:
    """Newest first by start, then id; `before` is (start, id) where the last page ended."""
    c = t.domain_event.c
    query = _query(asked)
    if before is not None:
        query = query.where(tuple_(c.start_ms, c.id) < tuple_(*before))
    if asked.assets is None or len(asked.assets) <= _CHUNK:
        return [_row(row) for row in connection.execute(query if limit is None else query.limit(limit))]
    wanted = frozenset(asked.assets)  # more than one statement can name
    rows = (row for row in connection.execute(query.execution_options(yield_per=_PAGE)) if row.asset in wanted)
    return [_row(row) for row in islice(rows, limit)]


def _query(asked: EventFilter) -> Select[Any]:
    c = t.domain_event.c
    query: Select[Any] = select(t.domain_event).order_by(c.start_ms.desc(), c.id.desc())
    if not asked.withdrawn:
        query = query.where(c.withdrawn.is_(False))
    if asked.kinds:
        query = query.where(c.kind.in_(asked.kinds))
    if asked.start_ms is not None:
        query = query.where(or_(c.start_ms >= asked.start_ms, c.end_ms >= asked.start_ms, c.ongoing.is_(True)))
    if asked.end_ms is not None:
        query = query.where(c.start_ms < asked.end_ms)
    if asked.assets is not None and len(asked.assets) <= _CHUNK:
        query = query.where(c.asset.in_(asked.assets))
    return query


def _row(row: Row[Any]) -> DomainEventRow:
    values = row._asdict()
    more = {name: values.pop(name) for name in ("revision", "withdrawn", "updated_ms")}
    values["values"] = msgspec.json.decode(values["values"])
    return DomainEventRow(DomainEvent(**values), **more)


def _values(event: DomainEvent, updated_ms: int) -> Mapping[str, Any]:
    values = msgspec.structs.asdict(event)
    values["values"] = msgspec.json.encode(event.values, order="sorted").decode()
    return {**values, "revision": 1, "withdrawn": False, "updated_ms": updated_ms}


def _insert(dialect: str, table: Any) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _upsert_states(connection: Connection, states: Sequence[DomainState]) -> None:
    connection.execute(_state_upsert(connection.dialect.name), [state._asdict() for state in states])


@cache
def _state_upsert(dialect: str) -> sqlite.Insert | postgresql.Insert:
    statement = _insert(dialect, t.domain_state)
    changed = {name: statement.excluded[name] for name in ("detector", "version", "body")}
    return statement.on_conflict_do_update(index_elements=[t.domain_state.c.asset], set_=changed)


@cache
def _event_upsert(dialect: str) -> sqlite.Insert | postgresql.Insert:
    statement = _insert(dialect, t.domain_event)
    old, new = t.domain_event.c, statement.excluded
    changed = {name: new[name] for name in (*_SAID, "updated_ms")} | {"revision": old.revision + 1}
    differs = or_(*(old[name].is_distinct_from(new[name]) for name in _SAID))
    return statement.on_conflict_do_update(index_elements=[old.id], set_=changed, where=differs)
