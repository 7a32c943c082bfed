"""`Judged`: the quality that one part of a frame gives to a value in another."""

import pytest

from decoders.field import Field
from decoders.judged import Judged
from decoders.layout import Layout
from decoders.source import f32, u8
from decoders.value import DecodedValue, Quality

FRAME = Layout((Field("distance", f32(1)), Field("generic", u8(0), channel="status")))


def judge(frame: bytes) -> Quality:
    return "sensor_error" if frame[0] else "ok"


@pytest.mark.parametrize(("void", "value"), [(False, 1.5), (True, None)])
def test_doubt_touches_its_quantities_only(void: bool, value: float | None) -> None:
    """The named quantity gets the quality, and loses its value where the doubt voids it; the others stay."""
    codec = Judged(FRAME, ("distance",), judge, void)
    assert codec.decode(bytes.fromhex("013fc00000"), 0).values == (
        DecodedValue("distance", value, quality="sensor_error"),
        DecodedValue("generic", 1.0, "status"),
    )
    assert codec.decode(bytes.fromhex("003fc00000"), 0).values[0] == DecodedValue("distance", 1.5)


@pytest.mark.parametrize("frame", ["013fc00000", "003fc00000", "017fc00000", "007fc00000"])
def test_what_was_judged_is_encoded_again(frame: str) -> None:
    """Doubtful and missing values come back as the same frame."""
    codec = Judged(FRAME, ("distance",), judge)
    assert codec.encode(codec.decode(bytes.fromhex(frame), 0).values) == bytes.fromhex(frame)
