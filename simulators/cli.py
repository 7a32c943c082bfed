"""`loracity simulate`: arguments and what they do."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Coroutine
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import yaml

from simulators.city_file import CityFileError
from simulators.city_life import replacements_of
from simulators.cli_city import add_city_arguments, broker_of, order, publish_order, to_journal, wants_city
from simulators.fleet import Fleet, FleetSize, Lns, build_fleet, inventory
from simulators.load import LoadSource, load_fleet
from simulators.load_publisher import PublishError
from simulators.plan_inventory import plan_inventory
from simulators.publish import Broker, Counts, now_ms, publish_city, publish_load

_LNS: dict[str, tuple[Lns, ...]] = {
    "both": ("chirpstack4", "tts"),
    "chirpstack4": ("chirpstack4",),
    "tts": ("tts",),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `loracity simulate`."""
    broker = parser.add_argument_group("broker")
    broker.add_argument("--host", default="127.0.0.1", help="MQTT broker (default %(default)s)")
    broker.add_argument("--port", type=int, default=1883, help="its port (default %(default)s)")
    broker.add_argument("--client-id", default="loracity-simulator", help="MQTT client id (default %(default)s)")
    broker.add_argument("--username")
    broker.add_argument("--password-file", type=Path, help="file with the password; one trailing newline is ignored")
    city = parser.add_argument_group("city")
    size = FleetSize()
    city.add_argument("--seed", type=int, default=1, help="the same seed gives the same city (default %(default)s)")
    city.add_argument("--bins", type=_natural, default=size.bins, help="default %(default)s")
    city.add_argument("--soil-probes", type=_natural, default=size.soil_probes, help="default %(default)s")
    city.add_argument("--bays", type=_natural, default=size.bays, help="default %(default)s")
    city.add_argument("--weather-stations", type=_natural, default=size.weather_stations, help="default %(default)s")
    city.add_argument(
        "--lns", choices=sorted(_LNS), default="both", help="network servers to imitate (default %(default)s)"
    )
    city.add_argument("--speed", type=_positive, default=1.0, help="how much faster the city lives than the clock")
    city.add_argument("--inventory", action="store_true", help="print the city's inventory as YAML and stop")
    load = parser.add_argument_group("load")
    load.add_argument("--rate", type=_not_negative, help="load: so many uplinks a second, 0 as fast as possible")
    load.add_argument(
        "--load",
        dest="rate",
        type=_per_second,
        metavar="N/s",
        help="the same, written 10000/s; 0/s as fast as possible",
    )
    load.add_argument("--devices", type=_natural, default=1_000, help="load: number of devices (default %(default)s)")
    load.add_argument("--unique", action="store_true", help="load: every uplink carries a value of its own")
    load.add_argument("--first-f-cnt", type=_natural, default=0, help="load: first frame counter (default %(default)s)")
    both = parser.add_argument_group("both")
    both.add_argument("--count", type=_natural, help="stop after so many good messages (load: default 10000)")
    both.add_argument("--garbage", type=_fraction, default=0.0, help="share of broken messages among all, 0 to 0.9")
    add_city_arguments(parser)


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError("must be above 0 and below 1000000")
    return number


def _not_negative(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1e9:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def _per_second(text: str) -> float:
    if not text.endswith("/s"):
        raise argparse.ArgumentTypeError(f"{text!r} is no rate: write 10000/s")
    return _not_negative(text.removesuffix("/s"))


def _fraction(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 0.9:
        raise argparse.ArgumentTypeError("must be from 0 to 0.9")
    return number


async def run(args: argparse.Namespace) -> int:
    """Publish as asked; counts go to stdout as JSON. Returns the exit code."""
    counts = Counts()
    try:
        if args.inventory:
            sys.stdout.write(yaml.safe_dump(_inventory(args), sort_keys=False, allow_unicode=True))
            return 0
        await _until_interrupted(_publish(args, broker_of(args.to, _broker(args)), counts))
    except (OSError, PublishError, CityFileError) as error:
        sys.stderr.write(f"loracity simulate: {error}\n")
        return 1
    sys.stdout.write(json.dumps(asdict(counts)) + "\n")
    return 0


def _inventory(args: argparse.Namespace) -> dict[str, Any]:
    if wants_city(args) and args.rate is None:
        wanted = order(args, now_ms())
        return plan_inventory(wanted.plan, replacements_of(wanted.settings, wanted.plan, wanted.span))
    return inventory(_load_fleet(args) if args.rate is not None else _city(args))


def _broker(args: argparse.Namespace) -> Broker:
    broker = Broker(args.host, args.port, args.username, None, args.client_id)
    if args.password_file is None:
        return broker
    return replace(broker, password=args.password_file.read_text(encoding="utf-8").removesuffix("\n"))


def _city(args: argparse.Namespace) -> Fleet:
    size = FleetSize(args.bins, args.soil_probes, args.bays, args.weather_stations, _LNS[args.lns])
    return build_fleet(args.seed, size)


def _load_fleet(args: argparse.Namespace) -> Fleet:
    return load_fleet(args.devices, args.seed, _LNS[args.lns])


async def _publish(args: argparse.Namespace, broker: Broker, counts: Counts) -> None:
    if args.rate is None and wants_city(args):
        if to_journal(args):
            raise CityFileError("the journal is the service's: use `loracity simulate` for --backfill into it")
        await publish_order(order(args, now_ms()), args, broker, counts, now_ms)
        return
    if args.rate is None:
        await publish_city(broker, _city(args), counts, speed=args.speed, count=args.count, garbage=args.garbage)
        return
    source = LoadSource(_load_fleet(args), unique=args.unique, first_f_cnt=args.first_f_cnt)
    total = 10_000 if args.count is None else args.count
    await publish_load(broker, source, counts, total=total, rate=args.rate, garbage=args.garbage, seed=args.seed)


async def _until_interrupted(work: Coroutine[None, None, None]) -> None:
    """Run to the end, or until the first interrupt or termination signal, which ends it cleanly."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
