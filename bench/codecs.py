"""Decoding: families natively; typical frames natively, by hand and in JavaScript. Part of `python -m bench`."""

import asyncio
import json
import shutil
import statistics
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import baselines
from decoders.javascript.request import CodecCall
from decoders.javascript.runner import CodecRunner
from decoders.javascript.sandbox import Sandbox
from decoders.registry import devices
from decoders.value import Decoded

ROOT = Path(__file__).parent.parent
CODECS = Path(__file__).parent / "codecs"
NOW_MS = 1_767_225_600_000
BATCHES = 15
PIPELINED = 500
"""Calls that are sent to the worker process at once."""


@dataclass(frozen=True)
class Typical:
    """A frame that its device sends all day, and the decoder that was written by hand for it."""

    device: str
    f_port: int
    payload: bytes
    by_hand: Callable[[bytes], Decoded]

    @property
    def codec(self) -> Path:
        """Our own JavaScript codec for the device."""
        return CODECS / f"{self.device}.js"


TYPICAL = (
    Typical("milesight-em400-mud", 85, bytes.fromhex("01755c0367010104824408050001"), baselines.em400_mud),
    Typical("decentlab-dl-trs12", 1, bytes.fromhex("02012700038adc801001aa0b93"), baselines.trs12),
    Typical("dragino-lse01", 2, bytes.fromhex("0cd00000033f0714189c01"), baselines.lse01),
    Typical("elsys-elt", 5, bytes.fromhex("0100e202290301270514060101110e2311"), baselines.elsys),
    Typical("sensecap-s210x", 2, bytes.fromhex("010610dc500000010710687400009091"), baselines.s210x),
)


def median_us(calls: dict[str, Callable[[], object]], count: int) -> dict[str, float]:
    """Median time of each call over batches that take turns, so that a busy moment of the machine hits all alike."""
    times: dict[str, list[float]] = defaultdict(list)
    for _ in range(BATCHES):
        for name, call in calls.items():
            start = time.perf_counter_ns()
            for _ in range(count):
                call()
            times[name].append((time.perf_counter_ns() - start) / count / 1000)
    return {name: statistics.median(values) for name, values in times.items()}


def families() -> None:
    """Decodes per second of every vendor: all frames of its own vectors that decode."""
    frames: dict[str, list[tuple[str, int, bytes]]] = defaultdict(list)
    for device in devices().values():
        for row in json.loads((ROOT / "tests" / "vectors" / f"{device.id}.json").read_text(encoding="utf-8")):
            if "errors" not in row["output"]:
                frames[device.vendor].append((device.id, row["input"]["fPort"], bytes.fromhex(row["input"]["bytes"])))
    print(f"native decoding, {len(devices())} devices, every frame of their vectors, medians of {BATCHES} batches:")
    table = devices()
    for vendor, rows in sorted(frames.items()):
        calls = {str(i): _decoding(table[name].decode, port, payload) for i, (name, port, payload) in enumerate(rows)}
        took = median_us(calls, 30)
        values = [len(table[name].decode(port, payload, NOW_MS).values) for name, port, payload in rows]
        each = statistics.median(took.values())
        print(
            f"  {vendor:15} {len({name for name, _, _ in rows})} devices, {len(rows):3} frames of"
            f" {statistics.mean(values):4.1f} values: {len(rows) / sum(took.values()) * 1e6:8,.0f} decodes/s,"
            f" median {each:5.1f} us, slowest {max(took.values()):5.1f} us"
        )


def _decoding(decode: Callable[[int, bytes, int], Decoded], port: int, payload: bytes) -> Callable[[], object]:
    return lambda: decode(port, payload, NOW_MS)


def typical() -> None:
    """One line a typical frame: native, by hand, and JavaScript in the sandbox, in its worker process, under Node."""
    on_node = node()
    in_worker = asyncio.run(worker())
    print("typical frames, medians in us (x: times the native one):")
    print(f"  {'':21} native  by hand  native/hand  bare numbers  sandbox (in its process)        Node")
    ratios = []
    for frame in TYPICAL:
        decode = devices()[frame.device].decode
        assert frame.by_hand(frame.payload) == decode(frame.f_port, frame.payload, NOW_MS), frame.device
        sandbox = Sandbox(frame.codec.read_text(encoding="utf-8"))
        call = CodecCall(frame.device, "decodeUplink", NOW_MS, frame.payload, f_port=frame.f_port)
        assert_same(frame, sandbox.call(call).data)
        took = median_us(
            {
                "native": _decoding(decode, frame.f_port, frame.payload),
                "hand": lambda frame=frame: frame.by_hand(frame.payload),  # type: ignore[misc]
                "numbers": lambda frame=frame: baselines.NUMBERS[frame.device](frame.payload),  # type: ignore[misc]
                "sandbox": lambda call=call, sandbox=sandbox: sandbox.call(call),  # type: ignore[misc]
            },
            1000,
        )
        sandbox.close()
        ratios.append(took["native"] / took["hand"])
        print(
            f"  {frame.device:21} {took['native']:6.1f} {took['hand']:8.1f} {ratios[-1]:12.1f}"
            f" {took['numbers']:13.1f} {_times(took['sandbox'], took)} {_times(in_worker[frame.device], took)}"
            f" {_times(on_node.get(frame.device), took)}"
        )
    print(f"  native / by hand: median {statistics.median(ratios):.1f}, at most {max(ratios):.1f}")
    print("  by hand: struct, the same answer with the same checks; bare numbers: struct and factors alone;")
    print(f"  in its process: {PIPELINED} calls at once to the sandbox's worker, as the pipeline sends them")


def _times(us: float | None, took: dict[str, float]) -> str:
    return f"{'-':>13}" if us is None else f"{us:6.1f} ({us / took['native']:3.0f}x)"


async def worker() -> dict[str, float]:
    """Microseconds a call through the worker process that runs third-party codecs, many calls under way at once."""
    found = {}
    async with CodecRunner(CODECS, lambda: NOW_MS) as runner:
        for frame in TYPICAL:
            calls = [CodecCall(frame.device, "decodeUplink", NOW_MS, frame.payload, f_port=frame.f_port)] * PIPELINED
            times = []
            for _ in range(BATCHES):
                start = time.perf_counter_ns()
                results = await runner.run(calls)
                times.append((time.perf_counter_ns() - start) / PIPELINED / 1000)
            assert_same(frame, results[-1].data)
            found[frame.device] = statistics.median(times[1:])
    return found


def node() -> dict[str, float]:
    """Microseconds a call under Node; empty, with one line, where it is not installed."""
    program = shutil.which("node")
    if program is None:
        print("Node is not installed: its column is empty")
        return {}
    jobs = [
        {"file": str(frame.codec), "f_port": frame.f_port, "bytes": list(frame.payload), "calls": 5000}
        for frame in TYPICAL
    ]
    words = [program, str(Path(__file__).parent / "on_node.js")]
    answer = subprocess.run(words, input=json.dumps(jobs), capture_output=True, text=True, check=True).stdout
    rows = json.loads(answer)
    for frame, row in zip(TYPICAL, rows, strict=True):
        assert_same(frame, row["data"])
    return {frame.device: row["us"] for frame, row in zip(TYPICAL, rows, strict=True)}


def assert_same(frame: Typical, data: Any) -> None:
    """The JavaScript codec says what the native decoder says of the frame; else the comparison would mean nothing."""
    decoded = devices()[frame.device].decode(frame.f_port, frame.payload, NOW_MS)
    wanted = {v.channel if v.quantity == "generic" else v.quantity: v.value for v in decoded.values}
    assert data is not None and data.keys() == wanted.keys(), (frame.device, data)
    assert all(abs(data[name] - value) < 1e-6 for name, value in wanted.items() if value is not None), data


def main() -> None:
    """Both tables."""
    families()
    typical()


if __name__ == "__main__":
    main()
