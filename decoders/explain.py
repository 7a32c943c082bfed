"""Which bytes of a payload became which value: what `loracity decode --explain` shows.

Two ways complete each other. Layouts note what they read (`decoders.watched`). And every byte is changed and the frame
decoded again: what becomes different then depends on that byte, whoever reads it, so no codec can hide a dependence.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from decoders.device import Device
from decoders.layout import RECORD_TIME
from decoders.value import Decoded, DecodedValue, DecodeError
from decoders.watched import Note, Watched

_DECODES = 6_000
"""Bounds the work of changing bytes: short frames are tried with every value of every byte, long ones with a few."""
_FEW_CHANGES = (*(1 << bit for bit in range(8)), 0xFF)

Use = Literal["read", "influence", "framing", "unused"]


class Span(Struct, frozen=True):
    """The bytes from `start` to `stop` (exclusive) and what they are for.

    `read`: a field read them, and `value` is what it gave (None: nothing). `influence`: the value depends on them,
    though another field read them or none. `framing`: they decide what the frame holds, or whether it is taken.
    `unused`: nothing depends on them.
    """

    start: int
    stop: int
    use: Use
    name: str = ""
    value: DecodedValue | None = None
    bits: tuple[int, int] | None = None


class Explanation(Struct, frozen=True):
    """A payload with its spans in payload order; every byte lies in at least one."""

    decoder: str
    f_port: int
    payload: bytes
    spans: tuple[Span, ...]
    outcome: Decoded | DecodeError


def explain(device: Device, f_port: int, payload: bytes, received_ms: int) -> Explanation:
    """What became of each byte. A payload that is refused is explained too: `outcome` is the DecodeError then."""
    watched = Watched(payload)
    outcome = _outcome(device, f_port, watched, received_ms)
    values = outcome.values if isinstance(outcome, Decoded) else ()
    spans = list(_read(watched.notes, values))
    if isinstance(outcome, Decoded):
        spans += _dependences(_Frame(device, f_port, payload, received_ms, outcome), spans)
    spans += _unused(spans, len(payload))
    spans.sort(key=lambda span: (span.start, span.stop, span.bits or (0, 0)))
    return Explanation(f"{device.id}@{device.version}", f_port, payload, tuple(spans), outcome)


class _Frame(Struct, frozen=True):
    """A payload that decodes, and what is needed to decode others in its place."""

    device: Device
    f_port: int
    payload: bytes
    received_ms: int
    decoded: Decoded

    def changed(self, at: int, change: int) -> Decoded | DecodeError:
        """What the frame says with some bits of one byte turned over."""
        other = bytearray(self.payload)
        other[at] ^= change
        return _outcome(self.device, self.f_port, bytes(other), self.received_ms)


def _outcome(device: Device, f_port: int, payload: bytes, received_ms: int) -> Decoded | DecodeError:
    try:
        return device.decode(f_port, payload, received_ms)
    except DecodeError as error:
        return error


def _read(notes: Iterable[Note], values: tuple[DecodedValue, ...]) -> Iterator[Span]:
    """What fields read; a value that the codec judged afterwards is shown as it came out."""
    rest = list(values)
    for note in notes:
        value = note.value
        if value is not None:
            place = next((i for i, v in enumerate(rest) if _key(v) == _key(value)), None)
            if place is None:
                continue  # the codec thought better of it
            value = rest.pop(place)
        yield Span(note.start, note.stop, "read", note.name, value, note.bits)


def _dependences(frame: _Frame, spans: list[Span]) -> list[Span]:
    """What depends on each byte beyond the fields that read it; for values that no layout read, all of it."""
    size = len(frame.payload)
    changes = range(1, 256) if size * 255 <= _DECODES else _FEW_CHANGES
    read = [span.value for span in spans if span.value is not None]
    found: list[Span] = []
    for at in range(min(size, _DECODES // len(changes))):
        here = [span for span in spans if span.start <= at < span.stop]
        tried = {*changes, frame.payload[at]} - {0}
        moved, framing = _effects([frame.changed(at, change) for change in tried], frame.decoded, here)
        for index in moved:
            value = frame.decoded.values[index]
            found.append(Span(at, at + 1, "influence" if value in read else "read", _name(value), value))
        if framing:
            found.append(Span(at, at + 1, "framing"))
    return _joined(found)


def _effects(outcomes: Iterable[Decoded | DecodeError], decoded: Decoded, here: list[Span]) -> tuple[list[int], bool]:
    """Which values become others when a byte changes, and whether it ever matters for what else the frame holds.

    The fields that lie `here` are known: their own values may change or go.
    """
    own = [span.value for span in here if span.value is not None]
    timed = any(span.name == RECORD_TIME for span in here)
    names = {span.name for span in here}
    wanted = [_name(v) for v in decoded.values]
    moved, framing = set[int](), False
    for outcome in outcomes:
        if not isinstance(outcome, Decoded):
            framing = framing or not here  # a checksum would refuse every change: of a field that says nothing
        elif [_name(v) for v in outcome.values] == wanted:
            for index, (new, old) in enumerate(zip(outcome.values, decoded.values, strict=True)):
                if new != old and old not in own and not (timed and replace(new, time_ms=old.time_ms) == old):
                    moved.add(index)
        elif [name for v in outcome.values if (name := _name(v)) not in names] != [n for n in wanted if n not in names]:
            framing = True
    return sorted(moved), framing


def _unused(spans: Iterable[Span], size: int) -> list[Span]:
    used = {at for span in spans for at in range(span.start, span.stop)}
    return _joined([Span(at, at + 1, "unused") for at in range(size) if at not in used])


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Neighbouring bytes of the same use as one span."""
    open_: dict[tuple[Use, str, int], Span] = {}
    done: list[Span] = []
    for span in spans:
        key = (span.use, span.name, id(span.value))
        before = open_.get(key)
        if before is not None and before.stop == span.start:
            open_[key] = Span(before.start, span.stop, span.use, span.name, span.value)
            continue
        if before is not None:
            done.append(before)
        open_[key] = span
    return done + list(open_.values())


def _key(value: DecodedValue) -> tuple[str, str, int | None]:
    return value.quantity, value.channel, value.time_ms


def _name(value: DecodedValue) -> str:
    return f"{value.quantity}:{value.channel}" if value.channel else value.quantity
