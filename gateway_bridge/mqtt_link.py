"""One MQTT connection, from the first SYN to its loss: with its client, all that imports an MQTT library.

A `Link` has a client of its own and is never reused. Whatever belongs to a connection that is gone (tickets,
packet ids, a connect still running in its thread) can therefore never touch the next one.

paho's `loop_misc` is not used: it ends a healthy connection when PINGRESP waits unread behind a queue of messages. Here
a PINGREQ goes out every half keep-alive, paused or not, and only silence on a socket that we do read counts as death.
"""

import asyncio
import logging
import ssl
import threading
from typing import Any, Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway_bridge.delivery import SourceState
from gateway_bridge.mqtt_client import BulkClient
from gateway_bridge.settings import MqttSettings, read_secret
from gateway_bridge.tickets import TicketQueue
from gateway_bridge.tls import certificate_expiry_ms, client_context, peer_expiry_ms
from gateway_bridge.uplink import QOS0, REDELIVERED, RETAINED, Message

CONNECT_TIMEOUT_S = 10.0
GOODBYE_TIMEOUT_S = 2.0
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""Longer payloads are dropped, counted and logged, and acknowledged, or they would come again for ever."""
UNREADABLE_TOPIC = "\ufffd"

_FLAGS = tuple(
    (RETAINED if bits & 1 else 0) | (REDELIVERED if bits & 8 else 0) | (0 if bits & 6 else QOS0) for bits in range(16)
)  # by the lower half of a PUBLISH packet's first byte
_PINGREQ = b"\xc0\x00"
_DISCONNECT = b"\xe0\x00"
_BAD_CREDENTIALS = frozenset({0x86, 0x87, 0x8A, 0x8C})  # bad user or password, not authorised, banned, bad method

log = logging.getLogger(__name__)


class Owner(Protocol):
    """What a link needs of the source that made it."""

    name: str
    mqtt: MqttSettings
    topics: tuple[str, ...]
    state: SourceState

    def now_ms(self) -> int:
        """Unix ms."""

    def note_accepted(self, link: "Link", session_present: bool, expiry_s: int | None) -> None:
        """CONNACK said yes; `expiry_s` is how long the broker keeps the session, where it says so."""

    def note_lossy(self, reason: str) -> None:
        """Messages of this connection get lost while we are down; said once, then lasting."""

    def note_settled(self, count: int, size: int, withheld: int) -> None:
        """A ticket for `count` messages of `size` payload bytes was settled, whichever link it belonged to; `withheld`
        acknowledgements were not sent, because that link is gone."""


class Link:
    """One connection to the broker, from the first SYN to its loss. Never reused."""

    def __init__(self, source: Owner, loop: asyncio.AbstractEventLoop) -> None:
        self.source = source
        self.wake = asyncio.Event()
        self.alive = True
        self.accepted = False
        self.reading = False
        self.draining = False
        self.error = ""
        self.bad_credentials = False
        self.connected_at = 0.0
        self.expiries: dict[str, int] = {}
        self.mids: list[int] = []
        """Packet ids of the current read in arrival order, QoS 2 negative."""
        self._batch: list[Message] = []
        self._received_ms = 0
        self._loop = loop
        self._opened_at = loop.time()
        self._heard_at = 0.0
        self._pinged_at = 0.0
        self._client: BulkClient | None = None
        self._sock: Any = None
        self._writing = False
        self.tickets = TicketQueue(self._acknowledge, self._on_settled)
        self._drained = asyncio.Event()
        self._flushed = asyncio.Event()
        self._lost = asyncio.Event()

    # Opening

    async def open(self) -> None:
        """Connect; afterwards the link is alive and waits for CONNACK, or it is lost and `error` says why."""
        done: asyncio.Future[BulkClient] = self._loop.create_future()
        # A thread of our own and not the loop's pool: a resolver that hangs must not hold up the end of the process.
        threading.Thread(target=self._dial, args=(done,), daemon=True, name=f"mqtt-{self.source.name}-connect").start()
        try:
            client = await done
        except (OSError, ValueError) as error:
            self.lose(_describe(error))
        except asyncio.CancelledError:
            if not done.cancelled() and done.exception() is None:
                _discard(done.result())
            raise
        else:
            self._attach(client)

    def _dial(self, done: "asyncio.Future[BulkClient]") -> None:
        """In a thread: TCP, TLS and the CONNECT packet. The outcome goes to the loop, if there still is one."""
        outcome: BulkClient | Exception = RuntimeError("the connecting thread failed")
        try:
            outcome = self._new_client()
        except (OSError, ValueError) as error:
            outcome = error
        finally:
            try:
                self._loop.call_soon_threadsafe(_hand_over, done, outcome)
            except RuntimeError:  # the loop was closed meanwhile: nobody waits any more
                _discard(outcome)

    def _new_client(self) -> BulkClient:
        client = self._configured_client()
        settings = self.source.mqtt
        if settings.protocol == "5":
            properties = _session(settings)
            client.connect(settings.host, settings.port, settings.keepalive_s, clean_start=False, properties=properties)
        else:
            client.connect(settings.host, settings.port, settings.keepalive_s)
        return client

    def _configured_client(self) -> BulkClient:
        settings = self.source.mqtt
        version5 = settings.protocol == "5"
        client = BulkClient(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            clean_session=None if version5 else False,
            protocol=MQTTProtocolVersion.MQTTv5 if version5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,  # else paho falls back to MQTT 3.1 by a blocking reconnect of its own
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        if settings.username is not None:
            client.username_pw_set(settings.username, read_secret(settings.password, settings.password_file))
        if settings.tls is not None:
            client.tls_set_context(client_context(settings.tls))
            if settings.tls.cert_file is not None:
                self.expiries["client"] = certificate_expiry_ms(settings.tls.cert_file)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_socket_close = self._on_socket_close
        # With this callback set paho queues what it has to send instead of writing at once, also here in the thread.
        client.on_socket_register_write = self._on_register_write
        client.on_socket_unregister_write = self._on_unregister_write
        return client

    def _attach(self, client: BulkClient) -> None:
        self._client = client
        self._sock = client.socket()
        self._opened_at = self._heard_at = self._loop.time()
        if isinstance(self._sock, ssl.SSLSocket):
            expiry_ms = peer_expiry_ms(self._sock)
            if expiry_ms is not None:
                self.expiries["server"] = expiry_ms
        self.set_reading(True)
        if client.want_write():
            self._on_register_write(client, None, self._sock)

    # Reading

    def set_reading(self, wanted: bool) -> None:
        """Watch the socket for input, or stop watching it."""
        if wanted == self.reading or self._sock is None:
            return
        self.reading = wanted
        if wanted:
            self._heard_at = self._loop.time()
            self._loop.add_reader(self._sock, self._on_readable)
            self.wake.set()  # what OpenSSL holds already makes no socket readable
        else:
            self._loop.remove_reader(self._sock)

    def _on_readable(self) -> None:
        self._heard_at = self._loop.time()
        self.wake.set()

    def read_burst(self) -> list[Message]:
        """The messages that are there now, up to a bound: paho's `loop_read` takes one packet, whatever it is asked."""
        client = self._client
        if client is None or self._sock is None:
            return []
        self._received_ms = self.source.now_ms()
        for packet in client.read_bulk(self._wants_more):
            if packet.packet_id:
                self.mids.append(packet.packet_id)
            self._take(_text(packet.topic), packet.payload, _FLAGS[packet.flags])
        if self._pending():
            self.wake.set()
        batch, self._batch = self._batch, []
        return batch

    def _wants_more(self) -> bool:
        return self.reading

    def _pending(self) -> bool:
        if self._client is not None and self._client.unread:
            return True
        return isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        """QoS 2, left over from a subscription that somebody made with this client id; ours never ask for it."""
        self.mids.append(-message.mid)
        self.source.note_lossy("messages of an older QoS 2 subscription, confirmed before they are on disk")
        flags = (RETAINED if message.retain else 0) | (REDELIVERED if message.dup else 0)
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = UNREADABLE_TOPIC
        self._take(topic, bytes(message.payload), flags)

    def _take(self, topic: str, payload: bytes, flags: int) -> None:
        """Never raises: the rest of the burst would be lost with it."""
        if flags & QOS0:
            self.source.state.received_qos0 += 1
            self.source.note_lossy("messages arrive at QoS 0")
        if len(payload) > MAX_MESSAGE_BYTES:
            self.source.state.oversized += 1
            log.error("%s: dropped %d bytes on %s: over the limit", self.source.name, len(payload), topic)
            return
        self._batch.append(Message(self.source.name, topic, payload, self._received_ms, flags))

    # Acknowledging

    def _acknowledge(self, mids: list[int]) -> None:
        if self._client is not None:
            self._client.acknowledge([mid for mid in mids if mid > 0])
            for mid in mids:
                if mid < 0:
                    self._client.ack(-mid, 2)
            self.source.state.acknowledged += len(mids)

    def _on_settled(self, count: int, size: int, withheld: int) -> None:
        self.source.note_settled(count, size, withheld)
        if not self.tickets:
            self._drained.set()

    async def drain(self, timeout_s: float) -> None:
        """Read no more, wait for the open tickets, say goodbye, wait until that is on its way."""
        self.draining = True
        self.set_reading(False)
        if self.tickets:
            self._drained.clear()
            await _wait(self._drained, timeout_s)
        if self.accepted and self.alive:
            await _wait(self._flushed, GOODBYE_TIMEOUT_S)
            await self._say_goodbye()
        self.lose("stopped")

    async def _say_goodbye(self) -> None:
        """DISCONNECT, then read until the broker closes. paho's `disconnect` closes at once, and closing a socket with
        unread input makes the kernel send RST: the broker may then never see our last acknowledgements."""
        if not self._send(_DISCONNECT):
            return
        self._loop.add_reader(self._sock, self._discard_input)
        self._discard_input()
        await _wait(self._lost, GOODBYE_TIMEOUT_S)

    def _discard_input(self) -> None:
        try:
            while self._sock is not None and self._sock.recv(65536):
                pass
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError as error:
            log.debug("%s: while saying goodbye: %s", self.source.name, _describe(error))
        self.lose("stopped")

    # Life and death

    def check_life(self) -> None:
        """Ping, and give up on a broker that is silent. Bytes that we don't read can't tell anything while paused."""
        now = self._loop.time()
        if self._client is None:
            return
        if not self.accepted:
            if now - self._opened_at > CONNECT_TIMEOUT_S:
                self.lose(f"the broker accepted the connection but sent no CONNACK within {CONNECT_TIMEOUT_S:.0f} s")
            return
        keepalive_s = self._client.keepalive or self.source.mqtt.keepalive_s
        if now - self._pinged_at >= keepalive_s / 2 and self._send(_PINGREQ):
            self._pinged_at = now
        if self.reading and now - self._heard_at > 1.5 * keepalive_s:
            self.lose(f"the broker was silent for {now - self._heard_at:.0f} s")

    def _send(self, packet: bytes) -> bool:
        """Write a packet of two bytes past paho; False when that can't be done now."""
        if self._sock is None or self._client is None or self._client.want_write():
            return False  # what is queued is a sign of life as good as a ping, and must not be cut in two
        try:
            return bool(self._sock.send(packet) == len(packet))
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return False
        except OSError as error:
            self.lose(_describe(error))
            return False

    def lose(self, reason: str) -> None:
        """This connection is over. Called again it changes nothing: paho may report one loss twice."""
        if not self.alive:
            return
        self.alive = False
        self.error = self.error or reason
        self.source.state.stale_acks += self.tickets.close()
        self._forget_socket()
        _discard(self._client)
        self._drained.set()
        self._flushed.set()
        self._lost.set()
        self.wake.set()

    def _forget_socket(self) -> None:
        if self._sock is None:
            return
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self.reading = self._writing = False
        self._sock = None

    # paho's callbacks. Before `_attach` they come from the connecting thread and find no socket to act on.

    def _on_connect(
        self, client: mqtt.Client, _userdata: Any, flags: mqtt.ConnectFlags, code: ReasonCode, props: Any
    ) -> None:
        if code.is_failure:
            self.bad_credentials = code.value in _BAD_CREDENTIALS
            hint = ": check user name, password and certificate" if self.bad_credentials else ""
            self.lose(f"the broker refused the connection ({code}){hint}")
            return
        self.accepted = True
        self.connected_at = self._pinged_at = self._loop.time()
        self.source.note_accepted(self, flags.session_present, getattr(props, "SessionExpiryInterval", None))
        # Also with a session: only the SUBACK tells about refused topics, and the settings may have new ones. Retained
        # messages come again that way in 3.1.1; MQTT 5 can ask for them at new subscriptions only.
        qos: int = self.source.mqtt.qos
        if self.source.mqtt.protocol == "5":
            options = SubscribeOptions(qos, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
            client.subscribe([(topic, options) for topic in self.source.topics])
        else:
            client.subscribe([(topic, qos) for topic in self.source.topics])

    def _on_subscribe(
        self, _client: mqtt.Client, _userdata: Any, _mid: int, codes: list[ReasonCode], _props: Any
    ) -> None:
        source = self.source
        refused = {topic: str(code) for topic, code in zip(source.topics, codes, strict=False) if code.is_failure}
        if refused and refused != source.state.refused_topics:
            log.error("%s: the broker refused subscriptions: %s", source.name, refused)
        source.state.refused_topics = refused
        source.state.subscribed = True
        if source.mqtt.qos and any(code.value == 0 for code in codes):
            source.note_lossy("the broker grants QoS 0 only")

    def _on_disconnect(self, _client: mqtt.Client, _userdata: Any, flags: Any, code: ReasonCode, _props: Any) -> None:
        by_broker = "the broker closed the connection" if flags.is_disconnect_packet_from_server else "connection lost"
        self.lose(f"{by_broker} ({code})")

    def _on_socket_close(self, _client: mqtt.Client, _userdata: Any, _sock: Any) -> None:
        self._forget_socket()

    def _on_register_write(self, client: mqtt.Client, _userdata: Any, _sock: Any) -> None:
        if self._sock is not None and not self._writing:
            self._writing = True
            self._flushed.clear()
            self._loop.add_writer(self._sock, client.loop_write)

    def _on_unregister_write(self, _client: mqtt.Client, _userdata: Any, _sock: Any) -> None:
        if self._sock is not None and self._writing:
            self._writing = False
            self._flushed.set()
            self._loop.remove_writer(self._sock)


def _text(topic: bytes) -> str:
    try:
        return topic.decode()
    except UnicodeDecodeError:
        return UNREADABLE_TOPIC


def _session(settings: MqttSettings) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = settings.session_expiry_s
    properties.ReceiveMaximum = settings.max_unacknowledged
    return properties


def _describe(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate was not accepted: {error.verify_message or error}"
    return f"{type(error).__name__}: {error}"


def _hand_over(done: "asyncio.Future[BulkClient]", outcome: BulkClient | Exception) -> None:
    if done.cancelled():
        _discard(outcome)
    elif isinstance(outcome, Exception):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)


def _discard(client: object) -> None:
    """Close the socket of a client that nobody uses any more, without a DISCONNECT and without callbacks."""
    if not isinstance(client, mqtt.Client):
        return
    client.on_socket_close = client.on_socket_register_write = client.on_socket_unregister_write = None
    client.on_disconnect = client.on_connect = client.on_subscribe = client.on_message = None
    sock = client.socket()
    if sock is not None:
        sock.close()


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        log.debug("waited %.1f s in vain", timeout_s)
