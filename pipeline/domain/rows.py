"""Inputs of one asset as small rows of MessagePack: words that repeat are written once, in a table beside the rows."""

from typing import Any, TypeGuard

import msgspec

from pipeline.domain.words import Input, Observation, Report
from pipeline.reading import FieldValue

Given = Observation | Report
Key = tuple[int, int, str, str]
_OBSERVATION, _REPORT = 0, 1
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Any]).decode


def is_given(one: Input) -> TypeGuard[Given]:
    """Whether it came from outside; ticks come from time alone."""
    return isinstance(one, Observation | Report)


def key_of(given: Given) -> Key:
    """Identity and order of an input: time, observations before reports, who, which channel."""
    if isinstance(given, Observation):
        return (given.time_ms, _OBSERVATION, given.dev_eui, given.channel)
    return (given.time_ms, _REPORT, given.kind, "")


def pack(given: Given, names: list[str]) -> bytes:
    """One row; words that are not in `names` yet are added to it."""
    lag = given.received_ms - given.time_ms
    if isinstance(given, Observation):
        row: list[Any] = [
            _OBSERVATION, given.time_ms, lag, _index(names, given.dev_eui), _index(names, given.channel),
            _pack_values(given.values, names),
        ]  # fmt: skip
        if given.quality or given.historical:
            row += [given.historical, _pack_values(given.quality, names)]
    else:
        row = [_REPORT, given.time_ms, lag, _index(names, given.kind), 0, _pack_values(given.values, names)]
    return _encode(row)


def time_of(row: bytes) -> int:
    """The time of a packed input, Unix ms."""
    time_ms: int = _decode(row)[1]
    return time_ms


def unpack(row: bytes, names: list[str]) -> Given:
    """What was packed."""
    kind, time_ms, lag, who, channel, values, *more = _decode(row)
    if kind == _REPORT:
        return Report(time_ms, time_ms + lag, names[who], _unpack_values(values, names))
    quality = {name: str(word) for name, word in _unpack_values(more[1], names).items()} if more else {}
    historical = bool(more and more[0])
    found = _unpack_values(values, names)
    return Observation(time_ms, time_ms + lag, names[who], names[channel], found, quality, historical)


def _index(names: list[str], word: str) -> int:
    try:
        return names.index(word)
    except ValueError:
        names.append(word)
        return len(names) - 1


def _pack_values(values: dict[str, FieldValue] | dict[str, str], names: list[str]) -> list[Any]:
    """Name and value in turn. Numbers are floats: a whole one is shorter as an integer, and no value is one; a word is
    its place in `names`, in a list of its own to tell it from a number."""
    packed: list[Any] = []
    for name, value in values.items():
        packed.append(_index(names, name))
        if isinstance(value, str):
            packed.append([_index(names, value)])
        elif isinstance(value, float) and abs(value) < 2**53 and value.is_integer():
            packed.append(int(value))
        else:
            packed.append(value)
    return packed


def _unpack_values(packed: list[Any], names: list[str]) -> dict[str, FieldValue]:
    return {names[i]: _value(value, names) for i, value in zip(packed[::2], packed[1::2], strict=True)}


def _value(value: Any, names: list[str]) -> FieldValue:
    if isinstance(value, list):
        return names[value[0]]
    return value if isinstance(value, bool) else float(value)
