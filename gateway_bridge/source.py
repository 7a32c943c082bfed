"""The MQTT source: keeps one link to a broker after the other alive, hands what they read to a sink, and stops reading
while too much waits for the commit or the sink asks for it."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence

from gateway_bridge.backoff import retry_delay_s
from gateway_bridge.delivery import Sink, SourceState
from gateway_bridge.mqtt_link import Link
from gateway_bridge.settings import ConnectionSettings
from gateway_bridge.tls import days_left

TICK_S = 0.5
STABLE_S = 10.0
"""A connection that lived so long was a success: the next reconnect starts with the shortest delay again."""
SHORT_LIVES = 3
"""So many connections in a row shorter than that look like two clients with one id, throwing each other out."""
MAX_WAITING_BYTES = 64 * 1024 * 1024
"""Reading stops when so many payload bytes wait for their commit, however few messages they are."""

log = logging.getLogger(__name__)


class MqttSource:
    """Keeps one MQTT session of one connection. Use it from one event loop's thread only."""

    def __init__(
        self,
        settings: ConnectionSettings,
        topics: Sequence[str],
        sink: Sink,
        now_ms: Callable[[], int],
        rng: random.Random,
    ) -> None:
        """`topics` are the filters to subscribe to. ValueError: no MQTT settings, no or wrong topics."""
        if settings.mqtt is None:
            raise ValueError(f"connection {settings.name!r} has no mqtt settings")
        if not topics:
            raise ValueError(f"connection {settings.name!r} has no topics to subscribe to")
        for topic in topics:
            check_topic_filter(topic)
        self.name = settings.name
        self.topics = tuple(topics)
        self.mqtt = settings.mqtt
        self.state = SourceState()
        self._now_ms = now_ms
        self._sink = sink
        self._rng = rng
        self._link: Link | None = None
        self._work: asyncio.Task[None] | None = None
        self._stopping = False
        self._waiting_bytes = 0
        self._had_session = False
        self._warned_certificate = ""
        self._short_lives = 0

    async def run(self) -> None:
        """Connect and stay connected until cancelled, or until `stop` has drained. What the sink raises comes out here
        (in an ExceptionGroup); trouble with the network never does."""
        async with asyncio.TaskGroup() as group:
            self._work = group.create_task(self._stay_connected(), name=f"mqtt-{self.name}")

    async def stop(self, timeout_s: float = 10.0) -> None:
        """Read no more, wait up to `timeout_s` for open tickets, acknowledge them, say DISCONNECT (the broker keeps the
        session and queues on), and end `run`. What isn't settled in time comes again at the next start."""
        self._stopping = True
        if self._link is not None:
            await self._link.drain(timeout_s)
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait({self._work})

    async def _stay_connected(self) -> None:
        failures = 0
        while not self._stopping:
            lived_s = await self._one_connection()
            failures = 0 if lived_s > STABLE_S else failures + 1
            await asyncio.sleep(self.retry_in_s(failures))

    def retry_in_s(self, failures: int) -> float:
        """How long to wait after so many failures in a row. Bad credentials wait longest at once: nobody corrects a
        password within a second, and brokers lock out who tries too often."""
        attempt = 20 if self.state.bad_credentials else failures
        return retry_delay_s(attempt, self.mqtt.reconnect_max_s, self._rng)

    async def _one_connection(self) -> float:
        """One link from connect to loss; how many seconds it was connected."""
        loop = asyncio.get_running_loop()
        link = self._link = Link(self, loop)
        next_tick = loop.time()
        timer = None
        try:
            await link.open()
            while link.alive:
                if loop.time() >= next_tick:
                    next_tick = loop.time() + TICK_S
                    timer = loop.call_at(next_tick, link.wake.set)
                    self._tick(link)
                await link.wake.wait()
                link.wake.clear()
                self._read_burst(link)
            lived_s = loop.time() - link.connected_at if link.accepted else 0.0
            if not self._stopping:
                self._note_lost(link, lived_s)
            return lived_s
        finally:
            if timer is not None:
                timer.cancel()
            link.lose("stopped")
            self._set_connected(False)
            self._link = None

    def _tick(self, link: Link) -> None:
        link.check_life()
        self._regulate(link)
        self._watch_certificates(link)

    def _read_burst(self, link: Link) -> None:
        if not self._regulate(link):
            return
        batch = link.read_burst()
        mids, link.mids = link.mids, []
        if batch:
            state = self.state
            size = sum([len(message.payload) for message in batch])
            self._waiting_bytes += size
            state.received += len(batch)
            state.unacknowledged += len(batch)
            self._sink.deliver(batch, link.tickets.issue(mids, len(batch), size))
        elif mids:
            link.tickets.issue(mids, 0, 0).settle()

    def now_ms(self) -> int:
        """Unix ms, from the clock we were given."""
        return self._now_ms()

    def note_settled(self, count: int, size: int, withheld: int) -> None:
        """A ticket for `count` messages of `size` payload bytes was settled, whichever link it belonged to; `withheld`
        acknowledgements were not sent, because that link is gone."""
        self.state.stale_acks += withheld
        self.state.unacknowledged -= count
        self._waiting_bytes -= size
        if self._link is not None and self.state.paused:
            self._regulate(self._link)

    def _regulate(self, link: Link) -> bool:
        """Stop or start reading as the waiting messages and the sink demand; True while reading."""
        if not link.accepted:
            return link.alive  # CONNACK must be read even when nothing else may
        state = self.state
        reason = self._reason_to_pause(0.5 if state.paused else 1.0)
        if bool(reason) != bool(state.paused):
            log.info("%s: %s", self.name, f"reading paused ({reason})" if reason else "reading resumed")
            state.pauses += bool(reason)
        state.paused = reason
        link.set_reading(not reason and not link.draining)
        return link.reading

    def _reason_to_pause(self, share: float) -> str:
        if self._sink.paused:
            return "sink"
        if self.state.unacknowledged >= self.mqtt.max_unacknowledged * share:
            return "window"
        return "window" if self._waiting_bytes >= MAX_WAITING_BYTES * share else ""

    def note_accepted(self, link: Link, session_present: bool, expiry_s: int | None) -> None:
        """CONNACK said yes; `expiry_s` is how long the broker keeps the session, where it says so."""
        state = self.state
        if self._had_session:
            state.reconnects += 1
            if not session_present:
                state.sessions_lost += 1
                log.warning("%s: the broker had forgotten our session: messages may be lost there", self.name)
        self._had_session = True
        state.session_present = session_present
        state.last_error = ""
        state.bad_credentials = False
        if expiry_s is not None and expiry_s < self.mqtt.session_expiry_s and expiry_s != state.session_expiry_s:
            log.warning("%s: the broker keeps our queue only %d s while we are away", self.name, expiry_s)
        state.session_expiry_s = expiry_s
        self._set_connected(True)
        self._regulate(link)  # a sink that is full wants nothing behind this CONNACK

    def note_lossy(self, reason: str) -> None:
        """Messages of this connection get lost while we are down; said once, then lasting."""
        if not self.state.lossy:
            self.state.lossy = reason
            log.warning("%s: lossy while the bridge is down: %s", self.name, reason)

    def _note_lost(self, link: Link, lived_s: float) -> None:
        state = self.state
        error = link.error
        if link.accepted:
            self._short_lives = self._short_lives + 1 if lived_s < STABLE_S else 0
            if self._short_lives >= SHORT_LIVES:
                error += f"; again soon after connecting: does another client use the id {self.mqtt.client_id!r}?"
        else:
            state.connect_failures += 1
        state.bad_credentials = link.bad_credentials
        if error != state.last_error:  # said once, not at every attempt
            log.warning("%s: %s:%d: %s", self.name, self.mqtt.host, self.mqtt.port, error)
        state.last_error = error
        self._watch_certificates(link)

    def _set_connected(self, connected: bool) -> None:
        state = self.state
        if connected:
            log.info("%s: connected to %s:%d", self.name, self.mqtt.host, self.mqtt.port)
        if state.connected != connected or state.since_ms is None:
            state.connected, state.since_ms = connected, self.now_ms()
        state.subscribed = False

    def _watch_certificates(self, link: Link) -> None:
        if self.mqtt.tls is None or not link.expiries:
            return
        name, expiry_ms = min(link.expiries.items(), key=lambda item: item[1])
        state = self.state
        state.certificate_name, state.certificate_days = name, days_left(expiry_ms, self.now_ms())
        if state.certificate_days >= self.mqtt.tls.warn_days:
            self._warned_certificate = ""
        elif self._warned_certificate != name:
            self._warned_certificate = name
            log.warning("%s: the %s certificate expires in %d days", self.name, name, state.certificate_days)


def check_topic_filter(topic: str) -> None:
    """ValueError when it is no MQTT topic filter (MQTT 3.1.1 section 4.7.1)."""
    levels = topic.split("/")
    lone = all(level in {"+", "#"} for level in levels if "+" in level or "#" in level)
    if not topic or len(topic.encode()) > 65535 or "\0" in topic or not lone or "#" in levels[:-1]:
        raise ValueError(f"{topic!r} is no MQTT topic filter: + and # stand alone in a level, # only in the last one")
