"""The options of `loracity simulate` for a whole living city, and what they mean."""

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from simulators.city_file import CityFile, CityFileError, check_scenario, read_city
from simulators.city_life import LONGEST_PAST_MS, Span, default_start_ms, make_world
from simulators.device_faults import DAY_MS
from simulators.live import Pace, TruthFile, publish_world
from simulators.plan import Plan
from simulators.publish import Broker, Counts
from simulators.scenarios import SCENARIOS

_UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_AHEAD_MS = 400 * DAY_MS
"""So far ahead faults and events are planned for a city that nobody stops."""


def add_city_arguments(parser: argparse.ArgumentParser) -> None:
    """The group of options; any of them makes the command simulate a whole city."""
    group = parser.add_argument_group("whole city", "physics, faults, radio and truth; `city` says which")
    group.add_argument("city", nargs="?", type=Path, help="city.yaml: seed, devices, geojson, lns, scenario, faults")
    group.add_argument("--whole-city", action="store_true", help="the bundled city with a thousand devices")
    group.add_argument("--to", metavar="URL", help="mqtt://[user[:password]@]host[:port], or `journal` (--backfill)")
    group.add_argument(
        "--backfill", type=duration, metavar="30d", help="make so much of the past at full speed: into the journal"
        " of this machine's service, or to --to mqtt://...",
    )  # fmt: skip
    group.add_argument("--start", type=instant, help="when the city starts, RFC 3339 (default: the past, by speed)")
    group.add_argument("--scenario", choices=tuple(SCENARIOS), help=_scenarios())
    group.add_argument("--truth", type=Path, metavar="FILE", help="write what really happened, as JSON Lines")


def _scenarios() -> str:
    return "; ".join(f"{scenario.name}: {scenario.meaning}" for scenario in SCENARIOS.values())


def duration(text: str) -> int:
    """`90m`, `12h` or `30d` as milliseconds, at most ten years."""
    found = re.fullmatch(r"(\d+)([mhd])", text)
    length = int(found[1]) * _UNITS_MS[found[2]] if found else 0
    if not 0 < length <= 3_660 * DAY_MS:
        raise argparse.ArgumentTypeError(f"{text!r} is no length: write 90m, 12h or 30d")
    return length


def instant(text: str) -> int:
    """RFC 3339 with an offset, or a date (midnight UTC), as Unix ms."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write 2026-05-01 or 2026-05-01T06:00:00Z") from None
    if when.tzinfo is None and len(text) > 10:
        raise argparse.ArgumentTypeError(f"{text!r} has no zone: add Z or an offset such as +02:00")
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class CityOrder:
    """A whole city as asked for: what it is, and which stretch of time. `until_ms` None: for ever."""

    settings: CityFile
    plan: Plan
    start_ms: int
    until_ms: int | None

    @property
    def span(self) -> Span:
        """The stretch for which faults and events are planned."""
        return Span(self.start_ms, self.start_ms + _AHEAD_MS if self.until_ms is None else self.until_ms)


def wants_city(args: argparse.Namespace) -> bool:
    """Whether any option asks for a whole city."""
    return bool(args.whole_city or any((args.city, args.backfill, args.scenario, args.truth, args.start)))


def to_journal(args: argparse.Namespace) -> bool:
    """Whether the past is to be made in the journal. CityFileError for a contradiction."""
    if args.to == "journal" and args.backfill is None:
        raise CityFileError("only the past goes into the journal: say how much with --backfill 30d")
    return args.backfill is not None and args.to in (None, "journal")


def order(args: argparse.Namespace, now_ms: int) -> CityOrder:
    """What the options ask for at a clock time. CityFileError."""
    settings, plan = read_city(args.city)
    if args.scenario is not None:
        check_scenario(args.scenario)
        settings = CityFile(
            **{f: getattr(settings, f) for f in settings.__struct_fields__} | {"scenario": args.scenario}
        )
    if args.start is not None and args.start > now_ms:
        raise CityFileError("--start lies in the future: simulated time never passes the clock")
    if args.backfill is not None:
        start = now_ms - args.backfill if args.start is None else args.start
        return CityOrder(settings, plan, start, min(start + args.backfill, now_ms))
    start = default_start_ms(args.speed, now_ms) if args.start is None else args.start
    return CityOrder(settings, plan, start, None)


def broker_of(url: str | None, broker: Broker) -> Broker:
    """The broker of `--to mqtt://...`, else the one of the other options. CityFileError."""
    if url is None:
        return broker
    parts = urlsplit(url)
    try:
        port = parts.port or broker.port
    except ValueError as error:
        raise CityFileError(f"--to {url}: {error}") from error
    if parts.scheme != "mqtt" or not parts.hostname or parts.path not in ("", "/"):
        raise CityFileError(f"--to {url}: write mqtt://[user[:password]@]host[:port]")
    found = replace(broker, host=parts.hostname, port=port)
    if parts.username is None:
        return found
    password = unquote(parts.password) if parts.password is not None else broker.password
    return replace(found, username=unquote(parts.username), password=password)


async def publish_order(
    wanted: CityOrder, args: argparse.Namespace, broker: Broker, counts: Counts, clock: Callable[[], int]
) -> None:
    """Publish a whole city over MQTT. PublishError, OSError for the truth file."""
    if clock() - wanted.start_ms > LONGEST_PAST_MS + DAY_MS:
        sys.stderr.write(
            "loracity simulate: over MQTT a service gives what is older than its connection's max_age_s (7 days)"
            " the time of its arrival; --backfill without --to keeps all times\n"
        )
    world = make_world(wanted.settings, wanted.plan, wanted.span)
    # the past as fast as it goes: a thousand years a second never passes the clock either
    speed = args.speed if args.backfill is None else 3.2e10
    with TruthFile(args.truth) as truth:
        await publish_world(broker, world, counts, truth, Pace(speed, wanted.until_ms, args.count), clock)
