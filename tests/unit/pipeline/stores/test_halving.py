"""Halving against two kinds of server: one that keeps the good lines of a refused request, one that keeps none."""

import random
from collections.abc import Sequence

import pytest

from pipeline.reading import Record, StoreUnavailable, Tags
from pipeline.stores.halving import RecordLine, UplinkLines, send_halving


class Server:
    """Refuses requests with a bad line or more than `most` lines."""

    def __init__(self, keeps_good: bool, most: int = 10**9) -> None:
        self.keeps_good = keeps_good
        self.most = most
        self.stored: set[bytes] = set()
        self.requests: list[list[bytes]] = []

    async def send(self, lines: Sequence[bytes]) -> str | None:
        self.requests.append(list(lines))
        if len(lines) > self.most:
            return "too large"
        bad = [line for line in lines if line.startswith(b"bad")]
        if self.keeps_good or not bad:
            self.stored |= set(lines) - set(bad)
        return f"refused {bad[0].decode()}" if bad else None


def uplink(seq: int, *lines: bytes) -> UplinkLines:
    return UplinkLines(
        seq, tuple(RecordLine(Record("soil", Tags("d"), line.decode(), seq, {}), line) for line in lines)
    )


@pytest.mark.parametrize("keeps_good", [True, False])
async def test_exactly_the_bad_lines_are_refused(keeps_good: bool) -> None:
    """Whatever lies around them is stored, with the server's words for each refused record."""
    chance = random.Random(5)
    for _ in range(50):
        batch = [
            uplink(
                seq,
                *(
                    (b"bad" if chance.random() < 0.1 else b"good") + f"-{seq}-{n}".encode()
                    for n in range(chance.randrange(1, 4))
                ),
            )
            for seq in range(chance.randrange(0, 40))
        ]
        lines = [line.line for each in batch for line in each.lines]
        server = Server(keeps_good)
        refusals = await send_halving(batch, server.send)
        bad = [line for line in lines if line.startswith(b"bad")]
        assert sorted(refusal.record.channel.encode() for refusal in refusals) == sorted(bad)
        assert all(refusal.error == f"refused {refusal.record.channel}" for refusal in refusals)
        assert server.stored == set(lines) - set(bad)


async def test_an_uplink_is_split_only_when_it_fails_alone() -> None:
    """Requests hold whole uplinks until the bad one is found."""
    batch = [uplink(seq, *(f"good-{seq}-{n}".encode() for n in range(3))) for seq in range(16)]
    batch[9] = uplink(9, b"good-9-0", b"bad-9-1", b"good-9-2")
    server = Server(keeps_good=False)
    assert [refusal.seq for refusal in await send_halving(batch, server.send)] == [9]
    for request in server.requests:
        if len(request) < 3:
            assert all(b"-9-" in line for line in request)
        else:
            assert len(request) % 3 == 0


async def test_too_large_is_split_and_nothing_refused() -> None:
    """413 for a body too large."""
    server = Server(keeps_good=False, most=5)
    assert await send_halving([uplink(seq, f"good-{seq}".encode()) for seq in range(33)], server.send) == []
    assert len(server.stored) == 33


async def test_few_requests() -> None:
    """Three bad uplinks in a thousand take less than 70 requests; a good batch takes one, an empty one none."""
    batch = [uplink(seq, (b"bad" if seq in (1, 400, 999) else b"good") + str(seq).encode()) for seq in range(1000)]
    server = Server(keeps_good=False)
    assert len(await send_halving(batch, server.send)) == 3
    assert len(server.requests) < 70
    for size in (1, 0):
        quiet = Server(keeps_good=True)
        await send_halving(batch[2 : 2 + size], quiet.send)
        assert len(quiet.requests) == size


async def test_trouble_passes_through() -> None:
    """An outage in the middle ends the attempt; nobody is told that a line was refused."""

    async def send(lines: Sequence[bytes]) -> str | None:
        if len(lines) < 4:
            raise StoreUnavailable("gone")
        return "bad"

    with pytest.raises(StoreUnavailable):
        await send_halving([uplink(seq, b"bad") for seq in range(8)], send)
