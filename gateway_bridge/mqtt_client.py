"""paho's client with a reading half and acknowledgements of our own, for brokers that deliver a backlog.

paho asks the kernel four times for each packet and writes each PUBACK by itself: a third of what an uplink cost us.
Here one read takes what is there, PUBLISH packets of QoS 0 and 1 are parsed on the spot, every other packet goes to
paho as if it came from the socket, and acknowledgements that are due together leave together. Connecting, TLS,
subscribing and everything sent stay paho's. Formats: MQTT 3.1.1 and 5, sections 2.2 and 3.3.
"""

import ssl
from collections.abc import Callable
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion

READ_BYTES = 128 * 1024
PACKETS_PER_BURST = 128
"""Bounds of one burst; a larger packet takes several."""

_PUBLISH = 3
_PUBACK = 0x40
_LONGEST_LENGTH = 4


class Publish(NamedTuple):
    """One PUBLISH packet: the lower half of its first byte (DUP 8, QoS 6, RETAIN 1), `packet_id` 0 for QoS 0."""

    flags: int
    topic: bytes
    packet_id: int
    payload: bytes


class BulkClient(mqtt.Client):
    """A paho client whose `read_bulk` replaces `loop_read`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unread = b""
        self._chunks: list[bytes] = []
        self._missing = 0
        self._for_paho = b""
        self._at_end: OSError | None = None

    @property
    def unread(self) -> bool:
        """Whether bytes were read that `read_bulk` has not looked at yet."""
        return len(self._unread) >= 2 and not self._missing

    def read_bulk(self, wanted: Callable[[], bool]) -> list[Publish]:
        """The next PUBLISH packets, in order, up to the bounds of a burst.

        `wanted` is asked after each packet that paho handled: when it says no, the rest waits for the next call. A lost
        connection and a packet against the rules are told by paho's callbacks, as with `loop_read`.
        """
        found: list[Publish] = []
        data = self._joined(b"" if self.unread else self._fill())
        at, size, version5 = 0, len(data), self.protocol == MQTTProtocolVersion.MQTTv5
        while size - at >= 2 and len(found) < PACKETS_PER_BURST:
            body, end = _span(data, at, size)
            if end > size:
                self._missing = end - size
                break
            packet = _publish(data, at, body, end, version5) if end else None
            if packet is not None:
                found.append(packet)
                at = end
                continue
            self._hand_over(data[at : end or size])
            at = end or size
            if not wanted():
                break
        if data:
            self._unread = data[at:]
        if self._at_end is not None and not self.unread:
            self._hand_over(b"")
        return found

    def _fill(self) -> bytes:
        """What the socket has, up to `READ_BYTES`; TLS gives it in small records."""
        parts, left, records = [], READ_BYTES, isinstance(self.socket(), ssl.SSLSocket)
        try:
            while left > 0:
                part = super()._sock_recv(left)
                parts.append(part)
                if not part:
                    self._at_end = ConnectionResetError("the broker closed the connection")
                elif records or len(part) == left:
                    left -= len(part)
                    continue
                break
        except BlockingIOError:
            pass
        except OSError as error:
            self._at_end = error
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _joined(self, fresh: bytes) -> bytes:
        """All bytes not looked at yet; those of a packet that is still incomplete are only put together at its end."""
        self._chunks.append(fresh)
        self._missing -= len(fresh)
        if self._missing > 0:
            return b""
        data = b"".join((self._unread, *self._chunks))
        self._unread, self._chunks, self._missing = b"", [], 0
        return data

    def _hand_over(self, packet: bytes) -> None:
        self._for_paho = packet
        while self.loop_read() == MQTTErrorCode.MQTT_ERR_SUCCESS and self._for_paho:
            pass

    def _sock_recv(self, bufsize: int) -> bytes:
        """paho reads here: packets that were handed over, then the end of the connection if it came."""
        part, self._for_paho = self._for_paho[:bufsize], self._for_paho[bufsize:]
        if part:
            return part
        if self._at_end is not None:
            raise self._at_end
        raise BlockingIOError

    def acknowledge(self, packet_ids: list[int]) -> None:
        """PUBACKs for QoS 1, in this order and in one write."""
        if not packet_ids:
            return
        packets = b"".join([b"\x40\x02" + packet_id.to_bytes(2) for packet_id in packet_ids])
        self._packet_queue(_PUBACK, packets, 0, 0)


def _span(data: bytes, at: int, size: int) -> tuple[int, int]:
    """Where the body of the packet at `at` begins and ends; (0, beyond `size`) while its length is incomplete, and an
    end of 0 for a length that breaks the rules."""
    length = data[at + 1]
    if length < 128:
        return at + 2, at + 2 + length
    length &= 127
    for count in range(1, _LONGEST_LENGTH):
        place = at + 1 + count
        if place >= size:
            return 0, size + 1
        byte = data[place]
        length |= (byte & 127) << 7 * count
        if byte < 128:
            return place + 1, place + 1 + length
    return 0, 0


def _publish(data: bytes, at: int, body: int, end: int, version5: bool) -> Publish | None:
    """The packet, if it is a well-formed PUBLISH of QoS 0 or 1."""
    first = data[at]
    if first >> 4 != _PUBLISH or first & 4 or end - body < 2:
        return None
    topic_end = body + 2 + (data[body] << 8 | data[body + 1])
    start = topic_end + (first & 2)
    if start > end:
        return None
    packet_id = data[topic_end] << 8 | data[topic_end + 1] if first & 2 else 0
    if version5:
        start = _span(data, start - 1, end)[1] if start < end else 0
        if not 0 < start <= end:
            return None
    return Publish(first & 15, data[body + 2 : topic_end], packet_id, data[start:end])
