"""`loracity simulate --backfill`: a simulated city's past, put into the journal as if it had been received then."""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from gateway_bridge.uplink import Message
from loracity.admin import AdminError, ask
from loracity.lock import DataFolder, DataFolderBusy, DataFolderMissing
from loracity.shell import CommandError, print_json, run_async, settings_of, wall_clock_ms
from pipeline.config import Settings
from pipeline.journal import MAX_ROW_MESSAGES, Journal, JournalUnavailable
from simulators.city_file import CityFileError
from simulators.city_life import hour_by_hour, make_world
from simulators.cli_city import CityOrder, order
from simulators.live import TruthFile, kept_in_memory
from simulators.rfc3339 import zulu_time
from simulators.world import World

_FULL_PAUSE_S = 1.0


class JournalWriter(Protocol):
    """Takes messages into the journal: ours, or that of a running service."""

    async def put(self, messages: Sequence[Message]) -> None:
        """Return once they are on disk. CommandError when that can't be."""

    async def close(self) -> None:
        """Let go of it."""


class OwnJournal:
    """The journal of a data folder that no service holds. CommandError when it is full: nothing is consumed now."""

    def __init__(self, settings: Settings) -> None:
        limits = settings.journal
        self._journal = Journal(settings.data_dir / "journal.db", limits.max_bytes, limits.max_age_s * 1000)

    async def put(self, messages: Sequence[Message]) -> None:
        try:
            await self._journal.append(messages)
        except JournalUnavailable as error:
            begun = zulu_time(messages[0].received_ms)
            raise CommandError(
                f"{error}; it holds everything before {begun}: start `loracity run`, and go on with --start {begun}"
            ) from error

    async def close(self) -> None:
        await self._journal.close()


class ServiceJournal:
    """The journal of the running service; waits while it is full of what the service has still to store."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def put(self, messages: Sequence[Message]) -> None:
        rows = [(m.source, m.topic, m.payload.decode(), m.received_ms) for m in messages]
        while True:
            try:
                answer = await asyncio.to_thread(ask, self._socket, "inject", {"messages": rows})
            except (AdminError, DataFolderMissing) as error:
                raise CommandError(str(error)) from error
            if not answer["waiting"]:
                return
            await asyncio.sleep(_FULL_PAUSE_S)

    async def close(self) -> None:
        return


def backfill(args: argparse.Namespace) -> int:
    """Make the past that the options ask for; counts go to stdout as JSON. CommandError."""
    settings = settings_of(args)
    try:
        wanted = order(args, wall_clock_ms())
        sources = _sources(settings, wanted)
        with TruthFile(args.truth) as truth:
            return run_async(_backfill(settings, wanted, sources, truth))
    except (CityFileError, OSError) as error:
        raise CommandError(str(error)) from error


def _sources(settings: Settings, wanted: CityOrder) -> Mapping[str, str]:
    """The connection that each of the city's network servers would come by."""
    found = {connection.lns: connection.name for connection in settings.connections}
    missing = sorted({sensor.lns for sensor in wanted.plan.sensors} - set(found))
    if missing:
        raise CommandError(
            f"the settings have no connection with lns {' or '.join(missing)}: add one, or name others as `lns` in the"
            " city file"
        )
    return {str(lns): name for lns, name in found.items()}


async def _backfill(settings: Settings, wanted: CityOrder, sources: Mapping[str, str], truth: TruthFile) -> int:
    folder = DataFolder(settings.data_dir)
    writer: JournalWriter
    try:
        folder.acquire()
        writer = OwnJournal(settings)
    except DataFolderBusy:
        writer = ServiceJournal(settings.data_dir / "admin.sock")
    except DataFolderMissing as error:
        raise CommandError(str(error)) from error
    try:
        return print_json(await _write(writer, wanted, sources, truth))
    finally:
        await writer.close()
        folder.release()


async def _write(
    writer: JournalWriter, wanted: CityOrder, sources: Mapping[str, str], truth: TruthFile
) -> dict[str, Any]:
    world = make_world(wanted.settings, wanted.plan, wanted.span)
    progress, begun, count = _Progress(wanted), time.monotonic(), 0
    messages = _messages(world, wanted, sources, truth)
    with kept_in_memory():
        while batch := list(islice(messages, MAX_ROW_MESSAGES)):
            await writer.put(batch)
            count += len(batch)
            progress.at(world.now_ms, count)
    seconds = time.monotonic() - begun
    progress.done()
    return {
        "messages": count,
        "truth_rows": truth.rows,
        "from": zulu_time(wanted.start_ms),
        "to": zulu_time(wanted.until_ms or wanted.start_ms),
        "seconds": round(seconds, 1),
        "per_second": round(count / seconds) if seconds else 0,
    }


def _messages(world: World, wanted: CityOrder, sources: Mapping[str, str], truth: TruthFile) -> Iterator[Message]:
    for sent, rows in hour_by_hour(world, wanted.until_ms or wanted.start_ms):
        truth.write(rows)
        for one in sent:
            yield Message(sources[one.sensor.lns], one.message.topic, one.message.payload, one.due_ms)


class _Progress:
    """A bar on a terminal's stderr, else a line for each tenth."""

    def __init__(self, wanted: CityOrder) -> None:
        self._start, self._length = wanted.start_ms, max((wanted.until_ms or 0) - wanted.start_ms, 1)
        self._terminal = sys.stderr.isatty()
        self._told = 0

    def at(self, now_ms: int, count: int) -> None:
        """The city's time and the messages so far."""
        share = min((now_ms - self._start) / self._length, 1.0)
        if self._terminal:
            bar = "#" * round(40 * share)
            print(
                f"\r[{bar:40}] {share:4.0%} {zulu_time(now_ms)} {count} messages", end="", file=sys.stderr, flush=True
            )
        elif int(share * 10) > self._told:
            self._told = int(share * 10)
            print(f"{share:.0%}: {zulu_time(now_ms)}, {count} messages", file=sys.stderr)

    def done(self) -> None:
        """Leave the line."""
        if self._terminal:
            print(file=sys.stderr)
