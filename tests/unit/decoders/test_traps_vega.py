"""The traps of VEGAPULS Air: its status, its unit and its missing values."""

import pytest

from decoders.registry import decode
from decoders.value import DecodedValue

NOW_MS = 1_767_225_600_000


def said(text: str) -> dict[str, DecodedValue]:
    values = decode("vega-vegapuls-air", 1, bytes.fromhex(text), NOW_MS).values
    return {f"{v.quantity}:{v.channel}".removesuffix(":"): v for v in values}


@pytest.mark.parametrize(
    ("status", "quality"),
    [
        (0, "ok"),
        (1, "device_reported_error"),
        (2, "ok"),
        (3, "out_of_range"),
        (4, "device_reported_error"),
        (5, "ok"),
    ],
)
def test_the_status_is_the_quality_of_the_distance(status: int, quality: str) -> None:
    """NAMUR NE 107: failure and function check void the value, maintenance does not; other values are not touched."""
    got = said(f"02{status:02x}3fc000002d6400e605")
    assert (got["distance"].value, got["distance"].quality) == (1500.0, quality)
    assert {v.quality for name, v in got.items() if name != "distance"} == {"ok"}


@pytest.mark.parametrize(("status", "quality"), [(0, "not_available"), (4, "device_reported_error")])
@pytest.mark.parametrize("raw", ["7fffffff", "7fc00000", "ff800000"])
def test_no_value_is_not_a_number(raw: str, status: int, quality: str) -> None:
    """The device sends 7FFFFFFF; its status says why, if it does."""
    got = said(f"02{status:02x}{raw}2d6400e605")["distance"]
    assert (got.value, got.quality) == (None, quality)


def test_metres_become_millimetres() -> None:
    """The only device of the catalogue that counts in metres."""
    assert said("02003fc000002d6400e605")["distance"].value == 1500.0


def test_another_unit_is_never_taken_for_metres() -> None:
    """57 is percent: that is no distance."""
    got = said("02003fc00000396400e605")
    assert "distance" not in got
    assert got["generic:measured_value"].value == 1.5 and got["generic:unit_code"].value == 57.0


def test_a_position_of_zeros_is_none() -> None:
    """A receiver without a fix sends zeros or no numbers at all."""
    got = said("0300" + "3fc000002d6400e6" + "00000000" + "7fffffff" + "05")
    assert [got[name].value for name in ("latitude", "longitude")] == [None, None]


def test_a_dummy_packet_measures_nothing() -> None:
    """It keeps the connection alive."""
    assert list(said("fe")) == ["event:dummy"]
