"""Duplicates: what counts as the same frame, what does not, and that a restart changes nothing."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway_bridge.uplink import UplinkEvent
from pipeline.frames import TWO_FRAMES_MS, FrameMemory, device_number

NOW = 1_780_000_000_000
MINUTE = 60_000


def frame(f_cnt: int | None = 1, **changes: Any) -> UplinkEvent:
    values: dict[str, Any] = {
        "lns": "chirpstack4", "dev_eui": "24e124713d000001", "device_key": "24e124713d000001", "dev_addr": "01020304",
        "session_id": "01020304", "f_cnt": f_cnt, "f_port": 85, "payload": b"\x01", "encrypted": False, "decoded": None,
        "confirmed": False, "data_rate": None, "frequency_hz": None, "gateways": (), "event_ms": NOW,
        "time_source": "server", "time_suspect": False, "server_ms": NOW, "received_ms": NOW, **changes,
    }  # fmt: skip
    return UplinkEvent(**values)


def test_the_same_frame_again_is_a_duplicate() -> None:
    """Redelivery, a second bridge, a late gateway copy with a new event id: one frame."""
    memory = FrameMemory()
    assert memory.admit(frame()) == NOW
    assert memory.admit(frame(event_id="another")) is None
    assert memory.admit(frame(event_ms=NOW + 5000, server_ms=NOW + 5000)) is None


def test_another_counter_port_payload_session_or_device_is_another_frame() -> None:
    """Each part of the identity counts; frames in an occupied millisecond move on by one."""
    memory = FrameMemory()
    others = [
        frame(),
        frame(2),
        frame(f_port=2),
        frame(payload=b"\x02"),
        frame(session_id="05060708"),
    ]
    assert [memory.admit(other) for other in others] == [NOW, NOW + 1, NOW + 2, NOW + 3, NOW + 4]
    assert memory.admit(frame(device_key="24e124713d000002")) == NOW


def test_equal_frames_more_than_ten_minutes_apart_are_two() -> None:
    """An ABP device that lost its battery counts from 0 again; a retained or backfilled copy is a copy all the same."""
    memory = FrameMemory()
    later = NOW + TWO_FRAMES_MS + 1
    assert memory.admit(frame(0)) == NOW
    assert memory.admit(frame(0, event_ms=later, server_ms=later, retained=True)) is None
    assert memory.admit(frame(0, event_ms=later, server_ms=later, backfilled=True)) is None
    assert memory.admit(frame(0, event_ms=later, server_ms=later)) == later
    assert memory.admit(frame(0, event_ms=later, server_ms=later)) is None


def test_without_a_server_clock_distance_in_time_proves_nothing() -> None:
    """A copy delivered again after an hour's outage carries only our own clock."""
    memory = FrameMemory()
    assert memory.admit(frame(server_ms=None)) == NOW
    assert memory.admit(frame(server_ms=None, event_ms=NOW + 60 * MINUTE)) is None


def test_a_join_lets_the_counters_start_again() -> None:
    """Where the key names no session: after a join equal keys are new frames, but not for a redelivered copy."""
    memory = FrameMemory()
    silent = {"session_id": "", "server_ms": None}
    assert memory.admit(frame(0, **silent)) == NOW
    assert memory.admit_join("24e124713d000001", "join-1", NOW + 1000)
    assert not memory.admit_join("24e124713d000001", "join-1", NOW + 1000)
    assert memory.admit(frame(0, **silent, event_ms=NOW + 2000), redelivered=True) is None
    assert memory.admit(frame(0, **silent, event_ms=NOW + 2000)) == NOW + 2000
    assert memory.admit(frame(0, **silent, event_ms=NOW + 3000)) is None


def test_frames_without_counter_are_told_apart_by_event_id_or_time() -> None:
    """The Things Stack's simulated uplinks, AWS of 2020."""
    memory = FrameMemory()
    assert memory.admit(frame(None, event_id="a")) == NOW
    assert memory.admit(frame(None, event_id="a")) is None
    assert memory.admit(frame(None, event_id="b")) == NOW + 1
    assert memory.admit(frame(None, event_ms=NOW + 7)) == NOW + 7


def test_memory_is_bounded() -> None:
    """Per device in frames and age, and in devices."""
    memory = FrameMemory(per_device=8, max_age_ms=60 * MINUTE, max_devices=100)
    for n in range(50):
        memory.admit(frame(n, event_ms=NOW + n * 1000, server_ms=NOW + n * 1000))
    device = memory._devices[device_number("24e124713d000001")]
    assert len(device.frames) == len(device.times) == len(device.servers) == 8
    memory.admit(frame(99, event_ms=NOW + 120 * MINUTE, server_ms=NOW + 120 * MINUTE))
    assert len(device.frames) == 1
    for n in range(300):
        memory.admit(frame(device_key=f"{n:016x}"))
    assert len(memory._devices) == 100


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(0, 40), st.booleans()), max_size=60), st.data()
)
def test_a_restart_goes_on_exactly_where_it_was(steps: list[tuple[int, int, int, bool]], data: st.DataObject) -> None:
    """Loading what `take_fresh` gave at any cut leaves every later verdict the same."""

    def run(memory: FrameMemory, part: list[tuple[int, int, int, bool]]) -> list[int | bool | None]:
        verdicts: list[int | bool | None] = []
        for device, f_cnt, minute, join in part:
            at, key = NOW + minute * MINUTE, f"{device:016x}"
            if join:
                verdicts.append(memory.admit_join(key, str(minute), at))
            else:
                session = "" if device % 2 else "01020304"
                verdicts.append(
                    memory.admit(frame(f_cnt, device_key=key, event_ms=at, server_ms=at, session_id=session))
                )
        return verdicts

    cut = data.draw(st.integers(0, len(steps)))
    whole, first, second = FrameMemory(16), FrameMemory(16), FrameMemory(16)
    expected = run(whole, steps)
    verdicts = run(first, steps[:cut])
    second.load([first.take_fresh()])
    assert verdicts + run(second, steps[cut:]) == expected
