"""One valve of a device: its state and counter over time, and what they say together."""

from msgspec import Struct
from msgspec.structs import replace

from pipeline.domain.irrigation.site import number
from pipeline.domain.irrigation.valve_schedule import last_run
from pipeline.domain.words import DomainEvent, Observation, event_id
from pipeline.inventory_model import Asset
from pipeline.reading import FieldValue

MINUTE_MS = 60_000
DEFAULT_MAX_RUN_MIN = 120.0
SLACK_MS = 10 * MINUTE_MS
"""The device's clock and the way through the air."""
NO_FLOW_MS = 5 * MINUTE_MS
"""A pipe fills in less."""
LEAK_PULSES = 2.0
LEAK_OVER_MS = 6 * 60 * MINUTE_MS
"""A slow leak may not turn a coarse meter for hours."""


class Line(Struct, frozen=True, gc=False):
    """What is known of one valve."""

    dev_eui: str
    channel: str
    state: str = "unknown"
    since_ms: int = 0
    """When the state was first reported in this run of it."""
    told_ms: int = 0
    """When it was last reported."""
    pulses: float | None = None
    pulses_ms: int = 0
    run_pulses: float = 0.0
    """Since the valve was last seen to change."""
    flows: int = 0
    """Intervals with flow in the present state, both ends of which were in it."""
    flow_from_ms: int = 0
    """Begin of the first such interval."""
    flow_ms: int = 0
    """End of the last such interval."""
    metered: bool = False
    """Whether the counter ever moved."""
    pressure: float | None = None
    alarm: bool = False
    open: dict[str, int] = {}
    """Start of what goes on, by kind of event."""
    wanted: str = ""
    wanted_ms: int = 0
    wanted_by_ms: int = 0


class Output:
    """Collects events of one asset."""

    def __init__(self, asset: Asset) -> None:
        self.asset = asset
        self.events: list[DomainEvent] = []

    def limit(self, name: str, default: float) -> float:
        """An attribute of the asset, or its default."""
        found = number(self.asset.attributes, name)
        return default if found is None or found <= 0 else found

    def begin(self, line: Line, kind: str, start_ms: int, values: dict[str, FieldValue], sure: float = 0.9) -> Line:
        """The line with something going on; nothing new when it does already."""
        if kind in line.open:
            return line
        self._add(line, kind, start_ms, None, values, sure)
        return replace(line, open={**line.open, kind: start_ms})

    def end(self, line: Line, kind: str, end_ms: int, values: dict[str, FieldValue]) -> Line:
        """The line without it; nothing when it did not go on."""
        start = line.open.get(kind)
        if start is None:
            return line
        self._add(line, kind, start, max(start, end_ms), values, 0.9)
        return replace(line, open={k: v for k, v in line.open.items() if k != kind})

    def _add(
        self, line: Line, kind: str, start: int, end: int | None, values: dict[str, FieldValue], sure: float
    ) -> None:
        about: dict[str, FieldValue] = {"channel": line.channel, **values}
        name = f"{event_id(kind, self.asset.id, start)}:{line.dev_eui}/{line.channel}"
        self.events.append(
            DomainEvent(name, kind, self.asset.id, start, end, ongoing=end is None, confidence=sure, values=about)
        )

    def litres(self, pulses: float) -> dict[str, FieldValue]:
        """Pulses, and litres where the meter's constant is known."""
        constant = number(self.asset.attributes, "litres_per_pulse")
        known: dict[str, FieldValue] = {} if constant is None else {"litres": round(pulses * constant, 1)}
        return {"pulses": pulses, **known}


def judge_line(line: Line, given: Observation, out: Output) -> Line:
    """The line after a record of its valve."""
    now = given.time_ms
    pressure = given.values.get("pipe_pressure")
    if isinstance(pressure, float | int) and "pipe_pressure" not in given.quality:
        line = replace(line, pressure=float(pressure))
    told = _word(given, "valve_state")
    before = line
    flow = _flow(line, given)
    line = _counted(line, given, flow)
    if told in ("open", "closed"):
        line = _state(line, told, now, flow or 0.0, out)
    if flow is not None:
        line = _judge_flow(before, line, flow, now, out)
    line = _alarm(line, given, out)
    line = _result(line, given, out)
    return judge_time(line, now, out)


def judge_time(line: Line, now_ms: int, out: Output) -> Line:
    """What time alone brings about: open for too long, a command that was not obeyed, a leak that is over."""
    longest = out.limit("max_run_min", DEFAULT_MAX_RUN_MIN) * MINUTE_MS
    if line.state == "open" and now_ms - line.since_ms > longest + SLACK_MS:
        heard = now_ms - line.told_ms <= SLACK_MS + 120 * MINUTE_MS
        line = out.begin(
            line,
            "valve_open_too_long",
            int(line.since_ms + longest),
            {"open_since_ms": float(line.since_ms)},
            0.95 if heard else 0.6,
        )
    if line.wanted and line.wanted != line.state and now_ms >= line.wanted_by_ms:
        line = out.begin(line, "valve_stuck", line.wanted_ms, {"wanted": line.wanted, "state": line.state}, 0.8)
    missed = last_run(out.asset, now_ms)
    if missed is not None and _slept(line, *missed):
        line = out.begin(line, "valve_stuck", missed[0], {"wanted": "open", "state": "closed"}, 0.7)
    if "valve_leak" in line.open and not line.alarm and now_ms - line.flow_ms >= LEAK_OVER_MS:
        line = out.end(line, "valve_leak", max(line.flow_ms, line.open["valve_leak"]), out.litres(line.run_pulses))
    return line


def _slept(line: Line, start_ms: int, end_ms: int) -> bool:
    """Whether it was closed from before a planned run until after it, and its meter did not turn."""
    heard_after = line.told_ms >= end_ms
    return line.state == "closed" and line.since_ms < start_ms and heard_after and line.flow_ms < start_ms


def _word(given: Observation, quantity: str) -> str | None:
    value = given.values.get(quantity)
    return value if isinstance(value, str) and quantity not in given.quality else None


def _flow(line: Line, given: Observation) -> float | None:
    """Pulses since the last record; None when there is no count, or none before it. A counter that fell was reset."""
    count = given.values.get("flow_pulse_count")
    if count is None or isinstance(count, bool | str) or "flow_pulse_count" in given.quality or line.pulses is None:
        return None
    return count - line.pulses if count >= line.pulses else count


def _counted(line: Line, given: Observation, flow: float | None) -> Line:
    count = given.values.get("flow_pulse_count")
    if count is None or isinstance(count, bool | str) or "flow_pulse_count" in given.quality:
        return line
    return replace(
        line,
        pulses=count,
        pulses_ms=given.time_ms,
        run_pulses=line.run_pulses + (flow or 0.0),
        metered=line.metered or bool(flow),
    )


def _state(line: Line, told: str, now: int, flow: float, out: Output) -> Line:
    if line.wanted == told:
        line = replace(line, wanted="")
    if told == line.state:
        return replace(line, told_ms=now)
    was_open = line.state == "open"
    if was_open:
        line = out.end(line, "valve_run", now, out.litres(line.run_pulses))
        line = out.end(line, "valve_open_too_long", now, {})
        line = out.end(line, "valve_no_flow", now, {})
    elif "valve_leak" in line.open and not line.alarm:
        line = out.end(line, "valve_leak", now, out.litres(line.run_pulses))
    line = out.end(line, "valve_stuck", now, {})
    run_pulses = flow if told == "open" else 0.0  # it opened at some moment of the interval before
    line = replace(line, state=told, since_ms=now, told_ms=now, flows=0, flow_from_ms=0, run_pulses=run_pulses)
    return out.begin(line, "valve_run", now, {}) if told == "open" else line


def _judge_flow(before: Line, line: Line, flow: float, now: int, out: Output) -> Line:
    if line.state != before.state or line.since_ms >= now:
        return line  # the valve moved in this interval: part of the flow is a run's
    if flow > 0:
        line = replace(line, flows=line.flows + 1, flow_from_ms=line.flow_from_ms or before.pulses_ms, flow_ms=now)
    if line.state == "open":
        return _judge_open(line, flow, now, out)
    # Twice, because a run between two reports whose frames were lost looks like one interval of flow while closed.
    if line.state == "closed" and line.flows >= 2 and line.run_pulses >= out.limit("leak_pulses", LEAK_PULSES):
        minutes = max(1.0, (now - line.flow_from_ms) / MINUTE_MS)
        values = {**out.litres(line.run_pulses), "pulses_per_h": round(line.run_pulses / minutes * 60.0, 2)}
        return out.begin(line, "valve_leak", line.flow_from_ms, values)
    return line


def _judge_open(line: Line, flow: float, now: int, out: Output) -> Line:
    if flow > 0:
        return out.end(line, "valve_no_flow", now, {})
    fitted = line.metered or "litres_per_pulse" in out.asset.attributes
    quiet_from = max(line.since_ms, line.flow_ms)
    if not fitted or now - quiet_from < NO_FLOW_MS:
        return line
    values: dict[str, FieldValue] = {} if line.pressure is None else {"pressure_kpa": line.pressure}
    return out.begin(line, "valve_no_flow", quiet_from, values)


def _alarm(line: Line, given: Observation, out: Output) -> Line:
    alarm = given.values.get("leak_alarm")
    if not isinstance(alarm, bool):
        return line
    line = replace(line, alarm=alarm, flow_ms=given.time_ms if alarm else line.flow_ms)
    return out.begin(line, "valve_leak", given.time_ms, {"alarm": True}) if alarm else line


def _result(line: Line, given: Observation, out: Output) -> Line:
    result = _word(given, "valve_command_result")
    if result == "failed":
        return out.begin(line, "valve_stuck", given.time_ms, {"wanted": line.wanted, "state": line.state})
    return out.end(line, "valve_stuck", given.time_ms, {}) if result == "ok" else line
