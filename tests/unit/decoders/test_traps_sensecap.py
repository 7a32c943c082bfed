"""Traps of the SenseCAP sensors: check sums, error numbers and signs."""

import pytest

from decoders.checked import kermit
from decoders.registry import decode
from decoders.value import DecodedValue, DecodeError

NOW_MS = 1_767_225_600_000
FRAME = bytes.fromhex("010610dc500000010710687400009091")


def soil(records: str) -> tuple[DecodedValue, ...]:
    body = bytes.fromhex(records)
    return decode("sensecap-s210x", 1, body + kermit(body), NOW_MS).values


@pytest.mark.parametrize("bit", range(len(FRAME) * 8))
def test_every_single_bit_is_checked(bit: int) -> None:
    """Whichever bit of a frame turns, the check sum is wrong."""
    turned = bytearray(FRAME)
    turned[bit // 8] ^= 1 << bit % 8
    with pytest.raises(DecodeError, match="bad_payload: check sum"):
        decode("sensecap-s210x", 1, bytes(turned), NOW_MS)


@pytest.mark.parametrize("size", [8, 15, 17])
def test_lengths_that_are_no_records_are_refused(size: int) -> None:
    """A frame is records of seven bytes and two of check sum, even where that sum is right."""
    body = (FRAME * 2)[: size - 2]
    with pytest.raises(DecodeError, match=r"too_short|bad_payload: .* multiple"):
        decode("sensecap-s210x", 1, body + kermit(body), NOW_MS)


@pytest.mark.parametrize("raw", ["00000080", "00943577", "e8973577", "28b73577"])
def test_error_numbers_are_no_measurements(raw: str) -> None:
    """The smallest number and 2,000,000 with the few above it say that the probe failed."""
    (value,) = soil("010610" + raw)
    assert (value.value, value.quality) == (None, "sensor_error")


def test_conductivity_is_in_decisiemens_and_ours_in_microsiemens() -> None:
    """0.18 dS/m are 180 uS/cm."""
    assert soil("010c10b4000000")[0].value == 180.0


def test_probes_of_several_channels_stay_apart() -> None:
    """The channel of the record is the channel of the value."""
    assert [(v.channel, v.value) for v in soil("010610e8030000" + "020610d0070000")] == [("1", 1.0), ("2", 2.0)]


def test_weather_numbers_are_unsigned_but_for_the_temperature() -> None:
    """A top bit is a large number: the vendor's decoder makes it negative."""
    decoded = decode("sensecap-s2120", 1, bytes.fromhex("4affff800001869f800320"), NOW_MS)
    got = {v.quantity: v.value for v in decoded.values}
    assert got["air_temperature"] == -0.1
    assert (got["relative_humidity"], got["uv_index"]) == (128.0, 12.8)
    light = decode("sensecap-s2120", 1, bytes.fromhex("4a0000328000000000ffff"), NOW_MS).values
    assert [v.value for v in light[2:]] == [2147483648.0, 0.0, 6553.5]


def test_weather_pressure_is_in_tens_of_pascals() -> None:
    """0x2791 is 101,290 Pa, 1012.9 hPa with us."""
    values = decode("sensecap-s2120", 1, bytes.fromhex("4b0102000000002791"), NOW_MS).values
    assert values[-1].value == 1012.9
