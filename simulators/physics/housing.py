"""What all devices share: the temperature inside the housing, and the battery that pays for each uplink."""

import math
from dataclasses import dataclass

_YEAR_H = 8766.0


def housing_temperature(air_temperature: float, radiation: float, wind: float, absorbed: float = 0.6) -> float:
    """Temperature in degC of a small housing in the sun (radiation in W/m2, wind in m/s): the sol-air temperature.

    ASHRAE Handbook, Fundamentals, chapter on nonresidential loads, without the long-wave term; heat transfer
    5.7 + 3.8 v W/m2K after McAdams (Heat Transmission, 1954). `absorbed` is the share of the sun that is taken up:
    0.6 open, 0.2 in the shade or flush with the road under a car, 0 below ground.
    """
    return air_temperature + absorbed * radiation / (5.7 + 3.8 * wind)


@dataclass(frozen=True, slots=True)
class Cell:
    """A battery: rated charge in mAh, nominal voltage, voltage at which the device gives up, K/V of its cold."""

    capacity_mah: float
    nominal_v: float
    end_v: float
    self_discharge: float
    """Share of the capacity a year at 20 degC."""
    cold_v_per_k: float
    """Voltage that each degree below 20 degC takes."""


LITHIUM = Cell(8500.0, 3.6, 2.9, 0.01, 0.0035)
"""Lithium thionyl chloride, two cells of size A: flat at 3.6 V nearly to the end. Figures of the order that data sheets
of such cells give (1 % self-discharge a year)."""
ALKALINE = Cell(2500.0, 3.0, 1.9, 0.03, 0.006)
"""Two alkaline AA cells: the voltage falls all the way."""

TX_MA, RX_MA, AWAKE_MA, SLEEP_MA = 44.0, 10.8, 8.0, 0.004
"""Currents of the order of the SX1276's data sheet (14 dBm on RFO; receive with LNA boost) and of a sleeping node."""


def uplink_charge_mah(airtime_s: float, measuring_s: float = 0.5, receiving_s: float = 0.12) -> float:
    """Charge of one class A uplink, mAh: measuring, sending, two receive windows."""
    return (airtime_s * TX_MA + receiving_s * RX_MA + measuring_s * AWAKE_MA) / 3600


@dataclass(slots=True)
class Battery:
    """A battery with what was taken from it. `rest_ma` is what the device draws between uplinks."""

    cell: Cell = LITHIUM
    used_mah: float = 0.0
    rest_ma: float = SLEEP_MA

    def use(self, charge_mah: float) -> None:
        """Take a charge at once: one uplink, one valve movement."""
        self.used_mah += charge_mah

    def rest(self, hours: float, temperature: float = 15.0) -> None:
        """Let time pass: the sleeping device, and self-discharge that doubles each 10 K (rule of Arrhenius)."""
        own = self.cell.self_discharge * self.cell.capacity_mah * math.exp2((temperature - 20) / 10) / _YEAR_H
        self.used_mah += hours * (self.rest_ma + own)

    @property
    def left(self) -> float:
        """Share of the charge that is left, 0 to 1."""
        return max(1 - self.used_mah / self.cell.capacity_mah, 0.0)

    @property
    def level(self) -> float:
        """`battery_level` in %."""
        return 100 * self.left

    def voltage(self, temperature: float = 20.0) -> float:
        """`battery_voltage` in V: a curve from nominal to the end, steep at the end for lithium; less in the cold."""
        cell, left = self.cell, self.left
        bend = 12.0 if cell.nominal_v > 3.3 else 1.2
        drop = (cell.nominal_v - cell.end_v) * (0.12 * (1 - left) + 0.88 * math.pow(1 - left, bend))
        return max(cell.nominal_v - drop - cell.cold_v_per_k * max(20 - temperature, 0.0), 0.5)

    @property
    def empty(self) -> bool:
        """Whether the device has fallen silent for good."""
        return self.used_mah >= self.cell.capacity_mah


def uv_index(radiation: float, sine_of_height: float) -> float:
    """A rough UV index, 0 to 11: 9 under a high sun at 1000 W/m2, falling faster than the light as the sun sinks."""
    return max(9.0 * radiation / 1000 * math.pow(max(sine_of_height, 0.0), 0.6), 0.0) if radiation > 0 else 0.0


def soil_wave(mean: float, amplitude: float, depth_m: float, day: float, hottest_day: float = 201.0) -> float:
    """Soil temperature of the date in degC: the yearly wave, damped and late with depth.

    Campbell and Norman, An Introduction to Environmental Biophysics (1998), equation 2.4, damping depth 2 m.
    """
    lag = depth_m / 2.0
    return mean + amplitude * math.exp(-lag) * math.cos(2 * math.pi * (day - hottest_day) / 365.25 - lag)
