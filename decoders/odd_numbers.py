"""Numbers that no machine would write like this: swapped words, a sign in a byte of its own."""

from collections.abc import Callable

from decoders.source import EncodeError, Number, Raw


class LowWordFirst(Number):
    """Unsigned 32 bit of two big-endian words, the low one first (Decentlab)."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset, 4)

    @property
    def code(self) -> str | None:
        """None: `struct` has no such order."""
        return None

    def number(self, raw: bytes) -> int:
        """The number of its four bytes."""
        return int.from_bytes(raw[2:4] + raw[0:2])

    def whole_reader(self) -> Callable[[bytes, int], int]:
        """A function of data and base offset that gives the number."""
        start, end = self.offset, self.offset + self.size
        return lambda data, base: self.number(data[base + start : base + end])

    def put(self, frame: bytearray, raw: Raw) -> None:
        """Write the number; EncodeError when it doesn't fit."""
        if not 0 <= int(raw) < 1 << 32:
            raise EncodeError(f"{raw} does not fit 4 bytes")
        whole = int(raw).to_bytes(4)
        frame[self.offset : self.offset + self.size] = whole[2:] + whole[:2]


class SignByte(Number):
    """A byte whose low nibble says minus unless it is 0, then a byte with the magnitude (DingTek)."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset, 2)

    @property
    def code(self) -> str | None:
        """None: `struct` has no such number."""
        return None

    def number(self, raw: bytes) -> int:
        """The number of its two bytes."""
        return -raw[1] if raw[0] & 0x0F else raw[1]

    def whole_reader(self) -> Callable[[bytes, int], int]:
        """A function of data and base offset that gives the number."""
        start, end = self.offset, self.offset + self.size
        return lambda data, base: self.number(data[base + start : base + end])

    def put(self, frame: bytearray, raw: Raw) -> None:
        """Write the number; EncodeError when it doesn't fit."""
        if abs(int(raw)) > 255:
            raise EncodeError(f"{raw} does not fit a sign and a byte")
        frame[self.offset : self.offset + self.size] = bytes((int(raw) < 0, abs(int(raw))))
