"""Load: prepared messages say what freshly written ones would, unique values are unique, garbage is garbage."""

import json
from itertools import islice
from random import Random

import pytest

from decoders.registry import decode
from gateway_bridge.parse import parse
from gateway_bridge.uplink import EnvelopeError, UplinkEvent
from gateway_bridge.uplink import Message as Arrived
from simulators.envelope import Message
from simulators.fleet import Lns
from simulators.load import LoadSource, load_fleet, unique_values, with_garbage

NOW_MS = 1_767_225_600_500
SERVERS: list[Lns] = ["chirpstack4", "tts"]


def uplink(message: Message, lns: str, now_ms: int = NOW_MS) -> UplinkEvent:
    (event,) = parse(Arrived("test", message.topic, message.payload, now_ms + 300), lns, 7 * 86_400)
    assert isinstance(event, UplinkEvent)
    return event


@pytest.mark.parametrize("lns", SERVERS)
def test_prepared_messages_are_complete_uplinks(lns: Lns) -> None:
    """Every device takes its turn with its own counter, the given time, a new event id and a decodable payload."""
    source = LoadSource(load_fleet(10, 1, (lns,)), first_f_cnt=7)
    got = [uplink(source.message(n, NOW_MS + n), lns, NOW_MS + n) for n in range(40)]
    for n, event in enumerate(got):
        sensor = source.sensors[n % 10]
        assert (event.dev_eui, event.f_cnt) == (sensor.dev_eui, 7 + n // 10)
        assert 0 <= event.event_ms - (NOW_MS + n) <= 250 and not event.time_suspect
        assert decode(sensor.decoder, event.f_port, event.payload, NOW_MS).values
    assert len({event.event_id for event in got}) == 40
    assert len({sensor.decoder for sensor in source.sensors}) == 5


@pytest.mark.parametrize("lns", SERVERS)
def test_no_model_text_is_left_over(lns: Lns) -> None:
    """Two messages of one device differ in everything that has to differ, and nothing of the model shines through."""
    source = LoadSource(load_fleet(5, 1, (lns,)))
    one, other = (json.loads(source.message(n, NOW_MS).payload) for n in (0, 5))
    assert one != other
    text = json.dumps([one, other])
    assert "2023-11-14" not in text and "1987654321" not in text and "%(" not in text


def test_same_seed_same_messages() -> None:
    """A run can be repeated to the byte."""
    runs = [[LoadSource(load_fleet(10, seed)).message(n, NOW_MS) for n in range(30)] for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("numbers", [range(200), range(59_990, 60_190), range(23_999_800, 24_000_000)])
def test_unique_uplinks_carry_their_number(numbers: range) -> None:
    """What is decoded is exactly `unique_values`, for each device that has room, and no two are equal."""
    source = LoadSource(load_fleet(10, 1), unique=True)
    seen = set()
    for n in numbers:
        event = uplink(source.message(n, NOW_MS), "chirpstack4")
        sensor = source.sensors[n % len(source.sensors)]
        decoded = decode(sensor.decoder, event.f_port, event.payload, NOW_MS)
        got = {f"{v.quantity}:{v.channel}" if v.channel else v.quantity: v.value for v in decoded.values}
        for name, value in unique_values(sensor.decoder, n).items():
            assert got[name] == pytest.approx(value, abs=0.003)
        seen.add((sensor.dev_eui, tuple(got.items())))
    assert len(seen) == len(numbers)


def test_garbage_is_the_asked_share_and_changes_no_good_message() -> None:
    """The good messages are the same with and without garbage between them."""
    source = LoadSource(load_fleet(10, 1))
    good = [source.message(n, NOW_MS) for n in range(2_000)]
    mixed = list(with_garbage(iter(good), 0.1, Random(1)))
    assert [message for message, is_good in mixed if is_good] == good
    assert 0.07 < 1 - len(good) / len(mixed) < 0.13


@pytest.mark.parametrize("lns", SERVERS)
def test_broken_messages_are_no_readings(lns: Lns) -> None:
    """No broken message parses to an uplink with a device and a payload."""
    source = LoadSource(load_fleet(10, 1, (lns,)))
    wrong = (
        m for m, good in with_garbage(map(source.message, range(1_000), [NOW_MS] * 1_000), 0.5, Random(2)) if not good
    )
    for message in islice(wrong, 500):
        try:
            got = parse(Arrived("test", message.topic, message.payload, NOW_MS), lns, 7 * 86_400)
        except EnvelopeError:
            continue
        assert not any(isinstance(event, UplinkEvent) and event.dev_eui and event.payload for event in got), message
