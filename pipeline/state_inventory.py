"""The inventory's rows: reading a whole snapshot, writing changes in the order that their references need."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, delete, select, tuple_

from pipeline import tables as t
from pipeline.inventory import Asset, Assignment, Container, Device, Inventory, InventoryChanges, Zone
from pipeline.state_rows import chunks, count, put, to_json

REVISION = ("inventory_revision", "")


def read_inventory(connection: Connection) -> Inventory:
    """The stored inventory."""
    return Inventory(
        (Zone(**row._asdict()) for row in connection.execute(select(t.zone))),
        (_asset(row._asdict()) for row in connection.execute(select(t.asset))),
        (_device(row._asdict()) for row in connection.execute(select(t.device))),
        (Assignment(**row._asdict()) for row in connection.execute(select(t.assignment))),
    )


def lock_inventory(connection: Connection) -> None:
    """Make others who want to change the inventory wait for this transaction (SQLite: it has one writer anyway)."""
    count(connection, {REVISION: 0})


def write_changes(connection: Connection, changes: InventoryChanges) -> None:
    """Remove and write the rows and raise the revision; the caller has checked that the result holds together."""
    c = t.assignment.c
    for part in chunks(changes.drop_assignments):
        connection.execute(delete(t.assignment).where(tuple_(c.dev_eui, c.channel, c.start_ms).in_(part)))
    put(connection, t.zone, [msgspec.structs.asdict(z) for z in changes.zones])
    put(connection, t.asset, [_asset_values(a) for a in changes.assets])
    put(connection, t.device, [_device_values(d) for d in changes.devices])
    put(connection, t.assignment, [msgspec.structs.asdict(a) for a in changes.assignments])
    _drop(connection, t.device, changes.drop_devices)
    _drop(connection, t.asset, changes.drop_assets)
    _drop(connection, t.zone, changes.drop_zones)
    count(connection, {REVISION: 1})


def _drop(connection: Connection, table: Table, keys: Iterable[str]) -> None:
    (column,) = table.primary_key.columns
    for part in chunks(keys):
        connection.execute(delete(table).where(column.in_(part)))


def _asset(values: dict[str, Any]) -> Asset:
    container = values["container"]
    values["container"] = None if container is None else msgspec.json.decode(container, type=Container)
    values["attributes"] = msgspec.json.decode(values["attributes"])
    return Asset(**values)


def _asset_values(asset: Asset) -> dict[str, Any]:
    values = msgspec.structs.asdict(asset)
    values["container"] = None if asset.container is None else to_json(asset.container)
    values["attributes"] = to_json(asset.attributes)
    return values


def _device(values: dict[str, Any]) -> Device:
    values["attributes"] = msgspec.json.decode(values["attributes"])
    return Device(**values)


def _device_values(device: Device) -> dict[str, Any]:
    values = msgspec.structs.asdict(device)
    values["attributes"] = to_json(device.attributes)
    return values
