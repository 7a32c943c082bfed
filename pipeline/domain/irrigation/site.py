"""What the inventory says of a bed or tree, as numbers: soil, root zone, limits, and how deep each probe sits."""

import re
from collections.abc import Mapping

from msgspec import Struct

from pipeline.domain.irrigation.texture import DEFAULT_TEXTURE, TEXTURES, Soil
from pipeline.inventory_model import Asset, AttributeValue

DEFAULT_ROOT_DEPTH_CM = 60.0
"""Of a tree: the root ball and some below it; the weather service reports soil moisture for the same depth."""
SHALLOW_ROOT_DEPTH_CM = 30.0
"""Of a bed or lawn."""
DEFAULT_LITRES = 100.0
"""A visit to a young tree, as Bonn and Munich give."""
_DEPTH_IN_NAME = re.compile(r"(\d+(?:\.\d+)?)\s*cm", re.IGNORECASE)
_RANGES: Mapping[str, tuple[float, float]] = {
    "field_capacity": (1, 80),
    "wilting_point": (0, 60),
    "root_depth_cm": (5, 300),
    "root_area_m2": (0.05, 100_000),
    "target_nfk": (1, 110),
    "trigger_nfk": (0, 110),
    "stress_nfk": (0, 100),
    "stress_kpa": (5, 1500),
    "litres_per_visit": (0.1, 100_000),
    "litres_max": (0.1, 10_000_000),
}
"""Attributes that must be numbers, with the range outside which they are not believed."""


class Site(Struct, frozen=True):
    """A bed or tree, in numbers."""

    soil: Soil
    root_depth_cm: float = DEFAULT_ROOT_DEPTH_CM
    root_area_m2: float | None = None
    """None: unknown; a visit then gives `litres_per_visit`."""
    target_nfk: float = 70.0
    """% to which a visit fills up: the upper end of the weather service's sufficient supply, with room for rain."""
    trigger_nfk: float = 45.0
    """% below which watering is due: in light stress, some days of drying before drought stress."""
    stress_nfk: float = 30.0
    """% below which the plant suffers: where the weather service's drought stress begins."""
    stress_kpa: float | None = None
    """kPa: where it is set, probes that measure tension are judged by it instead (the Berlin method's line is 80)."""
    litres_per_visit: float = DEFAULT_LITRES
    litres_max: float | None = None
    """At most so much at once; None: no limit."""

    @property
    def capacity_mm(self) -> float:
        """Usable water of the root zone at field capacity, mm."""
        return self.soil.capacity / 10.0 * self.root_depth_cm

    def deficit_mm(self, nfk: float, goal: float = 100.0) -> float:
        """Water that the root zone lacks to `goal` %nFK, mm; not negative."""
        return max(0.0, goal - nfk) / 100.0 * self.capacity_mm

    def litres(self, nfk: float) -> float:
        """Litres up to the target. Without a known root area: a whole visit below the trigger, else nothing."""
        if self.root_area_m2 is None:
            wanted = self.litres_per_visit if nfk < self.trigger_nfk else 0.0
        else:
            wanted = self.deficit_mm(nfk, self.target_nfk) * self.root_area_m2
        return wanted if self.litres_max is None else min(wanted, self.litres_max)


def site_of(asset: Asset) -> Site:
    """The site of a bed or tree. Attributes that are missing, or that `site_problems` names, count as the default."""
    attributes = asset.attributes
    numbers = {name: value for name in _RANGES if (value := number(attributes, name)) is not None}
    fallback = TEXTURES.get(str(attributes.get("texture", "")).strip().lower(), TEXTURES[DEFAULT_TEXTURE])
    field_capacity = numbers.pop("field_capacity", fallback.field_capacity)
    wilting_point = numbers.pop("wilting_point", fallback.wilting_point)
    soil = Soil(field_capacity, wilting_point) if field_capacity > wilting_point > 0 else fallback
    if asset.attributes.get("plant", "tree") != "tree":
        numbers.setdefault("root_depth_cm", SHALLOW_ROOT_DEPTH_CM)
    return Site(soil, **numbers)


def site_problems(asset: Asset) -> list[str]:
    """One sentence for every attribute that is not believed."""
    attributes = asset.attributes
    texture = attributes.get("texture")
    problems = []
    if texture is not None and str(texture).strip().lower() not in TEXTURES:
        problems.append(f"asset {asset.id!r}: texture {texture!r} is none of {', '.join(TEXTURES)}")
    for name, (low, high) in _RANGES.items():
        if name in attributes and number(attributes, name) is None:
            problems.append(f"asset {asset.id!r}: {name} {attributes[name]!r} is no number from {low} to {high}")
    own = [number(attributes, name) for name in ("field_capacity", "wilting_point")]
    if None not in own and site_of(asset).soil != Soil(*(value or 0.0 for value in own)):
        problems.append(f"asset {asset.id!r}: field_capacity is not above wilting_point, or that is not above 0")
    return problems


def number(attributes: Mapping[str, AttributeValue], name: str) -> float | None:
    """An attribute as a number within its range, also when it was written as text; None where it is none."""
    value = attributes.get(name)
    if value is None or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    low, high = _RANGES.get(name, (float("-inf"), float("inf")))
    return found if low <= found <= high else None


def depth_cm(asset: Asset, dev_eui: str, channel: str, measured: float | None) -> float | None:
    """How deep a probe sits by its own account, cm: the attribute `depth_DEVEUI_CHANNEL_cm`, `depth_DEVEUI_cm` or
    `depth_CHANNEL_cm`, then what the device says, then a depth in the channel's name (`30cm`); None if nobody says."""
    names = (f"depth_{dev_eui}_{channel}_cm", f"depth_{dev_eui}_cm", f"depth_{channel}_cm")
    for name in names:
        found = number(asset.attributes, name)
        if found is not None and found >= 0:
            return found
    if measured is not None:
        return measured
    named = _DEPTH_IN_NAME.search(channel)
    return float(named.group(1)) if named else None


def listed_depths(asset: Asset) -> tuple[float, ...]:
    """The attribute `depths_cm` (`30,60`: the asset's probes, the uppermost first) in cm; empty without a good one."""
    text = str(asset.attributes.get("depths_cm", ""))
    try:
        return tuple(float(part) for part in text.split(",")) if text.strip() else ()
    except ValueError:
        return ()
