"""Fields and layouts: every kind of source, sentinel and alternative, both ways."""

import pytest

from decoders.channels import Channels
from decoders.field import Field, Fixed
from decoders.layout import Layout, OneOf
from decoders.source import EncodeError, Number, Text, dotted, f32, le, s8, s16, s24, s32, u8, u16, u24, u32
from decoders.value import DecodedValue, DecodeError

NOW_MS = 1_767_225_600_000
NOW_S = NOW_MS // 1000

NUMBERS: list[tuple[Number, str, float]] = [
    (u8(0), "fe", 254),
    (s8(0), "fe", -2),
    (u16(0), "fffe", 65_534),
    (s16(0), "fffe", -2),
    (le(u16(0)), "0102", 0x0201),
    (u24(0), "010203", 0x010203),
    (le(s24(0)), "feffff", -2),
    (u32(0), "fffffffe", 4_294_967_294),
    (le(s32(0)), "feffffff", -2),
    (f32(0), "3fc00000", 1.5),
    (le(f32(0)), "0000c03f", 1.5),
    (u8(0).bits(4, 3), "50", 5),
    (u16(0).bits(0, 14), "c00f", 15),
    (le(u16(0)).bits(12, 4), "00a0", 10),
]


@pytest.mark.parametrize(("source", "text", "raw"), NUMBERS)
def test_numbers_are_read_and_written(source: Number, text: str, raw: float) -> None:
    """Size, sign, byte order and bit fields are as declared; writing gives the same number back."""
    assert source.reader()(b"\x00" + bytes.fromhex(text), 1) == raw
    frame = bytearray(source.size)
    source.put(frame, raw)
    assert source.reader()(bytes(frame), 0) == raw


@pytest.mark.parametrize(("source", "raw"), [(u8(0), 256), (u8(0), -1), (s8(0), 128), (u8(0).bits(0, 2), 4)])
def test_numbers_that_do_not_fit_are_refused(source: Number, raw: int) -> None:
    """A number is never cut to fit."""
    with pytest.raises(EncodeError, match="does not fit"):
        source.put(bytearray(source.size), raw)


def test_text_that_does_not_fit_is_refused() -> None:
    """A text of the wrong form or length is an error."""
    dotted(0, 3).put(frame := bytearray(3), "0.29.2")
    assert frame == b"\x00\x1d\x02"
    for text in ("0.29", "a.b.c", "1.2.256"):
        with pytest.raises(EncodeError):
            dotted(0, 3).put(bytearray(3), text)
    with pytest.raises(EncodeError):
        Text(0, 2).put(bytearray(2), "xyz")


def test_decimal_scales_give_the_decimal() -> None:
    """257 tenths are 25.7, not 25.700000000000003."""
    layout = Layout((Field("air_temperature", s16(0), scale=0.1),))
    assert layout.decode(b"\x01\x01", 0).values[0].value == 25.7


def test_not_a_number_is_no_value() -> None:
    """A float field that holds NaN or infinity says that there is no value."""
    layout = Layout((Field("air_temperature", f32(0)),))
    for payload in ("7fc00000", "7f800000"):
        (value,) = layout.decode(bytes.fromhex(payload), 0).values
        assert (value.value, value.quality) == (None, "not_available")


HISTORY = Layout((Field("distance", le(u16(4))), Fixed("event", "periodic")), time=le(u32(0)))
LOGGER = Channels({0x20CE: HISTORY, 0x0382: Layout((Field("distance", le(u16(0))),))})


def test_logged_records_carry_their_own_time_and_live_values_none() -> None:
    """A record from the device's log has its own time; the live value of the same frame does not get it."""
    payload = bytes.fromhex("20ce") + (NOW_S - 3600).to_bytes(4, "little") + bytes.fromhex("6400" + "0382c800")
    decoded = LOGGER.decode(payload, NOW_MS)
    assert [(v.quantity, v.value, v.time_ms) for v in decoded.values] == [
        ("distance", 100.0, NOW_MS - 3_600_000),
        ("event", "periodic", NOW_MS - 3_600_000),
        ("distance", 200.0, None),
    ]
    assert LOGGER.encode(decoded.values) == payload


@pytest.mark.parametrize("seconds", [0, 1_420_070_399, NOW_S + 86_401])
def test_implausible_record_times_are_not_believed(seconds: int) -> None:
    """A device clock that was never set, or runs a day ahead, gives the time of reception and a warning."""
    payload = bytes.fromhex("20ce") + seconds.to_bytes(4, "little") + bytes.fromhex("6400")
    decoded = LOGGER.decode(payload, NOW_MS)
    assert {v.time_ms for v in decoded.values} == {None}
    assert len(decoded.warnings) == 1


def test_records_need_one_time_and_live_values_none() -> None:
    """A record can't be encoded without its time, and a live item not with one."""
    for time_ms in (None, NOW_MS):
        values = [DecodedValue("distance", 1.0, "", time_ms), DecodedValue("event", "periodic", "", None)]
        with pytest.raises(EncodeError):
            LOGGER.encode(values)


def test_alternatives_are_told_apart_by_their_conditions() -> None:
    """The first layout whose condition holds reads the frame; none is an error of the payload."""
    two = OneOf(
        Layout((Field("soil_ec", u8(1)),), when=((u8(0), 1),)), Layout((Field("soil_ph", u8(1)),), when=((u8(0), 2),))
    )
    assert two.decode(b"\x02\x07", 0).values == (DecodedValue("soil_ph", 7.0),)
    assert two.encode([DecodedValue("soil_ph", 7.0)]) == b"\x02\x07"
    with pytest.raises(DecodeError, match="bad_payload"):
        two.decode(b"\x03\x07", 0)
    with pytest.raises(EncodeError):
        two.encode([DecodedValue("distance", 7.0)])


def test_optional_fields_end_a_short_frame() -> None:
    """A frame may stop before its optional fields, and nothing may stand behind a gap."""
    layout = Layout(
        (Field("soil_ph", u8(0)), Field("soil_ec", u8(1), optional=True), Field("distance", u8(2), optional=True)),
        length=(1, 2, 3),
    )
    assert layout.encode([DecodedValue("soil_ph", 7.0), DecodedValue("soil_ec", 9.0)]) == b"\x07\x09"
    assert len(layout.decode(b"\x07\x09", 0).values) == 2
    with pytest.raises(EncodeError, match="before it is missing"):
        layout.encode([DecodedValue("soil_ph", 7.0), DecodedValue("distance", 9.0)])


def test_values_that_another_layout_would_read_are_refused() -> None:
    """Zeros everywhere mean an unconnected probe, so a real zero of all three can't be sent."""
    first = Layout((Field("soil_ec", u8(0), missing={0: "sensor_error"}),), when=((u8(0), 0),))
    both = OneOf(first, Layout((Field("soil_ec", u8(0)),)))
    assert both.encode([DecodedValue("soil_ec", None, quality="sensor_error")]) == b"\x00"
    with pytest.raises(EncodeError):
        both.encode([DecodedValue("soil_ec", 0.0)])
