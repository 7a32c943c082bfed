"""Commands that run something: run, demo, simulate, check."""

import argparse
import sys
from pathlib import Path
from typing import Any

from loracity.backfill import backfill
from loracity.check import verdicts
from loracity.demo import demo
from loracity.lock import DataFolder, DataFolderBusy
from loracity.running import serve_until_signal
from loracity.shell import CommandError, add_config, run_async, settings_of
from pipeline.config import Settings
from pipeline.telemetry import set_up_logging
from simulators import cli as simulators
from simulators.city_file import CityFileError
from simulators.cli_city import to_journal


def add_to(sub: Any) -> None:
    """`run`, `demo`, `simulate`, `check`."""
    run = sub.add_parser("run", help="receive, store and answer until stopped")
    add_config(run)
    run.set_defaults(run=_run)
    _add_demo(sub)
    check = sub.add_parser("check", help="check the settings; try broker, store and disk")
    add_config(check)
    check.set_defaults(run=lambda args: run_async(_check(settings_of(args))))


def _add_demo(sub: Any) -> None:
    parser = sub.add_parser("demo", help="a small simulated city on this machine: broker, simulator, service")
    parser.add_argument("--data-dir", type=Path, default=Path("data/demo"))
    parser.add_argument("--port", type=int, default=8080, help="HTTP port; the next free one if it is taken")
    parser.add_argument("--broker-port", type=int, default=1883)
    parser.add_argument("--speed", type=float, default=60.0, help="how much faster than real time the city lives")
    parser.set_defaults(run=lambda args: run_async(demo(args.data_dir, args.port, args.broker_port, args.speed)))
    simulate = sub.add_parser("simulate", help="publish the uplinks of a simulated city")
    simulators.add_arguments(simulate)
    add_config(simulate)
    simulate.set_defaults(run=_simulate)


def _simulate(args: argparse.Namespace) -> int:
    try:
        into_journal = to_journal(args) and not args.inventory
    except CityFileError as error:
        raise CommandError(str(error)) from error
    return backfill(args) if into_journal else run_async(simulators.run(args))


def _run(args: argparse.Namespace) -> int:
    settings = settings_of(args)
    set_up_logging(settings.log_format)
    folder = DataFolder(settings.data_dir)
    if folder.create():
        print(f"loracity: created the data folder {settings.data_dir}", file=sys.stderr)
    try:
        folder.acquire()
    except DataFolderBusy as error:
        raise CommandError(str(error)) from error
    try:
        return run_async(
            serve_until_signal(
                settings, folder, lambda port: print(f"loracity: http://{settings.api.host}:{port}", file=sys.stderr)
            )
        )
    finally:
        folder.release()


async def _check(settings: Settings) -> int:
    worst = 0
    async for verdict in verdicts(settings):
        print(f"{verdict.status.upper():8} {verdict.name:24} {verdict.detail}")
        worst = max(worst, int(verdict.status == "failing"))
    return worst
