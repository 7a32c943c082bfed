"""Objects that a network server decoded (ChirpStack `object`, The Things Stack `decoded_payload`) mapped to values.

The objects are untrusted: leaves are bounded in number and size, what is no finite value is dropped with a warning, and
a leaf without a rule keeps its name as channel of `generic`, `generic_text` or `generic_flag`.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from decoders.object_rules import ObjectContext, ObjectField, ObjectRules, Plan, RuleError, load_rules, word
from decoders.value import Decoded, DecodedValue
from decoders.vocabulary import QUANTITIES, Quantity

__all__ = ["ObjectContext", "ObjectRules", "RuleError", "load_rules", "map_object"]

MAX_LEAVES = 64
MAX_DEPTH = 8
MAX_TEXT = 256
MAX_NAME = 128
_NO_NUMBER = frozenset({"nan", "inf", "-inf", "infinity", "-infinity", "null", "none", "undefined", ""})

Leaf = float | bool | str


def map_object(obj: Mapping[str, Any], rules: ObjectRules, context: ObjectContext) -> Decoded:
    """The values of a decoded object. Never fails: what can't be used is named in the warnings."""
    plan = rules.plan(context)
    out: list[DecodedValue] = []
    warnings: list[str] = []
    for count, (path, raw) in enumerate(_leaves(obj, "", 0)):
        if count == MAX_LEAVES:
            warnings.append(f"more than {MAX_LEAVES} fields: the rest is not read")
            break
        leaf = _clean(path, raw, warnings)
        if leaf is not None:
            _map_leaf(path, leaf, plan, out)
    return Decoded(tuple(out), tuple(warnings))


def _leaves(node: object, path: str, depth: int) -> Iterator[tuple[str, object]]:
    if depth <= MAX_DEPTH and isinstance(node, Mapping):
        for key, child in node.items():
            yield from _leaves(child, f"{path}.{key}" if path else str(key), depth + 1)
    elif depth <= MAX_DEPTH and isinstance(node, list | tuple):
        for index, child in enumerate(node):
            yield from _leaves(child, f"{path}[{index}]", depth + 1)
    else:
        yield path, node


def _clean(path: str, raw: object, warnings: list[str]) -> Leaf | None:
    name = path[:MAX_NAME]
    if len(path) > MAX_NAME or isinstance(raw, Mapping | list | tuple):
        warnings.append(f"{name}: nested too deeply or named too long, dropped")
        return None
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, int | float):
        number = float(raw) if abs(raw) < 1e300 else math.nan
        if math.isfinite(number):
            return number
    elif isinstance(raw, str) and raw.strip().lower() not in _NO_NUMBER:
        if len(raw) > MAX_TEXT:
            warnings.append(f"{name}: text cut to {MAX_TEXT} characters")
        return raw[:MAX_TEXT]
    warnings.append(f"{name}: no value ({str(raw)[:16]!r}), dropped")
    return None


def _map_leaf(path: str, leaf: Leaf, plan: Plan, out: list[DecodedValue]) -> None:
    for entry, channel in plan.candidates(path):
        if not entry.quantity:
            return
        value = _convert(entry, QUANTITIES[entry.quantity], leaf)
        if value is not None:
            plausible = QUANTITIES[entry.quantity].plausible(value)
            out.append(DecodedValue(entry.quantity, value, channel, quality="ok" if plausible else "out_of_range"))
            return
    kind = "generic_flag" if isinstance(leaf, bool) else "generic_text" if isinstance(leaf, str) else "generic"
    out.append(DecodedValue(kind, leaf, path))


def _convert(entry: ObjectField, quantity: Quantity, leaf: Leaf) -> Leaf | None:
    """The leaf as the quantity's kind; None when it is something else, so that it stays visible under its own name."""
    if entry.values:
        return entry.values.get(word(leaf))
    if quantity.kind == "float":
        return _number(entry, leaf)
    if quantity.kind == "bool":
        return bool(leaf) if leaf in (True, False) else None
    return leaf if isinstance(leaf, str) else word(leaf)


def _number(entry: ObjectField, leaf: Leaf) -> float | None:
    if isinstance(leaf, bool):
        return None
    try:
        number = float(leaf)
    except ValueError:
        return None
    if not math.isfinite(number) or (entry.whole and number != int(number)):
        return None
    return number * entry.scale + entry.offset
