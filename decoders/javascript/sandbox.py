"""One codec in one JavaScript context of this process: limits, surroundings, and JSON text in and out.

The CPU limit counts the whole process's CPU time, and some loops of the engine can't be interrupted at all: for codecs
that nobody vouches for, use `decoders.javascript.runner`, which keeps this class in a process that can be killed.
"""

import re
from functools import cache
from importlib.resources import files

import msgspec
import quickjs
from msgspec import Struct

from decoders.javascript.request import CodecCall, input_text
from decoders.javascript.result import CodecResult, Fatal, FatalAnswer, result_of

OWN_LINES = 20_000
"""Our scripts are loaded behind so many empty lines: a higher line number in a stack is ours, not the codec's."""
_POSITION = re.compile(r"<input>:(\d+):(\d+)")
_FRAME = re.compile(r"^ *at .*$", re.MULTILINE)


class Limits(Struct, frozen=True):
    """What one codec may use."""

    call_s: float = 0.05
    """CPU seconds of a call."""
    load_s: float = 0.5
    """CPU seconds to load."""
    heap_bytes: int = 8 * 1024 * 1024
    stack_bytes: int = 256 * 1024
    calls: int = 20_000
    """Then the context is renewed."""


class Sandbox:
    """One codec. Not for several threads."""

    def __init__(self, source: str, limits: Limits = Limits()) -> None:  # noqa: B008 (frozen)
        self._source = source
        self._limits = limits
        self._context: quickjs.Context | None = None
        self._entry: quickjs.Object | None = None
        self._calls_left = 0
        self._load_failure: str | None = None

    def call(self, call: CodecCall, version: str = "") -> CodecResult:
        """Run one call; everything that can go wrong is in the result."""
        return result_of(self.run(call.operation, input_text(call), call.received_ms), version)

    def functions(self, now_ms: int) -> tuple[str, ...]:
        """The TS013 functions that the codec offers; loads it if needed. Empty if it can't be loaded."""
        answer = self.run("load", "", now_ms)
        return tuple(msgspec.json.decode(answer).get("functions", ()))

    def run(self, operation: str, text: str, now_ms: int) -> str:
        """The answer's JSON text. The operation `load` only loads: the answer then holds `functions` or `fatal`."""
        fresh = self._entry is None or self._calls_left <= 0
        if fresh or operation == "load":
            answer = self._load(now_ms)
            if operation == "load" or self._load_failure is not None:
                return answer
        assert self._entry is not None
        self._calls_left -= 1
        answer = _guarded(self._entry, operation, text)
        if '"fatal"' in answer:
            return self._located(answer) if fresh or not _is_memory(answer) else self._again(operation, text, now_ms)
        return answer

    def _again(self, operation: str, text: str, now_ms: int) -> str:
        """Memory may be full of what earlier calls left: a new context decides whether this call is to blame."""
        self.close()
        return self.run(operation, text, now_ms)

    def _load(self, now_ms: int) -> str:
        if self._load_failure is not None:
            return self._load_failure
        self.close()
        self._context, self._entry = _open(self._source, self._limits)
        answer = _guarded(self._entry, "load", f"{self._source}\n{_script('bind.js')}", str(now_ms))
        self._context.set_time_limit(self._limits.call_s)
        self._calls_left = self._limits.calls
        if '"fatal"' in answer:
            self._load_failure = self._refused(answer)
            self.close()
            return self._load_failure
        return answer

    def _refused(self, answer: str) -> str:
        """A load failure with its place: where only our lines behind the codec are named, the codec alone is tried."""
        given = fatal_answer(answer) or FatalAnswer(Fatal("bad_output", "an unusable answer while loading"))
        position = _position(given.fatal.stack, self._source)
        if position is None and given.fatal.message.startswith("SyntaxError"):
            _, entry = _open(self._source, self._limits)
            alone = msgspec.json.decode(_guarded(entry, "load", self._source, "0"), type=_Loaded)
            if alone.fatal is not None:
                given.fatal = alone.fatal
                position = _position(alone.fatal.stack, self._source, syntax=True)
        if given.fatal.kind == "error":
            given.fatal.kind = "load"
        return _answer(given, position)

    def _located(self, answer: str) -> str:
        """A failed call's answer with the place in the codec's file; a limit hit renews the context."""
        given = fatal_answer(answer)
        if given is None:
            return answer  # data with such a key, or tampered with: judged where it is read
        if given.fatal.kind in ("timeout", "memory", "stack"):
            self.close()
        return _answer(given, _position(given.fatal.stack, self._source))

    def close(self) -> None:
        """Free the context; the next call opens a new one."""
        self._entry = None
        self._context = None


def _is_memory(answer: str) -> bool:
    given = fatal_answer(answer)
    return given is not None and given.fatal.kind == "memory"


class _Loaded(Struct):
    fatal: Fatal | None = None


def warm_up() -> None:
    """Read the scripts now; later the process may not be allowed to open files."""
    for name in ("hardening.js", "host.js", "bind.js", "buffer.js"):
        _script(name)


def fatal_answer(answer: str) -> FatalAnswer | None:
    """An answer that says that there is none; None if it does not. A codec may have tampered with all but its kind."""
    try:
        return msgspec.json.decode(answer, type=FatalAnswer)
    except (msgspec.DecodeError, RecursionError):
        pass  # no failure, or one whose console lines are none
    try:
        fatal = msgspec.json.decode(answer, type=_Loaded).fatal
    except (msgspec.DecodeError, RecursionError):
        return None
    return None if fatal is None else FatalAnswer(fatal)


def _open(source: str, limits: Limits) -> tuple[quickjs.Context, quickjs.Object]:
    context = quickjs.Context()
    context.set_memory_limit(limits.heap_bytes)
    context.set_max_stack_size(limits.stack_bytes)
    context.set_time_limit(limits.load_s)
    context.eval(_script("hardening.js"))
    entry = context.eval(_script("host.js"))
    if re.search(r"\bBuffer\b", source):
        context.eval(_script("buffer.js"))
    return context, entry


@cache
def _script(name: str) -> str:
    text = (files("decoders.javascript") / name).read_text(encoding="utf-8")
    return "\n" * OWN_LINES + text


def _guarded(entry: quickjs.Object, *arguments: str) -> str:
    """Call into the context. What escapes from there is the engine's own: a codec's errors are caught inside."""
    try:
        answer = entry(*arguments)
    except quickjs.StackOverflow as error:
        return _fatal("stack", str(error))
    except quickjs.JSException as error:
        text = str(error)
        if "interrupted" in text:
            return _fatal("timeout", "used up its CPU time")
        return _fatal("memory" if text.startswith("null") or "out of memory" in text else "error", text)
    except UnicodeDecodeError as error:
        return _fatal("bad_output", f"no Unicode text: {error.reason}")
    return answer if isinstance(answer, str) else _fatal("bad_output", "no text")


def _fatal(kind: str, message: str) -> str:
    return msgspec.json.encode(FatalAnswer(Fatal(kind, message.partition("\n")[0][:1000]))).decode()


def _answer(given: FatalAnswer, position: tuple[int, int] | None) -> str:
    if position is not None:
        given.fatal.line, given.fatal.column = position
    if given.fatal.kind == "memory":
        given.fatal.message = "used up its memory"
    return msgspec.json.encode(given).decode()


def _position(stack: str, source: str, syntax: bool = False) -> tuple[int, int] | None:
    """The first place in a stack that lies in the codec; for a syntax error at the end of the file, its last line."""
    lines = source.count("\n") + 1
    for frame in _FRAME.findall(stack):
        found = _POSITION.search(frame)
        if found and int(found[1]) <= lines:
            return int(found[1]), int(found[2])
        if found and syntax:
            return lines, 1
    return None
