"""Traps of the PNI PlacePod."""

import pytest

from decoders.registry import decode

NOW_MS = 1_767_225_600_000


def values(text: str) -> list[tuple[str, object]]:
    return [(v.quantity, v.value) for v in decode("pni-placepod", 1, bytes.fromhex(text), NOW_MS).values]


def test_events_of_one_frame_keep_their_order() -> None:
    """Free, occupied, free: three values, the last one being the present state."""
    assert values("156600" + "156601" + "156600") == [("occupied", False), ("occupied", True), ("occupied", False)]


@pytest.mark.parametrize(("byte", "expected"), [("00", 0), ("7f", 127), ("80", None), ("81", None), ("ff", None)])
@pytest.mark.parametrize("channel", ["21", "37"])
def test_a_restarted_counter_is_no_count(channel: str, byte: str, expected: int | None) -> None:
    """Bit 7 says that the counter began again: a start-up, and no vehicles."""
    got = dict(values(channel + "00" + byte))
    assert got.get("vehicle_count") == expected
    assert (got.get("event") == "startup") == (expected is None)


@pytest.mark.parametrize(("raw", "degrees"), [("fff6", -1.0), ("fe10", -49.6), ("8001", None), ("01f0", 49.6)])
def test_temperature_is_twos_complement(raw: str, degrees: float | None) -> None:
    """Sign and magnitude would make 0x8001 a plausible -0.1 degC; two's complement says that it can't be."""
    (value,) = decode("pni-placepod", 1, bytes.fromhex("0267" + raw), NOW_MS).values
    assert value.quality == ("ok" if degrees is not None else "out_of_range")
    assert degrees in (None, value.value)
