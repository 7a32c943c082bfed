"""The way into the journal: commits in groups what the sources deliver, and only then lets them acknowledge."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from msgspec import Struct

from gateway_bridge.delivery import Ticket
from gateway_bridge.uplink import Message
from pipeline.journal import MAX_ROW_MESSAGES, Journal, JournalUnavailable

log = logging.getLogger(__name__)

_QUIET_S = 0.004
_LONGEST_S = 0.05
_MAX_COMMIT_BYTES = 8_000_000
_RETRY_S = (0.2, 5.0)


class _Answer:
    """The ticket of a sender that can't wait (HTTP): it is told at once when the journal fails."""

    def __init__(self) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def settle(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def refuse(self, error: JournalUnavailable) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class _Delivery(Struct, gc=False):
    messages: Sequence[Message]
    ticket: Ticket


class IntakeState(Struct):
    """What `/health/ready` and the metrics say about the way into the journal."""

    failure: str = ""
    """Why the journal takes nothing at the moment; empty while it does."""
    journaled: int = 0
    commits: int = 0
    refused: int = 0


class Intake:
    """Group commit in front of the journal. `deliver` never blocks; `paused` asks the sources to stop reading."""

    def __init__(self, journal: Journal, passed: Callable[[], int]) -> None:
        self._journal = journal
        self._passed = passed
        self._queue: deque[_Delivery] = deque()
        self._waiting = 0
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.state = IntakeState()

    @property
    def paused(self) -> bool:
        """True while nothing can be committed: more input would only fill memory."""
        return bool(self.state.failure)

    def deliver(self, batch: Sequence[Message], ticket: Ticket) -> None:
        """Take messages from a sender that can wait (MQTT); the ticket is settled once they are on disk, in order."""
        self._put(_Delivery(batch, ticket))

    async def store(self, messages: Sequence[Message]) -> None:
        """Return once the messages are on disk. JournalUnavailable while the journal fails (HTTP answers 503)."""
        if self.state.failure:
            self.state.refused += len(messages)
            raise JournalUnavailable(self.state.failure)
        answer = _Answer()
        self._put(_Delivery(messages, answer))
        await answer.done

    def _put(self, delivery: _Delivery) -> None:
        self._queue.append(delivery)
        self._waiting += len(delivery.messages)
        self._idle.clear()
        self._arrived.set()

    async def run(self) -> None:
        """Commit until cancelled. A failing journal is tried again with back-off; senders wait or are refused."""
        pause = _RETRY_S[0]
        while True:
            await self._arrived.wait()
            await self._gather()
            try:
                await self._commit()
                pause = _RETRY_S[0]
            except JournalUnavailable as error:
                self._failed(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _RETRY_S[1])
            if not self._queue:
                self._arrived.clear()
                self._idle.set()

    async def drained(self) -> None:
        """Return when everything delivered so far is on disk."""
        await self._idle.wait()

    async def _gather(self) -> None:
        """Wait until the input goes quiet, a row is full, or the oldest message has waited long enough."""
        deadline = asyncio.get_running_loop().time() + _LONGEST_S
        while self._waiting < MAX_ROW_MESSAGES and asyncio.get_running_loop().time() < deadline:
            before = self._waiting
            await asyncio.sleep(_QUIET_S)
            if self._waiting == before:
                return

    async def _commit(self) -> None:
        taken: list[_Delivery] = []
        count = size = 0
        while self._queue and count < MAX_ROW_MESSAGES and size < _MAX_COMMIT_BYTES:
            delivery = self._queue.popleft()
            taken.append(delivery)
            count += len(delivery.messages)
            size += sum(len(m.payload) for m in delivery.messages)
        messages = [message for delivery in taken for message in delivery.messages]
        if not messages:
            return
        try:
            await self._journal.append(messages, self._passed())
        except JournalUnavailable as error:
            for delivery in reversed(taken):
                if isinstance(delivery.ticket, _Answer):
                    self.state.refused += len(delivery.messages)
                    delivery.ticket.refuse(error)
                else:
                    self._queue.appendleft(delivery)
            self._waiting = sum(len(d.messages) for d in self._queue)
            raise
        self._waiting -= count
        self.state.commits += 1
        self.state.journaled += count
        self._recovered()
        for delivery in taken:
            delivery.ticket.settle()

    def _failed(self, error: JournalUnavailable) -> None:
        if not self.state.failure:
            log.error(
                "journal takes nothing: acknowledging has stopped, senders keep their messages",
                extra={"error": str(error)},
            )
        self.state.failure = str(error)

    def _recovered(self) -> None:
        if self.state.failure:
            log.warning("journal takes messages again")
            self.state.failure = ""
