"""Runs a detector over the inputs of one asset so that order and repetition of arrival change nothing.

A body holds the detector's state after the newest input, points to go back to (the oldest of them older than
`LATENESS_MS`), and the inputs since that point. An input newer than all others is one step; a late one runs again from
the last point before it, and what comes out differently is the change. Hours (`Tick`s) follow from the inputs' times
alone; those that the clock brings about ahead of the next input are kept apart, so that an input that was on its way
meanwhile finds the world as it would have been.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, TypeVar

import msgspec
import zstandard
from msgspec import Struct, field

from pipeline.domain.rows import Given, Key, key_of, pack, time_of, unpack
from pipeline.domain.words import LATENESS_MS, Detector, DomainEvent, Facts, Observation, Step, Tick
from pipeline.reading import FieldValue

HOUR_MS = 3_600_000
TICKS_MS = 7 * 24 * HOUR_MS
"""So long after an asset's last input hours still count for it; a longer silence brings nothing new."""
SPACING_MS = LATENESS_MS
"""Between two points to go back to."""
SETTLED_MS = 24 * HOUR_MS
"""Events that ended longer ago than this before the oldest point are final: late data revises them no more."""
_MAX_SETTLED = 64
_MAX_NAMES = 48
_MAX_ROWS = 512
"""An asset that sends more within the lateness bound gets a shorter bound."""
_AT_ONCE = 128
_BEFORE_ALL = -1

S = TypeVar("S")
DerivedKey = tuple[str, int]
"""DevEUI and time in Unix ms of the observation that a derived record belongs to."""


class Change(Struct):
    """What a run of inputs changed, against what was said before."""

    events: dict[str, DomainEvent] = field(default_factory=dict)
    """By id: new ones and new versions of known ones."""
    withdrawn: set[str] = field(default_factory=set)
    """Events that did not happen after all."""
    derived: dict[DerivedKey, dict[str, FieldValue]] = field(default_factory=dict)
    """Whole derived records that are new or different now; empty when nothing is derived there any more."""
    too_late: int = 0
    """Inputs beyond the lateness bound: left out."""
    late: int = 0
    """Inputs that made the detector run again from an earlier point."""


class _Said(Struct, array_like=True):
    """What came out of a stretch of inputs: the last version of each event, and what was withdrawn."""

    events: dict[str, DomainEvent] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)

    def add(self, step: Step) -> None:
        for event in step.events:
            self.events[event.id] = event
            self.withdrawn.discard(event.id)
        for gone in step.withdrawn:
            self.events.pop(gone, None)
            self.withdrawn.add(gone)

    def join(self, later: "_Said") -> None:
        for name in later.withdrawn:
            self.events.pop(name, None)
        self.withdrawn = (self.withdrawn | later.withdrawn) - later.events.keys()
        self.events.update(later.events)

    def apply_to(self, known: dict[str, DomainEvent]) -> None:
        for name in self.withdrawn:
            known.pop(name, None)
        known.update(self.events)


class _Point(Struct, array_like=True, frozen=True):
    """The detector's state after everything up to `time_ms`."""

    time_ms: int
    input_ms: int
    """Time of the last input before it."""
    tick_ms: int
    """The next hour that is due; 0 before the first input."""
    state: bytes


class _Marked(Struct, array_like=True):
    """A point to go back to, and what was said from there to the next one."""

    point: _Point
    said: _Said


class _Cold(Struct, array_like=True):
    """What only late inputs need."""

    marks: list[_Marked]
    settled: dict[str, DomainEvent]
    """Versions of events as at the first mark."""


class _Body(Struct, array_like=True):
    detector: str
    base_ms: int
    """Time of the first mark: what is older changes nothing."""
    mark_ms: int
    """Time of the last mark."""
    head: _Point
    """After the newest input and the hours before it."""
    said: _Said
    """From the last mark to `head`."""
    ahead: _Point | None
    """After hours that the clock brought, beyond the newest input."""
    ahead_said: _Said
    names: list[str]
    rows: list[bytes]
    """Inputs since the first mark, in order."""
    cold: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode_body = msgspec.msgpack.Decoder(_Body).decode
_decode_cold = msgspec.msgpack.Decoder(_Cold).decode


class Run(Generic[S]):
    """One detector with what running it needs. Bodies are opaque bytes, made by `begin` and replaced by `feed`."""

    def __init__(self, detector: Detector[S]) -> None:
        self.detector = detector
        self.label = f"{detector.name}@{detector.version}"
        self._encode_state = msgspec.msgpack.Encoder().encode
        self._decode_state = msgspec.msgpack.Decoder(detector.state_type).decode

    def begin(self, facts: Facts) -> bytes:
        """The body of an asset that nothing was heard of."""
        point = _Point(_BEFORE_ALL, _BEFORE_ALL, 0, self._encode_state(self.detector.begin(facts)))
        cold = _pack_cold(_Cold([_Marked(point, _Said())], {}))
        return _encode(_Body(self.label, _BEFORE_ALL, _BEFORE_ALL, point, _Said(), None, _Said(), [], [], cold))

    def state(self, body: bytes) -> tuple[S, int]:
        """The detector's state with everything folded in, and the time it stands at (Unix ms; -1 before anything)."""
        found = _decode_body(body)
        point = found.ahead or found.head
        return self._decode_state(point.state), point.time_ms

    def newest_ms(self, body: bytes) -> int:
        """Time of the newest input; -1 before the first."""
        return _decode_body(body).head.input_ms

    def feed(
        self, facts: Facts, body: bytes, inputs: Iterable[Given], clock_ms: int = _BEFORE_ALL
    ) -> tuple[bytes, Change]:
        """The body with the inputs folded in, in whatever order they come, and hours up to `clock_ms`; what changed.

        Of two inputs with the same identity the later given counts. The same body is given back when nothing happened.
        """
        change = Change()
        found = _decode_body(body)
        touched = self._inputs(facts, found, inputs, change)
        if self._clock(facts, found, clock_ms, change) or touched:
            return _encode(found), change
        return body, change

    # -- inputs --------------------------------------------------------------------------------------------------

    def _inputs(self, facts: Facts, body: _Body, given: Iterable[Given], change: Change) -> bool:
        ordered = _accepted(body, given, change)
        if not ordered:
            return False
        now = body.ahead or body.head
        if ordered[0].time_ms <= now.time_ms:
            known = set(body.rows)
            ordered = [one for one in ordered if pack(one, body.names) not in known]
            if not ordered:
                return False
        if ordered[0].time_ms > now.time_ms:
            for start in range(0, len(ordered), _AT_ONCE):
                self._go_on(facts, body, ordered[start : start + _AT_ONCE], change)
        else:
            change.late += sum(1 for one in ordered if one.time_ms <= now.time_ms)
            self._again(facts, body, ordered, change)
        return True

    def _go_on(self, facts: Facts, body: _Body, ordered: Sequence[Given], change: Change) -> None:
        """All inputs are newer than everything so far."""
        if body.ahead is not None:
            body.said.join(body.ahead_said)
            body.head, body.ahead, body.ahead_said = body.ahead, None, _Said()
        said = _Said()
        body.head = self._stretch(facts, body.head, ordered, said, change.derived)
        body.rows += [pack(one, body.names) for one in ordered]
        _news(said, body.said, change)
        body.said.join(said)
        _mark(body)

    def _again(self, facts: Facts, body: _Body, fresh: Sequence[Given], change: Change) -> None:
        """Some input is late: back to the last point before it, and everything since once more."""
        cold, old = _unpack_cold(body.cold), body.ahead_said
        kept = body.said  # what stays said between the last mark and the point to begin at
        if fresh[0].time_ms > body.head.time_ms:  # only hours of the clock lie behind it
            point = body.head
        else:
            kept, old = _Said(), _joined(body.said, old)
            while cold.marks[-1].point.time_ms >= fresh[0].time_ms:
                cold.marks.pop()
                old = _joined(cold.marks[-1].said, old)
            point, cold.marks[-1].said = cold.marks[-1].point, kept
            body.mark_ms, body.cold = point.time_ms, _pack_cold(cold)
        known = dict(cold.settled)
        for mark in cold.marks:
            mark.said.apply_to(known)
        kept.apply_to(known)
        self._run_again(facts, body, point, fresh, change)
        _differences(known, old, _joined(body.said, body.ahead_said), change)
        body.said = _joined(kept, body.said)
        _mark(body)

    def _run_again(self, facts: Facts, body: _Body, point: _Point, fresh: Sequence[Given], change: Change) -> None:
        """From the point through all inputs and hours since; `body.said` is what came of the inputs."""
        rows = {key_of(one): one for one in (unpack(row, body.names) for row in body.rows)}
        before: dict[DerivedKey, dict[str, FieldValue]] = {}
        derived: dict[DerivedKey, dict[str, FieldValue]] = {}
        ahead_ms = body.ahead.time_ms if body.ahead is not None else _BEFORE_ALL
        self._stretch(facts, point, _since(point, rows), _Said(), before)
        rows |= {key_of(one): one for one in fresh}
        body.said, body.ahead, body.ahead_said = _Said(), None, _Said()
        body.head = self._stretch(facts, point, _since(point, rows), body.said, derived)
        self._hours(facts, body, ahead_ms)
        change.derived.update((key, values) for key, values in derived.items() if before.get(key) != values)
        change.derived.update((key, {}) for key in before.keys() - derived.keys())
        body.rows = [pack(rows[key], body.names) for key in sorted(rows)]

    def _stretch(
        self,
        facts: Facts,
        start: _Point,
        inputs: Sequence[Given],
        said: _Said,
        derived: dict[DerivedKey, dict[str, FieldValue]],
    ) -> _Point:
        """The point after the inputs, which are in order and newer than `start`, and the hours up to the last one."""
        if not inputs:
            return start
        step, state = self.detector.step, self._decode_state(start.state)
        last_ms, tick_ms = start.input_ms, start.tick_ms
        for one in inputs:
            time_ms = one.time_ms
            while tick_ms < time_ms:
                if tick_ms == 0 or tick_ms > last_ms + TICKS_MS:
                    tick_ms = -(-time_ms // HOUR_MS) * HOUR_MS
                    break
                state, told = step(facts, state, Tick(tick_ms))
                said.add(told)
                tick_ms += HOUR_MS
            state, told = step(facts, state, one)
            said.add(told)
            if told.derived and isinstance(one, Observation):
                derived.setdefault((one.dev_eui, time_ms), {}).update(told.derived)
            last_ms = time_ms
        if tick_ms == last_ms:
            state, told = step(facts, state, Tick(tick_ms))
            said.add(told)
            tick_ms += HOUR_MS
        return _Point(last_ms, last_ms, tick_ms, self._encode_state(state))

    # -- hours ---------------------------------------------------------------------------------------------------

    def _clock(self, facts: Facts, body: _Body, clock_ms: int, change: Change) -> bool:
        before = _joined(body.said, body.ahead_said)
        said = self._hours(facts, body, clock_ms)
        if said is None:
            return False
        _news(said, before, change)
        return True

    def _hours(self, facts: Facts, body: _Body, clock_ms: int) -> _Said | None:
        """Let the hours up to `clock_ms` pass ahead of the next input; what was said, None when none was due."""
        now = body.ahead or body.head
        tick_ms = now.tick_ms
        end_ms = min(clock_ms, now.input_ms + TICKS_MS)
        if tick_ms == 0 or tick_ms > end_ms:
            return None
        state, said = self._decode_state(now.state), _Said()
        while tick_ms <= end_ms:
            state, told = self.detector.step(facts, state, Tick(tick_ms))
            said.add(told)
            tick_ms += HOUR_MS
        body.ahead = _Point(tick_ms - HOUR_MS, now.input_ms, tick_ms, self._encode_state(state))
        body.ahead_said.join(said)
        return said


def _accepted(body: _Body, given: Iterable[Given], change: Change) -> list[Given]:
    """The inputs within the lateness bound at the moment of their arrival, in order of time."""
    newest = body.head.input_ms
    wanted: dict[Key, Given] = {}
    for one in given:
        if one.time_ms <= newest - LATENESS_MS or one.time_ms <= body.base_ms:
            change.too_late += 1
            continue
        newest = max(newest, one.time_ms)
        wanted[key_of(one)] = one
    return [wanted[key] for key in sorted(wanted)]


def _since(point: _Point, rows: Mapping[Key, Given]) -> list[Given]:
    return [rows[key] for key in sorted(rows) if key[0] > point.time_ms]


def _joined(first: _Said, second: _Said) -> _Said:
    both = _Said(dict(first.events), set(first.withdrawn))
    both.join(second)
    return both


def _news(said: _Said, before: _Said, change: Change) -> None:
    for name, event in said.events.items():
        if before.events.get(name) != event or name in change.withdrawn:
            change.events[name] = event
            change.withdrawn.discard(name)
    for name in said.withdrawn:
        change.events.pop(name, None)
        change.withdrawn.add(name)


def _differences(known: Mapping[str, DomainEvent], old: _Said, new: _Said, change: Change) -> None:
    """What `new` says after `known` against what `old` said: an event that only `old` changed is again as it was."""
    was, now = dict(known), dict(known)
    old.apply_to(was)
    new.apply_to(now)
    for name in old.events.keys() | old.withdrawn | new.events.keys() | new.withdrawn:
        event = now.get(name)
        if event is None and (name in was or (name in new.withdrawn and name not in old.withdrawn)):
            change.withdrawn.add(name)
        elif event is not None and was.get(name) != event:
            change.events[name] = event


def _mark(body: _Body) -> None:
    """Make the head a point to go back to when the last one is far enough behind; forget points no longer needed."""
    storm = len(body.rows) > _MAX_ROWS
    if body.head.time_ms - body.mark_ms < SPACING_MS and not storm:
        return
    cold = _unpack_cold(body.cold)
    cold.marks[-1].said, body.said = body.said, _Said()
    cold.marks.append(_Marked(body.head, _Said()))
    body.mark_ms = body.head.time_ms
    bound_ms = body.head.time_ms if storm else body.head.input_ms - LATENESS_MS
    while len(cold.marks) > 1 and cold.marks[1].point.time_ms <= bound_ms:
        cold.marks.pop(0).said.apply_to(cold.settled)
    base_ms = cold.marks[0].point.time_ms
    if base_ms != body.base_ms:
        body.base_ms = base_ms
        cold.settled = _unsettled(cold.settled, base_ms)
        body.rows = [row for row in body.rows if time_of(row) > base_ms]
        if len(body.names) > _MAX_NAMES:
            kept = [unpack(row, body.names) for row in body.rows]
            body.names = []
            body.rows = [pack(one, body.names) for one in kept]
    body.cold = _pack_cold(cold)


def _unsettled(events: dict[str, DomainEvent], base_ms: int) -> dict[str, DomainEvent]:
    """Those that late data may still revise."""
    kept = [e for e in events.values() if e.ongoing or max(e.start_ms, e.end_ms or 0) > base_ms - SETTLED_MS]
    kept.sort(key=lambda e: (e.ongoing, e.start_ms))
    return {event.id: event for event in kept[-_MAX_SETTLED:]}


def _pack_cold(cold: _Cold) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(_encode(cold))


def _unpack_cold(body: bytes) -> _Cold:
    return _decode_cold(zstandard.ZstdDecompressor().decompress(body))
