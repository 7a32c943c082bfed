"""The fold: in whatever order, how often and in what pieces inputs come, the same comes out."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.domain.fold import HOUR_MS, TICKS_MS, Run
from pipeline.domain.rows import pack, unpack
from pipeline.domain.words import LATENESS_MS, Observation, Report
from pipeline.inventory_model import Asset
from tests.unit.pipeline.domain.toy import FACTS, START_MS, Book, Toy, ToyState, from_scratch

MINUTE = 60_000
Given = Observation | Report


def seen(minute: float, level: float, device: str = "a", channel: str = "") -> Observation:
    at = START_MS + int(minute * MINUTE)
    return Observation(at, at + 2000, device, channel, {"fill_level": level})


def told(minute: float) -> Report:
    at = START_MS + int(minute * MINUTE)
    return Report(at, at, "emptied")


@st.composite
def days(draw: st.DrawFn) -> list[Given]:
    """Inputs of up to three days with quiet stretches, full hours and several devices in one moment."""
    minute, made = draw(st.integers(0, 59)), dict[tuple[int, str], Given]()
    for _ in range(draw(st.integers(1, 40))):
        minute += draw(st.sampled_from([0, 1, 7, 20, 60, 60, 61, 300]))
        device = draw(st.sampled_from(["a", "b", "report"]))
        level = draw(st.sampled_from([5.0, 10.0, 50.0, 51.5, 90.0, 95.0]))
        made[minute, device] = told(minute) if device == "report" else seen(minute, level, device)
    return list(made.values())


def shuffled(inputs: list[Given], delays: list[int]) -> list[Given]:
    """Inputs in another order of arrival: each at most the lateness bound after any that is newer."""
    late = [
        (one.time_ms + delay % (LATENESS_MS - 1), n) for n, (one, delay) in enumerate(zip(inputs, delays, strict=True))
    ]
    return [inputs[n] for _, n in sorted(late)]


@settings(max_examples=150, deadline=None)
@given(data=st.data(), inputs=days())
def test_order_repetition_pieces_and_restarts_change_nothing(data: st.DataObject, inputs: list[Given]) -> None:
    """Shuffled within the bound, repeated, in batches of any size, with the clock passing between them: the same
    events and derived readings as in order, and the same state."""
    run = Run(Toy())
    end_ms = max(one.time_ms for one in inputs) + 20 * HOUR_MS
    expected, body = from_scratch(run, inputs, end_ms)
    arrivals = shuffled(
        inputs, data.draw(st.lists(st.integers(0, LATENESS_MS), min_size=len(inputs), max_size=len(inputs)))
    )
    book, again, position = Book(), run.begin(FACTS), 0
    while position < len(arrivals):
        size = data.draw(st.integers(1, 6))
        batch = arrivals[position : position + size]
        repeated = arrivals[max(0, position - data.draw(st.integers(0, 4))) : position]
        repeated = [
            one for one in repeated if one.time_ms > max(a.time_ms for a in arrivals[: position + 1]) - LATENESS_MS
        ]
        clock_ms = data.draw(st.sampled_from([-1, batch[-1].time_ms, batch[-1].time_ms + 5 * HOUR_MS]))
        again, change = Run(Toy()).feed(FACTS, again, [*repeated, *batch], min(clock_ms, end_ms))
        book.enter(change)
        position += size
    again, change = run.feed(FACTS, again, [], end_ms)
    book.enter(change)
    assert book.events == expected.events
    assert book.derived == expected.derived
    assert run.state(again) == run.state(body)
    assert change.too_late == 0


@settings(max_examples=50, deadline=None)
@given(inputs=days())
def test_a_window_given_twice_is_no_change(inputs: list[Given]) -> None:
    """All that lies within the bound once more: the very same body, nothing said, nothing run."""
    toy = Toy()
    run = Run(toy)
    _, body = from_scratch(run, inputs)
    steps = toy.steps
    newest = max(one.time_ms for one in inputs)
    again, change = run.feed(FACTS, body, [one for one in inputs if one.time_ms > newest - LATENESS_MS])
    assert again == body and not change.events and not change.derived and not change.withdrawn
    assert toy.steps == steps


def test_in_order_costs_one_step_each() -> None:
    """An input in order and the hour before it are one step each; nothing runs twice."""
    toy = Toy()
    run = Run(toy)
    from_scratch(run, [seen(60 * n + 30, 50.0) for n in range(200)])
    assert toy.steps == 200 + 199


def test_late_data_revises_and_withdraws() -> None:
    """A late low level between two high ones first shortens the peak to nothing, and its id never comes twice."""
    run = Run(Toy())
    body, change = run.feed(FACTS, run.begin(FACTS), [seen(0, 50), seen(10, 90), seen(40, 95)])
    (peak,) = change.events.values()
    assert peak.ongoing and peak.start_ms == START_MS + 10 * MINUTE
    body, change = run.feed(FACTS, body, [seen(15, 5)])
    assert change.withdrawn == {peak.id}
    assert [event.start_ms for event in change.events.values()] == [START_MS + 40 * MINUTE]
    assert ("a", START_MS + 15 * MINUTE) not in change.derived or change.derived["a", START_MS + 15 * MINUTE]
    assert ("a", START_MS + 10 * MINUTE) not in change.derived, "what came before is as it was"


def test_an_event_begun_before_all_points_is_restored() -> None:
    """A peak of two days ago that was thought to have ended goes on again when late data take the end back."""
    run = Run(Toy())
    inputs: list[Given] = [seen(0, 90)] + [seen(60 * n, 50) for n in range(1, 48)]
    book, body = from_scratch(run, inputs)
    (peak,) = book.events.values()
    body, change = run.feed(FACTS, body, [seen(60 * 48, 5)])
    assert change.events[peak.id].end_ms == START_MS + 48 * HOUR_MS
    _, change = run.feed(FACTS, body, [seen(60 * 48, 50)])
    assert change.events == {peak.id: peak}


def test_the_clock_lets_hours_pass_and_late_inputs_undo_it() -> None:
    """Silence seen by the clock is withdrawn when what was on its way arrives."""
    run = Run(Toy())
    body, _ = run.feed(FACTS, run.begin(FACTS), [seen(1, 50)])
    body, change = run.feed(FACTS, body, [], START_MS + 5 * HOUR_MS)
    (silent,) = change.events
    same, change = run.feed(FACTS, body, [], START_MS + 5 * HOUR_MS)
    assert same == body and not change.events
    _, change = run.feed(FACTS, body, [seen(90, 50)])
    assert silent in change.withdrawn
    assert [event.start_ms for event in change.events.values()] == [START_MS + 90 * MINUTE]


def test_hours_end_after_a_week_of_silence() -> None:
    """A thing that is never heard again, or only after a year, costs a bounded number of hours."""
    toy = Toy()
    run = Run(toy)
    body, _ = run.feed(FACTS, run.begin(FACTS), [seen(0, 50)])
    body, _ = run.feed(FACTS, body, [], START_MS + 400 * 24 * HOUR_MS)
    assert toy.steps <= 2 + TICKS_MS // HOUR_MS
    run.feed(FACTS, body, [seen(400 * 24 * 60, 50)])
    assert toy.steps <= 4 + TICKS_MS // HOUR_MS


def test_too_late_changes_nothing_and_is_counted() -> None:
    """Beyond the bound an input is left out, whatever the batches."""
    run = Run(Toy())
    first, late = seen(60 * 8, 50), seen(60 * 8 - LATENESS_MS // MINUTE, 95)
    _, body = from_scratch(run, [first])
    again, change = run.feed(FACTS, body, [late])
    assert again == body and change.too_late == 1
    _, change = run.feed(FACTS, run.begin(FACTS), [first, late])
    assert change.too_late == 1 and not change.events


def test_a_storm_of_messages_stays_bounded() -> None:
    """Ten thousand messages within the lateness bound: the body keeps to a size, and in order nothing is lost."""
    run = Run(Toy())
    body = run.begin(FACTS)
    sizes = []
    for start in range(0, 10_000, 100):
        body, change = run.feed(FACTS, body, [seen(n / 60, 50) for n in range(start, start + 100)])
        assert not change.too_late
        sizes.append(len(body))
    assert max(sizes) < 40_000


def test_words_of_long_ago_leave_the_body() -> None:
    """A registration tag that was read a year ago is not carried along."""
    run = Run(Toy())
    body = run.begin(FACTS)
    for n in range(200):
        one = replace(seen(60 * n, 50), values={"fill_level": 50.0, "user_tag": f"tag-{n:05}"})
        body, _ = run.feed(FACTS, body, [one])
    assert b"tag-00001" not in body and b"tag-00199" in body


@given(
    st.builds(
        Observation,
        st.integers(0, 2**41), st.integers(0, 2**41), st.text(max_size=4), st.text(max_size=4),
        st.dictionaries(st.text(max_size=3), st.one_of(st.floats(allow_nan=False), st.booleans(), st.text(max_size=3))),
        st.dictionaries(st.text(max_size=3), st.text(max_size=3)), st.booleans(),
    )
)  # fmt: skip
def test_rows_keep_every_input(one: Observation) -> None:
    """What is unpacked equals what was packed, types included."""
    names: list[str] = []
    back = unpack(pack(one, names), names)
    assert back == one and isinstance(back, Observation)
    assert [type(value) for value in back.values.values()] == [type(value) for value in one.values.values()]


def test_facts_are_those_of_now() -> None:
    """The detector sees the inventory's facts of the moment; the fold keeps none of its own."""
    run: Run[ToyState] = Run(Toy())
    body = run.begin(FACTS)
    other = replace(FACTS, asset=Asset("bin-1", kind="waste_bin", attributes={"volume": 5}))
    again, _ = run.feed(other, body, [seen(0, 50)])
    assert b"volume" not in again
