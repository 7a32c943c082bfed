"""`Translated`: a codec of plain binary frames behind a notation of the same length, like digits for numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from decoders.layout import Codec
from decoders.value import Decoded, DecodedValue
from decoders.watched import Watched


@dataclass(frozen=True, slots=True)
class Translated:
    """What `codec` says of `plain(frame)`, which keeps every field at its place; `wire` is the way back.

    `plain` raises DecodeError for what is not written in the notation.
    """

    codec: Codec
    plain: Callable[[bytes], bytes]
    wire: Callable[[bytes], bytes]

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a payload. DecodeError."""
        frame = self.plain(bytes(data))
        return self.codec.decode(Watched(frame, data.notes) if isinstance(data, Watched) else frame, received_ms)

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """The payload that decodes to these values. EncodeError."""
        return self.wire(self.codec.encode(values))
