"""Rules for `decoders.objects`: which leaf of a server-decoded object is which quantity; loading, built-in names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from decoders.vocabulary import QUANTITIES, Quantity

_CACHED_CONTEXTS = 1024


class RuleError(ValueError):
    """A rule file that says something impossible; the text names the rule."""


@dataclass(frozen=True, slots=True)
class ObjectContext:
    """Which device an object comes from; rules match on it. Empty where unknown."""

    profile: str = ""
    application: str = ""
    decoder: str = ""


@dataclass(frozen=True, slots=True)
class ObjectField:
    """What one leaf means: value * scale + offset as `quantity`, or a word of `values`; ignored without quantity.

    `path` is `a.b[0].c`, in any case of letters; one `*` stands for a part of a name and becomes the channel. `whole`:
    only whole numbers are meant (a battery of 3.6 is no percentage).
    """

    path: str
    quantity: str = ""
    scale: float = 1.0
    offset: float = 0.0
    channel: str = ""
    values: Mapping[str, bool | str | float] = field(default_factory=dict)
    whole: bool = False


@dataclass(frozen=True, slots=True)
class ObjectRule:
    """Fields for the devices that match; the globs are `*` where a rule doesn't care."""

    fields: tuple[ObjectField, ...]
    profile: str = "*"
    application: str = "*"
    decoder: str = "*"

    def matches(self, context: ObjectContext) -> bool:
        """Whether all globs match, in any case of letters."""
        pairs = (
            (context.profile, self.profile),
            (context.application, self.application),
            (context.decoder, self.decoder),
        )
        return all(fnmatchcase(text.lower(), glob.lower()) for text, glob in pairs)


class ObjectRules:
    """Rules in order; for each leaf the first field that fits wins, the built-in names come last."""

    def __init__(self, rules: Sequence[ObjectRule] = ()) -> None:
        self.rules = tuple(rules)
        self._plans: dict[ObjectContext, Plan] = {}

    def plan(self, context: ObjectContext) -> "Plan":
        """The fields for a device, prepared; a bounded number of contexts is remembered."""
        plan = self._plans.get(context)
        if plan is None:
            if len(self._plans) >= _CACHED_CONTEXTS:
                self._plans.clear()
            plan = self._plans[context] = Plan(
                [f for rule in (*self.rules, *DEFAULT_RULES) if rule.matches(context) for f in rule.fields]
            )
        return plan


class Plan:
    """Fields by lower-case path; those with `*` as patterns, in order."""

    def __init__(self, fields: Sequence[ObjectField]) -> None:
        self._exact: dict[str, list[ObjectField]] = {}
        self._patterns: list[tuple[re.Pattern[str], ObjectField]] = []
        for entry in fields:
            path = entry.path.lower()
            if "*" in path:
                pattern = re.escape(path).replace(r"\*", r"([^.\[\]]+)")
                self._patterns.append((re.compile(pattern), entry))
            else:
                self._exact.setdefault(path, []).append(entry)

    def candidates(self, path: str) -> Iterator[tuple[ObjectField, str]]:
        """Fields that may take the leaf, each with its channel."""
        key = path.lower()
        for entry in self._exact.get(key, ()):
            yield entry, entry.channel
        for pattern, entry in self._patterns:
            found = pattern.fullmatch(key)
            if found:
                yield entry, entry.channel or path[found.start(1) : found.end(1)]


def load_rules(document: object) -> ObjectRules:
    """Rules of a parsed document `{"rules": [{"match": {...}, "fields": [{...}]}]}`. RuleError names the place."""
    top = _keys(document, "rule file", {"rules"})
    entries = top.get("rules", [])
    if not isinstance(entries, list):
        raise RuleError("rules: must be a list")
    return ObjectRules([_rule(entry, f"rules[{index}]") for index, entry in enumerate(entries)])


def _rule(entry: object, where: str) -> ObjectRule:
    keys = _keys(entry, where, {"match", "fields"})
    match = _keys(keys.get("match", {}), f"{where}.match", {"profile", "application", "decoder"})
    for name, glob in match.items():
        if not isinstance(glob, str):
            raise RuleError(f"{where}.match.{name}: must be a text")
    fields = keys.get("fields")
    if not isinstance(fields, list) or not fields:
        raise RuleError(f"{where}.fields: must be a list with at least one field")
    return ObjectRule(tuple(_field(item, f"{where}.fields[{i}]") for i, item in enumerate(fields)), **match)


_FIELD_TYPES: Mapping[str, tuple[type, ...]] = {
    "path": (str,),
    "quantity": (str,),
    "scale": (int, float),
    "offset": (int, float),
    "channel": (str,),
    "values": (dict,),
    "whole": (bool,),
    "ignore": (bool,),
}


def _field(entry: object, where: str) -> ObjectField:
    keys = dict(_keys(entry, where, set(_FIELD_TYPES)))
    for name, value in keys.items():
        wanted = _FIELD_TYPES[name]
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            raise RuleError(f"{where}.{name}: must be of type {' or '.join(kind.__name__ for kind in wanted)}")
    path, quantity = keys.get("path", ""), keys.get("quantity", "")
    if not path or path.count("*") > 1:
        raise RuleError(f"{where}.path: must be a path with at most one '*'")
    if keys.pop("ignore", False) != (not quantity):
        raise RuleError(f"{where}: set exactly one of quantity and ignore")
    if quantity and quantity not in QUANTITIES:
        raise RuleError(f"{where}.quantity: {quantity!r} is not in the vocabulary")
    if quantity:
        keys["values"] = _values(keys.get("values", {}), QUANTITIES[quantity], f"{where}.values")
    return ObjectField(**keys)


_KINDS: Mapping[str, type] = {"float": float, "bool": bool, "str": str}


def _values(values: Mapping[Any, Any], quantity: Quantity, where: str) -> Mapping[str, bool | str | float]:
    """The table with lower-case keys; each value must be of the quantity's kind (YAML reads 1 and true as it likes)."""
    table: dict[str, bool | str | float] = {}
    for key, value in values.items():
        number = isinstance(value, int) and not isinstance(value, bool)
        meant = float(value) if number and quantity.kind == "float" else value
        if not isinstance(meant, bool | float | str) or not isinstance(meant, _KINDS[quantity.kind]):
            raise RuleError(f"{where}: {value!r} is not a {quantity.kind}, which {quantity.name} is")
        table[word(key if isinstance(key, bool | float | str) else float(key))] = meant
    return table


def _keys(entry: object, where: str, allowed: set[str]) -> Mapping[str, Any]:
    if not isinstance(entry, Mapping):
        raise RuleError(f"{where}: must be a mapping")
    unknown = sorted(str(key) for key in entry if key not in allowed)
    if unknown:
        raise RuleError(f"{where}: unknown key {', '.join(unknown)}")
    return entry


def word(leaf: float | bool | str) -> str:
    """A leaf as the lower-case word that `values` tables use."""
    if isinstance(leaf, bool):
        return "true" if leaf else "false"
    return leaf.strip().lower() if isinstance(leaf, str) else f"{leaf:g}"


def _same(quantity: str, *paths: str, **more: Any) -> tuple[ObjectField, ...]:
    return tuple(ObjectField(path, quantity, **more) for path in paths)


DEFAULT_RULES: tuple[ObjectRule, ...] = (
    # Names of The Things Stack's normalised payload, of both servers' Cayenne LPP, and plain words with one unit
    # at nearly every vendor. Anything else needs a rule: a wrong unit is worse than a generic number.
    ObjectRule(
        (
            *_same("air_temperature", "air.temperature", "temperature", "temperaturesensor.*", "temperature_*"),
            *_same("relative_humidity", "air.relativehumidity", "humidity", "humiditysensor.*", "relative_humidity_*"),
            *_same("air_pressure", "air.pressure", "pressure", "barometer.*", "barometric_pressure_*"),
            *_same("illuminance", "air.lightintensity", "illuminance", "illuminancesensor.*", "luminosity_*"),
            *_same("wind_speed", "wind.speed"),
            *_same("wind_direction", "wind.direction"),
            *_same("rain_intensity", "rain.intensity"),
            *_same("rain_cumulative", "rain.cumulative"),
            *_same("soil_depth", "soil.depth"),
            *_same("soil_moisture_vwc", "soil.moisture", "soil_moisture", "water_soil"),
            *_same("soil_temperature", "soil.temperature", "soil_temperature", "temp_soil"),
            *_same("soil_ec", "soil.ec", scale=1000.0),
            *_same("soil_ec", "conduct_soil"),
            *_same("soil_ph", "soil.ph"),
            *_same("leak_alarm", "water.leak"),
            *_same("latitude", "position.latitude", "latitude"),
            *_same("longitude", "position.longitude", "longitude"),
            *_same("battery_level", "battery", whole=True),
            *_same("battery_level", "battery_level", "batterylevel", "battery_percent"),
            *_same("battery_voltage", "battery_voltage", "batteryvoltage", "batv", "battery_voltage.value"),
            *_same("distance", "distance"),
            *_same("fill_level", "fill_level", "filllevel", "fillinglevel"),
            *_same("tilt_alarm", "position", values={"tilt": True, "tilted": True, "normal": False}),
            *_same("occupied", "occupied"),
            ObjectField("*.displayname"),
            ObjectField("*.unit"),
        )
    ),
)
