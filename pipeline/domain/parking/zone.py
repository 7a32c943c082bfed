"""What the bays of one zone say together: which sensors are not to be believed, and how many spaces are free."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

from msgspec import Struct

from pipeline.domain.parking.bay import BayState, Reason, Rules, State, believed, confidence, why_unknown
from pipeline.domain.parking.counts import FULL, HOUR_MS, NOTHING, WEEK_HOURS, cell_of, local

PRIOR_WEIGHT = 2.0
"""The zone's usual occupancy counts like so many bays when that of its untrusted bays is guessed."""
NORMAL_90 = 1.645


class Bay(Struct, frozen=True):
    """One bay of the zone at the moment of the question."""

    id: str
    rules: Rules
    state: BayState
    shown: State
    since_ms: int
    reason: Reason
    """Why it is unknown; empty: it is known."""

    @property
    def space(self) -> bool:
        """A parking space of the public: neither a fire lane nor one person's bay."""
        return not self.rules.fire_lane and not self.rules.personal


class Count(Struct, frozen=True):
    """Spaces of a zone. `free + occupied + unknown = total`; bays of untrusted sensors are unknown."""

    free: int
    occupied: int
    unknown: int
    total: int
    estimate: float
    """Free spaces of the whole zone, the unknown bays guessed from their neighbours and their past; 0 to `total`."""
    low: float
    high: float
    """Where the true number lies in 9 of 10 cases."""
    confidence: float
    """0 to 1: how much of the zone is seen by sensors that are believed, and how surely."""
    age_s: float | None
    """Median age of what the trusted sensors said last; None without any."""


def bay_at(name: str, rules: Rules, state: BayState | None, now_ms: int) -> Bay:
    """A bay as it is known at a moment; the moment of its last input if that is later."""
    state = BayState() if state is None else state
    now_ms = max(now_ms, state.heard_ms)
    shown, since = believed(state, rules, now_ms)
    return Bay(name, rules, state, shown, since, why_unknown(state, rules, now_ms))


def profile_share(state: BayState, cell: int) -> float | None:
    """Usual occupancy (0 to 1) of a bay in an hour of the week; None where it is not known yet."""
    value = state.counts.profile[cell]
    return None if value == NOTHING else value / FULL


def zone_profile(bays: Sequence[Bay], least: int) -> list[float | None]:
    """Mean usual occupancy by hour of the week; None where fewer than `least` bays know it."""
    columns = zip(*(bay.state.counts.profile for bay in bays), strict=True) if bays else ()
    means: list[float | None] = []
    for column in columns:
        known = [value for value in column if value != NOTHING]
        means.append(sum(known) / len(known) / FULL if len(known) >= max(least, 1) else None)
    return means or [None] * WEEK_HOURS


def count_zone(bays: Sequence[Bay], suspects: Mapping[str, object], now_ms: int) -> Count:
    """How many of the zone's spaces are free; bays of `suspects` (by id) are not believed."""
    spaces = [bay for bay in bays if bay.space]
    trusted = [bay for bay in spaces if bay.shown != "unknown" and bay.id not in suspects]
    doubted = [bay for bay in spaces if bay.shown == "unknown" or bay.id in suspects]
    free = sum(bay.shown == "free" for bay in trusted)
    total = len(spaces)
    guesses = _guess(trusted, doubted, now_ms)
    sure = [confidence(bay.state, bay.rules, max(now_ms, bay.state.heard_ms)) for bay in trusted]
    estimate = min(max(free + sum(1 - p for p in guesses), 0.0), float(total))
    spread = NORMAL_90 * math.sqrt(sum(p * (1 - p) for p in (*guesses, *sure)))
    ages = [max(now_ms - bay.state.heard_ms, 0) / 1000 for bay in trusted]
    return Count(
        free,
        len(trusted) - free,
        len(doubted),
        total,
        estimate,
        max(estimate - spread, 0.0),
        min(estimate + spread, float(total)),
        sum(sure) / total if total else 0.0,
        median(ages) if ages else None,
    )


def _guess(trusted: Sequence[Bay], doubted: Sequence[Bay], now_ms: int) -> list[float]:
    """How likely each untrusted bay is occupied: as its trusted neighbours are now, shifted by how it usually differs
    from them; half where nothing is known."""
    shares = [(bay, _usual(bay, now_ms)) for bay in trusted]
    known = [share for _, share in shares if share is not None]
    usual = sum(known) / len(known) if known else None
    prior = 0.5 if usual is None else usual
    now = (sum(b.shown == "occupied" for b in trusted) + PRIOR_WEIGHT * prior) / (len(trusted) + PRIOR_WEIGHT)
    guesses = []
    for bay in doubted:
        own = _usual(bay, now_ms) if bay.reason in ("silent", "no_sensor") else None
        shift = 0.0 if own is None or usual is None else own - usual
        guesses.append(min(max(now + shift, 0.02), 0.98))
    return guesses


def _usual(bay: Bay, now_ms: int) -> float | None:
    return profile_share(bay.state, cell_of(local(now_ms, bay.rules.time_zone)))


def hours_between(start_ms: int, end_ms: int, time_zone: str, most: int) -> list[int]:
    """The hours of the week of the full hours in a range, the last `most` of them."""
    last = end_ms // HOUR_MS
    first = max(-(-start_ms // HOUR_MS), last - most)
    return [cell_of(local(hour * HOUR_MS, time_zone)) for hour in range(first, last)]
