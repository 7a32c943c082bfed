"""Swapped words and sign bytes, both ways."""

import pytest

from decoders.odd_numbers import LowWordFirst, SignByte
from decoders.source import EncodeError, Number

NUMBERS: list[tuple[Number, str, int]] = [
    (LowWordFirst(0), "11700001", 0x00011170),
    (LowWordFirst(0), "fffeffff", 0xFFFFFFFE),
    (SignByte(0), "0032", 50),
    (SignByte(0), "0132", -50),
    (SignByte(0), "00ff", 255),
]


@pytest.mark.parametrize(("source", "text", "raw"), NUMBERS)
def test_numbers_are_read_and_written(source: Number, text: str, raw: int) -> None:
    """At any place of the data, and the same bytes come out again."""
    data = bytes.fromhex(text)
    assert source.reader()(b"\x55" + data, 1) == raw
    assert source.number(data) == raw
    frame = bytearray(source.size)
    source.put(frame, raw)
    assert frame == data


@pytest.mark.parametrize("text", ["1132", "0f32"])
def test_only_the_low_nibble_is_the_sign(text: str) -> None:
    """Any number but 0 is a minus; the high nibble means nothing."""
    assert SignByte(0).number(bytes.fromhex(text)) == -50
    assert SignByte(0).number(bytes.fromhex("f032")) == 50


@pytest.mark.parametrize(
    ("source", "raw"), [(LowWordFirst(0), -1), (LowWordFirst(0), 1 << 32), (SignByte(0), 256), (SignByte(0), -256)]
)
def test_numbers_that_do_not_fit_are_refused(source: Number, raw: int) -> None:
    """A number is never cut to fit."""
    with pytest.raises(EncodeError, match="does not fit"):
        source.put(bytearray(source.size), raw)
