"""`TypeLength`: payloads of items that begin with a type and a length byte (Dragino's weather station)."""

from collections.abc import Callable, Sequence

from decoders.channels import Channels, Items
from decoders.layout import first_encoding, rest_error
from decoders.source import EncodeError
from decoders.value import Decoded, DecodedValue, DecodeError

_HEADER = 2
Find = Callable[[list[DecodedValue], list[str]], tuple[int, int, bytes] | None]
"""Takes the values of one item out of those given; tag, channel number and bytes, or None with reasons added."""


class TypeLength(Channels):
    """Items of a type, the length of the value, and the value.

    Alternatives of one type differ in length: the longest that fits is read, bytes behind it are not. An unknown item
    is skipped with a warning, because its length says where the next one begins. A truncated item, and a type of
    `types_end` or above, end the frame. If not one item is readable, that is an error.
    """

    def __init__(self, items: Items, *, types_end: int = 256) -> None:
        super().__init__(items, tag_size=1)
        self._types_end = types_end
        self._alternatives = {
            tag: tuple(sorted(((layout.length, layout) for layout in layouts), key=lambda pair: -pair[0]))
            for tag, layouts in self.items.items()
        }

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a payload. DecodeError `empty`, or `too_short`, `bad_payload` when not one item is readable."""
        end, position, alternatives = len(data), 0, self._alternatives
        if not end:
            raise DecodeError("empty", "no bytes")
        out: list[DecodedValue] = []
        warnings: list[str] = []
        while position + _HEADER <= end and data[position] < self._types_end:
            size, start = data[position + 1], position + _HEADER
            if start + size > end:
                break
            for length, layout in alternatives.get(data[position], ()):
                if length <= size:
                    layout.read(data, start, 0, received_ms, out, warnings)
                    break
            else:
                warnings.append(f"item {bytes(data[position:start]).hex()} at byte {position} is unknown: skipped")
            position = start + size
        self._say_rest(data, position, warnings)
        if warnings and not out:
            cut = position < end and data[position] < self._types_end
            raise DecodeError("too_short" if cut else "bad_payload", warnings[0])
        return Decoded(tuple(out), tuple(warnings))

    def _say_rest(self, data: bytes, position: int, warnings: list[str]) -> None:
        if position < len(data):
            why = "truncated" if data[position] < self._types_end else "no measurement"
            warnings.append(f"item {data[position]:02x} at byte {position} is {why}: the rest is not read")

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """The payload with these values, in their order if neighbours make up the items. EncodeError."""
        return first_encoding([self._in_order, self._in_any_order], values)

    def _in_order(self, values: Sequence[DecodedValue]) -> bytes:
        return self._items(list(values), lambda pending, _: self._neighbours(pending))

    def _in_any_order(self, values: Sequence[DecodedValue]) -> bytes:
        return self._items(list(values), self._gathered)

    def _items(self, pending: list[DecodedValue], find: Find) -> bytes:
        body, errors = b"", list[str]()
        while pending:
            found = find(pending, errors)
            if found is None:
                raise EncodeError("; ".join(dict.fromkeys([rest_error(pending), *errors])))
            tag, _, part = found
            body += bytes((tag, len(part))) + part
        return body
