"""`Field` and `Fixed`: what raw data of a payload mean, both ways."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from decoders.source import EncodeError, Number, Raw, Text
from decoders.value import DecodedValue, Quality
from decoders.vocabulary import QUANTITIES, Quantity

Reader = Callable[[bytes, int, int, int | None, list[DecodedValue], list[str]], None]
"""Reads one field: data, base offset, channel number, record time (Unix ms or None), values out, warnings out."""


@dataclass(frozen=True, slots=True)
class Field:
    """One quantity of a layout: value = curve((raw + bias) * scale + offset), in the quantity's unit.

    `channel` may hold `{}` for the number of a numbered format (Cayenne LPP). A raw number in `missing` gives no value
    but that quality, or nothing at all where the quality is None. `values` names raw codes (bool quantities: 0 and 1 by
    default). Values outside the quantity's plausible range are kept, as `out_of_range`. An `optional` field may lie
    beyond the end of a shorter frame; a `derived` one repeats raw data of another field and is not encoded.
    """

    quantity: str
    source: Number | Text
    scale: float = 1.0
    bias: int = 0
    offset: float = 0.0
    channel: str = ""
    missing: Mapping[int, Quality | None] = field(default_factory=dict)
    values: Mapping[int, float | bool | str] | None = None
    curve: Callable[[float], float] | None = None
    optional: bool = False
    derived: bool = False

    @property
    def meaning(self) -> Quantity:
        """The vocabulary's entry; KeyError when there is none."""
        return QUANTITIES[self.quantity]

    @property
    def codes(self) -> Mapping[int, float | bool | str] | None:
        """Raw codes and what they mean; None for a field that is computed."""
        if self.values is None and self.meaning.kind == "bool":
            return {0: False, 1: True}
        return self.values

    @property
    def end(self) -> int:
        """Offset behind the field's last byte."""
        return self.source.offset + self.source.size

    def compile(self) -> Reader:
        """The function that reads this field; made once per device, because it runs for every frame."""
        if isinstance(self.source, Text):
            return self._text_reader(self.source)
        codes = self.codes
        return self._number_reader(self.source) if codes is None else self._code_reader(self.source, codes)

    def _text_reader(self, source: Text) -> Reader:
        read, quantity, channel = source.reader(), self.quantity, self.channel

        def run(data: bytes, base: int, number: int, time: int | None, out: list[DecodedValue], _: list[str]) -> None:
            out.append(DecodedValue(quantity, read(data, base), channel.format(number), time))

        return run

    def _code_reader(self, source: Number, codes: Mapping[int, float | bool | str]) -> Reader:
        read, quantity, channel = source.reader(), self.quantity, self.channel
        numbered = "{}" in channel
        ready: dict[int | float, DecodedValue] = {
            raw: DecodedValue(quantity, value, channel) for raw, value in codes.items()
        }

        def run(
            data: bytes, base: int, number: int, time: int | None, out: list[DecodedValue], warnings: list[str]
        ) -> None:
            raw = read(data, base)
            value = ready.get(raw)
            if value is None:
                warnings.append(f"{quantity}: code {raw} has no known meaning")
            elif time is None and not numbered:
                out.append(value)
            else:
                out.append(DecodedValue(quantity, value.value, channel.format(number), time))

        return run

    def _number_reader(self, source: Number) -> Reader:
        read, quantity, channel, missing = source.reader(), self.quantity, self.channel, dict(self.missing)
        convert, numbered, plain = self._converter(), "{}" in channel, not missing and not source.real
        low = -math.inf if self.meaning.low is None else self.meaning.low
        high = math.inf if self.meaning.high is None else self.meaning.high

        def run(data: bytes, base: int, number: int, time: int | None, out: list[DecodedValue], _: list[str]) -> None:
            raw = read(data, base)
            name = channel.format(number) if numbered else channel
            if plain or (raw not in missing and math.isfinite(raw)):
                value = convert(raw)
                out.append(DecodedValue(quantity, value, name, time, "ok" if low <= value <= high else "out_of_range"))
                return
            quality = missing[int(raw)] if raw in missing else "not_available"
            if quality is not None:
                out.append(DecodedValue(quantity, None, name, time, quality))

        return run

    def _converter(self) -> Callable[[int | float], float]:
        bias, offset, curve = self.bias, self.offset, self.curve
        factor, divisor = _as_ratio(self.scale)
        if curve is not None:
            return lambda raw: curve((raw + bias) * factor / divisor + offset)
        if offset or factor != 1:
            return lambda raw: (raw + bias) * factor / divisor + offset
        if not bias and divisor == 1:
            return float
        return lambda raw: (raw + bias) / divisor

    def matches(self, value: DecodedValue) -> int | None:
        """The channel number under which this field holds the value (0 in formats without numbers); None: never."""
        if value.quantity != self.quantity:
            return None
        if "{}" not in self.channel:
            return 0 if value.channel == self.channel else None
        head, tail = self.channel.split("{}")
        if not (value.channel.startswith(head) and value.channel.endswith(tail)):
            return None
        digits = value.channel[len(head) : len(value.channel) - len(tail)]
        return int(digits) if digits.isascii() and digits.isdigit() and int(digits) < 256 else None

    def put(self, frame: bytearray, value: DecodedValue | None) -> None:
        """Write a value into a frame; None writes the raw number that means nothing. EncodeError without a place."""
        raw = self._raw(value)
        try:
            self.source.put(frame, raw)
        except EncodeError as error:
            raise EncodeError(f"{self.quantity}: {error}") from error

    def _raw(self, value: DecodedValue | None) -> Raw:
        quality = None if value is None else value.quality
        if value is None or value.value is None:
            for raw, meaning in self.missing.items():
                if meaning == quality:
                    return raw
            raise EncodeError(f"{self.quantity}: no value, and the format can't say so")
        codes = self.codes
        if isinstance(self.source, Text):
            return str(value.value)
        if codes is not None:
            return self._code(codes, value.value)
        return self._inverse(self.source, value.value)

    def _code(self, codes: Mapping[int, float | bool | str], value: float | bool | str) -> int:
        for raw, meaning in codes.items():
            if meaning == value:
                return raw
        raise EncodeError(f"{self.quantity}: the format has no code for {value!r}")

    def _inverse(self, source: Number, value: float | bool | str) -> Raw:
        if isinstance(value, str) or self.curve is not None or not math.isfinite(value):
            raise EncodeError(f"{self.quantity}: {value!r} can't be encoded")
        raw = (value - self.offset) / self.scale - self.bias
        if source.real:
            return raw
        if round(raw) in self.missing:
            raise EncodeError(f"{self.quantity}: {value!r} would mean that there is no value")
        return round(raw)


def _as_ratio(scale: float) -> tuple[float, float]:
    """A scale as factor and divisor: raw / 10 is the nearest double to the decimal that is meant, raw * 0.1 is not."""
    divisor = round(1 / scale)
    if divisor > 1 and math.isclose(scale * divisor, 1.0, rel_tol=1e-12):
        return 1.0, float(divisor)
    return scale, 1.0


@dataclass(frozen=True, slots=True)
class Fixed:
    """A value that the mere presence of a layout means, like the event of an alarm frame."""

    quantity: str
    value: float | bool | str
    channel: str = ""
    optional: bool = False
    derived: bool = False

    @property
    def end(self) -> int:
        """It takes no bytes."""
        return 0

    def compile(self) -> Reader:
        """The function that gives this value."""
        quantity, value, channel = self.quantity, self.value, self.channel

        def run(_: bytes, __: int, ___: int, time: int | None, out: list[DecodedValue], ____: list[str]) -> None:
            out.append(DecodedValue(quantity, value, channel, time))

        return run

    def matches(self, value: DecodedValue) -> int | None:
        """0 for exactly this value, else None."""
        wanted = (self.quantity, self.channel, self.value)
        return 0 if (value.quantity, value.channel, value.value) == wanted else None

    def put(self, frame: bytearray, value: DecodedValue | None) -> None:
        """Nothing to write; EncodeError when the value is not asked for."""
        if value is None:
            raise EncodeError(f"{self.quantity}: needs {self.value!r}")
