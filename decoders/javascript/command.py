"""`loracity decode --codec`: one payload through one codec file, and the answer as TS013 gives it."""

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
    path = await asyncio.to_thread(path.resolve, True)
    call = CodecCall(path.stem, "decodeUplink", received_ms, payload, None, f_port, received_at, variables)
    async with CodecRunner(path, lambda: received_ms) as runner:
        (result,) = await runner.run([call])
    return result


def ts013(result: CodecResult) -> dict[str, Any]:
    """`data`, `warnings`, `errors`; a failure that the codec did not report itself is an error with its reason."""
    if result.failure is None or result.failure.reason == "js_rejected":
        errors = list(result.errors)
    else:
        errors = [f"{result.failure.reason}: {result.failure}"]
    return {"data": result.data, "warnings": list(result.warnings), "errors": errors}
