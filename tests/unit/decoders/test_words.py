"""One `struct` for a layout's numbers gives what each source reads by itself."""

import pytest

from decoders.field import Field
from decoders.layout import Layout, OneOf
from decoders.source import Number, Text, f32, le, s8, s16, s24, u8, u16, u24, u32
from decoders.value import DecodeError
from decoders.words import plan

NOW_MS = 1_767_225_600_000
FRAME = bytes.fromhex("7f80fe0102ff3fc00000c8deadbeef")

SOURCES = [
    pytest.param((u8(0), s8(1), u16(2), s16(4)), id="neighbours"),
    pytest.param((u16(2), le(u16(6)), u32(8)), id="two byte orders"),
    pytest.param((le(u16(0)), le(s24(2)), le(u16(8)), u16(10)), id="mostly little"),
    pytest.param((u16(4), s16(4), u16(4).bits(3, 5), le(u16(4))), id="one place read in several ways"),
    pytest.param((u24(1), s24(5)), id="sizes that struct does not know"),
    pytest.param((u16(0), u16(1), u8(9)), id="overlapping"),
    pytest.param((f32(6), u8(0)), id="float"),
    pytest.param((u8(12), u8(0).bits(7), u8(3)), id="gaps, in any order"),
]


@pytest.mark.parametrize("base", [0, 2])
@pytest.mark.parametrize("sources", SOURCES)
def test_words_are_what_sources_read(sources: tuple[Number, ...], base: int) -> None:
    """At every offset; bit fields come as the whole number that holds them."""
    unpack, places = plan(sources)
    words = unpack(FRAME, base)
    for source, (index, finish) in zip(sources, places, strict=True):
        raw = words[index] if finish is None else finish(words[index])
        assert raw == source.whole_reader()(FRAME, base)


def test_texts_come_as_bytes_and_nothing_comes_as_something() -> None:
    """Whoever asks for a word always has one to take."""
    unpack, places = plan((Text(1, 3), u8(0)))
    words = unpack(FRAME, 0)
    assert [words[index] for index, _ in places] == [FRAME[1:4], 0x7F]
    unpack, places = plan(())
    assert len(unpack(b"", 0)) == 1 and places == []


def test_conditions_are_one_comparison() -> None:
    """Bits, signs and byte orders of several conditions, wherever they lie; the first layout that fits reads."""
    field = Field("generic", u8(3), channel="x")
    first = Layout((field,), when=((u8(0).bits(4, 2), 3), (s16(1), -2)), length=4)
    second = Layout((Field("generic", u8(0), channel="y"),), when=((le(u16(2)), 0x0102),), length=(4, 6))
    codec = OneOf(first, second)
    assert codec.decode(bytes.fromhex("b0fffe09"), NOW_MS).values[0].channel == "x"
    assert codec.decode(bytes.fromhex("00000201"), NOW_MS).values[0].channel == "y"
    assert codec.decode(bytes.fromhex("000002010000"), NOW_MS).values[0].channel == "y"
    for frame in ("80fffe09", "b0fffd09", "0000020100"):
        with pytest.raises(DecodeError):
            codec.decode(bytes.fromhex(frame), NOW_MS)
    assert first.matches(bytes.fromhex("aab0fffe09"), 1) and not first.matches(bytes.fromhex("b0fffe0900"), 1)
