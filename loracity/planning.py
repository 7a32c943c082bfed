"""Commands that answer planners and take reports: events, plan, report."""

import argparse
from typing import Any, get_args

from loracity.operations import operate
from loracity.shell import CommandError, add_config, instant, print_json
from pipeline.domain.answers import RouteForm
from pipeline.domain.reports import REPORT_KINDS


def add_to(sub: Any) -> None:
    """`events`, `plan`, `report`."""
    _add_events(sub.add_parser("events", help="what happened to bins, trees, valves and bays"))
    plans = sub.add_parser("plan", help="what to do: bins, litres, free spaces").add_subparsers(required=True)
    parking = plans.add_parser("parking", help="free spaces of each zone, how sure, and the next hour")
    parking.add_argument("--minutes", type=int, action="append", help="forecast so far ahead (default: 30 and 60)")
    watering = plans.add_parser("watering", help="litres for each tree and bed, valve runs, tanker tours")
    watering.add_argument("--depot", type=_place, metavar="LAT,LON", help="where tankers start; without it no tours")
    watering.add_argument("--capacity", type=float, default=3000.0, help="a tanker's litres (default: 3000)")
    bins = plans.add_parser("collection", help="which bins to empty today, why, and in what order")
    bins.add_argument("--depot", type=_place, metavar="LAT,LON", help="where vehicles start; without it no route")
    bins.add_argument("--vehicles", type=int, default=1)
    bins.add_argument("--capacity", type=float, default=8000.0, help="a vehicle's litres (default: 8000)")
    bins.add_argument("--start", type=instant, help="when they leave (default: now)")
    bins.add_argument("--hours", type=float, default=8.0, help="how long they work (default: 8)")
    bins.add_argument("--format", choices=("json", *get_args(RouteForm)), default="json")
    for parser, name in ((parking, "parking"), (watering, "watering"), (bins, "collection")):
        parser.add_argument("--zone")
        parser.add_argument("--district")
        add_config(parser)
        parser.set_defaults(run=_plan, plan=name)
    report = sub.add_parser("report", help="a person's word: this bin was emptied, this tree watered")
    report.add_argument("asset")
    report.add_argument("kind", choices=REPORT_KINDS)
    report.add_argument("--at", type=instant, help="when: RFC 3339 time, or 2h ago (default: now)")
    report.add_argument("--level", type=float, help="fill level that was found, %%")
    report.add_argument("--litres", type=float, help="water that was given")
    add_config(report)
    report.set_defaults(run=_report)


def _add_events(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--asset", action="append", default=[], help="may be given several times, as the next three")
    parser.add_argument("--zone", action="append", default=[])
    parser.add_argument("--district", action="append", default=[])
    parser.add_argument("--kind", action="append", default=[])
    parser.add_argument("--from", dest="start", type=instant, help="RFC 3339 time, or 24h, 7d ... ago (default: 7d)")
    parser.add_argument("--to", dest="end", type=instant, help="default: now")
    parser.add_argument("--withdrawn", action="store_true", help="also what turned out not to have happened")
    parser.add_argument("--limit", type=int, default=1000, help="newest events to show (default: 1000)")
    add_config(parser)
    parser.set_defaults(run=_events)


def _place(text: str) -> tuple[float, float]:
    try:
        latitude, longitude = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no place: write 49.49,8.47") from None
    return latitude, longitude


def _events(args: argparse.Namespace) -> int:
    if args.limit < 1:
        raise CommandError("--limit must be at least 1")
    asked = {
        "assets": args.asset, "zones": args.zone, "districts": args.district, "kinds": args.kind,
        "from_ms": instant("7d") if args.start is None else args.start, "to_ms": args.end,
        "withdrawn": args.withdrawn, "limit": args.limit,
    }  # fmt: skip
    return print_json(operate(args, "events", asked))


def _plan(args: argparse.Namespace) -> int:
    asked: dict[str, Any] = {"plan": args.plan, "zone": args.zone, "district": args.district}
    if args.plan == "parking":
        asked["minutes"] = args.minutes or [30, 60]
    else:
        asked |= {"depot": args.depot, "capacity": args.capacity}
    if args.plan != "collection":
        return print_json(operate(args, "plan", asked))
    if args.format != "json" and args.depot is None:
        raise CommandError("a route needs a depot: --depot LAT,LON")
    asked |= {"vehicles": args.vehicles, "start_ms": args.start, "hours": args.hours, "format": args.format}
    answer = operate(args, "plan", asked)
    if args.format == "json":
        return print_json(answer)
    print(answer["text"], end="")
    return 0


def _report(args: argparse.Namespace) -> int:
    asked = {"asset": args.asset, "kind": args.kind, "at_ms": args.at, "level": args.level, "litres": args.litres}
    return print_json(operate(args, "report", asked))
