"""What the benchmark of decoding compares is comparable: the same frame gives the same values every way."""

import struct

import pytest

from bench import baselines
from bench.codecs import CODECS, NOW_MS, TYPICAL, Typical, assert_same, median_us, node
from decoders.javascript.request import CodecCall
from decoders.javascript.sandbox import Sandbox
from decoders.registry import decode

IDS = [frame.device for frame in TYPICAL]


@pytest.mark.parametrize("frame", TYPICAL, ids=IDS)
def test_decoders_by_hand_give_the_same_answer(frame: Typical) -> None:
    """Values, qualities and order; and what is damaged is refused there too."""
    assert frame.by_hand(frame.payload) == decode(frame.device, frame.f_port, frame.payload, NOW_MS)
    with pytest.raises((ValueError, IndexError, struct.error)):
        frame.by_hand(frame.payload[:1] + b"\xee\xee" + frame.payload[3:-1])
    assert baselines.NUMBERS[frame.device](frame.payload)


@pytest.mark.parametrize("frame", TYPICAL, ids=IDS)
def test_our_codecs_say_the_same_in_the_sandbox(frame: Typical) -> None:
    """The JavaScript that the native decoder is measured against decodes the frame to the same numbers."""
    sandbox = Sandbox(frame.codec.read_text(encoding="utf-8"))
    assert_same(
        frame, sandbox.call(CodecCall(frame.device, "decodeUplink", NOW_MS, frame.payload, f_port=frame.f_port)).data
    )
    sandbox.close()


def test_every_codec_of_the_benchmark_is_used() -> None:
    """No file lies there unmeasured."""
    assert {path.name for path in CODECS.iterdir()} == {frame.codec.name for frame in TYPICAL}


def test_medians_are_of_single_calls() -> None:
    """All calls are made, in turn, and the figures are microseconds of one call."""
    made: list[str] = []
    took = median_us({"a": lambda: made.append("a"), "b": lambda: made.append("b")}, 2)
    assert made[:4] == ["a", "a", "b", "b"] and len(made) == 60
    assert took.keys() == {"a", "b"} and 0 < took["a"] < 1000


def test_without_node_its_column_is_empty(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says so, nothing fails."""
    monkeypatch.setenv("PATH", "/nonexistent")
    assert node() == {}
    assert capsys.readouterr().out == "Node is not installed: its column is empty\n"
