"""What published codecs do beyond TS013: kept positions, sums of undeclared variables, lists, texts of random bytes."""

import pytest

from decoders.javascript.request import CodecCall
from decoders.javascript.result import CodecResult
from decoders.javascript.sandbox import Sandbox


def answers(source: str, *payloads: bytes) -> list[CodecResult]:
    """What one context says to these payloads, one after another."""
    sandbox = Sandbox(source)
    return [sandbox.call(CodecCall("it", "decodeUplink", 0, payload, f_port=1)) for payload in payloads]


KEPT = {
    "a position that only success resets": """
        var position = 0;
        function next(bytes) { return bytes[position++]; }
        function decodeUplink(i) {
          var kind = next(i.bytes);
          if (kind !== 1) return { data: {}, warnings: ['unknown'] };
          var value = next(i.bytes); position = 0;
          return { data: { value: value } };
        }""",
    "a sum that is never declared": """
        function decodeUplink(i) {
          var kind = i.bytes[0];
          if (kind !== 1) { total = 99; return { data: { value: total } }; }
          return { data: { value: typeof total === 'undefined' ? i.bytes[1] : total } };
        }""",
}


@pytest.mark.parametrize("source", KEPT.values(), ids=KEPT)
def test_a_message_is_read_as_if_it_were_the_first(source: str) -> None:
    """Nothing that an earlier message left in global variables changes what the next one says."""
    _, second = answers(source, b"\x02\x05", b"\x01\x07")
    assert second.data == {"value": 7}


def test_the_own_functions_and_tables_stay() -> None:
    """Only plain values are put back; functions, tables and what loading worked out are there in each call."""
    source = """
        var TABLE = [10, 20]; var SCALE = TABLE[1] / 10; function scaled(x) { return x * SCALE; }
        function decodeUplink(i) { SCALE = SCALE + 1; return { data: { value: scaled(TABLE[i.bytes[0]]) } }; }"""
    assert [answer.data for answer in answers(source, b"\x00", b"\x01")] == [{"value": 30}, {"value": 60}]


def test_data_may_be_a_list() -> None:
    """Some vendors give a list of readings where TS013 wants an object."""
    (answer,) = answers("function decodeUplink(i) { return { data: [{ variable: 'angle', value: 13 }] } }", b"\x01")
    assert answer.failure is None
    assert answer.data == [{"variable": "angle", "value": 13}]


def test_half_a_character_costs_no_message() -> None:
    """A text of random bytes may hold what is no Unicode; it comes out as U+FFFD, what only looks like it untouched."""
    source = r"function decodeUplink(i) { return { data: { a: 'x\ud83d', b: '\\ud83d', c: '\ude00\ude00' } } }"
    (answer,) = answers(source, b"\x01")
    assert answer.data == {"a": "x\ufffd", "b": "\\ud83d", "c": "\ufffd\ufffd"}
