"""The demo's broker, both engines: it carries messages, keeps what waits, and never stays behind."""

import asyncio
import importlib.util
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import aiomqtt
import psutil
import pytest

from gateway_bridge.broker import BrokerFailed, DemoBroker, Engine, free_port
from gateway_bridge.delivery import Ticket
from gateway_bridge.settings import ConnectionSettings
from gateway_bridge.source import MqttSource
from gateway_bridge.uplink import Message
from tests.services_mosquitto import free_port as any_port
from tests.services_mosquitto import mosquitto_path

pytestmark = pytest.mark.broker


@pytest.fixture(params=["mosquitto", "iotcore"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine that this machine has."""
    if request.param == "mosquitto":
        mosquitto_path()
        return "mosquitto"
    if importlib.util.find_spec("iotcore") is None:
        pytest.skip("iotcore is not installed (pip install 'loracity[demo]')")
    return "iotcore"


class Collector:
    paused = False

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.enough = asyncio.Event()
        self.wanted = 0

    def deliver(self, batch: Sequence[Message], ticket: Ticket) -> None:
        self.messages.extend(batch)
        ticket.settle()
        if len(self.messages) >= self.wanted:
            self.enough.set()


async def publish(port: int, count: int) -> None:
    async with aiomqtt.Client("127.0.0.1", port) as client:
        for number in range(count):
            await client.publish("a/up", b"x" * 30_000 + str(number).encode(), qos=1)


def source_of(port: int, protocol: str, sink: Collector) -> MqttSource:
    mqtt = {"port": port, "protocol": protocol, "client_id": "demo", "reconnect_max_s": 0.2}
    settings = ConnectionSettings.model_validate({"name": "demo", "mqtt": mqtt})
    return MqttSource(settings, ["a/+"], sink, lambda: 0, random.Random(1))


async def session(port: int, protocol: str, wanted: int) -> list[Message]:
    """Connect with the demo's session, wait for so many messages, leave in good order."""
    sink = Collector()
    sink.wanted = wanted
    source = source_of(port, protocol, sink)
    task = asyncio.create_task(source.run())
    if wanted:
        await asyncio.wait_for(sink.enough.wait(), 15)
    else:
        end = time.monotonic() + 15
        while not source.state.subscribed:
            assert time.monotonic() < end, source.state.last_error
            await asyncio.sleep(0.01)
    await source.stop()
    await asyncio.wait_for(task, 5)
    return sink.messages


def children(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


async def gone(processes: list[psutil.Process]) -> None:
    _gone, alive = await asyncio.to_thread(psutil.wait_procs, processes, 10)
    assert not alive, f"left behind: {alive}"


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
async def test_it_queues_for_an_absent_bridge_and_leaves_nothing_behind(
    engine: Engine, protocol: str, tmp_path: Path
) -> None:
    """Messages published while the bridge is away are there when it comes; after the block no process is left."""
    before = {process.pid for process in children(os.getpid())}
    async with DemoBroker(tmp_path / "my broker", any_port(), engine) as broker:
        assert broker.engine == engine
        port = broker.port_v5 if protocol == "5" else broker.port
        await session(port, protocol, 0)
        await publish(broker.port, 50)
        messages = await session(port, protocol, 50)
        assert [message.payload[30_000:] for message in messages] == [str(at).encode() for at in range(50)]
        ours = [process for process in children(os.getpid()) if process.pid not in before]
        assert ours
    await gone(ours)
    await broker.watch()  # returns: it was stopped, it did not fail


async def test_mosquitto_keeps_its_queue_over_a_restart(tmp_path: Path) -> None:
    """A second `make demo` goes on where the first one ended."""
    mosquitto_path()
    async with DemoBroker(tmp_path, any_port(), "mosquitto") as broker:
        await session(broker.port, "3.1.1", 0)
        await publish(broker.port, 5)
    async with DemoBroker(tmp_path, any_port(), "mosquitto") as broker:
        assert len(await session(broker.port, "3.1.1", 5)) == 5


async def test_a_crash_is_reported(engine: Engine, tmp_path: Path) -> None:
    """A broker that dies is no silence: watch() raises."""
    before = {process.pid for process in children(os.getpid())}
    async with DemoBroker(tmp_path, any_port(), engine) as broker:
        watching = asyncio.create_task(broker.watch())
        ours = [process for process in children(os.getpid()) if process.pid not in before]
        leaf = next(process for process in ours if not process.children())
        leaf.send_signal(signal.SIGKILL)
        with pytest.raises(BrokerFailed, match="ended with status 137"):
            await asyncio.wait_for(watching, 10)
    await gone(ours)


async def test_a_taken_port_is_said(engine: Engine, tmp_path: Path) -> None:
    """The caller asks free_port first; if somebody was faster, the message names the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BrokerFailed, match=str(port)):
            async with DemoBroker(tmp_path, port, engine):
                pass


CHILD = """
import signal
import asyncio, sys
from pathlib import Path
from gateway_bridge.broker import DemoBroker
async def main():
    async with DemoBroker(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]):
        print("ready", flush=True)
        await asyncio.sleep(60)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a CI may start its children with SIGINT ignored
asyncio.run(main())
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_the_broker_ends_with_us_however_we_end(engine: Engine, end: signal.Signals, tmp_path: Path) -> None:
    """Even after kill -9 of the demo no broker keeps the port."""
    port = any_port()
    arguments = [sys.executable, "-c", CHILD, str(tmp_path), str(port), engine]
    process = await asyncio.create_subprocess_exec(
        *arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"ready\n"
    left = children(process.pid)
    assert len(left) == 2
    process.send_signal(end)
    await gone(left)
    await asyncio.wait_for(process.wait(), 10)
    end_by = time.monotonic() + 5
    while free_port(port) != port:
        assert time.monotonic() < end_by, "the port is still taken"
        await asyncio.sleep(0.05)
