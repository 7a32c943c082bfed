"""What is known of one bay: its rules from the inventory, its state, and what to believe of it at a moment."""

from functools import lru_cache
from typing import Literal

from msgspec import Struct

from pipeline.domain.parking.counts import Counts
from pipeline.domain.words import Facts
from pipeline.inventory_model import AttributeValue

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
LEARNING_CHANGES = 10
"""So many changes a new sensor needs to know its place, as makers of magnetic sensors state."""
RELEARNING_CHANGES = 3
"""After a restart of a sensor that had learned."""
RELEARNING_MS = DAY_MS
"""Or so long, if fewer cars come."""
DEFAULT_BEAT_MS = DAY_MS
"""The heartbeat of a sensor that has not shown its own yet; the rarest that makers ship."""
SILENT_BEATS = 2.1
"""Silent after two heartbeats; the rest is slack, so that a single lost frame never looks like silence."""
SURE, INFERRED, DOUBTFUL = 0.95, 0.6, 0.3
"""Confidence in a change that was reported, in one that a heartbeat revealed, and in what a sensor says that learns."""

State = Literal["free", "occupied", "unknown"]
Reason = Literal["", "no_sensor", "silent", "rebooting", "flapping", "learning", "fault", "no_state"]
"""Why a bay's state is unknown; empty: it is known."""


class Rules(Struct, frozen=True, gc=False):
    """What the inventory's attributes say of a bay."""

    bay_class: str = ""
    """`short_stay`, `disabled`, `charging`, `fire_lane`, `resident`, `personal`; empty: an ordinary one."""
    max_stay_ms: int | None = None
    dwell_ms: int = MINUTE_MS
    """A state that lasted less is no state: a car turning, a pedestrian with a bicycle."""
    beat_ms: int | None = None
    time_zone: str = "Europe/Berlin"

    @property
    def fire_lane(self) -> bool:
        """No parking space: a vehicle there is an alarm."""
        return self.bay_class == "fire_lane"

    @property
    def personal(self) -> bool:
        """The bay of one person: nothing that would tell that person's day is kept or said."""
        return self.bay_class == "personal"


class BayState(Struct, frozen=True, array_like=True):
    """What one bay's inputs amount to. Times are Unix ms, 0 for never; fields ending in `_event_ms` are the starts of
    events that still go on."""

    dev_eui: str = ""
    heard_ms: int = 0
    """Last sign of life."""
    raw: bool | None = None
    """Occupied, as last reported."""
    settled: bool | None = None
    """Occupied, as reported for at least the minimum dwell; the first report counts at once."""
    since_ms: int = 0
    """When the settled state began, or when it was first seen."""
    whole: bool = False
    """The beginning was seen, so the length will be known."""
    changed_ms: int = 0
    """Last settled change, or the first report after a time in which changes would not have been seen."""
    pending_ms: int = 0
    """When the report began to differ from the settled state; 0: it does not."""
    pending_sure: bool = False
    """The sensor spoke because of that change, so its time is right."""
    fault: bool = False
    """The sensor itself says that it can't tell."""
    learning: int = LEARNING_CHANGES
    """Changes still to come before the sensor is believed."""
    learning_until_ms: int = 0
    """When the learning ends in any case; 0: only by changes."""
    restarts: tuple[int, ...] = ()
    """The last three."""
    beats: tuple[int, ...] = ()
    """Last distances of heartbeats, ms."""
    beat_ms: int = 0
    """The heartbeat they show; 0: not known yet."""
    last_beat_ms: int = 0
    """Time of the last frame if that was a heartbeat."""
    tells_beats: bool = False
    """The sensor marks its heartbeats; else a repeated state counts as one."""
    odd: float = 0.0
    """Share of the last dozen frames that contradict the one before: a heartbeat with another state, a change to the
    same one. Lost frames make some, a drifting sensor many."""
    silent_event_ms: int = 0
    rebooting_event_ms: int = 0
    flapping_event_ms: int = 0
    stuck_event_ms: int = 0
    overstay_event_ms: int = 0
    alarm_event_ms: int = 0
    alarm_sure: bool = False
    """The vehicle on the fire lane stayed for the minimum dwell."""
    counts: Counts = Counts()


def rules_of(facts: Facts) -> Rules:
    """The bay's rules. Attributes: `bay_class`, `max_stay_min`, `min_dwell_s`, `heartbeat_s`, `time_zone` (IANA)."""
    told = facts.asset.attributes
    return _rules(
        *[told.get(name) for name in ("bay_class", "max_stay_min", "min_dwell_s", "heartbeat_s", "time_zone")]
    )


@lru_cache(maxsize=4096)
def _rules(
    bay_class: AttributeValue | None,
    max_stay_min: AttributeValue | None,
    min_dwell_s: AttributeValue | None,
    heartbeat_s: AttributeValue | None,
    time_zone: AttributeValue | None,
) -> Rules:
    return Rules(
        str(bay_class or ""),
        _ms(max_stay_min, MINUTE_MS),
        _ms(min_dwell_s, 1000) or MINUTE_MS,
        _ms(heartbeat_s, 1000),
        str(time_zone or "Europe/Berlin"),
    )


def _ms(value: AttributeValue | None, unit_ms: int) -> int | None:
    """A positive number in ms; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return None
    return round(value * unit_ms)


def silent_after_ms(state: BayState, rules: Rules) -> int:
    """How long the sensor may say nothing: two heartbeats of the inventory, else of what it showed, else of a day."""
    return int(SILENT_BEATS * (rules.beat_ms or state.beat_ms or DEFAULT_BEAT_MS))


def why_unknown(state: BayState, rules: Rules, now_ms: int) -> Reason:
    """Why the bay's state can't be told at a moment not before the last input; empty: it can."""
    if not state.heard_ms:
        return "no_sensor"
    if state.silent_event_ms or now_ms - state.heard_ms > silent_after_ms(state, rules):
        return "silent"
    if state.rebooting_event_ms:
        return "rebooting"
    if state.flapping_event_ms:
        return "flapping"
    if state.learning and not 0 < state.learning_until_ms <= now_ms:
        return "learning"
    if state.fault:
        return "fault"
    return "no_state" if state.settled is None else ""


def believed(state: BayState, rules: Rules, now_ms: int) -> tuple[State, int]:
    """The bay's state at a moment not before the last input, and since when; a change counts once it has lasted for
    the minimum dwell."""
    if why_unknown(state, rules, now_ms):
        return "unknown", max(state.silent_event_ms, state.heard_ms)
    changed = state.pending_ms and now_ms - state.pending_ms >= rules.dwell_ms
    occupied, since = (state.raw, state.pending_ms) if changed else (state.settled, state.since_ms)
    return "occupied" if occupied else "free", since


def confidence(state: BayState, rules: Rules, now_ms: int) -> float:
    """How likely a known state is right: less the longer the sensor is silent, as a lost frame shows only then."""
    silence = (now_ms - state.heard_ms) / silent_after_ms(state, rules)
    return 0.98 - 0.2 * min(max(silence, 0.0), 1.0)
