"""`Records` and `Samples`: payloads that hold one part as often as it fits, and say nowhere how often."""

from collections.abc import Sequence
from functools import partial

from msgspec.structs import replace

from decoders.layout import Codec, Layout, first_encoding, reject_rest, wrong_length
from decoders.source import EncodeError
from decoders.value import Decoded, DecodedValue, DecodeError

_UNSET_CLOCK_MS = 1000
"""A record time that nobody believes, for values of a record whose device had no clock."""


class Records:
    """Records of a device's log, one after the other; alternatives of the layout have one length.

    A record of zeros is a device's way to say that it has none. Bytes behind the last whole record are not read, and a
    warning says so. `warning` is said once of every frame.
    """

    def __init__(self, *layouts: Layout, warning: str = "") -> None:
        self._layouts = layouts
        self._size = layouts[0].length
        self._warning = warning

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of all records. DecodeError `empty` or `too_short` when there is not one record."""
        size, count = self._size, len(data) // self._size
        if not count:
            raise wrong_length(data, (size,))
        out: list[DecodedValue] = []
        warnings = [self._warning] if self._warning else []
        for position in range(0, count * size, size):
            if not any(data[position : position + size]):
                warnings.append(f"record at byte {position} is empty")
                continue
            self._holding(data, position).read(data, position, 0, received_ms, out, warnings)
        if count * size < len(data):
            warnings.append(f"{len(data) - count * size} bytes behind the last record are not read")
        return Decoded(tuple(out), tuple(warnings))

    def _holding(self, data: bytes, position: int) -> Layout:
        """The first alternative whose conditions hold; the last one has none."""
        for layout in self._layouts[:-1]:
            if layout.matches(data, position):
                return layout
        return self._layouts[-1]

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """Records with these values, an empty one without any. EncodeError.

        The values of one record have one time, or none where the device's clock was never set.
        """
        if not values:
            return bytes(self._size)
        pending, body = list(values), b""
        encoders = [partial(self._record, layout) for layout in self._layouts]
        while pending:
            count = _first_record(pending)
            body += first_encoding(encoders, pending[:count])
            del pending[:count]
        return body

    def _record(self, layout: Layout, values: Sequence[DecodedValue]) -> bytes:
        timed = [replace(v, time_ms=_UNSET_CLOCK_MS) if v.time_ms is None else v for v in values]
        record = layout.encode(timed)
        if self._holding(record, 0) is not layout:
            raise EncodeError("another layout would read these values")
        return record


def _first_record(values: Sequence[DecodedValue]) -> int:
    """How many of the values belong to the first record: until the time changes or something comes twice."""
    seen: set[tuple[str, str]] = set()
    for count, value in enumerate(values):
        key = (value.quantity, value.channel)
        if value.time_ms != values[0].time_ms or key in seen:
            return count
        seen.add(key)
    return len(values)


class Samples:
    """A head, one or more samples of one layout, and a tail; for frames for which the head's conditions hold."""

    def __init__(self, head: Layout, sample: Layout, tail: Layout) -> None:
        self._head, self._sample, self._tail = head, sample, tail
        self._least = head.length + sample.length + tail.length

    def holds(self, data: bytes) -> bool:
        """Whether the head's conditions hold, whatever the length."""
        return len(data) >= self._head.length and self._head.matches(data)

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values, samples in their order. DecodeError `empty`, `too_short`, `bad_payload`."""
        if len(data) < self._least:
            raise wrong_length(data, (self._least,))
        end = len(data) - self._tail.length
        if not self._head.matches(data) or (end - self._head.length) % self._sample.length:
            raise DecodeError("bad_payload", f"{len(data)} bytes are no frame of samples")
        out: list[DecodedValue] = []
        warnings: list[str] = []
        self._head.read(data, 0, 0, received_ms, out, warnings)
        for position in range(self._head.length, end, self._sample.length):
            self._sample.read(data, position, 0, received_ms, out, warnings)
        self._tail.read(data, end, 0, received_ms, out, warnings)
        return Decoded(tuple(out), tuple(warnings))

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """The frame with these values. EncodeError."""
        pending = list(values)
        head, body = self._head.build(pending)[1], self._sample.build(pending)[1]
        while pending:
            try:
                body += self._sample.build(pending)[1]
            except EncodeError:
                break
        tail = self._tail.build(pending)[1]
        reject_rest(pending)
        return head + body + tail


class SamplesOr:
    """Frames of samples where their head's conditions hold, and frames of another codec otherwise."""

    def __init__(self, samples: Samples, usual: Codec) -> None:
        self._samples, self._usual = samples, usual

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a frame. DecodeError."""
        codec = self._samples if self._samples.holds(data) else self._usual
        return codec.decode(data, received_ms)

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """The other codec's frame with these values, or one of samples. EncodeError."""
        return first_encoding([self._usual.encode, self._samples.encode], values)
