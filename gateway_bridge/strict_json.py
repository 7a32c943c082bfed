"""JSON without surprises: no NaN, no doubled names, no bottomless nesting, no numbers beyond 64 bits, only UTF-8."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from gateway_bridge.uplink import EnvelopeError

MAX_DEPTH = 32
_INT_LIMIT = 1 << 63
_T = TypeVar("_T")
_decode = msgspec.json.Decoder().decode


def load(payload: bytes) -> Any:
    """The JSON value of `payload`. EnvelopeError bad_json when it isn't strictly well formed."""
    value = guarded(_decode, payload)
    if not _holds_as_many_names(payload, check_tree(value)):
        check_names(payload)
    return value


def load_object(payload: bytes) -> dict[str, Any]:
    """The JSON object of `payload`. EnvelopeError bad_json, or bad_envelope when it is another kind of value."""
    value = load(payload)
    if not isinstance(value, dict):
        raise EnvelopeError("bad_envelope", f"expected a JSON object, found a {type(value).__name__}")
    return value


def guarded(decode: Callable[[bytes], _T], payload: bytes) -> _T:
    """`decode(payload)`, with every way in which it can fail turned into an EnvelopeError."""
    try:
        if not payload.isascii():
            payload.decode()
        return decode(payload)
    except msgspec.ValidationError as error:
        # A number that no float holds (1e400) is reported as invalid, but is no matter of our types.
        reason = "bad_json" if "out of range" in str(error) else "bad_envelope"
        raise EnvelopeError(reason, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EnvelopeError("bad_json", str(error)) from error
    except RecursionError as error:
        raise EnvelopeError("bad_json", f"nested deeper than {MAX_DEPTH} levels") from error


def check_tree(value: object) -> int:
    """How many names all objects in `value` have together.

    EnvelopeError bad_json when it nests deeper than `MAX_DEPTH` or holds an integer beyond 64 bits.
    """
    names = 0
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is dict:
                names += len(item)
                inner.extend(item.values())
            elif kind is list:
                inner.extend(item)
            elif kind is int and not -_INT_LIMIT <= item < _INT_LIMIT:
                raise EnvelopeError("bad_json", "integer beyond 64 bits")
        if not inner:
            return names
        level = inner
    raise EnvelopeError("bad_json", f"nested deeper than {MAX_DEPTH} levels")


def _holds_as_many_names(payload: bytes, names: int) -> bool:
    """True when no name can have been lost to a double: the quick proof, which nearly every message passes.

    Where no blank stands before a colon, each name ends in `":`. Texts may hold more of these, never fewer: if
    there are just as many as names were kept, none came twice.
    """
    return payload.count(b'":') == names and not any(blank in payload for blank in _BLANK_COLONS)


_BLANK_COLONS = (b" :", b"\t:", b"\n:", b"\r:")


def check_flat(value: dict[str, Any]) -> None:
    """As `check_tree`; quick for the usual object, which holds nothing but texts, small numbers and flags."""
    for item in value.values():
        kind = type(item)
        if kind is dict or kind is list or (kind is int and not -_INT_LIMIT <= item < _INT_LIMIT):
            check_tree(value)
            return


def check_names(payload: bytes) -> None:
    """EnvelopeError bad_json when any object of a well-formed `payload` has the same name twice."""
    try:
        json.loads(payload, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise EnvelopeError("bad_json", str(error)) from error


def _unique(pairs: list[tuple[str, Any]]) -> None:
    names = {name for name, _ in pairs}
    if len(names) != len(pairs):
        raise EnvelopeError("bad_json", "an object has the same name twice")
