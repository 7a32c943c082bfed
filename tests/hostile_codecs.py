"""Codecs written to do harm, and good frames that flow while they run; with the figures for `make proof`."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from decoders.javascript.request import CodecCall
from decoders.javascript.result import LIMIT_REASONS, CodecResult
from decoders.javascript.runner import CodecRunner
from decoders.javascript.states import MAX_HITS, TRIAL_CALLS

RECEIVED_MS = 1_700_000_000_000
FINE = frozenset({"fine"})
LIMIT = LIMIT_REASONS
REFUSED = frozenset({"js_error", "js_bad_output", "js_memory"})

GOOD = """
function decodeUplink(input) {
    var bytes = input.bytes, data = {};
    for (var i = 0; i + 3 < bytes.length; i += 4) {
        data['channel_' + i / 4] = { value: (bytes[i] << 8 | bytes[i + 1]) / 100, state: bytes[i + 2] ? 'on' : 'off' };
    }
    return { data: data };
}
"""


def body(code: str) -> str:
    """A codec whose decodeUplink does this."""
    return f"function decodeUplink(input) {{\n{code}\nreturn {{ data: {{ fine: true }} }};\n}}"


ATTACKS: dict[str, tuple[str, frozenset[str]]] = {
    "endless-loop": (body("for (;;);"), LIMIT),
    "loop-that-catches": (body("for (;;) { try { for (;;); } catch (e) { } finally { continue } }"), LIMIT),
    "loop-while-loading": ("for (;;);", LIMIT),
    "loop-in-generator": (body("function* g() { for (;;) yield 1 }; for (var x of g());"), LIMIT),
    "loop-by-constructor": (body("[].constructor.constructor('for (;;);')()"), LIMIT),
    "deep-recursion": (body("(function f() { return f() + 1 })()"), LIMIT),
    "deep-json": (body("JSON.parse('['.repeat(1e5))"), LIMIT | REFUSED),
    "one-gigabyte-array": (body("new Array(125000000).fill(1.5)"), LIMIT | REFUSED),
    "one-gigabyte-buffer": (body("new Uint8Array(1 << 30)"), LIMIT | REFUSED),
    "doubling-text": (body("var s = 'x'; for (;;) s += s"), LIMIT | REFUSED),
    "repeated-text": (body("'x'.repeat(1e9)"), LIMIT | REFUSED),
    "caught-allocations": (
        body("for (;;) { try { var a = []; for (;;) a.push('x'.repeat(1000)) } catch (e) { } }"),
        LIMIT,
    ),
    "huge-answer": (body("return { data: { x: 'x'.repeat(2e6) } }"), LIMIT | REFUSED),
    "huge-log": (body("for (;;) console.log('x'.repeat(1e5))"), LIMIT),
    "huge-error": (body("throw new Error('x'.repeat(3e6))"), LIMIT | REFUSED),
    "regex-nested": (body("/^(a+)+$/.test('a'.repeat(40) + 'b')"), LIMIT),
    "regex-overlap": (body("/(x+x+)+y/.exec('x'.repeat(60))"), LIMIT),
    "regex-replace": (body("'x'.repeat(60).replace(/(x+x+)+y/g, '')"), LIMIT),
    "prototype-pollution": (
        "Object.prototype.polluted = 1; Array.prototype.push = function () { throw 1 };\n"
        "Object.prototype.toJSON = function () { return { polluted: true } }; JSON.stringify = JSON.parse = null;\n"
        "Object.defineProperty(Object.prototype, 'data', { get() { return { polluted: true } } });\n"
        + body("Array.prototype.toJSON = function () { throw { toString() { for (;;); } } };"),
        FINE | LIMIT | REFUSED,
    ),
    "constructor-escape": (
        body(
            "var g = decodeUplink.constructor('return this')();\n"
            "var names = ['process', 'require', 'std', 'os', 'fetch', 'WebAssembly', 'Deno', 'Worker', 'setTimeout'];\n"
            "for (var n of names) if (n in g) throw new Error(n);\n"
            "for (var m of ['std', 'os', 'fs']) import(m).then(function (got) { globalThis.got = got });\n"
            "if (globalThis.got) throw new Error('import');"
        ),
        FINE,
    ),
    "throwing-getter": (body("return { data: { get a() { throw new Error('x') } } }"), REFUSED),
    "looping-getter": (body("return { data: { get a() { for (;;); } } }"), LIMIT),
    "looping-to-json": (body("return { data: { toJSON() { for (;;); } } }"), LIMIT),
    "looping-error-text": (body("throw { toString() { for (;;); }, get stack() { for (;;); } }"), LIMIT),
    "looping-engine-error": (
        "Error.prepareStackTrace = function () { for (;;); }; Error.prototype.toString = function () { for (;;); };\n"
        "Object.setPrototypeOf(InternalError.prototype, { toString() { for (;;); } });\n" + body("for (;;);"),
        LIMIT,
    ),
    "cyclic": (body("var a = {}; a.a = a; return { data: a }"), REFUSED),
    "deep-answer": (
        body("var a = {}; for (var i = 0; i < 5000; i++) a = { a: a }; return { data: a }"),
        LIMIT | REFUSED,
    ),
    "promise": (body("return Promise.resolve({ data: {} })"), REFUSED),
    "async": ("async function decodeUplink() { for (;;) await 1 }", REFUSED),
    "promise-flood": (body("for (;;) Promise.resolve().then(decodeUplink)"), LIMIT | REFUSED),
    "thenable": (body("return { data: {}, then: function (f) { for (;;) f() } }"), REFUSED),
    "sparse-join": (body("var a = []; a.length = 4294967295; a.join()"), LIMIT | REFUSED),
    "sparse-sort": (body("var a = []; a.length = 4294967295; a.sort()"), LIMIT | REFUSED),
    "sparse-concat": (body("var a = []; a.length = 4294967295; [].concat(a, a)"), LIMIT | REFUSED),
    "sparse-flat": (body("var a = []; a.length = 4294967295; [[a]].flat(9)"), LIMIT | REFUSED),
    "sparse-set": (body("var a = []; a.length = 4294967295; new Set(a)"), LIMIT | REFUSED),
    "like-reverse": (body("Array.prototype.reverse.call({ length: 9007199254740991 })"), LIMIT | REFUSED),
    "like-splice": (body("Array.prototype.splice.call({ length: 9007199254740991 }, 0, 1)"), LIMIT | REFUSED),
    "like-copy": (body("Array.prototype.copyWithin.call({ length: 9007199254740991 }, 0, 1)"), LIMIT | REFUSED),
    "like-getter": (
        body("var n = 0; Array.prototype.reverse.call({ get length() { return n++ ? 9007199254740991 : 1 } })"),
        LIMIT | REFUSED,
    ),
    "like-inherited": (
        body("Array.prototype.reverse.call(Object.create({ length: 9007199254740991 }))"),
        LIMIT | REFUSED,
    ),
    "replacer": (body("var a = []; a.length = 4294967295; JSON.stringify({}, a)"), LIMIT | REFUSED),
    "apply": (body("Reflect.apply(Math.max, null, { length: 4294967295 })"), LIMIT | REFUSED),
    "long-search": (body("'a'.repeat(2e6).indexOf('a'.repeat(1e6) + 'b')"), LIMIT | REFUSED),
    "long-split": (body("'a'.repeat(2e6).split('a'.repeat(1e6) + 'b')"), LIMIT | REFUSED),
    # Loops inside one built-in that nothing interrupts: only the process's end does.
    "built-in-hang": (body("for (var i = 0; i < 200; i++) Uint8Array.from({ length: 4000000 })"), LIMIT),
    "built-in-digits": (body("for (var i = 0; i < 200; i++) (7n ** 100000n).toString()"), LIMIT),
    "built-in-search": (body("new RegExp('a'.repeat(5e5) + 'b').test('a'.repeat(2e6))"), LIMIT | REFUSED),
}
"""Name: source, and how its calls may end (quarantined is always one)."""


@dataclass
class Flow:
    """Good frames, one after the other: how many were wrong, and how long each took."""

    seconds: list[float] = field(default_factory=list)
    wrong: int = 0

    def __str__(self) -> str:
        return (
            f"p50 {self.quantile_ms(50):.2f} ms, p99 {self.quantile_ms(99):.2f} ms of {len(self.seconds)} good frames"
        )

    def quantile_ms(self, of_hundred: int) -> float:
        """The latency that so many of a hundred frames stay below."""
        return statistics.quantiles(self.seconds, n=100)[of_hundred - 1] * 1000


@dataclass
class Measured:
    """Good frames' latency with and without an attack."""

    quiet: Flow
    attacked: Flow
    attacks: int

    def __str__(self) -> str:
        return f"quiet: {self.quiet}; under {self.attacks} attacks: {self.attacked}; p99 ratio {self.p99_ratio:.2f}"

    @property
    def p99_ratio(self) -> float:
        """Under attack against quiet."""
        return self.attacked.quantile_ms(99) / self.quiet.quantile_ms(99)


def write_codecs(folder: Path) -> None:
    """The good codec and all hostile ones."""
    (folder / "good.js").write_text(GOOD)
    for name, (source, _) in ATTACKS.items():
        (folder / f"{name}.js").write_text(source)


def outcome(result: CodecResult) -> str:
    """The failure's reason, or `fine`."""
    return "fine" if result.failure is None else result.failure.reason


async def good_frames(runner: CodecRunner, flow: Flow, count: int, pause_s: float) -> None:
    """Send good frames one by one, as from a quiet city, and check every answer."""
    for number in range(count):
        payload = bytes((number + i) % 256 for i in range(20))
        start = time.perf_counter()
        (result,) = await runner.run([CodecCall("good", "decodeUplink", RECEIVED_MS, payload, f_port=5)])
        flow.seconds.append(time.perf_counter() - start)
        flow.wrong += result.data != expected(payload)
        await asyncio.sleep(pause_s)


def expected(payload: bytes) -> dict[str, object]:
    """What the good codec must say."""
    return {
        f"channel_{i // 4}": {
            "value": int.from_bytes(payload[i : i + 2], "big") / 100,
            "state": "on" if payload[i + 2] else "off",
        }
        for i in range(0, len(payload), 4)
    }


async def settle(runner: CodecRunner) -> None:
    """Let the good codec earn its place in the steady process."""
    await good_frames(runner, Flow(), TRIAL_CALLS + 5, 0)


async def attack(runner: CodecRunner, names: Sequence[str], calls: int = MAX_HITS + 1) -> dict[str, list[CodecResult]]:
    """All of these codecs at once, each called so many times."""
    results = await asyncio.gather(
        *(runner.run([CodecCall(name, "decodeUplink", RECEIVED_MS, b"\x01", f_port=1)] * calls) for name in names)
    )
    return dict(zip(names, results, strict=True))


async def measure(folder: Path, frames: int = 2000, pause_s: float = 0.002) -> Measured:
    """Latency of good frames, quiet and then under an attack that never ends.

    The attackers come one after the other, as different devices' frames would, and change their files when quarantined.
    """
    write_codecs(folder)
    async with CodecRunner(folder, lambda: RECEIVED_MS, rescan_s=3600) as runner:
        await settle(runner)
        quiet, attacked = Flow(), Flow()
        await good_frames(runner, quiet, frames, pause_s)
        done = asyncio.Event()
        attackers = asyncio.create_task(_attack_until(runner, folder, done))
        await good_frames(runner, attacked, frames, pause_s)
        done.set()
        return Measured(quiet, attacked, await attackers)


async def _attack_until(runner: CodecRunner, folder: Path, done: asyncio.Event) -> int:
    attacks = 0
    round_number = 0
    while not done.is_set():
        for name in ATTACKS:
            if done.is_set():
                break
            await attack(runner, [name], 1)
            attacks += 1
        round_number += 1
        if round_number % MAX_HITS == 0:
            _change_files(folder, round_number)
            await runner.refresh()
    return attacks


def _change_files(folder: Path, number: int) -> None:
    for name, (source, _) in ATTACKS.items():
        (folder / f"{name}.js").write_text(f"{source}\n// {number}")
