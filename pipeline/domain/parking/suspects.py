"""Sensors that are stuck, drift or lie, found by their own behaviour and against their neighbours.

A state that does not change is suspicious as far as it is not ordinary: for how long states last in the zone, for the
hours it covers, and for what happened on the bays around. Whichever of a bay's own past and its neighbours makes a
state more ordinary is believed, because bays do differ.
"""

import math
from collections.abc import Sequence
from statistics import fmean, median

from msgspec import Struct

from pipeline.domain.parking.bay import DAY_MS, HOUR_MS
from pipeline.domain.parking.counts import (
    FULL,
    LEARNING_RATE,
    NOTHING,
    WEEK_HOURS,
    length_quantile_ms,
    local,
    sum_lengths,
)
from pipeline.domain.parking.zone import Bay, hours_between

LEAST_NEIGHBOURS = 3
STUCK_LEAST = ((20.0, DAY_MS, 3.0), (7.0, 2 * DAY_MS, 1.5))
"""Either: evidence (natural logarithm of how unlikely the hours spent in the state are), for how long it has not
changed, and that in units of what 99 % of the zone's states last. Little evidence needs much time: somebody may be on
a journey where all others only shop."""
STUCK_ARRIVALS = 2.0
"""So many cars came meanwhile to the average neighbour: on a holiday nothing moves anywhere."""
LONG_FACTOR, LONG_LEAST_MS = 6, 2 * DAY_MS
"""Longer than so many times what 99 % of the zone's states last, and than two days."""
MOST_HOURS = 14 * 24
MOST_ODD = 0.4
"""Share of contradictory frames; where one frame in ten is lost it is about a quarter."""
WILD_FLIPS, WILD_FACTOR = 40, 6
BASE_DAYS, TEST_DAYS = 7, 3
FELL_EXPECTED, FELL_SHARE = 25.0, 0.1
UNLIKE_SHIFT, UNLIKE_SPREADS, UNLIKE_CORRELATION = 0.45, 5.0, -0.5
"""Mean difference from the neighbours, the same in their standard deviations, and agreement over the hours."""
NIGHT_CELLS = [day * 24 + hour for day in range(7) for hour in range(5)]


class Suspicion(Struct, frozen=True):
    """A sensor that should be looked at, and why."""

    bay: str
    reason: str
    """Of the sensor: `silent`, `rebooting`, `flapping`, `fault`; stuck: `stuck_occupied`, `stuck_free`,
    `never_changed`; lying: `too_many_changes`, `contradictory`,
    `too_few_changes`, `unlike_neighbours`, `occupied_every_night`."""
    since_ms: int
    confidence: float
    detail: str
    """One sentence for people."""


class Around:
    """What the believable bays of a zone show together, so that each bay can be held against the others."""

    def __init__(self, bays: Sequence[Bay]) -> None:
        self.bays = [b for b in bays if b.space and b.reason == ""]
        self.profiles = [b.state.counts.profile for b in self.bays]
        self.lengths = {
            True: sum_lengths([b.state.counts.stays for b in self.bays]),
            False: sum_lengths([b.state.counts.gaps for b in self.bays]),
        }
        self.flips = median([_most_flips(b) for b in self.bays] or [0])
        self.trends = [pair for pair in map(_base_and_test, self.bays) if pair is not None]
        self.weeks = [fmean(row) for row in (_known(b.state.counts.arrivals[-7:]) for b in self.bays) if row]
        self.spread = _spread([fmean(row) / FULL for row in map(_known, self.profiles) if row])
        self._members = {b.id for b in self.bays}
        columns = [_known(bytes(column)) for column in zip(*self.profiles, strict=True)] or [b""] * WEEK_HOURS
        self._cells = [(sum(column), len(column)) for column in columns]

    def others(self, bay: Bay) -> int:
        """How many there are beside this bay."""
        return len(self.bays) - (bay.id in self._members)

    def share(self, cell: int, bay: Bay) -> float | None:
        """Usual occupancy of the others in an hour of the week; None where fewer than three know it."""
        total, n = self._cells[cell]
        own = bay.state.counts.profile[cell]
        if bay.id in self._members and own != NOTHING:
            total, n = total - own, n - 1
        return total / n / FULL if n >= LEAST_NEIGHBOURS else None


def suspicions(bays: Sequence[Bay], now_ms: int) -> list[Suspicion]:
    """The suspicious sensors among the bays of one zone, the strongest suspicion of each, in the order of the bays."""
    around = Around(bays)
    found = (_first(bay, around, now_ms) for bay in bays)
    return [suspicion for suspicion in found if suspicion is not None]


def _first(bay: Bay, around: Around, now_ms: int) -> Suspicion | None:
    told = _told_itself(bay)
    if told is not None or bay.rules.personal:
        return told
    for check in (
        _stuck_by_neighbours,
        _stuck_by_length,
        _stuck_by_itself,
        _wild,
        _odd,
        _too_few,
        _unlike,
        _every_night,
    ):
        suspicion = check(bay, around, now_ms)
        if suspicion is not None:
            return suspicion
    return None


def _told_itself(bay: Bay) -> Suspicion | None:
    """What the detector of the one bay already knows."""
    state = bay.state
    words = {
        "silent": (state.silent_event_ms or state.heard_ms, "says nothing for more than two heartbeats"),
        "rebooting": (state.rebooting_event_ms, "restarts again and again"),
        "flapping": (state.flapping_event_ms, "reports more changes than cars can make"),
        "fault": (state.heard_ms, "reports a fault or interference of its own"),
    }
    if bay.reason not in words:
        return None
    since, detail = words[bay.reason]
    return Suspicion(bay.id, bay.reason, since, 0.95, detail)


def _constant_ms(bay: Bay, now_ms: int) -> int:
    """How long the bay's state has not changed; 0 where that is no matter: unknown, in change, or a free fire lane."""
    state = bay.state
    if bay.reason not in ("", "learning") or not state.changed_ms or state.pending_ms:
        return 0
    return 0 if bay.rules.fire_lane and not state.settled else now_ms - state.changed_ms


def _stuck(bay: Bay, confidence: float, detail: str) -> Suspicion:
    reason = "stuck_occupied" if bay.state.settled else "stuck_free"
    return Suspicion(bay.id, "never_changed" if bay.reason else reason, bay.state.changed_ms, confidence, detail)


def _stuck_by_neighbours(bay: Bay, around: Around, now_ms: int) -> Suspicion | None:
    constant = _constant_ms(bay, now_ms)
    if constant < min(least for _, least, _ in STUCK_LEAST) or around.others(bay) < LEAST_NEIGHBOURS:
        return None
    came = _arrivals_since(around, bay, now_ms)
    if came < STUCK_ARRIVALS:
        return None
    usual = length_quantile_ms(around.lengths[bool(bay.state.settled)], 0.99) or DAY_MS
    evidence = _evidence(bay, around, now_ms)
    if not any(evidence >= e and constant >= max(least, factor * usual) for e, least, factor in STUCK_LEAST):
        return None
    return _stuck(bay, 0.95, f"no change for {constant // HOUR_MS} h, while {came:.0f} cars came to each neighbour")


def _stuck_by_length(bay: Bay, around: Around, now_ms: int) -> Suspicion | None:
    constant = _constant_ms(bay, now_ms)
    if constant < LONG_LEAST_MS or around.others(bay) < LEAST_NEIGHBOURS:
        return None
    usual = length_quantile_ms(around.lengths[bool(bay.state.settled)], 0.99)
    if usual is None or constant < LONG_FACTOR * usual or _arrivals_since(around, bay, now_ms) < STUCK_ARRIVALS:
        return None
    hours, most = constant // HOUR_MS, usual / HOUR_MS
    return _stuck(bay, 0.9, f"no change for {hours} h, where 99 % of the states last at most {most:g} h")


def _stuck_by_itself(bay: Bay, around: Around, now_ms: int) -> Suspicion | None:
    if around.others(bay) >= LEAST_NEIGHBOURS or not bay.state.stuck_event_ms or not _constant_ms(bay, now_ms):
        return None
    return _stuck(bay, 0.8, "no change for far longer than ever before")


def _arrivals_since(around: Around, bay: Bay, now_ms: int) -> float:
    """Cars that came to the average neighbour since the bay's last change, of full days and of today."""
    midnight = local(now_ms, bay.rules.time_zone).replace(hour=0, minute=0, second=0, microsecond=0)
    before_ms = int(midnight.timestamp() * 1000) - bay.state.changed_ms
    if before_ms < 0:
        return 0.0
    days, others = before_ms // DAY_MS, [b.state.counts for b in around.bays if b.id != bay.id]
    rows = [_known(counts.arrivals[-days:]) for counts in others] if days else []
    past = [fmean(row) * days for row in rows if row]
    return fmean(counts.arrivals_today for counts in others) + (fmean(past) if past else 0.0)


def _evidence(bay: Bay, around: Around, now_ms: int) -> float:
    """How unlikely the bay's unchanging state is over the hours it has lasted, as a logarithm; hours in which one
    stay or gap covers the next tell nothing new, so they count by what states usually last."""
    state, occupied = bay.state, bool(bay.state.settled)
    usual = length_quantile_ms(around.lengths[occupied], 0.75)
    memory_h = max((usual or 4 * HOUR_MS) / HOUR_MS, 3.0)
    young = now_ms - state.changed_ms < 7 * DAY_MS
    total = 0.0
    for cell in hours_between(state.changed_ms, now_ms, bay.rules.time_zone, MOST_HOURS):
        theirs = around.share(cell, bay)
        if theirs is None:
            continue
        own = _before(state.counts.profile[cell], FULL if occupied else 0) if young else None
        shares = (theirs,) if own is None else (theirs, own)
        total -= math.log(max(*(share if occupied else 1 - share for share in shares), 0.02))
    return total / memory_h


def _before(value: int, share: int) -> float | None:
    """A cell of the profile as it was before its newest week, which showed this share."""
    if value == NOTHING:
        return None
    return min(max((value - LEARNING_RATE * share) / (1 - LEARNING_RATE) / FULL, 0.0), 1.0)


def _wild(bay: Bay, around: Around, now_ms: int) -> Suspicion | None:
    flips, usual = _most_flips(bay), around.flips if around.others(bay) >= LEAST_NEIGHBOURS else 10.0
    if flips < WILD_FLIPS or flips < WILD_FACTOR * (usual + 1):
        return None
    detail = f"{flips} changes in a day, its neighbours {usual:.0f}"
    return Suspicion(bay.id, "too_many_changes", now_ms - DAY_MS, 0.9, detail)


def _odd(bay: Bay, around: Around, now_ms: int) -> Suspicion | None:
    """A drifting sensor says one thing and soon after another, without a change between."""
    if bay.state.odd < MOST_ODD:
        return None
    detail = f"{bay.state.odd:.0%} of its last frames contradict the one before"
    return Suspicion(bay.id, "contradictory", bay.state.heard_ms, 0.85, detail)


def _most_flips(bay: Bay) -> int:
    """Changes of today, or of yesterday if they were more."""
    counts = bay.state.counts
    yesterday = counts.flips[-1]
    return counts.flips_today if yesterday == NOTHING else max(counts.flips_today, yesterday)


def _too_few(bay: Bay, around: Around, now_ms: int) -> Suspicion | None:
    """A drifting sensor misses ever more cars: far fewer come than before, while its neighbours' go on as ever."""
    own, base = _base_and_test(bay), sum(base for base, _ in around.trends)
    if own is None or len(around.trends) <= LEAST_NEIGHBOURS or not base:
        return None
    trend = sum(test for _, test in around.trends) / base
    expected, came = own[0] * trend * TEST_DAYS, own[1] * TEST_DAYS
    if expected < FELL_EXPECTED or came > FELL_SHARE * expected:
        return None
    detail = f"{came:.0f} cars in {TEST_DAYS} days, where {expected:.0f} were to be expected"
    return Suspicion(bay.id, "too_few_changes", now_ms - TEST_DAYS * DAY_MS, 0.8, detail)


def _base_and_test(bay: Bay) -> tuple[float, float] | None:
    """Cars a day before the last days, and in them; None when too few days are known."""
    row = bay.state.counts.arrivals
    base, test = _known(row[:-TEST_DAYS]), _known(row[-TEST_DAYS:])
    return (fmean(base), fmean(test)) if len(base) >= BASE_DAYS and len(test) == TEST_DAYS else None


def _unlike(bay: Bay, around: Around, now_ms: int) -> Suspicion | None:
    """Occupied when the others are free and the other way round, or far more or less than any of them."""
    if around.others(bay) < 5 or bay.rules.fire_lane or bay.rules.bay_class == "resident":
        return None
    pairs = [
        (value / FULL, theirs)
        for cell, value in enumerate(bay.state.counts.profile)
        if value != NOTHING and (theirs := around.share(cell, bay)) is not None
    ]
    if len(pairs) < WEEK_HOURS // 2:
        return None
    own, other = [a for a, _ in pairs], [b for _, b in pairs]
    apart = abs(fmean(own) - fmean(other)) > max(UNLIKE_SHIFT, UNLIKE_SPREADS * around.spread)
    if not apart and _correlation(own, other) > UNLIKE_CORRELATION:
        return None
    detail = f"occupied {fmean(own):.0%} of the time, its neighbours {fmean(other):.0%}, or at other hours than they"
    return Suspicion(bay.id, "unlike_neighbours", now_ms - 7 * DAY_MS, 0.7, detail)


def _correlation(own: Sequence[float], around: Sequence[float]) -> float:
    """Of two rows; 1 (nothing to object) where either hardly varies."""
    spreads = _spread(own), _spread(around)
    if min(spreads) < 0.12:
        return 1.0
    means = fmean(own), fmean(around)
    both = fmean([(a - means[0]) * (b - means[1]) for a, b in zip(own, around, strict=True)])
    return both / (spreads[0] * spreads[1])


def _spread(values: Sequence[float]) -> float:
    """Standard deviation of the values themselves; 0 of none."""
    if not values:
        return 0.0
    mean = fmean(values)
    return math.sqrt(fmean([(value - mean) ** 2 for value in values]))


def _every_night(bay: Bay, around: Around, now_ms: int) -> Suspicion | None:
    """Occupied through all nights, with hardly a change by day, where the neighbours are free at night."""
    own = _known(bytes(bay.state.counts.profile[cell] for cell in NIGHT_CELLS))
    theirs = [share for cell in NIGHT_CELLS if (share := around.share(cell, bay)) is not None]
    if len(own) < 25 or min(own) < FULL - 2 or not theirs or fmean(theirs) > 0.5:
        return None
    mine = _known(bay.state.counts.arrivals[-7:])
    if len(mine) < 5 or len(around.weeks) <= LEAST_NEIGHBOURS or fmean(mine) > 0.3 * fmean(around.weeks):
        return None
    detail = f"occupied every night, {fmean(mine):.1f} cars a day; its neighbours {fmean(around.weeks):.1f}"
    return Suspicion(bay.id, "occupied_every_night", now_ms - 7 * DAY_MS, 0.7, detail)


def _known(row: bytes) -> bytes:
    return row.replace(bytes((NOTHING,)), b"")
