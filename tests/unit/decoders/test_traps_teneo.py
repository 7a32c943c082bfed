"""The traps of teneo-iot's sensors: a status that comes and goes, and a sign that the vendor forgets."""

import pytest

from decoders.registry import decode
from decoders.value import DecodedValue

NOW_MS = 1_767_225_600_000


def distance(port: int, text: str) -> tuple[object, str]:
    values = decode("teneo-iot-filling-degree", port, bytes.fromhex(text), NOW_MS).values
    return next((v.value, v.quality) for v in values if v.quantity == "distance")


@pytest.mark.parametrize(
    ("port", "text", "expected"),
    [
        (1, "0a001e", (300.0, "ok")),
        (1, "0a001e00", (300.0, "ok")),
        (1, "0a001e04", (None, "no_target")),
        (1, "0a001e01", (None, "sensor_error")),
        (1, "0a001eff", (None, "sensor_error")),
        (1, "0a0000", (None, "not_available")),
        (1, "0affff00", (None, "not_available")),
        (2, "0a04", (None, "no_target")),
        (2, "0a01", (None, "sensor_error")),
    ],
)
def test_a_distance_is_one_only_where_the_status_allows(port: int, text: str, expected: tuple[object, str]) -> None:
    """4 is no echo, which the vendor calls valid; any other status but 0 voids the distance beside it."""
    assert distance(port, text) == expected


@pytest.mark.parametrize("text", ["0a001eff9c1388", "0a001e00ff9c1388"])
def test_temperature_of_the_fill_sensor_is_signed(text: str) -> None:
    """The vendor's script says 655.36 degrees too much below zero."""
    values = decode("teneo-iot-filling-degree", 1, bytes.fromhex(text), NOW_MS).values
    assert DecodedValue("device_temperature", -1.0) in values


@pytest.mark.parametrize("device_id", ["teneo-iot-filling-degree", "teneo-iot-soil-moisture"])
def test_a_charging_device_measures_nothing(device_id: str) -> None:
    """The vendor's script for the soil sensor says a moisture of 0 then."""
    values = decode(device_id, 3, b"\x0a", NOW_MS).values
    assert values == (DecodedValue("battery_voltage", 3.0), DecodedValue("generic_flag", True, "charging"))


def test_soil_temperature_is_signed() -> None:
    """FF9C is one degree of frost."""
    values = decode("teneo-iot-soil-moisture", 1, bytes.fromhex("0c28ff9c043f"), NOW_MS).values
    assert DecodedValue("soil_temperature", -1.0) in values
