"""What one device sees of its asset at one transmission: noise, limits and its own housekeeping on ideal quantities."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

from simulators.fleet import Container
from simulators.truth import Quantity

Reason = Literal["periodic", "change", "alarm", "heartbeat", "startup"]
"""Why a device sends: `change` at a car's coming or going, `alarm` at a tilt or fire."""


@dataclass(slots=True)
class Seen:
    """One transmission in the making. `measured` is the asset's ideal state as faults have left it."""

    measured: Mapping[str, Quantity]
    reason: Reason
    time_ms: int
    device_clock_ms: int
    """Unix ms as the device believes."""
    count: int
    """Frames sent before this one."""
    age_days: float
    """Since its battery was new."""
    number: int
    """The device's own number, for ids in its payload."""
    chance: Random
    depths_cm: tuple[float, ...] = ()
    previous_s: float = 0.0
    """How long the state before this one lasted; for parking sensors."""
    container: Container | None = None
    battery_offset: float = 0.0
    """Percent: no two batteries are alike."""

    def value(self, quantity: str, default: float, noise: float = 0.0, low: float = -1e9, high: float = 1e9) -> float:
        """A measured number with Gaussian noise (one standard deviation), within the sensor's range."""
        number = float(self.measured.get(quantity, default))
        if noise:
            number += self.chance.gauss(0, noise)
        return low if number < low else high if number > high else number

    def at_depth(self, quantity: str, level: int, default: float, noise: float, low: float, high: float) -> float:
        """The same at the device's probe of this level (0 is the uppermost)."""
        if level < len(self.depths_cm):
            name = f"{quantity}@{self.depths_cm[level]:g}"
            if name in self.measured:
                return self.value(name, default, noise, low, high)
        return self.value(quantity, default, noise, low, high)

    def flag(self, quantity: str) -> bool:
        """A measured switch; off where the asset has none."""
        return bool(self.measured.get(quantity, False))

    @property
    def temperature(self) -> float:
        """Inside the housing, degC, -30 to 85."""
        own = self.measured.get("device_temperature")
        if own is None:
            own = self.measured.get("air_temperature", 12.0)
        warm = float(own) + self.chance.gauss(0, 0.2)
        return min(max(warm, -30.0), 85.0)

    @property
    def battery_level(self) -> float:
        """Percent: ten years of one cell at moderate use."""
        return float(round(min(max(100 + self.battery_offset - self.age_days / 36.5, 1.0), 100.0)))

    @property
    def battery_voltage(self) -> float:
        """Volts of a lithium cell: flat, and lower in the cold."""
        cold = min(float(self.measured.get("air_temperature", 12.0)) - 20, 0.0) * 0.003
        return max(3.6 - 0.25 * (100 - self.battery_level) / 100 + cold, 2.6)
