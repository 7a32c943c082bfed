"""The inventory snapshot: who hung where at which time, and contradictions refused."""

import pytest

from pipeline.inventory import (
    Asset,
    Assignment,
    Container,
    Device,
    Inventory,
    InventoryChanges,
    InventoryError,
    Zone,
    device_key,
    merge_changes,
    normalise_eui,
)
from pipeline.reading import Tags

EUI = "24e124136b502217"
OTHER = "24e124136b502218"
ZONES = (Zone("market", district="old town"), Zone("park", district="north"))
ASSETS = (
    Asset("bin-1", kind="waste_bin", zone="market", container=Container(height_mm=1000)),
    Asset("bin-2", kind="waste_bin", zone="park", district="own"),
    Asset("valve-2", kind="valve"),
)
DEVICES = (Device(EUI, decoder="milesight-em400-mud"), Device(OTHER, model="Acme T1", decoder="acme-t1"))


def inventory(*assignments: Assignment) -> Inventory:
    return Inventory(ZONES, ASSETS, DEVICES, assignments)


def asset_at(snapshot: Inventory, time_ms: int, channel: str = "") -> str | None:
    placement = snapshot.resolve(EUI, time_ms, channel)
    assert placement is not None
    assert placement.tags.asset == (placement.asset.id if placement.asset else "")
    return placement.asset.id if placement.asset else None


def test_the_assignment_of_the_time_applies() -> None:
    """Start inclusive, end exclusive; before, between and after there is no asset."""
    snapshot = inventory(
        Assignment(EUI, "bin-1", 100, 200), Assignment(EUI, "bin-2", 300, 400), Assignment(EUI, "bin-1", 400)
    )
    found = [asset_at(snapshot, t) for t in (99, 100, 199, 200, 299, 300, 399, 400, 10**13)]
    assert found == [None, "bin-1", "bin-1", None, None, "bin-2", "bin-2", "bin-1", "bin-1"]


def test_an_ended_assignment_leaves_the_device_without_an_asset() -> None:
    """It went into stock."""
    snapshot = inventory(Assignment(EUI, "bin-1", 100, 200))
    assert [asset_at(snapshot, t) for t in (50, 150, 250)] == [None, "bin-1", None]


def test_a_placement_tells_tags_decoder_and_container() -> None:
    """The zone's district stands in where the asset has none; the decoder where there is no model."""
    snapshot = inventory(Assignment(EUI, "bin-1"), Assignment(OTHER, "bin-2"))
    first, second = snapshot.resolve(EUI, 0), snapshot.resolve(OTHER, 0)
    assert first is not None and second is not None
    assert first.tags == Tags(EUI, "bin-1", "old town", "market", "milesight-em400-mud")
    assert first.decoder == "milesight-em400-mud"
    assert first.container == Container(height_mm=1000)
    assert second.tags == Tags(OTHER, "bin-2", "own", "park", "Acme T1")
    assert second.container is None


def test_the_same_placement_gives_the_same_tags_object() -> None:
    """Encoders cache prefixes by it."""
    snapshot = inventory(Assignment(EUI, "bin-1", 100))
    once, again = snapshot.resolve(EUI, 100), snapshot.resolve(EUI, 999)
    before, long_before = snapshot.resolve(EUI, 99), snapshot.resolve(EUI, 0)
    assert once is not None and again is not None and before is not None and long_before is not None
    assert once.tags is again.tags
    assert before.tags is long_before.tags


def test_an_unknown_device_has_no_placement() -> None:
    """It goes to quarantine."""
    assert inventory().resolve("0" * 16, 0) is None


def test_a_channel_may_have_an_asset_of_its_own() -> None:
    """Valve 2 of a controller waters another bed; channels without an assignment are where the device is."""
    snapshot = inventory(Assignment(EUI, "bin-1", 0), Assignment(EUI, "valve-2", 100, 200, channel="2"))
    assert asset_at(snapshot, 150) == "bin-1"
    assert asset_at(snapshot, 150, "1") == "bin-1"
    assert asset_at(snapshot, 150, "2") == "valve-2"
    assert asset_at(snapshot, 250, "2") == "bin-1"


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([Assignment(EUI, "bin-1"), Assignment(EUI, "bin-2", 100)], "at the same time"),
        ([Assignment(EUI, "bin-1", 0, 101), Assignment(EUI, "bin-2", 100)], "at the same time"),
        ([Assignment(EUI, "bin-1", 5), Assignment(EUI, "bin-2", 5)], "at the same time"),
        ([Assignment(EUI, "bin-1", 0, channel="1"), Assignment(EUI, "bin-2", 5, channel="1")], "channel 1"),
        ([Assignment(EUI, "bin-1", 100, 100)], "ends at or before its start"),
        ([Assignment(EUI, "bin-9")], "unknown asset 'bin-9'"),
        ([Assignment("0" * 16, "bin-1")], "unknown device"),
    ],
)
def test_a_contradiction_is_refused_with_a_clear_word(rows: list[Assignment], problem: str) -> None:
    """Built whole or built by changes."""
    with pytest.raises(InventoryError, match=problem):
        inventory(*rows)
    if len({r.start_ms for r in rows}) == len(rows):
        with pytest.raises(InventoryError, match=problem):
            inventory().changed(InventoryChanges(assignments=tuple(rows)))


def test_an_asset_in_an_unknown_zone_is_refused() -> None:
    """Also by the quick way that only adds."""
    with pytest.raises(InventoryError, match="unknown zone 'x'"):
        Inventory(assets=[Asset("a", zone="x")])
    with pytest.raises(InventoryError, match="unknown zone 'x'"):
        inventory().changed(InventoryChanges(assets=(Asset("new", zone="x"),)))


def test_adding_devices_the_quick_way_gives_what_a_full_build_gives() -> None:
    """And leaves the old snapshot as it was."""
    old = Inventory(ZONES, ASSETS, DEVICES[:1], [Assignment(EUI, "bin-1")])
    changes = InventoryChanges(
        zones=(Zone("new"),),
        assets=(Asset("bin-3", zone="new"),),
        devices=DEVICES[1:],
        assignments=(Assignment(OTHER, "bin-3", 0, 10), Assignment(OTHER, "bin-1", 10)),
    )
    new = old.changed(changes)
    full = Inventory(
        (*ZONES, *changes.zones), (*ASSETS, *changes.assets), DEVICES, [Assignment(EUI, "bin-1"), *changes.assignments]
    )
    assert (new.zones, new.assets, new.devices, new.assignments) == (
        full.zones,
        full.assets,
        full.devices,
        full.assignments,
    )
    for key in (EUI, OTHER):
        for time_ms in (0, 9, 10, 11):
            assert new.resolve(key, time_ms) == full.resolve(key, time_ms)
    assert new.resolve(EUI, 0) is old.resolve(EUI, 0)
    assert old.resolve(OTHER, 0) is None
    with pytest.raises(InventoryError, match="same time"):
        old.changed(
            InventoryChanges(
                devices=DEVICES[1:], assignments=(Assignment(OTHER, "bin-1"), Assignment(OTHER, "bin-2", 5))
            )
        )


def test_changes_remove_replace_and_merge() -> None:
    """A moved device: the old assignment ends, a new one begins."""
    first = InventoryChanges(assignments=(Assignment(EUI, "bin-1", 0, 100),))
    second = InventoryChanges(assignments=(Assignment(EUI, "bin-2", 100),), drop_devices=(OTHER,))
    snapshot = inventory(Assignment(EUI, "bin-1")).changed(merge_changes([first, second]))
    assert [asset_at(snapshot, t) for t in (99, 100)] == ["bin-1", "bin-2"]
    assert snapshot.resolve(OTHER, 0) is None
    with pytest.raises(InventoryError, match="unknown asset 'bin-1'"):
        snapshot.changed(InventoryChanges(drop_assets=("bin-1",)))


def test_what_is_missing_leaves_out_all_that_exists() -> None:
    """A known device gets no assignment from a guess."""
    changes = InventoryChanges(
        zones=(Zone("park", name="x"),),
        assets=(Asset("bin-1"), Asset("bin-9")),
        devices=DEVICES,
        assignments=(Assignment(EUI, "bin-9"),),
    )
    assert inventory().missing(changes) == InventoryChanges(assets=(Asset("bin-9"),))


@pytest.mark.parametrize(
    "text",
    [
        "24E124136B502217",
        "24-e1-24-13-6b-50-22-17",
        "24:E1:24:13:6B:50:22:17",
        " 0x24e124136b502217 ",
        "24e1 2413 6b50 2217",
    ],
)
def test_any_usual_spelling_of_an_eui_is_one(text: str) -> None:
    """ChirpStack, The Things Stack, labels and spreadsheets spell differently."""
    assert normalise_eui(text) == EUI
    assert device_key(text) == EUI


@pytest.mark.parametrize(
    "text", ["", "24e124136b50221", "24e124136b5022170", "24e124136b50221g", "/", "２４e124136b502217"]
)
def test_what_is_no_eui_is_refused(text: str) -> None:
    """Too short, too long, no hex."""
    with pytest.raises(ValueError, match="no EUI"):
        device_key(text)


def test_a_device_without_an_eui_is_called_by_application_and_name() -> None:
    """Activation by personalisation needs no EUI."""
    assert device_key(" waste/Bin-7 ") == "waste/Bin-7"
