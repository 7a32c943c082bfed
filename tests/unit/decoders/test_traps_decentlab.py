"""One test for each sentinel and trap of Decentlab's formats."""

import pytest

from decoders.registry import decode, encode
from decoders.value import DecodeError

NOW_MS = 1_767_225_600_000


def values(model: str, text: str) -> dict[str, tuple[object, str]]:
    decoded = decode(f"decentlab-dl-{model}", 1, bytes.fromhex(text), NOW_MS)
    return {f"{v.quantity}:{v.channel}" if v.channel else v.quantity: (v.value, v.quality) for v in decoded.values}


@pytest.mark.parametrize("distance", ["0000", "04d2", "ffff"])
def test_no_valid_sample_is_no_distance(distance: str) -> None:
    """Whatever the distance says, without a valid sample nothing was measured; the number of samples stays."""
    got = values("mbx", f"02012f0001{distance}0000")
    assert got == {"distance": (None, "no_target"), "echo_quality": (0.0, "ok")}


@pytest.mark.parametrize("distance", ["0000", "ffff"])
def test_ends_of_the_range_are_no_distance(distance: str) -> None:
    """0 and 65535 are not measured even if the device counts samples."""
    assert values("mbx", f"02012f0001{distance}0005")["distance"] == (None, "not_available")


def test_laser_without_samples_has_no_statistics() -> None:
    """Average, percentiles and mode of no samples are left out, the distance is none."""
    got = values("lid", "0211c90001" + "119b" * 9 + "0000" + "0199")
    assert set(got) == {"distance", "echo_quality", "generic:acquisition_time"}
    assert got["distance"] == (None, "no_target")


def test_laser_distance_is_the_median() -> None:
    """Not the average, nor the most frequent value."""
    got = values("lid", "0211c90001" + "".join(f"{n:04x}" for n in range(1001, 1010)) + "00640199")
    assert got["distance"] == (1004.0, "ok")
    assert got["generic:distance_average"] == (1001.0, "ok")
    assert got["generic:distance_mode"] == (1009.0, "ok")


def test_depths_that_are_not_fitted_are_left_out() -> None:
    """A word of 0 is no -5 % and no -327.68 degC."""
    got = values("smtp", "020b500001" + "09018a8c" + "0000" * 14)
    assert got == {"soil_moisture_vwc:0": (-0.39, "ok"), "soil_temperature:0": (27.0, "ok")}


def test_thirty_two_bits_come_low_word_first() -> None:
    """0x0001 0x0002 is 131073 tips, not 65538."""
    assert values("tbrg", "0202f800010004025800010002")["rain_cumulative"] == (13107.3, "ok")
    assert encode(
        "decentlab-dl-tbrg", {"rain_amount": 0, "generic:rain_interval": 600, "rain_cumulative": 13107.3}
    ) == (
        1,
        bytes.fromhex("0200000001" + "0000" + "0258" + "00010002"),
    )


def test_the_two_weather_stations_read_the_same_words_differently() -> None:
    """Radiation in W/m2 or tenths of it, rain with an offset or without, and three other words at the end."""
    words = "800a" + "83e8" + "8000" * 13 + "0064" + "0001"
    old, new = values("atm41", "0203580001" + words), values("atm41g2", "0203580001" + words)
    assert old["solar_radiation"] == (10.0, "ok") and new["solar_radiation"] == (1.0, "ok")
    assert old["rain_amount"] == (1.0, "ok") and new["rain_amount"] == (33.768, "ok")
    assert new["rain_cumulative"] == (65.636, "ok") and "rain_cumulative" not in old


def test_air_pressure_is_converted_from_kilopascal() -> None:
    """0xa57c is 95.96 kPa."""
    words = "8000" * 9 + "a57c" + "8000" * 7
    assert values("atm41", "0203580001" + words)["air_pressure"] == (959.6, "ok")


def test_soil_tension_is_a_negative_potential() -> None:
    """The word is the tension; saturated soil has 0, not a negative zero."""
    assert values("trs21", "0201920001007580a1")["soil_water_potential"] == (-11.7, "ok")
    assert str(values("trs21", "0201920001000080a1")["soil_water_potential"][0]) == "0.0"


@pytest.mark.parametrize("model", ["mbx", "lid", "smtp", "trs11", "trs12", "trs21", "atm41", "atm41g2", "tbrg"])
def test_battery_only_frames_are_legal(model: str) -> None:
    """A device that can't measure still says how its battery is."""
    assert values(model, "0201f700020c80") == {"battery_voltage": (3.2, "ok")}


@pytest.mark.parametrize("flags", ["0004", "8000"])
def test_sections_that_the_device_does_not_have_are_refused(flags: str) -> None:
    """Their length is unknown, and a decoder of the wrong model must not guess."""
    with pytest.raises(DecodeError, match="bad_payload"):
        values("trs11", f"0201f7{flags}0c80")
