"""One test for each sentinel and trap of ELSYS's format."""

import pytest

from decoders.registry import decode, encode
from decoders.value import Decoded, DecodeError

NOW_MS = 1_767_225_600_000


def decoded(text: str, port: int = 5) -> Decoded:
    return decode("elsys-elt", port, bytes.fromhex(text), NOW_MS)


def values(text: str) -> dict[str, tuple[object, str]]:
    got = decoded(text).values
    return {f"{v.quantity}:{v.channel}" if v.channel else v.quantity: (v.value, v.quality) for v in got}


@pytest.mark.parametrize("raw", ["0000", "ffff"])
def test_ends_of_the_range_are_no_distance(raw: str) -> None:
    """0 and 65535 mm are not measured."""
    assert values(f"0e{raw}")["distance"] == (None, "not_available")


def test_position_is_the_only_little_endian_item() -> None:
    """Signed, in ten-thousandths of a degree."""
    got = values("09e84b071879fe")
    assert got["latitude"] == (47.8184, "ok")
    assert got["longitude"] == (-10.0072, "ok")


def test_zero_position_is_no_position() -> None:
    """(0, 0) is a sensor without a fix; one zero alone may be the equator."""
    assert values("09000000000000")["latitude"] == (None, "not_available")
    assert values("09000000e84b07")["latitude"] == (0.0, "ok")


def test_absolute_pulses_are_unsigned() -> None:
    """The vendor's script turns negative above 2^31."""
    assert values("0b80000000")["generic:pulses_total_1"] == (2_147_483_648.0, "ok")


def test_second_probe_may_come_several_times() -> None:
    """A chain of probes sends one item each; all of them are kept in order."""
    got = [v.value for v in decoded("190064190065190066").values]
    assert got == [10.0, 10.1, 10.2]


def test_debug_items_do_not_end_the_frame() -> None:
    """They mean nothing to us, but their length is known."""
    assert values("3ddeadbeef0e0bb8") == {"distance": (3000.0, "ok")}
    assert decoded("3ddeadbeef0e0bb8").warnings == ()


def test_value_bytes_that_look_like_a_block_are_values() -> None:
    """3e is the head of a block only where an item begins."""
    assert values("02" + "3e" + "0e3e3e") == {"relative_humidity": (62.0, "ok"), "distance": (15_934.0, "ok")}


@pytest.mark.parametrize("port", [1, 5, 6, 100, 223])
def test_port_may_be_changed_and_settings_come_on_the_next_one(port: int) -> None:
    """What begins with 3e is a block of settings on every port."""
    assert [v.value for v in decoded("0100e2", port).values] == [22.6]
    block = decoded("3e051400000384", port)
    assert [(v.quantity, v.channel, v.value) for v in block.values] == [
        ("event", "base_interval", "config_ack"),
        ("generic", "base_interval", 900.0),
    ]


@pytest.mark.parametrize("port", [0, 224, 255])
def test_ports_that_are_not_the_applications_are_refused(port: int) -> None:
    """They can't be set."""
    with pytest.raises(DecodeError, match="unknown_port"):
        decoded("0100e2", port)


def test_keys_are_never_shown() -> None:
    """A sensor may be asked for its keys; what it answers must not end in a store."""
    got = decoded("3e11" + "05" + "2b" * 16)
    assert [(v.quantity, v.channel, v.value) for v in got.values] == [("event", "app_key", "config_ack")]


def test_block_may_stand_between_data() -> None:
    """What stands before and behind it is read."""
    got = decoded("0100e23e020701070e10")
    assert [v.quantity for v in got.values] == ["device_temperature", "event", "generic", "battery_voltage"]
    _, again = encode("elsys-elt", got.values)
    assert again == bytes.fromhex("0100e23e020701070e10")


def test_cut_block_keeps_what_it_holds() -> None:
    """With a warning; a block of which nothing is left is an error."""
    got = decoded("3e0707010805")
    assert [v.channel for v in got.values] == ["ota", "ota", "port", "port"]
    assert got.warnings == ("the block of settings lacks 3 bytes",)
    for text in ("3e", "3e07", "3e0707"):
        with pytest.raises(DecodeError, match="too_short"):
            decoded(text)


def test_leak_is_an_alarm_and_a_number() -> None:
    """Everything but 0 is wet."""
    assert values("1200")["leak_alarm"] == (False, "ok")
    assert values("1207") == {"generic:water_leak": (7.0, "ok"), "leak_alarm": (True, "ok")}
