"""The MQTT source against a real Mosquitto: what is acknowledged when, and what survives which trouble."""

import asyncio
import random
import socket
import ssl
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import uvloop

from gateway_bridge.delivery import Ticket
from gateway_bridge.settings import ConnectionSettings
from gateway_bridge.source import MqttSource
from gateway_bridge.uplink import QOS0, REDELIVERED, RETAINED, Message
from tests.services_mosquitto import Certificates, MosquittoServer, free_port, random_id

pytestmark = pytest.mark.broker

TOPIC = "application/a/device/0102030405060708/event/up"
FILTER = "application/+/device/+/event/+"
PROTOCOLS = pytest.mark.parametrize("protocol", ["3.1.1", "5"])


class Keeper:
    """A sink that keeps what it gets, and settles at once or when told."""

    def __init__(self, settle: bool = True) -> None:
        self.settle = settle
        self.paused = False
        self.messages: list[Message] = []
        self.tickets: list[Ticket] = []

    def deliver(self, batch: Sequence[Message], ticket: Ticket) -> None:
        self.messages.extend(batch)
        if self.settle:
            ticket.settle()
        else:
            self.tickets.append(ticket)

    def settle_all(self) -> None:
        for ticket in self.tickets:
            ticket.settle()
        self.tickets = []

    @property
    def payloads(self) -> list[str]:
        return [message.payload.decode() for message in self.messages]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[MosquittoServer]:
    server = MosquittoServer(tmp_path / "broker")
    server.start()
    yield server
    server.kill()


def make_source(port: int, sink: Keeper, client_id: str, **mqtt: Any) -> MqttSource:
    mqtt = {"port": port, "client_id": client_id, "keepalive_s": 5, "reconnect_max_s": 0.2, **mqtt}
    settings = ConnectionSettings.model_validate({"name": "city", "mqtt": mqtt})
    return MqttSource(settings, [FILTER], sink, lambda: time.time_ns() // 1_000_000, random.Random(1))


@asynccontextmanager
async def running(source: MqttSource) -> AsyncIterator[MqttSource]:
    """Runs the source; leaving the block cancels it the hard way, without acknowledging or saying goodbye."""
    task = asyncio.create_task(source.run())
    try:
        yield source
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=5)
        assert task.done()
    if not task.cancelled():
        task.result()


async def until(condition: Callable[[], object], what: str, timeout_s: float = 15.0) -> None:
    """Waits for a condition, and says what it waited for when it does not come."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"waited {timeout_s:.0f} s for: {what}"
        await asyncio.sleep(0.01)


async def subscribe(source: MqttSource) -> None:
    await until(lambda: source.state.subscribed, f"SUBACK ({source.state.last_error})")


def numbered(start: int, count: int) -> list[str]:
    return [f"m{number}" for number in range(start, start + count)]


@PROTOCOLS
async def test_a_message_is_acknowledged_after_settle_only(broker: MosquittoServer, protocol: str) -> None:
    """What was never settled comes again on the next connection, flagged, and what was settled does not."""
    client_id, sink = random_id("ack"), Keeper(settle=False)
    async with running(make_source(broker.port, sink, client_id, protocol=protocol)) as source:
        await subscribe(source)
        await asyncio.to_thread(broker.publish, TOPIC, numbered(0, 10))
        await until(lambda: len(sink.messages) == 10, "10 messages")
        assert source.state.acknowledged == 0 and source.state.unacknowledged == 10
        assert sink.messages[0].topic == TOPIC and sink.messages[0].source == "city"
        assert not any(message.flags for message in sink.messages)

    again = Keeper(settle=True)
    async with running(make_source(broker.port, again, client_id, protocol=protocol)) as source:
        await until(lambda: len(again.messages) == 10, "the same 10 messages again")
        assert again.payloads == numbered(0, 10)
        assert all(message.flags == REDELIVERED for message in again.messages)
        assert source.state.session_present
        await source.stop()
        assert source.state.acknowledged == 10 and source.state.unacknowledged == 0

    third = Keeper()
    async with running(make_source(broker.port, third, client_id, protocol=protocol)) as source:
        await subscribe(source)
        await asyncio.to_thread(broker.publish, TOPIC, ["last"])
        await until(lambda: third.messages, "the message published last")
        assert third.payloads == ["last"]


@PROTOCOLS
async def test_stop_waits_for_open_tickets_and_acknowledges_them(broker: MosquittoServer, protocol: str) -> None:
    """A commit that ends during the shutdown still counts, run() ends, and the broker goes on queueing for us."""
    client_id, sink = random_id("stop"), Keeper(settle=False)
    source = make_source(broker.port, sink, client_id, protocol=protocol)
    task = asyncio.create_task(source.run())
    await subscribe(source)
    await asyncio.to_thread(broker.publish, TOPIC, numbered(0, 20))
    await until(lambda: len(sink.messages) == 20, "20 messages")
    stopping = asyncio.create_task(source.stop(timeout_s=10))
    await asyncio.to_thread(broker.publish, TOPIC, ["while stopping"])
    assert not stopping.done()
    sink.settle_all()
    await asyncio.wait_for(stopping, 5)
    await asyncio.wait_for(task, 5)
    assert source.state.acknowledged == 20 and not source.state.connected
    assert f"Received DISCONNECT from {client_id}" in broker.log()

    again = Keeper()
    async with running(make_source(broker.port, again, client_id, protocol=protocol)):
        await until(lambda: again.messages, "what came while stopping")
        assert again.payloads == ["while stopping"]


@PROTOCOLS
async def test_a_broker_restart_with_unacknowledged_messages_loses_nothing(
    broker: MosquittoServer, protocol: str
) -> None:
    """Tickets of the old connection acknowledge nothing on the new one; the broker sends those messages again."""
    sink = Keeper(settle=False)
    async with running(make_source(broker.port, sink, random_id("restart"), protocol=protocol)) as source:
        await subscribe(source)
        await asyncio.to_thread(broker.publish, TOPIC, numbered(0, 50))
        await until(lambda: len(sink.messages) == 50, "50 messages")
        old, sink.tickets = sink.tickets, []
        await asyncio.to_thread(broker.restart)
        await until(lambda: len(sink.messages) == 100, "the 50 messages again")
        for ticket in old:
            ticket.settle()
        assert source.state.stale_acks == 50 and source.state.acknowledged == 0
        assert source.state.reconnects == 1 and source.state.sessions_lost == 0
        sink.settle_all()
        assert source.state.acknowledged == 50 and source.state.unacknowledged == 0
        await asyncio.to_thread(broker.publish, TOPIC, numbered(50, 50))
        await until(lambda: set(sink.payloads) == set(numbered(0, 100)), "the messages published after the restart")


@PROTOCOLS
async def test_stale_tickets_never_acknowledge_other_messages(broker: MosquittoServer, protocol: str) -> None:
    """The broker forgets the session and numbers its packets from 1 again: ten old tickets must not remove ten new
    messages from its queue."""
    client_id, sink = random_id("stale"), Keeper(settle=False)
    async with running(make_source(broker.port, sink, client_id, protocol=protocol)) as source:
        await subscribe(source)
        await asyncio.to_thread(broker.publish, TOPIC, numbered(0, 10))
        await until(lambda: len(sink.messages) == 10, "10 messages")
        old, sink.tickets = sink.tickets, []
        broker.kill()
        broker.forget_sessions()
        await asyncio.to_thread(broker.start)
        await until(lambda: source.state.sessions_lost == 1 and source.state.subscribed, "a lost session")
        await asyncio.to_thread(broker.publish, TOPIC, numbered(10, 10))
        await until(lambda: len(sink.messages) == 20, "10 other messages")
        for ticket in old:
            ticket.settle()
        assert source.state.stale_acks == 10 and source.state.acknowledged == 0
        assert source.state.unacknowledged == 10
    again = Keeper()
    async with running(make_source(broker.port, again, client_id, protocol=protocol)):
        await until(lambda: len(again.messages) == 10, "the 10 other messages again")
        assert again.payloads == numbered(10, 10)


async def test_acknowledgements_go_out_in_arrival_order(broker: MosquittoServer) -> None:
    """Tickets settled in any order are acknowledged in the order in which their messages came."""
    sink = Keeper(settle=False)
    async with running(make_source(broker.port, sink, random_id("order"))) as source:
        await subscribe(source)
        for number in range(4):
            await asyncio.to_thread(broker.publish, TOPIC, [f"m{number}"])
            await until(lambda: sink.payloads[-1:] == [f"m{number}"], "the message")  # noqa: B023
        acknowledged = []
        for at in (2, 3, 0, 1, 1):
            sink.tickets[at].settle()
            acknowledged.append(source.state.acknowledged)
        assert acknowledged == [0, 0, 1, 4, 4]
        await until(lambda: broker.log().count("Received PUBACK") >= 4, "4 PUBACKs at the broker")
        lines = [line for line in broker.log().splitlines() if "Received PUBACK" in line]
        assert [line.split("Mid: ")[1].split(",")[0] for line in lines[-4:]] == ["1", "2", "3", "4"]


async def test_too_much_waiting_stops_the_reading_beyond_two_keepalives(broker: MosquittoServer) -> None:
    """A full window stops the reading and nothing else: no message is lost, and the connection outlives the pause."""
    sink = Keeper(settle=False)
    async with running(make_source(broker.port, sink, random_id("window"), max_unacknowledged=100)) as source:
        await subscribe(source)
        await asyncio.to_thread(broker.publish, TOPIC, numbered(0, 2000))
        await until(lambda: source.state.paused == "window", "the pause")
        held = len(sink.messages)
        assert 100 <= held < 100 + 64
        pings = broker.log().count("Received PINGREQ")
        await until(lambda: broker.log().count("Received PINGREQ") >= pings + 5, "12 s of pings", timeout_s=20)
        assert len(sink.messages) == held and source.state.connected and source.state.reconnects == 0
        sink.settle = True
        sink.settle_all()
        await until(lambda: len(sink.messages) == 2000, "all messages after the pause")
        assert sink.payloads == numbered(0, 2000)
        assert source.state.reconnects == 0 and source.state.pauses == 1 and not source.state.paused
        await until(lambda: broker.log().count("Received PUBACK") == 2000, "2,000 PUBACKs")


@PROTOCOLS
async def test_a_paused_sink_gets_nothing_until_it_wants_more(broker: MosquittoServer, protocol: str) -> None:
    """A full journal stops the reading, also right behind a CONNACK; it goes on by itself when there is room again."""
    client_id, sink = random_id("pause"), Keeper()
    async with running(make_source(broker.port, sink, client_id, protocol=protocol)) as source:
        await subscribe(source)
        await source.stop()
    await asyncio.to_thread(broker.publish, TOPIC, numbered(0, 500))
    sink.paused = True
    async with running(make_source(broker.port, sink, client_id, protocol=protocol)) as source:
        await until(lambda: source.state.paused == "sink" and source.state.connected, "the pause")
        pings = broker.log().count("Received PINGREQ")
        await until(lambda: broker.log().count("Received PINGREQ") > pings, "a ping in the pause")
        assert sink.messages == []
        sink.paused = False
        await until(lambda: len(sink.messages) == 500, "all messages")
        assert sink.payloads == numbered(0, 500)


@PROTOCOLS
async def test_qos_0_raises_one_lasting_warning(
    broker: MosquittoServer, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Messages at QoS 0 carry the flag, and the connection is called lossy once, reconnects included."""
    sink = Keeper()
    async with running(make_source(broker.port, sink, random_id("qos0"), protocol=protocol)) as source:
        await subscribe(source)
        await asyncio.to_thread(broker.publish, TOPIC, numbered(0, 3), 0)
        await until(lambda: len(sink.messages) == 3, "3 messages")
        assert all(message.flags == QOS0 for message in sink.messages)
        assert source.state.lossy and source.state.received_qos0 == 3 and source.state.acknowledged == 0
        await asyncio.to_thread(broker.restart)
        await until(lambda: source.state.reconnects == 1 and source.state.subscribed, "the reconnect")
        await asyncio.to_thread(broker.publish, TOPIC, ["m3"], 0)
        await until(lambda: len(sink.messages) == 4, "another message")
        assert source.state.lossy
        assert sum("lossy" in record.getMessage() for record in caplog.records) == 1


async def test_retained_messages_are_flagged(broker: MosquittoServer) -> None:
    """What the broker kept from earlier is no fresh message."""
    await asyncio.to_thread(broker.publish, TOPIC, ["old"], 1, True)
    sink = Keeper()
    async with running(make_source(broker.port, sink, random_id("retain"))):
        await until(lambda: sink.messages, "the retained message")
        assert sink.messages[0].flags == RETAINED


async def test_qos_2_of_an_older_subscription_is_emptied_and_told(broker: MosquittoServer) -> None:
    """Somebody subscribed at QoS 2 with our client id: its queue is delivered and confirmed, and called lossy."""
    client_id = random_id("qos2")
    async with aiomqtt.Client("127.0.0.1", broker.port, identifier=client_id, clean_session=False) as older:
        await older.subscribe(FILTER, qos=2)
    await asyncio.to_thread(broker.publish, TOPIC, numbered(0, 5), 2)
    sink = Keeper(settle=False)
    async with running(make_source(broker.port, sink, client_id)) as source:
        await until(lambda: len(sink.messages) == 5, "5 messages")
        assert "QoS 2" in source.state.lossy and sink.payloads == numbered(0, 5)
        assert "Received PUBCOMP" not in broker.log()
        sink.settle_all()
        await until(lambda: broker.log().count("Received PUBCOMP") == 5, "5 confirmations")


@PROTOCOLS
async def test_bad_credentials_are_said_in_words_and_retried_slowly(tmp_path: Path, protocol: str) -> None:
    """A wrong password shows in the state, without the password, and the right one connects."""
    broker = MosquittoServer(tmp_path / "broker", user=("bridge", "right"))
    broker.start()
    try:
        wrong = {"username": "bridge", "password": "hunter2", "protocol": protocol}
        async with running(
            make_source(broker.port, Keeper(), random_id("auth"), **wrong, reconnect_max_s=60)
        ) as source:
            await until(lambda: source.state.bad_credentials, "the refusal")
            assert "user name" in source.state.last_error and "hunter2" not in source.state.last_error
            assert not source.state.connected and source.state.connect_failures == 1
            assert source.retry_in_s(1) >= 30
            source.state.bad_credentials = False
            assert source.retry_in_s(1) <= 2
        secret = tmp_path / "secret"
        secret.write_text("right\n")
        right = {"username": "bridge", "password_file": secret, "protocol": protocol}
        async with running(make_source(broker.port, Keeper(), random_id("auth"), **right)) as source:
            await subscribe(source)
            assert source.state.last_error == "" and not source.state.bad_credentials
    finally:
        broker.kill()


async def test_tls_with_a_client_certificate(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Server checked by our CA and by name, client by its certificate; the one that expires first is watched."""
    certificates = Certificates.create(tmp_path / "tls", server_days=90, client_days=12)
    broker = MosquittoServer(tmp_path / "broker", certificates=certificates)
    broker.start()
    own = {"ca_file": certificates.ca, "cert_file": certificates.client, "key_file": certificates.client_key}
    try:
        sink = Keeper()
        tls = {**own, "server_name": "broker.test"}
        async with running(make_source(broker.port, sink, random_id("tls"), tls=tls, host="127.0.0.1")) as source:
            await subscribe(source)
            await asyncio.to_thread(broker.publish, TOPIC, numbered(0, 300))
            await until(lambda: len(sink.messages) == 300, "300 messages over TLS")
            await until(lambda: source.state.certificate_days is not None, "the certificates' dates")
            assert (source.state.certificate_name, source.state.certificate_days) == ("client", 12)
            assert sum("expires in 12 days" in record.getMessage() for record in caplog.records) == 1
        tls = {**own, "server_name": "another.test"}
        async with running(make_source(broker.port, sink, random_id("tls"), tls=tls)) as source:
            await until(lambda: source.state.last_error, "the refusal")
            assert "certificate was not accepted" in source.state.last_error
    finally:
        broker.kill()


def _publish_packet(number: int) -> bytes:
    """A QoS 1 PUBLISH of MQTT 3.1.1 (section 3.3), packet id = `number`, short enough for one length byte."""
    topic = TOPIC.encode()
    body = struct.pack("!H", len(topic)) + topic + struct.pack("!H", number) + f"m{number}".encode()
    return bytes([0x32, len(body)]) + body


def _serve_one_record(server: socket.socket, context: ssl.SSLContext, count: int, acknowledged: list[int]) -> None:
    """An MQTT broker reduced to one client: CONNACK, SUBACK, then all messages in one TLS record."""
    raw, _address = server.accept()
    with context.wrap_socket(raw, server_side=True) as client:
        client.settimeout(15)
        client.recv(4096)  # CONNECT
        client.sendall(b"\x20\x02\x00\x00")  # CONNACK, no session
        packet_id = client.recv(4096)[2:4]  # SUBSCRIBE
        client.sendall(b"\x90\x03" + packet_id + b"\x01")  # SUBACK, QoS 1
        record = b"".join(_publish_packet(number) for number in range(1, count + 1))
        assert len(record) <= 16384  # the longest record there is
        client.sendall(record)
        received = b""
        while len(received) < 4 * count:
            received += client.recv(4096)
        acknowledged += [struct.unpack("!H", received[at + 2 : at + 4])[0] for at in range(0, 4 * count, 4)]


async def test_many_packets_in_one_tls_record_are_all_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What OpenSSL has decrypted makes the socket readable no more: it must be read without waiting for it, also when
    a pause falls into the middle of the record."""
    monkeypatch.setattr("gateway_bridge.source.TICK_S", 60.0)  # the tick reads too, and would hide a missing wake-up
    certificates = Certificates.create(tmp_path / "tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.server_key)
    count, acknowledged = 250, list[int]()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(15)
        arguments = (server, context, count, acknowledged)
        thread = threading.Thread(target=_serve_one_record, args=arguments, daemon=True)
        thread.start()
        sink = Keeper(settle=False)
        port = server.getsockname()[1]
        tls = {"ca_file": certificates.ca}
        async with running(make_source(port, sink, "record", tls=tls, max_unacknowledged=100)) as source:
            await until(lambda: source.state.paused, "the pause within the record")
            assert len(sink.messages) < count
            sink.settle = True
            sink.settle_all()
            await until(lambda: len(sink.messages) == count, "all messages of the record")
            await until(lambda: not thread.is_alive(), "all acknowledgements")
        assert sink.payloads == numbered(1, count)
        assert acknowledged == list(range(1, count + 1))


CONNACK = b"\x20\x02\x00\x00"


def _serve_garbage(server: socket.socket, packet: bytes, connack: bytes = CONNACK) -> None:
    """An MQTT broker reduced to CONNACK, then `packet`, then silence."""
    raw, _address = server.accept()
    with raw as client:
        client.settimeout(15)
        client.recv(4096)
        client.sendall(connack + packet)
        while client.recv(4096):
            pass


def _serve_suback(server: socket.socket, codes: bytes) -> None:
    """An MQTT broker that answers SUBSCRIBE as it likes (section 3.9.3: 0x80 is a refusal), then silence."""
    raw, _address = server.accept()
    with raw as client:
        client.settimeout(15)
        client.recv(4096)
        client.sendall(b"\x20\x02\x00\x00")
        packet_id = client.recv(4096)[2:4]
        client.sendall(bytes([0x90, 2 + len(codes)]) + packet_id + codes)
        while client.recv(4096):
            pass


async def test_refused_topics_and_a_granted_qos_of_0_are_told() -> None:
    """A topic that the broker refuses is named in the state, and a grant of QoS 0 makes the connection lossy."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(15)
        threading.Thread(target=_serve_suback, args=(server, b"\x80\x00"), daemon=True).start()
        mqtt = {"port": server.getsockname()[1]}
        settings = ConnectionSettings.model_validate({"name": "city", "mqtt": mqtt})
        source = MqttSource(settings, ["secret/#", FILTER], Keeper(), lambda: 0, random.Random(1))
        async with running(source):
            await subscribe(source)
            assert list(source.state.refused_topics) == ["secret/#"] and source.state.refused_topics["secret/#"]
            assert "QoS 0" in source.state.lossy


async def test_a_broker_that_keeps_the_session_shorter_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """MQTT 5 lets the broker shorten the session's expiry (section 3.2.2.3.2): our queue is gone sooner than set."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(15)
        connack = b"\x20\x08\x00\x00\x05\x11\x00\x00\x00\x3c"
        threading.Thread(target=_serve_garbage, args=(server, b"", connack), daemon=True).start()
        async with running(make_source(server.getsockname()[1], Keeper(), "short", protocol="5")) as source:
            await until(lambda: source.state.connected, "CONNACK")
            assert source.state.session_expiry_s == 60
            assert sum("only 60 s" in record.getMessage() for record in caplog.records) == 1


@PROTOCOLS
async def test_a_client_id_used_twice_is_suspected(
    broker: MosquittoServer, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Two bridges with one client id throw each other out, and Mosquitto 2.0 tells neither why: we say what it looks
    like."""
    client_id = random_id("twin")
    one, other = (make_source(broker.port, Keeper(), client_id, protocol=protocol) for _ in range(2))
    async with running(one), running(other):
        suspicion = f"does another client use the id {client_id!r}"
        await until(lambda: suspicion in caplog.text, "the suspicion")


async def test_the_reason_of_a_disconnect_is_passed_on() -> None:
    """MQTT 5 section 3.14.2.1: 0x8E, session taken over."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(15)
        arguments = (server, b"\xe0\x01\x8e", b"\x20\x03\x00\x00\x00")
        threading.Thread(target=_serve_garbage, args=arguments, daemon=True).start()
        mqtt = {"protocol": "5", "reconnect_max_s": 60}
        async with running(make_source(server.getsockname()[1], Keeper(), "twin", **mqtt)) as source:
            await until(lambda: source.state.last_error, "the loss")
            assert "Session taken over" in source.state.last_error


async def test_stop_gives_up_on_a_commit_that_never_ends(broker: MosquittoServer) -> None:
    """The time limit holds, and what wasn't settled comes again at the next start."""
    client_id, sink = random_id("stuck"), Keeper(settle=False)
    source = make_source(broker.port, sink, client_id)
    task = asyncio.create_task(source.run())
    await subscribe(source)
    await asyncio.to_thread(broker.publish, TOPIC, numbered(0, 3))
    await until(lambda: len(sink.messages) == 3, "3 messages")
    await asyncio.wait_for(source.stop(timeout_s=0.2), 5)
    await asyncio.wait_for(task, 5)
    again = Keeper()
    async with running(make_source(broker.port, again, client_id)):
        await until(lambda: again.payloads == numbered(0, 3), "the same messages again")


async def test_leaving_during_a_connect_does_not_wait_for_it(tmp_path: Path) -> None:
    """A server that takes the connection and never speaks holds up the thread that dials, not the end of the source."""
    tls = {"ca_file": Certificates.create(tmp_path).ca}
    with socket.create_server(("127.0.0.1", 0)) as server:
        async with running(make_source(server.getsockname()[1], Keeper(), "mute", tls=tls)):
            dialling = "mqtt-city-connect"
            await until(lambda: dialling in {thread.name for thread in threading.enumerate()}, "the connect")
            left = time.monotonic()
        assert time.monotonic() - left < 2


async def test_a_message_beyond_the_limit_is_dropped_counted_and_acknowledged(
    broker: MosquittoServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One monster neither blocks the queue nor goes unnoticed."""
    monkeypatch.setattr("gateway_bridge.mqtt_link.MAX_MESSAGE_BYTES", 1000)
    sink = Keeper()
    async with running(make_source(broker.port, sink, random_id("big"))) as source:
        await subscribe(source)
        await asyncio.to_thread(broker.publish, TOPIC, ["a", "b" * 1001, "c"])
        await until(lambda: source.state.acknowledged == 3, "three acknowledgements")
        assert sink.payloads == ["a", "c"] and source.state.oversized == 1
        assert sum("dropped 1001 bytes" in record.getMessage() for record in caplog.records) == 1


async def test_too_many_bytes_waiting_stop_the_reading(
    broker: MosquittoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few large messages fill the window as well as many small ones."""
    monkeypatch.setattr("gateway_bridge.source.MAX_WAITING_BYTES", 50_000)
    sink = Keeper(settle=False)
    async with running(make_source(broker.port, sink, random_id("bytes"))) as source:
        await subscribe(source)
        await asyncio.to_thread(broker.publish, TOPIC, ["x" * 10_000] * 500)
        await until(lambda: source.state.paused == "window", "the pause")
        assert len(sink.messages) < 5 + 64
        sink.settle = True
        sink.settle_all()
        await until(lambda: len(sink.messages) == 500, "all messages")


def test_it_works_on_uvloop(broker: MosquittoServer) -> None:
    """Delivery, a broker restart and a clean stop on the loop that production uses."""

    async def scenario() -> None:
        sink = Keeper()
        source = make_source(broker.port, sink, random_id("uvloop"))
        task = asyncio.create_task(source.run())
        await subscribe(source)
        await asyncio.to_thread(broker.publish, TOPIC, numbered(0, 200))
        await until(lambda: len(sink.messages) == 200, "200 messages")
        await asyncio.to_thread(broker.restart)
        await until(lambda: source.state.reconnects == 1 and source.state.subscribed, "the reconnect")
        await asyncio.to_thread(broker.publish, TOPIC, numbered(200, 200))
        await until(lambda: set(sink.payloads) == set(numbered(0, 400)), "400 messages")
        await asyncio.wait_for(source.stop(), 5)
        await asyncio.wait_for(task, 5)

    uvloop.run(scenario())


@pytest.mark.parametrize(
    "packet", [b"\x32\x03\x00\xffa", b"\x36\x02\x00\x00", b"\x32\xff\xff\xff\xff\x01", b"\xf0\x00"]
)
async def test_an_unreadable_packet_ends_the_connection_not_the_source(packet: bytes) -> None:
    """A packet that breaks the protocol is reported, and the source connects again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(15)
        thread = threading.Thread(target=_serve_garbage, args=(server, packet), daemon=True)
        thread.start()
        async with running(make_source(server.getsockname()[1], Keeper(), "garbage", reconnect_max_s=60)) as source:
            await until(lambda: source.state.last_error, "the report")
            assert not source.state.connected
            await until(lambda: not thread.is_alive(), "the end of the connection")


async def test_a_topic_that_is_no_utf8_is_still_delivered() -> None:
    """Even what no broker may send reaches the journal, and is acknowledged like the rest."""
    body = struct.pack("!H", 2) + b"\xff\xfe" + struct.pack("!H", 7) + b"payload"
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(15)
        packet = bytes([0x32, len(body)]) + body
        threading.Thread(target=_serve_garbage, args=(server, packet), daemon=True).start()
        sink = Keeper()
        async with running(make_source(server.getsockname()[1], sink, "utf8")) as source:
            await until(lambda: sink.messages, "the message")
            assert (sink.messages[0].topic, sink.messages[0].payload) == ("\ufffd", b"payload")
            assert source.state.acknowledged == 1


async def test_a_missing_broker_is_reported_and_found_later(tmp_path: Path) -> None:
    """No broker at the start is no reason to end; the state says what is wrong until it is right."""
    port = free_port()
    sink = Keeper()
    async with running(make_source(port, sink, random_id("late"))) as source:
        await until(lambda: source.state.connect_failures >= 2, "two attempts")
        assert "ConnectionRefused" in source.state.last_error and not source.state.connected
        broker = MosquittoServer(tmp_path / "broker", port=port)
        broker.start()
        try:
            await subscribe(source)
            assert source.state.connected and source.state.last_error == ""
        finally:
            broker.kill()


async def test_a_silent_broker_is_given_up() -> None:
    """A peer that answers nothing any more, not even a ping, is dead after one and a half keep-alives."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        threading.Thread(target=_serve_garbage, args=(server, b""), daemon=True).start()
        source = make_source(server.getsockname()[1], Keeper(), "silent", reconnect_max_s=60)
        async with running(source):
            await until(lambda: source.state.connected, "CONNACK")
            await until(lambda: "silent" in source.state.last_error, "the silence", timeout_s=12)


async def test_what_the_sink_raises_ends_the_source(broker: MosquittoServer) -> None:
    """A fault of ours is not hidden as a lost connection."""

    class Broken(Keeper):
        def deliver(self, batch: Sequence[Message], ticket: Ticket) -> None:
            raise LookupError("broken sink")

    source = make_source(broker.port, Broken(), random_id("broken"))
    task = asyncio.create_task(source.run())
    await subscribe(source)
    await asyncio.to_thread(broker.publish, TOPIC, ["m0"])
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(task, 10)
    assert caught.group_contains(LookupError)
