"""A small city made from a seed: sensors with places, the gateways that hear them, and the inventory of it all."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any, Literal

Lns = Literal["chirpstack4", "tts", "chirpstack3"]
AssetKind = Literal["waste_bin", "soil", "valve", "weather", "parking_bay"]

CENTRE = (50.2700, 10.9600)
"""Latitude and longitude of the market square of the made-up city."""
EUI_PREFIX = "02c17a51"
"""The local bit is set: these EUIs belong to no vendor."""
METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Container:
    """Geometry of a bin in mm: inner height, sensor's face above the rim, nearest distance that it measures."""

    height_mm: int
    offset_mm: int
    blind_zone_mm: int
    shape: str
    volume_l: int

    @property
    def empty_mm(self) -> int:
        """Distance to the floor."""
        return self.height_mm + self.offset_mm

    @property
    def full_mm(self) -> int:
        """Distance that counts as full."""
        return self.blind_zone_mm + self.offset_mm


@dataclass(frozen=True, slots=True)
class Zone:
    """A street, park or car park with its centre."""

    id: str
    name: str
    kind: str
    district: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Gateway:
    """A LoRaWAN gateway; `id` is its EUI."""

    id: str
    name: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Sensor:
    """One device on one asset, known to one network server. Positions in degrees."""

    dev_eui: str
    name: str
    decoder: str
    model: str
    lns: Lns
    application: str
    asset: str
    kind: AssetKind
    zone: Zone
    latitude: float
    longitude: float
    container: Container | None = None


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything that sends, and who hears it."""

    seed: int
    sensors: tuple[Sensor, ...]
    gateways: tuple[Gateway, ...]


@dataclass(frozen=True, slots=True)
class FleetSize:
    """How many of each kind; the network servers take turns within a kind."""

    bins: int = 12
    soil_probes: int = 6
    bays: int = 8
    weather_stations: int = 1
    lns: tuple[Lns, ...] = field(default=("chirpstack4", "tts"))


_ZONES = (
    ("market", "Market Square", "street", "Old Town", 0, 0),
    ("mill-lane", "Mill Lane", "street", "Old Town", 320, -210),
    ("station-road", "Station Road", "street", "North Bank", 900, 450),
    ("rose-garden", "Rose Garden", "park", "North Bank", 1_150, -300),
    ("lime-park", "Lime Park", "park", "South Field", -980, 240),
    ("harbour-car-park", "Harbour Car Park", "car_park", "South Field", -640, -760),
)
_CONTAINERS = (
    Container(1_250, 60, 250, "wheeled", 1_100),
    Container(900, 40, 250, "litter", 120),
    Container(2_400, 80, 300, "underground", 3_000),
)
_MODELS = {
    "milesight-em400-mud": "Milesight EM400-MUD",
    "dragino-lse01": "Dragino LSE01",
    "decentlab-dl-trs12": "Decentlab DL-TRS12",
    "bosch-tps110": "Bosch TPS110",
    "cayenne-lpp": "Cayenne LPP station",
}
_CODES = {decoder: f"{number:02x}" for number, decoder in enumerate(_MODELS, start=1)}
_APPLICATIONS: dict[AssetKind, str] = {
    "waste_bin": "waste",
    "soil": "green",
    "parking_bay": "parking",
    "weather": "weather",
}


def build_fleet(seed: int, size: FleetSize | None = None) -> Fleet:
    """The city of a seed: the same seed and size give the same city."""
    size = size or FleetSize()
    chance = Random(f"fleet {seed}")
    zones = tuple(_zone(*row) for row in _ZONES)
    soil = ("dragino-lse01", "decentlab-dl-trs12")
    sensors = [
        *(_sensor(chance, zones, size, "waste_bin", "milesight-em400-mud", n) for n in range(size.bins)),
        *(_sensor(chance, zones, size, "soil", soil[n % 2], n) for n in range(size.soil_probes)),
        *(_sensor(chance, zones, size, "parking_bay", "bosch-tps110", n) for n in range(size.bays)),
        *(_sensor(chance, zones, size, "weather", "cayenne-lpp", n) for n in range(size.weather_stations)),
    ]
    return Fleet(seed, tuple(sensors), _gateways())


def _zone(zone_id: str, name: str, kind: str, district: str, north_m: float, east_m: float) -> Zone:
    return Zone(zone_id, name, kind, district, *_moved(*CENTRE, north_m, east_m))


def _gateways() -> tuple[Gateway, ...]:
    places = (("town-hall", 40, 60), ("water-tower", 1_300, 700), ("grain-silo", -1_200, -500))
    return tuple(
        Gateway(f"{EUI_PREFIX}ff{n:06x}", name, *_moved(*CENTRE, north, east))
        for n, (name, north, east) in enumerate(places, start=1)
    )


def _moved(latitude: float, longitude: float, north_m: float, east_m: float) -> tuple[float, float]:
    degrees_east = east_m / (METRES_PER_DEGREE * math.cos(math.radians(latitude)))
    return round(latitude + north_m / METRES_PER_DEGREE, 6), round(longitude + degrees_east, 6)


_PLACES: dict[AssetKind, Sequence[str]] = {
    "waste_bin": ("street", "park"),
    "soil": ("park",),
    "parking_bay": ("car_park",),
    "weather": ("park",),
}


def _sensor(
    chance: Random, zones: Sequence[Zone], size: FleetSize, kind: AssetKind, decoder: str, number: int
) -> Sensor:
    fitting = [zone for zone in zones if zone.kind in _PLACES[kind]]
    zone = fitting[number % len(fitting)]
    latitude, longitude = _moved(zone.latitude, zone.longitude, chance.gauss(0, 60), chance.gauss(0, 60))
    short = {"waste_bin": "bin", "soil": "bed", "parking_bay": "bay", "weather": "station"}[kind]
    return Sensor(
        dev_eui=f"{EUI_PREFIX}{_CODES[decoder]}{number:06x}",
        name=f"{short}-sensor-{number + 1:03d}",
        decoder=decoder,
        model=_MODELS[decoder],
        lns=size.lns[number % len(size.lns)],
        application=_APPLICATIONS[kind],
        asset=f"{short}-{number + 1:03d}",
        kind=kind,
        zone=zone,
        latitude=latitude,
        longitude=longitude,
        container=_CONTAINERS[number % len(_CONTAINERS)] if kind == "waste_bin" else None,
    )


def inventory(fleet: Fleet, since: str = "2025-01-01") -> dict[str, Any]:
    """The inventory document of the city, ready for YAML: zones, assets, devices, assignments from `since` (a date)."""
    zones = {sensor.zone.id: sensor.zone for sensor in fleet.sensors}
    return {
        "zones": [{"id": z.id, "name": z.name, "kind": z.kind, "district": z.district} for z in zones.values()],
        "assets": [_asset(sensor) for sensor in fleet.sensors],
        "devices": [
            {"dev_eui": s.dev_eui, "name": s.name, "model": s.model, "decoder": s.decoder} for s in fleet.sensors
        ],
        "assignments": [{"dev_eui": s.dev_eui, "asset": s.asset, "from": since} for s in fleet.sensors],
    }


def _asset(sensor: Sensor) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": sensor.asset,
        "name": f"{sensor.zone.name} {sensor.asset}",
        "kind": sensor.kind,
        "zone": sensor.zone.id,
        "district": sensor.zone.district,
        "latitude": sensor.latitude,
        "longitude": sensor.longitude,
    }
    return row | ({"container": asdict(sensor.container)} if sensor.container else {})
