"""Every device of the registry passes the same suite; a new device needs vectors, not tests."""

import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decoders.registry import decode, devices, encode
from decoders.value import DECODE_REASONS, Decoded, DecodedValue, DecodeError
from decoders.vocabulary import QUANTITIES
from tests.families import families

VECTORS = Path(__file__).parents[1] / "vectors"
RECEIVED_MS = 1_767_225_600_000
KINDS = {"float": float, "bool": bool, "str": str}
DEVICES = sorted(devices())


def vectors_of(device_id: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((VECTORS / f"{device_id}.json").read_text(encoding="utf-8"))
    return rows


CASES = [pytest.param(d, row, id=f"{d}-{i}") for d in DEVICES for i, row in enumerate(vectors_of(d))]
ONE_WAY = {device for family in families() for device in family.one_way}
LAYOUT_ONLY = {device: source for family in families() for device, source in family.layout_only.items()}
TOLD_BY_LENGTH = {device for family in families() for device in family.told_by_length}
GOOD = [(d, row) for d in DEVICES if d not in ONE_WAY for row in vectors_of(d) if "errors" not in row["output"]]


def key(value: DecodedValue) -> str:
    return f"{value.quantity}:{value.channel}" if value.channel else value.quantity


def grouped(values: tuple[DecodedValue, ...]) -> dict[str, list[float | bool | str | None]]:
    table = defaultdict(list)
    for value in values:
        table[key(value)].append(value.value)
    return dict(table)


def assert_same(got: float | bool | str | None, wanted: Any) -> None:
    if isinstance(wanted, int | float) and not isinstance(wanted, bool):
        assert type(got) is float
        assert got == pytest.approx(wanted, rel=1e-9, abs=1e-9)
    else:
        assert got == wanted and type(got) is type(wanted)


def assert_sound(decoded: Decoded) -> None:
    """Kinds follow the vocabulary; what is implausible or missing says so."""
    for value in decoded.values:
        quantity = QUANTITIES[value.quantity]
        if value.value is None:
            assert value.quality != "ok"
            continue
        assert type(value.value) is KINDS[quantity.kind], value
        if value.quality == "ok":
            assert quantity.plausible(value.value), value


def decode_or_reason(device_id: str, f_port: int, payload: bytes) -> Decoded | str:
    try:
        return decode(device_id, f_port, payload, RECEIVED_MS)
    except DecodeError as refusal:
        reason, detail = refusal.reason, refusal.detail
    assert reason in DECODE_REASONS
    assert detail
    return reason


@pytest.mark.parametrize(("device_id", "row"), CASES)
def test_vector(device_id: str, row: dict[str, Any]) -> None:
    """Each published or derived frame decodes to exactly the written values, qualities and warnings."""
    payload, wanted = bytes.fromhex(row["input"]["bytes"]), row["output"]
    got = decode_or_reason(device_id, row["input"]["fPort"], payload)
    if "errors" in wanted:
        assert got == wanted["errors"][0]
        return
    assert isinstance(got, Decoded), got
    assert list(got.warnings) == wanted.get("warnings", [])
    values = grouped(got.values)
    assert set(values) == set(wanted["data"])
    for name, expected in wanted["data"].items():
        expected = expected if isinstance(expected, list) else [expected]
        assert len(values[name]) == len(expected)
        for one, other in zip(values[name], expected, strict=True):
            assert_same(one, other)
    assert {key(v): v.quality for v in got.values if v.quality != "ok"} == wanted.get("quality", {})
    assert_sound(got)


@pytest.mark.parametrize("device_id", DEVICES)
def test_vectors_have_a_vendor_frame_and_an_error(device_id: str) -> None:
    """At least one frame has a public source, or the layout has where no frame is public; at least one is refused."""
    rows = vectors_of(device_id)
    known_layout = LAYOUT_ONLY.get(device_id)
    if known_layout:
        assert any(row["source"] == f"own, from the layout in {known_layout}" for row in rows)
    else:
        assert any(not row["source"].startswith("own") for row in rows)
    assert any("errors" in row["output"] for row in rows)


@pytest.mark.parametrize("device_id", DEVICES)
def test_unknown_ports_are_refused(device_id: str) -> None:
    """A port that the device doesn't use is an error, never a guess."""
    for port in set(range(256)) - set(devices()[device_id].ports):
        assert decode_or_reason(device_id, port, b"\x01") == "unknown_port"
    assert decode_or_reason(device_id, 256, b"\x01") == "unknown_port"


@pytest.mark.parametrize("device_id", DEVICES)
def test_empty_payload_is_refused(device_id: str) -> None:
    """No bytes are no reading on any port."""
    for port in devices()[device_id].ports:
        assert decode_or_reason(device_id, port, b"") == "empty"


@pytest.mark.parametrize(("device_id", "row"), CASES)
def test_every_truncation_is_refused_or_kept_in_part(device_id: str, row: dict[str, Any]) -> None:
    """A cut frame gives a DecodeError, or the values that it still holds and never others."""
    payload, port = bytes.fromhex(row["input"]["bytes"]), row["input"]["fPort"]
    whole = decode_or_reason(device_id, port, payload)
    for length in range(len(payload)):
        got = decode_or_reason(device_id, port, payload[:length])
        if isinstance(got, Decoded):
            assert_sound(got)
            same = isinstance(whole, str) or got.values == whole.values[: len(got.values)]
            assert same or device_id in TOLD_BY_LENGTH


@pytest.mark.parametrize("device_id", DEVICES)
def test_random_bytes_raise_only_decode_errors(device_id: str) -> None:
    """Whatever arrives, either sound values come out or a DecodeError with a reason of the closed list."""
    chance = random.Random(f"random bytes for {device_id}")
    rows = [bytes.fromhex(row["input"]["bytes"]) for row in vectors_of(device_id)]
    ports = sorted({row["input"]["fPort"] for row in vectors_of(device_id)})
    for _ in range(2_000):
        payload = bytearray(chance.choice(rows) if chance.random() < 0.7 else chance.randbytes(chance.randrange(60)))
        for _ in range(chance.randrange(4)):
            if payload:
                payload[chance.randrange(len(payload))] = chance.randrange(256)
        got = decode_or_reason(device_id, chance.choice(ports), bytes(payload))
        if isinstance(got, Decoded):
            assert_sound(got)


@pytest.mark.parametrize(("device_id", "row"), GOOD)
def test_vectors_survive_encoding(device_id: str, row: dict[str, Any]) -> None:
    """What a frame says can be encoded, and decodes to the same values."""
    payload, port = bytes.fromhex(row["input"]["bytes"]), row["input"]["fPort"]
    values = decode(device_id, port, payload, RECEIVED_MS).values
    again_port, again = encode(device_id, values)
    assert decode(device_id, again_port, again, RECEIVED_MS).values == values


LOST = ("no known meaning", "is implausible")
"""What warnings say when a payload says more than its values: a code, a record's time that is not believed."""


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_decoding_what_was_encoded_gives_the_values_back(data: st.DataObject) -> None:
    """decode(encode(x)) == x for every x that the format can say, here: what any bytes decode to."""
    device_id, row = data.draw(st.sampled_from(GOOD))
    payload = bytearray.fromhex(row["input"]["bytes"])
    spots = st.tuples(st.integers(0, len(payload) - 1), st.integers(0, 255))
    for index, byte in data.draw(st.lists(spots, max_size=8)):
        payload[index] = byte
    got = decode_or_reason(device_id, row["input"]["fPort"], bytes(payload))
    if isinstance(got, Decoded) and got.values and not any(lost in text for text in got.warnings for lost in LOST):
        port, again = encode(device_id, got.values)
        assert decode(device_id, port, again, RECEIVED_MS).values == got.values


RANGES = {device: ranges for family in families() for device, ranges in family.ranges.items()}
SWITCHES = {device: words for family in families() for device, words in family.switches.items()}


@pytest.mark.parametrize("device_id", sorted(RANGES))
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_physical_values_come_back_within_the_resolution(device_id: str, data: st.DataObject) -> None:
    """decode(encode(x)) differs from x by half a step of the format at most, for physical values in any order."""
    numbers = {name: data.draw(st.floats(low, high)) for name, (low, high, _) in RANGES[device_id].items()}
    words = {name: data.draw(st.sampled_from(options)) for name, options in SWITCHES.get(device_id, {}).items()}
    names = data.draw(st.permutations([*numbers, *words]))
    port, payload = encode(device_id, {name: numbers[name] if name in numbers else words[name] for name in names})
    decoded = decode(device_id, port, payload, RECEIVED_MS)
    values = {name: rows[0] for name, rows in grouped(decoded.values).items()}
    for name, (_, _, step) in RANGES[device_id].items():
        assert values[name] == pytest.approx(numbers[name], abs=step * 0.501)
    for name, word in words.items():
        assert values[name] == word
    assert all(value.quality == "ok" for value in decoded.values)
