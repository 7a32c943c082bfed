"""One device in the world: its counter, clock, battery, faults, and what it makes of what its asset is like."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from decoders.registry import encode
from simulators.device_faults import DAY_MS, DISTORTIONS, Fault
from simulators.fleet import EUI_PREFIX, Sensor
from simulators.models import MODELS
from simulators.radio import Link
from simulators.seen import Reason, Seen
from simulators.truth import Quantity
from simulators.wire import Wire

Values = dict[str, Quantity]

_FIRST_MOUNTED_MS = 1_704_067_200_000
"""2024-01-01: the oldest device of the city."""
_MOUNTED_WITHIN_DAYS = 700
_CACHED_FRAMES = 20_000
_SENSED = (
    "distance",
    "fill_level",
    "fill_height",
    "soil_moisture_vwc",
    "soil_water_potential",
    "soil_temperature",
    "soil_ec",
)
"""What repeats itself exactly when a sensor is stuck."""


class Encoder:
    """The codecs, with a memory of parking sensors' frames: they are most of the traffic, and few differ."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[tuple[str, Quantity], ...]], tuple[int, bytes]] = {}

    def frame(self, sensor: Sensor, values: Values) -> tuple[int, bytes]:
        """Port and payload."""
        if sensor.kind != "parking_bay":
            return encode(sensor.decoder, values)
        key = (sensor.decoder, tuple(values.items()))
        found = self._known.get(key)
        if found is None:
            if len(self._known) > _CACHED_FRAMES:
                self._known.clear()
            found = self._known[key] = encode(sensor.decoder, values)
        return found


class Node:
    """A device on the asset `asset` (its own place until somebody swaps it)."""

    __slots__ = (
        "_battery_offset", "_born_ms", "_changed_ms", "_count", "_encoder", "_frozen", "_rain_mm", "_stuck_at", "asset",
        "chance", "depths_cm", "f_cnt", "faults", "first_ms", "link", "model", "number", "period_ms", "sensor", "state",
        "status_due_ms", "usual", "wire",
    )  # fmt: skip

    def __init__(
        self, sensor: Sensor, number: int, seed: int, link: Link, start_ms: int, depths_cm: tuple[float, ...],
        encoder: Encoder,
    ) -> None:  # fmt: skip
        self._encoder = encoder
        self.sensor = sensor
        self.number = number
        self.asset = sensor.asset
        self.link = link
        self.depths_cm = depths_cm
        self.model = MODELS[sensor.decoder]
        self.wire = Wire(sensor)
        self.chance = Random(f"device {seed} {sensor.dev_eui}")
        self.usual: Reason = "heartbeat" if self.model.kind == "parking_bay" else "periodic"
        self._born_ms = _FIRST_MOUNTED_MS + round(self.chance.random() * _MOUNTED_WITHIN_DAYS * DAY_MS)
        self._battery_offset = self.chance.uniform(-8, 0)
        # crystals differ by a few ten parts in a million
        self.period_ms = round(self.model.period_s * 1000 * (1 + self.chance.uniform(-3e-5, 3e-5)))
        phase = self.chance.randrange(self.period_ms)
        self.first_ms = start_ms + (phase - start_ms) % self.period_ms
        self._count = max((start_ms - self._born_ms) // self.period_ms, 0)
        self.f_cnt = self._count
        self.status_due_ms = start_ms + self.chance.randrange(DAY_MS)
        self.faults: dict[str, Fault] = {}
        self.state: tuple[Quantity | None, ...] = ()
        self._changed_ms = start_ms
        self._rain_mm: float | None = None
        self._frozen: Mapping[str, Quantity] = {}
        self._stuck_at: Values = {}

    def watched(self, measured: Mapping[str, Quantity]) -> tuple[Quantity | None, ...]:
        """What the device reports at once when it changes, as it is now."""
        return tuple(measured.get(quantity) for quantity in self.model.at_once)

    def has(self, kind: str) -> bool:
        """Whether the device has this fault now."""
        return kind in self.faults

    def begin(self, fault: Fault, measured: Mapping[str, Quantity]) -> None:
        """A fault of the device begins, while its asset is like this: a stuck device goes on saying so."""
        self.faults[fault.kind] = fault
        if fault.kind == "stuck":
            self._frozen = dict(measured)
            self._stuck_at = {}

    def end(self, fault: Fault) -> None:
        """The fault is over."""
        self.faults.pop(fault.kind, None)

    def renew(self, now_ms: int) -> None:
        """A new device of the same model takes the place: another EUI, a full battery, no faults."""
        self.sensor = successor(self.sensor)
        self.wire = Wire(self.sensor)
        self._born_ms, self._count, self.f_cnt = now_ms, 0, 0
        self.faults.clear()

    def battery_percent(self, now_ms: int) -> float:
        """As the network server is told."""
        return self._seen({}, now_ms, "periodic").battery_level

    def say(
        self, measured: Mapping[str, Quantity], now_ms: int, reason: Reason
    ) -> tuple[int, int, bytes, Values] | None:
        """Frame counter, port, payload and what is in it; None while it is silent."""
        state = self.watched(measured)
        if self.faults:
            if "silent" in self.faults:
                self.state = state
                return None
            measured = self._distorted(measured, now_ms)
        if self.model.kind == "weather":
            measured = self._with_rain(measured)
        seen = self._seen(measured, now_ms, reason)
        if reason == "change":
            seen.previous_s = (now_ms - self._changed_ms) / 1000
        if state != self.state:
            self.state, self._changed_ms = state, now_ms
        values = self.model.says(seen)
        if "stuck" in self.faults:
            values = self._repeated(values)
        f_port, payload = self._encoder.frame(self.sensor, values)
        f_cnt = self.f_cnt
        self.f_cnt += 1
        self._count += 1
        return f_cnt, f_port, payload, values

    def _repeated(self, values: Values) -> Values:
        """A stuck sensor says its first reading again and again, noise and all; the housekeeping goes on."""
        found = {}
        for name, value in values.items():
            sensed = name.partition(":")[0] in _SENSED
            found[name] = self._stuck_at.setdefault(name, value) if sensed else value
        return found

    def _seen(self, measured: Mapping[str, Quantity], now_ms: int, reason: Reason) -> Seen:
        wrong = self.faults.get("clock_wrong")
        return Seen(
            measured,
            reason,
            now_ms,
            now_ms + (int(wrong.values["ahead_s"]) * 1000 if wrong else 0),
            self._count,
            max(now_ms - self._born_ms, 0) / DAY_MS,
            self.number,
            self.chance,
            self.depths_cm,
            0.0,
            self.sensor.container,
            self._battery_offset,
        )

    def _with_rain(self, measured: Mapping[str, Quantity]) -> Mapping[str, Quantity]:
        """With the rain since the device's last frame, which only the device knows."""
        total = float(measured.get("rain_cumulative", 0.0))
        since = total - self._rain_mm if self._rain_mm is not None else 0.0
        self._rain_mm = total
        return {**measured, "rain_amount": max(since, 0.0)}

    def _distorted(self, measured: Mapping[str, Quantity], now_ms: int) -> Mapping[str, Quantity]:
        changed = dict(measured)
        for kind, fault in self.faults.items():
            if kind in DISTORTIONS:
                DISTORTIONS[kind](changed, fault, now_ms, self.model.kind, self.chance)
        if "stuck" in self.faults:
            return self._frozen
        return changed


def successor(sensor: Sensor) -> Sensor:
    """The device that replaces this one: the next EUI of its model in a range of its own."""
    code, number = int(sensor.dev_eui[8:10], 16), int(sensor.dev_eui[10:], 16)
    return replace(sensor, dev_eui=f"{EUI_PREFIX}{code:02x}{number + 0x80000:06x}", name=f"{sensor.name}-replacement")
