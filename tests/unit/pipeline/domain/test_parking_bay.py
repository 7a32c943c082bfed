"""One bay: free, occupied, unknown, and what happened to it."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.fold import Change, Run
from pipeline.domain.parking import DETECTOR
from pipeline.domain.parking.bay import BayState, believed, rules_of, why_unknown
from pipeline.domain.parking.counts import NOTHING, Counts, add_length, length_quantile_ms
from pipeline.domain.words import DomainEvent, Facts, Input, Observation, Report, Tick
from tests.unit.pipeline.domain.parking_days import HOUR_MS, MINUTE_MS, at, bay, fold, frame, learned, with_ticks

MORNING = at("2026-03-02 06:00")


def test_golden_day() -> None:
    """A short-stay bay on a Monday: two stays, of which one is half an hour too long, and a car that only turns."""
    facts = bay(bay_class="short_stay", max_stay_min=60)
    frames = [
        frame(at("2026-03-02 08:00"), True),
        frame(at("2026-03-02 08:40"), False),
        frame(at("2026-03-02 09:10"), True),  # turns
        frame(at("2026-03-02 09:10:30"), False),
        frame(at("2026-03-02 10:00"), True),
        frame(at("2026-03-02 11:30"), False),
        frame(at("2026-03-02 12:00"), False, event="heartbeat"),
    ]
    state, events = fold(facts, with_ticks(frames, at("2026-03-02 12:00")), learned(facts, MORNING))

    told = [(e.kind, e.start_ms, e.end_ms, e.ongoing, e.values) for e in events.values()]
    short = {"bay_class": "short_stay"}
    assert sorted(told, key=lambda row: (row[1], row[0])) == [
        ("arrived", at("2026-03-02 08:00"), None, False, short),
        ("left", at("2026-03-02 08:40"), None, False, short | {"dwell": 2400.0, "complete": True}),
        ("arrived", at("2026-03-02 10:00"), None, False, short),
        ("overstay", at("2026-03-02 11:00"), at("2026-03-02 11:30"), False, short | {"limit_min": 60, "dwell": 5400.0}),
        ("left", at("2026-03-02 11:30"), None, False, short | {"dwell": 5400.0, "complete": True}),
    ]
    assert believed(state, rules_of(facts), at("2026-03-02 12:00")) == ("free", at("2026-03-02 11:30"))
    assert [round(n / 250, 2) for n in state.counts.recent[-4:]] == [0.67, 0.0, 1.0, 0.5]


def test_the_overstay_goes_on_until_the_vehicle_leaves() -> None:
    """An overstay is told at the first full hour after its beginning, and ends with the stay under the same id."""
    facts = bay(bay_class="charging", max_stay_min=90)
    start = learned(facts, MORNING)
    inputs = with_ticks([frame(at("2026-03-02 08:00"), True)], at("2026-03-02 10:00"))
    state, events = fold(facts, inputs, start)
    (overstay,) = [e for e in events.values() if e.kind == "overstay"]
    assert overstay.ongoing and overstay.start_ms == at("2026-03-02 09:30")

    _, later = fold(facts, [frame(at("2026-03-02 10:20"), False), Tick(at("2026-03-02 11:00"))], state)
    ended = later[overstay.id]
    assert (ended.ongoing, ended.end_ms) == (False, at("2026-03-02 10:20"))


def test_derived_readings_follow_the_bay() -> None:
    """Each frame tells the bay's state and how long the vehicle has stood there; unknown while it learns."""
    facts = bay()
    _, first = DETECTOR.step(facts, DETECTOR.begin(facts), frame(MORNING, True))
    assert first.derived == {"bay_state": "unknown"}

    state = learned(facts, MORNING)
    derived = []
    for told in (
        frame(at("2026-03-02 08:00"), True),
        frame(at("2026-03-02 08:30"), True, event="heartbeat"),
        frame(at("2026-03-02 09:00"), False),
        frame(at("2026-03-02 09:01"), event="info"),
    ):
        state, step = DETECTOR.step(facts, state, told)
        derived.append(dict(step.derived))
    assert derived == [
        {"bay_state": "occupied", "dwell": 0.0},
        {"bay_state": "occupied", "dwell": 1800.0},
        {"bay_state": "free", "dwell": 3600.0},
        {},
    ]


def test_a_new_sensor_learns_before_it_is_believed() -> None:
    """Ten changes long nothing is believed and no car is counted."""
    facts = bay()
    frames = [frame(MORNING, False, event="startup")]
    frames += [frame(MORNING + i * 10 * MINUTE_MS, i % 2 == 1) for i in range(1, 10)]
    state, events = fold(facts, frames)
    assert why_unknown(state, rules_of(facts), state.heard_ms) == "learning"
    assert {e.kind for e in events.values()} == {"sensor_restarted"}

    state, events = fold(facts, [frame(MORNING + 2 * HOUR_MS, False), Tick(MORNING + 3 * HOUR_MS)], state)
    assert believed(state, rules_of(facts), MORNING + 3 * HOUR_MS) == ("free", MORNING + 2 * HOUR_MS)
    assert events == {}


def test_a_restarted_sensor_learns_again_but_not_for_ever() -> None:
    """After a restart the bay is unknown for three changes or a day; two frames of one restart are one."""
    facts = bay()
    frames = [
        frame(at("2026-03-02 08:00"), True, event="startup"),
        frame(at("2026-03-02 08:01"), True, event="startup"),
    ]
    state, events = fold(facts, frames, learned(facts, MORNING))
    assert [e.start_ms for e in events.values()] == [at("2026-03-02 08:00")]
    assert why_unknown(state, rules_of(facts), at("2026-03-02 20:00")) == "learning"
    beat = frame(at("2026-03-03 08:00"), True, event="heartbeat")
    state, events = fold(facts, with_ticks([beat], at("2026-03-03 08:00")), state)
    assert believed(state, rules_of(facts), at("2026-03-03 08:00"))[0] == "occupied"
    assert events == {}


def test_a_sensor_that_restarts_all_the_time_is_not_believed() -> None:
    """Three restarts in a day are a fault that goes on until there was none for a day."""
    facts = bay()
    frames = [frame(MORNING + i * 2 * HOUR_MS, i % 2 == 0, event="startup") for i in range(2, 6)]
    state, events = fold(facts, frames, learned(facts, MORNING))
    (fault,) = [e for e in events.values() if e.kind == "sensor_rebooting"]
    assert fault.ongoing
    assert why_unknown(state, rules_of(facts), MORNING + 11 * HOUR_MS) == "rebooting"
    beats = [frame(MORNING + h * HOUR_MS, False, event="heartbeat") for h in range(12, 36, 6)]
    state, events = fold(facts, with_ticks(beats, MORNING + 36 * HOUR_MS), state)
    assert events[fault.id].end_ms == MORNING + 10 * HOUR_MS
    assert believed(state, rules_of(facts), MORNING + 36 * HOUR_MS)[0] == "free"


def test_silence_longer_than_two_heartbeats_is_unknown() -> None:
    """The heartbeat is learned from what the sensor does; the first word after the silence is a new beginning."""
    facts = bay()
    beats = [frame(MORNING + h * HOUR_MS, False, event="heartbeat") for h in range(6)]
    state, _ = fold(facts, beats, learned(facts, MORNING))
    rules, last = rules_of(facts), MORNING + 5 * HOUR_MS
    assert why_unknown(state, rules, last + 2 * HOUR_MS) == ""
    assert why_unknown(state, rules, last + 3 * HOUR_MS) == "silent"

    state, events = fold(facts, with_ticks([Tick(last + HOUR_MS)], last + 4 * HOUR_MS), state)
    (silent,) = events.values()
    assert (silent.kind, silent.ongoing, silent.start_ms) == ("sensor_silent", True, last + int(2.1 * HOUR_MS))
    state, events = fold(facts, [frame(last + 5 * HOUR_MS, True)], state)
    assert (events[silent.id].ongoing, events[silent.id].end_ms) == (False, last + 5 * HOUR_MS)
    assert "arrived" not in {e.kind for e in events.values()}
    assert believed(state, rules, last + 5 * HOUR_MS) == ("occupied", last + 5 * HOUR_MS)


def test_lost_changes_are_not_taken_for_heartbeats() -> None:
    """Where heartbeats are marked, a repeated state between them is a change whose counterpart got lost."""
    frames = [frame(MORNING + h * HOUR_MS, False, event="heartbeat") for h in range(0, 60, 12)]
    frames += [frame(MORNING + (h + 1) * HOUR_MS, False) for h in range(0, 48, 12)]
    state, _ = fold(bay(), sorted(frames, key=lambda told: told.time_ms), learned(bay(), MORNING - HOUR_MS))
    assert state.beat_ms == 0
    assert why_unknown(state, rules_of(bay()), state.heard_ms + 30 * HOUR_MS) == ""


def test_frames_that_contradict_each_other_are_counted() -> None:
    """Heartbeats with another state than the frame before are those of a drifting sensor; a calm day has none."""
    odd = [frame(MORNING + h * HOUR_MS, h % 2 == 1, event="heartbeat") for h in range(1, 25)]
    calm = [frame(MORNING + h * HOUR_MS, h % 2 == 1) for h in range(1, 25)]
    start = learned(bay(), MORNING)
    assert fold(bay(), odd, start)[0].odd > 0.8
    assert fold(bay(), calm, start)[0].odd < 0.1


def test_a_restart_told_in_a_record_of_its_own_keeps_the_state_of_its_frame() -> None:
    """Some decoders tell the restart on a channel beside the state: the state of that very frame holds."""
    frames = [frame(MORNING + HOUR_MS, True), frame(MORNING + HOUR_MS, event="startup")]
    state, events = fold(bay(), frames, learned(bay(), MORNING))
    assert (state.settled, why_unknown(state, rules_of(bay()), MORNING + HOUR_MS)) == (True, "learning")
    assert {e.kind for e in events.values()} == {"sensor_restarted"}


def test_the_inventory_may_tell_the_heartbeat() -> None:
    """`heartbeat_s` holds against what is learned."""
    facts, state = bay(heartbeat_s=600), learned(bay(), MORNING)
    assert why_unknown(state, rules_of(facts), MORNING + 22 * MINUTE_MS) == "silent"
    assert why_unknown(state, rules_of(bay()), MORNING + 22 * MINUTE_MS) == ""


@pytest.mark.parametrize(
    "fault",
    [
        frame(MORNING + HOUR_MS, True, occupancy_state="unknown"),
        Observation(MORNING + HOUR_MS, MORNING + HOUR_MS, "d1", "", {}, {"occupied": "sensor_error"}),
    ],
)
def test_a_sensor_that_says_it_cannot_tell_is_believed(fault: Observation) -> None:
    """Interference and faults make the bay unknown until the next good frame; the stay goes on."""
    facts = bay()
    state, events = fold(facts, [fault], learned(facts, MORNING))
    assert why_unknown(state, rules_of(facts), fault.time_ms) == "fault"
    state, more = fold(facts, [frame(MORNING + 2 * HOUR_MS, False, event="heartbeat")], state)
    assert believed(state, rules_of(facts), MORNING + 2 * HOUR_MS)[0] == "free"
    assert events == {} and more == {}


def test_a_vehicle_on_a_fire_lane_is_an_alarm_at_once() -> None:
    """First with little confidence, after the minimum dwell with much; it ends when the lane is free again."""
    facts = bay(bay_class="fire_lane")
    came, left = at("2026-03-02 08:00"), at("2026-03-02 08:20")
    state, events = fold(facts, [frame(came, True)], learned(facts, MORNING))
    (alarm,) = events.values()
    assert (alarm.kind, alarm.start_ms, alarm.ongoing, alarm.confidence) == ("fire_lane_occupied", came, True, 0.5)
    state, events = fold(facts, [frame(came + 5 * MINUTE_MS, event="info")], state)
    assert events[alarm.id].confidence > 0.9
    state, events = fold(facts, [frame(left, False), Tick(at("2026-03-02 09:00"))], state)
    assert (events[alarm.id].ongoing, events[alarm.id].end_ms) == (False, left)
    assert len(events) == 1


def test_a_vehicle_that_passes_over_a_fire_lane_leaves_no_alarm() -> None:
    """Gone before the minimum dwell: the alarm is withdrawn."""
    facts = bay(bay_class="fire_lane")
    came = at("2026-03-02 08:00")
    inputs = [frame(came, True), frame(came + 20_000, False), Tick(at("2026-03-02 09:00"))]
    state, events = fold(facts, inputs, learned(facts, MORNING))
    assert events == {}
    assert state.alarm_event_ms == 0


def test_a_restarting_sensor_on_a_fire_lane_is_doubted() -> None:
    """Restarting sensors report vehicles that are not there: such an alarm has little confidence."""
    facts = bay(bay_class="fire_lane")
    _, events = fold(facts, [frame(MORNING + HOUR_MS, True, event="startup")], learned(facts, MORNING))
    assert [e.confidence for e in events.values() if e.kind == "fire_lane_occupied"] == [0.3]


def test_of_a_personal_bay_nothing_is_told() -> None:
    """No event and no reading tells when its holder comes and goes, and no memory keeps it."""
    facts = bay(bay_class="personal", max_stay_min=30)
    frames = [frame(MORNING + h * HOUR_MS, h % 2 == 1) for h in range(1, 60)]
    state = learned(facts, MORNING)
    said: list[object] = []
    for told in with_ticks(frames, MORNING + 60 * HOUR_MS):
        state, step = DETECTOR.step(facts, state, told)
        said += [*step.events, *step.derived]
    assert said == []
    assert state.counts == Counts(at_ms=state.counts.at_ms, hour_ms=state.counts.hour_ms)


def test_a_new_sensor_in_the_bay_learns_and_the_bay_remembers() -> None:
    """The memory of hours and days is the bay's; learning and heartbeat are the sensor's."""
    facts = bay()
    inputs = with_ticks([frame(at("2026-03-02 08:00"), True)], at("2026-03-02 12:00"))
    state, _ = fold(facts, inputs, learned(facts, MORNING))
    after, _ = fold(facts, [frame(at("2026-03-02 12:30"), False, device="d2")], state)
    assert after.counts.profile == state.counts.profile
    assert why_unknown(after, rules_of(facts), after.heard_ms) == "learning"


def test_wild_changes_make_the_sensor_unbelievable() -> None:
    """A sensor that changes more often than cars can is a fault, and the bay unknown."""
    facts = bay(min_dwell_s=1)
    frames = [frame(MORNING + i * MINUTE_MS, i % 2 == 1) for i in range(1, 60)]
    state, events = fold(facts, with_ticks(frames, MORNING + HOUR_MS), learned(facts, MORNING))
    assert "sensor_flapping" in {e.kind for e in events.values()}
    assert why_unknown(state, rules_of(facts), MORNING + HOUR_MS) == "flapping"


def test_a_bay_without_any_change_is_stuck_in_the_end() -> None:
    """Never changed for two weeks: the bay's own measure, for places without neighbours; a free fire lane never is."""
    beats = [frame(MORNING + h * HOUR_MS, False, event="heartbeat") for h in range(0, 15 * 24, 12)]
    inputs = with_ticks(beats, MORNING + 15 * 24 * HOUR_MS)
    _, events = fold(bay(), inputs)
    assert [e.kind for e in events.values()] == ["sensor_stuck"]
    assert fold(bay(bay_class="fire_lane"), inputs)[1] == {}


@pytest.mark.parametrize(
    ("day", "hours", "cells"),
    [("2026-03-29", 23, [h for h in range(24) if h != 2]), ("2026-10-25", 25, list(range(24)))],
)
def test_days_of_the_clock_change(day: str, hours: int, cells: list[int]) -> None:
    """A day has as many hours as it has; each goes into the profile under its local name."""
    facts = bay()
    start = at(f"{day} 00:00")
    beats = [frame(start + h * HOUR_MS, False, event="heartbeat") for h in range(0, hours, 4)]
    ticks = [Tick(start + h * HOUR_MS) for h in range(1, hours + 1)]
    inputs = sorted([*beats, *ticks], key=lambda g: (g.time_ms, isinstance(g, Tick)))
    before, _ = fold(facts, [Tick(start)], learned(facts, start))
    state, _ = fold(facts, inputs, before)
    known = [i % 24 for i, n in enumerate(state.counts.profile) if n != NOTHING and i >= 6 * 24]
    assert known == cells
    assert state.counts.known_hours == 0 and state.counts.arrivals[-1] == 0
    assert state.counts.day == before.counts.day + 1


_steps = st.lists(st.tuples(st.integers(1, 3 * 3600), st.booleans(), st.booleans()), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(_steps)
def test_a_repeated_state_changes_nothing(steps: list[tuple[int, bool, bool]]) -> None:
    """Heartbeats between the changes neither make nor move an event."""
    facts = bay(max_stay_min=120, heartbeat_s=86_400)
    time, frames = MORNING, []
    for seconds, now, _ in steps:
        time += seconds * 1000
        frames.append(frame(time, now))
    plain = with_ticks(frames, time + 2 * HOUR_MS)
    doubled: list[Input] = []
    for told in plain:
        doubled.append(told)
        if isinstance(told, Observation):
            doubled.append(frame(told.time_ms + 1, bool(told.values["occupied"]), event="heartbeat"))
    start = learned(facts, MORNING)
    assert fold(facts, doubled, start)[1] == fold(facts, plain, start)[1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 59), min_size=2, max_size=30), st.booleans())
def test_flapping_below_the_minimum_dwell_gives_no_event(seconds: list[int], lane: bool) -> None:
    """However often it changes: what never lasts a minute did not happen, also on a fire lane."""
    facts = bay(bay_class="fire_lane" if lane else "")
    time, frames, n = MORNING, [], len(seconds) // 2 * 2
    for i, pause in enumerate(seconds[:n]):
        time += (pause if i % 2 else 300) * 1000  # each visit is short, the time between them is not
        frames.append(frame(time, i % 2 == 0))
    _, events = fold(facts, with_ticks(frames, time + 2 * HOUR_MS), learned(facts, MORNING))
    assert [e.kind for e in events.values() if not e.kind.startswith("sensor_")] == []


@settings(max_examples=60, deadline=None)
@given(_steps)
def test_events_alternate_and_add_up(steps: list[tuple[int, bool, bool]]) -> None:
    """Arrivals and departures take turns, a stay ends after it began, and its dwell is what lies between."""
    facts, time, frames = bay(heartbeat_s=86_400), MORNING, []
    for seconds, now, beat in steps:
        time += seconds * 1000
        frames.append(frame(time, now, event="heartbeat") if beat else frame(time, now))
    _, events = fold(facts, with_ticks(frames, time + 2 * HOUR_MS), learned(facts, MORNING))
    moves = sorted((e for e in events.values() if e.kind in ("arrived", "left")), key=lambda e: e.start_ms)
    assert [e.kind for e in moves] == [("arrived", "left")[i % 2] for i in range(len(moves))]
    for came, left in zip(moves[::2], moves[1::2], strict=False):
        assert left.values["dwell"] == (left.start_ms - came.start_ms) / 1000 >= 60


@settings(max_examples=30, deadline=None)
@given(_steps, st.integers(0, 200))
def test_the_state_survives_a_restart_of_the_service(steps: list[tuple[int, bool, bool]], cut: int) -> None:
    """Packed and unpacked in the middle, all goes on as if nothing had been; and a bay takes less than 1 kB."""
    facts, time, frames = bay(max_stay_min=30), MORNING, []
    for seconds, now, restart in steps:
        time += seconds * 1000
        frames.append(frame(time, now, event="startup") if restart and now else frame(time, now))
    inputs = with_ticks(frames, time + 50 * HOUR_MS)
    start, cut = learned(facts, MORNING), min(cut, len(inputs))
    half, first = fold(facts, inputs[:cut], start)
    packed = msgspec.msgpack.encode(half)
    end, second = fold(facts, inputs[cut:], msgspec.msgpack.decode(packed, type=BayState))
    whole, events = fold(facts, inputs, start)
    assert end == whole
    assert {**first, **second} == events
    assert len(packed) < 1000


@settings(max_examples=25, deadline=None)
@given(_steps, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(steps: list[tuple[int, bool, bool]], chance: random.Random) -> None:
    """Run as the service runs it: frames shuffled within the lateness bound and repeated leave the same events,
    derived readings and state."""
    facts, time, frames = bay(max_stay_min=45, bay_class="short_stay"), MORNING, []
    for i in range(11):
        time += 15 * MINUTE_MS
        frames.append(frame(time, i % 2 == 1))
    for seconds, now, restart in steps:
        time += seconds * 1000
        frames.append(frame(time, now, event="startup") if restart and now else frame(time, now))
    arrival = sorted(frames, key=lambda told: told.time_ms + chance.random() * 5.9 * HOUR_MS)
    assert _run(facts, [*arrival, *arrival[-5:]], time) == _run(facts, frames, time)


def _run(facts: Facts, frames: list[Observation], end_ms: int) -> tuple[object, ...]:
    run = Run(DETECTOR)
    body, events, derived = run.begin(facts), dict[str, DomainEvent](), dict[tuple[str, int], object]()
    for told in frames:
        body, change = run.feed(facts, body, [told])
        _apply(change, events)
        derived.update(change.derived)
    body, change = run.feed(facts, body, [], end_ms + 5 * HOUR_MS)
    _apply(change, events)
    return run.state(body), events, {key: values for key, values in derived.items() if values}


def _apply(change: Change, events: dict[str, DomainEvent]) -> None:
    events.update(change.events)
    for name in change.withdrawn:
        events.pop(name, None)


def test_reports_of_people_change_nothing() -> None:
    """A report is no word of the sensor."""
    facts, start = bay(), learned(bay(), MORNING)
    state, events = fold(facts, [Report(MORNING + 1000, MORNING + 1000, "emptied")], start)
    assert events == {}
    assert (state.raw, state.heard_ms, state.since_ms) == (start.raw, start.heard_ms, start.since_ms)


def test_attributes_that_make_no_sense_are_left_out() -> None:
    """A word where a number belongs, and a time zone that does not exist, do not stop the city."""
    facts = bay(max_stay_min="often", min_dwell_s=-1, heartbeat_s=True, time_zone="Nowhere/Land")
    rules = rules_of(facts)
    assert (rules.max_stay_ms, rules.dwell_ms, rules.beat_ms) == (None, MINUTE_MS, None)
    state, _ = fold(facts, with_ticks([frame(MORNING, True)], MORNING + 3 * HOUR_MS))
    assert state.counts.hour_ms == MORNING + 3 * HOUR_MS


def test_lengths_are_kept_in_classes_that_fade() -> None:
    """A quantile is the upper bound of its class; old habits are halved away."""
    lengths = Counts().stays
    assert length_quantile_ms(lengths, 0.5) is None
    for _ in range(400):
        lengths = add_length(lengths, 45 * MINUTE_MS)
    assert length_quantile_ms(lengths, 0.5) == 60 * MINUTE_MS
    for _ in range(260):
        lengths = add_length(lengths, 5 * 24 * HOUR_MS)
    assert sum(lengths) <= 400
    assert length_quantile_ms(lengths, 0.5) == 2 * 5760 * MINUTE_MS
