"""The traps of WILSEN's length-prefixed items."""

import pytest

from decoders.registry import decode, encode
from decoders.source import EncodeError
from decoders.value import Decoded, DecodedValue, DecodeError

LEVEL, VALVE = "pepperl-fuchs-wilsen-sonic-level", "pepperl-fuchs-wilsen-valve"
NOW_MS = 1_767_225_600_000


def said(device_id: str, text: str) -> Decoded:
    return decode(device_id, 1, bytes.fromhex(text), NOW_MS)


@pytest.mark.parametrize(("text", "millimetres"), [("040b010031", 490.0), ("040b020031", 49.0)])
def test_the_unit_of_a_distance_is_in_its_id(text: str, millimetres: float) -> None:
    """The same two bytes are centimetres behind 0B01 and millimetres behind 0B02."""
    assert said(LEVEL, text).values == (DecodedValue("distance", millimetres),)


@pytest.mark.parametrize("text", ["040b010000", "040b01ffff", "040b020000", "040b02ffff"])
def test_a_distance_that_cannot_be_measured_is_none(text: str) -> None:
    """Neither 0 nor the top of the range becomes a distance."""
    assert said(LEVEL, text).values == (DecodedValue("distance", None, quality="not_available"),)


def test_the_fill_level_is_the_devices_own() -> None:
    """It must not be taken for one that we computed from the distance."""
    assert DecodedValue("fill_level_source", "device") in said(LEVEL, "030b063c").values


@pytest.mark.parametrize(("raw", "degrees"), [("41c8947d", 25.1), ("c1480000", -12.5), ("41b5999a", 22.7)])
def test_temperature_is_a_float_with_one_decimal(raw: str, degrees: float) -> None:
    """The vendor shows one decimal; the other bits of the float are noise."""
    assert said(LEVEL, "060201" + raw).values[0].value == degrees


@pytest.mark.parametrize("raw", ["7fc00000", "7f800000", "ff800000", "7fffffff"])
def test_temperature_that_is_no_number_is_none(raw: str) -> None:
    """NaN and the infinities say that there is no temperature."""
    assert said(LEVEL, "060201" + raw).values == (DecodedValue("device_temperature", None, quality="not_available"),)


@pytest.mark.parametrize(
    ("nibbles", "states"),
    [
        ("10", ["closed", "open"]),
        ("01", ["open", "closed"]),
        ("22", ["unknown", "unknown"]),
        ("13", [None, "open"]),
        ("71", ["open"]),
    ],
)
def test_the_low_nibble_is_valve_1(nibbles: str, states: list[str | None]) -> None:
    """2 is between the ends, 3 no valve at all, and of 7 (not inquired) nothing is said."""
    assert [v.value for v in said(VALVE, "030c02" + nibbles).values] == states


def test_settings_are_acknowledged_not_measured() -> None:
    """A full distance of 150 mm is a setting: it must never look like a distance of 150 mm."""
    got = said(LEVEL, "04f4050096").values
    assert got == (
        DecodedValue("event", "config_ack", "us_full_distance"),
        DecodedValue("generic", 150.0, "us_full_distance"),
    )


@pytest.mark.parametrize("text", ["03f303ff", "04f303ffff"])
def test_a_spreading_factor_of_255_is_adaptive_data_rate(text: str) -> None:
    """It is a word, not a number, with and without the item's second byte."""
    assert DecodedValue("generic_text", "ADR", "lora_spreading_factor") in said(LEVEL, text).values


def test_an_unknown_item_is_skipped_by_its_length() -> None:
    """The length stands before the id, so that newer firmware costs nothing but its new item."""
    decoded = said(LEVEL, "05aaaa010203" + "03510124")
    assert decoded.values == (DecodedValue("battery_voltage", 3.6),)
    assert len(decoded.warnings) == 1


@pytest.mark.parametrize("text", ["03510124" + "04", "03510124" + "040b02", "03510124" + "040b0206", "03510124" + "00"])
def test_what_stands_before_a_cut_is_kept(text: str) -> None:
    """A truncated item, or a length that leaves no room for an id, ends the frame with a warning."""
    decoded = said(LEVEL, text)
    assert decoded.values == (DecodedValue("battery_voltage", 3.6),)
    assert len(decoded.warnings) == 1


@pytest.mark.parametrize(
    ("text", "reason"), [("04", "too_short"), ("040b02", "too_short"), ("03aaaa01", "bad_payload")]
)
def test_nothing_readable_is_an_error(text: str, reason: str) -> None:
    """An answer without values would look like a device that has nothing to say."""
    with pytest.raises(DecodeError, match=reason):
        said(LEVEL, text)


@pytest.mark.parametrize("number", ["-1", "65536.1.1", "x.1.1", "281474976710656.0.0"])
def test_a_version_that_does_not_fit_is_refused(number: str) -> None:
    """A part of a version has two bytes."""
    with pytest.raises(EncodeError):
        encode(LEVEL, {"firmware_version": number})
