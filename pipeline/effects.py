"""What one batch of the journal leaves in the state database: `Effects`, and the rows that it is made of."""

from typing import Any, NamedTuple

from msgspec import Struct, field

from pipeline.domain.words import DomainEvent


class QuarantineEntry(Struct, frozen=True):
    """A message, or one part of it, that could not become readings: a raw copy of its own with the reason."""

    seq: int
    """Journal sequence number of the message."""
    part: int
    """0 for the whole message; 1, 2 ... for single records of it (a line that the store refused)."""
    received_ms: int
    source: str
    """Name of the connection."""
    topic: str
    payload: bytes
    flags: int
    """The flags of `gateway_bridge.uplink.Message`."""
    reason: str
    """From a short closed list: a metric label."""
    detail: str
    """For people."""
    dev_eui: str | None = None
    device_key: str = ""
    f_port: int | None = None
    profile: str = ""
    device_name: str = ""
    application: str = ""
    tags: dict[str, str] = {}


class EventRow(Struct, frozen=True):
    """One thing that a network server told about a device or a gateway (join, status, log, state ...)."""

    seq: int
    dev_eui: str | None
    gateway_id: str | None
    time_ms: int
    kind: str
    lns: str
    level: str = "INFO"
    code: str = ""
    text: str = ""
    body: dict[str, Any] = {}
    id: int = 0
    """Given by the database; 0 before. Rising, so that it serves as a page cursor."""


class GatewayRow(Struct, frozen=True):
    """The last state of a gateway. None means "not said": the stored value stays."""

    gateway_id: str
    last_seen_ms: int
    online: bool | None = None
    latitude: float | None = None
    longitude: float | None = None
    stats: dict[str, Any] | None = None


class LatestRow(NamedTuple):
    """The latest values of one device as JSON text; the pipeline decides what is newer, not the database."""

    dev_eui: str
    body: str
    last_seen_ms: int


class DomainState(NamedTuple):
    """The state of one asset's detector, opaque here; `version` is the detector's."""

    asset: str
    detector: str
    version: int
    body: bytes


class DomainChanges(Struct):
    """What detectors changed. Later entries of the same asset or event replace earlier ones."""

    states: dict[str, DomainState] = field(default_factory=dict)
    """By asset."""
    events: dict[str, DomainEvent] = field(default_factory=dict)
    """By id; the same again is no revision."""
    withdrawn: set[str] = field(default_factory=set)
    """Ids of events that turned out not to have happened."""
    updated_ms: int = 0
    """When this became known, Unix ms."""

    def add(self, later: "DomainChanges") -> None:
        """Take over what came after."""
        self.states.update(later.states)
        self.withdrawn = (self.withdrawn | later.withdrawn) - later.events.keys()
        for name in later.withdrawn:
            self.events.pop(name, None)
        self.events.update(later.events)
        self.updated_ms = max(self.updated_ms, later.updated_ms)


class DomainEventRow(Struct, frozen=True):
    """A domain event as it is stored."""

    event: DomainEvent
    revision: int
    """1 for the first version; rises with every change."""
    withdrawn: bool
    updated_ms: int


class Effects(Struct, frozen=True):
    """All that consuming the journal up to and including `seq` changes, written with the cursor or not at all."""

    consumer: str
    seq: int | None
    """The new cursor. None: the cursor stays and everything is written (a replay, a retry from quarantine). A `seq`
    that the cursor already has means that this commit was made before: nothing is written again."""
    frame_keys: bytes | None = None
    """Identities of the batch's frames, opaque here; None when there are none. Needs a `seq`."""
    newest_ms: int = 0
    """Newest frame time in `frame_keys`, Unix ms: what trimming goes by."""
    latest: dict[str, tuple[str, int]] = {}
    """DevEUI -> (JSON text, last seen in Unix ms)."""
    quarantine: list[QuarantineEntry] = []
    events: list[EventRow] = []
    gateways: list[GatewayRow] = []
    counters: dict[tuple[str, str], int] = {}
    """(name, label) -> how much to add."""
    domain: DomainChanges | None = None
    keep_frames_from_ms: int | None = None
    """Frame keys of this consumer with an older `newest_ms` are removed; None removes nothing."""
