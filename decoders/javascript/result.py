"""What a JavaScript codec answered: a `CodecResult`, with a typed failure where there is one."""

import re
from typing import Any, Literal, get_args

import msgspec
from msgspec import UNSET, Struct, UnsetType

CodecReason = Literal[
    "js_unknown_codec",  # no such file in the codecs folder
    "js_load_error",  # the file does not compile, or throws while it is loaded
    "js_no_function",  # the file lacks the function for this operation
    "js_error",  # the function threw
    "js_rejected",  # the codec itself lists errors
    "js_bad_output",  # no object, a promise, cyclic, too long, bytes that are none
    "js_timeout",  # used up its CPU time
    "js_memory",  # used up its heap
    "js_stack",  # recursed too deep
    "js_stalled",  # gave no answer within the wall-clock limit: its process was killed
    "js_crashed",  # took its process down
    "js_quarantined",  # hit limits too often: not run until its file changes
]
CODEC_REASONS: frozenset[str] = frozenset(get_args(CodecReason))
LIMIT_REASONS: frozenset[str] = frozenset({"js_timeout", "js_memory", "js_stack", "js_stalled", "js_crashed"})
"""The failures that count towards quarantine."""

MAX_DEPTH = 40
_REASONS: dict[str, CodecReason] = {
    "error": "js_error",
    "load": "js_load_error",
    "no_function": "js_no_function",
    "bad_output": "js_bad_output",
    "timeout": "js_timeout",
    "memory": "js_memory",
    "stack": "js_stack",
}
_HALF = re.compile(rb"(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}")
"""Half a character, legal in JavaScript's texts but not in Unicode: a device's text of random bytes may hold some."""
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*")


class CodecFailure(Struct, frozen=True):
    """Why there is no answer. `reason` is a metric label; `detail` is for people."""

    reason: CodecReason
    detail: str
    line: int | None = None
    """Line and column in the codec's file, both from 1, where they are known."""
    column: int | None = None

    def __str__(self) -> str:
        where = "" if self.line is None else f" (line {self.line}, column {self.column})"
        return f"{self.detail}{where}"


class CodecResult(Struct, frozen=True):
    """One answer of one codec. Without `failure`, decoding gave `data` and encoding gave `payload` and `f_port`."""

    data: dict[str, Any] | list[Any] | None = None
    """An object as TS013 wants it, or the list that some vendors give instead."""
    payload: bytes | None = None
    f_port: int | None = None
    """The port that the codec chose for a downlink, or None if it named none."""
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    """What the codec wrote to its console: at most 20 lines of 500 characters."""
    normalized: tuple[dict[str, Any], ...] | None = None
    """What The Things Stack's `normalizeUplink` made of the data; None where it was not asked for or does not exist."""
    failure: CodecFailure | None = None
    version: str = ""
    """The codec's version (see `decoders.javascript.catalogue`); empty where none ran."""


class Fatal(Struct):
    """The part of an answer that says that there is none, as it crosses the process border."""

    kind: str
    message: str
    stack: str = ""
    line: int | None = None
    column: int | None = None


class FatalAnswer(Struct, omit_defaults=True):
    """An answer made by Python, in the shape that the codec's surroundings give."""

    fatal: Fatal
    logs: tuple[str, ...] | None = None


class _Answer(Struct):
    """The JSON text that `host.js` gives. A codec may have tampered with it, hence the types."""

    data: dict[str, Any] | list[Any] | None = None
    bytes: list[int | float] | str | UnsetType | None = UNSET
    fPort: int | float | None = None
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    logs: tuple[str, ...] | None = ()
    normalized: tuple[dict[str, Any], ...] | None = None
    functions: tuple[str, ...] | None = None
    fatal: Fatal | None = None


_decoder = msgspec.json.Decoder(_Answer)


def failed(reason: CodecReason, detail: str, version: str = "", logs: tuple[str, ...] = ()) -> CodecResult:
    """The result of a call that gave no usable answer."""
    return CodecResult(failure=CodecFailure(reason, detail), logs=logs, errors=(detail,), version=version)


def result_of(answer: str | bytes, version: str) -> CodecResult:
    """The typed form of an answer's JSON text; whatever is wrong with it becomes `js_bad_output`."""
    try:
        parsed = _parsed(answer)
        if _too_deep(answer, parsed):
            return failed("js_bad_output", f"data nested deeper than {MAX_DEPTH}", version)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return failed("js_bad_output", f"unusable answer: {error}", version)
    logs = parsed.logs or ()
    if parsed.fatal is not None:
        fatal = parsed.fatal
        reason = _REASONS.get(fatal.kind, "js_bad_output")
        failure = CodecFailure(reason, fatal.message, fatal.line, fatal.column)
        return CodecResult(failure=failure, errors=(fatal.message,), logs=logs, version=version)
    if parsed.errors:
        rejected = CodecFailure("js_rejected", "; ".join(parsed.errors))
        return CodecResult(
            data=parsed.data,
            warnings=parsed.warnings,
            errors=parsed.errors,
            logs=logs,
            failure=rejected,
            version=version,
        )
    if parsed.bytes is not UNSET:
        return _encoded(parsed, logs, version)
    if parsed.data is None and parsed.functions is None:
        return failed("js_bad_output", "the data can not be written as JSON", version, logs)
    return CodecResult(
        data=parsed.data, warnings=parsed.warnings, logs=logs, normalized=parsed.normalized, version=version
    )


def _parsed(answer: str | bytes) -> _Answer:
    try:
        return _decoder.decode(answer)
    except msgspec.DecodeError:
        text = answer.encode() if isinstance(answer, str) else answer
        return _decoder.decode(_HALF.sub(rb"\1\\ufffd", text))


def _encoded(parsed: _Answer, logs: tuple[str, ...], version: str) -> CodecResult:
    payload = _payload(parsed.bytes)
    if payload is None:
        detail = f"bytes must be whole numbers from 0 to 255: {parsed.bytes!r:.200}"
        return failed("js_bad_output", detail, version, logs)
    f_port = _whole(parsed.fPort)
    if f_port is not None and not 1 <= f_port <= 223:
        return failed("js_bad_output", f"fPort must be from 1 to 223: {f_port}", version, logs)
    return CodecResult(payload=payload, f_port=f_port, warnings=parsed.warnings, logs=logs, version=version)


def _payload(given: object) -> bytes | None:
    if isinstance(given, str):
        return bytes.fromhex(given) if _HEX.fullmatch(given) else None
    if not isinstance(given, list):
        return None
    numbers = [_whole(item) for item in given]
    if any(number is None or not 0 <= number <= 255 for number in numbers):
        return None
    return bytes(number for number in numbers if number is not None)


def _whole(number: float | None) -> int | None:
    """JavaScript has one kind of number: 5.0 is 5; None for what is no whole number."""
    if number is None or isinstance(number, int):
        return number
    return int(number) if number.is_integer() else None


def _too_deep(answer: str | bytes, parsed: _Answer) -> bool:
    if isinstance(answer, str):
        opened = answer.count("{") + answer.count("[")
    else:
        opened = answer.count(b"{") + answer.count(b"[")
    return opened > MAX_DEPTH and _depth((parsed.data, parsed.normalized), 0) > MAX_DEPTH + 2


def _depth(value: object, depth: int) -> int:
    if depth > MAX_DEPTH + 2:
        return depth
    if isinstance(value, dict):
        return max((_depth(item, depth + 1) for item in value.values()), default=depth)
    if isinstance(value, list | tuple):
        return max((_depth(item, depth + 1) for item in value), default=depth)
    return depth
