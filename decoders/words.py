"""One `struct` for all sources of a layout: its numbers are unpacked in one call, however many they are."""

import struct
from collections.abc import Callable, Sequence
from typing import Any

from decoders.source import Number, Text

Unpack = Callable[[bytes, int], tuple[Any, ...]]
"""Data and base offset -> the words; the data must be long enough."""
Finish = Callable[[bytes], int | float]
"""Makes the number of a word that came as bytes."""


def plan(sources: Sequence[Number | Text]) -> tuple[Unpack, list[tuple[int, Finish | None]]]:
    """How to unpack the sources, and for each of them its word's index and what makes a number of it, if anything must.

    The word of a bit field is the whole number that holds it, the word of a text its bytes. There is always a word.
    """
    if not sources:
        return lambda _, __: (None,), []
    spans = sorted({(s.offset, s.size) for s in sources})
    starts, ends = [offset for offset, _ in spans], [0, *(offset + size for offset, size in spans)]
    if any(end > start for start, end in zip(starts, ends, strict=False)):
        return _one_by_one(sources)
    little = sum(isinstance(s, Number) and s.little for s in sources) * 2 > len(sources)
    codes = {span: _code(span, sources, little) for span in spans}
    gaps = [start - end for start, end in zip(starts, ends, strict=False)]
    layout = "".join(f"{gap}x{codes[span]}" for gap, span in zip(gaps, spans, strict=True))
    unpack = struct.Struct(("<" if little else ">") + layout).unpack_from
    return unpack, [(spans.index((s.offset, s.size)), _finish(s, codes[s.offset, s.size])) for s in sources]


def _code(span: tuple[int, int], sources: Sequence[Number | Text], little: bool) -> str:
    """The code of a word: bytes where sources of the same place differ, or `struct` can't read it in this order."""
    found = set()
    for source in sources:
        if (source.offset, source.size) == span:
            right = isinstance(source, Number) and (source.size == 1 or source.little == little)
            found.add(source.code if isinstance(source, Number) and right else None)
    code = found.pop()
    return f"{span[1]}s" if found or code is None else code


def _finish(source: Number | Text, code: str) -> Finish | None:
    return source.number if isinstance(source, Number) and code.endswith("s") else None


def _one_by_one(sources: Sequence[Number | Text]) -> tuple[Unpack, list[tuple[int, Finish | None]]]:
    """For sources that overlap without being the same word."""
    readers = [source.whole_reader() if isinstance(source, Number) else source.raw_reader() for source in sources]
    return lambda data, base: tuple([read(data, base) for read in readers]), [(i, None) for i in range(len(sources))]
