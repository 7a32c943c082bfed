"""The simulator against a real Mosquitto: everything counted is delivered, over restarts too."""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest
import yaml

from simulators.cli import add_arguments, run
from simulators.fleet import build_fleet
from simulators.load import LoadSource, load_fleet
from simulators.load_publisher import LoadPublisher, PublishError
from simulators.publish import Broker, Counts, publish_city, publish_load
from tests.services_mosquitto import MosquittoServer, free_port, random_id

pytestmark = pytest.mark.broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[MosquittoServer]:
    server = MosquittoServer(tmp_path / "broker")
    server.start()
    yield server
    server.stop()


class Listener:
    """Keeps every payload."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self.payloads: list[bytes] = []
        self._client = client

    async def received(self, count: int) -> None:
        """Wait for so many messages in all."""
        await self._until(lambda: len(self.payloads) >= count)

    async def received_different(self, count: int) -> None:
        """Wait for so many different messages."""
        await self._until(lambda: len(set(self.payloads)) >= count)

    async def _until(self, enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not enough():
                message = await anext(self._client.messages)
                assert isinstance(message.payload, bytes)
                self.payloads.append(message.payload)


@asynccontextmanager
async def listening(server: MosquittoServer, client_id: str | None = None) -> AsyncIterator[Listener]:
    """A subscriber to everything at QoS 1, with a session of its own that outlives it."""
    client = aiomqtt.Client("127.0.0.1", server.port, identifier=client_id or random_id("ear"), clean_session=False)
    async with client:
        await client.subscribe("#", qos=1)
        yield Listener(client)


def ids(payloads: list[bytes]) -> list[str]:
    return [json.loads(payload)["deduplicationId"] for payload in payloads]


async def test_load_arrives_completely(broker: MosquittoServer) -> None:
    """Every good and every broken message that was counted is delivered once."""
    counts = Counts()
    async with listening(broker) as listener:
        source = LoadSource(load_fleet(20, 1))
        await publish_load(Broker(port=broker.port), source, counts, total=3_000, garbage=0.05, window=500)
        assert counts.good == 3_000 and counts.garbage > 0 and counts.resent == 0
        await listener.received(counts.good + counts.garbage)
    assert len(listener.payloads) == counts.good + counts.garbage
    whole = [payload for payload in listener.payloads if payload.endswith(b'"regionConfigId":"eu868"}')]
    assert len(set(ids(whole))) == 3_000 <= len(whole)


async def test_nothing_is_lost_when_the_broker_restarts(broker: MosquittoServer) -> None:
    """What was not acknowledged is sent again: all messages arrive, some perhaps twice."""
    ear = random_id("ear")
    async with listening(broker, ear):
        pass
    source, published = LoadSource(load_fleet(20, 1)), 0
    async with LoadPublisher("127.0.0.1", broker.port, client_id="load", window=200) as publisher:
        for number in range(4_000):
            await publisher.publish(source.message(number, 1_767_225_600_000))
            published += 1
            if number in (1_000, 2_500):
                await asyncio.to_thread(broker.restart)
        await publisher.drain()
        assert publisher.acknowledged == published == 4_000
        assert publisher.resent > 0
    async with listening(broker, ear) as listener:
        await listener.received_different(4_000)
    assert len(set(ids(listener.payloads))) == 4_000


async def test_rate_is_kept(broker: MosquittoServer) -> None:
    """600 messages at 2,000 a second take 0.3 seconds, not less."""
    counts = Counts()
    source = LoadSource(load_fleet(20, 1))
    await publish_load(Broker(port=broker.port), source, counts, total=600, rate=2_000)
    assert 0.28 < counts.seconds < 5


async def test_refused_and_absent_brokers_are_errors(tmp_path: Path) -> None:
    """A wrong password fails at once, a missing broker after the patience."""
    server = MosquittoServer(tmp_path / "closed", user=("city", "right"))
    server.start()
    try:
        with pytest.raises(PublishError, match="refused"):
            async with LoadPublisher("127.0.0.1", server.port, client_id="a", username="city", password="wrong"):
                pass
        async with LoadPublisher(
            "127.0.0.1", server.port, client_id="b", username="city", password="right"
        ) as publisher:
            await publisher.publish(LoadSource(load_fleet(5, 1)).message(0, 1_767_225_600_000))
            await publisher.drain()
    finally:
        server.stop()
    with pytest.raises(PublishError, match="no broker"):
        async with LoadPublisher("127.0.0.1", free_port(), client_id="c", patience_s=0.1):
            pass


async def test_city_survives_a_restart_of_the_broker(broker: MosquittoServer) -> None:
    """The living city goes on when the broker comes back, in order and without a gap."""
    ear, counts = random_id("ear"), Counts()
    async with listening(broker, ear) as listener:
        work = publish_city(Broker(port=broker.port), build_fleet(1), counts, speed=5_000.0, count=2_000, start_ms=1)
        city = asyncio.create_task(work)
        await listener.received(40)
    async with asyncio.timeout(30):
        await asyncio.to_thread(broker.restart)
        await city
    assert counts.good == 2_000
    assert counts.resent == 1
    seen = listener.payloads
    async with listening(broker, ear) as listener:
        listener.payloads.extend(seen)
        await listener.received_different(2_000)
    assert len(set(listener.payloads)) == 2_000


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


async def test_command_publishes_and_prints_counts(broker: MosquittoServer, capsys: pytest.CaptureFixture[str]) -> None:
    """`simulate` ends with exit code 0 and one JSON line of counts."""
    assert await run(arguments("--port", str(broker.port), "--rate", "0", "--count", "200", "--devices", "10")) == 0
    assert json.loads(capsys.readouterr().out)["good"] == 200
    assert await run(arguments("--port", str(broker.port), "--speed", "9000", "--count", "60", "--lns", "tts")) == 0
    assert json.loads(capsys.readouterr().out)["good"] == 60


async def test_command_prints_the_inventory_without_a_broker(capsys: pytest.CaptureFixture[str]) -> None:
    """`simulate --inventory` needs nothing and describes the same city that would be published."""
    assert await run(arguments("--inventory", "--bins", "3", "--seed", "5")) == 0
    document = yaml.safe_load(capsys.readouterr().out)
    assert sum(asset["kind"] == "waste_bin" for asset in document["assets"]) == 3


@pytest.mark.parametrize("words", [["--speed", "0"], ["--garbage", "1"], ["--rate", "-1"], ["--count", "x"]])
def test_impossible_arguments_are_refused(words: list[str]) -> None:
    """argparse ends with code 2 before anything is connected."""
    with pytest.raises(SystemExit, match="2"):
        arguments(*words)
