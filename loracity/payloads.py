"""Commands that look at one payload or message: decode, encode, inspect. Nothing here needs a service or its data."""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec

from decoders.commands import batch, decode_to_json, downlinks_of, encode_to_json, explain_payload
from decoders.parameter import DownlinkError
from decoders.registry import commands_of
from decoders.value import DecodeError
from gateway_bridge.inspect import describe
from gateway_bridge.parse import parse
from gateway_bridge.settings import Lns
from gateway_bridge.uplink import EnvelopeError, Message
from loracity import codec_files
from loracity.explained import text_of
from loracity.shell import CommandError, instant, print_json


def add_to(sub: Any) -> None:
    """`decode`, `encode`, `inspect`."""
    _add_decode(sub)
    _add_encode(sub)
    _add_inspect(sub)


def _add_decode(sub: Any) -> None:
    decode = sub.add_parser("decode", help="decode one payload, or a batch of them")
    decode.add_argument("device", nargs="?", help="decoder id, such as milesight-em400-mud")
    decode.add_argument("f_port", nargs="?", help="LoRaWAN port, or - for none")
    decode.add_argument("hex", nargs="?", help="payload in hexadecimal")
    decode.add_argument("--received-at", help="RFC 3339; judges times that a device claims (default: now)")
    decode.add_argument("--batch", metavar="FILE", help="JSON Lines in (- for stdin), one line out for each")
    decode.add_argument("--explain", action="store_true", help="show which bytes became which value, in colour")
    codec_files.add_options(decode)
    decode.set_defaults(run=_decode)


def _decode(args: argparse.Namespace) -> int:
    if args.codec is not None:
        return codec_files.decode_with_codec(args)
    if args.explain and args.batch is not None:
        raise CommandError("--explain shows one payload: it does not go with --batch")
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
        raise CommandError("give DEVICE FPORT HEX, --batch FILE or --codec FILE.js; see loracity decode --help")
    if args.f_port != "-" and not args.f_port.isdigit():
        raise CommandError(f"{args.f_port!r} is no port: write a number, or - for none")
    f_port = None if args.f_port == "-" else int(args.f_port)
    if args.explain:
        return _explain(args.device, f_port, args.hex, args.received_at)
    answer = decode_to_json(args.device, f_port, args.hex, args.received_at)
    print_json(answer)
    return 1 if "error" in answer else 0


_ENCODE_HELP = """\
Print port and payload of a command to a device. Nothing is sent: the network server does that.

  loracity encode milesight-uc511                                          its commands with their parameters
  loracity encode milesight-uc511 open_valve valve=1 seconds=600
  loracity encode milesight-em400-mud set_interval seconds=1200
  loracity encode milesight-wts506 set_clock time=now                      or time=2026-05-01T06:00:00Z

The same thing has the same name on all devices. A valve opens only with a limit (seconds=, pulses=, ...); whoever wants
it open until somebody closes it says --unlimited. The notes of a command say for which hardware it is, and what of it
was never verified.

  loracity encode --codec FILE.js '{"interval":600}'                        what a JavaScript codec makes of it"""


def _add_encode(sub: Any) -> None:
    encode = sub.add_parser(
        "encode",
        help="make the downlink of a command to a device",
        description=_ENCODE_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="loracity encode DEVICE [COMMAND [KEY=VALUE ...]] [--unlimited] [--f-port N]",
    )
    encode.add_argument("device", metavar="DEVICE", help="decoder id, such as milesight-uc511")
    encode.add_argument("downlink", metavar="COMMAND", nargs="?", help="without it: list the device's commands")
    encode.add_argument("arguments", metavar="KEY=VALUE", nargs="*", help="parameters; a time may be `now`")
    encode.add_argument("--unlimited", action="store_true", help="open a valve with nothing that closes it again")
    encode.add_argument("--f-port", metavar="N", type=int, help="for a device whose port was changed")
    codec_files.add_encode_options(encode)
    encode.set_defaults(run=_encode)


def _encode(args: argparse.Namespace) -> int:
    if args.codec is not None:
        return codec_files.encode_with_codec(args)
    try:
        if args.downlink is None:
            return print_json(downlinks_of(args.device))
        arguments = _arguments(args.arguments)
        wanted = commands_of(args.device).get(args.downlink)
        times = () if wanted is None else [each.name for each in wanted.parameters if each.kind == "time"]
        arguments |= {name: str(int(time.time())) for name in times if arguments.get(name) == "now"}
        return print_json(encode_to_json(args.device, args.downlink, arguments, args.unlimited, args.f_port))
    except DownlinkError as error:
        raise CommandError(str(error)) from error


def _arguments(words: Sequence[str]) -> dict[str, str]:
    """`key=value` words as a mapping. CommandError for one that is none, or comes twice."""
    found: dict[str, str] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign:
            raise CommandError(f"{word!r} is no parameter: write name=value, with no spaces around =")
        if key in found:
            raise CommandError(f"{key} is given twice: leave one of them out")
        found[key] = value
    return found


def _explain(device: str, f_port: int | None, hex_text: str, received_at: str | None) -> int:
    try:
        explained = explain_payload(device, f_port, hex_text, received_at)
    except DecodeError as error:
        raise CommandError(f"{error.reason}: {error.detail}") from error
    print(text_of(explained, colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR")))
    return 1 if isinstance(explained.outcome, DecodeError) else 0


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
