"""`Layout`: fields at fixed places, used for whole frames, tagged items and sections alike; with its encoder."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from decoders.field import Field, Fixed
from decoders.source import EncodeError, Number
from decoders.value import Decoded, DecodedValue, DecodeError

EARLIEST_S = 1_420_070_400
"""2015-01-01 UTC: a device clock before LoRaWAN 1.0 was never set."""
DAY_S = 86_400


class Codec(Protocol):
    """What a port of a device speaks."""

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a payload. DecodeError."""

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """The payload that decodes to these values. EncodeError."""


class Layout:
    """Fields at fixed offsets of a frame or of a part of one.

    `length`: the lengths a frame may have, in bytes; default the end of the last field. `when`: raw numbers that must
    match, to tell alternatives apart. `time`: Unix seconds of a record from the device's own log. `warning`: a text, or
    a function of the part's bytes that gives one or None.
    """

    def __init__(
        self,
        fields: Sequence[Field | Fixed] = (),
        *,
        length: int | Sequence[int] = (),
        when: Sequence[tuple[Number, int]] = (),
        time: Number | None = None,
        warning: str | Callable[[bytes], str | None] | None = None,
    ) -> None:
        lengths = (length,) if isinstance(length, int) else tuple(length)
        self.fields = tuple(fields)
        self.lengths = lengths or (max((f.end for f in fields), default=0),)
        self.length = max(self.lengths)
        self.when = tuple(when)
        self.time = time
        self.warning = warning
        self._when = tuple((number.reader(), raw) for number, raw in when)
        self._time = time.reader() if time else None
        self._readers = tuple(f.compile() for f in fields if not f.optional)
        self._optional = tuple((f.compile(), f.end) for f in fields if f.optional)

    def matches(self, data: bytes, base: int = 0) -> bool:
        """Whether the conditions hold; the data must be long enough."""
        for read, raw in self._when:  # noqa: SIM110 - every frame passes here, and a generator costs more than the rest
            if read(data, base) != raw:
                return False
        return True

    def read(
        self, data: bytes, base: int, number: int, received_ms: int, out: list[DecodedValue], warnings: list[str]
    ) -> None:
        """Append the values of the part that starts at `base`; the data must be long enough."""
        time = self._record_time(data, base, received_ms, warnings) if self._time else None
        for run in self._readers:
            run(data, base, number, time, out, warnings)
        for run, end in self._optional:
            if base + end <= len(data):
                run(data, base, number, time, out, warnings)
        if self.warning is not None:
            part = data[base : base + self.length]
            text = self.warning if isinstance(self.warning, str) else self.warning(part)
            if text:
                warnings.append(text)

    def _record_time(self, data: bytes, base: int, received_ms: int, warnings: list[str]) -> int | None:
        assert self._time is not None
        seconds = int(self._time(data, base))
        if EARLIEST_S <= seconds <= received_ms // 1000 + DAY_S:
            return seconds * 1000
        warnings.append(f"record time {seconds} s is implausible: the time of reception is used")
        return None

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a frame. DecodeError `too_short`, `too_long` or `bad_payload`."""
        if len(data) not in self.lengths or not self.matches(data):
            raise wrong_length(data, self.lengths)
        out: list[DecodedValue] = []
        warnings: list[str] = []
        self.read(data, 0, 0, received_ms, out, warnings)
        return Decoded(tuple(out), tuple(warnings))

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """The frame that decodes to these values. EncodeError."""
        pending = list(values)
        _, frame = self.build(pending)
        reject_rest(pending)
        return frame

    def build(self, pending: list[DecodedValue]) -> tuple[int, bytes]:
        """Channel number and bytes of one part; takes its values out of `pending`, but not on EncodeError."""
        frame = bytearray(self.length)
        for condition, raw in self.when:
            condition.put(frame, raw)
        rest, taken = list(pending), list[DecodedValue]()
        number, length = 0, self.length
        for place in self.fields:
            value = _take(rest, place, number if taken else None)
            if value is not None:
                number = place.matches(value) or 0
                taken.append(value)
            length = _put(frame, place, value, length)
        if length not in self.lengths:
            raise EncodeError(f"{length} bytes is none of the format's lengths")
        if not self.matches(bytes(frame)):
            raise EncodeError("these values belong to another layout")
        self._put_time(frame, {value.time_ms for value in taken})
        pending[:] = rest
        return number, bytes(frame[:length])

    def _put_time(self, frame: bytearray, times: set[int | None]) -> None:
        if self.time is None:
            if times - {None}:
                raise EncodeError("the format has no place for a record time")
            return
        time_ms = times.pop() if len(times) == 1 else None
        if time_ms is None:
            raise EncodeError("a record needs one time for all its values")
        self.time.put(frame, time_ms // 1000)


class OneOf:
    """Several layouts on one port; the first whose length and conditions hold reads the frame."""

    def __init__(self, *layouts: Layout) -> None:
        self.layouts = layouts
        self._lengths = tuple(sorted({length for layout in layouts for length in layout.lengths}))

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a frame. DecodeError `too_short`, `too_long` or `bad_payload`."""
        layout = self._reading(data)
        if layout is None:
            raise wrong_length(data, self._lengths)
        return layout.decode(data, received_ms)

    def _reading(self, data: bytes) -> Layout | None:
        size = len(data)
        for layout in self.layouts:
            if size in layout.lengths and layout.matches(data):
                return layout
        return None

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """The frame of the first layout that takes all values. EncodeError."""
        return first_encoding([partial(self._encode, layout) for layout in self.layouts], values)

    def _encode(self, layout: Layout, values: Sequence[DecodedValue]) -> bytes:
        frame = layout.encode(values)
        if self._reading(frame) is not layout:
            raise EncodeError("another layout would read these values")
        return frame


def first_encoding(
    encoders: Sequence[Callable[[Sequence[DecodedValue]], bytes]], values: Sequence[DecodedValue]
) -> bytes:
    """The payload of the first encoder that takes all values. EncodeError with the reasons of all."""
    errors = []
    for encode in encoders:
        try:
            return encode(values)
        except EncodeError as error:
            errors.append(str(error))
    raise EncodeError("; ".join(dict.fromkeys(errors)))


def wrong_length(data: bytes, lengths: Sequence[int]) -> DecodeError:
    """The error for a frame that fits none of the lengths, or fits one but meets no condition."""
    size, wanted = len(data), " or ".join(map(str, sorted(lengths)))
    if size in lengths:
        return DecodeError("bad_payload", f"no layout of {size} bytes begins like this")
    reason = "empty" if not size else "too_short" if size < max(lengths) else "too_long"
    return DecodeError(reason, f"{size} bytes instead of {wanted}")


def reject_rest(pending: Sequence[DecodedValue]) -> None:
    """EncodeError when values are left that no part of the format took."""
    if pending:
        raise EncodeError(rest_error(pending))


def rest_error(pending: Sequence[DecodedValue]) -> str:
    """What to say of values that no part of the format took."""
    return "the format has no place for " + ", ".join(f"{v.quantity} {v.channel}".strip() for v in pending)


def _take(rest: list[DecodedValue], place: Field | Fixed, number: int | None) -> DecodedValue | None:
    for index, value in enumerate(rest):
        matched = place.matches(value)
        if matched is not None and number in (None, matched):
            return rest.pop(index)
    return None


def _put(frame: bytearray, place: Field | Fixed, value: DecodedValue | None, length: int) -> int:
    """Write one field and give the frame's length, which ends before the first optional field without a value."""
    if place.derived:
        return length
    if value is None and place.optional and isinstance(place, Field):
        return min(length, place.source.offset)
    if place.end > length:
        raise EncodeError(f"{place.quantity}: a field before it is missing")
    place.put(frame, value)
    return length
