"""SenseCAP's records: channel, id and a value of four bytes, little endian; all of them are equally long.

Source: Seeed's user guides for the S210x sensors. The check sum behind them is `decoders.checked.kermit`.
"""

from decoders.channels import Channels, Items
from decoders.value import Decoded, DecodedValue, DecodeError

RECORD = 7
_VALUE = 3


class Measurements(Channels):
    """Items by the number of their id. An unknown one is skipped with a warning, because the next one's place is known.

    A truncated record ends the frame. If not one record is readable, that is an error.
    """

    def __init__(self, items: Items) -> None:
        super().__init__(items, numbered=True)

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a payload. DecodeError `empty`; `too_short`, `bad_payload` when not one record is readable."""
        end, items = len(data), self.items
        if not end:
            raise DecodeError("empty", "no bytes")
        out: list[DecodedValue] = []
        warnings: list[str] = []
        for position in range(0, end - end % RECORD, RECORD):
            layouts = items.get(data[position + 1] | data[position + 2] << 8)
            if layouts is None:
                head = bytes(data[position : position + _VALUE]).hex()
                warnings.append(f"record {head} at byte {position} is unknown: skipped")
            else:
                layouts[0].read(data, position + _VALUE, data[position], received_ms, out, warnings)
        if end % RECORD:
            warnings.append(f"record at byte {end - end % RECORD} is truncated: not read")
        if warnings and not out:
            raise DecodeError("too_short" if end < RECORD else "bad_payload", warnings[0])
        return Decoded(tuple(out), tuple(warnings))

    def _head(self, tag: int, number: int) -> bytes:
        return bytes((number,)) + tag.to_bytes(2, "little")
