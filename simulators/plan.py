"""The plan of a city: districts, streets with land use, car parks, parks; what stands there, and the devices on it.

A plan is a value: made of a seed (`build_plan`) or read from a GeoJSON (`simulators.plan_geojson`), it goes into the
world, into the inventory document and to whoever scores detectors.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from simulators.fleet import METRES_PER_DEGREE, AssetKind, Container, Fleet, Gateway, Sensor, Zone
from simulators.truth import Quantity

LandUse = Literal["centre", "residential", "mixed", "school", "industrial", "park", "nightlife"]
BayClass = Literal["short_stay", "disabled", "charging", "fire_lane", "resident"]
Texture = Literal["sand", "loamy_sand", "sandy_loam", "loam", "silt_loam", "clay_loam"]
Waste = Literal["residual", "paper", "glass", "bio", "packaging"]


@dataclass(frozen=True, slots=True)
class Asset:
    """A thing of the city. `attributes` are what detectors and physics need to know of it, by kind:

    - waste_bin: `waste`, `land_use`, `tour`, `collection_days` (`mon,thu`), `collection_hour` (local time)
    - soil: `plant` (tree, bed, lawn), `texture`, `standing_year` (trees), `root_area_m2`, `root_depth_cm`, `exposure`,
      `sibling_group`, `depths_cm` (`30,60`: of its probes, the uppermost first), `depth_DEVEUI_cm` or, of a cable's
      levels, `depth_DEVEUI_LEVEL_cm`, `valve` (asset) where there is one
    - valve: `waters` (asset), `litres_per_pulse`, `flow_l_min`, `max_run_min`, `plan_days`, `plan_hour`, `plan_min`
    - parking_bay: `bay_class`, `max_stay_min` (0: none), `price_eur_h`, `zone_capacity`, `row` (its number in the zone)
    - weather: `station` (full, rain)
    """

    id: str
    name: str
    kind: AssetKind
    zone: Zone
    latitude: float
    longitude: float
    container: Container | None = None
    attributes: Mapping[str, Quantity] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole city. `fleet.sensors` name their asset; an asset may carry several, or none (a tree's siblings)."""

    zones: tuple[Zone, ...]
    assets: Mapping[str, Asset]
    fleet: Fleet
    depths_cm: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Of the probes of a device, by DevEUI, the uppermost first."""

    @property
    def seed(self) -> int:
        return self.fleet.seed

    @property
    def sensors(self) -> tuple[Sensor, ...]:
        return self.fleet.sensors

    @property
    def gateways(self) -> tuple[Gateway, ...]:
        return self.fleet.gateways


@dataclass(frozen=True, slots=True)
class Shares:
    """How many of all devices are of each kind. The default follows a city with thousands of bins and bays."""

    waste_bin: float = 0.36
    parking_bay: float = 0.40
    soil: float = 0.16
    valve: float = 0.04
    weather: float = 0.04

    def counts(self, devices: int) -> dict[AssetKind, int]:
        """Devices of each kind, at least one each, `devices` in all."""
        kinds: tuple[AssetKind, ...] = ("parking_bay", "soil", "valve", "weather")
        counts: dict[AssetKind, int] = {kind: max(round(devices * getattr(self, kind)), 1) for kind in kinds}
        return {"waste_bin": max(devices - sum(counts.values()), 1), **counts}


def moved(latitude: float, longitude: float, north_m: float, east_m: float) -> tuple[float, float]:
    """A place so many metres away; degrees with six digits."""
    degrees_east = east_m / (METRES_PER_DEGREE * math.cos(math.radians(latitude)))
    return round(latitude + north_m / METRES_PER_DEGREE, 6), round(longitude + degrees_east, 6)


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance of two (latitude, longitude) on the plane that a city is."""
    north = (a[0] - b[0]) * METRES_PER_DEGREE
    east = (a[1] - b[1]) * METRES_PER_DEGREE * math.cos(math.radians(a[0]))
    return math.hypot(north, east)
