"""One test for each sentinel and trap of DingTek's formats."""

import pytest

from decoders.registry import decode
from decoders.value import DecodeError

NOW_MS = 1_767_225_600_000
MODELS = ["df702", "df703", "dc410", "dc413"]


def values(model: str, text: str) -> dict[str, tuple[object, str]]:
    decoded = decode(f"dingtek-{model}", 3, bytes.fromhex(text), NOW_MS)
    return {f"{v.quantity}:{v.channel}" if v.channel else v.quantity: (v.value, v.quality) for v in decoded.values}


def short(distance: str = "06a4", sign: str = "00", alarms: str = "0000", kind: str = "01") -> str:
    return f"800001{kind}11{distance}000c{sign}32{alarms}00020081"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("sign", "degrees"), [("00", 50.0), ("10", 50.0), ("01", -50.0), ("0f", -50.0)])
def test_sign_byte_decides_the_sign_of_the_angle(model: str, sign: str, degrees: float) -> None:
    """The vendor's script always negates; the low nibble of the byte before the angle is 0 for positive ones."""
    assert values(model, short(sign=sign))["tilt_angle"] == (degrees, "ok")


@pytest.mark.parametrize("distance", ["0000", "ffff"])
def test_ends_of_the_range_are_no_distance(distance: str) -> None:
    """0 and 65535 mm are not measured."""
    assert values("df702", short(distance))["distance"] == (None, "not_available")


@pytest.mark.parametrize(
    ("alarms", "quantity"),
    [("1000", "full_alarm"), ("0100", "fire_alarm"), ("0010", "tilt_alarm"), ("0001", "battery_low")],
)
def test_each_nibble_is_one_alarm(alarms: str, quantity: str) -> None:
    """And only that one."""
    got = values("df703", short(alarms=alarms))
    flags = {"full_alarm", "fire_alarm", "tilt_alarm", "battery_low"}
    assert {name for name in flags if got[name] == (True, "ok")} == {quantity}


@pytest.mark.parametrize(
    ("alarms", "concerned"), [("1000", "distance"), ("0010", "tilt_angle"), ("0001", "battery_low")]
)
def test_manhole_alarms_are_events(alarms: str, concerned: str) -> None:
    """An alarm is told; a frame without one says nothing of a release."""
    got = values("dc413", short(alarms=alarms))
    assert {name: value for name, value in got.items() if name.startswith("event")} == {
        f"event:{concerned}": ("alarm", "ok")
    }
    assert not [name for name in values("dc413", short()) if name.startswith("event")]


@pytest.mark.parametrize("kind", ["01", "02"])
def test_both_kinds_of_data_are_data(kind: str) -> None:
    """Public examples label heartbeats with either."""
    assert values("df702", short(kind=kind))["distance"] == (1700.0, "ok")


def test_the_kind_tells_settings_from_a_position() -> None:
    """Both have 25 bytes."""
    frame = "800001{}1907d001cd03e942ef272042190000000000010081"
    assert values("df702", frame.format("01"))["latitude"] == (pytest.approx(40.039, abs=1e-4), "ok")
    assert "latitude" not in values("df702", frame.format("03"))
    assert values("df702", frame.format("03"))["firmware_version"] == ("7.208", "ok")


def test_position_without_a_fix_is_none() -> None:
    """(0, 0), and floats that are no numbers."""
    frame = "800001011907d001{}190000000000010081"
    assert values("df702", frame.format("00" * 8))["latitude"] == (None, "not_available")
    assert values("df702", frame.format("0000c07fef272042"))["longitude"] == (None, "not_available")


def test_full_threshold_is_a_distance_in_centimetres() -> None:
    """Not a height of content, and not in the unit of the measured distance."""
    got = values("df702", "8000010319010418011e4b1e00000000000000000000000081")
    assert got["event:full_alarm_distance"] == ("config_ack", "ok")
    assert got["generic:full_alarm_distance"] == (30.0, "ok")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "text",
    [
        "000001011106a4000c0032000000020081",
        "800002011106a4000c0032000000020081",
        "800001041106a4000c0032000000020081",
        "800001011006a4000c0032000000020081",
        "800001011106a4020c0032000000020081",
        "800001011106a4000c0032000000020080",
    ],
)
def test_frames_with_another_head_or_end_are_refused(model: str, text: str) -> None:
    """Start, device type, kind, length, position flag and end are checked."""
    with pytest.raises(DecodeError, match="bad_payload"):
        values(model, text)
