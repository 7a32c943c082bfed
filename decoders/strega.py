"""STREGA's notation: decimal and hexadecimal digits among binary numbers, put into plain numbers in their place.

Source: the layout in the vendor's decoder, TheThingsNetwork/lorawan-devices vendor/strega. A frame begins with four
decimal digits of battery millivolts, whose first byte holds two flags, and a status that is written as 0x30 + status;
or with `@` for an answer. Letters after that say what follows: `#` four binary bytes, `C` six, `V` four, `@` all the
hexadecimal digits left.
"""

from collections.abc import Iterator

from decoders.source import EncodeError
from decoders.value import DecodeError

_HEADER = 5
_STATUS = 4
_ZERO = 0x30
_FLAGS = 0xC0
_POWERED = 0x40
_ANSWER = ord("@")
_ANSWER_LENGTHS = (7, 9)
_HEXADECIMAL = b"0123456789ABCDEFabcdef"
_DIGITS = {ord("C"): 6, ord("V"): 4, _ANSWER: 1 << 16}
_BINARY = {ord("#"): 4}


def plain(frame: bytes) -> bytes:
    """The frame with digits put into big-endian numbers of as many bytes. DecodeError `bad_payload`."""
    if len(frame) < _HEADER:
        return frame
    out, answer = bytearray(frame), frame[0] == _ANSWER
    if answer and len(frame) not in _ANSWER_LENGTHS:
        short = len(frame) < _ANSWER_LENGTHS[-1]
        raise DecodeError("too_short" if short else "too_long", f"{len(frame)} bytes are no answer")
    if not answer:
        out[:_STATUS] = _battery(frame[:_STATUS])
        out[_STATUS] = _status(frame[_STATUS])
    for start, stop in _spans(out, 0 if answer else _HEADER):
        digits = frame[start:stop]
        if digits.translate(None, _HEXADECIMAL):
            raise DecodeError("bad_payload", f"{digits!r} at byte {start} are no hexadecimal digits")
        out[start:stop] = int(digits, 16).to_bytes(stop - start)
    return bytes(out)


def _battery(digits: bytes) -> bytes:
    """Flags in the two top bits, millivolts in the others; 0 when the power comes from outside."""
    head, flags = digits[0] & ~_FLAGS & 0xFF, digits[0] & _FLAGS
    millivolts = bytes((head,)) + digits[1:]
    if head >> 4 != _ZERO >> 4 or not (flags & _POWERED or millivolts.isdigit()):
        raise DecodeError("bad_payload", f"{digits.hex()} is no battery voltage in digits")
    number = 0 if flags & _POWERED else int(millivolts)
    return (flags << 24 | number).to_bytes(_STATUS)


def _status(byte: int) -> int:
    if not 0 <= byte - _ZERO < 0x80:
        raise DecodeError("bad_payload", f"status {byte:#04x} is not between 0x30 and 0xaf")
    return byte - _ZERO


def _spans(frame: bytes | bytearray, position: int) -> Iterator[tuple[int, int]]:
    """Where the hexadecimal digits lie; the answer's port and its value are two numbers."""
    end = len(frame)
    while position < end:
        marker, position = frame[position], position + 1
        if marker == _ANSWER:
            middle = min(position + 2, end)
            yield from ((start, stop) for start, stop in ((position, middle), (middle, end)) if stop > start)
            return
        stop = position + _DIGITS.get(marker, 0)
        if stop > end:
            return
        if stop > position:
            yield position, stop
        position = stop + _BINARY.get(marker, 0)


def wire(frame: bytes) -> bytes:
    """The frame with its numbers as digits again. EncodeError for a number of more digits than there is place for."""
    # Flags alone may look like the letter: the lengths tell answers from states.
    out, answer = bytearray(frame), frame[0] == _ANSWER and len(frame) in _ANSWER_LENGTHS
    if not answer:
        flags, millivolts = frame[0] & _FLAGS, int.from_bytes(frame[:_STATUS]) & 0x3FFF_FFFF
        if millivolts > (0 if flags & _POWERED else 9999):
            raise EncodeError(f"battery_voltage: {millivolts} mV have no place beside flags {flags:#04x}")
        out[:_STATUS] = f"{millivolts:04d}".encode()
        out[0] |= flags
        out[_STATUS] += _ZERO
    for start, stop in _spans(frame, 0 if answer else _HEADER):
        digits = f"{int.from_bytes(frame[start:stop]):0{stop - start}X}".encode()
        if len(digits) != stop - start:
            raise EncodeError(f"{digits.decode()} has more than {stop - start} digits")
        out[start:stop] = digits
    return bytes(out)
