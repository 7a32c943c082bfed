"""The latest value of every quantity of every device, in memory and as JSON for the state database."""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from gateway_bridge.uplink import UplinkEvent
from pipeline.convert import Told, best_reception


class LatestRadio(Struct, frozen=True, gc=False):
    """How the newest frame was heard. dBm, dB."""

    time_ms: int
    rssi: float | None = None
    snr: float | None = None
    f_cnt: int | None = None
    data_rate: str | None = None
    gateway: str | None = None
    gateways: int = 0


class DeviceLatest(Struct, gc=False):
    """Everything latest about one device; `values` by (quantity, channel)."""

    last_seen_ms: int = 0
    radio: LatestRadio | None = None
    values: dict[str, Told] = {}


class LatestBook:
    """Learns what the store has confirmed; gives JSON of what changed, for the commit."""

    def __init__(self) -> None:
        self._devices: dict[str, DeviceLatest] = {}
        self._dirty: set[str] = set()
        self._gone: set[str] = set()
        self._encoder = msgspec.json.Encoder()

    def load(self, rows: Iterable[tuple[str, str]]) -> None:
        """What earlier commits wrote: (device, JSON)."""
        decoder = msgspec.json.Decoder(DeviceLatest)
        for device, body in rows:
            self._devices[device] = decoder.decode(body)

    def learn(self, device: str, time_ms: int, event: UplinkEvent | None, told: Iterable[Told]) -> None:
        """Take over what is at least as new as what is known; an older record never replaces a newer one, and the
        broker's retained copy tells nothing about the present."""
        if event is not None and event.retained:
            return
        latest = self._devices.get(device)
        if latest is None:
            latest = self._devices[device] = DeviceLatest(values={})
        self._dirty.add(device)
        if time_ms >= latest.last_seen_ms and event is not None and not event.retained and not event.backfilled:
            latest.last_seen_ms = time_ms
            best = best_reception(event.gateways)
            heard = (best.rssi, best.snr, best.gateway_id) if best is not None else (None, None, None)
            latest.radio = LatestRadio(
                time_ms, heard[0], heard[1], event.f_cnt, event.data_rate, heard[2], len(event.gateways)
            )
        values = latest.values
        for item in told:
            key = f"{item.quantity}#{item.channel}" if item.channel else item.quantity
            known = values.get(key)
            if known is None or item.time_ms >= known.time_ms:
                values[key] = item

    def snapshot(self, devices: Iterable[str] | None) -> dict[str, DeviceLatest]:
        """What is known now about these devices, or all, for `replace_between`."""
        found = self._devices.keys() if devices is None else self._devices.keys() & set(devices)
        return {
            d: DeviceLatest(self._devices[d].last_seen_ms, self._devices[d].radio, dict(self._devices[d].values))
            for d in found
        }

    def replace_between(
        self, device: str, start_ms: int, end_ms: int, before: DeviceLatest, again: DeviceLatest
    ) -> None:
        """What `before` knew with a time in [start_ms, end_ms) gives way to what was decoded again; what was learned
        since stays."""
        latest = self._devices.get(device)
        if latest is None:
            latest = self._devices[device] = DeviceLatest(values={})
        self._dirty.add(device)
        stale = {id(v) for v in before.values.values() if start_ms <= v.time_ms < end_ms}
        kept = {k: v for k, v in latest.values.items() if id(v) not in stale}
        for key, value in again.values.items():
            known = kept.get(key)
            if known is None or value.time_ms >= known.time_ms:
                kept[key] = value
        latest.values = kept
        if latest.radio is before.radio and start_ms <= latest.last_seen_ms < end_ms:
            latest.last_seen_ms = max((v.time_ms for v in kept.values() if v.time_ms < start_ms), default=0)
            latest.radio = None
        if again.last_seen_ms > latest.last_seen_ms:
            latest.last_seen_ms, latest.radio = again.last_seen_ms, again.radio
        if not kept and latest.last_seen_ms == 0:
            del self._devices[device]
            self._dirty.discard(device)
            self._gone.add(device)

    def take_changes(self) -> dict[str, tuple[str, int]]:
        """Device -> (JSON, last seen) of everything learned since the last call."""
        changes = {}
        for device in self._dirty:
            latest = self._devices[device]
            changes[device] = (self._encoder.encode(latest).decode(), latest.last_seen_ms)
        self._dirty = set()
        return changes

    def take_gone(self) -> set[str]:
        """Devices of which nothing is known any more since the last call."""
        gone, self._gone = self._gone - self._devices.keys(), set()
        return gone

    @property
    def devices(self) -> Mapping[str, DeviceLatest]:
        """Read-only view by device key."""
        return self._devices
