"""Published examples of third-party codecs, run in the worker processes as they are shipped. Not part of `make test`:

    LORACITY_CODEC_EXAMPLES=examples.jsonl .venv/bin/pytest -s tests/proof_codecs.py

The file holds one example a line: `codec` (path of the codec's file, seen from the examples' folder), `operation`
(`decodeUplink`, `encodeDownlink`, `decodeDownlink`), `input` (`bytes` as hex or numbers, `fPort`, `recvTime`, `data`,
`variables`) and `expected` (`data`, or `bytes` and `fPort`; `warnings`, `errors`).
"""

import asyncio
import json
import math
import os
import re
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from decoders.javascript.request import CodecCall
from decoders.javascript.result import CodecResult
from decoders.javascript.runner import CodecRunner

EXAMPLES = os.environ.get("LORACITY_CODEC_EXAMPLES", "")
REQUIRED = 0.97
TOLERANCE = 1e-6
IN_FLIGHT = 64
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
ANY_TIME = "XXXX-XX-XXTXX:XX:XX.XXXZ"
ANY_NUMBER = "SKIP_NUMBER"
"""How Actility's catalogue writes what depends on when its examples are run."""

Example = dict[str, Any]


@pytest.mark.skipif(not EXAMPLES, reason="LORACITY_CODEC_EXAMPLES names no file of examples")
async def test_published_examples_come_out_equal(tmp_path: Path) -> None:
    """At least 97 % of the examples give what their publisher says, no codec costs another one its process."""
    path = Path(EXAMPLES)
    lines = await asyncio.to_thread(path.read_text, "utf-8")
    examples = [json.loads(line) for line in lines.split("\n") if line]
    ids = await asyncio.to_thread(_flat_copy, path.parent, sorted({example["codec"] for example in examples}), tmp_path)
    results = await _run(tmp_path, [_call(ids[example["codec"]], example) for example in examples])
    wrong = [(e, r) for e, r in zip(examples, results, strict=True) if not _same(_expected(e), _given(e, r))]
    _report(examples, wrong)
    assert len(wrong) <= (1 - REQUIRED) * len(examples)


def _flat_copy(root: Path, codecs: list[str], folder: Path) -> dict[str, str]:
    """The codecs folder of a service that has them all, and each one's id there."""
    ids = {codec: f"codec-{number}" for number, codec in enumerate(codecs)}
    for codec, name in ids.items():
        shutil.copyfile(root / codec, folder / f"{name}.js")
    return ids


async def _run(folder: Path, calls: list[CodecCall]) -> list[CodecResult]:
    results: list[CodecResult] = []
    async with CodecRunner(folder, lambda: 0) as runner:
        for start in range(0, len(calls), IN_FLIGHT):
            results += await runner.run(calls[start : start + IN_FLIGHT])
    return results


def _call(codec: str, example: Example) -> CodecCall:
    given = example["input"]
    received_at = given.get("recvTime") or given.get("time")
    return CodecCall(
        codec,
        example["operation"],
        _ms(received_at or ""),
        payload=_bytes(given.get("bytes") or ""),
        data=given.get("data"),
        f_port=given.get("fPort"),
        received_at=received_at,
        variables=given.get("variables"),
    )


def _ms(text: str) -> int:
    """The codec's clock; an example whose time is misspelt (there are some) runs in 1970, its text handed over."""
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return 0
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _bytes(given: str | list[int]) -> bytes:
    return bytes.fromhex(given) if isinstance(given, str) else bytes(given)


def _given(example: Example, result: CodecResult) -> Example | None:
    if result.failure is not None and result.failure.reason != "js_rejected":
        return None
    notes = {"warnings": list(result.warnings), "errors": list(result.errors)}
    if example["operation"] == "encodeDownlink":
        return _tidy(
            {"bytes": None if result.payload is None else list(result.payload), "fPort": result.f_port, **notes}
        )
    return _tidy({"data": result.data, **notes})


def _expected(example: Example) -> Example:
    """The published answer. A bare object is the data; an encoder's port counts only where bytes are expected."""
    names = {"bytes", "fPort"} if example["operation"] == "encodeDownlink" else {"data"}
    published = example["expected"]
    if not (isinstance(published, dict) and published.keys() & (names | {"warnings", "errors"})):
        published = {"bytes" if "bytes" in names else "data": published}
    published = {name: value for name, value in published.items() if name in names | {"warnings", "errors"}}
    if isinstance(published.get("bytes"), str):
        published["bytes"] = list(bytes.fromhex(published["bytes"]))
    if published.get("errors") or published.get("bytes") is None:
        published = {name: value for name, value in published.items() if name not in ("bytes", "fPort")}
    return _tidy(published)


def _tidy(answer: Example) -> Example:
    """Nothing said, null and an empty list of notes are the same."""
    return {name: value for name, value in answer.items() if value is not None and (value or name not in _LISTS)}


_LISTS = ("warnings", "errors")


def _same(expected: object, given: object) -> bool:
    if expected == ANY_TIME:
        return isinstance(given, str) and _ISO.fullmatch(given) is not None
    if expected == ANY_NUMBER:
        return _is_number(given)
    if isinstance(expected, dict) and isinstance(given, dict):
        return expected.keys() == given.keys() and all(_same(expected[name], given[name]) for name in expected)
    if isinstance(expected, list) and isinstance(given, list):
        return len(expected) == len(given) and all(map(_same, expected, given))
    if _is_number(expected) and _is_number(given):
        return math.isclose(expected, given, rel_tol=TOLERANCE, abs_tol=TOLERANCE)  # type: ignore[arg-type]
    return type(expected) is type(given) and expected == given


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _report(examples: list[Example], wrong: list[tuple[Example, CodecResult]]) -> None:
    codecs = {example["codec"] for example in examples}
    failing = Counter(example["codec"] for example, _ in wrong)
    print(f"\n{len(examples) - len(wrong)} of {len(examples)} examples equal; {len(codecs) - len(failing)} of ", end="")
    print(f"{len(codecs)} codecs without a difference")
    why = {example["codec"]: str(result.failure or "another answer") for example, result in wrong}
    for codec, count in failing.most_common():
        print(f"{count:5} {codec}: {why[codec]:.120}")
