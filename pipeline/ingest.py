"""The readings consumer: journal -> processor -> store -> cursor. The shell around `pipeline.process`.

While one batch is written the next ones are decoded; batches are written one after the other, in order. The cursor
moves, with everything else the batch changed, in one transaction of the state database and only after the store has
confirmed the batch. Killed anywhere, it repeats at most what was not yet committed, and repeating changes nothing.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

from msgspec import Struct, field

from gateway_bridge.uplink import Message
from pipeline.adopt import NewDevice, adoption_changes
from pipeline.domain.keeper import Keeper, join
from pipeline.effects import DomainChanges, Effects, EventRow, GatewayRow, QuarantineEntry
from pipeline.frames import FrameMemory
from pipeline.journal import Journal, JournalCorrupt, JournalUnavailable
from pipeline.latest import LatestBook
from pipeline.ports import ReadingStore
from pipeline.process import InventoryBox, Outcome, Processor, note_gateway, refused_entry
from pipeline.reading import Record, Refusal, StoreMisconfigured, StoreUnavailable, UplinkRecords
from pipeline.state import StateStore, StateUnavailable

T = TypeVar("T")
log = logging.getLogger(__name__)

CONSUMER = "readings"
_SLICE = 100
_HOURS_GRACE_MS = 2 * 60 * 1000  # what is that long on its way still comes before the full hour
_COMMIT_EVERY_S = 1.0
_COMMIT_UPLINKS = 20_000
_BATCHES_AHEAD = 2  # of what the store has taken: one that it writes, one that waits
_RETRY_S = (0.25, 15.0)


class ConsumerState(Struct):
    """What `/health/ready` and the metrics say about the way from the journal to the store."""

    cursor: int = 0
    """Everything up to this journal sequence number is stored or in quarantine, and committed."""
    trouble: str = ""
    """Why the store or the state database takes nothing at the moment; empty while they do."""
    misconfigured: bool = False
    """The trouble needs a person: wrong password, missing database ..."""
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(fate, connection) since the process started."""
    records: int = 0
    partly_stored: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    """Quarantine entries dropped because of its bounds, by reason, since ever."""
    last_event_ms: int = 0
    oldest_pending_ms: int = 0
    """Reception time of the first message that is not stored; 0 when there is none."""
    lag_ms: int = 0
    """From reception to stored, of the last message of the last batch."""


class _Staged(Struct):
    """Effects of stored batches that wait for the next commit."""

    seq: int = 0
    uplinks: int = 0
    frame_keys: list[bytes] = field(default_factory=list)
    quarantine: list[QuarantineEntry] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    gateways: dict[str, GatewayRow] = field(default_factory=dict)
    provisioned: list[NewDevice] = field(default_factory=list)
    domain: DomainChanges = field(default_factory=DomainChanges)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)


class _Flying(Struct, frozen=True):
    """A batch on its way to the store."""

    outcome: Outcome
    frame_keys: bytes
    writing: "asyncio.Task[list[Refusal]]"


class ReadingsConsumer:
    """One consumer of the journal with its own cursor; `run` works until cancelled, `held` makes it stand still."""

    def __init__(
        self,
        journal: Journal,
        processor: Processor,
        frames: FrameMemory,
        inventory: InventoryBox,
        latest: LatestBook,
        store: ReadingStore,
        state: StateStore,
        now_ms: Callable[[], int],
        batch_uplinks: int,
        frames_age_ms: int,
        keeper: Keeper,
    ) -> None:
        self._keeper = keeper
        self._journal = journal
        self._processor = processor
        self._frames = frames
        self._inventory = inventory
        self._latest = latest
        self._store = store
        self._database = state
        self._now_ms = now_ms
        self._batch = batch_uplinks
        self._frames_age_ms = frames_age_ms
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="state")
        self._staged = _Staged()
        self._committed_at = 0.0
        self._read_to = 0
        self._flying: deque[_Flying] = deque()
        self._hold = asyncio.Lock()
        self._changed = asyncio.Event()
        self.state = ConsumerState()

    @property
    def frames(self) -> FrameMemory:
        """Which frames were seen, to look at."""
        return self._frames

    async def load(self) -> None:
        """Take up what the last run committed: cursor, frame identities, latest values."""
        cursor, keys, rows = await self.in_state_thread(self._load)
        self.state.cursor = self._read_to = self._staged.seq = cursor
        self._frames.load(keys)
        self._latest.load(rows)
        self.state.dropped = await self.in_state_thread(self._dropped)

    def _load(self) -> tuple[int, list[bytes], list[tuple[str, str]]]:
        rows = [(row.dev_eui, row.body) for row in self._database.latest_all()]
        return self._database.cursor(CONSUMER), list(self._database.frame_keys_since(0)), rows

    async def in_state_thread(self, work: Callable[[], T]) -> T:
        """Run something on the state database in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def run(self) -> None:
        """Consume until cancelled. Trouble of the store or the state database is waited out."""
        try:
            while True:
                async with self._hold:
                    if self._journal.last_seq > self._read_to:
                        await self._advance()
                    else:
                        await self._settle_down()
                await self._journal.wait_beyond(-1 if self._flying else self._read_to)
        finally:
            for batch in self._flying:
                batch.writing.cancel()

    async def _advance(self) -> None:
        """Process the next batch and send it on its way behind those that are."""
        outcome, keys = await self._next()
        while self._flying and (len(self._flying) >= _BATCHES_AHEAD or self._flying[0].writing.done()):
            await self._land()
        before = self._flying[-1].writing if self._flying else None
        writing = asyncio.create_task(self._write_behind(before, outcome.uplinks), name="store-write")
        self._flying.append(_Flying(outcome, keys, writing))

    async def _write_behind(
        self, before: "asyncio.Task[list[Refusal]] | None", uplinks: Sequence[UplinkRecords]
    ) -> list[Refusal]:
        if before is not None:
            await asyncio.wait({before})
        return await self.write(uplinks)

    async def _land(self) -> None:
        """Wait until the oldest batch is stored; its other effects are staged."""
        refusals = await self._flying[0].writing
        await self._stage(self._flying.popleft(), refusals)

    async def _settle_down(self) -> None:
        """Nothing more to read: land what flies and commit it."""
        while self._flying:
            await self._land()
        await self._commit()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[int]:
        """Stand still with everything read so far stored and committed; gives the cursor."""
        async with self._hold:
            await self._settle_down()
            yield self.state.cursor

    async def pass_hours(self) -> None:
        """Let detectors know of the hours that have passed while nothing came; only when nothing waits."""
        if self._journal.last_seq > self._read_to:
            return
        async with self.held():
            for _ in self._keeper.hours(_HOURS_GRACE_MS, _SLICE):
                await asyncio.sleep(0)
            self._staged.domain.add(self._keeper.take())
            await self._commit()

    def stage(self, changes: DomainChanges) -> None:
        """What detectors said of messages outside of the batches: committed next, whatever happens meanwhile."""
        self._staged.domain.add(changes)

    async def commit_staged(self) -> None:
        """Commit what is staged; only while the consumer is held."""
        await self._commit()

    async def _next(self) -> tuple[Outcome, bytes]:
        """Read and process about one batch."""
        rows = await self._rows()
        for start in range(0, len(rows), _SLICE):
            await self._processor.work(rows[start : start + _SLICE])
            await asyncio.sleep(0)  # sources, API and the running write get their turn
        if rows:
            self._read_to = rows[-1][0]
        outcome = self._processor.take()
        await judge(self._keeper, outcome)
        outcome.last_seq = self._read_to
        outcome.first_ms = rows[0][1].received_ms if rows else 0
        if not self.state.oldest_pending_ms:
            self.state.oldest_pending_ms = outcome.first_ms
        return outcome, self._frames.take_fresh()

    async def _rows(self) -> list[tuple[int, Message]]:
        pause = _RETRY_S[0]
        while True:
            try:
                rows = await self._journal.read(self._read_to, self._batch)
            except JournalCorrupt as damage:
                log.error("journal row damaged, kept in quarantine", extra={"seq": damage.seq, "messages": damage.n})
                self._processor.damaged(damage.seq, damage.n, damage.body, str(damage))
                self._read_to = damage.seq + damage.n - 1
                return []
            except JournalUnavailable as error:
                self.note_trouble(f"journal: {error}")
                await asyncio.sleep(pause)
                pause = min(pause * 2, _RETRY_S[1])
                continue
            self.note_well("journal:")
            return rows

    async def write(self, uplinks: Sequence[UplinkRecords]) -> list[Refusal]:
        """Write until the store confirms; gives what it refused for good."""
        pause = _RETRY_S[0]
        while uplinks:
            try:
                refusals = await self._store.write(uplinks)
            except (StoreUnavailable, StoreMisconfigured) as error:
                self.note_trouble(f"store: {error}", isinstance(error, StoreMisconfigured))
                await asyncio.sleep(pause)
                pause = min(pause * 2, _RETRY_S[1])
                continue
            self.note_well("store:")
            return refusals
        return []

    async def _stage(self, landed: "_Flying", refusals: list[Refusal]) -> None:
        """The store has the batch: its other effects wait for the commit."""
        staged, outcome = self._staged, landed.outcome
        for device, time_ms, event, told in outcome.told:
            self._latest.learn(device, time_ms, event, told)
            self.state.last_event_ms = max(self.state.last_event_ms, time_ms)
        staged.seq = outcome.last_seq
        staged.uplinks += len(outcome.uplinks)
        staged.frame_keys.append(landed.frame_keys)
        staged.quarantine += outcome.quarantine
        staged.events += outcome.events
        for gateway in outcome.gateways.values():
            note_gateway(staged.gateways, gateway)
        staged.provisioned += outcome.provisioned
        staged.domain.add(outcome.domain)
        staged.counts += outcome.counts
        self._refused(refusals, outcome)
        self.state.records += sum(len(u.records) for u in outcome.uplinks) - len(refusals)
        if outcome.raw:
            self.state.lag_ms = self._now_ms() - next(reversed(outcome.raw.values())).received_ms
        self.state.oldest_pending_ms = self._flying[0].outcome.first_ms if self._flying else 0
        now = asyncio.get_running_loop().time()
        if now - self._committed_at > _COMMIT_EVERY_S or staged.uplinks > _COMMIT_UPLINKS:
            await self._commit()

    def _refused(self, refusals: Sequence[Refusal], outcome: Outcome) -> None:
        """Refused records go to quarantine; their uplinks count as partly stored."""
        parts: Counter[int] = Counter()
        for refusal in refusals:
            parts[refusal.seq] += 1
            record = refusal.record
            line = f"{record.measurement} {record.tags.dev_eui} {record.channel} {record.time_ms} {record.fields}"
            message = outcome.raw[refusal.seq]
            self._staged.quarantine.append(
                refused_entry(message, refusal.seq, parts[refusal.seq], record.tags.dev_eui, line, refusal.error)
            )
            self._staged.counts["quarantine_reason", "refused_by_store"] += 1
        self.state.partly_stored += len(parts)

    async def _commit(self) -> None:
        """Cursor and all effects in one transaction, repeated until it succeeds."""
        staged = self._staged
        moves = staged.seq > self.state.cursor
        if not moves and not staged.domain.states:
            return
        effects = Effects(
            CONSUMER,
            staged.seq if moves else None,
            frame_keys=b"".join(staged.frame_keys) or None,
            newest_ms=self._frames.newest_ms,
            latest=self._latest.take_changes(),
            quarantine=staged.quarantine,
            events=staged.events,
            gateways=list(staged.gateways.values()),
            counters={("fate", f"{fate}:{label}"): n for (fate, label), n in staged.counts.items()},
            domain=staged.domain,
            keep_frames_from_ms=self._frames.newest_ms - 2 * self._frames_age_ms,
        )
        pause = _RETRY_S[0]
        while True:
            try:
                if staged.provisioned:
                    await self.enter(staged.provisioned)
                    self._processor.settle_new()
                await self.in_state_thread(partial(self._database.commit, effects))
                if staged.quarantine:
                    self.state.dropped = await self.in_state_thread(self._dropped)
                break
            except StateUnavailable as error:
                self.note_trouble(f"state database: {error}")
                await asyncio.sleep(pause)
                pause = min(pause * 2, _RETRY_S[1])
        self.note_well("state database:")
        self.state.cursor = staged.seq
        self.state.counts += staged.counts
        self._staged = _Staged(seq=staged.seq)
        self._committed_at = asyncio.get_running_loop().time()
        self._changed.set()

    def _dropped(self) -> dict[str, int]:
        return {why: n for (name, why), n in self._database.counters().items() if name == "quarantine_dropped"}

    async def enter(self, new: Sequence[NewDevice]) -> None:
        """Put devices that were made from what their network server says into the inventory. StateUnavailable."""
        changes = adoption_changes(new)
        self._inventory.current = await self.in_state_thread(partial(self._database.provision, changes))

    async def reached(self, seq: int) -> None:
        """Return when everything up to `seq` is stored and committed, or trouble says that waiting won't help."""
        while self.state.cursor < seq and not self.state.trouble:
            self._changed.clear()
            await self._changed.wait()

    def note_trouble(self, text: str, misconfigured: bool = False) -> None:
        """Something that readings need takes nothing: `store: ...`, `state database: ...`; logged once."""
        if self.state.trouble.partition(":")[0] != text.partition(":")[0]:
            log.error("readings wait in the journal", extra={"error": text})
        self.state.trouble, self.state.misconfigured = text, misconfigured
        self._changed.set()

    def note_well(self, what: str) -> None:
        """It works again."""
        if self.state.trouble.startswith(what):
            log.warning("readings flow again", extra={"after": self.state.trouble})
            self.state.trouble, self.state.misconfigured = "", False

    async def close(self) -> None:
        """Let go of the state thread."""
        self._thread.shutdown()


async def judge(keeper: Keeper, outcome: Outcome) -> None:
    """Ask the detectors about what a batch became: their records join it, their changes are `outcome.domain`."""
    pending, made = keeper.pending(outcome), dict[int, list[Record]]()
    for start in range(0, len(pending), _SLICE):
        keeper.work(pending[start : start + _SLICE], outcome, made)
        await asyncio.sleep(0)
    join(outcome, made)
    outcome.domain = keeper.take()
