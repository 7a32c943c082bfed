"""The detector of valves: runs with litres, open for too long, leak, no flow, stuck. One line a valve of the device."""

from msgspec import Struct
from msgspec.structs import replace

from pipeline.domain.irrigation.site import number
from pipeline.domain.irrigation.valve_judge import MINUTE_MS, Line, Output, judge_line, judge_time
from pipeline.domain.words import DomainEvent, Facts, Input, Observation, Report, Step, Tick
from pipeline.inventory_model import AssetKind
from pipeline.reading import FieldValue

COMMAND_REPORT = "valve_command"
"""Kind of a `Report`: the valve `channel` was told to be `state` (open or closed)."""
COMMAND_MS = 120 * MINUTE_MS
"""A device that hears only after it spoke needs its longest interval to obey."""
MAX_LINES = 16


class ValveState(Struct, frozen=True):
    """All that is needed to judge the next input; bounded."""

    lines: tuple[Line, ...] = ()


class ValveDetector:
    """Runs, and what is wrong: `valve_open_too_long`, `valve_leak`, `valve_no_flow`, `valve_stuck`."""

    name = "valve"
    version = 1
    kinds: frozenset[AssetKind] = frozenset({"valve"})
    state_type = ValveState

    def begin(self, facts: Facts) -> ValveState:
        """Nothing is known yet."""
        return ValveState()

    def step(self, facts: Facts, state: ValveState, given: Input) -> tuple[ValveState, Step]:
        """The state after one input, and what it brought about."""
        output = Output(facts.asset)
        derived: dict[str, FieldValue] = {}
        if isinstance(given, Tick):
            state = ValveState(tuple(judge_time(line, given.time_ms, output) for line in state.lines))
        elif isinstance(given, Report):
            state = _commanded(state, given)
        else:
            state = _observed(state, given, output)
            derived = _volume(facts, given)
        label = f"{self.name}@{self.version}"
        events: tuple[DomainEvent, ...] = tuple(replace(event, detector=label) for event in output.events)
        return state, Step(events, derived=derived)


def _observed(state: ValveState, given: Observation, output: Output) -> ValveState:
    if not any(name in given.values for name in _OWN):
        return state
    own = [line for line in state.lines if line.dev_eui == given.dev_eui]
    if own and not given.channel and not any(name in given.values for name in _OF_ONE):
        # A device's word without a valve's number (its leak alarm, its pressure) is about all its valves.
        return ValveState(tuple(judge_line(line, given, output) if line in own else line for line in state.lines))
    at = next((i for i, line in enumerate(state.lines) if _same(line, given)), len(state.lines))
    if at >= MAX_LINES:
        return state
    before = state.lines[at] if at < len(state.lines) else Line(given.dev_eui, given.channel)
    return ValveState((*state.lines[:at], judge_line(before, given, output), *state.lines[at + 1 :]))


_OF_ONE = ("valve_state", "valve_command_result", "flow_pulse_count")
_OWN = (*_OF_ONE, "pipe_pressure", "leak_alarm")


def _same(line: Line, given: Observation) -> bool:
    return line.dev_eui == given.dev_eui and line.channel == given.channel


def _commanded(state: ValveState, given: Report) -> ValveState:
    wanted = given.values.get("state")
    if given.kind != COMMAND_REPORT or wanted not in ("open", "closed"):
        return state
    channel = given.values.get("channel", "")
    deadline = given.time_ms + COMMAND_MS
    lines = [
        replace(line, wanted=str(wanted), wanted_ms=given.time_ms, wanted_by_ms=deadline)
        if channel in ("", line.channel)
        else line
        for line in state.lines
    ]
    return ValveState(tuple(lines))


def _volume(facts: Facts, given: Observation) -> dict[str, FieldValue]:
    pulses = given.values.get("flow_pulse_count")
    litres = number(facts.asset.attributes, "litres_per_pulse")
    if litres is None or pulses is None or isinstance(pulses, bool | str) or "flow_pulse_count" in given.quality:
        return {}
    return {"flow_volume": pulses * litres}
