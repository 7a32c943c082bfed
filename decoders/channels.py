"""`Channels`: payloads made of tagged items (Milesight, Cayenne LPP and their kind), each a `Layout` behind its tag."""

from collections.abc import Mapping, Sequence

from decoders.layout import Layout, rest_error
from decoders.source import EncodeError
from decoders.value import Decoded, DecodedValue, DecodeError

_UNKNOWN: tuple[int, tuple[Layout, ...]] = (0, ())
Items = Mapping[int, Layout | tuple[Layout, ...]]


class Channels:
    """Items behind a tag of two bytes, or of `tag_size` 1; `numbered`: a free channel number of one byte, then the tag.

    Alternatives of one tag (a tuple of layouts) are told apart by their conditions; those that are shorter than the
    longest, and the shorter lengths of a layout, are for the frame's last item only. A truncated or unknown item ends
    the frame: what was read is kept and a warning says so.
    """

    def __init__(self, items: Items, *, numbered: bool = False, tag_size: int = 2) -> None:
        self.items = {tag: item if isinstance(item, tuple) else (item,) for tag, item in items.items()}
        self._numbered = numbered
        self._header = tag_size
        self._table, self._last = _by_length(self.items)
        self._plain = {
            tag: (length, layouts[0].read)
            for tag, (length, layouts) in self._table.items()
            if len(layouts) == 1 and not layouts[0].when
        }
        places = [(tag, layout) for tag, layouts in self.items.items() for layout in layouts if layout.fields]
        places.sort(key=lambda place: -len(place[1].fields))
        self._beginning: dict[str, list[tuple[int, Layout]]] = {}
        self._holding: dict[str, list[tuple[int, Layout]]] = {}
        for tag, layout in places:
            self._beginning.setdefault(layout.fields[0].quantity, []).append((tag, layout))
            for quantity in {f.quantity for f in layout.fields}:
                self._holding.setdefault(quantity, []).append((tag, layout))

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a payload. DecodeError `empty`, or `too_short`, `bad_payload` when not one item is readable."""
        end, position, numbered, table = len(data), 0, self._numbered, self._table
        header, short, plain = self._header, self._header == 1, self._plain
        if not end:
            raise DecodeError("empty", "no bytes")
        out: list[DecodedValue] = []
        warnings: list[str] = []
        while position + header <= end:
            first, start = data[position], position + header
            tag = first if short else data[position + 1] if numbered else first << 8 | data[position + 1]
            item = plain.get(tag)
            if item is not None and start + item[0] <= end:
                item[1](data, start, first, received_ms, out, warnings)
                position = start + item[0]
                continue
            length, layouts = table.get(tag, _UNKNOWN)
            if start + length > end:
                length = end - start
                layouts = self._last.get((tag, length), ())
            if not layouts:
                break
            for layout in layouts:
                if not layout.when or layout.matches(data, start):
                    layout.read(data, start, first, received_ms, out, warnings)
                    break
            else:
                warnings.append(f"item {tag:04x} at byte {position}: its content has no known meaning")
            position = start + length
        if position < end:
            self._stop(data, position, warnings)
        return Decoded(tuple(out), tuple(warnings))

    def _stop(self, data: bytes, position: int, warnings: list[str]) -> None:
        head = data[position : position + self._header]
        truncated = len(head) < self._header or self._tag(head) in self._table
        text = f"item {head.hex()} at byte {position} is " + ("truncated" if truncated else "unknown")
        if position == 0:
            raise DecodeError("too_short" if truncated else "bad_payload", text)
        warnings.append(text + ": the rest is not read")

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """The payload with these values, in their order as far as items of several values allow. EncodeError."""
        pending, body, last, errors = list(values), b"", b"", list[str]()
        while pending:
            found = self._neighbours(pending) or self._gathered(pending, errors)
            if found is None:
                concerning = [text for text in dict.fromkeys(errors) if text.startswith(pending[0].quantity)]
                raise EncodeError("; ".join(concerning) or rest_error(pending))
            tag, number, part = found
            if len(part) == self._table[tag][0]:
                body += self._head(tag, number) + part
            elif last:
                raise EncodeError("only one item can be the last of the frame")
            else:
                last = self._head(tag, number) + part
        return body + last

    def _neighbours(self, pending: list[DecodedValue]) -> tuple[int, int, bytes] | None:
        """Tag, channel number and bytes of the item whose values come next: another one might tear items apart."""
        for tag, layout in self._beginning.get(pending[0].quantity, ()):
            head = pending[: len(layout.fields)]
            try:
                number, part = layout.build(head)
            except EncodeError:
                continue
            if not head:
                del pending[: len(layout.fields)]
                return tag, number, part
        return None

    def _gathered(self, pending: list[DecodedValue], errors: list[str]) -> tuple[int, int, bytes] | None:
        """The same of the largest item that can be made of values in any order."""
        for tag, layout in self._holding.get(pending[0].quantity, ()):
            try:
                number, part = layout.build(pending)
            except EncodeError as error:
                errors.append(str(error))
            else:
                return tag, number, part
        return None

    def _tag(self, head: bytes) -> int:
        return int.from_bytes(head[1:] if self._numbered else head)

    def _head(self, tag: int, number: int) -> bytes:
        return bytes((number, tag)) if self._numbered else tag.to_bytes(self._header)


def _by_length(
    items: Mapping[int, tuple[Layout, ...]],
) -> tuple[dict[int, tuple[int, tuple[Layout, ...]]], dict[tuple[int, int], tuple[Layout, ...]]]:
    """The longest length of each tag with its layouts, and the layouts of the shorter ones by tag and length."""
    longest: dict[int, tuple[int, tuple[Layout, ...]]] = {}
    last: dict[tuple[int, int], tuple[Layout, ...]] = {}
    for tag, layouts in items.items():
        top = max(layout.length for layout in layouts)
        longest[tag] = top, tuple(layout for layout in layouts if layout.length == top)
        for length in {n for layout in layouts for n in layout.lengths} - {top}:
            last[tag, length] = tuple(layout for layout in layouts if length in layout.lengths)
    return longest, last
