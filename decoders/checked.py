"""`Checked`: a codec whose payload ends with a check sum over everything before it."""

from binascii import crc_hqx
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from decoders.layout import Codec
from decoders.value import Decoded, DecodedValue, DecodeError

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def kermit(data: bytes) -> bytes:
    """CRC-16/KERMIT (polynomial 0x1021 reflected, start 0), low byte first."""
    # The standard library computes the same polynomial unreflected: mirrored bytes in, mirrored bytes out.
    crc = crc_hqx(data.translate(_REVERSED), 0)
    return bytes((_REVERSED[crc >> 8], _REVERSED[crc & 0xFF]))


@dataclass(frozen=True, slots=True)
class Checked:
    """What `codec` says of the bytes before the check sum, if `check` gives the `size` bytes behind them.

    The body is at least `shortest` bytes and a multiple of `step`.
    """

    codec: Codec
    check: Callable[[bytes], bytes] = kermit
    size: int = 2
    shortest: int = 1
    step: int = 1

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a payload. DecodeError `empty`, `too_short`, `bad_payload` for a wrong check sum or length."""
        length = len(data) - self.size
        if not data:
            raise DecodeError("empty", "no bytes")
        if length < self.shortest:
            raise DecodeError("too_short", f"{len(data)} bytes instead of at least {self.shortest + self.size}")
        if length % self.step:
            raise DecodeError("bad_payload", f"{length} bytes before the check sum are no multiple of {self.step}")
        plain = bytes(data)
        body, found, wanted = data[:length], plain[length:], self.check(plain[:length])
        if found != wanted:
            raise DecodeError("bad_payload", f"check sum {found.hex()} instead of {wanted.hex()}")
        return self.codec.decode(body, received_ms)

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """The payload with these values and its check sum. EncodeError."""
        body = self.codec.encode(values)
        return body + self.check(body)
