"""The journal: what is appended is read back in order, whatever maintenance does in between."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from gateway_bridge.uplink import Message
from pipeline.journal import Journal, JournalCorrupt, JournalUnavailable

HOUR_MS = 3_600_000


def message(n: int, size: int = 40) -> Message:
    return Message("source", f"topic/{n}", Random(n).randbytes(size), 1_000_000 + n, 0)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(tmp_path / "journal.db", 10_000_000, HOUR_MS)
    yield opened
    await opened.close()


async def read_all(journal: Journal, after: int = 0, limit: int = 7) -> list[tuple[int, Message]]:
    found: list[tuple[int, Message]] = []
    while rows := await journal.read(after, limit):
        found += rows
        after = rows[-1][0]
    return found


async def test_gives_back_what_was_appended(journal: Journal) -> None:
    """Sequence numbers start at 1 and rise by one per message, over rows of any size."""
    messages = [message(n) for n in range(100)]
    for start, end in ((0, 1), (1, 40), (40, 41), (41, 100)):
        assert await journal.append(messages[start:end]) == end
    assert await read_all(journal) == list(enumerate(messages, 1))


async def test_a_cursor_may_point_into_a_row(journal: Journal) -> None:
    """Reading after the middle of a row gives the rest of that row first."""
    await journal.append([message(n) for n in range(50)])
    assert [seq for seq, _ in await journal.read(20, 100)] == list(range(21, 51))
    assert await journal.read(50, 100) == []


async def test_goes_on_where_the_last_process_stopped(tmp_path: Path) -> None:
    """The numbering continues after the file is opened again."""
    for expected in (1, 2, 3):
        journal = Journal(tmp_path / "journal.db", 1_000_000, HOUR_MS)
        assert await journal.append([message(expected)]) == expected
        await journal.close()


async def test_compaction_keeps_every_message_and_shrinks_the_file(journal: Journal) -> None:
    """Passed small rows become few large ones; unpassed rows stay as they are; reading is the same before and after."""
    payload = Message("source", "application/x/device/y/event/up", b'{"time":"2026-11-22T10:00:00Z"}' * 30, 5_000_000)
    for _ in range(1200):
        await journal.append([payload])
    before, size = await read_all(journal, limit=500), journal.bytes
    figures = await journal.maintain(1100, 5_000_000)
    assert figures.compacted_rows >= 990
    assert journal.bytes < size / 4
    assert await read_all(journal, limit=500) == before
    assert (await journal.read(777, 1))[0][0] == 778


async def test_reading_and_compacting_at_once(journal: Journal) -> None:
    """The reader unpacks rows on the loop while the journal's thread merges others."""
    for n in range(3000):
        await journal.append([message(n, 2000)])
    found, figures = await asyncio.gather(read_all(journal, limit=5), journal.maintain(3000, 0))
    assert found == [(n + 1, message(n, 2000)) for n in range(3000)]
    assert figures.compacted_rows > 2400


async def test_age_removes_only_what_every_consumer_has_passed(journal: Journal) -> None:
    """Old rows beyond the cursor stay, and the newest row always stays: it carries the numbering."""
    for n in range(10):
        await journal.append([message(n)])
    figures = await journal.maintain(4, 1_000_000 + 100 * HOUR_MS)
    assert (figures.removed, figures.first_seq) == (4, 5)
    figures = await journal.maintain(10, 1_000_000 + 100 * HOUR_MS)
    assert (figures.removed, figures.first_seq, figures.last_seq) == (9, 10, 10)


async def test_a_cap_full_of_unread_messages_refuses_more(tmp_path: Path) -> None:
    """Nothing unread is ever removed for space; once the consumer has passed, the journal takes messages again."""
    journal = Journal(tmp_path / "journal.db", 1_000_000, HOUR_MS)
    while journal.bytes < 1_000_000:
        await journal.append([message(journal.last_seq, 10_000)], passed=0)
    with pytest.raises(JournalUnavailable, match="cap of 1000000 bytes"):
        await journal.append([message(0)], passed=0)
    held = journal.last_seq
    assert 90 < held < 110
    assert len(await read_all(journal)) == held
    assert await journal.append([message(1)], passed=held) == held + 1
    assert journal.bytes < 950_000
    await journal.close()


async def test_a_full_disk_takes_nothing_and_then_recovers(tmp_path: Path) -> None:
    """SQLite's own page limit stands for the disk: the append fails as a whole and later succeeds."""
    journal = Journal(tmp_path / "journal.db", 10_000_000, HOUR_MS)
    await journal.append([message(1)])
    await journal._run(lambda: journal._db.execute("PRAGMA max_page_count=8").fetchall())
    with pytest.raises(JournalUnavailable, match="full"):
        await journal.append([message(2, 100_000)])
    assert len(await read_all(journal)) == 1
    await journal._run(lambda: journal._db.execute("PRAGMA max_page_count=100000").fetchall())
    assert await journal.append([message(2, 100_000)]) == 2
    await journal.close()


async def test_a_damaged_row_is_reported_and_passed(tmp_path: Path) -> None:
    """One flipped byte is noticed by the checksum; the rows around it are read."""
    journal = Journal(tmp_path / "journal.db", 10_000_000, HOUR_MS)
    for n in range(3):
        await journal.append([message(n, 500)])
    await journal.close()
    with sqlite3.connect(tmp_path / "journal.db") as db:
        body = bytearray(db.execute("SELECT body FROM batch WHERE seq = 2").fetchone()[0])
        body[100] ^= 1
        db.execute("UPDATE batch SET body = ? WHERE seq = 2", (bytes(body),))
    db.close()
    journal = Journal(tmp_path / "journal.db", 10_000_000, HOUR_MS)
    assert [seq for seq, _ in await journal.read(0, 100)] == [1]
    with pytest.raises(JournalCorrupt) as damage:
        await journal.read(1, 100)
    assert (damage.value.seq, damage.value.n) == (2, 1)
    assert [seq for seq, _ in await journal.read(2, 100)] == [3]
    await journal.close()


async def test_finds_the_place_for_a_time(journal: Journal) -> None:
    """Every message received at or after the time lies behind the answer."""
    for n in range(10):
        await journal.append([message(n * 1000)])
    assert await journal.seq_before(1_000_000 + 5000) == 5
    assert await journal.seq_before(0) == 0
    assert await journal.seq_before(10**12) == 10
