"""Fields without a value, both ways: words that say so, floats that are no numbers, layouts that mean it."""

import pytest

from decoders.field import Field, Fixed
from decoders.layout import Layout, OneOf
from decoders.source import EncodeError, f32, u8
from decoders.value import DecodedValue

VALVE = Layout((Field("valve_state", u8(0), values={0: "closed", 1: "open"}, missing={3: "not_available", 7: None}),))


@pytest.mark.parametrize(
    ("code", "values"),
    [
        (1, (DecodedValue("valve_state", "open"),)),
        (3, (DecodedValue("valve_state", None, quality="not_available"),)),
        (7, ()),
    ],
)
def test_codes_may_mean_that_there_is_no_value(code: int, values: tuple[DecodedValue, ...]) -> None:
    """A code in `missing` gives its quality or nothing, without a warning, and comes back when it is encoded."""
    decoded = VALVE.decode(bytes((code,)), 0)
    assert (decoded.values, decoded.warnings) == (values, ())
    assert VALVE.encode(decoded.values) == bytes((code,))


def test_codes_without_meaning_still_warn() -> None:
    """What stands neither in `values` nor in `missing` is not known."""
    assert len(VALVE.decode(b"\x05", 0).warnings) == 1


def test_a_rounded_float_comes_back() -> None:
    """The noise of a float's last bits is not shown, and rounding the encoded value again changes nothing."""
    layout = Layout((Field("air_temperature", f32(0), digits=1),))
    (value,) = layout.decode(bytes.fromhex("41c8947d"), 0).values
    assert value.value == 25.1
    assert layout.decode(layout.encode([value]), 0).values == (value,)


def test_a_missing_float_is_written_as_no_number() -> None:
    """Only `not_available` can be said so; another reason has no place in the frame."""
    layout = Layout((Field("air_temperature", f32(0)),))
    missing = DecodedValue("air_temperature", None, quality="not_available")
    assert layout.decode(layout.encode([missing]), 0).values == (missing,)
    with pytest.raises(EncodeError):
        layout.encode([DecodedValue("air_temperature", None, quality="sensor_error")])


def test_a_layout_may_mean_that_there_is_no_value() -> None:
    """The frame's kind says why nothing was measured, and only that reason encodes to it."""
    echo = Layout((Field("distance", u8(1)),), when=((u8(0), 0),))
    silence = Layout((Fixed("distance", None, quality="no_target"),), length=2, when=((u8(0), 4),))
    codec = OneOf(echo, silence)
    nothing = DecodedValue("distance", None, quality="no_target")
    assert codec.decode(b"\x04\x09", 0).values == (nothing,)
    assert codec.encode([nothing]) == b"\x04\x00"
    with pytest.raises(EncodeError):
        codec.encode([DecodedValue("distance", None, quality="sensor_error")])
