"""Detectors once more over what the journal holds: after a replay, and for detectors whose version changed.

Nobody is notified of what comes out: it is history. What the journal no longer holds is not relearned.
"""

import logging
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from gateway_bridge.uplink import Message
from pipeline.domain.keeper import Keeper
from pipeline.domain.words import DomainEvent, is_derived
from pipeline.effects import DomainChanges, Effects
from pipeline.frames import FrameMemory
from pipeline.ingest import CONSUMER, ReadingsConsumer, judge
from pipeline.inventory import Inventory
from pipeline.journal import Journal, JournalCorrupt
from pipeline.latest import LatestBook
from pipeline.process import Outcome, Processor
from pipeline.reading import UplinkRecords
from pipeline.state import StateStore
from pipeline.state_domain import EventFilter

log = logging.getLogger(__name__)

_BATCH = 2000


class Span(NamedTuple):
    """A range of time, Unix ms; `end_ms` exclusive."""

    start_ms: int
    end_ms: int


ALWAYS = Span(0, 1 << 62)


class Rebuilder:
    """Runs beside the living consumer, which stands still only for the last stretch."""

    def __init__(
        self,
        journal: Journal,
        consumer: ReadingsConsumer,
        latest: LatestBook,
        state: StateStore,
        keeper: Keeper,
        fresh: Callable[[frozenset[str] | None], Keeper],
        processor: Callable[[FrameMemory, frozenset[str] | None], Processor],
        frames: Callable[[], FrameMemory],
    ) -> None:
        """`keeper` is the living one; `fresh` makes an empty one for some assets, or all."""
        self._journal = journal
        self._consumer = consumer
        self._latest = latest
        self._state = state
        self._keeper = keeper
        self._fresh = fresh
        self._processor = processor
        self._frames = frames
        self.position: int | None = None
        """The journal may not remove messages beyond this one."""

    async def rebuild(self, assets: frozenset[str] | None, devices: frozenset[str] | None, span: Span) -> None:
        """Replace what detectors know of these assets (None: all), the events since the span's start and the derived
        records within it, by what they make of the journal today. `devices` are all that ever hung on the assets.
        StateUnavailable: begin again."""
        if assets is not None and not assets:
            return
        figures = self._journal.figures()
        cut = figures.removed > 0 or figures.first_seq > 1
        floor_ms = max(span.start_ms, (figures.oldest_ms or 0) if cut else 0)
        self.position = max(0, figures.first_seq - 1)
        try:
            fresh, said = self._fresh(assets), DomainChanges()
            processor = self._processor(self._frames(), devices)
            seq = self._consumer.state.cursor
            await self._run(processor, fresh, said, self.position, seq, span)
            async with self._consumer.held() as cursor:
                await self._run(processor, fresh, said, seq, cursor, span)
                fresh.follow_clock(self._keeper)
                said.add(fresh.take())
                await self._settle(assets, fresh, said, floor_ms)
        finally:
            self.position = None

    async def _run(
        self, processor: Processor, fresh: Keeper, said: DomainChanges, first: int, last: int, span: Span
    ) -> None:
        async for rows in journal_rows(self._journal, first, last):
            await processor.work(rows)
            outcome = processor.take()
            await judge(fresh, outcome)
            said.add(outcome.domain)
            await self._consumer.write(_derived(outcome, span))
            for device, time_ms, _, told in outcome.told:
                derived = [one for one in told if is_derived(one.channel)]
                if derived and span.start_ms <= time_ms < span.end_ms:
                    self._latest.learn(device, time_ms, None, derived)

    async def _settle(self, assets: frozenset[str] | None, fresh: Keeper, said: DomainChanges, floor_ms: int) -> None:
        wanted = EventFilter(None if assets is None else tuple(assets), start_ms=floor_ms)
        rows = await self._consumer.in_state_thread(lambda: self._state.domain_events(wanted, limit=None))
        known = {row.event.id: row.event for row in rows}

        def concerned(event: DomainEvent) -> bool:
            return event.start_ms >= floor_ms or event.id in known

        changes = DomainChanges(
            fresh.states(),
            {name: event for name, event in said.events.items() if concerned(event)},
            {name for name, event in known.items() if event.start_ms >= floor_ms and name not in said.events},
            said.updated_ms,
        )
        effects = Effects(CONSUMER, None, latest=self._latest.take_changes(), domain=changes)
        await self._consumer.in_state_thread(lambda: self._state.commit(effects))
        self._keeper.replace(changes.states, fresh)
        log.info("detectors rebuilt", extra={"assets": len(changes.states), "withdrawn": len(changes.withdrawn)})


def touched(inventory: Inventory, devices: frozenset[str] | None, start_ms: int, end_ms: int) -> frozenset[str] | None:
    """The assets that these devices hung on in the range (Unix ms); None: all, where all devices are meant."""
    if devices is None:
        return None
    return frozenset(
        row.asset
        for row in inventory.assignments.values()
        if row.dev_eui in devices and row.start_ms < end_ms and (row.end_ms is None or row.end_ms > start_ms)
    )


def devices_on(inventory: Inventory, assets: frozenset[str] | None) -> frozenset[str] | None:
    """Every device that ever hung on one of the assets; None: all."""
    if assets is None:
        return None
    return frozenset(row.dev_eui for row in inventory.assignments.values() if row.asset in assets)


async def journal_rows(journal: Journal, first: int, last: int) -> AsyncIterator[list[tuple[int, Message]]]:
    """The journal's readable messages behind `first` up to `last`, in batches."""
    after = first
    while after < last:
        try:
            rows = await journal.read(after, _BATCH)
        except JournalCorrupt as damage:
            after = damage.seq + damage.n - 1
            continue
        rows = [row for row in rows if row[0] <= last]
        if not rows:
            return
        yield rows
        after = rows[-1][0]


def _derived(outcome: Outcome, span: Span) -> list[UplinkRecords]:
    found = []
    for uplink in outcome.uplinks:
        records = tuple(r for r in uplink.records if span.start_ms <= r.time_ms < span.end_ms and is_derived(r.channel))
        if records:
            found.append(UplinkRecords(uplink.seq, records))
    return found
