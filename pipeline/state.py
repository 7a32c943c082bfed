"""The state database: cursors, frame keys, latest values, quarantine, events, counters and the inventory.

All methods are synchronous and safe to call from any thread, one connection a call; async code calls them in a worker
thread. Every method raises StateUnavailable (try the same again) or StateUnusable (a person must act).
"""

from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import Select, delete, func, select, tuple_

from pipeline import database
from pipeline import tables as t
from pipeline.database import StateUnavailable, StateUnusable
from pipeline.effects import DomainEventRow, DomainState, Effects, EventRow, GatewayRow, LatestRow, QuarantineEntry
from pipeline.inventory import Inventory, InventoryChanges
from pipeline.state_domain import EventFilter, drop_states, read_events, read_states, trim_events
from pipeline.state_inventory import REVISION, lock_inventory, read_inventory, write_changes
from pipeline.state_rows import (
    Bounds,
    CursorMovedOn,
    apply_effects,
    chunks,
    delete_quarantine,
    event_row,
    gateway_row,
    quarantine_entry,
)

__all__ = [
    "CursorMovedOn",
    "Effects",
    "EventRow",
    "GatewayRow",
    "LatestRow",
    "QuarantineEntry",
    "StateStore",
    "StateUnavailable",
    "StateUnusable",
]

_FRAME_KEYS_PAGE = 100
_LATEST_PAGE = 1000


class StateStore:
    """The state behind one SQLAlchemy URL (`sqlite:////absolute/path/state.db`, `postgresql+psycopg://...`).

    Call `migrate` once before anything else. ValueError for a SQLite URL without a file.
    """

    def __init__(
        self,
        url: str,
        *,
        quarantine_max_rows: int = 200_000,
        quarantine_max_bytes: int = 256 * 1024 * 1024,
        event_max_rows: int = 200_000,
    ) -> None:
        self._engine = database.open_engine(url)
        self._bounds = Bounds(quarantine_max_rows, quarantine_max_bytes, event_max_rows)

    def migrate(self) -> None:
        """Bring the schema to this release's; again changes nothing. StateUnusable for a newer release's database."""
        database.migrate(self._engine)

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    # -- the journal's consumers ---------------------------------------------------------------------------------

    def cursor(self, consumer: str) -> int:
        """The last journal sequence that this consumer is done with; 0 for a new one."""
        with database.reading(self._engine) as connection:
            found = connection.execute(select(t.cursor.c.seq).where(t.cursor.c.consumer == consumer)).scalar()
        return int(found or 0)

    def cursors(self) -> dict[str, int]:
        """Every consumer's cursor."""
        with database.reading(self._engine) as connection:
            return {row.consumer: row.seq for row in connection.execute(select(t.cursor))}

    def commit(self, effects: Effects) -> None:
        """Write the effects and the cursor in one transaction, durable on return.

        May be repeated after StateUnavailable: what was already done is not done twice. CursorMovedOn when the cursor
        is beyond `effects.seq`.
        """
        with database.writing(self._engine) as connection:
            apply_effects(connection, effects, self._bounds)

    def frame_keys_since(self, ms: int, consumer: str | None = None) -> Iterator[bytes]:
        """The frame keys whose newest frame is at or after `ms`, in journal order; of one consumer, or of all."""
        c = t.frame_keys.c
        after = (-1, "")
        while True:
            key = tuple_(c.last_seq, c.consumer)
            query = select(c.last_seq, c.consumer, c.body).where(c.newest_ms >= ms, key > tuple_(*after))
            if consumer is not None:
                query = query.where(c.consumer == consumer)
            with database.reading(self._engine) as connection:
                rows = connection.execute(query.order_by(c.last_seq, c.consumer).limit(_FRAME_KEYS_PAGE)).all()
            for row in rows:
                yield row.body
            if len(rows) < _FRAME_KEYS_PAGE:
                return
            after = (rows[-1].last_seq, rows[-1].consumer)

    # -- latest values -------------------------------------------------------------------------------------------

    def latest_all(self) -> Iterator[LatestRow]:
        """Every device's latest values, by DevEUI."""
        after = ""
        while True:
            query = select(t.latest).where(t.latest.c.dev_eui > after).order_by(t.latest.c.dev_eui).limit(_LATEST_PAGE)
            with database.reading(self._engine) as connection:
                rows = connection.execute(query).all()
            for row in rows:
                yield LatestRow(row.dev_eui, row.body, row.last_seen_ms)
            if len(rows) < _LATEST_PAGE:
                return
            after = rows[-1].dev_eui

    def latest_of(self, dev_eui: str) -> LatestRow | None:
        """One device's latest values; None when nothing was heard."""
        with database.reading(self._engine) as connection:
            row = connection.execute(select(t.latest).where(t.latest.c.dev_eui == dev_eui)).one_or_none()
        return None if row is None else LatestRow(row.dev_eui, row.body, row.last_seen_ms)

    def clear_latest(self, dev_eui: str | None = None) -> int:
        """Forget one device's latest values, or all, before they are rebuilt; the number of devices."""
        query = delete(t.latest)
        if dev_eui is not None:
            query = query.where(t.latest.c.dev_eui == dev_eui)
        with database.writing(self._engine) as connection:
            return connection.execute(query).rowcount

    # -- quarantine ----------------------------------------------------------------------------------------------

    def quarantine(
        self,
        *,
        reason: str | None = None,
        dev_eui: str | None = None,
        profile: str | None = None,
        limit: int = 100,
        after: tuple[int, int] | None = None,
    ) -> list[QuarantineEntry]:
        """Entries in journal order that match every given filter exactly, from behind the key `after` = (seq, part)."""
        c = t.quarantine.c
        query: Select[tuple[object, ...]] = select(t.quarantine).order_by(c.seq, c.part).limit(limit)
        for column, wanted in ((c.reason, reason), (c.dev_eui, dev_eui), (c.profile, profile)):
            if wanted is not None:
                query = query.where(column == wanted)
        if after is not None:
            query = query.where(tuple_(c.seq, c.part) > tuple_(*after))
        with database.reading(self._engine) as connection:
            return [quarantine_entry(row) for row in connection.execute(query)]

    def quarantine_entry(self, seq: int, part: int) -> QuarantineEntry | None:
        """One entry; None when it is not (or no longer) there."""
        c = t.quarantine.c
        with database.reading(self._engine) as connection:
            row = connection.execute(select(t.quarantine).where(c.seq == seq, c.part == part)).one_or_none()
        return None if row is None else quarantine_entry(row)

    def quarantine_delete(self, keys: Iterable[tuple[int, int]]) -> int:
        """Remove the entries with these (seq, part), all or none; the number that existed."""
        with database.writing(self._engine) as connection:
            return delete_quarantine(connection, keys)

    def quarantine_release(self, sequences: Iterable[int]) -> int:
        """Remove all entries of these messages, all or none; the number of entries."""
        c = t.quarantine.c
        with database.writing(self._engine) as connection:
            keys: list[tuple[int, int]] = []
            for chunk in chunks(sequences):
                keys += [
                    (row.seq, row.part) for row in connection.execute(select(c.seq, c.part).where(c.seq.in_(chunk)))
                ]
            return delete_quarantine(connection, keys)

    def quarantine_counts(self) -> dict[str, int]:
        """Entries by reason."""
        c = t.quarantine.c
        with database.reading(self._engine) as connection:
            rows = connection.execute(select(c.reason, func.count()).group_by(c.reason))
            return {row[0]: row[1] for row in rows}

    def quarantine_size(self) -> tuple[int, int]:
        """Entries and bytes (payloads and texts) in quarantine: what the bounds limit."""
        with database.reading(self._engine) as connection:
            row = connection.execute(select(t.quarantine_size.c.rows, t.quarantine_size.c.bytes)).one()
        return int(row[0]), int(row[1])

    # -- events, gateways, counters ------------------------------------------------------------------------------

    def events(
        self,
        dev_eui: str | None = None,
        *,
        gateway_id: str | None = None,
        kind: str | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> list[EventRow]:
        """Newest first, those that match every given filter; `before` is the id where the last page ended."""
        c = t.device_event.c
        query: Select[tuple[object, ...]] = select(t.device_event).order_by(c.id.desc()).limit(limit)
        for column, wanted in ((c.dev_eui, dev_eui), (c.gateway_id, gateway_id), (c.kind, kind)):
            if wanted is not None:
                query = query.where(column == wanted)
        if before is not None:
            query = query.where(c.id < before)
        with database.reading(self._engine) as connection:
            return [event_row(row) for row in connection.execute(query)]

    def gateways(self) -> list[GatewayRow]:
        """Every gateway heard of, by id."""
        with database.reading(self._engine) as connection:
            rows = connection.execute(select(t.gateway).order_by(t.gateway.c.gateway_id))
            return [gateway_row(row) for row in rows]

    def counters(self) -> dict[tuple[str, str], int]:
        """The persistent counters by (name, label)."""
        with database.reading(self._engine) as connection:
            return {(row.name, row.label): row.value for row in connection.execute(select(t.counter))}

    # -- detectors -----------------------------------------------------------------------------------------------

    def domain_states(self) -> list[DomainState]:
        """The state of every asset's detector."""
        with database.reading(self._engine) as connection:
            return list(read_states(connection))

    def domain_drop(self, assets: Iterable[str]) -> None:
        """Forget what detectors know of these assets; their events stay."""
        with database.writing(self._engine) as connection:
            drop_states(connection, sorted(assets))

    def domain_events(
        self, asked: EventFilter, *, limit: int | None = 100, before: tuple[int, str] | None = None
    ) -> list[DomainEventRow]:
        """Newest first by start, then id; `before` is (start, id) where the last page ended, `limit` None takes all."""
        with database.reading(self._engine) as connection:
            return read_events(connection, asked, limit, before)

    def domain_trim(self, before_ms: int) -> int:
        """Forget domain events that ended before (Unix ms); the number."""
        with database.writing(self._engine) as connection:
            return trim_events(connection, before_ms)

    # -- inventory -----------------------------------------------------------------------------------------------

    def inventory(self) -> Inventory:
        """The whole inventory as a snapshot."""
        with database.reading(self._engine) as connection:
            return read_inventory(connection)

    def inventory_revision(self) -> int:
        """A number that rises with every change of the inventory: a cheap question before reading it again."""
        c = t.counter.c
        query = select(c.value).where(c.name == REVISION[0], c.label == REVISION[1])
        with database.reading(self._engine) as connection:
            return int(connection.execute(query).scalar() or 0)

    def change_inventory(self, decide: Callable[[Inventory], InventoryChanges | None]) -> Inventory:
        """Change the inventory in one transaction and give back the new one.

        `decide` sees the stored inventory, which nobody else can change meanwhile, and must be pure; None (or any error
        it raises) changes nothing. InventoryError when the result would contradict itself: nothing is changed then.
        """
        with database.writing(self._engine) as connection:
            lock_inventory(connection)
            now = read_inventory(connection)
            changes = decide(now)
            if changes is None:
                return now
            new = now.changed(changes)
            write_changes(connection, changes)
            return new

    def apply(self, changes: InventoryChanges) -> Inventory:
        """Make these changes, whatever is there. InventoryError: nothing was changed."""
        return self.change_inventory(lambda _: changes)

    def provision(self, changes: InventoryChanges) -> Inventory:
        """Add what isn't there yet and leave the rest alone; safe to repeat. Merge many devices into one call
        (`pipeline.inventory.merge_changes`): each call reads the whole inventory."""
        return self.change_inventory(lambda now: now.missing(changes))
