"""`Number` and `Text`: where raw data lie in a payload, relative to the start of their layout."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

Raw = int | float | str
Order = Literal["little", "big"]


class EncodeError(ValueError):
    """Values that a payload layout has no place for; the text says which."""


_FORMATS = {(1, False): "B", (1, True): "b", (2, False): "H", (2, True): "h", (4, False): "I", (4, True): "i"}


@dataclass(frozen=True, slots=True)
class Number:
    """An integer or IEEE 754 float of `size` bytes, big endian unless `little`; `bits` narrows it to a bit field."""

    offset: int
    size: int
    signed: bool = False
    little: bool = False
    real: bool = False
    first_bit: int = 0
    bit_count: int = 0

    def bits(self, first: int, count: int = 1) -> "Number":
        """The unsigned field of `count` bits whose lowest bit is `first` (0 is the least significant)."""
        return replace(self, first_bit=first, bit_count=count)

    def reader(self) -> Callable[[bytes, int], int | float]:
        """A function of data and base offset that gives the raw number."""
        whole = self.whole_reader()
        if not self.bit_count:
            return whole
        shift, mask = self.first_bit, (1 << self.bit_count) - 1
        if self.size == 1:
            offset = self.offset
            return lambda data, base: (data[base + offset] >> shift) & mask
        return lambda data, base: (int(whole(data, base)) >> shift) & mask

    @property
    def code(self) -> str | None:
        """The code by which `struct` knows the whole number; None when it has none."""
        return "f" if self.real else _FORMATS.get((self.size, self.signed))

    def number(self, raw: bytes) -> int | float:
        """The whole number of its bytes."""
        if self.real:
            value: float = struct.unpack("<f" if self.little else ">f", raw)[0]
            return value
        return int.from_bytes(raw, self._order(), signed=self.signed)

    def whole_reader(self) -> Callable[[bytes, int], int | float]:
        """A function of data and base offset that gives the whole number, of which a bit field is a part."""
        offset, size, signed = self.offset, self.size, self.signed
        if size == 1 and not signed:
            return lambda data, base: data[base + offset]
        code = self.code
        if code is None:
            order = self._order()
            return lambda data, base: int.from_bytes(data[base + offset : base + offset + size], order, signed=signed)
        unpack = struct.Struct(("<" if self.little else ">") + code).unpack_from

        def read(data: bytes, base: int) -> int | float:
            number: int | float = unpack(data, base + offset)[0]
            return number

        return read

    def put(self, frame: bytearray, raw: Raw) -> None:
        """Write the number; EncodeError when it doesn't fit."""
        place = slice(self.offset, self.offset + self.size)
        try:
            if self.real:
                frame[place] = struct.pack("<f" if self.little else ">f", raw)
            elif self.bit_count:
                self._put_bits(frame, place, int(raw))
            else:
                frame[place] = int(raw).to_bytes(self.size, self._order(), signed=self.signed)
        except (OverflowError, struct.error) as error:
            raise EncodeError(f"{raw} does not fit {self.size} bytes") from error

    def _put_bits(self, frame: bytearray, place: slice, raw: int) -> None:
        if not 0 <= raw < 1 << self.bit_count:
            raise EncodeError(f"{raw} does not fit {self.bit_count} bits")
        kept = int.from_bytes(frame[place], self._order()) & ~(((1 << self.bit_count) - 1) << self.first_bit)
        frame[place] = (kept | raw << self.first_bit).to_bytes(self.size, self._order())

    def _order(self) -> Order:
        return "little" if self.little else "big"


def u8(offset: int) -> Number:
    """Unsigned byte."""
    return Number(offset, 1)


def s8(offset: int) -> Number:
    """Signed byte, two's complement."""
    return Number(offset, 1, signed=True)


def u16(offset: int) -> Number:
    """Unsigned 16 bit, big endian."""
    return Number(offset, 2)


def s16(offset: int) -> Number:
    """Signed 16 bit, big endian."""
    return Number(offset, 2, signed=True)


def u24(offset: int) -> Number:
    """Unsigned 24 bit, big endian."""
    return Number(offset, 3)


def s24(offset: int) -> Number:
    """Signed 24 bit, big endian."""
    return Number(offset, 3, signed=True)


def u32(offset: int) -> Number:
    """Unsigned 32 bit, big endian."""
    return Number(offset, 4)


def s32(offset: int) -> Number:
    """Signed 32 bit, big endian."""
    return Number(offset, 4, signed=True)


def f32(offset: int) -> Number:
    """IEEE 754 single, big endian."""
    return Number(offset, 4, real=True)


def le(number: Number) -> Number:
    """The same number in little-endian byte order."""
    return replace(number, little=True)


@dataclass(frozen=True, slots=True)
class Text:
    """Bytes shown as text: `show` makes the text, `parse` the bytes again (ValueError when it can't)."""

    offset: int
    size: int
    show: Callable[[bytes], str] = bytes.hex
    parse: Callable[[str], bytes] = bytes.fromhex

    def raw_reader(self) -> Callable[[bytes, int], bytes]:
        """A function of data and base offset that gives the bytes."""
        offset, end = self.offset, self.offset + self.size
        return lambda data, base: data[base + offset : base + end]

    def put(self, frame: bytearray, raw: Raw) -> None:
        """Write the text's bytes; EncodeError when it can't be read back or has another length."""
        try:
            parsed = self.parse(str(raw))
        except ValueError as error:
            raise EncodeError(f"{raw!r}: {error}") from error
        if len(parsed) != self.size:
            raise EncodeError(f"{raw!r} is not {self.size} bytes long")
        frame[self.offset : self.offset + self.size] = parsed


def dotted(offset: int, size: int) -> Text:
    """A version of one byte per part, `0.29.2`."""
    return Text(offset, size, lambda raw: ".".join(map(str, raw)), lambda text: bytes(map(int, text.split("."))))
