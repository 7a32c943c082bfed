"""Faults of devices and of the network: when they come, and what they do to what a device says.

They are drawn for fixed months of 30 days, each with its own chance: a city that starts later has the same faults.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from simulators.fleet import AssetKind, Sensor
from simulators.plan import Plan
from simulators.truth import Quantity, TruthRow

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MONTH_MS = 30 * DAY_MS
_YEAR_MONTHS = 365.25 / 30


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a device, gateway or network server (`target`: its id) from `start_ms` to `end_ms`."""

    kind: str
    target: str
    start_ms: int
    end_ms: int
    values: Mapping[str, Quantity] = field(default_factory=dict)

    def row(self, asset: str, device: str = "") -> TruthRow:
        """What the truth file says of it while it lasts."""
        return TruthRow(asset, self.kind, self.start_ms, None, dict(self.values), device)


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a device has this fault a year, between how many hours it lasts, and which kinds have it."""

    per_year: float
    shortest_h: float
    longest_h: float
    kinds: tuple[AssetKind, ...] = ("waste_bin", "soil", "valve", "weather", "parking_bay")


_LEVELS: tuple[AssetKind, ...] = ("waste_bin", "soil", "weather")
RATES: Mapping[str, Rate] = {
    "silent": Rate(0.5, 3, 96),
    "stuck": Rate(0.3, 24, 240, ("waste_bin", "soil", "parking_bay")),
    "drifting": Rate(0.25, 96, 480, (*_LEVELS, "parking_bay")),
    "biased": Rate(0.2, 96, 480, _LEVELS),
    "rebooting": Rate(0.25, 2, 24),
    "clock_wrong": Rate(0.2, 24, 240),
    "f_cnt_reset": Rate(0.2, 0, 0),
    "tilted": Rate(0.4, 1, 36, ("waste_bin",)),
    "cover_open": Rate(0.3, 1, 24, ("waste_bin",)),
    "probe_out": Rate(0.3, 24, 240, ("soil",)),
    "learning": Rate(0.1, 12, 48, ("parking_bay",)),
    "replaced": Rate(0.15, 0, 0),
    "swapped": Rate(0.06, 48, 480, ("waste_bin", "soil", "parking_bay")),
    "message_storm": Rate(0.08, 0.2, 2),
}
_GATEWAY = {"gateway_down": Rate(3, 0.5, 5), "clock_wrong": Rate(0.3, 2, 48)}
_SERVER = Rate(1.5, 0.3, 3)
_WITH_CLOCK = ("enginko-level", "moko-lw009-sm")
"""Devices whose payload tells their own time."""


def draw_faults(
    plan: Plan, start_ms: int, end_ms: int, rate: float = 1.0, rates: Mapping[str, float] | None = None
) -> list[Fault]:
    """The faults that are on at some time from `start_ms` to `end_ms`, oldest first. `rate` multiplies all rates,
    `rates` those of single kinds."""
    found: list[Fault] = []
    for month in range(start_ms // MONTH_MS - 1, end_ms // MONTH_MS + 1):
        found += _device_faults(plan, month, rate, rates or {})
        found += _network_faults(plan, month, rate, rates or {})
    return sorted(
        (f for f in found if f.start_ms < end_ms and (f.end_ms > start_ms or f.start_ms >= start_ms)),
        key=lambda f: (f.start_ms, f.kind, f.target),
    )


def _device_faults(plan: Plan, month: int, rate: float, rates: Mapping[str, float]) -> Iterable[Fault]:
    for kind, usual in RATES.items():
        chance = Random(f"{kind} {plan.seed} {month}")
        prone = [
            s for s in plan.sensors if s.kind in usual.kinds and (kind != "clock_wrong" or s.decoder in _WITH_CLOCK)
        ]
        count = _count(chance, len(prone) * usual.per_year * rate * rates.get(kind, 1.0) / _YEAR_MONTHS)
        if len(prone) < 2:
            continue
        for _ in range(count):
            sensor = chance.choice(prone)
            start, end = _span(chance, usual, month)
            yield Fault(kind, sensor.dev_eui, start, end, _strength(kind, sensor, prone, chance))


def _network_faults(plan: Plan, month: int, rate: float, rates: Mapping[str, float]) -> Iterable[Fault]:
    chance = Random(f"network {plan.seed} {month}")
    for kind, usual in _GATEWAY.items():
        for gateway in plan.gateways:
            for _ in range(_count(chance, usual.per_year * rate * rates.get(kind, 1.0) / _YEAR_MONTHS)):
                start, end = _span(chance, usual, month)
                yield Fault(kind, gateway.id, start, end, _gateway_strength(kind, chance))
    for lns in sorted({sensor.lns for sensor in plan.sensors}):
        for _ in range(_count(chance, _SERVER.per_year * rate * rates.get("network_server_down", 1.0) / _YEAR_MONTHS)):
            start, end = _span(chance, _SERVER, month)
            yield Fault("network_server_down", lns, start, end)


def _count(chance: Random, mean: float) -> int:
    """A Poisson count, by its normal approximation where it is large."""
    if mean > 50:
        return max(round(chance.gauss(mean, math.sqrt(mean))), 0)
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


def _span(chance: Random, usual: Rate, month: int) -> tuple[int, int]:
    start = month * MONTH_MS + chance.randrange(MONTH_MS)
    return start, start + round(chance.uniform(usual.shortest_h, usual.longest_h) * HOUR_MS)


def _strength(kind: str, sensor: Sensor, prone: Sequence[Sensor], chance: Random) -> dict[str, Quantity]:
    sign = chance.choice((-1.0, 1.0))
    if kind == "drifting":
        return {"per_day": round(sign * chance.uniform(0.5, 1.5) * _DRIFT[sensor.kind], 3)}
    if kind == "biased":
        return {"offset": round(sign * chance.uniform(0.6, 1.5) * _BIAS[sensor.kind], 3)}
    if kind == "clock_wrong":
        return {"ahead_s": round(sign * chance.choice((3_600, 7_200, 86_400 * 365)))}
    if kind == "swapped":
        elsewhere = [s for s in prone if s.asset != sensor.asset]
        others = [s for s in elsewhere if s.decoder == sensor.decoder]
        other = chance.choice(others or elsewhere)
        return {"with": other.dev_eui}
    return {}


_DRIFT: Mapping[AssetKind, float] = {"waste_bin": 30.0, "soil": 0.8, "weather": 0.3, "parking_bay": 0.08, "valve": 0.0}
"""A day: mm, percent, degC, and for bays the share of wrong states."""
_BIAS: Mapping[AssetKind, float] = {"waste_bin": 180.0, "soil": 6.0, "weather": 2.5, "parking_bay": 0.0, "valve": 0.0}


def _gateway_strength(kind: str, chance: Random) -> dict[str, Quantity]:
    if kind == "gateway_down":
        return {"stores": chance.random() < 0.5}
    # GPS time without leap seconds, an hour, and the epoch that a gateway without a clock starts at
    return {"ahead_s": chance.choice((18, 3_600, -1_700_000_000))}


Measured = dict[str, Quantity]
Distortion = Callable[[Measured, Fault, int, AssetKind, Random], None]
"""Changes what was measured at a time (Unix ms) as the fault makes it."""


def _shift(measured: Measured, by: float, kind: AssetKind) -> None:
    """Move the quantity that the device is there for, at all depths."""
    name = _MAIN.get(kind)
    if name is None:
        return
    for key in [key for key in measured if key.partition("@")[0] == name]:
        measured[key] = float(measured[key]) + by


_MAIN: Mapping[AssetKind, str] = {"waste_bin": "distance", "soil": "soil_moisture_vwc", "weather": "air_temperature"}


def _drifting(measured: Measured, fault: Fault, at_ms: int, kind: AssetKind, chance: Random) -> None:
    grown = float(fault.values["per_day"]) * (at_ms - fault.start_ms) / DAY_MS
    if kind == "parking_bay":
        _doubt(measured, min(abs(grown), 0.9), chance)
    else:
        _shift(measured, grown, kind)


def _biased(measured: Measured, fault: Fault, at_ms: int, kind: AssetKind, chance: Random) -> None:
    _shift(measured, float(fault.values["offset"]), kind)


def _tilted(measured: Measured, fault: Fault, at_ms: int, kind: AssetKind, chance: Random) -> None:
    measured |= {"tilt_alarm": True, "tilt_angle": chance.uniform(60, 88), "distance": chance.uniform(200, 4_400)}


def _cover_open(measured: Measured, fault: Fault, at_ms: int, kind: AssetKind, chance: Random) -> None:
    """The sensor in the open lid looks at the sky: no echo, or one from a tree."""
    measured["distance"] = chance.choice((4_500.0, 4_500.0, chance.uniform(2_600, 4_400)))


def _probe_out(measured: Measured, fault: Fault, at_ms: int, kind: AssetKind, chance: Random) -> None:
    """The probe lies in the air: as good as no water, and the air's temperature."""
    air = float(measured.get("air_temperature", 12.0))
    dry = {"soil_moisture_vwc": 0.8, "soil_temperature": air, "soil_ec": 0.0, "soil_water_potential": -2_500.0}
    for key in list(measured):
        name = key.partition("@")[0]
        if name in dry:
            measured[key] = dry[name]


def _learning(measured: Measured, fault: Fault, at_ms: int, kind: AssetKind, chance: Random) -> None:
    _doubt(measured, 0.4, chance)


def _doubt(measured: Measured, wrong: float, chance: Random) -> None:
    if chance.random() < wrong:
        measured["occupied"] = not measured.get("occupied", False)


DISTORTIONS: Mapping[str, Distortion] = {
    "drifting": _drifting,
    "biased": _biased,
    "tilted": _tilted,
    "cover_open": _cover_open,
    "probe_out": _probe_out,
    "learning": _learning,
}
"""What a fault does to measured values, by kind; `stuck` freezes them all, the others act on the device itself."""
