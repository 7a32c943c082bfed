"""One test for each sentinel and trap of Dragino's formats; the LSE01's live frames are in `test_traps.py`."""

import pytest

from decoders.registry import decode, encode
from decoders.value import Decoded, DecodedValue, DecodeError

NOW_MS = 1_767_225_600_000
FIRST, SECOND = "6954f420", "6954f8d0"
FIRST_MS, SECOND_MS = 0x6954F420 * 1000, 0x6954F8D0 * 1000


def decoded(model: str, port: int, text: str) -> Decoded:
    return decode(f"dragino-{model}", port, bytes.fromhex(text), NOW_MS)


def values(model: str, port: int, text: str) -> dict[str, tuple[object, str]]:
    got = decoded(model, port, text).values
    return {f"{v.quantity}:{v.channel}" if v.channel else v.quantity: (v.value, v.quality) for v in got}


@pytest.mark.parametrize(
    ("distance", "sensor", "expected"),
    [
        ("0000", "01", (None, "no_target")),
        ("0000", "00", (None, "sensor_error")),
        ("0001", "01", (None, "blind_zone")),
        ("0014", "01", (None, "blind_zone")),
        ("0015", "01", (21.0, "ok")),
    ],
)
def test_ultrasonic_distance_sentinels(distance: str, sensor: str, expected: tuple[object, str]) -> None:
    """0 is no echo or no sensor, up to 20 mm is nearer than the sensor can measure; in live frames and in the log."""
    assert values("ldds75", 2, f"0b49{distance}000000{sensor}")["distance"] == expected
    flags = "02" if sensor == "01" else "00"
    assert values("ldds75", 3, f"0b49{distance}0000{flags}{FIRST}")["distance"] == expected


def test_ultrasonic_temperature_is_in_tenths() -> None:
    """One vendor script divides by 100; 0xff3f is -19.3 degC, not -1.93."""
    assert values("ldds75", 2, "0b490aef00ff3f01")["device_temperature"] == (-19.3, "ok")


@pytest.mark.parametrize("raw", ["0000", "7fff", "7ffe", "0cc6", "0ccf"])
@pytest.mark.parametrize(
    ("model", "frame", "quantity"),
    [
        ("ldds75", "0b490aef00{}01", "device_temperature"),
        ("lds12", "0d5c{}0b1801b1001e01", "probe_temperature"),
        ("lsph01", "0d23{}025400f9000001", "probe_temperature"),
        ("lse01", "0cd0{}033f0714189c10", "probe_temperature"),
    ],
)
def test_a_probe_that_is_not_there_has_no_temperature(model: str, frame: str, quantity: str, raw: str) -> None:
    """0 is no DS18B20; 327.x and the end of the range an open input."""
    assert quantity not in values(model, 2, frame.format(raw))


@pytest.mark.parametrize(("text", "battery"), [("0b490aef00000001", 2.889), ("4b490aef00000001", 2.889)])
def test_battery_has_fourteen_bits(text: str, battery: float) -> None:
    """The top two are flags."""
    assert values("ldds75", 2, text)["battery_voltage"] == (battery, "ok")


def test_many_distances_in_one_frame_stay_many() -> None:
    """With bit 4 of the first byte the battery has 12 bits and the distances follow at byte 8, in their order."""
    got = decoded("ldds75", 2, "1d3b" + "000000000000" + "0aef" + "0000" + "0014" + "0af0" + "01" + "00d7" + "01")
    assert [(v.quantity, v.value, v.quality) for v in got.values] == [
        ("battery_voltage", 3.387, "ok"),
        ("distance", 2799.0, "ok"),
        ("distance", None, "no_target"),
        ("distance", None, "blind_zone"),
        ("distance", 2800.0, "ok"),
        ("interrupt", True, "ok"),
        ("device_temperature", 21.5, "ok"),
        ("generic_flag", True, "ok"),
    ]
    port, again = encode("dragino-ldds75", got.values)
    assert decode("dragino-ldds75", port, again, NOW_MS).values == got.values


@pytest.mark.parametrize(("size", "reason"), [(8, "too_short"), (13, "too_short"), (15, "bad_payload")])
def test_frames_of_many_distances_have_whole_ones(size: int, reason: str) -> None:
    """A frame with the flag that is too short, or splits a distance, is refused and not read as an ordinary one."""
    with pytest.raises(DecodeError, match=reason):
        decoded("ldds75", 2, "1d3b" + "00" * (size - 2))


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        (0, (None, "no_target")),
        (63, (None, "no_target")),
        (64, (None, "no_target")),
        (95, (None, "no_target")),
        (96, (None, "no_target")),
        (99, (None, "no_target")),
        (100, (2840.0, "ok")),
        (65534, (2840.0, "ok")),
        (65535, (None, "sensor_error")),
    ],
)
def test_laser_signal_decides_whether_the_distance_counts(signal: int, expected: tuple[object, str]) -> None:
    """Below 100 it is too weak, 65535 is overexposed; the signal itself stays."""
    got = values("lds12", 2, f"0d5c00000b18{signal:04x}001e01")
    assert got["distance"] == expected
    assert got["echo_quality"] == (float(signal), "ok")


@pytest.mark.parametrize(("kind", "word"), [("02", "config_ack"), ("03", "info")])
@pytest.mark.parametrize(("model", "frame"), [("lds12", "0d5c00000b1801b1001e"), ("lsph01", "0d230000025400f90000")])
def test_replies_are_no_measurements(model: str, frame: str, kind: str, word: str) -> None:
    """Message types 2 and 3 carry settings and calibration in the same place."""
    got = decoded(model, 2, frame + kind)
    assert [(v.quantity, v.value) for v in got.values] == [("event", word)]
    assert got.warnings


def test_soil_temperature_below_zero_is_twos_complement() -> None:
    """0xffff is -0.1 degC; the vendor's script says 0."""
    assert values("lsph01", 2, "0d2300000254ffff000001")["soil_temperature"] == (-0.1, "ok")
    assert values("wsc1-l", 2, "0602ffff")["air_temperature"] == (-0.1, "ok")


def test_log_records_have_their_own_times() -> None:
    """Each record is one measurement of its time, never of the frame's."""
    got = decoded("ldds75", 3, f"0b490aef00d743{FIRST}0b490af000d742{SECOND}")
    assert [(v.value, v.time_ms) for v in got.values if v.quantity == "distance"] == [
        (2799.0, FIRST_MS),
        (2800.0, SECOND_MS),
    ]
    assert {v.time_ms for v in got.values} == {FIRST_MS, SECOND_MS}


def test_log_of_the_laser_has_its_own_order() -> None:
    """Flags first, no battery and no signal; sent again or asked for makes no difference to the values."""
    assert values("lds12", 3, f"830000d70b18f6{FIRST}") == {
        "interrupt": (True, "ok"),
        "generic_flag:interrupt_level": (True, "ok"),
        "probe_temperature": (21.5, "ok"),
        "distance": (2840.0, "ok"),
        "device_temperature": (-10.0, "ok"),
    }


@pytest.mark.parametrize("time", ["00000000", "0000003c", "ffffffff"])
def test_a_clock_that_was_never_set_is_not_believed(time: str) -> None:
    """Then the time of reception counts, and a warning says so."""
    got = decoded("ldds75", 3, f"0b490aef00d743{time}")
    assert {v.time_ms for v in got.values} == {None}
    assert len(got.warnings) == 1


def test_an_empty_log_has_no_records() -> None:
    """A device that has nothing in the polled range sends zeros; they are no empty battery."""
    got = decoded("ldds75", 3, "00" * 11)
    assert got.values == ()
    assert len(got.warnings) == 1


def test_bytes_behind_the_last_record_are_told() -> None:
    """They are no record, and they take none away."""
    got = decoded("ldds75", 3, f"0b490aef00d743{FIRST}0b490a")
    assert len(got.values) == 5
    assert got.warnings == ("3 bytes behind the last record are not read",)


@pytest.mark.parametrize("model", ["lse01", "lsph01"])
def test_disputed_log_records_give_no_measurement(model: str) -> None:
    """Their order is copied from another product in the vendor's script: they keep their time and their bytes."""
    got = decoded(model, 3, f"0105033f071418{FIRST}")
    assert got.values == (DecodedValue("generic_text", "0105033f071418", "log_record", FIRST_MS),)
    assert got.warnings


@pytest.mark.parametrize(
    ("model", "code", "more"),
    [("lse01", "26", ""), ("ldds75", "27", ""), ("lds12", "24", ""), ("wsc1-l", "0d", "00ff01")],
)
def test_device_information(model: str, code: str, more: str) -> None:
    """Model, firmware of three digits in two bytes, band, battery; a sub-band of ff is none."""
    got = values(model, 5, f"{code}012b07ff0d4a{more}")
    assert got["generic:sensor_model"] == (float(int(code, 16)), "ok")
    assert got["firmware_version"] == ("1.2.11", "ok")
    assert got["generic_text:frequency_band"] == ("AS923", "ok")
    assert got["battery_voltage"] == (3.402, "ok")
    assert "generic:sub_band" not in got


def test_weather_station_wind_needs_its_own_length() -> None:
    """The vendor's script reads gust and mean behind the wind speed even if the item ends before them."""
    assert values("wsc1-l", 2, "0102001403020010") == {"wind_speed": (2.0, "ok"), "illuminance": (160.0, "ok")}


def test_weather_station_frames_that_are_no_measurements_are_refused() -> None:
    """Types from e0 on are no sensors."""
    with pytest.raises(DecodeError, match="bad_payload"):
        decoded("wsc1-l", 2, "e0020014")
    assert len(decoded("wsc1-l", 2, "01020014e0020014").values) == 1
