"""The reading half of the MQTT client against packets in pieces, packets against the rules, and a closing broker."""

import random
import select
import socket
from collections.abc import Callable, Iterator

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from gateway_bridge.mqtt_client import PACKETS_PER_BURST, BulkClient, Publish

CONNACK = {4: b"\x20\x02\x00\x00", 5: b"\x20\x03\x00\x00\x00"}
SEED = 20261123


class Wire:
    """A client connected to a socket of ours, which plays the broker."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.connected, self.lost, self.handled = False, 0, list[mqtt.MQTTMessage]()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.client = BulkClient(
                CallbackAPIVersion.VERSION2,
                client_id="c",
                protocol=MQTTProtocolVersion(version),
                manual_ack=True,
                reconnect_on_failure=False,
            )
            self.client.on_connect = lambda *_: setattr(self, "connected", True)
            self.client.on_disconnect = lambda *_: setattr(self, "lost", self.lost + 1)
            self.client.on_message = lambda _client, _data, message: self.handled.append(message)
            self.client.connect("127.0.0.1", listener.getsockname()[1])
            self.broker, _ = listener.accept()
        self.broker.recv(1000)

    def read(self, pieces: list[bytes], done: Callable[[list[Publish]], bool]) -> list[Publish]:
        """What the client finds while `pieces` arrive one by one, until `done` or the connection ends."""
        found: list[Publish] = []
        waiting = list(reversed(pieces))
        while not done(found) and not self.lost:
            if waiting:
                self.broker.sendall(waiting.pop())
            ready, _, _ = select.select([self.client.socket()], [], [], 0 if self.client.unread else 10)
            assert ready or self.client.unread, "nothing came for 10 s"
            found += self.client.read_bulk(lambda: True)
        return found

    def close(self) -> None:
        self.broker.close()
        self.client.on_disconnect = None
        sock = self.client.socket()
        if sock is not None:
            sock.close()


@pytest.fixture(params=[4, 5], ids=["3.1.1", "5"])
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    wire = Wire(request.param)
    wire.read([CONNACK[wire.version]], lambda _: wire.connected)
    assert wire.connected
    yield wire
    wire.close()


def length_of(number: int) -> bytes:
    out = b""
    while True:
        number, digit = divmod(number, 128)
        out += bytes([digit | (128 if number else 0)])
        if not number:
            return out


def publish(version: int, flags: int, topic: bytes, packet_id: int, payload: bytes, properties: bytes = b"") -> bytes:
    body = len(topic).to_bytes(2) + topic + (packet_id.to_bytes(2) if flags & 6 else b"")
    body += length_of(len(properties)) + properties if version == 5 else b""
    return bytes([0x30 | flags]) + length_of(len(body) + len(payload)) + body + payload


def cut(chance: random.Random, data: bytes) -> list[bytes]:
    places = sorted(chance.sample(range(1, len(data)), min(chance.randrange(1, 12), len(data) - 1)))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def test_packets_in_pieces_are_put_together(wire: Wire) -> None:
    """However the stream is cut, each PUBLISH comes once, whole and in order; pings in between change nothing."""
    chance = random.Random(SEED)
    sizes = (0, 1, 90, 112, 113, 126, 127, 128, 16_000, 16_383, 16_384, 70_000, 300_000)
    for _ in range(12):
        wanted, stream = [], b""
        for number in range(1, 30):
            flags = chance.choice((0, 1, 2, 3, 10, 11))
            topic = f"application/{number}/é".encode()
            packet_id = chance.randrange(1, 65_536) if flags & 2 else 0
            payload = chance.randbytes(chance.choice(sizes))
            extra = b"\x26\x00\x01a\x00\x01b" * chance.choice((0, 1, 20))
            wanted.append(Publish(flags, topic, packet_id, payload))
            stream += publish(wire.version, flags, topic, packet_id, payload, extra)
            stream += b"\xd0\x00" if chance.random() < 0.2 else b""
        assert wire.read(cut(chance, stream), lambda found: len(found) == 29) == wanted
    assert wire.lost == 0


def test_a_burst_is_bounded(wire: Wire) -> None:
    """What is over the bound waits for the next call, and `unread` says so."""
    wire.broker.sendall(publish(wire.version, 2, b"t", 7, b"x") * (PACKETS_PER_BURST + 5))
    select.select([wire.client.socket()], [], [], 10)
    assert len(wire.client.read_bulk(lambda: True)) == PACKETS_PER_BURST
    assert wire.client.unread
    assert len(wire.client.read_bulk(lambda: True)) == 5
    assert not wire.client.unread


def test_qos_2_is_left_to_paho(wire: Wire) -> None:
    """It needs a handshake: PUBREC goes out, and the message comes by paho's callback after PUBREL."""
    frames = publish(wire.version, 4, b"t", 9, b"x") + b"\x62\x02\x00\x09"
    assert wire.read([frames], lambda _: bool(wire.handled)) == []
    assert [(m.topic, m.payload, m.mid) for m in wire.handled] == [("t", b"x", 9)]


def test_what_is_behind_a_packet_for_paho_waits_when_it_is_not_wanted() -> None:
    """A sink that is full when CONNACK arrives gets none of the messages behind it, and loses none."""
    wire = Wire(4)
    wire.broker.sendall(CONNACK[4] + publish(4, 2, b"t", 1, b"x"))
    select.select([wire.client.socket()], [], [], 10)
    assert wire.client.read_bulk(lambda: False) == []
    assert wire.connected and wire.client.unread
    assert wire.client.read_bulk(lambda: True) == [Publish(2, b"t", 1, b"x")]
    wire.close()


@pytest.mark.parametrize(
    "bad",
    [
        b"\x32\xff\xff\xff\xff\x7f" + bytes(20),  # a length of five bytes
        b"\x32\x03\x00\x05a",  # the topic is longer than the packet
        b"\x32\x01\x00",  # not even a topic
        b"\xf0\x00",  # no packet of a broker (3.1.1), an AUTH that nobody asked for (5)
    ],
)
def test_packets_against_the_rules_end_the_connection(wire: Wire, bad: bytes) -> None:
    """Nothing is guessed: what came before counts, the connection is over, and that is told once."""
    before = publish(wire.version, 2, b"t", 1, b"x")
    assert wire.read([before + bad], lambda _: False) == [Publish(2, b"t", 1, b"x")]
    assert wire.lost == 1


def test_the_end_of_the_connection_is_told_after_the_last_packet(wire: Wire) -> None:
    """What the broker sent before it closed is still read."""
    wire.broker.sendall(publish(wire.version, 2, b"t", 1, b"x"))
    wire.broker.shutdown(socket.SHUT_WR)
    found = []
    while not wire.lost:
        select.select([wire.client.socket()], [], [], 10)
        found += wire.client.read_bulk(lambda: True)
    assert found == [Publish(2, b"t", 1, b"x")]
    assert wire.lost == 1


def test_acknowledgements_leave_together_and_in_order(wire: Wire) -> None:
    """One write, PUBACK by PUBACK in the order given."""
    wire.client.acknowledge([3, 1, 65_535])
    assert wire.broker.recv(100) == b"\x40\x02\x00\x03\x40\x02\x00\x01\x40\x02\xff\xff"
    wire.client.acknowledge([])
    assert not wire.client.want_write()
