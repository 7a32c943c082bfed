"""What planners see of the city: assets with their facts, newest values, detector states and events, at one moment."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from pipeline.domain.words import DomainEvent, Facts
from pipeline.inventory_model import AssetKind, Zone
from pipeline.reading import FieldValue


class Known(Struct, frozen=True, gc=False):
    """The newest value of one quantity of an asset. Time in Unix ms."""

    value: FieldValue
    time_ms: int
    dev_eui: str = ""
    """The device that told it, also for derived values."""
    channel: str = ""
    """`words.DERIVED_CHANNEL` for what a detector derived."""
    quality: str = "ok"


class AssetView(Struct, frozen=True):
    """One asset as it is known now."""

    facts: Facts
    state: Any = None
    """The state of the kind's detector (its `state_type`), all inputs folded in; None before the first input."""
    state_ms: int = 0
    """Time of the newest input in `state`, ticks included; Unix ms, 0 before the first."""
    latest: Mapping[str, Known] = {}
    """By quantity, measured and derived; of several channels or devices the newest. Faults are left out."""
    channels: Mapping[tuple[str, str, str], Known] = {}
    """The same by (quantity, channel, DevEUI), for assets with several depths, valves or devices."""
    events: tuple[DomainEvent, ...] = ()
    """Not withdrawn; all that are ongoing and those that reach into the view's range; by start."""

    @property
    def id(self) -> str:
        """The asset's id."""
        return self.facts.asset.id

    @property
    def zone(self) -> str:
        """The zone's id; empty without one."""
        return self.facts.asset.zone or ""

    @property
    def district(self) -> str:
        """The asset's own district, else its zone's; empty without one."""
        zone = self.facts.zone
        return self.facts.asset.district or (zone.district if zone is not None else "")

    def number(self, quantity: str, default: float | None = None) -> float | None:
        """The newest value of a quantity that is a number; the default where there is none."""
        known = self.latest.get(quantity)
        if known is None or isinstance(known.value, str | bool):
            return default
        return float(known.value)

    def attribute(self, name: str, default: FieldValue | int | None = None) -> FieldValue | int | None:
        """An attribute of the asset; the default where it has none of this name."""
        return self.facts.asset.attributes.get(name, default)


class CityView(Struct, frozen=True):
    """The city at `now_ms` (Unix ms). Assets by id; those of other kinds than asked for may be missing."""

    now_ms: int
    assets: Mapping[str, AssetView] = {}
    zones: Mapping[str, Zone] = {}
    events_from_ms: int = 0
    """Events that ended before this are not in the view."""

    def of_kind(self, *kinds: AssetKind, zone: str | None = None, district: str | None = None) -> list[AssetView]:
        """The assets of these kinds, of one zone or district where given, in the order of their ids."""
        found = (
            asset
            for asset in self.assets.values()
            if asset.facts.asset.kind in kinds
            and (zone is None or asset.zone == zone)
            and (district is None or asset.district == district)
        )
        return sorted(found, key=lambda asset: asset.id)
