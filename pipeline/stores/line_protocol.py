"""InfluxDB line protocol from records: tags escaped once per device and kept, numbers written by a JSON encoder.

Format: docs.influxdata.com, "Line protocol reference". Tag values can't carry line breaks or end in a backslash
(`checks.clean_tag`); string fields carry both, with `"` and `\\` escaped. A JSON object of floats under plain names
is line protocol once the quotes are dropped and `:` is turned into `=`: faster than formatting each.
"""

from collections.abc import Mapping

import msgspec

from pipeline.fields import FIELDS, FieldKind
from pipeline.reading import FieldValue, Record, Tags
from pipeline.stores.checks import LONGEST_TIME_MS, Unstorable, check_fields, check_identity, clean_tag, clean_value

_TAG_ESCAPES = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ "})
_KEPT_WORDS = 4096
_LONGEST_KEPT_WORD = 64


class LineEncoder:
    """Encodes records as lines with millisecond timestamps. `cache_size` bounds the kept tag prefixes."""

    def __init__(self, fields: Mapping[str, FieldKind] = FIELDS, cache_size: int = 65_536) -> None:
        self._fields = check_fields(fields)
        self._floats = frozenset(name for name, kind in fields.items() if kind == "float")
        self._cache_size = cache_size
        self._heads: dict[tuple[str, Tags, str], bytes] = {}
        self._words: dict[tuple[str, str], bytes] = {}
        self._json = msgspec.json.Encoder()

    def line(self, record: Record) -> bytes:
        """One line without line break. Unstorable for a record that no store takes or that has no finite value."""
        key = (record.measurement, record.tags, record.channel)
        head = self._heads.get(key) or self._remember(key, record)
        fields = record.fields
        others = [(name, value) for name, value in fields.items() if type(value) is not float]
        body = self._mixed(fields, others) if others else self._numbers(fields)
        if not body:
            raise Unstorable("no field with a finite value")
        time_ms = record.time_ms
        if not -LONGEST_TIME_MS < time_ms < LONGEST_TIME_MS:
            check_identity(record)
        return b"%b %b %d" % (head, body, time_ms)

    def _mixed(self, fields: dict[str, FieldValue], others: list[tuple[str, FieldValue]]) -> bytes:
        numbers = fields.copy()
        for name, _ in others:
            del numbers[name]
        parts = [self._rare(name, value) for name, value in others]
        if numbers:
            parts.insert(0, self._numbers(numbers))
        return b",".join([part for part in parts if part])

    def _numbers(self, numbers: Mapping[str, FieldValue]) -> bytes:
        if not self._floats.issuperset(numbers):
            for name, value in numbers.items():
                clean_value(self._fields, name, value)  # raises for the first that is no number or unknown
        text = self._json.encode(numbers)
        if b":null" in text:  # JSON has no infinities and no NaN
            kept = {name: clean_value(self._fields, name, value) for name, value in numbers.items()}
            text = self._json.encode({name: value for name, value in kept.items() if value is not None})
        return text[1:-1].translate(None, b'"').replace(b":", b"=")

    def _rare(self, name: str, value: FieldValue) -> bytes:
        if type(value) is str and (known := self._words.get((name, value))):
            return known
        clean = clean_value(self._fields, name, value)
        if clean is None:
            return b""
        if isinstance(clean, bool):
            return f"{name}={'t' if clean else 'f'}".encode()
        if isinstance(clean, str):
            return self._word(name, clean)
        return f"{name}={clean!r}".encode()

    def _word(self, name: str, text: str) -> bytes:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        word = f'{name}="{escaped}"'.encode()
        if len(text) <= _LONGEST_KEPT_WORD:
            if len(self._words) >= _KEPT_WORDS:
                self._words.clear()
            self._words[name, text] = word
        return word

    def _remember(self, key: tuple[str, Tags, str], record: Record) -> bytes:
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
        head = self._heads[key] = ",".join((record.measurement, *texts)).encode()
        return head
