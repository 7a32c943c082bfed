"""One codec in one context: every way to offer its functions, its clock and console, its limits and its mistakes."""

from typing import Any

import pytest

from decoders.javascript.request import CodecCall, Operation
from decoders.javascript.result import CodecResult
from decoders.javascript.sandbox import Limits, Sandbox

RECEIVED_MS = 1_700_000_000_123


def ask(
    source: str,
    operation: Operation = "decodeUplink",
    payload: bytes = b"\x07\x08",
    data: dict[str, Any] | None = None,
    received_at: str | None = None,
    variables: dict[str, str] | None = None,
) -> CodecResult:
    call = CodecCall("it", operation, RECEIVED_MS, payload, data, 2, received_at, variables)
    return Sandbox(source).call(call, "v1")


def decoded(source: str, **options: Any) -> Any:
    result = ask(source, **options)
    assert result.failure is None, result.failure
    return result.data


FORMS = {
    "function": "function decodeUplink(input) { return { data: { p: input.fPort, n: input.bytes.length } } }",
    "const": "const decodeUplink = (input) => ({ data: { p: input.fPort, n: input.bytes.length } })",
    "let": "let decodeUplink = function (input) { return { data: { p: input.fPort, n: input.bytes.length } } }",
    "implicit global": "decodeUplink = function (i) { n = i.bytes.length; return { data: { p: i.fPort, n: n } } }",
    "globalThis": "globalThis.decodeUplink = (i) => ({ data: { p: i.fPort, n: i.bytes.length } })",
    "bundle": "(() => { globalThis.decodeUplink = (i) => ({ data: { p: i.fPort, n: i.bytes.length } }) })()",
    "strict": "'use strict'; function decodeUplink(i) { return { data: { p: i.fPort, n: i.bytes.length } } }",
    "exports": "exports.decodeUplink = function (i) { return { data: { p: i.fPort, n: i.bytes.length } } }",
    "module.exports": "module.exports = { n: 2, decodeUplink(i) { return { data: { p: i.fPort, n: this.n } } } }",
    "own exports": "var exports = exports || {}; exports.decodeUplink = (i) => ({ data: { p: i.fPort, n: 2 } })",
    "driver": "const driver = { n: 2, decodeUplink(i) { return { data: { p: i.fPort, n: this.n } } } }",
    "exports.driver": "exports.driver = { decodeUplink: (i) => ({ data: { p: i.fPort, n: 2 } }) }",
    "bare object": "function decodeUplink(i) { return { p: i.fPort, n: i.bytes.length } }",
    "class": "class Codec { read(i) { return { p: i.fPort, n: 2 } } }\n"
    "function decodeUplink(i) { return { data: new Codec().read(i) } }",
    "Decode": "function Decode(fPort, bytes, variables) { return { p: fPort, n: bytes.length } }",
    "Decoder": "function Decoder(bytes, port) { return { p: port, n: bytes.length } }",
    "exports.Decoder": "exports.Decoder = (bytes, port) => ({ p: port, n: bytes.length })",
    "new form before the old": "function Decoder() { return { old: 1 } }\nfunction Decode() { return { old: 2 } }\n"
    "function decodeUplink(i) { return { data: { p: i.fPort, n: 2 } } }",
    "Decode before Decoder": "function Decoder() { return { old: 1 } }\n"
    "function Decode(port, bytes) { return { p: port, n: bytes.length } }",
    "Decentlab": "var decentlab_decoder = { n: 2, decode: function (bytes) { return { p: 2, n: bytes.length } } };",
    "comment at the end": "function decodeUplink(i) { return { data: { p: 2, n: 2 } } } // the end",
}


@pytest.mark.parametrize("source", FORMS.values(), ids=FORMS)
def test_every_entry_form_decodes(source: str) -> None:
    """Port and bytes arrive, the data comes back, whichever dialect the file is written in."""
    assert decoded(source) == {"p": 2, "n": 2}


@pytest.mark.parametrize(
    "source",
    [
        "function encodeDownlink(input) { return { bytes: [input.data.a, 2], fPort: 9, warnings: ['w'] } }",
        "function encodeDownlink(input) { return { bytes: '0502', fPort: 9, warnings: 'w' } }",
        "function encodeDownlink(input) { return { bytes: new Uint8Array([5, 2]), fPort: 9, warnings: ['w'] } }",
        "exports.encodeDownlink = (input) => ({ bytes: Buffer.from([5, 2]), fPort: 9, warnings: ['w'] })",
    ],
)
def test_encoding(source: str) -> None:
    """Bytes as numbers, typed array, Buffer or hexadecimal text; the codec's own port."""
    result = ask(source, "encodeDownlink", data={"a": 5})
    assert (result.payload, result.f_port, result.warnings) == (b"\x05\x02", 9, ("w",))


@pytest.mark.parametrize(
    "source",
    [
        "function Encode(fPort, obj, variables) { return [obj.a, fPort] }",
        "function Encoder(obj, port) { return [obj.a, port] }",
        "function encodeDownlink(input) { return [input.data.a, input.fPort] }",
    ],
)
def test_encoding_in_old_forms_keeps_the_port_asked_for(source: str) -> None:
    """They give bytes only."""
    result = ask(source, "encodeDownlink", data={"a": 5})
    assert (result.payload, result.f_port) == (b"\x05\x02", 2)


@pytest.mark.parametrize("bad", ["[256]", "[-1]", "[1.5]", "['a']", "'0'", "'xy'", "null", "undefined", "{}", "[[1]]"])
def test_bytes_that_are_none_are_refused(bad: str) -> None:
    """A downlink is never guessed."""
    result = ask(f"function encodeDownlink() {{ return {{ bytes: {bad}, fPort: 1 }} }}", "encodeDownlink", data={})
    assert result.failure is not None and result.failure.reason == "js_bad_output" and result.payload is None


def test_decode_downlink() -> None:
    """The inverse of encodeDownlink, where a codec has it."""
    source = "function decodeDownlink(i) { return { data: { on: i.bytes[0] === 7, t: i.recvTime instanceof Date } } }"
    assert decoded(source, operation="decodeDownlink") == {"on": True, "t": True}


def test_normalize_uplink() -> None:
    """One measurement or several; what goes wrong there is a warning, the data stays."""
    base = "function decodeUplink() { return { data: { t: 21 }, warnings: ['w'] } }\nfunction normalizeUplink(input) "
    one = ask(base + "{ return { data: { air: { temperature: input.data.t } } } }", "normalizeUplink")
    assert one.normalized == ({"air": {"temperature": 21}},) and one.data == {"t": 21}
    two = ask(base + "{ return { data: [{ a: 1 }, { b: 2 }], warnings: ['v'] } }", "normalizeUplink")
    assert two.normalized == ({"a": 1}, {"b": 2}) and two.warnings == ("w", "normalizeUplink: v")
    bad = ask(base + "{ return { errors: ['no'] } }", "normalizeUplink")
    assert bad.normalized is None and bad.data == {"t": 21} and "normalizeUplink: no" in bad.warnings
    assert ask(FORMS["function"], "normalizeUplink").data == {"p": 2, "n": 2}, "codecs without it just decode"
    assert ask(base + "{ return {} }").normalized is None, "it runs only when asked for"


def test_receive_time_is_a_date_and_keeps_its_digits_in_an_echo() -> None:
    """TS013 says Date; some codecs hand the time through and lose nothing."""
    written = "2023-11-14T22:13:20.123456789Z"
    source = "function decodeUplink({ recvTime: t }) { return { data: { d: t instanceof Date, ms: +t, echo: t } } }"
    assert decoded(source, received_at=written) == {"d": True, "ms": RECEIVED_MS, "echo": written}
    assert decoded(source)["echo"] == "2023-11-14T22:13:20.123Z"
    changed = "function decodeUplink(i) { i.recvTime.setTime(0); return { data: { echo: i.recvTime } } }"
    assert decoded(changed, received_at=written) == {"echo": "1970-01-01T00:00:00.000Z"}


def test_clock_and_chance_are_the_call_s() -> None:
    """The same call gives the same answer whenever and wherever it runs; another call gives other chance."""
    source = """function decodeUplink(i) { return { data: { now: Date.now(), fresh: +new Date(),
        text: Date().slice(0, 24), hours: new Date().getHours(), zone: new Date().getTimezoneOffset(),
        r: [Math.random(), Math.random()],
        own: new Date(2020, 0, 2).toISOString(), is: new Date() instanceof Date,
        c: new Date().constructor === Date } } }"""
    first, again, other = decoded(source), decoded(source), decoded(source, payload=b"\x01")
    assert first == again
    assert first["now"] == first["fresh"] == RECEIVED_MS
    assert (first["text"], first["hours"], first["zone"]) == ("Tue Nov 14 2023 22:13:20", 22, 0)
    assert first["own"] == "2020-01-02T00:00:00.000Z" and first["is"] and first["c"]
    assert first["r"] != other["r"] and first["r"][0] != first["r"][1] and all(0 <= r < 1 for r in first["r"])


def test_texts_for_people_are_english() -> None:
    """The engine has no locales; codecs expect what Node prints by default."""
    source = """function decodeUplink() { var d = new Date(Date.UTC(2024, 0, 5, 15, 4, 5)); return { data: {
        a: d.toLocaleString(), b: d.toLocaleDateString(), c: d.toLocaleTimeString() } } }"""
    assert decoded(source) == {"a": "1/5/2024, 3:04:05 PM", "b": "1/5/2024", "c": "3:04:05 PM"}


def test_variables_reach_every_dialect() -> None:
    """ChirpStack's device variables; without any they are an empty object."""
    for source in (
        "function decodeUplink(i) { return { data: { v: i.variables } } }",
        "function Decode(p, b, v) { return { v: v } }",
    ):
        assert decoded(source, variables={"height": "120"}) == {"v": {"height": "120"}}
        assert decoded(source) == {"v": {}}


def test_console_is_captured_and_bounded() -> None:
    """Twenty lines of 500 characters, whatever is logged; a failing call keeps them."""
    talkative = ask(
        "function decodeUplink() { for (var i = 0; i < 50; i++) console.log('x'.repeat(900), i); return { data: {} } }"
    )
    assert len(talkative.logs) == 20 and {len(line) for line in talkative.logs} == {500}
    odd = ask(
        "function decodeUplink() { console.info({ a: 1 }, [2], null, undefined, 5n, Symbol('s')); var c = {}; c.c = c;"
        "console.error(c); console.warn(new Error('e')); console.debug(); console.table([1]);"
        "console.assert(false, 'no'); throw new Error('end') }"
    )
    assert odd.logs[0] == '{"a":1} [2] null undefined 5 Symbol(s)' and "Error: e" in odd.logs
    assert odd.logs[-1] == "Assertion failed: no" and odd.failure is not None


def test_numbers_and_arrays_that_json_lacks() -> None:
    """BigInt as a number while it is exact, typed arrays as arrays, no number as null."""
    source = """function decodeUplink() { return { data: { big: 5n, bigger: 2n ** 60n, typed: new Uint16Array([1, 2]),
        nan: 0 / 0, gone: undefined, date: new Date(0), fn: function () {} } } }"""
    assert decoded(source) == {
        "big": 5,
        "bigger": "1152921504606846976",
        "typed": [1, 2],
        "nan": None,
        "date": "1970-01-01T00:00:00.000Z",
    }


def test_one_call_leaves_nothing_to_the_next() -> None:
    """Console, clock and input are the call's own."""
    sandbox = Sandbox(
        "function decodeUplink(i) { console.log(i.bytes[0]); i.bytes[0] = 99; return { data: { t: Date.now() } } }"
    )
    for number in (1, 2):
        result = sandbox.call(CodecCall("it", "decodeUplink", number, bytes([number])))
        assert result.data == {"t": number} and result.logs == (str(number),)


def test_warnings_and_errors_as_ts013_says() -> None:
    """Errors mean that decoding failed; both may be a single text; other things become text."""
    result = ask("function decodeUplink() { return { data: { a: 1 }, warnings: 'low', errors: [] } }")
    assert (result.warnings, result.errors, result.failure) == (("low",), (), None)
    result = ask("function decodeUplink() { return { errors: ['bad', { code: 5 }], warnings: [1] } }")
    assert result.errors == ("bad", '{"code":5}') and result.warnings == ("1",)
    assert result.failure is not None and result.failure.reason == "js_rejected"


BAD_OUTPUTS = {
    "nothing": "",
    "null": "return null",
    "number": "return 5",
    "text": "return 'x'",
    "no data": "return { warnings: [] }",
    "data is text": "return { data: 'x' }",
    "promise": "return Promise.resolve({ data: {} })",
    "thenable": "return { then() {}, data: {} }",
    "cyclic": "var a = {}; a.a = a; return { data: a }",
    "throwing getter": "return { data: { get x() { throw new Error('no') } } }",
    "throwing toJSON": "return { data: { toJSON() { throw 5 } } }",
    "toJSON to nothing": "Object.prototype.toJSON = function () {}; return { data: {} }",
    "toJSON to text": "Object.prototype.toJSON = () => 'x'; return { data: {} }",
    "huge": "return { data: { x: 'x'.repeat(300000) } }",
    "deep": "var a = {}; for (var i = 0; i < 60; i++) a = { a: a }; return { data: a }",
    "very deep": "var a = []; for (var i = 0; i < 900; i++) a = [a]; return { data: { a: a } }",
}


@pytest.mark.parametrize("body", BAD_OUTPUTS.values(), ids=BAD_OUTPUTS)
def test_bad_output_is_named(body: str) -> None:
    """Only an object of plain JSON counts as an answer."""
    result = ask(f"function decodeUplink(input) {{ {body} }}")
    assert result.data is None and result.failure is not None and result.failure.reason == "js_bad_output"
    assert result.errors


def test_async_codecs_are_refused() -> None:
    """A codec answers at once or not at all."""
    result = ask("async function decodeUplink() { return { data: {} } }")
    assert result.failure is not None and "promise" in result.failure.detail


BROKEN = {
    "syntax": ("var a = 1;\n\n  foo(;\n", 3, 7),
    "not closed": ("function decodeUplink(i) {\n  return {", 2, None),
    "template not closed": ("var a;\nvar b = `abc\n", 2, None),
    "comment not closed": ("var a;\n/* abc\n", None, None),
    "throws": ("\n\n  throw new Error('at load')", 3, None),
    "throws in a function": ("function f() {\n  null.x\n}\nf()", 2, None),
    "needs require": ("var a;\nvar b = require('crypto')", 2, None),
    "not JavaScript": ("This is a PDF\n", 1, None),
    "module": ("export function decodeUplink() {}", 1, None),
    "declared twice": ("let a = 1\nlet a = 2", 2, None),
}


@pytest.mark.parametrize(("source", "line", "column"), BROKEN.values(), ids=BROKEN)
def test_files_that_can_not_be_loaded_say_where(source: str, line: int | None, column: int | None) -> None:
    """Line and column in the file as it is."""
    result = ask(source)
    assert result.failure is not None and result.failure.reason == "js_load_error"
    if line is not None:
        assert result.failure.line == line
        assert result.failure.column is not None and result.failure.column >= 1
    if column is not None:
        assert result.failure.column == column


def test_errors_while_decoding_say_where() -> None:
    """The first place in the codec itself, not in what surrounds it."""
    result = ask(
        "function decodeUplink(input) {\n  return helper(input)\n}\nfunction helper(i) {\n  return i.nothing.x\n}"
    )
    assert result.failure is not None and result.failure.reason == "js_error"
    assert result.failure.line == 5 and "of undefined" in result.failure.detail
    inside = ask("function decodeUplink(input) {\n\n  return 'x'.normalize('no such form')\n}")
    assert inside.failure is not None and inside.failure.line == 3


@pytest.mark.parametrize(
    "thrown", ["'text'", "undefined", "{}", "Symbol('s')", "{ toString() { throw 1 } }", "Object.create(null)"]
)
def test_anything_may_be_thrown(thrown: str) -> None:
    """Not only errors."""
    result = ask(f"function decodeUplink() {{ throw {thrown} }}")
    assert result.failure is not None and result.failure.reason == "js_error" and result.failure.detail


def test_missing_functions_are_named() -> None:
    """A file without any is no codec; one without this function can't do this."""
    result = ask("var a = 1")
    assert result.failure is not None and result.failure.reason == "js_no_function"
    result = ask(FORMS["function"], "encodeDownlink", data={})
    assert result.failure is not None and result.failure.reason == "js_no_function"
    assert Sandbox(FORMS["Decoder"] + "\nfunction Encoder() {}").functions(0) == ("decodeUplink", "encodeDownlink")


LIMIT_HITS = {
    "loop": ("while (true);", "js_timeout"),
    "loop that catches": ("for (;;) { try { for (;;); } catch (e) { } finally { continue } }", "js_timeout"),
    "regular expression": ("/^(a+)+$/.test('a'.repeat(40) + 'b')", "js_timeout"),
    "recursion": ("(function f() { return f() + 1 })()", "js_stack"),
    "allocation": ("var a = []; for (;;) a.push(new Array(1000).fill(i))", "js_memory"),
    "allocation kept in a global": ("kept = []; for (;;) kept.push('x'.repeat(1000) + kept.length)", "js_memory"),
    "one big block": ("new ArrayBuffer(1 << 30)", "js_error"),
}


@pytest.mark.parametrize(("body", "reason"), LIMIT_HITS.values(), ids=LIMIT_HITS)
def test_limits(body: str, reason: str) -> None:
    """Each limit has its reason, and the next call of the same codec is as good as the first."""
    sandbox = Sandbox(
        f"function decodeUplink(i) {{ if (i.bytes[0]) {{ {body} }} return {{ data: {{ fine: true }} }} }}"
    )
    for _ in range(2):
        hit = sandbox.call(CodecCall("it", "decodeUplink", 0, b"\x01"))
        assert hit.failure is not None and hit.failure.reason in (reason, "js_memory")
        assert sandbox.call(CodecCall("it", "decodeUplink", 0, b"\x00")).data == {"fine": True}


def test_limits_hold_while_loading() -> None:
    """A file that loops at its top level is refused after its loading time."""
    result = Sandbox("for (;;);", Limits(load_s=0.05)).call(CodecCall("it", "decodeUplink", 0))
    assert result.failure is not None and result.failure.reason == "js_timeout"


def test_contexts_are_renewed_after_so_many_calls() -> None:
    """What a codec piled up is gone then."""
    source = "var calls = { n: 0 }; function decodeUplink() { calls.n++; return { data: { n: calls.n } } }"
    sandbox = Sandbox(source, Limits(calls=3))
    answers = [sandbox.call(CodecCall("it", "decodeUplink", 0)).data for _ in range(7)]
    assert [answer and answer["n"] for answer in answers] == [1, 2, 3, 1, 2, 3, 1]


def test_a_codec_that_piles_up_data_loses_no_frame() -> None:
    """The call that finds the heap full of earlier calls' leftovers is run again in a new context."""
    source = "var kept = { list: [] }; function decodeUplink() { kept.list.push('x'.repeat(100000) + kept.list.length);"
    sandbox = Sandbox(source + " return { data: { n: kept.list.length } } }")
    answers = [sandbox.call(CodecCall("it", "decodeUplink", 0)) for _ in range(300)]
    assert all(answer.failure is None for answer in answers)
    assert [answer.data for answer in answers].count({"n": 1}) > 1, "the heap was never full"


@pytest.mark.parametrize(
    "name",
    ["process", "std", "os", "fetch", "setTimeout", "setInterval", "require", "Proxy", "WeakRef", "print", "window"],
)
def test_nothing_outside_can_be_reached(name: str) -> None:
    """No system, no network, no timers; nor what no codec needs."""
    source = f"function decodeUplink() {{ return {{ data: {{ t: typeof {name}, g: '{name}' in globalThis }} }} }}"
    assert decoded(source) == {"t": "undefined", "g": False}


def test_hardened_functions_look_like_the_engine_s_own() -> None:
    """Names, lengths and behaviour stay, so that codecs notice nothing."""
    source = """function decodeUplink(i) { var a = [3, 1, 2]; return { data: {
        names: [a.slice.name, a.splice.length, 'x'.replace.length, Array.from.name, JSON.stringify.length],
        keys: Object.keys(Array.prototype), sort: a.slice().sort(), join: a.join('-'), flat: [1, [2, [3]]].flat(),
        deep: [1, [2, [3]]].flat(Infinity), map: [1, 2].flatMap((x) => [x, x]), concat: [1].concat([2], 3, [[4]]),
        likes: Array.prototype.map.call('ab', (c) => c + c),
        args: (function () { return [].slice.call(arguments, 1) })(1, 2),
        typed: Array.prototype.slice.call(new Uint8Array([1, 2])), from: Array.from({ length: 2 }, (_, k) => k),
        set: Array.from(new Set([1, 1])), fcc: String.fromCharCode.apply(null, [65, 66]),
        split: 'a,b'.split(','), re: 'a1b2'.replace(/[0-9]/g, '#'), all: 'aa'.replaceAll('a', 'b'),
        fn: 'abc'.replace('b', (m) => m + m), at: 'abcabc'.lastIndexOf('b'), up: 'ä'.toUpperCase(),
        m: 'x12'.match(/[0-9]+/)[0],
        num: 'a5'.includes(5), rev: [1, 2].reverse(), u8: Array.from(new Uint8Array(4).fill(7, 1, 3)) } } }"""
    assert decoded(source) == {
        "names": ["slice", 2, 2, "from", 3],
        "keys": [],
        "sort": [1, 2, 3],
        "join": "3-1-2",
        "flat": [1, 2, [3]],
        "deep": [1, 2, 3],
        "map": [1, 1, 2, 2],
        "concat": [1, 2, 3, [4]],
        "likes": ["aa", "bb"],
        "args": [2],
        "typed": [1, 2],
        "from": [0, 1],
        "set": [1],
        "fcc": "AB",
        "split": ["a", "b"],
        "re": "a#b#",
        "all": "bb",
        "fn": "abbc",
        "at": 4,
        "up": "Ä",
        "m": "12",
        "num": True,
        "rev": [2, 1],
        "u8": [0, 7, 7, 0],
    }
