"""What the waste detector makes of one bin: a golden day by hand, and each event's edges."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.waste import DETECTOR
from pipeline.domain.waste.clock import HOUR_MS, local_ms
from pipeline.domain.waste.state import WasteState
from pipeline.domain.words import Input, Observation, Report, Tick
from tests.waste_series import MONDAY, Heard, bin_facts, bin_life, listen, matched, sample, with_ticks

FACTS = bin_facts(collection_days="mon,thu")
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + day for day in range(1, 5))


def hourly(day: int, hour: int, levels: list[float]) -> list[Input]:
    """A sample at every full hour from a local day and hour on."""
    return [sample(local_ms(day, hour) + n * HOUR_MS, level) for n, level in enumerate(levels)]


def starts(heard: Heard, kind: str) -> list[int]:
    return [event.start_ms for event in heard.of(kind)]


def rising(low: float, step: float, count: int) -> list[float]:
    return [low + step * n for n in range(count)]


def test_golden_days_by_hand() -> None:
    """Monday emptied at nine, Thursday nobody came: told Friday at six, cleared on Friday when the lorry came at ten.

    The bin gains a point an hour from 60 % on Sunday at midnight; samples are exact, so every figure can be counted.
    """
    levels = rising(60, 1, 9) + rising(2, 0.75, 97) + rising(2, 1, 8)  # Mon 0-8, Mon 9 to Fri 9, Fri 10-17
    heard = listen(FACTS, with_ticks(hourly(MONDAY, 0, levels)))
    emptied = heard.of("emptied")
    assert [e.start_ms for e in emptied] == [local_ms(MONDAY, 9), local_ms(FRIDAY, 10)]
    assert [e.values["before"] for e in emptied] == [pytest.approx(68, abs=1), pytest.approx(74, abs=1)]
    assert emptied[0].values["evidence"] == "sensor"
    missed = heard.of("missed_collection")
    assert [(e.start_ms, e.end_ms, e.ongoing) for e in missed] == [(local_ms(THURSDAY, 0), local_ms(FRIDAY, 10), False)]
    assert not heard.withdrawn and not heard.of("overflow") and not heard.of("stuck")
    last = heard.derived[local_ms(FRIDAY, 17)]
    assert last["fill_level_estimate"] == pytest.approx(9, abs=1)
    assert last["fill_rate"] == pytest.approx(0.77, abs=0.1)
    assert float(last["time_to_full_low"]) < float(last["time_to_full"]) < float(last["time_to_full_high"])


def test_missed_is_told_at_six_local_time_the_next_morning() -> None:
    """Not before six o'clock in Berlin, and only once."""
    state, told = listen(FACTS, with_ticks(hourly(WEDNESDAY, 0, rising(40, 0.7, 48)))).state, []
    for hour in range(10):
        at = local_ms(FRIDAY, hour)
        state, _ = DETECTOR.step(FACTS, state, sample(at, 73.5 + 0.7 * hour))
        state, step = DETECTOR.step(FACTS, state, Tick(at))
        told += [(hour, event.kind, event.ongoing) for event in step.events]
    assert told == [(6, "missed_collection", True)]


def test_nothing_is_claimed_of_an_empty_or_silent_bin() -> None:
    """An emptying that could not have shown, or samples that never came, make no missed collection."""
    empty = listen(FACTS, with_ticks(hourly(WEDNESDAY, 0, [2.0, 3.0] * 36)))
    silent = listen(FACTS, with_ticks([*hourly(WEDNESDAY, 0, rising(40, 1, 30)), Tick(local_ms(FRIDAY, 20))]))
    assert not empty.of("missed_collection") and not silent.of("missed_collection")


def test_one_low_sample_is_no_emptying() -> None:
    """A single outlier says nothing."""
    heard = listen(FACTS, hourly(TUESDAY, 0, [70, 71, 72, 0, 73, 74, 100, 75]))
    assert not heard.events


def test_a_false_emptying_is_withdrawn() -> None:
    """Two outliers that agree look like an emptying until the level comes back."""
    heard = listen(FACTS, hourly(TUESDAY, 0, [70, 71, 72, 0, 0, 73, 74, 75]))
    assert heard.withdrawn == [f"emptied:bin-1:{local_ms(TUESDAY, 3)}"]
    assert not heard.of("emptied")


def test_a_withdrawn_emptying_gives_back_what_it_cleared() -> None:
    """A missed collection that a false emptying had ended goes on under the same id."""
    levels = [*rising(40, 0.7, 56), 0.0, 0.0, *rising(80, 0.7, 4)]
    heard = listen(FACTS, with_ticks(hourly(WEDNESDAY, 0, levels)))
    assert [(e.ongoing, e.end_ms) for e in heard.of("missed_collection")] == [(True, None)]
    assert len(heard.withdrawn) == 1


def test_a_false_rise_does_not_end_in_an_emptying() -> None:
    """Outliers at the top that agree, then the true level again."""
    assert not listen(FACTS, hourly(TUESDAY, 0, [40, 41, 42, 100, 100, 43, 44, 45, 46])).of("emptied")


def test_compacted_waste_is_no_emptying() -> None:
    """Waste that settles falls, but not to the floor."""
    assert not listen(FACTS, hourly(TUESDAY, 0, [80, 81, 82, 66, 66, 67])).of("emptied")


def test_tilt_makes_one_low_sample_enough() -> None:
    """The lorry's lift is seen by the accelerometer; it is no tilt of its own."""
    at = local_ms(TUESDAY, 4)
    given = [
        *hourly(TUESDAY, 0, [70, 71, 72, 73]),
        sample(at, tilt_alarm=True),
        sample(at + 60_000, 2, tilt_alarm=False),
    ]
    heard = listen(FACTS, given)
    assert [(e.kind, e.start_ms, e.values["evidence"]) for e in heard.events.values()] == [
        ("emptied", at + 60_000, "sensor+tilt")
    ]


def test_the_crews_word_confirms_one_event() -> None:
    """Report before, between or after the samples: one emptying, sure, with both witnesses."""
    before, after = hourly(TUESDAY, 0, [70, 71, 72]), hourly(TUESDAY, 3, [2, 3, 3])
    for minutes in (-20, 10, 90):
        at = local_ms(TUESDAY, 3) + minutes * 60_000
        given = sorted([*before, Report(at, at, "emptied"), *after], key=lambda one: one.time_ms)
        events = listen(FACTS, given).of("emptied")
        assert [(e.values["evidence"], e.confidence) for e in events] == [("sensor+report", 1.0)], minutes


def test_a_report_that_the_level_contradicts_is_withdrawn() -> None:
    """The wrong bin's button: three samples that go on as before."""
    at = local_ms(TUESDAY, 3)
    given: list[Input] = [*hourly(TUESDAY, 0, [70, 71, 72]), Report(at - 1, at - 1, "emptied")]
    assert listen(FACTS, given).of("emptied")
    heard = listen(FACTS, [*given, *hourly(TUESDAY, 3, [73, 74, 75])])
    assert not heard.of("emptied") and heard.withdrawn


def test_other_reports_are_not_about_emptying() -> None:
    """A crew may say other things."""
    assert not listen(FACTS, [*hourly(TUESDAY, 0, [70, 71]), Report(local_ms(TUESDAY, 2), 0, "watered")]).events


def test_overflow_begins_and_ends() -> None:
    """From the first full sample to the emptying."""
    heard = listen(FACTS, hourly(TUESDAY, 0, [90, 93, 96, 98, 100, 100, 100, 2, 3, 3]))
    (event,) = heard.of("overflow")
    assert local_ms(TUESDAY, 2) <= event.start_ms <= local_ms(TUESDAY, 3)
    assert (event.end_ms, event.ongoing) == (local_ms(TUESDAY, 7), False)


@pytest.mark.parametrize(
    ("degrees", "alarm", "burns"),
    [(75.0, None, True), (52.0, None, True), (41.0, None, False), (25.0, True, True), (25.0, False, False)],
)
def test_fire_by_heat_by_its_rate_or_by_alarm(degrees: float, alarm: bool | None, burns: bool) -> None:
    """At once on one sample; sun alone (41 degrees) is none."""
    extra = {} if alarm is None else {"fire_alarm": alarm}
    at = local_ms(TUESDAY, 13)
    heard = listen(
        FACTS, [sample(at, 50, device_temperature=24.0), sample(at + HOUR_MS, 51, device_temperature=degrees, **extra)]
    )
    assert starts(heard, "fire") == ([at + HOUR_MS] if burns else [])


def test_a_fire_ends_when_it_is_cool_again() -> None:
    """After two cool samples."""
    at = local_ms(TUESDAY, 13)
    heard = listen(
        FACTS, [sample(at + n * HOUR_MS, 50, device_temperature=t) for n, t in enumerate((90.0, 30.0, 29.0))]
    )
    assert [(e.start_ms, e.end_ms) for e in heard.of("fire")] == [(at, at + 2 * HOUR_MS)]


def test_tilt_needs_time_and_gives_no_level() -> None:
    """Two samples an hour apart begin it; a level measured lying down is no level; upright ends it."""
    given = [
        sample(local_ms(TUESDAY, hour), level, tilt_alarm=tilted)
        for hour, level, tilted in ((0, 50, False), (1, 51, False), (2, 0, True), (3, 0, True), (4, 52, False))
    ]
    heard = listen(FACTS, given)
    assert [(e.kind, e.start_ms, e.end_ms) for e in heard.events.values()] == [
        ("tilt", local_ms(TUESDAY, 2), local_ms(TUESDAY, 4))
    ]
    assert local_ms(TUESDAY, 3) not in heard.derived


def test_tilt_of_a_device_that_fell_silent() -> None:
    """Ticks alone bring it about."""
    heard = listen(FACTS, with_ticks([sample(local_ms(TUESDAY, 0), tilt_alarm=True), Tick(local_ms(TUESDAY, 3))]))
    assert [e.ongoing for e in heard.of("tilt")] == [True]


def test_moved_needs_two_positions_away() -> None:
    """One odd fix is none; two are; back home ends it."""
    away, home = {"latitude": 49.5, "longitude": 8.47}, {"latitude": 49.4875, "longitude": 8.466}
    fixes = [away, home, away, away, home, home]
    heard = listen(FACTS, [sample(local_ms(TUESDAY, n), **fix) for n, fix in enumerate(fixes)])
    assert [(e.start_ms, e.end_ms) for e in heard.of("moved")] == [(local_ms(TUESDAY, 2), local_ms(TUESDAY, 5))]


def test_stuck_is_told_and_stops_forecasts_until_the_value_changes() -> None:
    """A flat line in a bin that used to wobble."""
    lively, _ = bin_life(3, days=20, outliers=0.0, miss=0.0, collection=(0,))
    end = lively[-1].time_ms
    flat: list[Input] = [sample(end + n * HOUR_MS, 55.5) for n in range(1, 60)]
    heard = listen(FACTS, [*lively, *flat])
    (event,) = heard.of("stuck")
    assert event.start_ms == end + HOUR_MS and event.ongoing
    assert flat[-1].time_ms not in heard.derived
    again = listen(FACTS, [sample(end + 60 * HOUR_MS, 57.0)], heard.state)
    assert [e.end_ms for e in again.of("stuck")] == [end + 60 * HOUR_MS]


def test_a_quiet_night_is_not_stuck() -> None:
    """Ten equal samples of a bin that nobody uses at night."""
    assert not listen(FACTS, hourly(TUESDAY, 20, [42.0] * 10)).events


def test_faulty_values_are_not_levels() -> None:
    """A level with a quality that is not ok changes nothing; the blind zone is a level."""
    bad = Observation(1000, 1000, "d", "", {"fill_level": 3.0}, {"fill_level": "out_of_range"})
    blind = Observation(1000, 1000, "d", "", {"fill_level": 100.0}, {"fill_level": "blind_zone"})
    assert listen(FACTS, [bad]).state.track == WasteState().track
    assert listen(FACTS, [blind]).state.track != WasteState().track


def test_state_is_small_and_survives_messagepack() -> None:
    """Well below 2 kB after two months, and the same after a restart."""
    given, _ = bin_life(1)
    state = listen(FACTS, given).state
    body = msgspec.msgpack.encode(state)
    assert len(body) < 1500
    assert msgspec.msgpack.decode(body, type=WasteState) == state


def test_a_step_changes_nothing_that_it_was_given() -> None:
    """The same state and input give the same answer again; the state is what it was."""
    given, _ = bin_life(2, days=6)
    state = DETECTOR.begin(FACTS)
    for one in given:
        before = msgspec.msgpack.encode(state)
        answer = DETECTOR.step(FACTS, state, one)
        assert msgspec.msgpack.encode(state) == before
        assert DETECTOR.step(FACTS, state, one) == answer
        state = answer[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_month_with_a_tenth_outliers(seed: int) -> None:
    """Hardly an emptying is lost or made up, and misses are found; events keep their order."""
    given, truth = bin_life(seed, days=35, outliers=0.1)
    heard = listen(bin_facts(collection_days="mon,thu", collection_hour=8.0), given)
    real = [at for at in truth.emptied if at > given[0].time_ms + 24 * HOUR_MS]
    found = [at for at in starts(heard, "emptied") if at > given[0].time_ms + 24 * HOUR_MS]
    assert matched(found, real, 3 * HOUR_MS) == len(real)
    assert len(found) <= len(real) + 1
    missed = [at for at in truth.missed if at < given[-1].time_ms - 30 * HOUR_MS]
    assert matched(starts(heard, "missed_collection"), missed, 12 * HOUR_MS) == len(missed)
    assert all(a.start_ms < b.start_ms for a, b in pairwise(heard.of("emptied")))


@given(st.lists(st.booleans(), min_size=30, max_size=80), st.sampled_from([0.0, 100.0]))
@settings(max_examples=30, deadline=None)
def test_rare_outliers_make_no_false_emptying(flags: list[bool], wrong: float) -> None:
    """At most a tenth of the samples lie, at most two of any eight in a row: no emptying stands in the end."""
    budget, lied, levels = len(flags) // 10, list[int](), list[float]()
    for n, flag in enumerate(flags):
        lies = flag and budget > 0 and n > 2 and (len(lied) < 2 or n - lied[-2] >= 8)
        budget -= lies
        lied += [n] * lies
        levels.append(wrong if lies else 45.0 + 0.3 * n)
    levels += [45.0 + 0.3 * (len(flags) + n) for n in range(4)]
    assert not listen(FACTS, hourly(TUESDAY, 0, levels)).of("emptied")
