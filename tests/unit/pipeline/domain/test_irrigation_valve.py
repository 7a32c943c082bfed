"""Valves: runs with litres, open for too long, leak, no flow, stuck."""

from datetime import datetime

import pytest

from pipeline.domain.irrigation import STATION, VALVE
from pipeline.domain.irrigation.station import StationState
from pipeline.domain.irrigation.valve_schedule import last_run
from pipeline.domain.words import DomainEvent, Facts, Input, Observation, Report, Step, Tick
from pipeline.inventory_model import Asset, AttributeValue
from pipeline.reading import FieldValue

MINUTE = 60_000
HOUR = 60 * MINUTE
T0 = 1_782_864_000_000  # 2026-07-01T00:00:00Z, a Wednesday
EUI = "70b3d57ed0000002"


def valve(**attributes: AttributeValue) -> Facts:
    return Facts(Asset("valve-1", kind="valve", attributes=attributes))


def frame(
    minute: float, state: str | None = None, pulses: float | None = None, channel: str = "1", **more: FieldValue
) -> Observation:
    at = T0 + round(minute * MINUTE)
    values: dict[str, FieldValue] = dict(more)
    if state is not None:
        values["valve_state"] = state
    if pulses is not None:
        values["flow_pulse_count"] = pulses
    return Observation(at, at, EUI, channel, values)


def run(facts: Facts, *inputs: Input) -> tuple[dict[str, DomainEvent], list[Step]]:
    state = VALVE.begin(facts)
    events: dict[str, DomainEvent] = {}
    steps: list[Step] = []
    for one in inputs:
        state, step = VALVE.step(facts, state, one)
        steps.append(step)
        events.update((event.kind, event) for event in step.events)
    return events, steps


def test_a_run_tells_its_litres() -> None:
    """Opened between two reports, closed 20 minutes later: all pulses since the report before, 2 L each."""
    facts = valve(litres_per_pulse=2)
    events, steps = run(facts, frame(0, "closed", 100), frame(30, "open", 104), frame(50, "closed", 224))
    event = events["valve_run"]
    assert (event.start_ms, event.end_ms) == (T0 + 30 * MINUTE, T0 + 50 * MINUTE)
    assert event.values == {"channel": "1", "pulses": 124, "litres": 248}
    assert set(events) == {"valve_run"}
    assert steps[-1].derived == {"flow_volume": 448}
    assert event.detector == "valve@1"


def test_a_counter_that_fell_began_anew() -> None:
    """After a power cut the counter is what flowed since."""
    events, _ = run(valve(), frame(0, "open", 4000), frame(10, "open", 30), frame(20, "closed", 50))
    assert events["valve_run"].values["pulses"] == 50


def test_a_valve_that_stays_open_is_told_by_time_alone() -> None:
    """Open beyond its longest run and some minutes; over when it closes."""
    facts = valve(max_run_min=60)
    ticks = [Tick(T0 + hour * HOUR) for hour in (1, 2)]
    events, _ = run(facts, frame(0, "open", 0), frame(30, "open", 10), *ticks)
    assert events["valve_open_too_long"].ongoing
    assert events["valve_open_too_long"].start_ms == T0 + HOUR
    events, _ = run(facts, frame(0, "open", 0), *ticks, frame(150, "closed", 10))
    assert events["valve_open_too_long"].end_ms == T0 + 150 * MINUTE
    events, _ = run(facts, frame(0, "open", 0), frame(65, "closed", 10), *ticks)
    assert "valve_open_too_long" not in events


def test_flow_in_two_closed_intervals_is_a_leak() -> None:
    """One interval may hide a run whose frames were lost; two are water that runs away. Hours without end it."""
    closed = [frame(0, "closed", 0), frame(60, "closed", 25)]
    assert "valve_leak" not in run(valve(), *closed)[0]
    leak = [*closed, frame(120, "closed", 50)]
    event = run(valve(litres_per_pulse=1), *leak)[0]["valve_leak"]
    assert (event.start_ms, event.ongoing, event.values["litres"]) == (T0, True, 50)
    event = run(valve(), *leak, frame(180, "closed", 50), Tick(T0 + 8 * HOUR))[0]["valve_leak"]
    assert event.end_ms == T0 + 120 * MINUTE


def test_water_that_runs_out_while_the_valve_closes_is_no_leak() -> None:
    """The interval in which the valve moved belongs to the run."""
    frames = (frame(0, "open", 0), frame(10, "closed", 100), frame(70, "closed", 101), frame(130, "closed", 101))
    assert set(run(valve(), *frames)[0]) == {"valve_run"}


def test_the_device_says_that_it_leaks() -> None:
    """Its alarm counts at once, also without a valve's number, and until it is taken back."""
    alarm = frame(60, channel="", leak_alarm=True)
    events, _ = run(valve(), frame(0, "closed", 0), alarm)
    assert events["valve_leak"].ongoing
    assert events["valve_leak"].values["channel"] == "1"
    calm = frame(120, channel="", leak_alarm=False)
    assert not run(valve(), frame(0, "closed", 0), alarm, calm, Tick(T0 + 8 * HOUR))[0]["valve_leak"].ongoing


def test_an_open_valve_without_flow_is_told_where_there_is_a_meter() -> None:
    """Five minutes are given to the pipe; a device without a meter can't tell."""
    dry = (frame(0, "open", 7), frame(4, "open", 7), frame(30, "open", 7, pipe_pressure=20.0))
    event = run(valve(litres_per_pulse=1), *dry)[0]["valve_no_flow"]
    assert (event.start_ms, event.values["pressure_kpa"]) == (T0, 20)
    assert run(valve(litres_per_pulse=1), *dry, frame(40, "open", 9))[0]["valve_no_flow"].end_ms == T0 + 40 * MINUTE
    assert "valve_no_flow" not in run(valve(), *dry)[0]
    assert "valve_no_flow" not in run(valve(), frame(0, "open"), frame(30, "open"))[0]


def test_a_failed_or_unheard_command_is_a_stuck_valve() -> None:
    """The device says so, or the state does not follow within two hours."""
    failed = frame(10, valve_command_result="failed")
    assert run(valve(), frame(0, "closed", 0), failed)[0]["valve_stuck"].ongoing
    assert not run(valve(), frame(0, "closed", 0), failed, frame(20, "open", 0))[0]["valve_stuck"].ongoing
    told = Report(T0 + MINUTE, T0 + MINUTE, "valve_command", {"state": "open"})
    unheard = run(valve(), frame(0, "closed", 0), told, Tick(T0 + HOUR), Tick(T0 + 3 * HOUR))[0]
    assert unheard["valve_stuck"].start_ms == T0 + MINUTE
    obeyed = run(valve(), frame(0, "closed", 0), told, frame(9, "open", 0), frame(20, "closed", 1), Tick(T0 + 3 * HOUR))
    assert "valve_stuck" not in obeyed[0]


PLAN: dict[str, AttributeValue] = {"plan_days": "wed,fri", "plan_hour": 4.0, "plan_min": 30.0}


def test_a_planned_run_that_did_not_come_is_a_stuck_valve() -> None:
    """Closed before, closed after, and a meter that did not turn; lost frames of a run leave their pulses."""
    asleep = (frame(0, "closed", 5), frame(200, "closed", 5), Tick(T0 + 4 * HOUR))  # planned 02:00 to 02:30 UTC
    assert run(valve(**PLAN), *asleep)[0]["valve_stuck"].start_ms == T0 + 2 * HOUR
    ran = (frame(0, "closed", 5), frame(200, "closed", 405), Tick(T0 + 4 * HOUR))
    assert run(valve(**PLAN), *ran)[0] == {}
    assert run(valve(**PLAN), frame(0, "closed", 5), Tick(T0 + 4 * HOUR))[0] == {}


@pytest.mark.parametrize(
    ("day", "start_utc"),
    [("2026-03-29", 2), ("2026-03-22", 3), ("2026-10-25", 3), ("2026-10-18", 2), ("2026-05-31", 2)],
)
def test_the_plan_follows_local_time_over_clock_changes_and_months(day: str, start_utc: int) -> None:
    """Sundays at four by the wall clock: before, on and after the days of the change, and on a month's last day."""
    asset = Asset("v", attributes={"plan_days": "sun", "plan_hour": 4, "plan_min": 30, "plan_months": "3-10"})
    midnight = round(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp() * 1000)
    start = midnight + start_utc * HOUR
    assert last_run(asset, start + 90 * MINUTE) == (start, start + 30 * MINUTE)
    assert last_run(asset, start + 89 * MINUTE) is None
    assert last_run(asset, start + 26 * HOUR) is None


def test_no_plan_in_winter() -> None:
    """Pipes are drained: nothing is missed in January."""
    asset = Asset("v", attributes={**PLAN, "plan_days": "mon,tue,wed,thu,fri,sat,sun"})
    assert last_run(asset, 1_768_500_000_000) is None
    assert last_run(asset, T0 + 12 * HOUR) == (T0 + 2 * HOUR, T0 + 2 * HOUR + 30 * MINUTE)


def test_bad_values_and_foreign_records_change_nothing() -> None:
    """Values with a quality are not believed; a battery frame is none of a valve."""
    bad = Observation(T0, T0, EUI, "1", {"valve_state": "open", "flow_pulse_count": 9.0}, {"valve_state": "x"})
    facts = valve()
    state, _ = VALVE.step(facts, VALVE.begin(facts), bad)
    assert state.lines[0].state == "unknown"
    assert VALVE.step(facts, state, Observation(T0, T0, EUI, "", {"battery_level": 9.0}))[0] == state


def gauge(*values: dict[str, FieldValue]) -> tuple[StationState, list[Step]]:
    facts = Facts(Asset("ws", kind="weather"))
    state, steps = STATION.begin(facts), []
    for number, one in enumerate(values):
        at = T0 + number * 10 * MINUTE
        state, step = STATION.step(facts, state, Observation(at, at, EUI, "", one))
        steps.append(step)
    return state, steps


def test_a_station_sums_amounts_and_counters() -> None:
    """Amounts add up; of a counter the difference, and what it shows after a reset; not both of one gauge."""
    _, steps = gauge({"rain_amount": 1.0}, {"rain_amount": 0.5}, {"air_temperature": 9.0})
    assert [step.derived for step in steps] == [{"rain_24h": 1}, {"rain_24h": 1.5}, {}]
    _, steps = gauge({"rain_cumulative": 50.0}, {"rain_cumulative": 52.0}, {"rain_cumulative": 1.0})
    assert steps[-1].derived == {"rain_24h": 3}
    both: dict[str, FieldValue] = {"rain_cumulative": 50.0, "rain_amount": 0.5}
    _, steps = gauge(both, {**both, "rain_cumulative": 50.5})
    assert steps[-1].derived == {"rain_24h": 1}


def test_a_station_remembers_weeks_by_the_day() -> None:
    """Hours of three days, days of ten weeks; what is older than the hours is counted by whole days."""
    facts = Facts(Asset("ws", kind="weather"))
    state = STATION.begin(facts)
    for hour in range(24 * 80):
        at = T0 + hour * HOUR
        state, _ = STATION.step(facts, state, Observation(at, at, EUI, "", {"rain_amount": 0.5}))
    end = T0 + 24 * 80 * HOUR
    assert (len(state.rain.hours), len(state.days)) == (72, 70)
    assert state.since(end - 24 * HOUR, end) == pytest.approx(12, abs=0.5)
    assert state.since(end - 10 * 24 * HOUR, end) == 120
