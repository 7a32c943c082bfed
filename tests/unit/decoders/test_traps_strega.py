"""Traps of the STREGA valves: numbers as digits among binary ones."""

import pytest

from decoders.registry import decode, encode
from decoders.source import EncodeError
from decoders.value import DecodeError

NOW_MS = 1_767_225_600_000
STATE = b"31880"


def values(frame: bytes) -> dict[str, object]:
    return {v.channel or v.quantity: v.value for v in decode("strega-smart-valve", 4, frame, NOW_MS).values}


@pytest.mark.parametrize(
    ("head", "lorawan_class", "external", "volts"),
    [(0x33, "A", False, 3.188), (0xB3, "C", False, 3.188), (0x73, "A", True, None), (0xF3, "C", True, None)],
)
def test_two_bits_of_the_first_digit_are_flags(
    head: int, lorawan_class: str, external: bool, volts: float | None
) -> None:
    """Class and power hide in the battery's first digit; on external power there is no battery to report."""
    got = values(bytes((head,)) + b"1880")
    assert (got["lorawan_class"], got["external_power"]) == (lorawan_class, external)
    assert got.get("battery_voltage") == volts
    assert ("battery_level" in got) == (volts is not None)


@pytest.mark.parametrize(
    ("digits", "level"), [(b"2000", 0), (b"3600", 100), (b"3680", 100), (b"1900", 0), (b"2800", 50)]
)
def test_battery_level_ends_at_empty_and_full(digits: bytes, level: float) -> None:
    """2.0 to 3.6 V are 0 to 100 %; a fresh cell is not out of range."""
    (value,) = [
        v for v in decode("strega-smart-valve", 4, digits + b"0", NOW_MS).values if v.quantity == "battery_level"
    ]
    assert (value.value, value.quality) == (level, "ok")


@pytest.mark.parametrize(
    ("status", "names"), [(0x31, {"1"}), (0x40, {"digital_input_1"}), (0x50, {"leak_alarm"}), (0xAF, None)]
)
def test_status_is_counted_from_the_digit_zero(status: int, names: set[str] | None) -> None:
    """0x40 is bit 4, not bit 6: the offset is subtracted, not masked."""
    got = values(b"3188" + bytes((status,)))
    switches = {k: v in (True, "open") for k, v in got.items() if isinstance(v, bool) or k == "1"}
    assert {k for k, v in switches.items() if v} == (names or set(switches) - {"external_power"})


@pytest.mark.parametrize("mark", [b"C00003", b"V00", b"@0", b"#ab"])
def test_cut_parts_are_refused(mark: bytes) -> None:
    """Digits that are missing are never taken for a smaller number."""
    with pytest.raises(DecodeError, match=r"too_short|bad_payload"):
        values(STATE + mark)


@pytest.mark.parametrize("digits", [b"C-00001", b"C 00001", b"C0_0001", b"C0x0001", b"V+001", b"@0Z"])
def test_only_digits_are_digits(digits: bytes) -> None:
    """Signs, blanks and underscores, which Python takes in numbers, are not the device's."""
    with pytest.raises(DecodeError, match="bad_payload"):
        values(STATE + digits)


def test_a_climate_may_hold_letters() -> None:
    """The four bytes behind # are binary: 0x43 and 0x56 there are no C and V."""
    got = values(STATE + b"#CVCV" + b"C0000FF")
    assert got["1"] == 255.0
    assert got["device_temperature"] == pytest.approx(0x4356 * 165 / 65536 - 40)


def test_a_counter_of_zero_is_a_counter() -> None:
    """The vendor's script takes it for missing."""
    counts = [v.value for v in decode("strega-smart-valve", 4, STATE + b"C000000", NOW_MS).values]
    assert counts[-1] == 0.0


def test_an_answer_says_nothing_of_the_valve() -> None:
    """A frame that begins with @ has no state in it."""
    assert values(b"@180003e8") == {"1": 1000.0}


def test_a_voltage_beside_external_power_has_no_place() -> None:
    """The format can't say it, so the encoder refuses."""
    said = {v.quantity + (f":{v.channel}" if v.channel else ""): v.value
            for v in decode("strega-smart-valve", 4, STATE, NOW_MS).values}  # fmt: skip
    with pytest.raises(EncodeError, match="battery_voltage"):
        encode(
            "strega-smart-valve",
            {k: v for k, v in said.items() if v is not None} | {"generic_flag:external_power": True},
        )
