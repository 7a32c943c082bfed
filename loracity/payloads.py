"""Commands that look at one payload or message: decode, inspect. Nothing here needs a service or its data."""

import argparse
import contextlib
import sys
import time
from pathlib import Path
from typing import Any, get_args

import msgspec

from decoders.commands import batch, decode_to_json
from gateway_bridge.inspect import describe
from gateway_bridge.parse import parse
from gateway_bridge.settings import Lns
from gateway_bridge.uplink import EnvelopeError, Message
from loracity.shell import CommandError, instant, print_json


def add_to(sub: Any) -> None:
    """`decode`, `inspect`."""
    _add_decode(sub)
    _add_inspect(sub)


def _add_decode(sub: Any) -> None:
    decode = sub.add_parser("decode", help="decode one payload, or a batch of them")
    decode.add_argument("device", nargs="?", help="decoder id, such as milesight-em400-mud")
    decode.add_argument("f_port", nargs="?", help="LoRaWAN port, or - for none")
    decode.add_argument("hex", nargs="?", help="payload in hexadecimal")
    decode.add_argument("--received-at", help="RFC 3339; judges times that a device claims (default: now)")
    decode.add_argument("--batch", metavar="FILE", help="JSON Lines in (- for stdin), one line out for each")
    decode.set_defaults(run=_decode)


def _decode(args: argparse.Namespace) -> int:
    if args.batch is not None:
        with contextlib.ExitStack() as stack:
            try:
                lines = sys.stdin if args.batch == "-" else stack.enter_context(open(args.batch, encoding="utf-8"))
            except OSError as error:
                raise CommandError(f"{args.batch}: {error.strerror}") from error
            for line in batch(lines):
                print(line)
        return 0
    if args.hex is None:
        raise CommandError("give DEVICE FPORT HEX, or --batch FILE; see loracity decode --help")
    if args.f_port != "-" and not args.f_port.isdigit():
        raise CommandError(f"{args.f_port!r} is no port: write a number, or - for none")
    f_port = None if args.f_port == "-" else int(args.f_port)
    answer = decode_to_json(args.device, f_port, args.hex, args.received_at)
    print_json(answer)
    return 1 if "error" in answer else 0


def _add_inspect(sub: Any) -> None:
    inspect = sub.add_parser("inspect", help="show what a network server's message says")
    inspect.add_argument("file", help="one message, JSON or binary (- for stdin)")
    inspect.add_argument("--topic", default="", help="the MQTT topic it came on")
    inspect.add_argument("--lns", choices=get_args(Lns), default="auto")
    inspect.add_argument("--received-at", type=instant, help="the bridge's clock for the time rules (default: now)")
    inspect.set_defaults(run=_inspect)


def _inspect(args: argparse.Namespace) -> int:
    try:
        payload = sys.stdin.buffer.read() if args.file == "-" else Path(args.file).read_bytes()
    except OSError as error:
        raise CommandError(f"{args.file}: {error.strerror}") from error
    received_ms = time.time_ns() // 1_000_000 if args.received_at is None else args.received_at
    try:
        events = parse(Message("inspect", args.topic, payload, received_ms), args.lns, 7 * 86400)
    except EnvelopeError as error:
        print_json({"error": {"reason": error.reason, "detail": error.detail}})
        return 1
    for event in events:
        print(msgspec.json.encode(describe(event)).decode())
    return 0
