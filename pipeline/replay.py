"""Decoding again: journaled frames with a better decoder (`replay`), quarantined ones without their cause (`retry`)."""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway_bridge.uplink import Message
from pipeline.compare import Comparison, Difference
from pipeline.domain.keeper import Keeper
from pipeline.effects import Effects, QuarantineEntry
from pipeline.frames import FrameMemory, RecalledFrames
from pipeline.ingest import CONSUMER, ReadingsConsumer, judge
from pipeline.journal import Journal
from pipeline.latest import DeviceLatest, LatestBook
from pipeline.ports import ReadingStore
from pipeline.process import SIMULATED, InventoryBox, Outcome, Processor, refused_entry
from pipeline.reading import DeleteUnsupported, Refusal, UplinkRecords
from pipeline.rebuild import Rebuilder, Span, devices_on, journal_rows, touched
from pipeline.state import StateStore

log = logging.getLogger(__name__)

FUTURE_MS = 2 * 60 * 1000
"""No frame's time lies further than this after its reception (lns.md 6.3 a)."""
_BATCH = 2000
_PAGE = 1000
_HELD = 50  # devices whose records are read while the consumer stands still
_NOTHING = DeviceLatest(values={})


class ReplayRefused(Exception):
    """The replay would lose something; the text says what and what can be done instead."""


class _Order(Struct, frozen=True):
    """A replay on disk."""

    start_ms: int
    end_ms: int
    devices: list[str] | None


class ReplayReport(Struct):
    """What decoding again did. Counts are frames, except `records`."""

    frames: int = 0
    stored: int = 0
    records: int = 0
    quarantined: int = 0
    duplicates: int = 0


class Replayer:
    """Runs beside the living consumer: that one stands still only while the old records are deleted."""

    def __init__(
        self,
        journal: Journal,
        consumer: ReadingsConsumer,
        latest: LatestBook,
        store: ReadingStore,
        state: StateStore,
        processor: Callable[[FrameMemory, frozenset[str] | None], Processor],
        frames: Callable[[], FrameMemory],
        frames_age_ms: int,
        keeper: Keeper,
        inventory: InventoryBox,
        rebuilder: Rebuilder,
    ) -> None:
        """`processor` and `frames` build fresh ones: a replay has a memory of frames of its own."""
        self._journal = journal
        self._consumer = consumer
        self._latest = latest
        self._store = store
        self._state = state
        self._processor = processor
        self._frames = frames
        self._frames_age_ms = frames_age_ms
        self._keeper = keeper
        self._inventory = inventory
        self._rebuilder = rebuilder
        self._busy = asyncio.Lock()
        self.position: int | None = None
        """The journal may not remove messages beyond this one: a replay still reads them."""

    async def replay(self, start_ms: int, end_ms: int, devices: frozenset[str] | None) -> ReplayReport:
        """Replace all readings with a time in [start_ms, end_ms) by what the journal's frames decode to today.

        `devices` None: of every device. ReplayRefused when the journal no longer reaches back far enough;
        DeleteUnsupported when the store can't delete; StoreUnavailable, StoreMisconfigured: begin again.
        """
        self._check_reach(start_ms)
        self.position = await self._journal.seq_before(start_ms - FUTURE_MS - self._frames_age_ms)
        async with self._consumer.held() as last_seq:
            before = self._latest.snapshot(devices)
            for device in [None] if devices is None else sorted(devices):
                await self._store.delete(device, start_ms, end_ms)
                if device is not None:
                    await self._store.delete(f"{SIMULATED}{device}", start_ms, end_ms)
        memory = self._frames()
        processor = self._processor(memory, devices)
        book = LatestBook()
        report = ReplayReport()
        async for rows in journal_rows(self._journal, self.position, last_seq):
            self.position = rows[0][0] - 1
            await processor.work(rows)
            memory.take_fresh()
            outcome = await self._taken(processor)
            await self._write(_between(outcome, start_ms, end_ms), report, book, outcome)
        async with self._consumer.held():
            for device in before.keys() | book.devices.keys():
                self._latest.replace_between(
                    device, start_ms, end_ms, before.get(device, _NOTHING), book.devices.get(device, _NOTHING)
                )
            await self._commit_latest()
        inventory = self._inventory.current
        assets = touched(inventory, devices, start_ms, end_ms)
        await self._rebuilder.rebuild(assets, devices_on(inventory, assets), Span(start_ms, end_ms))
        return report

    async def resumable(self, marker: Path, start_ms: int, end_ms: int, devices: frozenset[str] | None) -> ReplayReport:
        """`replay` that a crash can't leave half done: `marker` tells the next start to repeat it."""
        if self._busy.locked():
            raise ReplayRefused("another replay is running: wait until it is done")
        async with self._busy:
            await self._resume(marker)
            self._check_reach(start_ms)
            wanted = None if devices is None else sorted(devices)
            _write_durably(marker, msgspec.json.encode(_Order(start_ms, end_ms, wanted)))
            try:
                report = await self.replay(start_ms, end_ms, devices)
            except (DeleteUnsupported, ReplayRefused):
                self._done(marker)  # nothing was touched
                raise
            self._done(marker)
            return report

    async def resume(self, marker: Path) -> None:
        """Repeat a replay that the last run did not finish. StoreUnavailable, StoreMisconfigured: call again."""
        async with self._busy:
            await self._resume(marker)

    async def _resume(self, marker: Path) -> None:
        order = _read(marker)
        if order is not None:
            log.warning("repeating a replay that was cut off", extra={"from": _utc(order.start_ms)})
            devices = None if order.devices is None else frozenset(order.devices)
            try:
                await self.replay(order.start_ms, order.end_ms, devices)
            except (DeleteUnsupported, ReplayRefused) as error:
                log.error("the replay can't be repeated", extra={"error": str(error)})
            self._done(marker)

    def _done(self, marker: Path) -> None:
        marker.unlink()
        self.position = None

    def _check_reach(self, start_ms: int) -> None:
        oldest = self._journal.figures()
        if (oldest.removed or oldest.first_seq > 1) and (oldest.oldest_ms or 0) > start_ms - FUTURE_MS:
            raise ReplayRefused(
                "the journal no longer holds every frame since then: what is older would be deleted and not come back;"
                f" replay from {_utc(oldest.oldest_ms)} or later"
            )

    async def difference(
        self, marker: Path, start_ms: int, end_ms: int, devices: frozenset[str] | None, limit: int
    ) -> Difference:
        """What `replay` would change, with the first `limit` changes in the order of time; nothing is written.

        ReplayRefused while a replay runs or waits to be repeated, or when the journal no longer reaches back far
        enough; StoreUnavailable, StoreMisconfigured.
        """
        if self._busy.locked() or _read(marker) is not None:
            raise ReplayRefused(
                "a replay is running or has to be repeated: there is nothing to compare with until then"
            )
        async with self._busy:
            self._check_reach(start_ms)
            self.position = await self._journal.seq_before(start_ms - FUTURE_MS - self._frames_age_ms)
            try:
                with Comparison() as sides:
                    return await self._compared(sides, self.position, start_ms, end_ms, devices, limit)
            finally:
                self.position = None

    async def _compared(
        self, sides: Comparison, first: int, start_ms: int, end_ms: int, devices: frozenset[str] | None, limit: int
    ) -> Difference:
        stored_to: dict[str, int] = {}
        async with self._consumer.held() as last_seq:
            known = sorted(self._latest.snapshot(devices) if devices is None else devices)
        for start in range(0, len(known), _HELD):
            async with self._consumer.held() as seq:
                for name in known[start : start + _HELD]:
                    for device in (name, f"{SIMULATED}{name}"):
                        await sides.take_old(self._store, device, start_ms, end_ms)
                        stored_to[device] = seq
        processor = self._processor(self._frames(), devices)
        quarantined = 0
        async for rows in journal_rows(self._journal, first, max(last_seq, *stored_to.values(), 0)):
            await processor.work(rows)
            outcome = _between(processor.take(), start_ms, end_ms)
            quarantined += len(outcome.quarantine)
            sides.take_new(
                record
                for uplink in outcome.uplinks
                for record in uplink.records
                if uplink.seq <= stored_to.get(record.tags.dev_eui, last_seq)
            )
        found = sides.difference(limit)
        found.quarantined = quarantined
        return found

    def recall(self) -> FrameMemory:
        """A memory of frames for `retry`, for all calls that belong together."""
        return RecalledFrames(self._consumer.frames)

    async def retry(self, entries: Sequence[QuarantineEntry], memory: FrameMemory) -> ReplayReport:
        """Decide again about quarantined messages, in journal order; what succeeds leaves the quarantine."""
        report = ReplayReport()
        processor = self._processor(memory, None)
        by_seq: dict[int, list[QuarantineEntry]] = {}
        for entry in sorted(entries, key=lambda e: (e.seq, e.part)):
            if entry.reason != "journal_corrupt":
                by_seq.setdefault(entry.seq, []).append(entry)
        sequences = list(by_seq)
        for start in range(0, len(sequences), _BATCH):
            chunk = sequences[start : start + _BATCH]
            first = [by_seq[seq][0] for seq in chunk]
            await processor.work(
                [(e.seq, Message(e.source, e.topic, e.payload, e.received_ms, e.flags)) for e in first]
            )
            memory.take_fresh()
            outcome = await self._taken(processor)
            async with self._consumer.held():
                await judge(self._keeper, outcome)
                self._consumer.stage(outcome.domain)
                await self._write(outcome, report, self._latest, outcome, chunk)
                await self._consumer.commit_staged()
                await self._commit_latest()
        return report

    async def _taken(self, processor: Processor) -> Outcome:
        outcome = processor.take()
        if outcome.provisioned:
            await self._consumer.enter(outcome.provisioned)
            processor.settle_new()
        return outcome

    async def _write(
        self,
        outcome: Outcome,
        report: ReplayReport,
        book: LatestBook,
        whole: Outcome,
        stale: Sequence[int] = (),
    ) -> None:
        refusals = await self._consumer.write(outcome.uplinks)
        for device, time_ms, event, told in outcome.told:
            book.learn(device, time_ms, event, told)
        entries = outcome.quarantine + _refused(refusals, whole)
        decided = {*stale, *(uplink.seq for uplink in outcome.uplinks)}
        await self._consumer.in_state_thread(partial(self._settle, decided, entries))
        report.frames += sum(n for (fate, _), n in whole.counts.items() if fate == "received")
        report.duplicates += sum(n for (fate, _), n in whole.counts.items() if fate == "duplicate")
        report.stored += len(outcome.uplinks)
        report.records += sum(len(u.records) for u in outcome.uplinks)
        report.quarantined += len(entries)

    def _settle(self, decided: set[int], entries: list[QuarantineEntry]) -> None:
        """What failed again is (or stays) in quarantine before what succeeded leaves it: a crash loses nothing."""
        self._state.commit(Effects(CONSUMER, None, quarantine=entries))
        kept = {(entry.seq, entry.part) for entry in entries}
        again = {seq for seq, _ in kept}
        self._state.quarantine_release(decided - again)
        after: tuple[int, int] | None = (min(again), -1) if again else None
        while after is not None:
            page = self._state.quarantine(reason="refused_by_store", after=after, limit=_PAGE)
            self._state.quarantine_delete(
                (e.seq, e.part) for e in page if e.seq in again and (e.seq, e.part) not in kept
            )
            after = (page[-1].seq, page[-1].part) if len(page) == _PAGE and page[-1].seq <= max(again) else None

    async def _commit_latest(self) -> None:
        effects = Effects(CONSUMER, None, latest=self._latest.take_changes())
        await self._consumer.in_state_thread(partial(self._state.commit, effects))
        for device in self._latest.take_gone():
            await self._consumer.in_state_thread(partial(self._state.clear_latest, device))


def _between(outcome: Outcome, start_ms: int, end_ms: int) -> Outcome:
    """The part of an outcome that lies in the time range: records by their own time, the rest by its frame's."""
    uplinks = []
    for uplink in outcome.uplinks:
        records = tuple(r for r in uplink.records if start_ms <= r.time_ms < end_ms)
        if records:
            uplinks.append(UplinkRecords(uplink.seq, records))
    told = [
        (device, time_ms, event, [t for t in values if start_ms <= t.time_ms < end_ms])
        for device, time_ms, event, values in outcome.told
    ]
    quarantine = [
        e for e in outcome.quarantine if start_ms <= outcome.quarantined_ms.get((e.seq, e.part), e.received_ms) < end_ms
    ]
    return Outcome(uplinks=uplinks, told=told, quarantine=quarantine)


def _read(marker: Path) -> _Order | None:
    return msgspec.json.decode(marker.read_bytes(), type=_Order) if marker.exists() else None


def _write_durably(path: Path, content: bytes) -> None:
    """Either the whole file is there after a crash, or the one before."""
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _refused(refusals: Sequence[Refusal], outcome: Outcome) -> list[QuarantineEntry]:
    entries = []
    for part, refusal in enumerate(refusals, 1):
        line = f"{refusal.record.measurement} {refusal.record.time_ms} {refusal.record.fields}"
        message = outcome.raw[refusal.seq]
        entries.append(refused_entry(message, refusal.seq, part, refusal.record.tags.dev_eui, line, refusal.error))
    return entries


def _utc(ms: int | None) -> str:
    return "now" if ms is None else datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
