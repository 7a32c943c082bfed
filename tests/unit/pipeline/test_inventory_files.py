"""The inventory as YAML and CSV: what goes out comes back in, and nothing is guessed or half done."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from pipeline.inventory import (
    ASSET_KINDS,
    Asset,
    Assignment,
    Container,
    Device,
    Inventory,
    InventoryChanges,
    Zone,
)
from pipeline.inventory_files import (
    Format,
    InventoryFileError,
    export_csv,
    export_yaml,
    import_inventory,
    parse_csv,
    parse_yaml,
    plan_import,
)
from pipeline.state import StateStore

EUI = "24e124136b502217"
DECODERS = {"milesight-em400-mud", "dragino-lse01"}

YAML = """\
zones:
  - {id: market, name: Market square, kind: square, district: old town}
assets:
  - id: 007
    kind: waste_bin
    zone: market
    latitude: 48.137
    longitude: 11.575
    container:
      height_mm: 1500
      blind_zone_mm: 250
      table: [[250, 100], [1500, 0]]
    attributes: {lidded: true, serial: 0012345, litres: 240, factor: 0.5, "text": "1"}
devices:
  - dev_eui: 0011223344556677
    decoder: milesight-em400-mud
assignments:
  - dev_eui: 00-11-22-33-44-55-66-77
    asset: 007
    from: 2026-01-01
    until: 2026-06-01T12:00:00+02:00
"""

CSV = """\
dev_eui,name,decoder,asset,asset_kind,asset_name,zone,district,latitude,longitude,height_mm,from
24E124136B502217,Bin 1,milesight-em400-mud,bin-1,waste_bin,Market,market,old town,48.137,11.575,1500,2026-01-01
24E124136B502218,Spare,dragino-lse01,,,,,,,,,
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StateStore]:
    store = StateStore(f"sqlite:///{tmp_path}/state.db")
    store.migrate()
    yield store
    store.close()


def known(decoder: str) -> bool:
    return decoder in DECODERS


def load(
    store: StateStore, text: str, form: Format = "yaml", *, prune: bool = False, dry_run: bool = False
) -> dict[str, int]:
    plan = import_inventory(store, text, form, known_decoder=known, prune=prune, dry_run=dry_run)
    return {action: number for action, number in plan.counts().items() if number}


def problems(text: str, form: Format = "yaml") -> list[str]:
    def plan() -> None:
        wishes = parse_yaml(text) if form == "yaml" else parse_csv(text)
        plan_import(Inventory(), wishes, known_decoder=known)

    with pytest.raises(InventoryFileError) as caught:
        plan()
    return list(caught.value.problems)


def same(one: Inventory, other: Inventory) -> bool:
    names = ("zones", "assets", "devices", "assignments")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def test_a_yaml_document_becomes_the_inventory(store: StateStore) -> None:
    """Ids and EUIs of digits stay text, whatever YAML thinks of a leading zero."""
    assert load(store, YAML) == {"added": 4}
    inventory = store.inventory()
    assert inventory.assets["007"] == Asset(
        "007", "", "waste_bin", "market", "", 48.137, 11.575,
        Container(height_mm=1500, blind_zone_mm=250, table=((250, 100), (1500, 0))),
        {"lidded": True, "serial": "0012345", "litres": 240, "factor": 0.5, "text": "1"},
    )  # fmt: skip
    assert list(inventory.devices) == ["0011223344556677"]
    assert list(inventory.assignments.values()) == [Assignment("0011223344556677", "007", 1767225600000, 1780308000000)]


def test_a_csv_table_becomes_the_inventory(store: StateStore) -> None:
    """One row a device with its place; the zone that it names is made; a spare device has none."""
    assert load(store, CSV, "csv") == {"added": 5}
    inventory = store.inventory()
    assert inventory.zones == {"market": Zone("market")}
    assert inventory.assets["bin-1"] == Asset(
        "bin-1", "Market", "waste_bin", "market", "old town", 48.137, 11.575, Container(height_mm=1500)
    )
    spare = inventory.resolve("24e124136b502218", 0)
    assert spare is not None and spare.asset is None


@pytest.mark.parametrize(
    ("text", "form"), [(YAML, "yaml"), (CSV, "csv"), ("", "yaml"), ("zones:\nassets: []\n", "yaml")]
)
def test_a_dry_run_changes_nothing_and_tells_what_the_import_then_does(
    store: StateStore, text: str, form: Format
) -> None:
    """The same plan, word for word; a second import finds all unchanged."""
    dry = import_inventory(store, text, form, known_decoder=known, dry_run=True)
    assert same(store.inventory(), Inventory())
    assert store.inventory_revision() == 0
    assert import_inventory(store, text, form, known_decoder=known) == dry
    assert set(load(store, text, form)) <= {"unchanged"}
    assert store.inventory_revision() == (0 if dry.empty else 1)


def test_a_plan_names_old_and_new(store: StateStore) -> None:
    """Nobody has to guess what an import will overwrite."""
    load(store, YAML)
    plan = import_inventory(store, YAML.replace("48.137", "48.2"), "yaml", known_decoder=known, dry_run=True)
    (changed,) = [c for c in plan.changes if c.action == "changed"]
    assert (changed.entity, changed.key, changed.fields) == ("asset", "007", {"latitude": (48.137, 48.2)})
    assert str(changed) == "changed asset 007 (latitude: 48.137 -> 48.2)"


def test_only_pruning_removes_what_the_file_leaves_out(store: StateStore) -> None:
    """Without it the plan says `kept`."""
    load(store, YAML)
    assert load(store, "zones: [{id: market}]") == {"changed": 1, "kept": 3}
    assert load(store, "zones: [{id: market}]", prune=True, dry_run=True) == {"unchanged": 1, "removed": 3}
    assert len(store.inventory().devices) == 1
    assert load(store, "zones: [{id: market}]", prune=True) == {"unchanged": 1, "removed": 3}
    assert same(store.inventory(), Inventory([Zone("market")]))


def test_pruning_by_csv_leaves_assets_and_zones(store: StateStore) -> None:
    """A row can't show an asset without a device, so its absence says nothing."""
    load(store, YAML)
    load(store, CSV, "csv", prune=True)
    inventory = store.inventory()
    assert set(inventory.assets) == {"007", "bin-1"}
    assert set(inventory.devices) == {EUI, "24e124136b502218"}


def test_an_empty_csv_cell_keeps_what_is_stored(store: StateStore) -> None:
    """Attributes, tables and names that the columns don't show survive."""
    load(store, YAML)
    before = store.inventory()
    row = "dev_eui,name,asset,height_mm,from,until\n0011223344556677,New,007,1600,2026-01-01,\n"
    assert load(store, row, "csv") == {"changed": 2, "unchanged": 1, "kept": 1}
    after = store.inventory()
    assert after.devices["0011223344556677"].name == "New"
    container = before.assets["007"].container
    assert container is not None
    assert after.assets["007"] == structs.replace(
        before.assets["007"], container=structs.replace(container, height_mm=1600.0)
    )
    assert after.assignments == before.assignments


def test_a_spreadsheets_csv_is_read(store: StateStore) -> None:
    """Byte order mark, semicolons, CRLF, blank lines, any order of columns."""
    text = "\ufeffdecoder;dev_eui;asset\r\ndragino-lse01;24-E1-24-13-6B-50-22-17;bed-1\r\n\r\n;;\r\n"
    assert load(store, text, "csv") == {"added": 3}
    assert store.inventory().devices[EUI].decoder == "dragino-lse01"


def test_several_rows_of_a_device_are_its_history(store: StateStore) -> None:
    """Moved in June; the assignment of the time applies."""
    text = (
        "dev_eui,decoder,asset,from,until\n"
        f"{EUI},dragino-lse01,bed-1,,2026-06-01\n"
        f"{EUI},,bed-2,2026-06-01,\n"
    )  # fmt: skip
    load(store, text, "csv")
    inventory = store.inventory()
    june = 1780272000000
    found = [inventory.resolve(EUI, t) for t in (0, june - 1, june)]
    assert [p.tags.asset for p in found if p] == ["bed-1", "bed-1", "bed-2"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("zones:\n  - id: a\n    nmae: x\n", "line 3: zones[0].nmae: unknown key"),
        ("zonez: []\n", "line 1: zonez: unknown key"),
        ("assets:\n- id: a\n  container:\n    hight_mm: 5\n", "line 4: assets[0].container.hight_mm: unknown key"),
        ("assets:\n- id: a\n  kind: dustbin\n", "line 3: assets[0].kind: Input should be 'waste_bin'"),
        ("assets:\n- id: a\n  latitude: 48\n", "line 2: assets[0]: latitude and longitude belong together"),
        ("assets:\n- id: a\n  latitude: 91\n  longitude: 0\n", "line 3: assets[0].latitude"),
        ("assets:\n- id: a\n  latitude: .nan\n  longitude: 0\n", "line 3: assets[0].latitude"),
        ("assets:\n- id: a\n  zone: x\n", "line 2: asset 'a': unknown zone 'x'"),
        ("assets:\n- id: a\n  container: {height_mm: -1}\n", "line 2: asset 'a': container: height_mm must be above 0"),
        ("assets:\n- id: \"a\\nb\"\n", "line 2: assets[0].id"),
        ("devices:\n- dev_eui: 24e1\n  decoder: x\n", "line 2: devices[0].dev_eui: '24e1' is no EUI"),
        (f"devices:\n- dev_eui: {EUI}\n  decoder: x\n", f"line 2: device {EUI}: unknown decoder 'x'"),
        (f"devices:\n- dev_eui: {EUI}\n", f"line 2: device {EUI}: no decoder"),
        ("zones:\n- id: a\n- id: a\n", "line 3: zones[1] repeats line 2"),
        ("zones:\n- id: a\n  id: b\n", "line 3: the key 'id' is given twice"),
        ("zones:\n- &a {id: a}\n- *a\n", "line 2: anchors and aliases"),
        ("zones: [{id: a}\n", "line 2: "),
        ("- a\n", "line 1: the document: "),
        (f"assignments:\n- dev_eui: {EUI}\n  asset: a\n", f"line 2: assignment of {EUI}: unknown device"),
        (f"assignments:\n- dev_eui: {EUI}\n  asset: a\n  from: 2026-01-01T10:00\n", "line 4: assignments[0].from: "
         "'2026-01-01T10:00' has no offset from UTC"),
        (f"assignments:\n- dev_eui: {EUI}\n  asset: a\n  from: yesterday\n", "line 4: assignments[0].from: 'yester"),
        (f"assignments:\n- dev_eui: {EUI}\n  asset: a\n  from: 1960-01-01\n", "line 4: assignments[0].from: "),
    ],
)  # fmt: skip
def test_a_bad_yaml_document_is_refused_with_its_line(text: str, problem: str) -> None:
    """Misspelt keys above all: they would be lost silently."""
    assert any(found.startswith(problem) for found in problems(text)), problems(text)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (f"dev_eui,nmae\n{EUI},x", "row 1: unknown column 'nmae'"),
        (f"dev_eui,name,name\n{EUI},x,x", "row 1: the column 'name' is there twice"),
        ("name\nx", "row 1: the column 'dev_eui' is missing"),
        ("", "row 1: the column 'dev_eui' is missing"),
        (f"dev_eui,name\n{EUI}", "row 2: 1 cells, the header has 2"),
        ("dev_eui,name\n,x", "row 2: dev_eui: Field required"),
        ("dev_eui,name\n24e1,x", "row 2: dev_eui: '24e1' is no EUI"),
        (f"dev_eui,asset,latitude,longitude\n{EUI},a,\"48,1\",11", "row 2: latitude"),
        (f"dev_eui,zone,from\n{EUI},a,2026-01-01", "row 2: row: from, zone without an asset"),
        (f"dev_eui,decoder\n{EUI},x", f"row 2: device {EUI}: unknown decoder 'x'"),
        (f"dev_eui,name,asset,from\n{EUI},x,a,\n{EUI},y,a,2026-01-01", f"row 3: name of {EUI} differs from row 2"),
        (f"dev_eui,asset\n{EUI},a\n{EUI},b", "row 3: the same device, channel and `from` as row 2"),
        (f"dev_eui,asset,from\n{EUI},a,\n{EUI},b,2026-01-01", "row 3: device"),
        (f"dev_eui,name\n{EUI},\"x", "row 2: unexpected end of data"),
    ],
)  # fmt: skip
def test_a_bad_csv_table_is_refused_with_its_row(rows: str, problem: str) -> None:
    """All problems at once, each with its place."""
    assert any(found.startswith(problem) for found in problems(rows, "csv")), problems(rows, "csv")


def test_all_problems_are_told_at_once_and_nothing_is_imported(store: StateStore) -> None:
    """One bad entry among good ones stops them all."""
    text = (
        YAML
        + f"  - dev_eui: {EUI}\n    asset: 007\n  - dev_eui: 0011223344556677\n    asset: gone\n    from: 2026-02-01\n"
    )
    with pytest.raises(InventoryFileError) as caught:
        load(store, text)
    assert list(caught.value.problems) == [
        "line 24: assignment of 0011223344556677: unknown asset 'gone'",
        "line 24: device 0011223344556677: on '007' from 2026-01-01T00:00:00Z to 2026-06-01T10:00:00Z "
        "and on 'gone' from 2026-02-01T00:00:00Z to further notice at the same time; "
        "end the first assignment (`until`) when the second begins",
        f"line 22: assignment of {EUI}: unknown device",
    ]
    assert same(store.inventory(), Inventory())


def test_a_file_may_not_break_what_is_stored(store: StateStore) -> None:
    """A new assignment over an open one that only the store knows."""
    load(store, CSV, "csv")
    row = f"dev_eui,asset,from\n{EUI},bin-2,2026-03-01\n"
    with pytest.raises(InventoryFileError, match=r"row 2: device .* on 'bin-1' .* and on 'bin-2'"):
        load(store, row, "csv")
    both = f"dev_eui,asset,from,until\n{EUI},bin-1,2026-01-01,2026-03-01\n{EUI},bin-2,2026-03-01,\n"
    assert load(store, both, "csv")["added"] == 2


def test_who_entered_a_device_is_kept_by_an_import(store: StateStore) -> None:
    """A file that doesn't say otherwise doesn't rewrite history."""
    store.apply(
        InventoryChanges(devices=(Device("0011223344556677", decoder="dragino-lse01", provisioned_by="adopt"),))
    )
    load(store, YAML)
    device = store.inventory().devices["0011223344556677"]
    assert (device.decoder, device.provisioned_by) == ("milesight-em400-mud", "adopt")


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)
awkward = st.sampled_from(
    ["null", "~", "yes", "007", "1e5", "0x1F", "1:30", "2026-01-01", "- a", "a: b", "#x", "=1+1", "ä", "1.0"]
)
ids = st.one_of(texts.filter(bool), awkward)
values = st.one_of(
    texts, awkward, st.booleans(), st.integers(-(10**17), 10**17), st.floats(allow_nan=False, allow_infinity=False)
)
attributes = st.dictionaries(ids, values, max_size=3)
lengths = st.floats(1, 1e5, allow_nan=False)
containers = st.builds(
    Container,
    height_mm=st.floats(5000, 1e5),
    offset_mm=st.floats(-10, 500),
    blind_zone_mm=st.floats(0, 500),
    range_max_mm=st.none() | st.floats(5000, 1e5),
    table=st.none() | st.just(((300.0, 100.0), (700.5, 40.0), (4000.0, 0.0))),
    shape=texts,
    volume_l=st.none() | lengths,
)


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    zones = [Zone(i, draw(texts), draw(texts), draw(texts)) for i in draw(st.lists(ids, unique=True, max_size=3))]
    zone_ids = st.none() | (st.sampled_from([z.id for z in zones]) if zones else st.none())
    assets = []
    for asset_id in draw(st.lists(ids, unique=True, max_size=4)):
        place = draw(st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180))) or (None, None)
        kind, container = draw(st.sampled_from(ASSET_KINDS)), draw(st.none() | containers)
        asset = Asset(
            asset_id, draw(texts), kind, draw(zone_ids), draw(texts), place[0], place[1], container, draw(attributes)
        )
        assets.append(asset)
    keys = draw(st.lists(st.integers(0, 2**64 - 1).map(lambda n: f"{n:016x}"), unique=True, max_size=4))
    decoders = st.sampled_from([*sorted(DECODERS), "object"])
    devices = [
        Device(
            k,
            draw(texts),
            draw(texts),
            draw(decoders),
            draw(texts),
            draw(attributes),
            draw(st.sampled_from(["file", "auto"])),
        )
        for k in keys
    ]
    rows = []
    for key in keys if assets else ():
        for channel in draw(st.sets(st.sampled_from(["", "1", "007"]))):
            cuts = sorted(draw(st.sets(st.integers(0, 4 * 10**12), max_size=4)))
            ends = [*cuts[1:], draw(st.sampled_from([None, 5 * 10**12]))]
            chosen = st.sampled_from([a.id for a in assets])
            rows += [
                Assignment(key, draw(chosen), s, e, channel) for s, e in zip(cuts, ends, strict=bool(cuts)) if cuts
            ]
    return Inventory(zones, assets, devices, rows)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(inventories())
def test_an_exported_yaml_document_is_the_inventory(inventory: Inventory) -> None:
    """Into an empty store it makes the same; into its own it changes nothing, pruning or not."""
    wishes = parse_yaml(export_yaml(inventory))
    from_nothing = plan_import(Inventory(), wishes, known_decoder=known)
    rebuilt = Inventory().changed(from_nothing.write)
    devices = {
        k: structs.replace(d, provisioned_by=rebuilt.devices[k].provisioned_by) for k, d in inventory.devices.items()
    }
    assert rebuilt.devices == devices
    assert (rebuilt.zones, rebuilt.assets, rebuilt.assignments) == (
        inventory.zones,
        inventory.assets,
        inventory.assignments,
    )
    assert plan_import(inventory, wishes, known_decoder=known, prune=True).empty


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(inventories())
def test_an_exported_csv_table_changes_nothing_when_imported(inventory: Inventory) -> None:
    """Every device has its row, and every assignment."""
    text = export_csv(inventory)
    wishes = parse_csv(text)
    assert plan_import(inventory, wishes, known_decoder=known, prune=True).empty
    assert set(wishes.devices) == set(inventory.devices)
    assert set(wishes.assignments) == set(inventory.assignments)


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=60) | st.binary(max_size=60).map(lambda b: b.decode("latin-1")), st.sampled_from(["yaml", "csv"])
)
def test_any_text_is_read_or_refused(text: str, form: Format) -> None:
    """Nothing but the documented error comes out of the readers."""
    try:
        wishes = parse_yaml(text) if form == "yaml" else parse_csv(text)
    except InventoryFileError as error:
        refused = error.problems
    else:
        refused = ()
        assert wishes.whole == (form == "yaml")
    assert all(refused)
