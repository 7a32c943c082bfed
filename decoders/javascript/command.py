"""`loracity decode --codec` and `encode --codec`: one call of one codec file, and the answer as TS013 gives it."""

import asyncio
from pathlib import Path
from typing import Any

from decoders.javascript.request import CodecCall
from decoders.javascript.result import CodecResult
from decoders.javascript.runner import CodecRunner


async def decode_with_file(
    path: Path,
    payload: bytes,
    f_port: int | None,
    received_ms: int,
    received_at: str | None = None,
    variables: dict[str, str] | None = None,
) -> CodecResult:
    """Decode in a worker process with all its limits. Raises `OSError` (no such file) and `CodecWorkerError`."""
    call = CodecCall(path.stem, "decodeUplink", received_ms, payload, None, f_port, received_at, variables)
    return await _run(path, call)


async def encode_with_file(
    path: Path, data: dict[str, Any], f_port: int | None, now_ms: int, variables: dict[str, str] | None = None
) -> CodecResult:
    """Encode a downlink in a worker process with all its limits. Raises `OSError` and `CodecWorkerError`."""
    return await _run(path, CodecCall(path.stem, "encodeDownlink", now_ms, b"", data, f_port, None, variables))


async def _run(path: Path, call: CodecCall) -> CodecResult:
    path = await asyncio.to_thread(path.absolute)
    async with CodecRunner(path, lambda: call.received_ms) as runner:
        (result,) = await runner.run([call])
    return result


def ts013(result: CodecResult) -> dict[str, Any]:
    """`data`, `warnings`, `errors`; a failure that the codec did not report itself is an error with its reason."""
    return {"data": result.data, "warnings": list(result.warnings), "errors": _errors(result)}


def downlink_ts013(result: CodecResult, f_port: int | None) -> dict[str, Any]:
    """`f_port`, `hex`, `warnings`, `errors`; `f_port` is used where the codec names none."""
    return {
        "f_port": f_port if result.f_port is None else result.f_port,
        "hex": None if result.payload is None else result.payload.hex(),
        "warnings": list(result.warnings),
        "errors": _errors(result),
    }


def _errors(result: CodecResult) -> list[str]:
    if result.failure is None or result.failure.reason == "js_rejected":
        return list(result.errors)
    return [f"{result.failure.reason}: {result.failure}"]
