"""The real service with a fault in it: killed exactly between two steps, or built wrong on purpose.

    python tests/loss_service.py CONFIG [--kill commit-ack|store-cursor] [--mutant ack-first|cursor-first]

`commit-ack` dies after the first commit of the journal, before anything is acknowledged. `store-cursor` dies between
the store's confirmation and the cursor. The mutants break the two rules that the loss test is about; it must notice.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from gateway_bridge.uplink import Message
from loracity.lock import DataFolder
from loracity.running import serve_until_signal
from pipeline.config import load_settings
from pipeline.effects import Effects
from pipeline.ingest import ReadingsConsumer
from pipeline.intake import Intake
from pipeline.journal import Journal
from pipeline.reading import Refusal, UplinkRecords
from pipeline.state import StateStore
from pipeline.stores.influx import InfluxStore
from pipeline.telemetry import set_up_logging


def die() -> None:
    """As a power switch would."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_between_commit_and_acknowledgement() -> None:
    original = Journal.append

    async def append(self: Journal, messages: Sequence[Message], passed: int = 0) -> int:
        seq = await original(self, messages, passed)
        die()
        return seq

    Journal.append = append  # type: ignore[method-assign]


def kill_between_store_and_cursor() -> None:
    """With everything confirmed: dead before the cursor moves. With a write on its way: dead right after it moved."""
    commit, hand_over, store = StateStore.commit, ReadingsConsumer.write, InfluxStore.write
    handed_over, confirmed = [0], [0]

    async def write(self: ReadingsConsumer, uplinks: Sequence[UplinkRecords]) -> list[Refusal]:
        handed_over[0] += len(uplinks)
        return await hand_over(self, uplinks)

    async def written(self: InfluxStore, batch: Sequence[UplinkRecords]) -> list[Refusal]:
        refusals = await store(self, batch)
        confirmed[0] += len(batch)
        return refusals

    def commit_and_die(self: StateStore, effects: Effects) -> None:
        if effects.seq is not None:
            if confirmed[0] < handed_over[0]:
                commit(self, effects)
            die()
        commit(self, effects)

    ReadingsConsumer.write = write  # type: ignore[method-assign]
    InfluxStore.write = written  # type: ignore[method-assign]
    StateStore.commit = commit_and_die  # type: ignore[method-assign]


def acknowledge_first(then_die: bool) -> None:
    original = Intake._commit

    async def commit(self: Intake) -> None:
        for delivery in self._queue:
            delivery.ticket.settle()
        await asyncio.sleep(0.01)  # the acknowledgements leave before the commit
        if then_die:
            die()
        await original(self)

    Intake._commit = commit  # type: ignore[method-assign]


def move_cursor_first() -> None:
    original, running = ReadingsConsumer.write, set()

    async def write(self: ReadingsConsumer, uplinks: Sequence[UplinkRecords]) -> list[Refusal]:
        async def later() -> None:
            await asyncio.sleep(0.05)  # the cursor moves before the store has the batch
            await original(self, uplinks)

        task = asyncio.create_task(later())
        running.add(task)
        return []

    ReadingsConsumer.write = write  # type: ignore[method-assign]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=Path)
    parser.add_argument("--kill", choices=("commit-ack", "store-cursor"))
    parser.add_argument("--mutant", choices=("ack-first", "cursor-first"))
    args = parser.parse_args()
    if args.mutant == "ack-first":
        acknowledge_first(then_die=args.kill == "commit-ack")
    if args.mutant == "cursor-first":
        move_cursor_first()
    if args.kill == "commit-ack":
        kill_between_commit_and_acknowledgement()
    if args.kill == "store-cursor":
        kill_between_store_and_cursor()
    settings = load_settings(args.config, {})
    set_up_logging("text")
    folder = DataFolder(settings.data_dir)
    folder.create()
    folder.acquire()

    def started(port: int) -> None:
        print(port, flush=True)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve_until_signal(settings, folder, started))


if __name__ == "__main__":
    sys.exit(main())
