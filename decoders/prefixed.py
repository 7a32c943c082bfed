"""`Prefixed`: payloads of items that begin with their own length (Pepperl+Fuchs WILSEN), a `Layout` behind each id."""

from decoders.channels import Channels, Items
from decoders.layout import Layout
from decoders.value import Decoded, DecodedValue, DecodeError

_ID = 2


class Prefixed(Channels):
    """Items of a length byte, an id of two bytes and the value; the length counts id and value.

    The length says where the next item begins, so an unknown item is skipped with a warning, and of one that is longer
    than known the known part is read. A truncated item ends the frame. If not one item is readable, that is an error.
    """

    def __init__(self, items: Items) -> None:
        super().__init__(items)
        self._header = 1 + _ID
        self._by_head: dict[int, tuple[Layout, ...]] = {}
        for tag, layouts in self.items.items():
            for length in {n for layout in layouts for n in layout.lengths}:
                fitting = tuple(layout for layout in layouts if length in layout.lengths)
                self._by_head[length + _ID << 16 | tag] = fitting

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a payload. DecodeError `empty`, or `too_short`, `bad_payload` when not one item is readable."""
        end, position, by_head, header = len(data), 0, self._by_head, self._header
        if not end:
            raise DecodeError("empty", "no bytes")
        out: list[DecodedValue] = []
        warnings: list[str] = []
        while position + header <= end:
            size = data[position]
            after = position + 1 + size
            if after > end or size < _ID:
                break
            layouts = by_head.get(size << 16 | data[position + 1] << 8 | data[position + 2])
            for layout in self._odd(data, position, warnings) if layouts is None else layouts:
                if not layout.when or layout.matches(data, position + header):
                    layout.read(data, position + header, 0, received_ms, out, warnings)
                    break
            position = after
        if position < end:
            warnings.append(f"the item at byte {position} is truncated: the rest is not read")
        if warnings and not out:
            raise DecodeError("too_short" if position < end else "bad_payload", warnings[0])
        return Decoded(tuple(out), tuple(warnings))

    def _odd(self, data: bytes, position: int, warnings: list[str]) -> tuple[Layout, ...]:
        """The layouts of an item that is longer than known; none for an unknown or shorter one. It leaves a warning."""
        head = bytes(data[position : position + self._header])
        length, layouts = self._table.get(self._tag(head), (0, ()))
        longer = bool(layouts) and head[0] - _ID > length
        why = "longer than known: its end is not read" if longer else "unknown: it is skipped"
        warnings.append(f"item {head.hex()} at byte {position} is {why}")
        return layouts if longer else ()

    def _tag(self, head: bytes) -> int:
        return int.from_bytes(head[1:])

    def _head(self, tag: int, number: int) -> bytes:
        return bytes((self._table[tag][0] + _ID,)) + tag.to_bytes(_ID)
