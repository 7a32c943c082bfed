"""The traps of enginko's level sensors: a local date, error codes among distances, any port."""

import pytest

from decoders.registry import decode, encode
from decoders.source import EncodeError
from decoders.value import DecodedValue

NOW_MS = 1_767_225_600_000


def level(distance: int = 185, fill: int = 98, date: str = "04017531", port: int = 2) -> dict[str, DecodedValue]:
    text = f"1401{date}3d0b9000{distance.to_bytes(2, 'little').hex()}{fill:02x}d20449"
    values = decode("enginko-level", port, bytes.fromhex(text), NOW_MS).values
    return {v.quantity: v for v in values}


@pytest.mark.parametrize("distance", [60_001, 60_002, 65_534, 65_535])
def test_an_error_code_is_no_distance_and_the_height_made_of_it_none(distance: int) -> None:
    """The device subtracts the code from its container's depth all the same."""
    got = level(distance)
    for name in ("distance", "fill_height"):
        assert (got[name].value, got[name].quality) == (None, "device_reported_error")
    assert got["fill_level"].value == 98.0


def test_the_largest_distance_is_one() -> None:
    """60000 is the last number that is no error code."""
    got = level(60_000)
    assert (got["distance"].value, got["fill_height"].value) == (60_000.0, 144.0)


@pytest.mark.parametrize(("fill", "value"), [(100, 100.0), (101, None), (255, None)])
def test_a_fill_level_above_100_is_an_error(fill: int, value: float | None) -> None:
    """It is no overfull container."""
    assert level(fill=fill)["fill_level"].value == value


def test_the_local_date_is_a_text_and_no_time() -> None:
    """Its zone is nowhere in the frame, so readings have the time of reception."""
    got = level()
    assert got["generic_text"] == DecodedValue("generic_text", "2024-11-21T00:08:08", "device_date")
    assert {v.time_ms for v in got.values()} == {None}


@pytest.mark.parametrize("port", [0, 2, 223])
def test_any_port_is_taken(port: int) -> None:
    """The catalogue's examples say 0, which no application frame can have."""
    assert level(port=port)["distance"].value == 185.0


@pytest.mark.parametrize(
    "date", ["1999-01-01T00:00:00", "2128-01-01T00:00:00", "2024-11-21", "2024-11-21T00:08:64", "x"]
)
def test_a_date_that_the_format_cannot_say_is_refused(date: str) -> None:
    """Years begin with 2000 and end with 2127."""
    with pytest.raises(EncodeError):
        encode("enginko-level", {"generic_text:device_date": date, "event:inputs": "info"})
