"""The way into the journal: nobody is told before the commit, and a failing journal tells nobody anything but 503."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from gateway_bridge.uplink import Message
from pipeline.intake import Intake
from pipeline.journal import Journal, JournalUnavailable


class Ticket:
    """Notes how many messages were on disk when it was settled."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.settled_at: list[int] = []
        self.done = asyncio.Event()

    def settle(self) -> None:
        self.settled_at.append(self.journal.last_seq)
        self.done.set()


class FailingJournal(Journal):
    """Fails like a full disk until told otherwise."""

    failing = False

    async def append(self, messages: Sequence[Message], passed: int = 0) -> int:
        if self.failing:
            raise JournalUnavailable("database or disk is full")
        return await super().append(messages, passed)


def messages(count: int) -> list[Message]:
    return [Message("s", "t", str(n).encode(), n) for n in range(count)]


async def test_settles_after_the_commit_in_order_of_delivery(tmp_path: Path) -> None:
    """Each ticket is settled once, when all its messages and all before them are on disk."""
    journal = Journal(tmp_path / "j.db", 10_000_000, 3_600_000)
    intake = Intake(journal, lambda: 0)
    task = asyncio.create_task(intake.run())
    tickets = [Ticket(journal) for _ in range(30)]
    for ticket in tickets:
        intake.deliver(messages(100), ticket)
        assert not ticket.settled_at
    async with asyncio.timeout(10):
        await intake.drained()
    assert all(len(t.settled_at) == 1 and t.settled_at[0] >= 100 * n for n, t in enumerate(tickets, 1))
    assert intake.state.journaled == journal.last_seq == 3000
    assert intake.state.commits < 30, "deliveries share commits"
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await journal.close()


async def test_a_failing_journal_refuses_http_and_holds_mqtt(tmp_path: Path) -> None:
    """Webhooks hear of it at once; MQTT messages wait unacknowledged and are journaled in order when it recovers."""
    journal = FailingJournal(tmp_path / "j.db", 10_000_000, 3_600_000)
    intake = Intake(journal, lambda: 0)
    task = asyncio.create_task(intake.run())
    journal.failing = True
    waiting = Ticket(journal)
    async with asyncio.timeout(10):
        intake.deliver(messages(3), waiting)
        with pytest.raises(JournalUnavailable):
            await intake.store(messages(1))
        assert intake.paused
        with pytest.raises(JournalUnavailable):
            await intake.store(messages(1))
        assert not waiting.settled_at
        assert intake.state.failure == "database or disk is full"
        journal.failing = False
        await waiting.done.wait()
        assert not intake.paused
        await intake.store(messages(2))
    assert journal.last_seq == 5
    assert [m.payload for _, m in await journal.read(0, 10)] == [b"0", b"1", b"2", b"0", b"1"]
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await journal.close()
