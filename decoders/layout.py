"""`Layout`: fields at fixed places, used for whole frames, tagged items and sections alike; with its encoder."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from decoders.field import Field, Fixed, Step
from decoders.source import EncodeError, Number, Text
from decoders.value import Decoded, DecodedValue, DecodeError
from decoders.watched import Watched
from decoders.words import Finish, plan

EARLIEST_S = 1_420_070_400
"""2015-01-01 UTC: a device clock before LoRaWAN 1.0 was never set."""
DAY_S = 86_400
RECORD_TIME = "record time"
"""The name of a record's time where a payload is explained."""


Reader = Callable[[bytes, int, int, int, list[DecodedValue], list[str]], None]
"""Reads a part: data, its offset, channel number, time of reception (Unix ms), values out, warnings out."""


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

    read: Reader
    """Appends the values of the part that starts at the offset; the data must be long enough."""

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
        self.reach = max((number.offset + number.size for number, _ in when), default=0)
        self._conditions = self.conditions(self.reach)
        self._time = time.reader() if time else None
        always = [f for f in self.fields if not f.optional]
        self._unpack, places = plan([f.source for f in always if isinstance(f, Field)])
        self._plan = tuple(_steps(always, places))
        self._optional = tuple((f, _word_reader(f), f.step()) for f in self.fields if f.optional)
        self.read = self._reader()

    def conditions(self, size: int) -> tuple[int, int]:
        """All conditions as one: mask and wanted number of a part of `size` bytes, read as a big-endian integer."""
        mask, wanted = bytearray(size), bytearray(size)
        for number, raw in self.when:
            number.put(wanted, raw)
            if number.bit_count:
                number.put(mask, (1 << number.bit_count) - 1)
            else:
                mask[number.offset : number.offset + number.size] = b"\xff" * number.size
        return int.from_bytes(mask), int.from_bytes(wanted)

    def matches(self, data: bytes, base: int = 0) -> bool:
        """Whether the conditions hold; the data must be long enough."""
        mask, wanted = self._conditions
        return int.from_bytes(data[base : base + self.reach]) & mask == wanted

    def _reader(self) -> Reader:
        """The quickest function that reads this layout: most tagged items are one field and nothing else."""
        if len(self._plan) != 1 or self._optional or self.time is not None or self.warning is not None:
            return self._read
        unpack, [(index, make)], note = self._unpack, self._plan, self._note

        def read(
            data: bytes, base: int, number: int, received_ms: int, out: list[DecodedValue], warnings: list[str]
        ) -> None:
            if type(data) is Watched:
                note(data, base, number, received_ms)
            value = make(unpack(data, base)[index], number, None, warnings)
            if value is not None:
                out.append(value)

        return read

    def _read(
        self, data: bytes, base: int, number: int, received_ms: int, out: list[DecodedValue], warnings: list[str]
    ) -> None:
        if type(data) is Watched:
            self._note(data, base, number, received_ms)
        time = self._record_time(data, base, received_ms, warnings) if self._time else None
        words = self._unpack(data, base)
        for index, make in self._plan:
            value = make(words[index], number, time, warnings)
            if value is not None:
                out.append(value)
        if self._optional:
            self._read_optional(data, base, number, time, out, warnings)
        if self.warning is not None:
            part = data[base : base + self.length]
            text = self.warning if isinstance(self.warning, str) else self.warning(part)
            if text:
                warnings.append(text)

    def _read_optional(
        self, data: bytes, base: int, number: int, time: int | None, out: list[DecodedValue], warnings: list[str]
    ) -> None:
        for field, read, make in self._optional:
            if base + field.end <= len(data):
                value = make(read(data, base), number, time, warnings)
                if value is not None:
                    out.append(value)

    def _note(self, watched: Watched, base: int, number: int, received_ms: int) -> None:
        """Tell the payload which field reads which bytes and what it gives."""
        data = bytes(watched)
        time = self._record_time(data, base, received_ms, []) if self._time else None
        if self.time is not None:
            watched.note(base + self.time.offset, base + self.time.offset + self.time.size, RECORD_TIME)
        for place in sorted(self.fields, key=lambda f: f.optional):
            if place.optional and base + place.end > len(data):
                continue
            value = place.step()(_word_reader(place)(data, base), number, time, [])
            name = f"{place.quantity}:{place.channel.format(number)}" if place.channel else place.quantity
            source = place.source if isinstance(place, Field) else None
            start, stop = (base + source.offset, base + source.offset + source.size) if source else (base, base)
            bits = (source.first_bit, source.bit_count) if isinstance(source, Number) and source.bit_count else None
            watched.note(start, stop, name, value, bits)

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
        return self.decode_matching(data, received_ms)

    def decode_matching(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a frame whose length and conditions have been looked at."""
        out: list[DecodedValue] = []
        warnings: list[str] = []
        self.read(data, 0, 0, received_ms, out, warnings)
        return Decoded(tuple(out), tuple(warnings)) if warnings else Decoded(tuple(out))

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


def _steps(places: Sequence[Field | Fixed], words: Sequence[tuple[int, Finish | None]]) -> Iterator[tuple[int, Step]]:
    """For every field the index of its word (any, for a value that has none) and the function that makes its value."""
    rest = iter(words)
    for place in places:
        index, finish = next(rest) if isinstance(place, Field) else (0, None)
        make = place.step()
        yield index, make if finish is None else _finished(finish, make)


def _finished(finish: Finish, make: Step) -> Step:
    return lambda raw, number, time, warnings: make(finish(raw), number, time, warnings)


def _word_reader(place: Field | Fixed) -> Callable[[bytes, int], Any]:
    if isinstance(place, Fixed):
        return lambda _, __: None
    source = place.source
    return source.raw_reader() if isinstance(source, Text) else source.whole_reader()


class OneOf:
    """Several layouts on one port; the first whose length and conditions hold reads the frame."""

    def __init__(self, *layouts: Layout) -> None:
        self.layouts = layouts
        self._lengths = tuple(sorted({length for layout in layouts for length in layout.lengths}))
        self._by_length = {
            size: tuple(
                (*layout.conditions(size), layout)
                for layout in layouts
                if size in layout.lengths and layout.reach <= size
            )
            for size in self._lengths
        }

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a frame. DecodeError `too_short`, `too_long` or `bad_payload`."""
        layout = self._reading(data)
        if layout is None:
            raise wrong_length(data, self._lengths)
        return layout.decode_matching(data, received_ms)

    def _reading(self, data: bytes) -> Layout | None:
        frame = int.from_bytes(data)
        for mask, wanted, layout in self._by_length.get(len(data), ()):
            if frame & mask == wanted:
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
