"""What `explain` says of bytes is true for every device: whatever it leaves out changes nothing."""

import random
from functools import cache
from typing import Any

import pytest

from decoders.explain import Explanation, explain
from decoders.registry import decode, devices
from decoders.value import Decoded, DecodeError
from tests.contract.test_devices import CASES, RECEIVED_MS

ROUNDS = 10


@cache
def explained(device_id: str, f_port: int, digits: str) -> Explanation:
    return explain(devices()[device_id], f_port, bytes.fromhex(digits), RECEIVED_MS)


def shaken(payload: bytes, places: list[int], chance: random.Random) -> bytes:
    other = bytearray(payload)
    for at in places:
        other[at] = chance.randrange(256)
    return bytes(other)


@pytest.mark.parametrize(("device_id", "row"), CASES)
def test_every_byte_is_explained_and_nothing_is_decoded_otherwise(device_id: str, row: dict[str, Any]) -> None:
    """A watched payload gives what a plain one gives, each value is read from somewhere, each byte lies in a span."""
    got = explained(device_id, row["input"]["fPort"], row["input"]["bytes"])
    try:
        plain: Decoded | DecodeError = decode(device_id, got.f_port, got.payload, RECEIVED_MS)
    except DecodeError as error:
        plain = error
    if isinstance(plain, DecodeError):
        assert isinstance(got.outcome, DecodeError) and got.outcome.reason == plain.reason
    else:
        assert got.outcome == plain
        shown = [span.value for span in got.spans if span.use == "read"]
        assert all(value in shown for value in plain.values)
    assert {at for span in got.spans for at in range(span.start, span.stop)} == set(range(len(got.payload)))


@pytest.mark.parametrize(("device_id", "row"), [case for case in CASES if "errors" not in case.values[1]["output"]])
def test_bytes_that_are_not_attributed_to_a_value_do_not_change_it(device_id: str, row: dict[str, Any]) -> None:
    """All bytes but those of one value and the framing are changed at once: where the frame still holds the same
    fields, this value is the same. Bytes that are not used at all can be anything."""
    got = explained(device_id, row["input"]["fPort"], row["input"]["bytes"])
    assert isinstance(got.outcome, Decoded)
    chance = random.Random(f"explain {device_id}")
    unused = [at for span in got.spans if span.use == "unused" for at in range(span.start, span.stop)]
    for _ in range(ROUNDS):
        assert (
            decode(device_id, got.f_port, shaken(got.payload, unused, chance), RECEIVED_MS).values == got.outcome.values
        )
    for index, value in enumerate(got.outcome.values):
        own = {
            at
            for span in got.spans
            if span.use == "framing" or span.value == value or span.name == "record time"
            for at in range(span.start, span.stop)
        }
        others = [at for at in range(len(got.payload)) if at not in own]
        for _ in range(ROUNDS):
            try:
                found = decode(device_id, got.f_port, shaken(got.payload, others, chance), RECEIVED_MS).values
            except DecodeError:
                continue
            if [(v.quantity, v.channel) for v in found] == [(v.quantity, v.channel) for v in got.outcome.values]:
                assert found[index] == value
