"""No payload, however random or damaged, makes a decoder raise anything but DecodeError, or work without bound."""

import heapq
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

from decoders.registry import decode, devices
from decoders.value import Decoded, DecodeError
from tests.contract.test_devices import RECEIVED_MS, assert_sound, decode_or_reason, vectors_of

SEED = 20261122
ROUNDS = 1_000_000 if os.environ.get("LORACITY_PROOF") == "1" else 20_000
LONGEST = 255
"""Bytes; more than any LoRaWAN payload."""
PUBLIC = Path(__file__).parents[3] / "shared" / "vectors"

VALUES_A_BYTE, CALLS_A_BYTE = 9, 60
"""A byte of eight switches with their event is the densest; calls are those of functions, built-in ones included."""
VALUES_AT_LEAST, CALLS_AT_LEAST = 10, 300

Frame = tuple[int, bytes]


def frames() -> dict[str, list[Frame]]:
    """Ports and payloads of every device: from our own vectors, and from the public collection where it is there."""
    found: dict[str, list[Frame]] = {}
    for name, device in devices().items():
        rows = [(row["input"]["fPort"], bytes.fromhex(row["input"]["bytes"])) for row in vectors_of(name)]
        path = PUBLIC / f"{name}.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        public = [row for row in map(json.loads, lines) if row["kind"] == "uplink"]
        rows += [(row["fPort"] or device.default_port, bytes.fromhex(row["hex"])) for row in public]
        found[name] = rows
    return found


def damaged(chance: Random, payload: bytes, other: bytes) -> bytes:
    """One to four random changes: bytes, bits, cuts, insertions, repetitions, the tail of another frame, extremes."""
    data = bytearray(payload)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((1, 1, 2, 4, 8)))
        kind = chance.randrange(8)
        if kind == 0:
            data[at:end] = chance.randbytes(end - at)
        elif kind == 1 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            del data[at:end]
        elif kind == 4:
            data[at:at] = chance.randbytes(chance.randint(1, 4))
        elif kind == 5:
            data[at:at] = data[at:end] * chance.randint(1, 30)
        elif kind == 6:
            data[at:] = other[chance.randrange(len(other) + 1) :]
        else:
            data[at:end] = bytes((chance.choice((0x00, 0xFF, 0x7F, 0x80)),)) * (end - at)
    return bytes(data[:LONGEST])


def draw(chance: Random, known: list[Frame], ports: list[int]) -> Frame:
    """A damaged frame of the device, mostly on its own port, or noise."""
    port, payload = chance.choice(known)
    if chance.random() < 0.15:
        return chance.choice(ports), chance.randbytes(chance.randrange(60))
    _, other = chance.choice(known)
    return (port if chance.random() < 0.9 else chance.choice(ports)), damaged(chance, payload, other)


def calls(device_id: str, port: int, payload: bytes) -> int:
    """How many functions are called to decode a payload: work that no other load on the machine changes."""
    count = 0

    def note(_: object, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        decode(device_id, port, payload, RECEIVED_MS)
    except DecodeError:
        pass
    finally:
        sys.setprofile(None)
    return count


def best_of(tries: int, device_id: str, port: int, payload: bytes) -> float:
    """Microseconds: without the pauses of collector and machine that made a payload look slow the first time."""
    times = []
    for _ in range(tries):
        began = time.thread_time_ns()
        if device_id:
            decode_or_reason(device_id, port, payload)
        times.append((time.thread_time_ns() - began) / 1000)
    return min(times)


def test_damaged_payloads_raise_nothing_else_and_cost_little() -> None:
    """Seeded damage to the frames of every device: sound values or a reason, never more of them, or of calls, than
    the payload's length allows."""
    chance = Random(SEED)
    known = frames()
    names, ports = sorted(known), {name: sorted(devices()[name].ports)[:230] for name in known}
    seen: Counter[str] = Counter()
    decoded = set()
    slowest, densest, busiest = [(0, "", 0, b"")] * 20, 0.0, 0.0
    for turn in range(ROUNDS):
        name = names[turn % len(names)]
        port, payload = draw(chance, known[name], ports[name])
        began = time.thread_time_ns()
        got = decode_or_reason(name, port, payload)
        took = time.thread_time_ns() - began
        heapq.heappushpop(slowest, (took, name, port, payload))
        if isinstance(got, Decoded):
            assert_sound(got)
            decoded.add(name)
            most = VALUES_AT_LEAST + VALUES_A_BYTE * len(payload)
            assert len(got.values) + len(got.warnings) <= most, (name, port, payload.hex())
            densest = max(densest, len(got.values) / (len(payload) or 1))
        if chance.random() < 0.05:
            count = calls(name, port, payload)
            assert count <= CALLS_AT_LEAST + CALLS_A_BYTE * len(payload), (name, port, payload.hex())
            busiest = max(busiest, count / (len(payload) or 1))
        seen["decoded" if isinstance(got, Decoded) else got] += 1
    print(f"seed {SEED}, {ROUNDS} payloads of {len(names)} devices: {dict(seen)}")
    longest, name, payload = max((best_of(5, name, port, data), name, data) for _, name, port, data in slowest)
    print(
        f"at most {densest:.1f} values and {busiest:.0f} calls a byte; slowest {longest:.0f} us: {name} {payload.hex()}"
    )
    assert decoded == set(names)
    assert set(seen) >= {"decoded", "bad_payload", "too_short", "too_long", "empty"}
