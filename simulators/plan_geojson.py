"""A plan from a GeoJSON of a real city (RFC 7946).

Features are points (`kind` bin, tree, bed, lawn, bay, valve, weather, gateway) and polygons or lines (`kind` street,
car_park, park). Other properties: `name`, `zone` (of points; else the area that holds or is nearest to it), `district`,
`land_use`, `capacity` (bays that an area gets, in rows; an area without one gets none), and anything that an asset's
attributes have: it replaces what would be drawn by chance. Positions are longitude, latitude.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import msgspec

from simulators.fleet import EUI_PREFIX, Fleet, Gateway, Lns, Zone
from simulators.plan import Asset, LandUse, Plan, metres
from simulators.plan_builder import LARGEST, Crew, PlanError, mount_probes
from simulators.plan_streets import Ground
from simulators.plan_things import bays_on, bin_at, plant_at, station_at, valve_for
from simulators.truth import Quantity

_AREAS = ("street", "car_park", "park")
_PLANTS = ("tree", "bed", "lawn")
_POINTS = ("bin", *_PLANTS, "bay", "valve", "weather", "gateway")
_LAND_USES: tuple[LandUse, ...] = ("centre", "residential", "mixed", "school", "industrial", "park", "nightlife")
_OWN = ("kind", "name", "zone", "district", "land_use", "capacity")

Position = tuple[float, float]
"""Latitude, longitude."""


@dataclass(frozen=True, slots=True)
class _Area:
    ground: Ground
    outline: tuple[Position, ...]
    capacity: int


def load_plan(text: bytes, seed: int, lns: Sequence[Lns]) -> Plan:
    """The plan of a feature collection. PlanError names the feature that can't be used."""
    try:
        document = msgspec.json.decode(text)
        features: list[dict[str, Any]] = document["features"]
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise PlanError(f"no GeoJSON feature collection: {error}") from error
    reader = _Reader(seed, lns)
    for number, feature in enumerate(features):
        try:
            reader.take(feature)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise PlanError(f"features[{number}]: {error or type(error).__name__}") from error
    return reader.plan()


class _Reader:
    def __init__(self, seed: int, lns: Sequence[Lns]) -> None:
        self._seed = seed
        self._crew = Crew(lns)
        self._chance = Random(f"geojson {seed}")
        self._areas: dict[str, _Area] = {}
        self._points: list[tuple[Position, Mapping[str, Any]]] = []
        self._assets: dict[str, Asset] = {}
        self._gateways: list[Gateway] = []

    def take(self, feature: Mapping[str, Any]) -> None:
        properties: Mapping[str, Any] = feature.get("properties") or {}
        kind, shape = properties.get("kind"), feature["geometry"]["type"]
        if kind in _AREAS and shape in ("Polygon", "LineString"):
            self._take_area(str(kind), feature["geometry"], properties)
        elif kind in _POINTS and shape == "Point":
            self._points.append((_position(feature["geometry"]["coordinates"]), properties))
        else:
            raise ValueError(f"kind {kind!r} of a {shape}: points are {', '.join(_POINTS)}, areas {', '.join(_AREAS)}")

    def _take_area(self, kind: str, geometry: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
        rows = geometry["coordinates"][0] if geometry["type"] == "Polygon" else geometry["coordinates"]
        outline = tuple(_position(row) for row in rows)
        name = str(properties.get("name") or f"{kind} {len(self._areas) + 1}")
        zone_id = str(properties.get("zone") or name.lower().replace(" ", "-"))
        if zone_id in self._areas:
            raise ValueError(f"a second area {zone_id!r}")
        zone = Zone(zone_id, name, kind, str(properties.get("district", "")), *_centre(outline))
        ground = Ground(zone, _land_use(properties, kind), 0.8, max(_length(outline), 40.0))
        self._areas[zone_id] = _Area(ground, outline, int(properties.get("capacity", 0)))

    def plan(self) -> Plan:
        """Everything that was taken, with devices."""
        if not self._areas:
            raise PlanError("no street, car park or park: assets need a zone")
        plants: list[Asset] = []
        for position, properties in self._points:
            self._place(position, properties, plants)
        for area in self._areas.values():
            if area.capacity:
                first = sum(asset.kind == "parking_bay" for asset in self._assets.values()) + 1
                for bay in bays_on(area.ground, first, area.capacity, self._chance):
                    self._add(bay)
        if not 1 <= len(self._crew.sensors) <= LARGEST:
            raise PlanError(f"{len(self._crew.sensors)} devices: a city has up to {LARGEST}")
        fleet = Fleet(self._seed, tuple(self._crew.sensors), tuple(self._gateways) or self._own_gateways())
        zones = {asset.zone.id: asset.zone for asset in self._assets.values()}
        return Plan(tuple(zones.values()), self._assets, fleet, self._crew.depths_cm)

    def _place(self, position: Position, properties: Mapping[str, Any], plants: list[Asset]) -> None:
        kind, number = str(properties["kind"]), len(self._assets) + 1
        if kind == "gateway":
            count = len(self._gateways) + 1
            name = str(properties.get("name") or f"gateway-{count:02d}")
            self._gateways.append(Gateway(f"{EUI_PREFIX}ff{count:06x}", name, *position))
            return
        ground = self._ground(position, properties)
        if kind in _PLANTS:
            plant = _told(_as_plant(plant_at(ground, number, self._chance), kind, self._chance), position, properties)
            plant = mount_probes(self._crew, plant, 1, self._chance)
            plants.append(plant)
            self._assets[plant.id] = plant
        elif kind == "valve":
            self._valve(position, properties, plants, number)
        else:
            maker = {"bin": bin_at, "weather": station_at}.get(kind)
            asset = maker(ground, number, self._chance) if maker else bays_on(ground, number, 1, self._chance)[0]
            self._add(_told(asset, position, properties))

    def _valve(self, position: Position, properties: Mapping[str, Any], plants: list[Asset], number: int) -> None:
        """For the nearest plant that stands before it in the file."""
        dry = [plant for plant in plants if "valve" not in self._assets[plant.id].attributes]
        if not dry:
            raise PlanError("a valve needs a tree, bed or lawn before it that has none yet")
        plant = self._assets[min(dry, key=lambda p: metres(position, (p.latitude, p.longitude))).id]
        valve = _told(valve_for(plant, number, self._chance), position, properties)
        self._assets[plant.id] = replace(plant, attributes={**plant.attributes, "valve": valve.id})
        self._add(valve)

    def _add(self, asset: Asset) -> None:
        self._assets[asset.id] = asset
        self._crew.mount(asset)

    def _ground(self, position: Position, properties: Mapping[str, Any]) -> Ground:
        named = properties.get("zone")
        if named is not None:
            if str(named) not in self._areas:
                raise PlanError(f"there is no zone {named!r}")
            return self._areas[str(named)].ground
        inside = [area for area in self._areas.values() if _holds(area.outline, position)]
        found = inside or sorted(self._areas.values(), key=lambda area: _away(area.ground, position))
        return found[0].ground

    def _own_gateways(self) -> tuple[Gateway, ...]:
        """Three on the largest distances, where the file names none."""
        places = sorted({(asset.latitude, asset.longitude) for asset in self._assets.values()})
        chosen = (places[0], places[len(places) // 2], places[-1])
        return tuple(Gateway(f"{EUI_PREFIX}ff{n:06x}", f"gateway-{n:02d}", *place) for n, place in enumerate(chosen, 1))


def _told(asset: Asset, position: Position, properties: Mapping[str, Any]) -> Asset:
    """The asset at its real place, with what the file says of it."""
    said: dict[str, Quantity] = {
        name: value
        for name, value in properties.items()
        if name not in _OWN and isinstance(value, str | bool | int | float)
    }
    name = str(properties.get("name") or asset.name)
    return replace(
        asset, name=name, latitude=position[0], longitude=position[1], attributes={**asset.attributes, **said}
    )


def _as_plant(drawn: Asset, kind: str, chance: Random) -> Asset:
    """A drawn plant made into the kind that the file names."""
    attributes = {**drawn.attributes, "plant": kind}
    if kind == "tree" and "standing_year" not in attributes:
        attributes |= {"standing_year": chance.randint(1, 5), "root_area_m2": 3.0, "root_depth_cm": 70}
    return replace(drawn, id=f"{kind}-{drawn.id.rpartition('-')[2]}", attributes=attributes)


def _position(coordinates: Sequence[float]) -> Position:
    longitude, latitude = float(coordinates[0]), float(coordinates[1])
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError(f"{coordinates} is no longitude and latitude")
    return round(latitude, 6), round(longitude, 6)


def _land_use(properties: Mapping[str, Any], kind: str) -> LandUse:
    wanted = properties.get("land_use", "park" if kind == "park" else "mixed")
    for use in _LAND_USES:
        if use == wanted:
            return use
    raise ValueError(f"land_use {wanted!r} is none of {', '.join(_LAND_USES)}")


def _centre(outline: Sequence[Position]) -> Position:
    return (
        round(sum(p[0] for p in outline) / len(outline), 6),
        round(sum(p[1] for p in outline) / len(outline), 6),
    )


def _length(outline: Sequence[Position]) -> float:
    return max(metres(outline[0], place) for place in outline)


def _away(ground: Ground, position: Position) -> float:
    return metres((ground.zone.latitude, ground.zone.longitude), position)


def _holds(outline: Sequence[Position], position: Position) -> bool:
    """Whether a polygon holds a point: a ray crosses its edges an odd number of times."""
    return bool(sum(_crosses(a, b, position) for a, b in _edges(outline)) % 2)


def _edges(outline: Sequence[Position]) -> Iterable[tuple[Position, Position]]:
    return zip(outline, (*outline[1:], outline[0]), strict=True)


def _crosses(a: Position, b: Position, position: Position) -> bool:
    north, east = position
    if (a[0] > north) == (b[0] > north):
        return False
    return east < a[1] + (north - a[0]) / (b[0] - a[0]) * (b[1] - a[1])
