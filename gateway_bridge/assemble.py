"""From the fields of any network server to the bridge's own events: identity, time and flags are settled here, once."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from gateway_bridge.fields import JsonObject, gateway_id, has_snr, number, position
from gateway_bridge.times import Candidate, Clocks, choose_time
from gateway_bridge.uplink import (
    BACKFILLED,
    RETAINED,
    EnvelopeError,
    Event,
    Hints,
    Message,
    NetworkEvent,
    Reception,
    UplinkEvent,
)


class Context(Struct, frozen=True):
    """A message and how its connection wants times judged."""

    message: Message
    lns: str
    max_age_s: int
    unwrapped: bool = False
    """The message came out of a storage API's line: backfilled, whatever its flags say."""

    @property
    def retained(self) -> bool:
        return bool(self.message.flags & RETAINED)

    @property
    def backfilled(self) -> bool:
        return self.unwrapped or bool(self.message.flags & BACKFILLED)

    def clocks(self, server_ms: int | None = None, buffered: bool = False) -> Clocks:
        """The clocks by which this message's times are judged."""
        old = self.retained or self.backfilled
        return Clocks(self.message.received_ms, self.max_age_s, server_ms, buffered, old)


class Device(Struct, frozen=True):
    """Who sent it: the DevEUI (None where the server sends none) and, for want of one, application and device name."""

    dev_eui: str | None
    application: str = ""
    device_id: str = ""
    dev_addr: str | None = None

    @property
    def key(self) -> str | None:
        """`dev_eui`, else `application/device_id`, else the device id alone; None when all are missing."""
        if self.dev_eui or not self.device_id:
            return self.dev_eui
        return f"{self.application}/{self.device_id}" if self.application else self.device_id


class Frame(Struct, frozen=True, kw_only=True):
    """One frame in the server's words, already typed; meanings as in `UplinkEvent`."""

    f_cnt: int | None
    f_port: int
    payload: bytes
    session_id: str = ""
    encrypted: bool = False
    decoded: dict[str, Any] | None = None
    confirmed: bool = False
    data_rate: str | None = None
    frequency_hz: int | None = None
    gateways: tuple[Reception, ...] = ()
    times: tuple[Candidate, ...] = ()
    """Candidates of the event time, best first."""
    server_ms: int | None = None
    event_id: str = ""
    simulated: bool = False
    buffered: bool = False
    battery_percent: float | None = None
    hints: Hints = Hints()


def uplink(context: Context, device: Device, frame: Frame) -> UplinkEvent:
    """The uplink event of a frame. EnvelopeError bad_envelope when nothing says which device sent it."""
    key = device.key
    if key is None:
        raise EnvelopeError("bad_envelope", "an uplink that names no device")
    clocks = context.clocks(frame.server_ms, frame.buffered)
    event_ms, time_source, time_suspect = choose_time(frame.times, clocks)
    return UplinkEvent(
        lns=context.lns,
        dev_eui=device.dev_eui,
        device_key=key,
        dev_addr=device.dev_addr,
        session_id=frame.session_id or device.dev_addr or "",
        f_cnt=frame.f_cnt,
        f_port=frame.f_port,
        payload=frame.payload,
        encrypted=frame.encrypted,
        decoded=frame.decoded,
        confirmed=frame.confirmed,
        data_rate=frame.data_rate,
        frequency_hz=frame.frequency_hz,
        gateways=frame.gateways,
        event_ms=event_ms,
        time_source=time_source,
        time_suspect=time_suspect,
        server_ms=frame.server_ms,
        received_ms=context.message.received_ms,
        event_id=frame.event_id,
        simulated=frame.simulated,
        retained=context.retained,
        backfilled=context.backfilled,
        buffered=frame.buffered,
        battery_percent=frame.battery_percent,
        hints=frame.hints,
    )


class Notice(Struct, frozen=True, kw_only=True):
    """What a server tells besides uplinks, already typed; meanings as in `NetworkEvent`."""

    kind: str
    event: str
    times: Iterable[Candidate] = ()
    server_ms: int | None = None
    gateway_id: str | None = None
    event_id: str = ""
    level: str = "INFO"
    code: str = ""
    text: str = ""
    values: dict[str, Any] = {}
    hints: Hints = Hints()


NOBODY = Device(None)


def network_event(context: Context, device: Device, notice: Notice) -> NetworkEvent:
    """The network event of a notice."""
    event_ms, time_source, time_suspect = choose_time(notice.times, context.clocks(notice.server_ms))
    return NetworkEvent(
        kind=notice.kind,
        lns=context.lns,
        event=notice.event,
        received_ms=context.message.received_ms,
        event_ms=event_ms,
        time_source=time_source,
        time_suspect=time_suspect,
        dev_eui=device.dev_eui,
        device_key=device.key,
        dev_addr=device.dev_addr,
        gateway_id=notice.gateway_id,
        event_id=notice.event_id,
        level=notice.level,
        code=notice.code,
        text=notice.text,
        retained=context.retained,
        values=notice.values,
        hints=notice.hints,
    )


def ignored(context: Context, event: str, code: str, device: Device = NOBODY) -> list[Event]:
    """One event that is only counted: `code` says why it doesn't concern us."""
    return [network_event(context, device, Notice(kind="ignored", event=event, code=code))]


class Names(Struct, frozen=True):
    """How one server spells the fields of a reception."""

    gateway: str
    rssi: str = "rssi"
    snr: str = "snr"
    latitude: str = "latitude"
    longitude: str = "longitude"


def reception(item: JsonObject, names: Names, data_rate: str | None, gateway_ms: int | None = None) -> Reception:
    """One gateway's reception; absent RSSI and SNR are 0, SNR is None where the modulation has none."""
    latitude, longitude = position(item.get(names.latitude), item.get(names.longitude))
    return Reception(
        gateway_id=gateway_id(item.get(names.gateway)),
        rssi=float(number(item.get(names.rssi)) or 0),
        snr=float(number(item.get(names.snr)) or 0) if has_snr(data_rate) else None,
        gateway_ms=gateway_ms,
        latitude=latitude,
        longitude=longitude,
    )
