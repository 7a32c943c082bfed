"""One test for each sentinel and trap of the five devices' formats."""

import pytest

from decoders.registry import decode
from decoders.value import Decoded, DecodeError

NOW_MS = 1_767_225_600_000


def values(device_id: str, f_port: int, text: str) -> dict[tuple[str, str], tuple[object, str]]:
    decoded = decode(device_id, f_port, bytes.fromhex(text), NOW_MS)
    return {(v.quantity, v.channel): (v.value, v.quality) for v in decoded.values}


@pytest.mark.parametrize("raw", ["0000", "fdff", "feff", "ffff"])
@pytest.mark.parametrize("item", ["0482{}", "8482{}01"])
def test_em400_distance_sentinels_are_no_distance(raw: str, item: str) -> None:
    """0 and 0xFFFD to 0xFFFF never become a distance, in periodic and alarm items alike."""
    got = values("milesight-em400-mud", 85, item.format(raw))
    assert got["distance", ""] == (None, "not_available")


def test_em400_largest_distance_is_a_distance() -> None:
    """0xFFFC is the first number that is no sentinel."""
    assert values("milesight-em400-mud", 85, "0482fcff")["distance", ""] == (65_532.0, "ok")


def test_milesight_numbers_are_little_endian_though_they_look_like_lpp() -> None:
    """03 67 is a Cayenne LPP temperature too, but of the other byte order."""
    assert values("milesight-em400-mud", 85, "03670101" * 2 + "0367e800")["device_temperature", ""] == (23.2, "ok")
    assert values("cayenne-lpp", 85, "036700e8")["air_temperature", "3"] == (23.2, "ok")


def test_periodic_frames_say_nothing_of_alarms() -> None:
    """The absence of an alarm item must not look like its release."""
    got = values("milesight-em400-mud", 85, "01755c0367010104824408050001")
    assert not any(quantity == "event" for quantity, _ in got)


@pytest.mark.parametrize(("port", "known"), [(1, True), (85, True), (100, True), (223, True), (0, False), (224, False)])
def test_milesight_port_may_be_changed_to_any_application_port(port: int, known: bool) -> None:
    """The port is a setting of the device; 0 and the ports above 223 are not the application's."""
    if known:
        assert decode("milesight-em400-mud", port, b"\x01\x75\x5c", NOW_MS).values
    else:
        with pytest.raises(DecodeError, match="unknown_port"):
            decode("milesight-em400-mud", port, b"\x01\x75\x5c", NOW_MS)


def test_unknown_echo_ends_the_frame_with_a_warning() -> None:
    """The length of an unknown echo can't be known, so nothing behind it is guessed."""
    decoded = decode("milesight-em400-mud", 85, bytes.fromhex("0367e800ffee010482e803"), NOW_MS)
    assert [v.quantity for v in decoded.values] == ["device_temperature"]
    assert len(decoded.warnings) == 1


def lse01(battery: str = "0cd0", probe: str = "0000", soil: str = "033f0714189c", last: str = "10") -> Decoded:
    return decode("dragino-lse01", 2, bytes.fromhex(battery + probe + soil + last), NOW_MS)


@pytest.mark.parametrize(("probe", "expected"), [("0000", None), ("7fff", None), ("7ffe", None), ("ffc9", -5.5)])
def test_lse01_probe_sentinels_give_no_temperature(probe: str, expected: float | None) -> None:
    """0 is no DS18B20, 327.67 an open input: both are left out; a real one is signed."""
    got = [v.value for v in lse01(probe=probe).values if v.quantity == "probe_temperature"]
    assert got == ([] if expected is None else [expected])


def test_lse01_negative_temperature_is_twos_complement() -> None:
    """0xFFFF is -0.01 degC; the vendor's script says 0."""
    assert lse01(soil="033fffff189c").values[2].value == -0.01


def test_lse01_battery_keeps_fourteen_bits() -> None:
    """The top two bits are flags on some models."""
    assert lse01(battery="ccd0").values[0].value == 3.28


@pytest.mark.parametrize(
    ("soil", "last", "quality"),
    [
        ("000000000000", "00", "sensor_error"),
        ("000000000000", "10", "ok"),
        ("000000010000", "00", "ok"),
        ("000000000001", "00", "ok"),
        ("000100000000", "00", "ok"),
    ],
)
def test_lse01_unconnected_probe(soil: str, last: str, quality: str) -> None:
    """All zero without the sensor flag is no measurement; dry, cold soil with the flag is one."""
    got = {v.quantity: v for v in lse01(soil=soil, last=last).values}
    assert {got[q].quality for q in ("soil_moisture_vwc", "soil_temperature", "soil_ec")} == {quality}
    assert (got["soil_ec"].value is None) == (quality != "ok")


def test_lse01_raw_mode_has_no_moisture() -> None:
    """With the mode bit the numbers are raw: none may appear as moisture, temperature or conductivity."""
    decoded = lse01(last="80")
    assert {v.quantity for v in decoded.values} == {"battery_voltage", "soil_permittivity", "generic", "interrupt"}
    assert decoded.warnings


@pytest.mark.parametrize(("port", "text"), [(4, "001d02"), (4, "00" * 11), (5, "0000"), (6, "00" * 10)])
def test_bosch_disputed_ports_give_no_measurement(port: int, text: str) -> None:
    """Ports 4 to 6 are read differently everywhere: an event, a version, numbers, warnings, but no measured value."""
    decoded = decode("bosch-tps110", port, bytes.fromhex(text), NOW_MS)
    assert {v.quantity for v in decoded.values} <= {"event", "firmware_version", "generic"}


def test_bosch_status_looks_at_bit_zero_only() -> None:
    """The other bits of the status byte are not the vehicle's."""
    assert values("bosch-tps110", 1, "fe")["occupied", ""] == (False, "ok")
    assert values("bosch-tps110", 1, "ff")["occupied", ""] == (True, "ok")


def test_decentlab_soil_temperature_is_offset_not_signed() -> None:
    """32768 is 0 degC, and below lies the frost."""
    assert values("decentlab-dl-trs12", 1, "0210d3000346be7fce0000" + "0c80")["soil_temperature", ""] == (-5.0, "ok")


def test_decentlab_implausible_moisture_keeps_value_and_says_so() -> None:
    """The curve has no bounds; the vocabulary has."""
    value, quality = values("decentlab-dl-trs12", 1, "0210d30001ffff80000000")["soil_moisture_vwc", ""]
    assert isinstance(value, float) and value > 100
    assert quality == "out_of_range"


@pytest.mark.parametrize("port", [0, 1, 85, 255])
def test_lpp_comes_on_any_port(port: int) -> None:
    """Cayenne LPP is a format, not a device: whoever chose it chose a port too."""
    assert decode("cayenne-lpp", port, bytes.fromhex("036700e8"), NOW_MS).values


def test_lpp_zero_position_is_no_position() -> None:
    """Nobody parks bins in the Gulf of Guinea: (0, 0) is a tracker without a fix. One zero alone may be the equator."""
    assert values("cayenne-lpp", 1, "0188" + "00" * 9)["latitude", "1"] == (None, "not_available")
    assert values("cayenne-lpp", 1, "0188" + "000000" + "002710" + "000000")["latitude", "1"] == (0.0, "ok")


def test_lpp_distance_is_in_millimetres() -> None:
    """The format counts metres in steps of a millimetre; the quantity is in millimetres."""
    assert values("cayenne-lpp", 1, "018200000110")["distance", "1"] == (272.0, "ok")
