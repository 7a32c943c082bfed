"""Protobuf wire format to the shape of its JSON form, driven by tables of field numbers; knows no message by itself.

Source of the format: protobuf.dev, "Encoding" and "ProtoJSON Format".
"""

import math
import struct
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from gateway_bridge.uplink import EnvelopeError

MAX_DEPTH = 64
"""Nested messages; one level of a JSON-like Struct takes three."""

Kind = Literal["string", "bytes", "bool", "uint", "int", "float", "double", "enum", "message", "map", "time", "struct"]


class Field(NamedTuple):
    """One field: its JSON name, its type, and whatever the type needs."""

    name: str
    kind: Kind = "string"
    table: "Mapping[int, Field] | None" = None
    """Of a message; of a map's entry (1 key, 2 value)."""
    words: tuple[str, ...] = ()
    """An enum's names by number."""
    repeated: bool = False


Table = Mapping[int, Field]
_Wire = int | bytes
_WIRE_TYPE: dict[Kind, int] = {"bool": 0, "uint": 0, "int": 0, "enum": 0, "double": 1, "float": 5}
STRING_MAP: Table = {1: Field("key"), 2: Field("value")}
COUNT_MAP: Table = {1: Field("key"), 2: Field("value", "uint")}
FREQUENCY_MAP: Table = {1: Field("key", "uint"), 2: Field("value", "uint")}
_TIMESTAMP: Table = {1: Field("seconds", "int"), 2: Field("nanos", "int")}


def decode(payload: bytes, table: Table) -> dict[str, Any]:
    """The message as a dictionary by JSON names; absent fields are absent, unknown ones left out, bytes base64 text.

    EnvelopeError bad_protobuf when the wire format is broken, text isn't UTF-8 or messages nest too deeply.
    """
    return _message(payload, table, {}, 0)


def _message(data: bytes, table: Table, into: dict[str, Any], depth: int) -> dict[str, Any]:
    if depth > MAX_DEPTH:
        raise EnvelopeError("bad_protobuf", f"nested deeper than {MAX_DEPTH} messages")
    for number, wire, raw in _fields(data):
        field = table.get(number)
        # A known number with another wire type is, by the format's rules, an unknown field.
        if field is None or wire != _WIRE_TYPE.get(field.kind, 2):
            continue
        _put(field, raw, into, depth)
    return into


def _put(field: Field, raw: _Wire, into: dict[str, Any], depth: int) -> None:
    if field.kind == "map" and field.table is not None:
        entry = _message(_bytes(raw), field.table, {}, depth + 1)
        empty: Any = 0 if field.table[2].kind == "uint" else ""
        into.setdefault(field.name, {})[str(entry.get("key", ""))] = entry.get("value", empty)
    elif field.kind == "message" and field.table is not None:
        if field.repeated:
            into.setdefault(field.name, []).append(_message(_bytes(raw), field.table, {}, depth + 1))
        else:  # a message split in two is merged, as the format demands
            into[field.name] = _message(_bytes(raw), field.table, into.get(field.name) or {}, depth + 1)
    elif field.kind == "struct":
        into.setdefault(field.name, {}).update(_struct(_bytes(raw), depth + 1))
    else:
        value = _scalar(field, raw)
        if value is not None:
            into[field.name] = value


def _scalar(field: Field, raw: _Wire) -> Any:
    if field.kind == "enum":
        number = int(raw) & 0xFFFFFFFF
        return field.words[number] if number < len(field.words) else str(number)
    return _SCALARS[field.kind](raw)


def _bytes(raw: Any) -> bytes:
    return raw  # type: ignore[no-any-return]


def _text(raw: Any) -> str:
    try:
        return raw.decode()  # type: ignore[no-any-return]
    except UnicodeDecodeError as error:
        raise EnvelopeError("bad_protobuf", f"text is not UTF-8: {error.reason}") from error


def _int32(raw: Any) -> int:
    return ((raw + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)  # type: ignore[no-any-return]


def _float32(raw: Any) -> float | None:
    """The shortest decimal that is the same 32-bit float, as JSON would write it; None when it isn't finite."""
    (value,) = struct.unpack("<f", raw)
    if not math.isfinite(value):
        return None
    for digits in range(6, 9):
        short = float(f"{value:.{digits}g}")
        try:
            if struct.pack("<f", short) == raw:
                return short
        except OverflowError:  # rounding the largest float up leaves the range
            continue
    return float(value)


def _float64(raw: Any) -> float | None:
    (value,) = struct.unpack("<d", raw)
    return value if math.isfinite(value) else None


def _timestamp(raw: Any) -> str | None:
    """RFC 3339 with nanoseconds; None outside the years that the format allows."""
    parts = {number: value for number, wire, value in _fields(raw) if wire == 0}
    seconds, nanos = _int64(parts.get(1, 0)), _int32(parts.get(2, 0))
    if not (-62_135_596_800 <= seconds <= 253_402_300_799 and 0 <= nanos < 1_000_000_000):
        return None
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment:0>19}.{nanos:09d}+00:00"


def _int64(raw: Any) -> int:
    return raw - (1 << 64) if raw >> 63 else raw  # type: ignore[no-any-return]


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "bytes": lambda raw: b64encode(raw).decode("ascii"),
    "bool": bool,
    "uint": lambda raw: raw & 0xFFFFFFFF,
    "int": _int32,
    "float": _float32,
    "double": _float64,
    "time": _timestamp,
}


def _struct(data: bytes, depth: int) -> dict[str, Any]:
    """google.protobuf.Struct: field 1 repeats entries of key and Value."""
    result: dict[str, Any] = {}
    for number, wire, raw in _fields(data):
        if number != 1 or wire != 2:
            continue
        key, value = "", None
        for part, part_wire, part_raw in _fields(_bytes(raw)):
            if part == 1 and part_wire == 2:
                key = _text(part_raw)
            elif part == 2 and part_wire == 2:
                value = _value(_bytes(part_raw), depth + 1)
        result[key] = value
    return result


def _value(data: bytes, depth: int) -> Any:
    """google.protobuf.Value: null, number (None when not finite), text, bool, Struct or list."""
    if depth > MAX_DEPTH:
        raise EnvelopeError("bad_protobuf", f"nested deeper than {MAX_DEPTH} messages")
    value: Any = None
    for number, wire, raw in _fields(data):
        match number, wire:
            case 1, 0:
                value = None
            case 2, 1:
                value = _float64(raw)
            case 3, 2:
                value = _text(raw)
            case 4, 0:
                value = bool(raw)
            case 5, 2:
                value = _struct(_bytes(raw), depth + 1)
            case 6, 2:
                value = [_value(_bytes(item), depth + 1) for n, w, item in _fields(_bytes(raw)) if n == 1 and w == 2]
    return value


def _fields(data: bytes) -> Iterator[tuple[int, int, _Wire]]:
    """(field number, wire type, raw value) of each field in order."""
    position, end = 0, len(data)
    while position < end:
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        if number == 0 or number >= 1 << 29:
            raise EnvelopeError("bad_protobuf", f"no field has the number {number}")
        if wire == 0:
            value, position = _varint(data, position)
            yield number, wire, value
            continue
        if wire == 2:
            size, position = _varint(data, position)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise EnvelopeError("bad_protobuf", f"wire type {wire} is not in use")
        if size > end - position:
            raise EnvelopeError("bad_protobuf", "cut off within a field")
        yield number, wire, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """A variable-length integer (below 2^64) and the position behind it."""
    value = 0
    for index in range(position, min(position + 10, len(data))):
        byte = data[index]
        value |= (byte & 0x7F) << 7 * (index - position)
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, index + 1
    raise EnvelopeError("bad_protobuf", "an integer without an end")
