"""The simulator's shell: publishes the living city in real time, or load as fast as asked for."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from random import Random
from typing import Any

import aiomqtt

from simulators.city import city_messages
from simulators.envelope import Message
from simulators.faults import broken
from simulators.fleet import Fleet
from simulators.load import LoadSource, with_garbage
from simulators.load_publisher import LoadPublisher, PublishError

_RECONNECT_S = 1.0
_ANSWER_S = 3.0
_TICK_S = 0.01


@dataclass(frozen=True, slots=True)
class Broker:
    """Where to publish."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = None
    client_id: str = "loracity-simulator"


@dataclass(slots=True)
class Counts:
    """What was sent; kept up to date while sending. After a complete run all of it is acknowledged by the broker."""

    good: int = 0
    garbage: int = 0
    resent: int = 0
    seconds: float = 0.0


_FOR_GOOD = frozenset({0x85, 0x86, 0x87, 0x8A, 0x8C})
"""CONNACK reasons that trying again does not mend: client id, user or password, rights, banned, method."""


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


async def publish_city(
    broker: Broker,
    fleet: Fleet,
    counts: Counts,
    *,
    speed: float = 1.0,
    count: int | None = None,
    garbage: float = 0.0,
    start_ms: int | None = None,
) -> None:
    """Publish the living city at QoS 1 until `count` good messages or cancellation; survives the broker's absence.

    A message that the broker did not acknowledge before the connection broke is sent again. PublishError when it
    refuses our login.
    """
    started, chance = time.monotonic(), Random(f"garbage {fleet.seed}")
    begin = now_ms() if start_ms is None else start_ms
    pending = islice(city_messages(fleet, begin, speed), count)
    current = next(pending, None)
    while current is not None:
        try:
            async with _client(broker) as client:
                while current is not None:
                    await asyncio.sleep(max(current.due_ms - now_ms(), 0) / 1000)
                    if chance.random() < garbage:
                        wrong = broken(current.message, chance)
                        await client.publish(wrong.topic, wrong.payload, qos=1)
                        counts.garbage += 1
                    await client.publish(current.message.topic, current.message.payload, qos=1)
                    counts.good += 1
                    current = next(pending, None)
        except aiomqtt.MqttError as error:
            if isinstance(error, aiomqtt.MqttCodeError) and getattr(error.rc, "value", error.rc) in _FOR_GOOD:
                raise PublishError(f"the broker refuses us: {error}") from error
            counts.resent += 1
            await asyncio.sleep(_RECONNECT_S)
        finally:
            counts.seconds = round(time.monotonic() - started, 3)


def _client(broker: Broker) -> aiomqtt.Client:
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        identifier=broker.client_id,
        timeout=_ANSWER_S,
    )


def load_publisher(broker: Broker, **more: Any) -> LoadPublisher:
    """A publisher at full speed to this broker; `more` is what `LoadPublisher` takes besides."""
    return LoadPublisher(
        broker.host,
        broker.port,
        client_id=broker.client_id,
        username=broker.username,
        password=broker.password,
        **more,
    )


async def publish_load(
    broker: Broker,
    source: LoadSource,
    counts: Counts,
    *,
    total: int,
    rate: float = 0.0,
    garbage: float = 0.0,
    seed: int = 1,
    window: int = 2_000,
) -> None:
    """Publish uplinks 0 to `total` - 1 of a load source at `rate` good messages a second (0: as fast as possible).

    Each message is made when it is sent, so that its times are those of the sending. PublishError.
    """
    started = time.monotonic()
    clock = _Clock()
    messages = with_garbage(_numbered(source, total, clock), garbage, Random(f"garbage {seed}"))
    async with load_publisher(broker, window=window) as publisher:
        for message, good in messages:
            await publisher.publish(message)
            counts.good += good
            counts.garbage += not good
            counts.seconds = time.monotonic() - started
            if rate and counts.good >= rate * counts.seconds:
                publisher.flush()
                await asyncio.sleep(_TICK_S)
            clock.now_ms = now_ms()
        await publisher.drain()
        counts.resent = publisher.resent
        counts.seconds = round(time.monotonic() - started, 3)


@dataclass(slots=True)
class _Clock:
    now_ms: int = 0


def _numbered(source: LoadSource, total: int, clock: _Clock) -> Iterator[Message]:
    clock.now_ms = now_ms()
    return (source.message(number, clock.now_ms) for number in islice(count(), total))
