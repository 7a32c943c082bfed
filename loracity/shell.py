"""What the command modules share: output, settings, running coroutines."""

import argparse
import asyncio
import json
import os
import re
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.config import Settings, load_settings


class CommandError(Exception):
    """What went wrong, in one line for the person at the keyboard."""


def print_json(value: Any) -> int:
    """One JSON document on stdout; the exit status of success."""
    print(json.dumps(value, ensure_ascii=False, indent=2))
    return 0


def run_async(work: Coroutine[Any, Any, int]) -> int:
    """Run a coroutine on uvloop."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def add_config(parser: argparse.ArgumentParser) -> None:
    """The options that say which settings and data folder a command uses."""
    parser.add_argument("--config", "-c", type=Path, help="settings file (default: loracity.yaml if it exists)")
    parser.add_argument("--data-dir", type=Path, help="data folder (default: from the settings, or ./data)")


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings that the command line names. ConfigError."""
    path: Path | None = args.config
    if path is None and Path("loracity.yaml").exists():
        path = Path("loracity.yaml")
    environment = dict(os.environ)
    if args.data_dir is not None:
        environment["LORACITY_DATA_DIR"] = str(args.data_dir)
    return load_settings(path, environment)


_UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def instant(text: str) -> int:
    """Unix ms of an RFC 3339 time with an offset, a date (midnight UTC), or `24h` for so long ago (`-24h` too)."""
    relative = re.fullmatch(r"-?(\d+)([smhd])", text)
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    if relative:
        return now_ms - int(relative[1]) * _UNITS_MS[relative[2]]
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time: write 2026-05-01T06:00:00Z, or 24h for 24 hours ago"
        ) from None
    if when.tzinfo is None:
        if len(text) > 10:
            raise argparse.ArgumentTypeError(f"{text!r} has no zone: add Z or an offset such as +02:00")
        when = when.replace(tzinfo=UTC)
    return int(when.timestamp() * 1000)


def wall_clock_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000
