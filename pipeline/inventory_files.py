"""The inventory as files: one YAML document with everything, or one CSV row for a device with its asset and place.

A YAML entry is the whole truth about its thing: what it leaves out has its default. An empty CSV cell says nothing and
leaves what is stored. Times are RFC 3339 or dates (midnight UTC); without `from` an assignment holds since ever.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar

import yaml
from msgspec import structs
from pydantic import ValidationError

from pipeline.inventory import (
    Asset,
    Assignment,
    AssignmentKey,
    Device,
    Inventory,
    InventoryChanges,
    time_text,
)
from pipeline.inventory_plan import Change, InventoryFileError, Plan, Wish, Wishes, plan_import
from pipeline.inventory_wire import DocumentWire, RowWire, Wire, YamlReader, dump_yaml, error_text
from pipeline.state import StateStore

__all__ = [
    "CSV_COLUMNS",
    "Change",
    "Format",
    "InventoryFileError",
    "Plan",
    "export_csv",
    "export_yaml",
    "import_inventory",
    "parse_csv",
    "parse_yaml",
    "plan_import",
]

Format = Literal["yaml", "csv"]
_Key = TypeVar("_Key")

_DEVICE_COLUMNS = ("name", "model", "decoder", "mapping")
_PLACE_COLUMNS = ("zone", "district", "latitude", "longitude")
_CONTAINER_COLUMNS = (
    "height_mm", "offset_mm", "distance_full_mm", "distance_empty_mm", "blind_zone_mm", "range_max_mm", "shape",
    "volume_l",
)  # fmt: skip
CSV_COLUMNS = (
    "dev_eui", *_DEVICE_COLUMNS, "asset", "asset_kind", "asset_name", *_PLACE_COLUMNS, *_CONTAINER_COLUMNS,
    "channel", "from", "until",
)  # fmt: skip


def import_inventory(
    store: StateStore,
    text: str,
    form: Format,
    *,
    known_decoder: Callable[[str], bool],
    prune: bool = False,
    dry_run: bool = False,
) -> Plan:
    """Import a file's text, all or nothing in one transaction; a dry run only says what would happen.

    InventoryFileError with every problem found, StateUnavailable.
    """
    wishes = parse_yaml(text) if form == "yaml" else parse_csv(text)
    if dry_run:
        return plan_import(store.inventory(), wishes, known_decoder=known_decoder, prune=prune)
    plans: list[Plan] = []

    def decide(current: Inventory) -> InventoryChanges | None:
        plan = plan_import(current, wishes, known_decoder=known_decoder, prune=prune)
        plans.append(plan)
        return None if plan.empty else plan.write

    store.change_inventory(decide)
    return plans[-1]


def parse_yaml(text: str) -> Wishes:
    """What a YAML document {zones, assets, devices, assignments} wants. InventoryFileError with lines."""
    try:
        reader = YamlReader(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InventoryFileError([f"line {line}: {error.problem or error.context}"]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InventoryFileError([str(error)]) from None
    try:
        document = DocumentWire.model_validate(_without_empty_sections(reader.value))
    except ValidationError as error:
        raise InventoryFileError(
            f"line {reader.line_of(e['loc'])}: {_path(e['loc'])}: {error_text(e)}" for e in error.errors()
        ) from None

    problems: list[str] = []

    def collect(name: str, rows: Iterable[Wire], key_of: Callable[[dict[str, Any]], _Key]) -> dict[_Key, Wish]:
        found: dict[_Key, Wish] = {}
        for n, row in enumerate(rows):
            values = row.model_dump(exclude_unset=True)
            wish = Wish(values, f"line {reader.line_of((name, n))}")
            key = key_of(values)
            if key in found:
                problems.append(f"{wish.where}: {name}[{n}] repeats {found[key].where}")
            found[key] = wish
        return found

    wishes = Wishes(
        collect("zones", document.zones, lambda v: str(v["id"])),
        collect("assets", document.assets, lambda v: str(v["id"])),
        collect("devices", document.devices, lambda v: str(v["dev_eui"])),
        collect("assignments", document.assignments, _assignment_key),
        whole=True,
    )
    if problems:
        raise InventoryFileError(problems)
    return wishes


def parse_csv(text: str) -> Wishes:
    """What a CSV table wants: columns of `CSV_COLUMNS` in any order, comma or semicolon. InventoryFileError with rows.

    Several rows of one device are several assignments; what they say of the device or of an asset must not differ. A
    zone that is only named is made.
    """
    text = text.removeprefix("\ufeff")  # spreadsheets put it there
    first_line = text.partition("\n")[0]
    delimiter = ";" if first_line.count(";") > first_line.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    wishes, problems = Wishes({}, {}, {}, {}, whole=False), []
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check_header(header)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                problems += _add_row(wishes, header, cells, f"row {reader.line_num}")
    except csv.Error as error:
        problems.append(f"row {reader.line_num}: {error}")
    if problems:
        raise InventoryFileError(problems)
    return wishes


def export_yaml(inventory: Inventory) -> str:
    """The whole inventory; importing it again changes nothing."""
    return dump_yaml(
        {
            "zones": [_plain(z) for _, z in sorted(inventory.zones.items())],
            "assets": [_plain(a) for _, a in sorted(inventory.assets.items())],
            "devices": [_plain(d) for _, d in sorted(inventory.devices.items())],
            "assignments": [_plain_assignment(a) for _, a in sorted(inventory.assignments.items())],
        }
    )


def export_csv(inventory: Inventory) -> str:
    """One row an assignment, one for each device without any; importing it again changes nothing.

    Attributes, fill tables, zone names and assets without a device don't fit into rows: YAML has them.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    placed = {a.dev_eui for a in inventory.assignments.values()}
    rows = [(a.dev_eui, a) for _, a in sorted(inventory.assignments.items())]
    alone: list[tuple[str, Assignment | None]] = [(d, None) for d in inventory.devices if d not in placed]
    for dev_eui, assignment in sorted([*rows, *alone], key=lambda row: row[0]):
        asset = inventory.assets[assignment.asset] if assignment else None
        writer.writerow(_csv_row(inventory.devices[dev_eui], assignment, asset))
    return out.getvalue()


def _without_empty_sections(document: Any) -> Any:
    if not isinstance(document, dict):
        return document
    return {name: section for name, section in document.items() if section is not None}


def _path(loc: tuple[str | int, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.lstrip(".") or "the document"


def _assignment_key(values: Mapping[str, Any]) -> AssignmentKey:
    return values["dev_eui"], values.get("channel", ""), values.get("start_ms", 0)


def _check_header(header: list[str]) -> None:
    problems = [f"row 1: unknown column {name!r}" for name in header if name not in CSV_COLUMNS]
    problems += [f"row 1: the column {name!r} is there twice" for name in {n for n in header if header.count(n) > 1}]
    if "dev_eui" not in header:
        problems.append("row 1: the column 'dev_eui' is missing")
    if problems:
        raise InventoryFileError(problems)


def _add_row(wishes: Wishes, header: list[str], cells: list[str], where: str) -> list[str]:
    if len(cells) != len(header):
        return [f"{where}: {len(cells)} cells, the header has {len(header)}"]
    given = {name: cell for name, cell in zip(header, cells, strict=True) if cell.strip()}
    try:
        row = RowWire.model_validate(given)
    except ValidationError as error:
        return [f"{where}: {_path(e['loc']).replace('the document', 'row')}: {error_text(e)}" for e in error.errors()]
    values = row.model_dump(exclude_unset=True)
    problems = _agree(wishes.devices, row.dev_eui, _only(values, ("dev_eui", *_DEVICE_COLUMNS)), where)
    if row.asset is None:
        return problems
    asset = {"id": row.asset, **_only(values, _PLACE_COLUMNS)}
    asset |= {name.removeprefix("asset_"): values[name] for name in ("asset_kind", "asset_name") if name in values}
    container = _only(values, _CONTAINER_COLUMNS)
    if container:
        asset["container"] = container
    problems += _agree(wishes.assets, row.asset, asset, where)
    if row.zone:
        wishes.zones.setdefault(row.zone, Wish({"id": row.zone}, where))
    key = _assignment_key(values)
    if key in wishes.assignments:
        problems.append(f"{where}: the same device, channel and `from` as {wishes.assignments[key].where}")
    wishes.assignments[key] = Wish(_only(values, ("dev_eui", "asset", "start_ms", "end_ms", "channel")), where)
    return problems


def _only(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: values[name] for name in names if name in values}


def _agree(wishes: dict[str, Wish], key: str, values: dict[str, Any], where: str) -> list[str]:
    before = wishes.get(key)
    if before is None:
        wishes[key] = Wish(values, where)
        return []
    clashes = [name for name, value in values.items() if before.values.get(name, value) != value]
    wishes[key] = Wish({**before.values, **values}, before.where)
    return [f"{where}: {name} of {key} differs from {before.where}" for name in clashes]


def _plain(row: Any) -> dict[str, Any]:
    """A struct without what has its default, so that files stay short."""
    values = structs.asdict(row)
    defaults = {field.name: field.default for field in structs.fields(row)}
    kept = {name: value for name, value in values.items() if value not in (defaults[name], None, {})}
    if kept.get("container") is not None:
        kept["container"] = _plain(kept["container"]) | _plain_table(kept["container"].table)
    return kept


def _plain_table(table: tuple[tuple[float, float], ...] | None) -> dict[str, Any]:
    return {"table": [list(point) for point in table]} if table else {}


def _plain_assignment(row: Assignment) -> dict[str, Any]:
    values: dict[str, Any] = {"dev_eui": row.dev_eui, "asset": row.asset}
    if row.channel:
        values["channel"] = row.channel
    if row.start_ms:
        values["from"] = time_text(row.start_ms)
    if row.end_ms is not None:
        values["until"] = time_text(row.end_ms)
    return values


def _csv_row(device: Device, assignment: Assignment | None, asset: Asset | None) -> dict[str, Any]:
    row: dict[str, Any] = {"dev_eui": device.dev_eui, **{n: getattr(device, n) for n in _DEVICE_COLUMNS}}
    if assignment is None or asset is None:
        return row
    row |= {"asset": asset.id, "asset_kind": asset.kind, "asset_name": asset.name}
    row |= {name: getattr(asset, name) for name in _PLACE_COLUMNS}
    if asset.container is not None:
        row |= {name: getattr(asset.container, name) for name in _CONTAINER_COLUMNS}
    plain = _plain_assignment(assignment)
    return row | {name: plain.get(name, "") for name in ("channel", "from", "until")}
