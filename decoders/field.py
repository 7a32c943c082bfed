"""`Field` and `Fixed`: what raw data of a payload mean, both ways."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from decoders.source import EncodeError, Number, Raw, Text
from decoders.value import DecodedValue, Quality
from decoders.vocabulary import QUANTITIES, Quantity

Step = Callable[[Any, int, int | None, list[str]], DecodedValue | None]
"""Makes one field's value: its whole number or bytes, channel number, record time (Unix ms or None), warnings out."""


@dataclass(frozen=True, slots=True)
class Field:
    """One quantity of a layout: value = curve((raw + bias) * scale + offset), in the quantity's unit.

    `channel` may hold `{}` for the number of a numbered format (Cayenne LPP). A raw number in `missing` gives no value
    but that quality, or nothing at all where the quality is None. `values` names raw codes (bool quantities: 0 and 1 by
    default). Values outside the quantity's plausible range are kept, as `out_of_range`. An `optional` field may lie
    beyond the end of a shorter frame; a `derived` one repeats raw data of another field and is not encoded. `digits`:
    decimals to which the value is rounded, for floats whose last bits are noise.
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
    digits: int | None = None

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

    def step(self) -> Step:
        """The function that makes this field's value; made once per device, because it runs for every frame."""
        if isinstance(self.source, Text):
            return self._text_step(self.source)
        codes = self.codes
        return self._number_step(self.source) if codes is None else self._code_step(self.source, codes)

    def _text_step(self, source: Text) -> Step:
        show, quantity, channel = source.show, self.quantity, self.channel

        def make(raw: bytes, number: int, time: int | None, _: list[str]) -> DecodedValue | None:
            return DecodedValue(quantity, show(raw), channel.format(number), time)

        return make

    def _code_step(self, source: Number, codes: Mapping[int, float | bool | str]) -> Step:
        quantity, channel, missing = self.quantity, self.channel, self.missing
        shift, mask, numbered = source.first_bit, (1 << source.bit_count) - 1, "{}" in channel
        real = self.meaning.kind == "float"  # a number stays one, also where a table of codes writes it without a point
        ready: dict[int | float, DecodedValue] = {
            raw: DecodedValue(quantity, float(value) if real else value, channel) for raw, value in codes.items()
        }
        ready |= {raw: DecodedValue(quantity, None, channel, None, word) for raw, word in missing.items() if word}
        left_out = {raw for raw, quality in missing.items() if quality is None}

        def make(raw: int, number: int, time: int | None, warnings: list[str]) -> DecodedValue | None:
            if mask:
                raw = raw >> shift & mask
            value = ready.get(raw)
            if value is None:
                if raw not in left_out:
                    warnings.append(f"{quantity}: code {raw} has no known meaning")
                return None
            if time is None and not numbered:
                return value
            return DecodedValue(quantity, value.value, channel.format(number), time, value.quality)

        return make

    def _number_step(self, source: Number) -> Step:
        quantity, channel, missing = self.quantity, self.channel, dict(self.missing)
        shift, mask, bias = source.first_bit, (1 << source.bit_count) - 1, self.bias
        low = -math.inf if self.meaning.low is None else self.meaning.low
        high = math.inf if self.meaning.high is None else self.meaning.high
        convert, numbered, real, isfinite = self._converter(), "{}" in channel, source.real, math.isfinite
        (factor, divisor), offset = _as_ratio(self.scale), self.offset
        ratio = factor == 1 and divisor > 0 and not (offset or self.curve or self.digits is not None or real)

        def make(raw: int | float, number: int, time: int | None, _: list[str]) -> DecodedValue | None:
            if mask:
                raw = int(raw) >> shift & mask
            name = channel.format(number) if numbered else channel
            if raw in missing or (real and not isfinite(raw)):
                quality = missing[int(raw)] if raw in missing else "not_available"
                return None if quality is None else DecodedValue(quantity, None, name, time, quality)
            value = (raw + bias) / divisor if ratio else convert(raw)
            return DecodedValue(quantity, value, name, time, "ok" if low <= value <= high else "out_of_range")

        def plain(raw: int, _: int, time: int | None, __: list[str]) -> DecodedValue | None:
            if mask:
                raw = raw >> shift & mask
            value = (raw + bias) / divisor
            return DecodedValue(quantity, value, channel, time, "ok" if low <= value <= high else "out_of_range")

        def scaled(raw: int, _: int, time: int | None, __: list[str]) -> DecodedValue | None:
            if mask:
                raw = raw >> shift & mask
            value = (raw + bias) * factor / divisor + offset
            return DecodedValue(quantity, value, channel, time, "ok" if low <= value <= high else "out_of_range")

        if missing or numbered or real or self.curve or self.digits is not None:
            return make
        return plain if ratio else scaled

    def _converter(self) -> Callable[[int | float], float]:
        exact, digits = self._exact_converter(), self.digits
        return exact if digits is None else lambda raw: round(exact(raw), digits)

    def _exact_converter(self) -> Callable[[int | float], float]:
        bias, offset, curve = self.bias, self.offset, self.curve
        factor, divisor = _as_ratio(self.scale)
        if curve is not None:
            return lambda raw: curve((raw + bias) * factor / divisor + offset)
        if offset or factor != 1 or divisor < 0:  # adding the offset makes 0.0 of -0.0
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
            if quality == "not_available" and isinstance(self.source, Number) and self.source.real:
                return math.nan
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
    if abs(divisor) > 1 and math.isclose(scale * divisor, 1.0, rel_tol=1e-12):
        return 1.0, float(divisor)
    return scale, 1.0


@dataclass(frozen=True, slots=True)
class Fixed:
    """A value that the mere presence of a layout means, like the event of an alarm frame; None with its `quality`."""

    quantity: str
    value: float | bool | str | None
    channel: str = ""
    optional: bool = False
    derived: bool = False
    quality: Quality = "ok"

    @property
    def end(self) -> int:
        """It takes no bytes."""
        return 0

    def step(self) -> Step:
        """The function that gives this value."""
        quantity, value, channel, quality = self.quantity, self.value, self.channel, self.quality
        ready = DecodedValue(quantity, value, channel, None, quality)

        def make(_: object, __: int, time: int | None, ___: list[str]) -> DecodedValue | None:
            return ready if time is None else DecodedValue(quantity, value, channel, time, quality)

        return make

    def matches(self, value: DecodedValue) -> int | None:
        """0 for exactly this value, else None."""
        wanted = (self.quantity, self.channel, self.value, self.quality)
        return 0 if (value.quantity, value.channel, value.value, value.quality) == wanted else None

    def put(self, frame: bytearray, value: DecodedValue | None) -> None:
        """Nothing to write; EncodeError when the value is not asked for."""
        if value is None:
            raise EncodeError(f"{self.quantity}: needs {self.value!r}")
