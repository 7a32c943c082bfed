"""The part of Node's Buffer that codecs use: every expression gives what Node 20 gave."""

import json
from pathlib import Path

import pytest

from decoders.javascript.request import CodecCall
from decoders.javascript.sandbox import Sandbox

CASES = json.loads((Path(__file__).parent / "buffer_as_node.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("expression", "expected"), CASES, ids=[case[0][:60] for case in CASES])
def test_buffer_is_like_node(expression: str, expected: object) -> None:
    """The same value, or the same kind of error."""
    sandbox = Sandbox(f"function decodeUplink(input) {{ return {{ data: {{ value: {expression} }} }}; }}")
    result = sandbox.call(CodecCall("buffer", "decodeUplink", 0))
    assert result.failure is None
    assert result.data == {"value": expected}


def test_buffer_is_only_there_for_codecs_that_mention_it() -> None:
    """A codec that asks whether there is one by another way finds none: its context stays small."""
    source = "function decodeUplink() { return { data: { found: typeof globalThis['Buf' + 'fer'] } }; }"
    assert Sandbox(source).call(CodecCall("none", "decodeUplink", 0)).data == {"found": "undefined"}
