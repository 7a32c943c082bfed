"""The seam between a source of messages and whoever keeps them: `Sink`, `Ticket`, and a source's `SourceState`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway_bridge.uplink import Message


class Ticket(Protocol):
    """The one promise to keep for a delivered batch."""

    def settle(self) -> None:
        """The batch is on disk. Call on the event loop's thread, after the commit and never before; a second call does
        nothing. Every ticket must be settled in the end, also those whose connection is long gone."""


class Sink(Protocol):
    """Where a source puts its messages."""

    @property
    def paused(self) -> bool:
        """True while nothing more should come (journal full, disk full). Asked before every read and twice a second."""

    def deliver(self, batch: Sequence[Message], ticket: Ticket) -> None:
        """Take the messages of one read, in arrival order, at least one. Must not block; what it
        raises ends the source."""


@dataclass(slots=True)
class SourceState:
    """What operators see of one connection. Counters count since the process started."""

    connected: bool = False
    since_ms: int | None = None
    """When `connected` last changed, Unix ms; None before the first attempt ended."""
    session_present: bool | None = None
    """Whether the broker still had our session at the last connect; False at a first start is normal."""
    subscribed: bool = False
    """The broker has answered our SUBSCRIBE on this connection."""
    refused_topics: dict[str, str] = field(default_factory=dict)
    """Topic filters the broker refused, with its words."""
    lossy: str = ""
    """Why messages get lost while we are down (QoS 0 ...); empty when none is known. Stays once set."""
    last_error: str = ""
    """The last thing that went wrong, in words; empty again when connected."""
    bad_credentials: bool = False
    """The broker refused user name, password or certificate: somebody must act."""
    paused: str = ""
    """Why reading is stopped: `window` (too much waits for the commit) or `sink`; empty while reading."""
    pauses: int = 0
    received: int = 0
    received_qos0: int = 0
    acknowledged: int = 0
    unacknowledged: int = 0
    """Messages delivered and not settled, those of earlier connections included."""
    stale_acks: int = 0
    """Acknowledgements withheld because their connection is gone; the broker sends these messages again."""
    oversized: int = 0
    """Messages beyond the hard limit of a source, dropped."""
    reconnects: int = 0
    connect_failures: int = 0
    sessions_lost: int = 0
    """Reconnects at which the broker had forgotten our session: messages may be lost there."""
    session_expiry_s: int | None = None
    """How long the broker keeps our queue while we are away, where it says so (MQTT 5)."""
    certificate_days: int | None = None
    """Whole days until the first of our and the server's certificate expires; negative when one has, None without
    TLS."""
    certificate_name: str = ""
    """Which certificate that is: `client` or `server`."""
