"""A payload's explanation as text for a terminal: its bytes and the fields that they became, side by side."""

from collections.abc import Iterator
from datetime import UTC, datetime

from decoders.explain import Explanation, Span
from decoders.layout import RECORD_TIME
from decoders.value import Decoded, DecodedValue
from decoders.vocabulary import QUANTITIES

_FIELDS = ("36", "32", "33", "35", "34", "96", "92", "93", "95", "94")
"""Colours of the values in turn: cyan, green, yellow, magenta, blue, and their bright sisters."""
_DIM, _RED, _BOLD = "2", "31", "1"
_BYTES_A_LINE = 24


def text_of(explained: Explanation, colour: bool) -> str:
    """Everything `loracity decode --explain` prints, without the last line end."""
    return "\n".join(_lines(explained, _Paint(explained, colour)))


class _Paint:
    """Gives each span its colour; every field the next one, so that neighbours differ."""

    def __init__(self, explained: Explanation, colour: bool) -> None:
        self._on = colour
        self._codes: dict[str, str] = {}
        for span in explained.spans:
            if span.use == "read":
                self._codes.setdefault(span.name, _FIELDS[len(self._codes) % len(_FIELDS)])

    def __call__(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._on and text else text

    def code(self, span: Span) -> str:
        if span.use == "framing":
            return _BOLD
        return _DIM if span.use == "unused" else self._codes.get(span.name, _DIM)


def _lines(explained: Explanation, paint: _Paint) -> Iterator[str]:
    size = len(explained.payload)
    yield paint(explained.decoder, _BOLD) + f"  port {explained.f_port}  {size} byte{'' if size == 1 else 's'}"
    yield from (f"  {line}" for line in _dump(explained, paint))
    decoded = isinstance(explained.outcome, Decoded)
    cells = [(_place(span), _hex(explained.payload, span), _bits(span)) for span in explained.spans]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for (place, digits, bits), span in zip(cells, explained.spans, strict=True):
        code = paint.code(span)
        shown = paint(digits, code) + " " * (widths[1] - len(digits))
        yield f"  {place:>{widths[0]}}  {shown}  {bits:{widths[2]}}  {paint(_meaning(span, decoded), code)}".rstrip()
    if isinstance(explained.outcome, Decoded):
        yield from (paint(f"  warning: {text}", "33") for text in explained.outcome.warnings)
    else:
        yield paint(f"  {explained.outcome.reason}: {explained.outcome.detail}", _RED)


def _dump(explained: Explanation, paint: _Paint) -> Iterator[str]:
    """The whole payload in the colours of what its bytes became."""
    codes = [_DIM] * len(explained.payload)
    for span in sorted(explained.spans, key=lambda s: s.use == "read"):
        codes[span.start : span.stop] = [paint.code(span)] * (span.stop - span.start)
    cells = [paint(f"{byte:02x}", code) for byte, code in zip(explained.payload, codes, strict=True)]
    for start in range(0, len(cells), _BYTES_A_LINE):
        yield " ".join(cells[start : start + _BYTES_A_LINE])


def _place(span: Span) -> str:
    if span.stop - span.start < 2:
        return str(span.start) if span.stop > span.start else ""
    return f"{span.start}-{span.stop - 1}"


def _hex(payload: bytes, span: Span) -> str:
    part = payload[span.start : span.stop]
    return part.hex(" ") if len(part) <= 8 else part[:7].hex(" ") + " ..."


def _bits(span: Span) -> str:
    if span.bits is None:
        return ""
    first, count = span.bits
    return f"bit {first}" if count == 1 else f"bits {first}-{first + count - 1}"


def _meaning(span: Span, decoded: bool) -> str:
    if span.use == "framing":
        return "framing"
    if span.use == "unused":
        return "not used" if decoded else "not read"
    if span.value is None:
        return span.name if span.name == RECORD_TIME else f"{span.name}: no value"
    if span.use == "influence":
        return f"also decides {span.name}"
    return f"{span.name} = {_value(span.value)}"


def _value(value: DecodedValue) -> str:
    unit = QUANTITIES[value.quantity].unit
    if value.value is None:
        text = f"none ({value.quality})"
    else:
        plain = value.value
        word = str(plain).lower() if isinstance(plain, bool) else f"{plain:.10g}" if isinstance(plain, float) else plain
        text = f"{word} {unit}".rstrip() + ("" if value.quality == "ok" else f" ({value.quality})")
    if value.time_ms is None:
        return text
    return f"{text} at {datetime.fromtimestamp(value.time_ms / 1000, UTC).isoformat(timespec='seconds')[:19]}Z"
