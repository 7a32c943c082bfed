"""InfluxDB line protocol from records: tags escaped once per device and kept, one template a shape of record.

Format: docs.influxdata.com, "Line protocol reference". Tag values can't carry line breaks or end in a backslash
(`checks.clean_tag`); string fields carry both, with `"` and `\\` escaped. Records with the same fields share one
template, so that names and types are looked at once and a line costs one formatting.
"""

from collections.abc import Mapping, Sequence
from math import isfinite

from msgspec import Struct

from pipeline.fields import FIELDS, FieldKind
from pipeline.reading import FieldValue, Record, Tags
from pipeline.stores.checks import LONGEST_TIME_MS, Unstorable, check_fields, check_identity, clean_tag, clean_value

_TAG_ESCAPES = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ "})
_KEPT_WORDS = 4096
_LONGEST_KEPT_WORD = 64


_KEPT_SHAPES = 4096
_SWITCHES: Mapping[str | bool, str] = {True: "t", False: "f"}
_TYPES: Mapping[str, type] = {"float": float, "bool": bool, "str": str}


class _Shape(Struct, frozen=True):
    """How records with certain fields are written: a template, their types, and where numbers stand and words do."""

    template: str
    types: list[type]
    numbers: list[int]
    words: list[int]
    """Switches and texts."""


class LineEncoder:
    """Encodes records as lines with millisecond timestamps. `cache_size` bounds the kept tag prefixes."""

    def __init__(self, fields: Mapping[str, FieldKind] = FIELDS, cache_size: int = 65_536) -> None:
        self._fields = check_fields(fields)
        self._cache_size = cache_size
        self._heads: dict[tuple[int, str, str], tuple[Tags, str]] = {}
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._words: dict[str | bool, str] = dict(_SWITCHES)

    def line(self, record: Record) -> bytes:
        """One line without line break. Unstorable for a record that no store takes or that has no finite value."""
        tags, fields = record.tags, record.fields
        known = self._heads.get((id(tags), record.measurement, record.channel)) or self._remember(record)
        time_ms = record.time_ms
        if not -LONGEST_TIME_MS < time_ms < LONGEST_TIME_MS:
            check_identity(record)
        body = self._body(fields) or self._body(self._cleaned(fields))
        return f"{known[1]} {body} {time_ms}".encode()

    def _body(self, fields: Mapping[str, FieldValue]) -> str:
        """The field set; empty when a value needs a closer look."""
        names, values = tuple(fields), list(fields.values())
        shape = self._shapes.get(names)
        if shape is None or shape.types != [*map(type, values)]:
            shape = self._shape(names, values)
            if shape is None:
                return ""
        words = self._words
        for place in shape.words:
            text: str | bool = values[place]  # type: ignore[assignment]
            values[place] = words.get(text) or self._word(names[place], text)
        body = shape.template % tuple(values)
        if "nan" in body or "inf" in body:  # a word, or a number that is none
            return body if all(isfinite(values[place]) for place in shape.numbers) else ""  # type: ignore[arg-type]
        return body

    def _shape(self, names: tuple[str, ...], values: Sequence[FieldValue]) -> "_Shape | None":
        """How records with these fields are written; None when one is unknown or of another type than its own."""
        types = [*map(type, values)]
        if not names or any(_TYPES.get(self._fields.get(n, "")) is not t for n, t in zip(names, types, strict=True)):
            return None
        template = ",".join(f"{n}={'%r' if t is float else '%s'}" for n, t in zip(names, types, strict=True))
        numbers = [place for place, kind in enumerate(types) if kind is float]
        words = [place for place, kind in enumerate(types) if kind is not float]
        if len(self._shapes) >= _KEPT_SHAPES:
            self._shapes.clear()
        shape = self._shapes[names] = _Shape(template, types, numbers, words)
        return shape

    def _cleaned(self, fields: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
        """The values as the store may have them, those that are no finite numbers left out. Unstorable."""
        cleaned = {name: clean_value(self._fields, name, value) for name, value in fields.items()}
        kept = {name: value for name, value in cleaned.items() if value is not None}
        if not kept:
            raise Unstorable("no field with a finite value")
        return kept

    def _word(self, name: str, text: str | bool) -> str:
        clean = clean_value(self._fields, name, text)
        escaped = str(clean).replace("\\", "\\\\").replace('"', '\\"')
        word = f'"{escaped}"'
        if len(escaped) <= _LONGEST_KEPT_WORD:
            if len(self._words) >= _KEPT_WORDS:
                self._words = dict(_SWITCHES)
            self._words[text] = word
        return word

    def _remember(self, record: Record) -> tuple[Tags, str]:
        check_identity(record)
        tags = record.tags
        pairs = (
            ("asset", tags.asset),
            ("channel", record.channel),
            ("dev_eui", tags.dev_eui),
            ("district", tags.district),
            ("model", tags.model),
            ("zone", tags.zone),
        )  # sorted by name: the order in which the server keeps them
        texts = [f"{name}={clean_tag(value).translate(_TAG_ESCAPES)}" for name, value in pairs if value]
        if len(self._heads) >= self._cache_size:
            self._heads.clear()
        known = (tags, ",".join((record.measurement, *texts)))  # holding the tags keeps their id theirs
        self._heads[id(tags), record.measurement, record.channel] = known
        return known
