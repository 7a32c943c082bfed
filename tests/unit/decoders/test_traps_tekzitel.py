"""Traps of the Tekzitel TekziPark and the Libelium parking sensor."""

import pytest

from decoders.registry import decode
from decoders.value import DecodeError

NOW_MS = 1_767_225_600_000


def values(device_id: str, f_port: int, text: str) -> dict[str, object]:
    decoded = decode(device_id, f_port, bytes.fromhex(text), NOW_MS)
    return {v.channel or v.quantity: v.value for v in decoded.values}


def test_the_battery_bit_says_good() -> None:
    """A clear bit is the alarm."""
    assert values("tekzitel-tekzipark", 1, "000000")["battery_low"] is True
    assert values("tekzitel-tekzipark", 1, "200000")["battery_low"] is False


@pytest.mark.parametrize(
    ("f_port", "text", "state"),
    [
        (1, "300000", "unknown"),
        (1, "200000", None),
        (2, "300000" + "00" * 9, "unknown"),
        (2, "200000" + "00" * 6 + "010000", "unknown"),
        (2, "200000" + "00" * 9, None),
    ],
)
def test_obstruction_and_fault_make_the_state_unknown(f_port: int, text: str, state: str | None) -> None:
    """The state bit is kept, and said to be doubtful."""
    got = values("tekzitel-tekzipark", f_port, text)
    assert got["occupied"] is False
    assert got.get("occupancy_state") == state


@pytest.mark.parametrize("count", [0, 1, 7, 23])
def test_every_beacon_is_a_value(count: int) -> None:
    """As many beacon ids as the frame holds, in order; half an id is no frame."""
    frame = bytes.fromhex("a82d63b0") + b"".join(i.to_bytes(2) for i in range(count))
    decoded = decode("tekzitel-tekzipark", 1, frame, NOW_MS)
    assert [v.value for v in decoded.values if v.channel == "beacon_id"] == list(map(float, range(count)))
    with pytest.raises(DecodeError, match=r"too_short|too_long"):
        decode("tekzitel-tekzipark", 1, frame + b"\x00", NOW_MS)


@pytest.mark.parametrize("kind", range(8))
def test_libelium_state_is_in_every_kind_of_frame(kind: int) -> None:
    """Occupancy and battery stand in the header; bits 3 to 5 mean nothing."""
    for head, occupied, low in ((0x80, True, False), (0x40, False, True), (0x38, False, False)):
        got = values("libelium-parking-v2", 1, f"{head | kind:02x}00" + "00" * 9)
        assert (got["occupied"], got["battery_low"]) == (occupied, low)
