"""Valves: pulses are litres, plans keep their hours, and leaks, stuck valves and dry pipes show as they should."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.physics.calendar import DAY_MS, HOUR_MS
from simulators.physics.incidents import Incident
from simulators.physics.valve import Valve, ValvePlan
from simulators.physics.weather import Weather
from simulators.truth import TruthRow

START = round(datetime(2025, 7, 6, 22, tzinfo=UTC).timestamp() * 1000)
"""A local Monday's midnight."""
WEATHER = Weather(1)
PLAN = ValvePlan("valve-1", minutes=20, hours=(4.0,))
FOUR = START + 4 * HOUR_MS


def valve(*planned: Incident, plan: ValvePlan = PLAN) -> Valve:
    """A valve without incidents of chance."""
    return Valve(plan, 1, START, WEATHER, rates={}, planned=planned)


def of_kind(rows: list[TruthRow], kind: str) -> list[TruthRow]:
    """The rows of a kind."""
    return [row for row in rows if row.kind == kind]


def pulses(one: Valve) -> float:
    """The counter's state."""
    return float(one.measured()["flow_pulse_count"])


def test_the_plan_runs_on_its_days_and_hours() -> None:
    """Three runs a week of twenty minutes from four o'clock local time; none in winter."""
    one = valve()
    begin = pulses(one)
    one.advance(START + 7 * DAY_MS)
    rows = one.take_truth()
    runs = of_kind(rows, "valve_run")
    assert len(runs) == 3
    for row in runs:
        local = datetime.fromtimestamp(row.start_ms / 1000, ZoneInfo("Europe/Berlin"))
        assert local.weekday() in (0, 2, 4) and (local.hour, local.minute) == (4, 0) and row.values["planned"] is True
        assert row.end_ms == row.start_ms + 20 * 60_000
        assert float(row.values["litres"]) == pytest.approx(400, rel=0.11)
    assert sum(float(row.values["litres"]) for row in runs) == pytest.approx(one.litres)
    assert sum(float(row.values["litres"]) for row in of_kind(rows, "flow")) == pytest.approx(one.litres)
    assert pulses(one) - begin == pytest.approx(one.litres, abs=1)
    frost = Valve(PLAN, 1, START + 180 * DAY_MS, WEATHER, rates={})
    frost.advance(START + 200 * DAY_MS)
    assert frost.litres == 0


def test_state_and_next_change_follow_a_run() -> None:
    """Closed, open from the announced time, closed again; the pressure falls while water runs."""
    one = valve()
    assert one.next_change_ms() == FOUR and one.measured()["valve_state"] == "closed"
    one.advance(FOUR)
    open_now = one.measured()
    assert open_now["valve_state"] == "open" and float(open_now["pipe_pressure"]) < 330
    assert one.next_change_ms() == FOUR + 20 * 60_000
    one.advance(FOUR + 20 * 60_000)
    assert one.measured()["valve_state"] == "closed" and one.measured()["pipe_pressure"] == 350


def test_a_leak_runs_while_the_valve_is_closed() -> None:
    """25 litres an hour, said by the ideal device and by the pulses; the truth row has the litres."""
    one = valve(Incident("leak", START + 6 * HOUR_MS, START + 16 * HOUR_MS))
    one.advance(START + 7 * HOUR_MS)
    before = one.litres
    assert one.measured()["leak_alarm"] is True and one.measured()["valve_state"] == "closed"
    one.advance(START + 9 * HOUR_MS)
    assert one.litres - before == pytest.approx(50)
    assert of_kind(one.finish(), "leak")[0].end_ms is None
    one.advance(START + 20 * HOUR_MS)
    (row,) = of_kind(one.take_truth(), "leak")
    assert float(row.values["litres"]) == pytest.approx(250) and one.measured()["leak_alarm"] is False


def test_a_valve_stuck_open_runs_on_and_one_stuck_closed_does_not_open() -> None:
    """What should have closed it does so when it is free again."""
    open_, closed = (
        valve(Incident("valve_stuck", begin, FOUR + 2 * HOUR_MS)) for begin in (FOUR + 60_000, FOUR - 60_000)
    )
    for one in (open_, closed):
        one.advance(FOUR + 3 * HOUR_MS)
    assert open_.litres == pytest.approx(6 * 400, rel=0.11)
    assert of_kind(open_.take_truth(), "valve_stuck")[0].values["open"] is True
    assert closed.litres == 0
    assert of_kind(closed.take_truth(), "valve_stuck")[0].values["open"] is False
    assert open_.measured()["valve_state"] == closed.measured()["valve_state"] == "closed"


def test_no_flow_is_an_open_valve_without_pulses() -> None:
    """The state says open, the pressure is gone, nothing runs."""
    one = valve(Incident("no_flow", START, START + DAY_MS))
    one.advance(FOUR + 10 * 60_000)
    said = one.measured()
    assert said["valve_state"] == "open" and said["pipe_pressure"] == 0 and one.litres == 0


def test_commands_open_close_and_limit() -> None:
    """An order opens for its time; a limit of an earlier run doesn't close a later one."""
    one = valve(plan=ValvePlan("valve-2", weekdays=frozenset()))
    one.command(START + HOUR_MS, True, minutes=30)
    one.command(START + HOUR_MS + 5 * 60_000, False)
    one.command(START + HOUR_MS + 10 * 60_000, True)
    one.advance(START + 2 * HOUR_MS)
    assert one.measured()["valve_state"] == "open"
    assert of_kind(one.finish(), "valve_run")[0].end_ms is None
    one.command(START + 3 * HOUR_MS, False)
    one.advance(START + 4 * HOUR_MS)
    runs = of_kind(one.take_truth(), "valve_run")
    assert [(run.end_ms or 0) - run.start_ms for run in runs] == [5 * 60_000, 110 * 60_000]
    assert not any(run.values["planned"] for run in runs)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(30_000, 20 * HOUR_MS), min_size=1, max_size=30))
def test_the_steps_in_which_it_lives_change_nothing(steps: list[int]) -> None:
    """One step or many: the same rows, and the same litres but for rounding."""
    whole, parts, end = (Valve(PLAN, 9, START, WEATHER), Valve(PLAN, 9, START, WEATHER), START + 30 * DAY_MS)
    whole.advance(end)
    ms = START
    for step in steps:
        ms = min(ms + step, end)
        parts.advance(ms)
        parts.measured()
    parts.advance(end)
    assert parts.litres == pytest.approx(whole.litres)
    assert [(r.kind, r.start_ms, r.end_ms) for r in parts.take_truth()] == [
        (r.kind, r.start_ms, r.end_ms) for r in whole.take_truth()
    ]
