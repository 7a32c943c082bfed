"""What stands in the made-up city: bins with their tours, trees and beds, valves, bays of every class, stations."""

from collections.abc import Callable, Mapping
from random import Random

from simulators.fleet import AssetKind, Container
from simulators.plan import Asset, BayClass, LandUse
from simulators.plan_streets import Ground
from simulators.truth import Quantity

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

LITTER = Container(900, 40, 250, "litter", 120)
WHEELED = Container(1_250, 60, 250, "wheeled", 1_100)
UNDERGROUND = Container(2_400, 80, 300, "underground", 3_000)
IGLOO = Container(1_600, 60, 250, "igloo", 2_500)

_WASTE: Mapping[LandUse, tuple[tuple[str, Container, int], ...]] = {
    "centre": (("residual", LITTER, 5), ("residual", UNDERGROUND, 2), ("paper", UNDERGROUND, 3)),
    "residential": (("residual", WHEELED, 4), ("paper", WHEELED, 3), ("glass", IGLOO, 1), ("bio", WHEELED, 2)),
    "mixed": (("residual", WHEELED, 4), ("packaging", WHEELED, 2), ("glass", IGLOO, 1), ("residual", LITTER, 5)),
    "school": (("residual", LITTER, 5), ("paper", WHEELED, 2), ("packaging", WHEELED, 2)),
    "industrial": (("residual", WHEELED, 3), ("packaging", WHEELED, 3), ("paper", WHEELED, 2)),
    "park": (("residual", LITTER, 4),),
    "nightlife": (("residual", LITTER, 6), ("glass", IGLOO, 2), ("residual", UNDERGROUND, 3)),
}
"""Waste, container and collections a week, by land use."""

_TREES_PER_GROUP = 6


def bin_at(ground: Ground, number: int, chance: Random) -> Asset:
    """A bin; all bins of one waste and number of collections in a district are on the same tour."""
    waste, container, weekly = chance.choice(_WASTE[ground.land_use])
    days = _collection_days(f"{ground.zone.district}{waste}{weekly}", weekly)
    latitude, longitude = ground.at(chance.random(), chance.uniform(-12, 12))
    district = ground.zone.district.lower().replace(" ", "-")
    attributes: dict[str, Quantity] = {
        "waste": waste,
        "land_use": ground.land_use,
        "tour": f"{district}-{waste}-{weekly}",
        "collection_days": ",".join(days),
        "collection_hour": float(6 + _fixed(f"{district}{waste}") % 6),
    }
    name = f"{ground.zone.name} {waste} bin {number}"
    return Asset(f"bin-{number:05d}", name, "waste_bin", ground.zone, latitude, longitude, container, attributes)


def _collection_days(tour: str, weekly: int) -> tuple[str, ...]:
    first = _fixed(tour) % 5
    if weekly >= 5:
        return _DAYS[: 7 if weekly > 6 else weekly]
    step = 5 / weekly
    return tuple(_DAYS[day] for day in sorted({int(first + n * step) % 5 for n in range(weekly)}))


def _fixed(text: str) -> int:
    """A number that only the text decides, the same in every process."""
    return sum(ord(letter) * (place + 1) for place, letter in enumerate(text))


def plant_at(ground: Ground, number: int, chance: Random) -> Asset:
    """A young tree, a bed or a lawn."""
    plant = chance.choices(("tree", "bed", "lawn"), (6, 3, 1))[0]
    texture = chance.choices(
        ("sand", "loamy_sand", "sandy_loam", "loam", "silt_loam", "clay_loam"), (1, 2, 4, 4, 2, 1)
    )[0]
    latitude, longitude = ground.at(chance.random(), chance.uniform(-60, 60))
    attributes: dict[str, Quantity] = {
        "plant": plant,
        "texture": texture,
        "exposure": chance.choice(("sun", "half_shade", "shade")),
        **_roots(plant, chance),
    }
    if plant == "tree":
        attributes["sibling_group"] = f"{ground.zone.id}-{texture}-{attributes['standing_year']}"
    name = f"{ground.zone.name} {plant} {number}"
    return Asset(f"{plant}-{number:05d}", name, "soil", ground.zone, latitude, longitude, None, attributes)


def _roots(plant: str, chance: Random) -> dict[str, Quantity]:
    if plant == "tree":
        year = chance.randint(1, 5)
        return {
            "standing_year": year,
            "root_area_m2": round(1.5 + 0.5 * year + chance.uniform(0, 0.8), 1),
            "root_depth_cm": 40 + 10 * year,
        }
    area = chance.uniform(6, 40) if plant == "bed" else chance.uniform(60, 300)
    return {"root_area_m2": round(area, 1), "root_depth_cm": 40 if plant == "bed" else 25}


def siblings_of(tree: Asset, chance: Random) -> list[Asset]:
    """Trees without a probe beside one with: of the same soil and age, a few metres on."""
    found = []
    attributes = {name: value for name, value in tree.attributes.items() if name != "depths_cm"}
    for n in range(1, _TREES_PER_GROUP):
        latitude = round(tree.latitude + chance.uniform(-0.0004, 0.0004), 6)
        longitude = round(tree.longitude + chance.uniform(-0.0006, 0.0006), 6)
        found.append(
            Asset(
                f"{tree.id}-s{n}",
                f"{tree.name}, sibling {n}",
                "soil",
                tree.zone,
                latitude,
                longitude,
                None,
                attributes,
            )
        )
    return found


def valve_for(plant: Asset, number: int, chance: Random) -> Asset:
    """A valve that waters a bed, lawn or tree: its plan gives what the area needs in a dry week."""
    flow = chance.choice((12.0, 20.0, 35.0))
    litres = 8.0 * float(plant.attributes["root_area_m2"])
    attributes: dict[str, Quantity] = {
        "waters": plant.id,
        "litres_per_pulse": chance.choice((1.0, 10.0)) if flow > 15 else 1.0,
        "flow_l_min": flow,
        "max_run_min": 120,
        "plan_days": "mon,wed,fri",
        "plan_hour": float(4 + number % 3),
        "plan_min": float(min(max(round(litres / flow), 5), 90)),
    }
    name = f"{plant.zone.name} valve {number}"
    return Asset(f"valve-{number:04d}", name, "valve", plant.zone, plant.latitude, plant.longitude, None, attributes)


_SPECIAL: tuple[tuple[BayClass, float], ...] = (("charging", 0.08), ("disabled", 0.08), ("fire_lane", 0.04))
"""Bays that are not for everybody, and their share; the others are the street's ordinary ones."""


def bays_on(ground: Ground, first: int, count: int, chance: Random) -> list[Asset]:
    """The bays of a street or car park, in a row. Residential streets are their residents' own, elsewhere one pays."""
    resident = ground.zone.kind == "street" and ground.land_use == "residential"
    stay, price = (0, 0.0) if resident else (240, 1.5) if ground.zone.kind == "car_park" else (120, 2.0)
    bays = []
    for place in range(count):
        bay_class = _bay_class(chance.random(), "resident" if resident else "short_stay")
        paid = bay_class in ("short_stay", "charging")
        latitude, longitude = ground.at((place + 0.5) / count, -6.0 if place % 2 else 6.0)
        attributes: dict[str, Quantity] = {
            "bay_class": bay_class,
            "max_stay_min": stay if paid else 0,
            "price_eur_h": price if paid else 0.0,
            "zone_capacity": count,
            "row": place + 1,
            "land_use": ground.land_use,
        }
        name = f"{ground.zone.name} bay {place + 1}"
        bays.append(
            Asset(f"bay-{first + place:05d}", name, "parking_bay", ground.zone, latitude, longitude, None, attributes)
        )
    return bays


def _bay_class(drawn: float, ordinary: BayClass) -> BayClass:
    for bay_class, share in _SPECIAL:
        if drawn < share:
            return bay_class
        drawn -= share
    return ordinary


def station_at(ground: Ground, number: int, chance: Random) -> Asset:
    """A weather station, or a rain gauge alone."""
    latitude, longitude = ground.at(chance.random(), 20)
    name = f"{ground.zone.name} station {number}"
    return Asset(
        f"station-{number:03d}", name, "weather", ground.zone, latitude, longitude, None,
        {"station": "rain" if number % 3 == 2 else "full"},
    )  # fmt: skip


Maker = Callable[[Ground, int, Random], Asset]
AT: Mapping[AssetKind, Maker] = {"waste_bin": bin_at, "soil": plant_at, "weather": station_at}
"""What can be put anywhere, by kind."""
