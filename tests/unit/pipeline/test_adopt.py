"""A city's first hour: devices out of what lies in quarantine, and by themselves from hints."""

from pathlib import Path

import pytest

from gateway_bridge.uplink import Hints
from pipeline.adopt import (
    adoption_changes,
    auto_provision,
    decoder_for,
    parse_rules,
    plan_adoption,
    unmatched_profiles,
)
from pipeline.effects import Effects, QuarantineEntry
from pipeline.inventory import Asset, Assignment, Container, Device, Inventory, Zone
from pipeline.state import StateStore

KINDS = {"milesight-em400-mud": "waste_bin", "dragino-lse01": "soil", "cayenne-lpp": "generic"}
RULES = {"EM400-MUD [v2]": "milesight-em400-mud", "*LSE01*": "dragino-lse01"}
EUI = "24e124136b502217"
PLACE = {
    "Asset": "bin-1", "asset_name": "Market", "zone": "market", "district": "old town", "latitude": "48.137",
    "longitude": "11.575", "height_mm": "1500", "blind_zone_mm": "250",
}  # fmt: skip


def heard(seq: int, key: str | None, profile: str, **more: object) -> QuarantineEntry:
    return QuarantineEntry(
        seq,
        0,
        seq,
        "city",
        "t",
        b"",
        0,
        "unknown_device",
        "",
        key,
        key or "",
        2,
        profile,
        **more,  # type: ignore[arg-type]
    )


def test_rules_are_read_from_the_command_line() -> None:
    """The profile's name may itself hold an equals sign."""
    assert parse_rules(["EM400 = milesight-em400-mud", "a=b=c"]) == {"EM400": "milesight-em400-mud", "a=b": "c"}
    assert parse_rules(["p=d", "p=d"]) == {"p": "d"}
    for bad in (["profile"], ["=d"], ["p="]):
        with pytest.raises(ValueError, match="no rule"):
            parse_rules(bad)
    with pytest.raises(ValueError, match="two decoders"):
        parse_rules(["p=d", "p=e"])


@pytest.mark.parametrize(
    ("profile", "decoder"),
    [
        ("EM400-MUD [v2]", "milesight-em400-mud"),
        ("EM400-MUD v", None),
        ("Dragino lse01 EU868", "dragino-lse01"),
        ("", None),
    ],
)
def test_a_profile_finds_its_rule_by_name_then_by_glob(profile: str, decoder: str | None) -> None:
    """Brackets in a name are brackets; letters' case doesn't matter to globs."""
    assert decoder_for(profile, RULES) == decoder


def test_the_newest_message_of_a_device_speaks_for_it() -> None:
    """Each device once, however often it was heard; known, nameless and unmatched ones are left."""
    entries = [
        heard(3, EUI, "Dragino LSE01", device_name="new name"),
        heard(1, EUI, "EM400-MUD [v2]", device_name="old name"),
        heard(4, "app/no-eui", "LSE01"),
        heard(5, "a" * 16, "LSE01"),
        heard(6, None, "LSE01"),
        heard(7, "b" * 16, "Unheard of"),
    ]
    known = {"a" * 16}
    found = plan_adoption(entries, RULES, kind_of=KINDS.get, known=known)
    assert [(n.device.dev_eui, n.device.decoder, n.device.name, n.heard) for n in found] == [
        (EUI, "dragino-lse01", "new name", 2),
        ("app/no-eui", "dragino-lse01", "", 1),
    ]
    assert {n.device.provisioned_by for n in found} == {"adopt"}
    assert unmatched_profiles(entries, RULES, kind_of=KINDS.get, known=known) == {"Unheard of": 1}


def test_tags_tell_the_place_and_the_container() -> None:
    """From the beginning of time, so that older frames find their place when they are replayed."""
    new = auto_provision(EUI.upper(), Hints("bin", "waste", "EM400-MUD [v2]", PLACE), RULES, kind_of=KINDS.get)
    assert new is not None
    assert new.device == Device(EUI, "bin", "", "milesight-em400-mud", provisioned_by="auto")
    assert new.zone == Zone("market", district="old town")
    assert new.asset == Asset(
        "bin-1",
        "Market",
        "waste_bin",
        "market",
        "old town",
        48.137,
        11.575,
        Container(height_mm=1500, blind_zone_mm=250),
    )
    assert new.assignment == Assignment(EUI, "bin-1", 0)
    assert new.warnings == ()


def test_a_place_without_an_asset_makes_one_of_the_devices_name() -> None:
    """Its id is the device's key, which nothing else can have."""
    new = auto_provision(EUI, Hints("Bin 7", "", "x lse01", {"zone": "park"}), RULES, kind_of=KINDS.get)
    assert new is not None and new.asset == Asset(EUI, "Bin 7", "soil", "park")


def test_without_a_place_there_is_only_a_device() -> None:
    """And without a decoder not even that."""
    new = auto_provision(EUI, Hints(profile="x lse01"), RULES, kind_of=KINDS.get)
    assert new is not None and (new.zone, new.asset, new.assignment) == (None, None, None)
    assert auto_provision(EUI, Hints(profile="x"), RULES, kind_of=KINDS.get) is None
    assert auto_provision("no key", Hints(profile="x lse01"), RULES, kind_of=KINDS.get) is None


@pytest.mark.parametrize(
    ("tags", "warning"),
    [
        ({"latitude": "north", "longitude": "11"}, "tag latitude"),
        ({"latitude": "91", "longitude": "11"}, "tag latitude"),
        ({"latitude": "nan", "longitude": "11"}, "tag latitude"),
        ({"decoder": "nonsense", "zone": "z"}, "tag decoder"),
        ({"asset_kind": "dustbin"}, "tag asset_kind"),
        ({"height_mm": "100", "blind_zone_mm": "250"}, "tags of the container"),
    ],
)
def test_a_bad_tag_is_left_aside_with_a_word(tags: dict[str, str], warning: str) -> None:
    """The device is made all the same: its messages are worth more than a typing error."""
    new = auto_provision(EUI, Hints(profile="x lse01", tags=tags), RULES, kind_of=KINDS.get)
    assert new is not None and new.asset is not None
    assert any(warning in text for text in new.warnings)
    assert (new.asset.latitude, new.asset.longitude, new.asset.container, new.asset.kind) == (None, None, None, "soil")


@pytest.mark.parametrize("decoder", ["cayenne-lpp", "object"])
def test_a_decoder_tag_goes_before_the_rules(decoder: str) -> None:
    """The network server's operator knows the single device."""
    new = auto_provision(EUI, Hints(profile="x lse01", tags={"decoder": decoder}), RULES, kind_of=KINDS.get)
    assert new is not None and new.device.decoder == decoder


def test_a_position_of_zero_and_half_a_position_are_none() -> None:
    """(0, 0) lies in the sea."""
    for tags in ({"latitude": "0", "longitude": "0"}, {"latitude": "48"}):
        new = auto_provision(EUI, Hints(profile="x lse01", tags=tags), RULES, kind_of=KINDS.get)
        assert new is not None and new.asset is not None
        assert (new.asset.latitude, new.asset.longitude) == (None, None)


def test_control_characters_and_endless_names_are_cut() -> None:
    """What came over the air must be importable again."""
    new = auto_provision(EUI, Hints(" a\x00\n" + "b" * 500, profile="x lse01"), RULES, kind_of=KINDS.get)
    assert new is not None and new.device.name == "a" + "b" * 127


def test_what_was_heard_becomes_an_inventory_in_the_store(tmp_path: Path) -> None:
    """From quarantine to placements; two devices may share a zone and an asset; again adds nothing."""
    store = StateStore(f"sqlite:///{tmp_path}/state.db")
    store.migrate()
    entries = [
        heard(1, EUI, "EM400-MUD [v2]", tags=PLACE),
        heard(2, "a" * 16, "LSE01", tags={**PLACE, "asset_name": "Other"}),
        heard(3, "b" * 16, "LSE01"),
    ]
    store.commit(Effects("store", 3, quarantine=entries))
    plan = plan_adoption(store.quarantine(), RULES, kind_of=KINDS.get)
    inventory = store.provision(adoption_changes(plan))
    revision = store.inventory_revision()
    placement = inventory.resolve(EUI, 0)
    assert placement is not None and placement.tags.zone == "market"
    assert inventory.assets["bin-1"].name == "Market"
    assert list(inventory.devices) == [EUI, "a" * 16, "b" * 16]
    stored: Inventory = store.inventory()
    assert (stored.assets, stored.assignments) == (inventory.assets, inventory.assignments)
    assert plan_adoption(store.quarantine(), RULES, kind_of=KINDS.get, known=stored.devices) == []
    assert revision == 1
    store.close()
