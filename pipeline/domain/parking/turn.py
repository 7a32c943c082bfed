"""One input's turn: the rules by which a bay's state changes, one method a rule."""

from statistics import median_low

from msgspec.structs import replace

from pipeline.domain.parking.bay import (
    DAY_MS,
    DOUBTFUL,
    INFERRED,
    LEARNING_CHANGES,
    MINUTE_MS,
    RELEARNING_CHANGES,
    RELEARNING_MS,
    SURE,
    BayState,
    silent_after_ms,
    why_unknown,
)
from pipeline.domain.parking.counts import account, add_length, close_hour, length_quantile_ms, sum_lengths
from pipeline.domain.parking.said import Said, told
from pipeline.domain.words import Observation, event_id
from pipeline.reading import FieldValue

SAME_RESTART_MS = 10 * MINUTE_MS
"""Frames of one restart come within this."""
REBOOTING = 3
"""So many restarts within a day are a fault."""
FLIPS_PER_HOUR, FLIPS_PER_DAY = 24, 120
"""More changes than cars can make."""
LEAST_BEATS, BEATS_KEPT = 3, 5
ODD_WEIGHT = 0.08
LEAST_BEAT_MS = 10 * MINUTE_MS
STUCK_FACTOR, STUCK_LEAST_MS = 8, 5 * DAY_MS
"""Stuck by its own measure: no change for so many times what 99 % of its states last, and for five days."""
NEVER_CHANGED_MS = 14 * DAY_MS
"""The measure of a bay that is too young to have one of its own."""
_ALIVE = ("heartbeat", "periodic")


class Turn(Said):
    """The rules, in the words of `Said`."""

    def pass_time(self) -> None:
        """What has become true since the last input: a change that lasted, silence, the end of learning."""
        state = self.state
        if state.pending_ms and self._now - state.pending_ms >= self._rules.dwell_ms:
            self._settle()
        self._fall_silent()
        state = self.state
        if 0 < state.learning_until_ms <= self._now and not state.rebooting_event_ms:
            state = replace(state, learning=0, learning_until_ms=0)
        known = not why_unknown(state, self._rules, self._now)
        self.state = replace(state, counts=account(state.counts, self._now, state.settled if known else None))

    def observe(self, given: Observation) -> None:
        """A frame of the sensor."""
        if self.state.dev_eui != given.dev_eui:
            self._replace_sensor(given.dev_eui)
        if self.state.silent_event_ms:
            self._end("sensor_silent", self.state.silent_event_ms, self._now)
            self.state = replace(self.state, silent_event_ms=0)
            self._lose_sight()
        event = given.values.get("event")
        occupied, fault = told(given)
        if event == "startup":
            same_frame = self.state.heard_ms == self._now
            self._restart()
            if occupied is None and same_frame and self.state.settled is None:
                # The state came in a record of its own of the same frame, before this one.
                occupied = self.state.raw
        if occupied is not None and event != "startup":
            self._compare(occupied, event in _ALIVE)
        self._learn_beat(occupied is not None and self._is_beat(occupied, event))
        self.state = replace(self.state, heard_ms=self._now)
        if fault:
            self.state = replace(self.state, fault=True)
        elif occupied is not None:
            self.state = replace(self.state, fault=False)
            self._report(occupied, sure=event not in (*_ALIVE, "startup"))
        if fault or occupied is not None:
            self._derive()

    def close_hour(self) -> None:
        """A full hour has passed: count it, and judge the sensor by it."""
        state = self.state
        if state.rebooting_event_ms and self._now - state.restarts[-1] > DAY_MS:
            self._end("sensor_rebooting", state.rebooting_event_ms, state.restarts[-1])
            self.state = replace(self.state, rebooting_event_ms=0)
        self._judge_flapping()
        self._judge_stuck()
        counts = close_hour(self.state.counts, self._now, self._rules.time_zone, not self._rules.personal)
        self.state = replace(self.state, counts=counts)

    def watch_fire_lane(self) -> None:
        """A vehicle on a fire lane is an alarm at once; it is withdrawn if it left before the minimum dwell."""
        state = self.state
        if not self._rules.fire_lane:
            return
        if state.raw and not state.alarm_event_ms:
            start = state.pending_ms or state.since_ms or self._now
            self.state = replace(state, alarm_event_ms=start, alarm_sure=False)
            self._alarm(start, 0.5)
        elif state.raw and not state.alarm_sure and self._now - state.alarm_event_ms >= self._rules.dwell_ms:
            self.state = replace(state, alarm_sure=True)
            self._alarm(state.alarm_event_ms, SURE)
        elif state.raw is False and state.alarm_event_ms and not state.settled:
            if state.alarm_sure:
                self._end("fire_lane_occupied", state.alarm_event_ms, max(state.since_ms, state.alarm_event_ms))
            else:
                self.withdrawn.append(event_id("fire_lane_occupied", self._asset, state.alarm_event_ms))
            self.state = replace(state, alarm_event_ms=0, alarm_sure=False)

    def watch_stay(self) -> None:
        """A vehicle that stays longer than the bay's class allows."""
        state, limit = self.state, self._limit()
        if limit is None or not state.settled or state.overstay_event_ms:
            return
        if (state.pending_ms or self._now) - state.since_ms <= limit:
            return
        if not why_unknown(state, self._rules, self._now):
            self.state = replace(state, overstay_event_ms=state.since_ms + limit)
            self._say("overstay", state.since_ms + limit, ongoing=True, values={"limit_min": limit / MINUTE_MS})

    def _limit(self) -> int | None:
        """How long one may stay here, where that is anybody's business but the holder's."""
        rules = self._rules
        return None if rules.personal or rules.fire_lane else rules.max_stay_ms

    def _settle(self) -> None:
        """The pending change has lasted: it happened."""
        state, rules, at = self.state, self._rules, self.state.pending_ms
        occupied = bool(state.raw)
        if self._known(at) and not rules.personal:
            self._count_change(occupied, at)
            self._say_change(occupied, at)
        self._close_stay(at)
        if state.stuck_event_ms:
            self._end("sensor_stuck", state.stuck_event_ms, at, 0.7)
        left = max(state.learning - 1, 0) if not state.rebooting_event_ms else state.learning
        self.state = replace(
            self.state,
            settled=state.raw,
            since_ms=at,
            changed_ms=at,
            whole=state.pending_sure,
            pending_ms=0,
            stuck_event_ms=0,
            learning=left,
            learning_until_ms=state.learning_until_ms if left else 0,
        )

    def _count_change(self, occupied: bool, at: int) -> None:
        state, counts = self.state, self.state.counts
        counts = replace(counts, arrivals_today=counts.arrivals_today + occupied)
        if state.whole and state.pending_sure and not state.stuck_event_ms:
            length = at - state.changed_ms
            if occupied:
                counts = replace(counts, gaps=add_length(counts.gaps, length))
            else:
                counts = replace(counts, stays=add_length(counts.stays, length))
        self.state = replace(state, counts=counts)

    def _say_change(self, occupied: bool, at: int) -> None:
        state = self.state
        if self._rules.fire_lane:
            return
        sureness = SURE if state.pending_sure else INFERRED
        if occupied:
            self._say("arrived", at, confidence=sureness)
            return
        stay: dict[str, FieldValue] = {"dwell": (at - state.since_ms) / 1000, "complete": state.whole}
        self._say("left", at, confidence=sureness, values=stay)

    def _close_stay(self, end_ms: int, confidence: float = SURE) -> None:
        """What the end of a stay brings: the end of its overstay, which may have begun since the last input."""
        state, limit = self.state, self._limit()
        start = state.overstay_event_ms
        if not start and limit is not None and state.settled and self._known(end_ms):
            start = state.since_ms + limit if end_ms - state.since_ms > limit else 0
        if start and limit is not None:
            values = {"limit_min": limit / MINUTE_MS, "dwell": (end_ms - start + limit) / 1000}
            self._say("overstay", start, end_ms, confidence=confidence, values=dict(values))
        if start:
            self.state = replace(self.state, overstay_event_ms=0)

    def _fall_silent(self) -> None:
        state, limit = self.state, silent_after_ms(self.state, self._rules)
        if not state.heard_ms or state.silent_event_ms or self._now - state.heard_ms <= limit:
            return
        start = state.heard_ms + limit
        self._close_stay(state.heard_ms, INFERRED)
        self.state = replace(self.state, silent_event_ms=start)
        self._say("sensor_silent", start, ongoing=True)

    def _lose_sight(self) -> None:
        """Cars may have come and gone unseen: what is reported next is a new beginning."""
        self.state = replace(self.state, settled=None, pending_ms=0, whole=False, changed_ms=0)

    def _restart(self) -> None:
        """The sensor began anew: it must learn, and what it knew is void."""
        state, now = self.state, self._now
        if state.restarts and now - state.restarts[-1] < SAME_RESTART_MS:
            return
        restarts = (*state.restarts, now)[-REBOOTING:]
        self._say("sensor_restarted", now)
        self._close_stay(now, INFERRED)
        self.state = replace(self.state, restarts=restarts)
        self._lose_sight()
        if not state.learning or state.learning_until_ms:
            self.state = replace(self.state, learning=RELEARNING_CHANGES, learning_until_ms=now + RELEARNING_MS)
        if len(restarts) == REBOOTING and now - restarts[0] <= DAY_MS and not state.rebooting_event_ms:
            self.state = replace(self.state, rebooting_event_ms=restarts[0])
            self._say("sensor_rebooting", restarts[0], ongoing=True)

    def _replace_sensor(self, dev_eui: str) -> None:
        """Another sensor in the bay: what was going on with the one before has ended; the bay's memory stays."""
        state, now = self.state, self._now
        if state.dev_eui:
            self._close_stay(now, INFERRED)
            for kind, start in (
                ("sensor_silent", state.silent_event_ms),
                ("sensor_rebooting", state.rebooting_event_ms),
                ("sensor_flapping", state.flapping_event_ms),
                ("sensor_stuck", state.stuck_event_ms),
            ):
                if start:
                    self._end(kind, start, now)
        self.state = BayState(
            dev_eui,
            raw=state.raw if state.alarm_event_ms else None,
            alarm_event_ms=state.alarm_event_ms,
            alarm_sure=state.alarm_sure,
            learning=LEARNING_CHANGES,
            counts=state.counts,
        )

    def _is_beat(self, occupied: bool, event: FieldValue | None) -> bool:
        return event in _ALIVE or (event is None and not self.state.tells_beats and occupied == self.state.raw)

    def _compare(self, occupied: bool, beat: bool) -> None:
        """Whether the frame fits the one before; only of a sensor that marks its heartbeats can that be told."""
        state = self.state
        if beat and not state.tells_beats:
            state = replace(state, tells_beats=True, beats=(), beat_ms=0)
        if state.tells_beats and state.settled is not None:
            fits = (occupied == state.raw) if beat else (occupied != state.raw)
            state = replace(state, odd=state.odd + ODD_WEIGHT * ((not fits) - state.odd))
        self.state = state

    def _learn_beat(self, is_beat: bool) -> None:
        """Two heartbeats with nothing between them are one interval apart, however the sensor counts it."""
        state, gap = self.state, self._now - self.state.last_beat_ms
        if is_beat and state.last_beat_ms and gap >= LEAST_BEAT_MS:
            beats = (*state.beats, gap)[-BEATS_KEPT:]
            beat = median_low(beats) if len(beats) >= LEAST_BEATS else 0
            self.state = replace(state, last_beat_ms=self._now, beats=beats, beat_ms=beat)
        elif self._now != state.heard_ms or is_beat:
            self.state = replace(state, last_beat_ms=self._now if is_beat else 0)

    def _report(self, occupied: bool, sure: bool) -> None:
        """What the sensor says now, against what is settled."""
        state, now = self.state, self._now
        if state.settled is None:
            self.state = replace(
                state, raw=occupied, settled=occupied, since_ms=now, changed_ms=now, whole=False, pending_ms=0
            )
            return
        if occupied == state.raw:
            return
        counts = replace(state.counts, flips_today=state.counts.flips_today + 1, flips_hour=state.counts.flips_hour + 1)
        pending = 0 if occupied == state.settled else now
        self.state = replace(state, raw=occupied, pending_ms=pending, pending_sure=sure, counts=counts)

    def _derive(self) -> None:
        """The bay's state as it looks at this frame, and how long the vehicle has stood there, or stood when it left;
        the minimum dwell is not waited for, so that a stay's readings begin when it does."""
        state, now = self.state, self._now
        if self._rules.personal:
            return
        if why_unknown(state, self._rules, now):
            self.derived = {"bay_state": "unknown"}
            return
        self.derived = {"bay_state": "occupied" if state.raw else "free"}
        if state.settled and (state.raw or state.pending_ms == now):
            self.derived["dwell"] = (now - state.since_ms) / 1000
        elif state.raw:
            self.derived["dwell"] = (now - state.pending_ms) / 1000

    def _judge_flapping(self) -> None:
        state, counts = self.state, self.state.counts
        wild = counts.flips_hour >= FLIPS_PER_HOUR or counts.flips_today >= FLIPS_PER_DAY
        if wild and not state.flapping_event_ms:
            self.state = replace(state, flapping_event_ms=counts.hour_ms or self._now)
            self._say("sensor_flapping", counts.hour_ms or self._now, ongoing=True)
        elif state.flapping_event_ms and not wild and counts.flips_hour * 4 < FLIPS_PER_HOUR:
            self._end("sensor_flapping", state.flapping_event_ms, self._now)
            self.state = replace(state, flapping_event_ms=0)

    def _judge_stuck(self) -> None:
        """No change for far longer than ever; an empty fire lane is as it should be."""
        state, rules, now = self.state, self._rules, self._now
        if state.stuck_event_ms or not state.changed_ms or (rules.fire_lane and not state.settled):
            return
        if now - state.changed_ms <= STUCK_LEAST_MS:
            return
        usual = length_quantile_ms(sum_lengths((state.counts.stays, state.counts.gaps)), 0.99)
        limit = NEVER_CHANGED_MS if usual is None else STUCK_FACTOR * usual
        if now - state.changed_ms > limit and why_unknown(state, rules, now) in ("", "learning"):
            self.state = replace(state, stuck_event_ms=state.changed_ms)
            self._say("sensor_stuck", state.changed_ms, ongoing=True, confidence=0.7 if usual is None else 0.9)

    def _alarm(self, start_ms: int, confidence: float) -> None:
        sureness = DOUBTFUL if why_unknown(self.state, self._rules, self._now) else confidence
        self._say("fire_lane_occupied", start_ms, ongoing=True, confidence=sureness)
