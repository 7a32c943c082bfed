"""What `loracity decode` answers, for one frame and for lines."""

import json

import pytest

from decoders.commands import batch, decode_to_json

EM400 = "01755c0367010104824408050001"


def test_answer_has_the_agreed_shape() -> None:
    """Decoder, values with unit, channel, time and quality, and warnings."""
    assert decode_to_json("milesight-em400-mud", 85, "01755C03", "2026-01-01T00:00:00Z") == {
        "decoder": "milesight-em400-mud@2",
        "values": [
            {"quantity": "battery_level", "value": 92.0, "unit": "%", "channel": "", "time": None, "quality": "ok"}
        ],
        "warnings": ["item 03 at byte 3 is truncated: the rest is not read"],
    }


@pytest.mark.parametrize("text", [EM400, EM400.upper(), "0x" + EM400, "01 75 5c\n0367010104824408050001"])
def test_hexadecimal_may_be_written_in_many_ways(text: str) -> None:
    """Case, spaces and a leading 0x don't matter."""
    answer = decode_to_json("milesight-em400-mud", 85, text, None)
    assert [value["value"] for value in answer["values"]] == [92.0, 25.7, 2116.0, True]


@pytest.mark.parametrize(
    ("device", "f_port", "text", "received_at", "reason"),
    [
        ("nobody", 1, "00", None, "unknown_device"),
        ("bosch-tps110", 9, "00", None, "unknown_port"),
        ("bosch-tps110", None, "00", None, "unknown_port"),
        ("bosch-tps110", 1, "", None, "empty"),
        ("bosch-tps110", 1, "0", None, "bad_payload"),
        ("bosch-tps110", 1, "zz", None, "bad_payload"),
        ("bosch-tps110", 1, "00", "yesterday", "bad_payload"),
        ("bosch-tps110", 1, "00" * 2_000, None, "too_long"),
    ],
)
def test_errors_have_a_reason(device: str, f_port: int | None, text: str, received_at: str | None, reason: str) -> None:
    """Whatever is wrong, the answer is one object with a reason of the closed list."""
    answer = decode_to_json(device, f_port, text, received_at)
    assert set(answer) == {"error"}
    assert answer["error"]["reason"] == reason


def test_batch_answers_every_line_in_order() -> None:
    """Good, wrong and unreadable lines alike get one line each; ids come back."""
    lines = [
        json.dumps({"id": 7, "device": "bosch-tps110", "f_port": 1, "hex": "01", "received_at": "2026-01-01"}),
        json.dumps({"id": "lpp", "device": "cayenne-lpp", "f_port": None, "hex": "036700e8"}),
        json.dumps({"id": None, "device": "bosch-tps110", "f_port": "1", "hex": "01"}),
        json.dumps({"id": 8, "device": "bosch-tps110", "f_port": 1, "hex": "01", "received_at": 5}),
        json.dumps({"id": 9, "device": 1, "f_port": 1, "hex": "01"}),
        '{"id": NaN, "device": "bosch-tps110", "f_port": 1, "hex": ""}',
        "[1]",
        "",
        "[" * 100_000,
    ]
    answers = [json.loads(line) for line in batch(lines)]
    assert [answer["id"] for answer in answers] == [7, "lpp", None, 8, 9, None, None, None, None]
    assert [("values" in answer, "error" in answer) for answer in answers] == [(True, False)] * 2 + [(False, True)] * 7
    assert answers[0]["decoder"] == "bosch-tps110@2"
    assert all("\n" not in line for line in batch(lines))
