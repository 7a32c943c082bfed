"""`Judged`: a codec whose frames say in one place how far a measurement in another place can be trusted."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from decoders.layout import Codec
from decoders.value import Decoded, DecodedValue, Quality

Judge = Callable[[bytes], Quality]
"""What a frame says of its measurement; `ok` where it finds no fault."""


@dataclass(frozen=True, slots=True)
class Judged:
    """`quantities` of the codec's frames get the quality that `judge` finds, and with `void` they lose their value."""

    codec: Codec
    quantities: Collection[str]
    judge: Judge
    void: bool = False

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a payload. DecodeError."""
        decoded = self.codec.decode(data, received_ms)
        quality = self.judge(bytes(data))
        if quality == "ok":
            return decoded
        values = [self._doubted(v, quality) if v.quantity in self.quantities else v for v in decoded.values]
        return Decoded(tuple(values), decoded.warnings)

    def _doubted(self, value: DecodedValue, quality: Quality) -> DecodedValue:
        return replace(value, value=None if self.void else value.value, quality=quality)

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """The payload that decodes to these values, as far as the codec can say them. EncodeError."""
        return self.codec.encode([self._undoubted(v) if v.quantity in self.quantities else v for v in values])

    def _undoubted(self, value: DecodedValue) -> DecodedValue:
        return value if value.value is not None or self.void else replace(value, quality="not_available")
