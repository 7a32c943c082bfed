"""One test for each sentinel and trap of the Milesight devices beside the EM400-MUD."""

import pytest

from decoders.registry import decode, devices, encode
from decoders.source import EncodeError
from decoders.value import Decoded, DecodedValue, DecodeError

NOW_MS = 1_767_225_600_000
LEVELS = ("milesight-em400-mud", "milesight-em400-tld", "milesight-em400-udl")
VALVES = ("milesight-uc511", "milesight-uc512")
RECORD_MS = 1_678_352_703_000


def read(device_id: str, text: str) -> Decoded:
    return decode(device_id, 85, bytes.fromhex(text), NOW_MS)


def values(device_id: str, text: str) -> dict[tuple[str, str], tuple[object, str]]:
    return {(v.quantity, v.channel): (v.value, v.quality) for v in read(device_id, text).values}


def times(decoded: Decoded) -> list[tuple[str, int | None]]:
    return [(v.quantity, v.time_ms) for v in decoded.values]


@pytest.mark.parametrize("raw", ["0000", "fdff", "feff", "ffff"])
@pytest.mark.parametrize(
    ("device_id", "item"),
    [("milesight-em310-udl", "0382{}"), *((d, i) for d in LEVELS for i in ("0482{}", "8482{}01"))],
)
def test_distance_sentinels_are_no_distance(device_id: str, item: str, raw: str) -> None:
    """0 and 0xFFFD to 0xFFFF never become a distance, in periodic and alarm items alike."""
    assert values(device_id, item.format(raw))["distance", ""] == (None, "not_available")


@pytest.mark.parametrize("device_id", LEVELS)
def test_location_without_a_fix_is_no_location(device_id: str) -> None:
    """All bits set or (0, 0) is no place; zero in one direction only is one, and south and west are negative."""
    for none in ("ff" * 8, "00" * 8):
        got = values(device_id, f"0688{none}23")
        assert got["latitude", ""] == got["longitude", ""] == (None, "not_available")
    got = values(device_id, "0688" + "00000000" + "c0bdf0ff" + "10")
    assert (got["longitude", ""], got["latitude", ""]) == ((0.0, "ok"), (-1.0, "ok"))
    assert (got["generic_text", "geofence"][0], got["generic_text", "motion"][0]) == ("outside", "unknown")


@pytest.mark.parametrize(("raw", "quality"), [("ffff", "sensor_error"), ("fdff", "out_of_range")])
@pytest.mark.parametrize(
    ("item", "quantity"),
    [
        ("0367{}", "soil_temperature"),
        ("04ca{}", "soil_moisture_vwc"),
        ("057f{}", "soil_ec"),
        ("83d7{}000001", "soil_temperature"),
        ("20ce3fa10964{}19017616", "soil_ec"),
        ("20ce3fa10964f000{}7616", "soil_temperature"),
        ("20ce3fa10964f0001901{}", "soil_moisture_vwc"),
    ],
)
def test_soil_sentinels_are_no_values(item: str, quantity: str, raw: str, quality: str) -> None:
    """0xFFFF and 0xFFFD are no values, the signed temperature included: the vendor's script prints it."""
    assert values("milesight-em500-smtc", item.format(raw))[quantity, ""] == (None, quality)


@pytest.mark.parametrize(("raw", "value"), [("feff", -0.2), ("fcff", -0.4), ("c9ff", -5.5)])
def test_soil_frost_beside_the_sentinels_is_measured(raw: str, value: float) -> None:
    """Only two tenths of a degree below zero are sentinels."""
    assert values("milesight-em500-smtc", f"0367{raw}")["soil_temperature", ""] == (value, "ok")


def test_a_soil_temperature_that_is_a_sentinel_is_not_encoded() -> None:
    """-0.1 degC would be read as a fault."""
    with pytest.raises(EncodeError, match="no value"):
        encode("milesight-em500-smtc", {"soil_temperature": -0.1})


@pytest.mark.parametrize(
    ("byte", "event", "kind"),
    [("00", "alarm_release", "release"), ("01", "alarm", "threshold"), ("02", "alarm", "mutation")],
)
def test_soil_alarm_byte_has_three_meanings(byte: str, event: str, kind: str) -> None:
    """A sudden change is an alarm as a crossed threshold is; only 0 releases."""
    got = values("milesight-em500-smtc", "83d71901ceff" + byte)
    assert got["event", "soil_temperature"] == (event, "ok")
    assert got["generic_text", "soil_temperature_alarm"] == (kind, "ok")
    assert got["generic", "soil_temperature_change"] == (-5.0, "ok")


@pytest.mark.parametrize(
    ("device_id", "live", "record"),
    [
        ("milesight-em500-smtc", "03671901", "20ce3fa10964f00019017616"),
        ("milesight-wts506", "0367ff00", "20ce3fa10964ff00794f27ba0432008d13"),
        ("milesight-wts506", "0367ff00", "21ce3fa10964ff00794f27ba043200ea840100"),
        ("milesight-uc511", "030100", "20ce3fa10964010a000000"),
        ("milesight-uc512", "097b2c01", "21ce3fa10964f401"),
    ],
)
def test_records_have_their_own_time_and_live_values_have_not(device_id: str, live: str, record: str) -> None:
    """A record beside live values, before or behind them, gives its time to nothing but its own values."""
    number = len(read(device_id, live).values)
    for text, own in ((live + record, slice(number, None)), (record + live, slice(None, -number))):
        got = times(read(device_id, text))
        recorded = got[own]
        assert recorded and all(time == RECORD_MS for _, time in recorded)
        assert sum(time is None for _, time in got) == number


@pytest.mark.parametrize("seconds", ["00000000", "ffffffff", "ff8da454"])
def test_a_clock_that_was_never_set_is_not_believed(seconds: str) -> None:
    """A time before 2015 or far ahead: the record is kept with the time of reception, and a warning says so."""
    decoded = read("milesight-wts506", f"20ce{seconds}ff00794f27ba0432008d13")
    assert len(decoded.values) == 6 and {v.time_ms for v in decoded.values} == {None}
    assert "implausible" in decoded.warnings[0]


@pytest.mark.parametrize("device_id", VALVES)
@pytest.mark.parametrize(("item", "valve"), [("0301", "1"), ("0501", "2")])
def test_a_failed_command_is_no_state(device_id: str, item: str, valve: str) -> None:
    """0xFF reports a failure: it is neither open nor closed, and no valve state at all."""
    assert values(device_id, item + "ff") == {("valve_command_result", valve): ("failed", "ok")}
    assert values(device_id, item + "01") == {("valve_state", valve): ("open", "ok")}


def test_a_valve_byte_without_a_meaning_is_no_state() -> None:
    """2 is neither open nor closed: a warning, and no guess."""
    decoded = read("milesight-uc511", "030102")
    assert not decoded.values
    assert decoded.warnings == ("valve_state: code 2 has no known meaning",)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("17", {("valve_state", "2"): "open", ("generic_flag", "gpio_2"): True}),
        ("02", {("valve_state", "1"): "closed", ("generic_flag", "gpio_1"): False}),
        ("11", {("valve_state", "2"): "open", ("flow_pulse_count", "2"): 10.0}),
        ("00", {("valve_state", "1"): "closed", ("flow_pulse_count", "1"): 10.0}),
    ],
)
def test_valve_record_mode_follows_the_readme(status: str, expected: dict[tuple[str, str], object]) -> None:
    """Bit 1 set is the GPIO mode, whose pulses mean nothing; the vendor's current script has it the other way round."""
    got = values("milesight-uc511", f"20ce3fa10964{status}0a000000")
    assert {name: value for name, (value, _) in got.items()} == expected


@pytest.mark.parametrize("byte", range(256))
def test_a_pressure_fault_is_no_pressure(byte: int) -> None:
    """The fault's item never gives a number."""
    assert values("milesight-uc512", f"b97b{byte:02x}")["pipe_pressure", ""] == (None, "sensor_error")


@pytest.mark.parametrize(("bits", "rain"), [("00", None), ("18", None), ("10", True), ("08", False)])
def test_rain_stop_is_told_from_a_task_by_two_bits(bits: str, rain: bool | None) -> None:
    """10 begins and 01 ends a rain stop, whose last four bytes are a time; both or neither is a task with pulses."""
    got = values("milesight-uc511", f"ff1d{bits}04805101f4010000")
    assert got.get(("generic_flag", "valve_task_rain_stop"), (None,))[0] == rain
    assert (("generic", "valve_task_pulses") in got) == (rain is None)
    assert got["generic", "valve_task_duration"] == (86_400.0, "ok")


@pytest.mark.parametrize("device_id", [d for d in devices() if d.startswith("milesight-")])
def test_echoes_come_behind_fe_as_behind_ff(device_id: str) -> None:
    """`fe xx` is the same echo as `ff xx`; the attributes come behind `ff` only."""
    assert values(device_id, "fe035802") == values(device_id, "ff035802")
    assert values(device_id, "fe175000")["generic", "time_zone"] == (8.0, "ok")
    with pytest.raises(DecodeError, match="unknown"):
        read(device_id, "fe0bff")


@pytest.mark.parametrize(("raw", "hours"), [("3900", 5.75), ("7f00", 12.75), ("ddff", -3.5), ("0000", 0.0)])
def test_time_zones_with_quarters_are_rounded_down_in_the_payload(raw: str, hours: float) -> None:
    """Tenths of an hour can't say 5:45: 57 stands for it."""
    assert values("milesight-wts506", "ff17" + raw)["generic", "time_zone"] == (hours, "ok")


def test_keys_are_not_shown() -> None:
    """The echo of a device-to-device key says that it was set, not which it is."""
    for device_id in ("milesight-em500-smtc", *VALVES):
        assert values(device_id, "ff350102030405060708") == {("event", "d2d_key"): ("config_ack", "ok")}


@pytest.mark.parametrize("text", ["Low", "Low tank", "Longer than the manual says"])
def test_a_custom_message_is_the_rest_of_the_frame(text: str) -> None:
    """Its length stands nowhere: it reaches to the end, and fillers are dropped."""
    item = "ff12" + text.encode().hex() + "0000"
    assert values("milesight-uc511", "01755c" + item)["generic_text", "custom_message"] == (text, "ok")


def test_a_custom_message_is_encoded_last() -> None:
    """Whatever stood behind it would be read as its text; two of them have no place."""
    message = DecodedValue("generic_text", "Low", "custom_message")
    _, payload = encode("milesight-uc511", [message, DecodedValue("battery_level", 92.0)])
    assert payload.hex() == "01755cff12" + b"Low".hex()
    with pytest.raises(EncodeError, match="only one item"):
        encode("milesight-uc511", [message, message])


@pytest.mark.parametrize(
    ("text", "read_to_the_end"),
    [("f9a801013c000a0005", True), ("f9a801013c000a000500", True), ("f9a801013c000a00", False)],
)
def test_a_sampling_echo_may_be_as_short_as_its_downlink(text: str, read_to_the_end: bool) -> None:
    """Documented with eight bytes, sent with seven: both at the frame's end, but no part of it."""
    decoded = read("milesight-uc511", "01755c" + text)
    assert (len(decoded.values) == 7) == read_to_the_end
    assert bool(decoded.warnings) != read_to_the_end


def test_rain_is_cumulative_and_has_two_widths() -> None:
    """The wider item goes beyond 655.35 mm; the counter beside it tells a wrap."""
    got = values("milesight-wts506", "08ec" + "a0860100" + "02")
    assert (got["rain_cumulative", ""], got["generic", "rain_counter"]) == ((1000.0, "ok"), (2.0, "ok"))
    assert values("milesight-wts506", "0877ffff01")["rain_cumulative", ""] == (655.35, "ok")


def test_periodic_weather_says_nothing_of_alarms() -> None:
    """Only an alarm item releases an alarm, never its absence."""
    got = read("milesight-wts506", "0175640367ff000468790584ba0406734f270792010008777b0001")
    assert not [v for v in got.values if v.quantity == "event"]
