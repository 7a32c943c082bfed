"""The inventory as people write it: the models that a YAML document or a CSV row is checked against."""

import re
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import ErrorDetails

from pipeline.inventory import AssetKind, AttributeValue, device_key

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
Id = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Key = Annotated[str, AfterValidator(device_key)]
Number = Annotated[float, Field(allow_inf_nan=False)]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+([eE][-+]?[0-9]{1,3})?|[eE][-+]?[0-9]{1,3})")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {"true": True, "false": False}


def time_ms(value: Any) -> Any:
    """RFC 3339 text (or a date: midnight UTC) as Unix ms. ValueError for a time without an offset from UTC."""
    if not isinstance(value, str):
        return value
    try:
        time = datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError(f"{value!r} is no date or RFC 3339 time") from None
    if time.tzinfo is None:
        if len(value.strip()) > len("2026-01-01"):
            raise ValueError(f"{value!r} has no offset from UTC; write Z or +02:00 behind it")
        time = time.replace(tzinfo=UTC)
    return (time - _EPOCH) // timedelta(milliseconds=1)


Time = Annotated[int, BeforeValidator(time_ms), Field(ge=0)]


class Wire(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ZoneWire(Wire):
    """`pipeline.inventory.Zone`."""

    id: Id
    name: Text = ""
    kind: Text = ""
    district: Text = ""


class ContainerWire(Wire):
    """`pipeline.inventory.Container`."""

    height_mm: Number | None = None
    offset_mm: Number = 0.0
    distance_full_mm: Number | None = None
    distance_empty_mm: Number | None = None
    blind_zone_mm: Number = 0.0
    range_max_mm: Number | None = None
    table: tuple[tuple[Number, Number], ...] | None = None
    shape: Text = ""
    volume_l: Number | None = None


class Positioned(Wire):
    """Both coordinates or none."""

    latitude: Annotated[Number, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[Number, Field(ge=-180, le=180)] | None = None

    @model_validator(mode="after")
    def _both(self) -> "Positioned":
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude belong together: give both or none")
        return self


class AssetWire(Positioned):
    """`pipeline.inventory.Asset`."""

    id: Id
    name: Text = ""
    kind: AssetKind = "generic"
    zone: Id | None = None
    district: Text = ""
    container: ContainerWire | None = None
    attributes: dict[Id, AttributeValue] = Field(default_factory=dict)


class DeviceWire(Wire):
    """`pipeline.inventory.Device`."""

    dev_eui: Key
    name: Text = ""
    model: Text = ""
    decoder: Text = ""
    mapping: Text = ""
    attributes: dict[Id, AttributeValue] = Field(default_factory=dict)
    provisioned_by: Text = "file"


class AssignmentWire(Wire):
    """`pipeline.inventory.Assignment`."""

    dev_eui: Key
    asset: Id
    start_ms: Time = Field(default=0, alias="from")
    end_ms: Time | None = Field(default=None, alias="until")
    channel: Text = ""


class DocumentWire(Wire):
    """The whole YAML document."""

    zones: tuple[ZoneWire, ...] = ()
    assets: tuple[AssetWire, ...] = ()
    devices: tuple[DeviceWire, ...] = ()
    assignments: tuple[AssignmentWire, ...] = ()


class RowWire(Positioned):
    """One CSV row: a device, and the asset that it is on. An empty cell says nothing."""

    dev_eui: Key
    name: Text = ""
    model: Text = ""
    decoder: Text = ""
    mapping: Text = ""
    asset: Id | None = None
    asset_kind: AssetKind | None = None
    asset_name: Text = ""
    zone: Id | None = None
    district: Text = ""
    height_mm: Number | None = None
    offset_mm: Number | None = None
    distance_full_mm: Number | None = None
    distance_empty_mm: Number | None = None
    blind_zone_mm: Number | None = None
    range_max_mm: Number | None = None
    shape: Text = ""
    volume_l: Number | None = None
    channel: Text = ""
    start_ms: Time = Field(default=0, alias="from")
    end_ms: Time | None = Field(default=None, alias="until")

    @model_validator(mode="after")
    def _with_asset(self) -> "RowWire":
        given = self.model_fields_set - {"dev_eui", "name", "model", "decoder", "mapping", "asset"}
        if self.asset is None and given:
            names = ", ".join(sorted({"start_ms": "from", "end_ms": "until"}.get(name, name) for name in given))
            raise ValueError(f"{names} without an asset: fill the column asset")
        return self


def error_text(error: ErrorDetails) -> str:
    """Pydantic's finding in our words where its own would puzzle an operator."""
    if error["type"] == "extra_forbidden":
        return "unknown key"
    return error["msg"].removeprefix("Value error, ")


def typed(text: str) -> AttributeValue:
    """A plain scalar as number or truth where it can't be anything else; `007`, `1:30` and long digits stay text."""
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and isfinite(float(text)):
        return float(text)
    return _BOOLS.get(text, text)


class YamlReader:
    """A YAML document as plain values with the line of each, free of YAML's guesses: `0011223344556677` stays text.

    Only below a key `attributes` plain scalars become numbers and truths. ValueError (with the line) for a doubled key
    or an alias, yaml.YAMLError for broken YAML.
    """

    def __init__(self, text: str) -> None:
        self.lines: dict[tuple[str | int, ...], int] = {}
        self._seen: set[int] = set()
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.value: Any = {} if root is None else self._walk(root, ())

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """The line of the nearest thing on the path, from 1."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def _walk(self, node: yaml.Node, path: tuple[str | int, ...]) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if id(node) in self._seen:
            raise ValueError(f"line {line}: anchors and aliases are not supported here")
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._walk(item, (*path, n)) for n, item in enumerate(node.value)]
        text = str(node.value)
        if not isinstance(node, yaml.ScalarNode) or node.style:  # quoted
            return text
        if text in _NULLS:
            return None
        return typed(text) if "attributes" in path else text

    def _mapping(self, node: yaml.MappingNode, path: tuple[str | int, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise ValueError(f"line {line}: a key must be a plain word")
            if key_node.value in found:
                raise ValueError(f"line {line}: the key {key_node.value!r} is given twice")
            self.lines[(*path, key_node.value)] = line
            found[key_node.value] = self._walk(value, (*path, key_node.value))
        return found


class _Dumper(yaml.SafeDumper):
    """Quotes every text that `YamlReader` would otherwise take for something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    quoted = text in _NULLS or not isinstance(typed(text), str)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'" if quoted else None)


def _represent_float(dumper: yaml.SafeDumper, number: float) -> yaml.Node:
    text = repr(number)
    return dumper.represent_scalar("tag:yaml.org,2002:float", text if "." in text else text.replace("e", ".0e"))


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(float, _represent_float)


def dump_yaml(document: dict[str, Any]) -> str:
    """YAML text that `YamlReader` reads back to the same values."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
