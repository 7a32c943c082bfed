"""The inventory document of a plan, as `loracity devices import` reads it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from simulators.fleet import Sensor
from simulators.life import VESSELS
from simulators.plan import Asset, Plan
from simulators.rfc3339 import zulu_time


@dataclass(frozen=True, slots=True)
class Replacement:
    """A device that took another's place at `at_ms` (Unix ms), and the inventory knows it."""

    old: str
    new: Sensor
    at_ms: int


def plan_inventory(plan: Plan, replacements: Iterable[Replacement] = (), since: str = "2020-01-01") -> dict[str, Any]:
    """Zones, assets, devices, assignments from `since` (a date); a replaced device's assignment ends when it went."""
    gone = {replacement.old: replacement for replacement in replacements}
    new = [replacement.new for replacement in gone.values()]
    return {
        "zones": [{"id": z.id, "name": z.name, "kind": z.kind, "district": z.district} for z in plan.zones],
        "assets": [_asset(asset) for asset in plan.assets.values()],
        "devices": [_device(sensor, plan.depths_cm) for sensor in (*plan.sensors, *new)],
        "assignments": [*(_assignment(s, since, gone) for s in plan.sensors), *map(_later, gone.values())],
    }


def _asset(asset: Asset) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": asset.id,
        "name": asset.name,
        "kind": asset.kind,
        "zone": asset.zone.id,
        "district": asset.zone.district,
        "latitude": asset.latitude,
        "longitude": asset.longitude,
    }
    if asset.container is not None:
        row["container"] = asdict(asset.container)
        vessel = VESSELS.get(asset.container.shape)
        if vessel is not None and vessel.taper < 1:
            row["container"]["table"] = [list(point) for point in vessel.table()]
    return row | ({"attributes": dict(asset.attributes)} if asset.attributes else {})


def _device(sensor: Sensor, depths_cm: Mapping[str, tuple[float, ...]]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "dev_eui": sensor.dev_eui,
        "name": sensor.name,
        "model": sensor.model,
        "decoder": sensor.decoder,
    }
    depths = depths_cm.get(sensor.dev_eui)
    return row | ({"attributes": {"depths_cm": ",".join(f"{d:g}" for d in depths)}} if depths else {})


def _assignment(sensor: Sensor, since: str, gone: Mapping[str, Replacement]) -> dict[str, Any]:
    row = {"dev_eui": sensor.dev_eui, "asset": sensor.asset, "from": since}
    replaced = gone.get(sensor.dev_eui)
    return row | ({"until": zulu_time(replaced.at_ms)} if replaced else {})


def _later(replacement: Replacement) -> dict[str, Any]:
    return {"dev_eui": replacement.new.dev_eui, "asset": replacement.new.asset, "from": zulu_time(replacement.at_ms)}
