"""Commands on the data of a service, running or not: devices, quarantine, replay."""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from decoders.registry import devices as known_devices
from decoders.scaffold import ScaffoldError, files
from loracity.admin import Admin, AdminError, ask
from loracity.differences import as_object, as_text, summary
from loracity.lock import DataFolder, DataFolderBusy, DataFolderMissing
from loracity.service import Service
from loracity.shell import CommandError, add_config, instant, print_json, run_async, settings_of
from pipeline.adopt import parse_rules
from pipeline.inventory import device_key
from pipeline.reading import StoreMisconfigured, StoreUnavailable
from pipeline.state import StateUnavailable, StateUnusable


def operate(args: argparse.Namespace, operation: str, arguments: dict[str, Any]) -> Any:
    """Through the service's socket while one runs, else with the data folder in our own hands. CommandError."""
    settings = settings_of(args)
    folder = DataFolder(settings.data_dir)
    try:
        folder.acquire()
    except DataFolderBusy:
        return _asked(settings.data_dir / "admin.sock", operation, arguments)
    except DataFolderMissing as error:
        raise CommandError(str(error)) from error
    answer: list[Any] = []

    async def alone() -> int:
        service = Service(settings, folder)
        try:
            await service.open()
            if operation in ("adopt", "retry", "replay", "replay_diff"):
                await service.store.open()
            answer.append(await Admin(service).do(operation, arguments))
        finally:
            await service.close()
        return 0

    try:
        run_async(alone())
    except (AdminError, StateUnavailable, StateUnusable, StoreUnavailable, StoreMisconfigured) as error:
        raise CommandError(str(error)) from error
    finally:
        folder.release()
    return answer[0]


def _asked(socket: Path, operation: str, arguments: dict[str, Any]) -> Any:
    try:
        return ask(socket, operation, arguments)
    except (AdminError, DataFolderMissing) as error:
        raise CommandError(str(error)) from error


def add_to(sub: Any) -> None:
    """`devices`, `quarantine`, `replay`."""
    _add_devices(
        sub.add_parser("devices", help="the inventory: list, import, export, adopt").add_subparsers(required=True)
    )
    _add_quarantine(
        sub.add_parser("quarantine", help="messages that could not become readings").add_subparsers(required=True)
    )
    replay = sub.add_parser("replay", help="decode journaled frames again, with today's decoders and inventory")
    add_config(replay)
    replay.add_argument("--from", dest="start", required=True, type=instant, help="RFC 3339 time, or 24h, 7d ... ago")
    replay.add_argument("--to", dest="end", type=instant, help="default: now")
    replay.add_argument("--device", action="append", type=device_key, help="DevEUI; may be given several times")
    replay.add_argument("--diff", action="store_true", help="only show what would change: old against new values")
    replay.add_argument("--json-lines", action="store_true", help="with --diff: a JSON object for each changed record")
    replay.add_argument("--limit", type=int, default=1000, help="with --diff: changed records to show (default: 1000)")
    replay.set_defaults(run=_replay)


def _add_devices(sub: Any) -> None:
    listing = sub.add_parser("list", help="all devices")
    listing.set_defaults(run=lambda a: print_json(operate(a, "devices", {})))
    decoders = sub.add_parser("decoders", help="the decoders that a device may name")
    decoders.set_defaults(run=_decoders)
    new = sub.add_parser("new", help="files for a decoder of a new model, in a checkout of the source")
    new.add_argument("vendor")
    new.add_argument("model")
    new.add_argument("--checkout", type=Path, default=Path(), help="folder of the checkout (default: here)")
    new.set_defaults(run=_new)
    importing = sub.add_parser("import", help="take over a YAML or CSV file")
    importing.add_argument("file", type=Path)
    importing.add_argument("--dry-run", action="store_true", help="only say what would change")
    importing.add_argument("--prune", action="store_true", help="also remove what the file doesn't have")
    importing.set_defaults(run=_import)
    exporting = sub.add_parser("export", help="write the inventory to stdout")
    exporting.add_argument("--format", choices=("yaml", "csv"), default="yaml")
    exporting.set_defaults(run=_export)
    adopt = sub.add_parser("adopt", help="make devices of what is in quarantine, and readings of their frames")
    which = adopt.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true", help="every unknown device that a rule matches")
    which.add_argument("--device", type=device_key, help="one DevEUI")
    adopt.add_argument(
        "--match", action="append", default=[], metavar="PROFILE=DECODER",
        help="device profile name (* and ? allowed) and decoder id; `object` trusts the server's decoded object",
    )  # fmt: skip
    adopt.add_argument("--dry-run", action="store_true", help="only say what would happen")
    adopt.set_defaults(run=_adopt)
    for parser in (listing, importing, exporting, adopt):
        add_config(parser)


def _add_quarantine(sub: Any) -> None:
    listing = sub.add_parser("list", help="counts by reason and the oldest entries")
    listing.add_argument("--limit", type=int, default=50)
    show = sub.add_parser("show", help="one entry with its raw message")
    show.add_argument("entry", help="SEQ or SEQ/PART as listed")
    retry = sub.add_parser("retry", help="decide again, after the cause is gone")
    adopt = sub.add_parser("adopt", help="make a device of an unknown one: same as `devices adopt --device`")
    adopt.add_argument("device", type=device_key)
    adopt.add_argument("decoder", help="decoder id, or `object`")
    adopt.set_defaults(run=_adopt_one)
    for parser in (listing, retry):
        parser.add_argument("--reason")
        parser.add_argument("--device", type=device_key)
    listing.set_defaults(run=lambda a: print_json(operate(a, "quarantine", _filters(a, limit=a.limit))))
    show.set_defaults(run=_show)
    retry.set_defaults(run=lambda a: print_json(operate(a, "retry", _filters(a))))
    for parser in (listing, show, retry, adopt):
        add_config(parser)


def _filters(args: argparse.Namespace, **more: Any) -> dict[str, Any]:
    return {"reason": args.reason, "dev_eui": args.device, **more}


def _decoders(_: argparse.Namespace) -> int:
    return print_json(
        [{"id": d.id, "name": d.name, "kind": d.kind, "version": d.version} for d in known_devices().values()]
    )


def _new(args: argparse.Namespace) -> int:
    try:
        made = files(args.vendor, args.model)
    except ScaffoldError as error:
        raise CommandError(str(error)) from error
    if not all((args.checkout / path.parent).is_dir() for path in made):
        raise CommandError(f"{args.checkout.absolute()} is no checkout of loracity: give its folder with --checkout")
    taken = [str(path) for path in made if (args.checkout / path).exists()]
    if taken:
        raise CommandError(f"exists already: {', '.join(taken)}")
    for path, content in made.items():
        (args.checkout / path).write_text(content, encoding="utf-8")
        print(path)
    device_id = next(path.stem for path in made if path.suffix == ".json")
    print(f"next: docs/adding-a-device.md, and: pytest tests/contract -k {device_id}", file=sys.stderr)
    return 0


def _import(args: argparse.Namespace) -> int:
    try:
        text = args.file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{args.file}: {error}") from error
    form = "csv" if args.file.suffix.lower() == ".csv" else "yaml"
    arguments = {"text": text, "format": form, "prune": args.prune, "dry_run": args.dry_run}
    answer = operate(args, "import", arguments)
    for line in answer["lines"]:
        print(line)
    done = ", ".join(f"{n} {action}" for action, n in answer["counts"].items() if n)
    print(f"{'would be: ' if args.dry_run else ''}{done or 'nothing to do'}", file=sys.stderr)
    return 0


def _export(args: argparse.Namespace) -> int:
    print(operate(args, "export", {"format": args.format}), end="")
    return 0


def _adopt(args: argparse.Namespace) -> int:
    try:
        rules = parse_rules(args.match)
    except ValueError as error:
        raise CommandError(f"--match {error}") from error
    return print_json(operate(args, "adopt", {"rules": rules, "dev_eui": args.device, "dry_run": args.dry_run}))


def _adopt_one(args: argparse.Namespace) -> int:
    return print_json(operate(args, "adopt", {"rules": {"*": args.decoder}, "dev_eui": args.device, "dry_run": False}))


def _show(args: argparse.Namespace) -> int:
    match = re.fullmatch(r"(\d+)(?:/(\d+))?", args.entry)
    if match is None:
        raise CommandError(f"{args.entry!r} is no entry: write SEQ or SEQ/PART as `quarantine list` shows them")
    return print_json(operate(args, "show", {"seq": int(match[1]), "part": int(match[2] or 0)}))


def _replay(args: argparse.Namespace) -> int:
    if args.end is not None and args.end <= args.start:
        raise CommandError("--to must be later than --from")
    order = {"from_ms": args.start, "to_ms": args.end, "devices": args.device}
    if not args.diff:
        return print_json(operate(args, "replay", order))
    found = operate(args, "replay_diff", {**order, "limit": args.limit})
    for change in found["changes"]:
        print(json.dumps(as_object(change), ensure_ascii=False) if args.json_lines else as_text(change))
    print(summary(found), file=sys.stderr)
    return 0
