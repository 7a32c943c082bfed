"""Traps of the Tektelic Agriculture sensors."""

import pytest

from decoders.registry import decode

NOW_MS = 1_767_225_600_000


@pytest.mark.parametrize(
    ("hertz", "kilopascals"),
    [(0, -200), (292, -200), (293, -200), (485, -100), (600, -75), (770, -55), (1110, -35), (2820, -15), (4330, -9),
     (6430, 0), (6431, 0), (65535, 0)],
)  # fmt: skip
def test_watermark_curve(hertz: int, kilopascals: float) -> None:
    """Tension is a negative potential; the ends of the curve are kept, and no potential is above zero."""
    decoded = decode("tektelic-agriculture", 10, b"\x05\x04" + hertz.to_bytes(2), NOW_MS)
    frequency, potential = decoded.values
    assert frequency.value == hertz
    assert potential.value == pytest.approx(kilopascals, abs=0.01)
    assert potential.quality == "ok"


@pytest.mark.parametrize(("item", "quality"), [("02020000", "sensor_error"), ("0202ffff", "out_of_range")])
def test_a_broken_thermistor_measures_nothing_plausible(item: str, quality: str) -> None:
    """0 mV has no logarithm, and 65.5 V no temperature."""
    decoded = decode("tektelic-agriculture", 10, bytes.fromhex(item), NOW_MS)
    assert decoded.values[1].quality == quality


def test_air_below_zero() -> None:
    """Temperatures are two's complement."""
    assert decode("tektelic-agriculture", 10, bytes.fromhex("0b67ff9c"), NOW_MS).values[0].value == -10.0
