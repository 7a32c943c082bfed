"""The traps of TEK766: records whose ages are not in the frame, empty slots, alarm bits."""

import pytest

from decoders.registry import decode
from decoders.value import DecodedValue

NOW_MS = 1_767_225_600_000
RECORDS = ("00a30caa", "00a20baa", "00a40eaa", "00a620aa")
NOTHING = "00000000"


def said(port: int, text: str) -> tuple[DecodedValue, ...]:
    return decode("tekelek-tek766", port, bytes.fromhex(text), NOW_MS).values


def distances(*records: str) -> dict[str, object]:
    return {v.channel: v.value for v in said(0x10, "10000000" + "".join(records)) if v.quantity == "distance"}


def test_only_the_newest_record_is_the_frames_own() -> None:
    """An older level in the newest one's place would undo an emptying; in centimetres."""
    assert distances(*RECORDS) == {"": 1630.0, "earlier_1": 1620.0, "earlier_2": 1640.0, "earlier_3": 1660.0}


def test_no_record_is_given_a_time() -> None:
    """The period between them is told in another frame; a time from a guess would be a wrong one."""
    assert {v.time_ms for v in said(0x10, "10000000" + "".join(RECORDS))} == {None}


@pytest.mark.parametrize("empty", range(4))
def test_an_empty_slot_is_no_record(empty: int) -> None:
    """Four zero bytes are no full tank of 0 degrees."""
    records = [NOTHING if slot == empty else record for slot, record in enumerate(RECORDS)]
    assert ("" if empty == 0 else f"earlier_{empty}") not in distances(*records)
    assert len(distances(*records)) == 3


def test_no_echo_is_not_an_empty_slot() -> None:
    """With a temperature the record is real, and its distance unknown."""
    assert distances("00000caa", NOTHING, NOTHING, NOTHING) == {"": None}


@pytest.mark.parametrize("bits", range(8))
def test_alarm_bits_are_switches(bits: int) -> None:
    """The source gives masked bits, 0, 2 or 4 of which look like numbers."""
    got = {v.channel: v.value for v in said(0x45, f"4500{bits:02x}0000a30caa00000000") if v.quantity == "generic_flag"}
    assert got == {f"alarm_{i}": bool(bits >> i & 1) for i in range(3)}


@pytest.mark.parametrize(("bits", "word"), [(0, "alarm_release"), (1, "alarm"), (4, "alarm"), (7, "alarm")])
def test_only_the_notification_is_an_event(bits: int, word: str) -> None:
    """A periodic frame repeats the bits, but raises and releases nothing."""
    assert DecodedValue("event", word, "distance") in said(0x45, f"4500{bits:02x}0000a30caa00000000")
    assert not any(v.quantity == "event" for v in said(0x10, f"1000{bits:02x}00" + "".join(RECORDS)))


def test_temperature_is_signed() -> None:
    """FB is five degrees of frost."""
    assert DecodedValue("device_temperature", -5.0) in said(0x10, "1000000000a3fbaa" + NOTHING * 3)
