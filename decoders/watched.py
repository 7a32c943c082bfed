"""`Watched`: a payload that remembers which layout read what of it, for `loracity decode --explain`.

It is `bytes` to every codec, and so are the parts that a codec cuts from it; layouts recognise it and note their reads.
Decoding plain `bytes` costs one look at its type.
"""

from typing import SupportsIndex, overload

from msgspec import Struct

from decoders.value import DecodedValue


class Note(Struct, frozen=True):
    """A field of a layout read the bytes from `start` to `stop` (exclusive; equal for a field that takes none)."""

    start: int
    stop: int
    name: str
    """Quantity, with its channel behind a colon; `record time` for the time of a logged record."""
    value: DecodedValue | None
    """What the field gave; None where it gave nothing (a sentinel that is left out, a code without meaning)."""
    bits: tuple[int, int] | None
    """Lowest bit and number of bits of a bit field, counted in the number that all its bytes make."""


class Watched(bytes):
    """Bytes with `notes` on what was read of them; what is noted on a part lies in the notes of the whole."""

    notes: list[Note]
    _origin: int

    def __new__(cls, data: bytes, notes: list[Note] | None = None, origin: int = 0) -> "Watched":
        """`origin` is the offset of the data in the payload."""
        watched = super().__new__(cls, data)
        watched.notes = [] if notes is None else notes
        watched._origin = origin
        return watched

    @overload
    def __getitem__(self, key: SupportsIndex) -> int: ...

    @overload
    def __getitem__(self, key: slice) -> bytes: ...

    def __getitem__(self, key: SupportsIndex | slice) -> int | bytes:
        """A byte, or a part that is watched too."""
        if not isinstance(key, slice):
            return super().__getitem__(key)
        start, _, step = key.indices(len(self))
        part = super().__getitem__(key)
        return Watched(part, self.notes, self._origin + start) if step == 1 else part

    def note(
        self, start: int, stop: int, name: str, value: DecodedValue | None = None, bits: tuple[int, int] | None = None
    ) -> None:
        """Remember a read; offsets count from the start of this part."""
        self.notes.append(Note(self._origin + start, self._origin + stop, name, value, bits))
