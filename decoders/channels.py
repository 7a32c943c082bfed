"""`Channels`: payloads made of tagged items (Milesight, Cayenne LPP and their kind), each a `Layout` behind its tag."""

from collections.abc import Mapping, Sequence

from decoders.layout import Layout, rest_error
from decoders.source import EncodeError
from decoders.value import Decoded, DecodedValue, DecodeError

_HEADER = 2
_UNKNOWN: tuple[int, tuple[Layout, ...]] = (0, ())
Items = Mapping[int, Layout | tuple[Layout, ...]]


class Channels:
    """Items behind a tag of two bytes; with `numbered` the first is a free channel number and only the second the tag.

    Alternatives of one tag (a tuple of layouts) have one length and are told apart by their conditions. A truncated or
    unknown item ends the frame: what was read is kept and a warning says so.
    """

    def __init__(self, items: Items, *, numbered: bool = False) -> None:
        self.items = {tag: item if isinstance(item, tuple) else (item,) for tag, item in items.items()}
        self._numbered = numbered
        self._table = {tag: (layouts[0].length, layouts) for tag, layouts in self.items.items()}
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
        if not end:
            raise DecodeError("empty", "no bytes")
        out: list[DecodedValue] = []
        warnings: list[str] = []
        while position + _HEADER <= end:
            first, start = data[position], position + _HEADER
            tag = data[position + 1] if numbered else first << 8 | data[position + 1]
            length, layouts = table.get(tag, _UNKNOWN)
            if not layouts or start + length > end:
                break
            for layout in layouts:
                if layout.matches(data, start):
                    layout.read(data, start, first, received_ms, out, warnings)
                    break
            position = start + length
        if position < end:
            self._stop(data, position, warnings)
        return Decoded(tuple(out), tuple(warnings))

    def _stop(self, data: bytes, position: int, warnings: list[str]) -> None:
        head = data[position : position + _HEADER]
        tag = int.from_bytes(head[1:] if self._numbered else head)
        truncated = len(head) < _HEADER or tag in self._table
        text = f"item {head.hex()} at byte {position} is " + ("truncated" if truncated else "unknown")
        if position == 0:
            raise DecodeError("too_short" if truncated else "bad_payload", text)
        warnings.append(text + ": the rest is not read")

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """The payload with these values, in their order as far as items of several values allow. EncodeError."""
        pending, body, errors = list(values), b"", list[str]()
        while pending:
            part = self._neighbours(pending) or self._gathered(pending, errors)
            if part is None:
                concerning = [text for text in dict.fromkeys(errors) if text.startswith(pending[0].quantity)]
                raise EncodeError("; ".join(concerning) or rest_error(pending))
            body += part
        return body

    def _neighbours(self, pending: list[DecodedValue]) -> bytes | None:
        """The item whose values are the next ones, as decoding gives them: another one might tear items apart."""
        for tag, layout in self._beginning.get(pending[0].quantity, ()):
            head = pending[: len(layout.fields)]
            try:
                number, part = layout.build(head)
            except EncodeError:
                continue
            if not head:
                del pending[: len(layout.fields)]
                return self._head(tag, number) + part
        return None

    def _gathered(self, pending: list[DecodedValue], errors: list[str]) -> bytes | None:
        """The largest item that can be made of values in any order."""
        for tag, layout in self._holding.get(pending[0].quantity, ()):
            try:
                number, part = layout.build(pending)
            except EncodeError as error:
                errors.append(str(error))
            else:
                return self._head(tag, number) + part
        return None

    def _head(self, tag: int, number: int) -> bytes:
        return bytes((number, tag)) if self._numbered else tag.to_bytes(_HEADER)
