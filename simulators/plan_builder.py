"""A plan from a seed: what stands on the drawn map, and which model of which network server hangs on it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, cycle
from random import Random

from simulators.fleet import EUI_PREFIX, AssetKind, Fleet, Lns, Sensor
from simulators.models import MODELS, Model, of_kind
from simulators.plan import Asset, Plan, Shares
from simulators.plan_streets import Ground, Map, draw_map
from simulators.plan_things import bays_on, bin_at, plant_at, siblings_of, station_at, valve_for
from simulators.truth import Quantity

SMALLEST, LARGEST = 30, 28_000
ALL_LNS: tuple[Lns, ...] = ("chirpstack4", "tts", "chirpstack3")
APPLICATIONS: Mapping[AssetKind, str] = {
    "waste_bin": "waste",
    "soil": "green",
    "valve": "irrigation",
    "weather": "weather",
    "parking_bay": "parking",
}
_CODES = {decoder: 8 + number for number, decoder in enumerate(MODELS)}
_RAIN_MODEL = "decentlab-dl-tbrg"
_PROBE_DEPTHS: Mapping[str, tuple[float, ...]] = {"tree": (30.0, 60.0, 90.0), "bed": (30.0, 60.0), "lawn": (30.0,)}
CABLE_DEPTHS_CM = (30.0, 60.0, 90.0)
_SHARE_WITH_SIBLINGS = 0.3


class PlanError(ValueError):
    """A plan that can't be made as asked; one sentence for people."""


def build_plan(seed: int, devices: int, lns: Sequence[Lns] = ALL_LNS, shares: Shares | None = None) -> Plan:
    """The bundled fictional city with so many devices, 30 to 28,000: the same arguments give the same. PlanError."""
    if not SMALLEST <= devices <= LARGEST:
        raise PlanError(f"a city has {SMALLEST} to {LARGEST:,} devices, not {devices}")
    counts = (shares or Shares()).counts(devices)
    ground = draw_map(seed, counts)
    chance = Random(f"things {seed}")
    crew = Crew(lns)
    assets = [
        *_bins(crew, ground, counts["waste_bin"], chance),
        *_green(crew, ground, counts["soil"], counts["valve"], chance),
        *_stations(crew, ground, counts["weather"], chance),
        *_bays(crew, ground, counts["parking_bay"], chance),
    ]
    zones = {asset.zone.id: asset.zone for asset in assets}
    table = {asset.id: asset for asset in assets}
    return Plan(tuple(zones.values()), table, Fleet(seed, tuple(crew.sensors), ground.gateways), crew.depths_cm)


class Crew:
    """Mounts devices: models take turns within a kind, network servers within everything."""

    def __init__(self, lns: Sequence[Lns]) -> None:
        self.sensors: list[Sensor] = []
        self.depths_cm: dict[str, tuple[float, ...]] = {}
        self._lns = cycle(lns)
        self._turns = {kind: cycle(_turn(kind)) for kind in APPLICATIONS}
        self._numbers = dict.fromkeys(MODELS, 0)

    def mount(self, asset: Asset, model: Model | None = None, depths_cm: Sequence[float] = ()) -> Sensor:
        """A new device on the asset, of the model whose turn it is or of this one."""
        chosen = model or next(self._turns[asset.kind])
        number = self._numbers[chosen.decoder]
        self._numbers[chosen.decoder] = number + 1
        sensor = Sensor(
            dev_eui=f"{EUI_PREFIX}{_CODES[chosen.decoder]:02x}{number:06x}",
            name=f"{chosen.decoder}-{number + 1:05d}",
            decoder=chosen.decoder,
            model=chosen.name,
            lns=next(self._lns),
            application=APPLICATIONS[asset.kind],
            asset=asset.id,
            kind=asset.kind,
            zone=asset.zone,
            latitude=asset.latitude,
            longitude=asset.longitude,
            container=asset.container,
        )
        self.sensors.append(sensor)
        if depths_cm:
            self.depths_cm[sensor.dev_eui] = tuple(depths_cm)
        return sensor

    def next_model(self, kind: AssetKind) -> Model:
        """Whose turn it is; the turn is taken."""
        return next(self._turns[kind])

    def next_single(self, kind: AssetKind) -> Model:
        """The next one with a single probe."""
        return next(model for model in self._turns[kind] if model.levels == 1)


def _turn(kind: AssetKind) -> tuple[Model, ...]:
    models = of_kind(kind)
    return tuple(m for m in models if m.decoder != _RAIN_MODEL) if kind == "weather" else models


def _bins(crew: Crew, ground: Map, count: int, chance: Random) -> Iterable[Asset]:
    where = [*chain.from_iterable(zip(ground.streets, ground.streets[1:], ground.streets[2:], strict=False))]
    places = cycle([*(where or ground.streets), *ground.parks])
    for number in range(1, count + 1):
        asset = bin_at(next(places), number, chance)
        crew.mount(asset)
        yield asset


def mount_probes(crew: Crew, plant: Asset, most: int, chance: Random) -> Asset:
    """One to `most` probes, the uppermost first; the plant that knows their depths."""
    depths = _PROBE_DEPTHS[str(plant.attributes["plant"])]
    model = crew.next_model("soil")
    told: dict[str, Quantity] = {}
    if model.levels > 1:
        found = CABLE_DEPTHS_CM[: model.levels]
        eui = crew.mount(plant, model, found).dev_eui
        told = {f"depth_{eui}_{level}_cm": depth for level, depth in enumerate(found)}
    else:
        found = depths[: min(most, 2 if chance.random() < 0.3 else 1)]
        for number, depth in enumerate(found):
            single = model if number == 0 else crew.next_single("soil")
            told[f"depth_{crew.mount(plant, single, (depth,)).dev_eui}_cm"] = depth
    listed = ",".join(f"{depth:g}" for depth in found)
    return replace(plant, attributes={**plant.attributes, "depths_cm": listed, **told})


def _green(crew: Crew, ground: Map, soil: int, valves: int, chance: Random) -> Iterable[Asset]:
    """Plants with probes, siblings of some trees, and valves for as many plants as there are valves."""
    places = cycle([*ground.parks, *ground.streets[::3]])
    plants: list[Asset] = []
    mounted = len(crew.sensors)
    while (left := soil - (len(crew.sensors) - mounted)) > 0:
        plant = plant_at(next(places), len(plants) + 1, chance)
        plants.append(mount_probes(crew, plant, left, chance))
    for plant in plants:
        if plant.attributes["plant"] == "tree" and chance.random() < _SHARE_WITH_SIBLINGS:
            yield from siblings_of(plant, chance)
    yield from _watered(crew, plants, valves, chance)


def _watered(crew: Crew, plants: Sequence[Asset], valves: int, chance: Random) -> Iterable[Asset]:
    first = sorted(plants, key=lambda plant: plant.attributes["plant"] == "tree")  # beds and lawns before trees
    for number, plant in enumerate(first, start=1):
        if number > valves:
            yield plant
            continue
        valve = valve_for(plant, number, chance)
        crew.mount(valve)
        yield replace(plant, attributes={**plant.attributes, "valve": valve.id})
        yield valve
    for number in range(len(plants) + 1, valves + 1):  # more valves than plants: a second circuit
        valve = valve_for(plants[number % len(plants)], number, chance)
        crew.mount(valve)
        yield valve


def _stations(crew: Crew, ground: Map, count: int, chance: Random) -> Iterable[Asset]:
    """Every third a rain gauge alone, every fourth full station with a gauge beside it."""
    places = cycle([*ground.parks, *ground.car_parks])
    number, left = 0, count
    while left > 0:
        number += 1
        station = station_at(next(places), number, chance)
        yield station
        crew.mount(station, MODELS[_RAIN_MODEL] if station.attributes["station"] == "rain" else None)
        left -= 1
        if left and number % 4 == 0 and station.attributes["station"] == "full":
            crew.mount(station, MODELS[_RAIN_MODEL])
            left -= 1


def _bays(crew: Crew, ground: Map, count: int, chance: Random) -> Iterable[Asset]:
    """Rows on car parks (large) and streets (small) in turn until all bays are placed."""
    turns: list[Ground] = [*ground.car_parks, *ground.streets[::2]]
    placed = 0
    for turn, where in enumerate(turns):
        left = count - placed
        if left <= 0:
            return
        size = chance.randint(20, 70) if where.zone.kind == "car_park" else chance.randint(6, 24)
        size = left if turn == len(turns) - 1 else min(size, left, max(count // 3, 1))
        for bay in bays_on(where, placed + 1, size, chance):
            crew.mount(bay)
            yield bay
        placed += size
