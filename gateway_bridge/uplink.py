"""The words of the bridge: what came in (`Message`) and what it says (`UplinkEvent`, `NetworkEvent`)."""

from typing import Any, Literal

from msgspec import Struct

RETAINED = 1  # the broker sent it from its retained store: old, never fresh
REDELIVERED = 2  # MQTT DUP flag
QOS0 = 4  # arrived unacknowledged: lost if we had been down
BACKFILLED = 8  # fetched later from a storage API or a file
HTTP = 16  # came by webhook

TimeSource = Literal["server", "gateway", "bridge", "device"]


class Message(Struct, frozen=True, array_like=True, gc=False):
    """One message exactly as it arrived; this is what the journal keeps."""

    source: str
    """Name of the connection in the settings."""
    topic: str
    """MQTT topic, or `http/<connection>?<query>` for webhooks."""
    payload: bytes
    received_ms: int
    """Bridge clock at reception, Unix milliseconds."""
    flags: int = 0
    """Bits RETAINED, REDELIVERED, QOS0, BACKFILLED, HTTP."""


class EnvelopeError(Exception):
    """A message that is not what its connection promises. `reason` is one of `ENVELOPE_REASONS`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


ENVELOPE_REASONS = frozenset(
    {"bad_json", "bad_protobuf", "bad_envelope", "bad_payload_encoding", "unknown_format", "too_large"}
)


class Reception(Struct, frozen=True, gc=False):
    """One gateway's hearing of a frame. `rssi` dBm; `snr` dB, None where the modulation has none."""

    gateway_id: str
    rssi: float
    snr: float | None
    gateway_ms: int | None = None
    """Gateway clock, Unix ms; None when it has no time source."""
    latitude: float | None = None
    longitude: float | None = None


class Hints(Struct, frozen=True, gc=False):
    """What the network server knows about a device besides its frame: the basis of adopting and auto-provisioning."""

    device_name: str = ""
    application: str = ""
    profile: str = ""
    """ChirpStack device profile name, or `brand_id/model_id` of The Things Stack `version_ids`."""
    tags: dict[str, str] = {}


class UplinkEvent(Struct, frozen=True, gc=False):
    """One uplink frame as its network server reported it (shape: lns.md section 1)."""

    lns: str
    dev_eui: str | None
    """16 lower-case hex digits; None where the server sends none."""
    device_key: str
    """`dev_eui`, or `application/device_id` when there is no EUI."""
    dev_addr: str | None
    session_id: str
    """TTS session_key_id, else DevAddr, else empty."""
    f_cnt: int | None
    f_port: int
    """0 when absent: MAC commands only, never to be decoded."""
    payload: bytes
    encrypted: bool
    decoded: dict[str, Any] | None
    """The server's own decoded object; untrusted."""
    confirmed: bool
    data_rate: str | None
    """SF7BW125, FSK50000, LRFHSS336, or `DR5` where only an index is known."""
    frequency_hz: int | None
    gateways: tuple[Reception, ...]
    event_ms: int
    """The time chosen by lns.md 6.3, Unix ms."""
    time_source: TimeSource
    time_suspect: bool
    """A better candidate was rejected, or the only clock at hand is implausible."""
    server_ms: int | None
    """The network server's own clock; None where the message carries none."""
    received_ms: int
    event_id: str = ""
    """Exact id of this server event (deduplicationId, `as:up:` correlation id); empty if none."""
    simulated: bool = False
    retained: bool = False
    backfilled: bool = False
    buffered: bool = False
    """The server says that a gateway buffered the frame (Actility Late, Kerlink delayed)."""
    battery_percent: float | None = None
    """Battery as the network server knows it (TTS last_battery_percentage, Loriot bat)."""
    hints: Hints = Hints()
    kind: str = "up"


class NetworkEvent(Struct, frozen=True, gc=False):
    """Everything else a network server tells: kinds join, status, log, ack, txack, location, downlink, gateway_stats,
    gateway_state, and `ignored` (known not to concern us, or unknown and only counted)."""

    kind: str
    lns: str
    event: str
    """The server's own event name: `up`, `join`, `down/sent`, `stats` ..."""
    received_ms: int
    event_ms: int
    time_source: TimeSource
    time_suspect: bool = False
    dev_eui: str | None = None
    device_key: str | None = None
    dev_addr: str | None = None
    gateway_id: str | None = None
    event_id: str = ""
    level: str = "INFO"
    code: str = ""
    """Log code, error type, or a short reason for `ignored`."""
    text: str = ""
    retained: bool = False
    values: dict[str, Any] = {}
    """Kind-specific figures. status: battery_percent (None: unknown), external_power, margin_db. gateway_state: online.
    location: latitude, longitude, altitude. gateway_stats: rx, rx_ok, tx, tx_emitted, metadata ..."""
    hints: Hints = Hints()


Event = UplinkEvent | NetworkEvent
