"""The made-up city's map: districts around a market square, and in them streets, car parks and parks."""

import math
from dataclasses import dataclass
from random import Random

from simulators.fleet import CENTRE, EUI_PREFIX, AssetKind, Gateway, Zone
from simulators.plan import LandUse, moved

_DISTRICTS: tuple[tuple[str, LandUse], ...] = (
    ("Old Town", "centre"),
    ("North Bank", "residential"),
    ("South Field", "mixed"),
    ("Mill Quarter", "nightlife"),
    ("East Gate", "residential"),
    ("Harbour", "industrial"),
    ("University", "school"),
    ("Vineyard Hill", "residential"),
    ("Station Quarter", "mixed"),
    ("Meadow End", "residential"),
    ("Brickworks", "industrial"),
    ("Lake Side", "park"),
)
_FIRST = (
    "Mill", "Rose", "Lime", "Station", "Church", "Bridge", "Garden", "King", "River", "Oak", "Chapel", "Tower",
    "Weaver", "Baker", "Castle", "Orchard", "Meadow", "Linden", "Market", "School", "Forge", "Willow", "Abbey",
    "Fountain",
)  # fmt: skip
_KINDS = {
    "street": ("Street", "Lane", "Road", "Row", "Alley", "Way"),
    "park": ("Park", "Garden", "Green", "Grove", "Common", "Meadow"),
    "car_park": ("Car Park", "Garage", "Parking", "Court", "Yard", "Terrace"),
}
_PER_ZONE = {"street": 35, "park": 28, "car_park": 45}
"""Devices on one street, park or car park of a large city."""
_USES: dict[LandUse, tuple[LandUse, ...]] = {
    "centre": ("centre", "centre", "nightlife", "mixed"),
    "residential": ("residential", "residential", "residential", "school", "mixed"),
    "mixed": ("mixed", "residential", "centre"),
    "nightlife": ("nightlife", "mixed", "residential"),
    "industrial": ("industrial", "industrial", "mixed"),
    "school": ("school", "residential", "mixed"),
    "park": ("park", "residential"),
}


@dataclass(frozen=True, slots=True)
class Ground:
    """A zone with what lies around it: land use, and how it stretches from its centre."""

    zone: Zone
    land_use: LandUse
    bearing: float
    """Radians from north: the street's direction."""
    length_m: float

    def at(self, share: float, aside_m: float) -> tuple[float, float]:
        """Latitude and longitude at a share (0 to 1) of its length, so many metres beside its middle line."""
        along = (share - 0.5) * self.length_m
        north = along * math.cos(self.bearing) - aside_m * math.sin(self.bearing)
        east = along * math.sin(self.bearing) + aside_m * math.cos(self.bearing)
        return moved(self.zone.latitude, self.zone.longitude, north, east)


@dataclass(frozen=True, slots=True)
class Map:
    """All grounds by kind, and the gateways."""

    streets: tuple[Ground, ...]
    car_parks: tuple[Ground, ...]
    parks: tuple[Ground, ...]
    gateways: tuple[Gateway, ...]


def radius_m(devices: int) -> float:
    """How far the city reaches from its market square: 0.8 km for a hundred devices, 6.5 km for 28,000."""
    return 400 + 37 * math.sqrt(devices)


def draw_map(seed: int, counts: dict[AssetKind, int]) -> Map:
    """The map for so many devices of each kind; the same seed and counts draw the same."""
    chance = Random(f"map {seed}")
    devices = sum(counts.values())
    districts = _districts(chance, devices)
    wanted = {
        "street": counts["waste_bin"] + counts["parking_bay"] // 3,
        "car_park": counts["parking_bay"],
        "park": counts["soil"] + counts["valve"],
    }
    names: set[str] = set()
    found = {
        kind: tuple(
            _ground(chance, kind, districts[n % len(districts)], names)
            for n in range(max(3 if kind == "street" else 2, math.ceil(wanted[kind] / _PER_ZONE[kind])))
        )
        for kind in _KINDS
    }
    return Map(found["street"], found["car_park"], found["park"], _gateways(chance, devices))


@dataclass(frozen=True, slots=True)
class _District:
    name: str
    land_use: LandUse
    centre: tuple[float, float]
    radius_m: float


def _districts(chance: Random, devices: int) -> list[_District]:
    """The centre, and the others on rings around it."""
    count = min(len(_DISTRICTS), 3 + devices // 150)
    outer, turn = radius_m(devices), chance.uniform(0, 2 * math.pi)
    size = outer / math.sqrt(count)
    placed = []
    for n, (name, use) in enumerate(_DISTRICTS[:count]):
        angle = turn + n * 2.399963  # the golden angle spreads them evenly
        away = 0.0 if n == 0 else outer * 0.75 * math.sqrt(n / count)
        centre = moved(*CENTRE, away * math.cos(angle), away * math.sin(angle))
        placed.append(_District(name, use, centre, size))
    return placed


def _ground(chance: Random, kind: str, district: _District, names: set[str]) -> Ground:
    angle, away = chance.uniform(0, 2 * math.pi), district.radius_m * math.sqrt(chance.random())
    place = moved(*district.centre, away * math.cos(angle), away * math.sin(angle))
    name = _name(chance, kind, district.name, names)
    use: LandUse = "park" if kind == "park" else chance.choice(_USES[district.land_use])
    length = {"street": chance.uniform(150, 600), "park": chance.uniform(120, 350), "car_park": chance.uniform(50, 120)}
    identity = name.lower().replace(" ", "-")
    return Ground(Zone(identity, name, kind, district.name, *place), use, chance.uniform(0, math.pi), length[kind])


def _name(chance: Random, kind: str, district: str, names: set[str]) -> str:
    """A name that no other zone has: numbered when the words have run out."""
    words = _KINDS[kind]
    for _ in range(40):
        name = f"{chance.choice(_FIRST)} {chance.choice(words)}"
        if name not in names:
            break
    else:
        name = f"{chance.choice(_FIRST)} {words[0]} {len(names) + 1}"
    names.add(name)
    return name


def _gateways(chance: Random, devices: int) -> tuple[Gateway, ...]:
    """On a spiral of even density, about one for 700 devices and never fewer than three."""
    count = max(3, min(devices // 700, 60))
    outer = radius_m(devices)
    placed = []
    for n in range(count):
        away, angle = outer * 0.9 * math.sqrt((n + 0.3) / count), n * 2.399963
        place = moved(
            *CENTRE, away * math.cos(angle) + chance.gauss(0, 60), away * math.sin(angle) + chance.gauss(0, 60)
        )
        placed.append(Gateway(f"{EUI_PREFIX}ff{n + 1:06x}", f"gateway-{n + 1:02d}", *place))
    return tuple(placed)
