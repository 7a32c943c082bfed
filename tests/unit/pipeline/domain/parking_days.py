"""Small days of parking bays, told frame by frame, and what the detector makes of them."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from pipeline.domain.parking import DETECTOR
from pipeline.domain.parking.bay import BayState
from pipeline.domain.words import DomainEvent, Facts, Input, Observation, Tick
from pipeline.inventory_model import Asset, AttributeValue, Zone
from pipeline.reading import FieldValue

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
CITY = ZoneInfo("Europe/Berlin")


def at(text: str) -> int:
    """A local time (`2026-03-02 08:00`, `2026-03-02 08:00:30`) as Unix ms."""
    return int(datetime.fromisoformat(text).replace(tzinfo=CITY).timestamp() * 1000)


def bay(name: str = "b1", zone: str = "z1", **attributes: AttributeValue) -> Facts:
    """A parking bay with these attributes."""
    return Facts(Asset(name, kind="parking_bay", zone=zone, attributes=attributes), Zone(zone, name="Q7"))


def frame(time_ms: int, occupied: bool | None = None, device: str = "d1", **values: FieldValue) -> Observation:
    """A frame of the bay's sensor."""
    told = dict(values) if occupied is None else {"occupied": occupied, **values}
    return Observation(time_ms, time_ms, device, "", told)


def with_ticks(frames: Iterable[Input], until_ms: int) -> list[Input]:
    """The frames in order of time with a tick after each full hour up to `until_ms`."""
    inputs = sorted(frames, key=lambda given: given.time_ms)
    start = -(-inputs[0].time_ms // HOUR_MS) * HOUR_MS
    inputs += [Tick(time) for time in range(start, until_ms + 1, HOUR_MS)]
    return sorted(inputs, key=lambda given: (given.time_ms, isinstance(given, Tick)))


def fold(
    facts: Facts, inputs: Iterable[Input], state: BayState | None = None
) -> tuple[BayState, dict[str, DomainEvent]]:
    """The state after all inputs, and the events that remain."""
    state = DETECTOR.begin(facts) if state is None else state
    events: dict[str, DomainEvent] = {}
    for given in inputs:
        state, step = DETECTOR.step(facts, state, given)
        events.update({event.id: event for event in step.events})
        for name in step.withdrawn:
            events.pop(name)
    return state, events


def learned(facts: Facts, until_ms: int) -> BayState:
    """A bay whose sensor has learned its place by ten changes before `until_ms`, free and heard of at that time."""
    start = until_ms - 3 * HOUR_MS
    frames = [frame(start, False, event="startup")]
    frames += [frame(start + i * 15 * MINUTE_MS, i % 2 == 1) for i in range(1, 11)]
    state, events = fold(facts, [*frames, frame(until_ms, False, event="heartbeat")])
    assert state.learning == 0
    assert {event.kind for event in events.values()} <= {"sensor_restarted", "fire_lane_occupied"}
    return state
