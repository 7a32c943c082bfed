"""The line protocol encoder: escapes, types, bounds."""

import pytest

from pipeline.reading import Record, Tags
from pipeline.stores.checks import Unstorable
from pipeline.stores.line_protocol import LineEncoder

T0 = 1_774_742_400_000
TAGS = Tags("a84041000181c061", asset="bin 5", district="Mitte", zone="A,B", model="em400=mud")


def encode(
    fields: dict[str, object], tags: Tags = TAGS, channel: str = "", encoder: LineEncoder | None = None
) -> bytes:
    return (encoder or LineEncoder()).line(Record("soil", tags, channel, T0, fields))  # type: ignore[arg-type]


def test_whole_line() -> None:
    """Tags in the server's order, floats without suffix, switches, words, milliseconds."""
    fields: dict[str, object] = {
        "soil_ec": 1.0,
        "battery_low": True,
        "event": 'a "b" \\',
        "soil_ph": 7.25,
        "late": False,
    }
    assert encode(fields, channel="1") == (
        b"soil,asset=bin\\ 5,channel=1,dev_eui=a84041000181c061,district=Mitte,model=em400\\=mud,zone=A\\,B "
        b'soil_ec=1.0,battery_low=t,event="a \\"b\\" \\\\",soil_ph=7.25,late=f 1774742400000'
    )


def test_empty_tags_are_left_out() -> None:
    """Only what is known is written."""
    assert encode({"soil_ec": 1.0}, Tags("d")) == b"soil,dev_eui=d soil_ec=1.0 1774742400000"


@pytest.mark.parametrize("value", [0.1, -0.0, 1e22, 5e-324, 1.7976931348623157e308, 1 / 3, 123456789.123456789])
def test_floats_are_exact(value: float) -> None:
    """The text reads back as the same number."""
    text = encode({"soil_ec": value}, Tags("d")).split(b"soil_ec=")[1].split()[0]
    assert float(text) == value
    assert not text.endswith(b"i")


def test_whole_numbers_are_floats() -> None:
    """An int that slipped in is written as float, beyond the float's range it is dropped."""
    assert b"soil_ec=3.0 " in encode({"soil_ec": 3})
    with pytest.raises(Unstorable):
        encode({"soil_ec": 10**400})


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_not_finite_is_dropped(bad: float) -> None:
    """The others stay; alone it leaves no line."""
    assert encode({"soil_ph": bad, "soil_ec": 1.0, "soil_temperature": 2.0}, Tags("d")) == (
        b"soil,dev_eui=d soil_ec=1.0,soil_temperature=2.0 1774742400000"
    )
    assert encode({"soil_ph": bad, "late": True}, Tags("d")) == b"soil,dev_eui=d late=t 1774742400000"
    with pytest.raises(Unstorable, match="finite"):
        encode({"soil_ph": bad})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"time": 1.0},
        {"dev_eui": "x"},
        {"unknown": 1.0},
        {"soil_ec": "wet"},
        {"event": 1.0},
        {"late": 0.0},
        {"soil_ec": True},
    ],
)
def test_refused(fields: dict[str, object]) -> None:
    """Nothing, names of the layout, unknown names, wrong types."""
    with pytest.raises(Unstorable):
        encode(fields)
    with pytest.raises(Unstorable):
        encode({**fields, "nothing": 1.0})


def test_text_of_any_kind() -> None:
    """Line breaks stay in words; lone surrogates are no text."""
    assert b'event="a\nb\r" ' in encode({"event": "a\nb\r"})
    with pytest.raises(Unstorable, match="Unicode"):
        encode({"event": "\udc00"})
    with pytest.raises(Unstorable, match="Unicode"):
        encode({"soil_ec": 1.0}, Tags("\udc00"))


def test_a_line_is_one_line_whatever_the_tags_hold() -> None:
    """Line breaks in tags become spaces, a backslash at the end a slash: it would eat the separator."""
    assert (
        encode({"soil_ec": 1.0}, Tags("d", asset="a\r\nb\\\\"))
        == b"soil,asset=a\\ \\ b//,dev_eui=d soil_ec=1.0 1774742400000"
    )


def test_times_out_of_range() -> None:
    """InfluxDB's nanoseconds end in 2262; also for a device already known."""
    encoder = LineEncoder()
    encode({"soil_ec": 1.0}, encoder=encoder)
    for time_ms in (9_223_372_036_855, -9_223_372_036_855):
        with pytest.raises(Unstorable, match="2262"):
            encoder.line(Record("soil", TAGS, "", time_ms, {"soil_ec": 1.0}))


def test_caches_are_bounded() -> None:
    """More devices and words than the bound: the lines stay right, memory does not grow."""
    encoder = LineEncoder(cache_size=10)
    for number in range(5000):
        line = encode({"event": f"w{number}"}, Tags(f"d{number}"), encoder=encoder)
        assert line == f'soil,dev_eui=d{number} event="w{number}" {T0}'.encode()
        assert len(encoder._heads) <= 10
        assert len(encoder._words) <= 4096


def test_fields_are_checked_when_built() -> None:
    """A table of fields with a name that would need escaping is a programming error."""
    for name in ("time", "a b", "asset", "Temp", ""):
        with pytest.raises(ValueError, match="can't be a field"):
            LineEncoder({name: "float"})
