"""Traps of the Nwave sensors."""

import pytest

from decoders.registry import decode

NOW_MS = 1_767_225_600_000


def values(f_port: int, text: str) -> dict[str, object]:
    decoded = decode("nwave-nps405", f_port, bytes.fromhex(text), NOW_MS)
    return {v.channel or v.quantity: v.value for v in decoded.values}


@pytest.mark.parametrize(
    ("code", "minutes", "error"),
    [(0, 0, 0), (89, 89, 0), (90, 90, 4), (91, 95, 4), (119, 235, 4), (120, 240, 59), (126, 600, 59), (127, 660, None)],
)
def test_duration_of_the_state_before(code: int, minutes: int, error: int | None) -> None:
    """Minutes in three steps become seconds with their error; from 660 on there is no bound, and a flag says so."""
    got = values(1, f"{code << 1 | 1:02x}")
    assert got["occupied"] is True
    assert got["previous_state_duration"] == minutes * 60
    assert got.get("previous_state_duration_error") == (None if error is None else error * 60)
    assert got["previous_state_duration_overflow"] is (error is None)


@pytest.mark.parametrize(
    ("battery", "temperature", "word"),
    [("7d", "e2", "normal"), ("7c", "e2", "low"), ("64", "e2", "low"), ("63", "e2", "critical"),
     ("64", "e1", "normal"), ("63", "e1", "low"), ("4b", "e1", "low"), ("4a", "e1", "critical")],
)  # fmt: skip
def test_cold_batteries_may_be_lower(battery: str, temperature: str, word: str) -> None:
    """3.0 and 2.9 V are the limits from -5 degC up, 2.9 and 2.8 V below."""
    assert values(2, "00" + battery + temperature)["battery_health"] == word


@pytest.mark.parametrize(("status", "state"), [("00", None), ("01", None), ("02", "unknown"), ("41", "unknown")])
def test_hardware_faults_make_the_state_unknown(status: str, state: str | None) -> None:
    """The vendor's health number shares bit 0 with the state: a parked vehicle alone is no fault."""
    assert values(2, status + "d3d8").get("occupancy_state") == state


def test_a_tag_without_a_vehicle_frees_no_bay() -> None:
    """A registration whose state bit is clear carries the tag only."""
    assert values(10, "d01f345678") == {"user_registration": "info", "user_tag": "1F345678"}


def test_models_number_their_reset_causes_differently() -> None:
    """4 is a brown-out on the NPS310SM; the NPS405 has it as 6 and knows no 4."""
    frame = bytes.fromhex("0204090400")
    assert "brownout" in [v.value for v in decode("nwave-nps310sm", 3, frame, NOW_MS).values]
    decoded = decode("nwave-nps405", 3, frame, NOW_MS)
    assert decoded.warnings == ("generic_text: code 4 has no known meaning",)
