"""`Headed`: a header that says how long the rest is; and the two parking and level sensors known from layouts only."""

import pytest

from decoders.field import Field
from decoders.headed import Headed
from decoders.layout import Layout
from decoders.registry import decode
from decoders.source import u8, u16
from decoders.value import DecodedValue, DecodeError

NOW_MS = 1_767_225_600_000
CODEC = Headed(
    Layout((Field("battery_level", u8(0)),), length=3, when=((u8(1), 0),)), u8(2), Layout((Field("distance", u16(0)),))
)


@pytest.mark.parametrize(
    ("text", "values", "warnings"),
    [
        ("63000203e8", [99.0, 1000.0], ()),
        ("630000", [99.0], ()),
        ("63000203e8ff", [99.0, 1000.0], ("6 bytes, where the header says 5",)),
    ],
)
def test_header_and_body(text: str, values: list[float], warnings: tuple[str, ...]) -> None:
    """The header's length tells where the body ends; what lies behind it is not read."""
    decoded = CODEC.decode(bytes.fromhex(text), NOW_MS)
    assert [v.value for v in decoded.values] == values
    assert decoded.warnings == warnings


@pytest.mark.parametrize(
    ("text", "reason"), [("", "empty"), ("6300", "too_short"), ("630102", "bad_payload"), ("63000203", "too_short")]
)
def test_frames_that_are_no_header_and_body(text: str, reason: str) -> None:
    """A header of other contents, and a body that is not there."""
    with pytest.raises(DecodeError, match=reason):
        CODEC.decode(bytes.fromhex(text), NOW_MS)


@pytest.mark.parametrize("values", [{"battery_level": 99.0}, {"battery_level": 99.0, "distance": 1000.0}])
def test_encoding_counts_the_body(values: dict[str, float]) -> None:
    """What was encoded decodes to itself, without a warning."""
    said = tuple(DecodedValue(name, value) for name, value in values.items())
    decoded = CODEC.decode(CODEC.encode(said), NOW_MS)
    assert (decoded.values, decoded.warnings) == (said, ())


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("0b", {"": "info", "state": "vacated"}),
        ("0c", {"": "info", "state": "occupied"}),
        ("0d", {"occupied": "alarm", "state": "magnetic_interference", "occupancy_state": "unknown"}),
        ("10", {"occupied": "alarm", "state": "magnet_sensor_fault", "occupancy_state": "unknown"}),
        ("12", {"occupied": "alarm", "state": "radar_fault", "occupancy_state": "unknown"}),
        ("0e", {"battery_low": True, "state": "low_battery"}),
        ("11", {"device_temperature": "alarm", "state": "climate_sensor_fault"}),
    ],
)
def test_moko_interference_and_faults_make_the_state_unknown(state: str, expected: dict[str, object]) -> None:
    """A comer and a goer are states; what disturbs the sensor is an alarm, and no statement about the bay."""
    frame = bytes.fromhex("ee0167748580000700030000" + "0201" + state)
    values = decode("moko-lw009-sm", 1, frame, NOW_MS).values[4:]
    got = {v.channel or (v.quantity if v.quantity != "event" else ""): v.value for v in values}
    assert got == expected


def test_sensoneo_counts_in_steps_of_two_centimetres() -> None:
    """A raw 50 is 1 m; 0 is no echo."""
    frame = bytes.fromhex("ffff211e40e20100013200ff01" + "6e150209")
    got = {v.channel: (v.value, v.quality) for v in decode("sensoneo-single-sensor", 1, frame, NOW_MS).values}
    assert [got[sonar] for sonar in "1234"] == [(1000, "ok"), (None, "not_available"), (5100, "ok"), (20, "ok")]
