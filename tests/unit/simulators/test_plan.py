"""Plans: of every size, repeatable, complete for detectors, importable, and read from a real city's GeoJSON."""

import json
from collections import Counter

import pytest
import yaml

from decoders.registry import devices
from pipeline.inventory_files import parse_yaml
from simulators.models import MODELS
from simulators.plan import Plan, metres
from simulators.plan_builder import PlanError, build_plan
from simulators.plan_geojson import load_plan
from simulators.plan_inventory import Replacement, plan_inventory


@pytest.mark.parametrize("size", [30, 31, 47, 300, 3_000])
def test_a_plan_has_the_asked_size(size: int) -> None:
    """Exactly so many devices, all different, each on an asset of its kind, in a zone of the plan."""
    plan = build_plan(1, size)
    assert len(plan.sensors) == size
    for attribute in ("dev_eui", "name"):
        assert len({getattr(sensor, attribute) for sensor in plan.sensors}) == size
    zones = {zone.id for zone in plan.zones}
    for sensor in plan.sensors:
        assert plan.assets[sensor.asset].kind == sensor.kind
    assert {asset.zone.id for asset in plan.assets.values()} == zones
    assert {sensor.kind for sensor in plan.sensors} == {"waste_bin", "soil", "valve", "weather", "parking_bay"}


def test_the_largest_plan() -> None:
    """28,000 devices of every model, with gateways for all of them and distinct network addresses."""
    plan = build_plan(1, 28_000)
    assert len({sensor.dev_eui for sensor in plan.sensors}) == 28_000
    assert {sensor.decoder for sensor in plan.sensors} == set(MODELS) <= set(devices())
    assert len(plan.gateways) == 40
    sites = [(gateway.latitude, gateway.longitude) for gateway in plan.gateways]
    nearest = [min(metres((s.latitude, s.longitude), site) for site in sites) for s in plan.sensors[::50]]
    assert max(nearest) < 4_000


def test_at_least_twenty_models_even_in_the_smallest_city() -> None:
    """Thirty devices are of twenty models or more, and of every network server."""
    plan = build_plan(7, 30)
    assert len({sensor.decoder for sensor in plan.sensors}) >= 20
    assert {sensor.lns for sensor in plan.sensors} == {"chirpstack4", "tts", "chirpstack3"}


def test_same_seed_same_plan() -> None:
    """A plan is repeatable; another seed draws another."""
    assert build_plan(5, 200) == build_plan(5, 200)
    assert build_plan(5, 200) != build_plan(6, 200)


@pytest.mark.parametrize("size", [0, 29, 28_001])
def test_impossible_sizes_are_refused(size: int) -> None:
    """The bounds are said."""
    with pytest.raises(PlanError, match="30 to 28,000"):
        build_plan(1, size)


def test_detectors_find_what_they_need() -> None:
    """Tours and land use of bins, soil and roots of plants, class and capacity of bays, plans of valves."""
    plan = build_plan(2, 1_000)
    needed = {
        "waste_bin": {"waste", "land_use", "tour", "collection_days", "collection_hour"},
        "soil": {"plant", "texture", "root_area_m2", "root_depth_cm", "exposure"},
        "valve": {"waters", "litres_per_pulse", "flow_l_min", "max_run_min"},
        "parking_bay": {"bay_class", "max_stay_min", "zone_capacity", "row"},
        "weather": {"station"},
    }
    for asset in plan.assets.values():
        assert needed[asset.kind] <= set(asset.attributes), asset.id
        assert asset.kind != "waste_bin" or asset.container is not None
    classes = Counter(
        asset.attributes.get("bay_class") for asset in plan.assets.values() if asset.kind == "parking_bay"
    )
    assert set(classes) == {"short_stay", "resident", "charging", "disabled", "fire_lane"}


def test_groups_fit_together() -> None:
    """Zone capacities are the numbers of bays, valves water plants that know them, siblings share soil and age."""
    plan = build_plan(2, 1_000)
    bays = Counter(asset.zone.id for asset in plan.assets.values() if asset.kind == "parking_bay")
    for asset in plan.assets.values():
        if asset.kind == "parking_bay":
            assert asset.attributes["zone_capacity"] == bays[asset.zone.id]
        if asset.kind == "valve":
            assert plan.assets[str(asset.attributes["waters"])].kind == "soil"
        if "valve" in asset.attributes:
            assert plan.assets[str(asset.attributes["valve"])].attributes["waters"] == asset.id
    groups: dict[object, set[tuple[object, object]]] = {}
    for asset in plan.assets.values():
        if "sibling_group" in asset.attributes:
            told = (asset.attributes["texture"], asset.attributes["standing_year"])
            groups.setdefault(asset.attributes["sibling_group"], set()).add(told)
    assert groups and all(len(found) == 1 for found in groups.values())


def test_several_sensors_at_one_place() -> None:
    """Probes at two depths in one tree, a rain gauge beside a station; every depth is told by asset and device."""
    plan = build_plan(1, 3_000)
    together = Counter(sensor.asset for sensor in plan.sensors)
    assert {plan.assets[asset].kind for asset, count in together.items() if count > 1} == {"soil", "weather"}
    for sensor in plan.sensors:
        if sensor.kind == "soil":
            asset = plan.assets[sensor.asset]
            depths = plan.depths_cm[sensor.dev_eui]
            assert list(depths) == sorted(depths)
            assert {f"{depth:g}" for depth in depths} <= set(str(asset.attributes["depths_cm"]).split(","))


def test_inventory_is_what_the_pipeline_reads() -> None:
    """The document passes the importer's check and has everything, a replaced device with both assignments."""
    plan = build_plan(3, 120)
    old = plan.sensors[0]
    new = build_plan(3, 300).sensors[-1]
    document = plan_inventory(plan, [Replacement(old.dev_eui, new, 1_767_225_600_000)])
    wishes = parse_yaml(yaml.safe_dump(document))
    assert len(wishes.devices) == len(wishes.assignments) == 121
    assert len(wishes.assets) == len(plan.assets) and len(wishes.zones) == len(plan.zones)
    ends = [row for row in document["assignments"] if "until" in row]
    assert [(row["dev_eui"], row["until"]) for row in ends] == [(old.dev_eui, "2026-01-01T00:00:00Z")]


def feature(kind: str, shape: str, coordinates: object, **properties: object) -> dict[str, object]:
    return {
        "type": "Feature",
        "geometry": {"type": shape, "coordinates": coordinates},
        "properties": {"kind": kind, **properties},
    }


SQUARE = [[[8.46, 49.48], [8.47, 49.48], [8.47, 49.49], [8.46, 49.49], [8.46, 49.48]]]


def load(*features: dict[str, object]) -> Plan:
    return load_plan(json.dumps({"type": "FeatureCollection", "features": features}).encode(), 1, ("tts",))


def test_a_real_city_is_read_from_geojson() -> None:
    """Points stand where the file says, in the area that holds them, with what it says; areas get their bays."""
    plan = load(
        feature("park", "Polygon", SQUARE, name="Luisenpark", district="Oststadt"),
        feature("car_park", "Polygon", [[[8.5, 49.5], [8.501, 49.5], [8.501, 49.501]]], name="P1", capacity=12),
        feature("tree", "Point", [8.465, 49.485], name="Plane 7", standing_year=2),
        feature("bin", "Point", [8.466, 49.486], waste="glass", collection_days="tue"),
        feature("valve", "Point", [8.465, 49.485]),
        feature("weather", "Point", [8.5005, 49.5003]),
        feature("gateway", "Point", [8.48, 49.49], name="tower"),
    )
    assert Counter(asset.kind for asset in plan.assets.values()) == {
        "parking_bay": 12, "soil": 1, "waste_bin": 1, "valve": 1, "weather": 1,
    }  # fmt: skip
    tree = next(asset for asset in plan.assets.values() if asset.kind == "soil")
    assert (tree.name, tree.latitude, tree.longitude) == ("Plane 7", 49.485, 8.465)
    assert tree.zone.district == "Oststadt" and tree.attributes["standing_year"] == 2 and "valve" in tree.attributes
    glass = next(asset for asset in plan.assets.values() if asset.kind == "waste_bin")
    assert glass.attributes["waste"] == "glass" and glass.attributes["collection_days"] == "tue"
    assert [gateway.name for gateway in plan.gateways] == ["tower"]
    assert parse_yaml(yaml.safe_dump(plan_inventory(plan))).devices


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (feature("volcano", "Point", [8.4, 49.4]), "kind 'volcano'"),
        (feature("bin", "Point", [8.4, 149.4]), "no longitude and latitude"),
        (feature("bin", "Point", [8.4]), r"features\[1\]"),
        (feature("bin", "Point", [8.4, 49.4], zone="nowhere"), "no zone 'nowhere'"),
        (feature("valve", "Point", [8.4, 49.4]), "a valve needs"),
        (feature("street", "Polygon", SQUARE, land_use="moon", name="x"), "land_use 'moon'"),
    ],
)
def test_a_wrong_geojson_is_refused_with_the_reason(wrong: dict[str, object], said: str) -> None:
    """The feature is named, whatever is wrong with it."""
    with pytest.raises(PlanError, match=said):
        load(feature("park", "Polygon", SQUARE, name="p"), wrong)


@pytest.mark.parametrize("text", [b"", b"[]", b'{"features": []}', b'{"type": "Feature"}'])
def test_no_geojson_is_refused(text: bytes) -> None:
    """Other files, and empty cities, are errors."""
    with pytest.raises(PlanError):
        load_plan(text, 1, ("tts",))
