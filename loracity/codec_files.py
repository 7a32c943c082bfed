"""`decode --codec FILE.js FPORT HEX` and `encode --codec FILE.js JSON`: one JavaScript codec, in its sandbox."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from decoders.javascript.command import decode_with_file, downlink_ts013, encode_with_file, ts013
from decoders.javascript.result import CodecResult
from decoders.javascript.workers import CodecWorkerError
from loracity.shell import CommandError, instant, print_json


def add_options(decode: Any) -> None:
    """The options of `decode` that belong to codecs."""
    decode.add_argument(
        "--codec", metavar="FILE.js", type=Path, help="decode with this JavaScript codec; no DEVICE then"
    )
    decode.add_argument("--variables", metavar="JSON", help="the device's variables for the codec: an object of texts")


def decode_with_codec(args: argparse.Namespace) -> int:
    """Print `{"data", "warnings", "errors"}` as TS013 gives it, the codec's console to stderr; 1 if decoding failed."""
    if args.f_port is None or args.hex is not None or args.batch is not None or args.explain:
        raise CommandError("give decode --codec FILE.js FPORT HEX, and nothing else to decode with")
    f_port = _port(args.device)
    payload = _payload(args.f_port)
    received_ms, received_at = _time(args.received_at)
    variables = _variables(args.variables)
    result = _run(args.codec, decode_with_file(args.codec, payload, f_port, received_ms, received_at, variables))
    print_json(ts013(result))
    return 0 if result.failure is None else 1


def add_encode_options(encode: Any) -> None:
    """The option of `encode` that belongs to codecs."""
    encode.add_argument(
        "--codec",
        metavar="FILE.js",
        type=Path,
        help="encode with this JavaScript codec; a JSON object instead of DEVICE",
    )


def encode_with_codec(args: argparse.Namespace) -> int:
    """Print `{"f_port", "hex", "warnings", "errors"}`, what encodeDownlink makes of the object; 1 if it failed."""
    try:
        data = json.loads(args.device)
    except ValueError:
        data = None
    if not isinstance(data, dict) or args.downlink is not None or args.unlimited:
        raise CommandError("give encode --codec FILE.js with one JSON object, such as '{\"interval\":600}'")
    result = _run(args.codec, encode_with_file(args.codec, data, args.f_port, time.time_ns() // 1_000_000))
    print_json(downlink_ts013(result, args.f_port))
    return 0 if result.failure is None else 1


def _run(codec: Path, work: Coroutine[Any, Any, CodecResult]) -> CodecResult:
    try:
        result = asyncio.run(work)
    except OSError as error:
        raise CommandError(f"{codec}: {error.strerror}") from error
    except CodecWorkerError as error:
        raise CommandError(str(error)) from error
    for line in result.logs:
        print(f"console: {line}", file=sys.stderr)
    return result


def _port(text: str) -> int | None:
    if text == "-":
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= 255):
        raise CommandError(f"{text!r} is no port: write a number, or - for none")
    return int(text)


def _payload(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise CommandError(f"{text!r} is no hexadecimal payload") from None


def _time(text: str | None) -> tuple[int, str | None]:
    """Unix ms and the text itself, which some codecs hand through with more digits than a millisecond has."""
    if text is None:
        return time.time_ns() // 1_000_000, None
    try:
        return instant(text), text if "T" in text.upper() else None
    except argparse.ArgumentTypeError as error:
        raise CommandError(str(error)) from error


def _variables(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    try:
        variables = json.loads(text)
    except ValueError:
        variables = None
    if not isinstance(variables, dict) or not all(isinstance(value, str) for value in variables.values()):
        raise CommandError('--variables takes a JSON object of texts, such as {"height":"120"}')
    return variables
