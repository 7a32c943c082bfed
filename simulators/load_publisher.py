"""A publisher for load: MQTT 3.1.1, QoS 1, one connection, thousands of messages in flight.

The usual clients publish 4,000 to 5,000 messages a second at QoS 1; a load test needs a sender that is faster than what
it measures. What is not acknowledged when the connection breaks is sent again after reconnecting, so nothing is lost on
this side and the network server's habit of sending twice is part of the test.
"""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType

from simulators.envelope import Message

_CONNACK, _PUBACK = 0x20, 0x40
_LAST_ID = 65_535
_FLUSH_MESSAGES = 64
_CONNECT_TIMEOUT_S = 5.0
_RETRY_S = 0.2


class PublishError(Exception):
    """The broker refused us, or stayed away for too long."""


class LoadPublisher:
    """Use as an asynchronous context manager; `publish`, then `drain` until everything is acknowledged.

    `window`: messages in flight at most, below 65,535. `patience_s`: how long the broker may be away.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        client_id: str,
        username: str | None = None,
        password: str | None = None,
        window: int = 2_000,
        patience_s: float = 60.0,
    ) -> None:
        self.acknowledged = 0
        self.resent = 0
        self._address = (host, port)
        self._connect_packet = _connect(client_id, username, password)
        self._window = min(window, _LAST_ID - 1)
        self._patience_s = patience_s
        self._unacknowledged: dict[int, bytes] = {}
        self._waiting: list[bytes] = []
        self._last_id = 0
        self._writer: asyncio.StreamWriter | None = None
        self._changed = asyncio.Event()
        self._failure: PublishError | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "LoadPublisher":
        self._task = asyncio.create_task(self._run(), name="load publisher")
        await self._until(lambda: self._writer is not None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        if self._writer is not None:
            self._writer.write(b"\xe0\x00")
            self._writer.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def publish(self, message: Message) -> None:
        """Send soon; waits while the window is full or the broker is away. PublishError."""
        if len(self._unacknowledged) >= self._window or self._writer is None:
            self.flush()
            await self._until(lambda: len(self._unacknowledged) < self._window and self._writer is not None)
        packet_id = self._next_id()
        packet = _publish(message, packet_id)
        self._unacknowledged[packet_id] = packet
        self._waiting.append(packet)
        if len(self._waiting) >= _FLUSH_MESSAGES:
            self.flush()

    async def drain(self) -> None:
        """Wait until every message is acknowledged. PublishError."""
        self.flush()
        await self._until(lambda: not self._unacknowledged)

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            if self._failure is not None:
                raise self._failure
            self._changed.clear()
            await self._changed.wait()

    def _next_id(self) -> int:
        self._last_id = self._last_id % _LAST_ID + 1
        while self._last_id in self._unacknowledged:
            self._last_id = self._last_id % _LAST_ID + 1
        return self._last_id

    def flush(self) -> None:
        """Send what waits for a fuller packet."""
        if self._writer is not None and self._waiting:
            self._writer.write(b"".join(self._waiting))
            self._waiting.clear()

    async def _run(self) -> None:
        last_seen = time.monotonic()
        while self._failure is None:
            try:
                await self._session()
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                if self._writer is not None:
                    last_seen = time.monotonic()
                if time.monotonic() - last_seen > self._patience_s:
                    self._failure = PublishError(f"no broker at {self._address[0]}:{self._address[1]}: {error}")
            except PublishError as error:
                self._failure = error
            self._writer = None
            self._changed.set()
            await asyncio.sleep(_RETRY_S)

    async def _session(self) -> None:
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(*self._address)
            writer.write(self._connect_packet)
            answer = await reader.readexactly(4)
        try:
            if answer[0] != _CONNACK or answer[3]:
                raise PublishError(f"the broker refused the connection (code {answer[3]})")
            self._resume(writer)
            await self._read_acknowledgements(reader)
        finally:
            writer.close()

    def _resume(self, writer: asyncio.StreamWriter) -> None:
        self._waiting.clear()
        if self._unacknowledged:
            self.resent += len(self._unacknowledged)
            writer.write(b"".join(self._unacknowledged.values()))
        self._writer = writer
        self._changed.set()

    async def _read_acknowledgements(self, reader: asyncio.StreamReader) -> None:
        """PUBACKs are the only packets that a broker sends us, four bytes each."""
        rest = b""
        while data := await reader.read(65_536):
            data = rest + data
            whole = len(data) // 4 * 4
            for at in range(0, whole, 4):
                if data[at] != _PUBACK:
                    raise PublishError(f"unexpected packet {data[at]:#04x} from the broker")
                if self._unacknowledged.pop(data[at + 2] << 8 | data[at + 3], None) is not None:
                    self.acknowledged += 1
            rest = data[whole:]
            self._changed.set()
        raise ConnectionResetError("the broker closed the connection")


def _connect(client_id: str, username: str | None, password: str | None) -> bytes:
    """MQTT 3.1.1 section 3.1, clean session, no keep-alive."""
    flags = 0x02 | (0x80 if username is not None else 0) | (0x40 if password is not None else 0)
    fields = [text for text in (client_id, username, password) if text is not None]
    body = b"\x00\x04MQTT\x04" + bytes((flags, 0, 0)) + b"".join(_text(text) for text in fields)
    return b"\x10" + _length(len(body)) + body


def _publish(message: Message, packet_id: int) -> bytes:
    """MQTT 3.1.1 section 3.3, QoS 1."""
    topic = _text(message.topic)
    size = len(topic) + 2 + len(message.payload)
    return b"".join((b"\x32", _length(size), topic, packet_id.to_bytes(2), message.payload))


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2) + encoded


def _length(size: int) -> bytes:
    out = bytearray()
    while size > 127:
        out.append(size & 127 | 128)
        size >>= 7
    out.append(size)
    return bytes(out)
