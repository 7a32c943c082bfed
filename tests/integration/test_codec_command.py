"""`loracity decode --codec` and `encode --codec`: one call of one codec file, as an operator tries it."""

import json
from pathlib import Path

import pytest

from loracity.__main__ import main

CODEC = """function decodeUplink(input) {
  console.log('port', input.fPort);
  if (input.bytes[0] === 255) return { errors: ['no such message'] };
  return { data: { n: input.bytes.length, t: input.recvTime, v: input.variables.height || null }, warnings: ['w'] };
}
"""


def decode(capsys: pytest.CaptureFixture[str], path: Path, *arguments: str) -> tuple[int, object, str]:
    status = main(["decode", "--codec", str(path), *arguments])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out else None, err


@pytest.fixture
def codec(tmp_path: Path) -> Path:
    """A codec file with a name as downloads have it."""
    path = tmp_path / "codec (1).js"
    path.write_text(CODEC)
    return path


def test_the_answer_is_ts013_s(codec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Data, warnings, errors on stdout, the console on stderr; the time as it was written."""
    time = "2024-05-01T06:00:00.123456789Z"
    status, answer, console = decode(capsys, codec, "5", "0102", "--received-at", time, "--variables", '{"height":"9"}')
    assert answer == {"data": {"n": 2, "t": time, "v": "9"}, "warnings": ["w"], "errors": []}
    assert status == 0 and console == "console: port 5\n"


def test_errors_of_the_codec_are_its_own_words(codec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And the exit status says it failed."""
    status, answer, _ = decode(capsys, codec, "5", "ff")
    assert status == 1 and answer == {"data": None, "warnings": [], "errors": ["no such message"]}


def test_a_codec_that_fails_is_named_with_reason_and_place(codec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Line and column, so that it can be mended."""
    codec.write_text("function decodeUplink(input) {\n  return input.nothing.x\n}")
    status, answer, _ = decode(capsys, codec, "-", "")
    assert status == 1 and isinstance(answer, dict)
    assert answer["errors"][0].startswith("js_error: TypeError") and "(line 2, column" in answer["errors"][0]
    codec.write_text("for (;;);")
    assert "js_timeout" in str(decode(capsys, codec, "1", "00")[1])


@pytest.mark.parametrize(
    "arguments",
    [
        ["5"],
        ["x", "00"],
        ["256", "00"],
        ["5", "0"],
        ["5", "00", "00"],
        ["5", "00", "--batch", "-"],
        ["5", "00", "--received-at", "noon"],
        ["5", "00", "--variables", "[]"],
        ["5", "00", "--variables", '{"a":1}'],
    ],
)
def test_wrong_arguments_are_one_clear_line(
    codec: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing runs."""
    status, answer, error = decode(capsys, codec, *arguments)
    assert status == 1 and answer is None and error.startswith("loracity: ") and error.count("\n") == 1


def test_encoding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Port and payload; the port that was asked for where the codec names none."""
    path = tmp_path / "valve.js"
    path.write_text("function encodeDownlink(i) { return { bytes: [255, i.data.seconds], warnings: ['w'] } }")
    assert main(["encode", "--codec", str(path), '{"seconds":60}', "--f-port", "85"]) == 0
    assert json.loads(capsys.readouterr().out) == {"f_port": 85, "hex": "ff3c", "warnings": ["w"], "errors": []}
    assert main(["encode", "--codec", str(path), '{"seconds":600}']) == 1
    assert "js_bad_output" in json.loads(capsys.readouterr().out)["errors"][0]
    assert main(["encode", "--codec", str(path), "open_valve"]) == 1
    assert capsys.readouterr().err.startswith("loracity: ")


def test_a_missing_file_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the name that was given."""
    status, _, error = decode(capsys, tmp_path / "none.js", "5", "00")
    assert status == 1 and "none.js" in error
