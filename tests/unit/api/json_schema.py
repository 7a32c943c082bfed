"""A JSON Schema checker for what our OpenAPI document uses; a keyword it does not know is an error, never ignored."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_ABOUT = {"title", "description", "examples", "example", "default", "format"}
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list, tuple), "string": (str,), "boolean": (bool,), "null": (type(None),),
    "integer": (int,), "number": (int, float),
}  # fmt: skip


def faults(schema: Mapping[str, Any], value: Any, document: Mapping[str, Any], at: str = "$") -> Iterator[str]:
    """One sentence for everything in the value that the schema forbids."""
    for word, rule in schema.items():
        if word in _ABOUT:
            continue
        if word not in _RULES:
            yield f"{at}: the checker does not know {word!r}"
            continue
        yield from _RULES[word](rule, value, schema, document, at)


def _ref(rule: str, value: Any, _schema: Any, document: Any, at: str) -> Iterator[str]:
    target = document
    for step in rule.removeprefix("#/").split("/"):
        target = target[step]
    yield from faults(target, value, document, at)


def _type(rule: str, value: Any, _schema: Any, _document: Any, at: str) -> Iterator[str]:
    wrong = not isinstance(value, _TYPES[rule]) or (isinstance(value, bool) and rule in ("integer", "number"))
    if wrong:
        yield f"{at}: {value!r} is no {rule}"


def _any_of(rule: Any, value: Any, _schema: Any, document: Any, at: str) -> Iterator[str]:
    attempts = [list(faults(part, value, document, at)) for part in rule]
    if all(attempts):
        yield f"{at}: fits none: {attempts}"


def _enum(rule: Any, value: Any, _schema: Any, _document: Any, at: str) -> Iterator[str]:
    if value not in rule:
        yield f"{at}: {value!r} is none of {rule}"


def _const(rule: Any, value: Any, _schema: Any, _document: Any, at: str) -> Iterator[str]:
    if value != rule:
        yield f"{at}: {value!r} is not {rule!r}"


def _properties(rule: Any, value: Any, _schema: Any, document: Any, at: str) -> Iterator[str]:
    for name, part in rule.items():
        if isinstance(value, dict) and name in value:
            yield from faults(part, value[name], document, f"{at}.{name}")


def _required(rule: Any, value: Any, _schema: Any, _document: Any, at: str) -> Iterator[str]:
    yield from (f"{at}: {name} is missing" for name in rule if isinstance(value, dict) and name not in value)


def _additional(rule: Any, value: Any, schema: Any, document: Any, at: str) -> Iterator[str]:
    for name in value if isinstance(value, dict) else ():
        if name in schema.get("properties", {}) or rule is True:
            continue
        if rule is False:
            yield f"{at}: {name} is not allowed"
        else:
            yield from faults(rule, value[name], document, f"{at}.{name}")


def _items(rule: Any, value: Any, _schema: Any, document: Any, at: str) -> Iterator[str]:
    for i, part in enumerate(value if isinstance(value, list) else ()):
        yield from faults(rule, part, document, f"{at}[{i}]")


def _pattern(rule: str, value: Any, _schema: Any, _document: Any, at: str) -> Iterator[str]:
    if isinstance(value, str) and not re.search(rule, value):
        yield f"{at}: {value!r} does not match {rule}"


def _bound(rule: float, value: Any, schema: Any, _document: Any, at: str) -> Iterator[str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if isinstance(value, int | float) and ((low is not None and value < low) or (high is not None and value > high)):
        yield f"{at}: {value} lies outside {low}..{high}"


def _length(rule: int, value: Any, _schema: Any, _document: Any, at: str) -> Iterator[str]:
    if isinstance(value, str) and len(value) > rule:
        yield f"{at}: longer than {rule}"


def _most(rule: int, value: Any, _schema: Any, _document: Any, at: str) -> Iterator[str]:
    if isinstance(value, list) and len(value) > rule:
        yield f"{at}: more than {rule} items"


_RULES: dict[str, Callable[..., Iterator[str]]] = {
    "$ref": _ref, "type": _type, "anyOf": _any_of, "enum": _enum, "const": _const, "properties": _properties,
    "required": _required, "additionalProperties": _additional, "items": _items, "pattern": _pattern,
    "minimum": _bound, "maximum": _bound, "maxLength": _length, "maxItems": _most,
}  # fmt: skip
