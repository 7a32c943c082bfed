"""The living city as one endless, ordered stream of messages. Pure: same seed, start and speed, same bytes."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from random import Random

from decoders.registry import encode
from simulators.envelope import Frame, Message, hearings, join, status, up
from simulators.fleet import Fleet, Sensor
from simulators.signals import DAY_S, stream_of


@dataclass(frozen=True, slots=True, order=True)
class Timed:
    """A message and when it is to be sent, Unix ms; `order` keeps equal times in a fixed order."""

    due_ms: int
    order: tuple[str, int]
    message: Message


def city_messages(fleet: Fleet, start_ms: int, speed: float = 1.0) -> Iterator[Timed]:
    """Joins, uplinks and daily status messages of all sensors in the order of sending.

    The city lives `speed` times faster than the clock; the messages carry the clock's times, so that nobody takes them
    for messages of the future.
    """
    return merge(*(_sensor_messages(fleet, sensor, start_ms, speed) for sensor in fleet.sensors))


def _sensor_messages(fleet: Fleet, sensor: Sensor, start_ms: int, speed: float) -> Iterator[Timed]:
    chance = Random(f"air {fleet.seed} {sensor.dev_eui}")
    number, start_s, status_due_s = 0, start_ms / 1000, 0.0

    def timed(due_ms: int, message: Message) -> Timed:
        nonlocal number
        number += 1
        return Timed(due_ms, (sensor.dev_eui, number), message)

    yield timed(start_ms, join(sensor, start_ms, chance))
    for f_cnt, (city_s, values) in enumerate(stream_of(sensor, fleet.seed, start_s)):
        due_ms = start_ms + round((city_s - start_s) * 1000 / speed)
        f_port, payload = encode(sensor.decoder, values)
        heard = hearings(sensor, fleet.gateways, chance)
        yield timed(due_ms, up(sensor, Frame(due_ms, f_cnt, f_port, payload), heard, chance))
        if city_s >= status_due_s:
            status_due_s = city_s + DAY_S
            told = status(sensor, due_ms, chance.uniform(55, 100), chance)
            if told is not None:
                yield timed(due_ms + 5, told)
