"""`Checked`, `Measurements` and `Translated`: frames with check sums, records with channels, digits for numbers."""

import pytest

from decoders.checked import Checked, kermit
from decoders.field import Field
from decoders.layout import Layout
from decoders.sensecap import Measurements
from decoders.source import le, u8, u16
from decoders.translated import Translated
from decoders.value import DecodedValue, DecodeError
from decoders.watched import Watched

NOW_MS = 1_767_225_600_000
BATTERY = Layout((Field("battery_level", u8(0)),))
RECORDS = Measurements({0x1002: Layout((Field("distance", u16(0), channel="{}"),), length=4)})


def test_kermit_is_the_catalogued_algorithm() -> None:
    """The check value of CRC-16/KERMIT over the nine digits is 0x2189."""
    assert kermit(b"123456789") == bytes.fromhex("8921")


def test_check_sum_is_verified_and_made() -> None:
    """A right one lets the codec read what is before it, and encoding appends it."""
    codec = Checked(BATTERY)
    frame = codec.encode([DecodedValue("battery_level", 99.0)])
    assert frame == b"\x63" + kermit(b"\x63")
    assert codec.decode(frame, NOW_MS).values == (DecodedValue("battery_level", 99.0),)
    for wrong, reason in ((b"", "empty"), (b"\x63\x00", "too_short"), (b"\x62" + frame[1:], "bad_payload")):
        with pytest.raises(DecodeError, match=reason):
            codec.decode(wrong, NOW_MS)


def test_unknown_records_are_skipped() -> None:
    """All records are equally long, so the next one is found all the same."""
    decoded = RECORDS.decode(bytes.fromhex("07ffff00000000" + "070210000a0000"), NOW_MS)
    assert decoded.values == (DecodedValue("distance", 10.0, "7"),)
    assert decoded.warnings == ("record 07ffff at byte 0 is unknown: skipped",)
    assert RECORDS.encode(decoded.values) == bytes.fromhex("070210000a0000")


@pytest.mark.parametrize(
    ("text", "reason"), [("", "empty"), ("07ffff00000000", "bad_payload"), ("070210", "too_short")]
)
def test_frames_without_a_readable_record_are_refused(text: str, reason: str) -> None:
    """The reason tells an unknown record from a cut one."""
    with pytest.raises(DecodeError, match=reason):
        RECORDS.decode(bytes.fromhex(text), NOW_MS)


def test_a_cut_record_is_not_read() -> None:
    """What was before it is kept."""
    decoded = RECORDS.decode(bytes.fromhex("070210000a0000" + "070210000a00"), NOW_MS)
    assert [v.value for v in decoded.values] == [10.0]
    assert decoded.warnings == ("record at byte 7 is truncated: not read",)


def test_translation_keeps_the_places_for_whoever_watches() -> None:
    """What is read of a translated frame is noted at the same place of the frame that came."""
    swapped = Translated(
        Layout((Field("distance", le(u16(1))),), length=3), lambda f: f[:1] + f[:0:-1], lambda f: f[:1] + f[:0:-1]
    )
    watched = Watched(b"\x00\x03\xe8")
    assert swapped.decode(watched, NOW_MS).values[0].value == 1000.0
    assert [(note.start, note.stop, note.name) for note in watched.notes] == [(1, 3, "distance")]
    assert swapped.encode([DecodedValue("distance", 1000.0)]) == b"\x00\x03\xe8"
