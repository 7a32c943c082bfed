"""The living city's shell: publishes a world as its time comes, writes the truth, shows what goes on."""

import asyncio
import gc
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from simulators.city_life import city_time_ms
from simulators.device_faults import HOUR_MS
from simulators.load_publisher import LoadPublisher
from simulators.publish import Broker, Counts, load_publisher
from simulators.truth import TruthRow, write_rows
from simulators.world import Sent, World

if TYPE_CHECKING:
    from simulators.dashboard import CityView

_TICK_S = 0.05
_AT_ONCE = 500
"""Messages between two looks at the clock."""
_PATIENCE_S = 3_600.0
"""So long the broker may be away: the city waits for it."""


class TruthFile(AbstractContextManager["TruthFile"]):
    """The truth as JSON Lines; without a path it only counts. OSError when it can't be written."""

    def __init__(self, path: Path | None) -> None:
        self.rows = 0
        self._path = path
        self._file: IO[bytes] | None = None

    def __enter__(self) -> "TruthFile":
        self._file = self._path.open("wb") if self._path is not None else None
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, rows: Iterable[TruthRow]) -> None:
        """Add rows; they are in the file when this returns."""
        found = list(rows)
        self.rows += len(found)
        if self._file is not None:
            write_rows(found, self._file)
            self._file.flush()


@dataclass(slots=True)
class Pace:
    """How fast the city lives: `speed` times as fast as the clock from its start on, until `until_ms` or for ever.

    Its time never passes the clock. `count`: stop after so many messages.
    """

    speed: float = 1.0
    until_ms: int | None = None
    count: int | None = None


def show(world: World, span: tuple[int, int | None], terminal: bool) -> "AbstractContextManager[CityView | None]":
    """The dashboard where stdout is a terminal; else nothing."""
    if not terminal:
        return nullcontext()
    from simulators.dashboard import Dashboard  # a tenth of a second of imports that nobody needs without a terminal

    return Dashboard(world, *span)


async def publish_world(
    broker: Broker, world: World, counts: Counts, truth: TruthFile, pace: Pace, clock: Callable[[], int]
) -> None:
    """Publish at QoS 1 until the pace's end or cancellation. What is due is sent; the city waits for the clock, never
    runs ahead of it. PublishError when the broker refuses us or stays away."""
    with kept_in_memory():
        await _publish_all(broker, world, counts, truth, pace, clock)


@contextmanager
def kept_in_memory() -> Iterator[None]:
    """While entered, the garbage collector lets alone what is there already: a city is hundreds of megabytes that stay,
    and looking through them again and again costs a third of the speed."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


async def _publish_all(
    broker: Broker, world: World, counts: Counts, truth: TruthFile, pace: Pace, clock: Callable[[], int]
) -> None:
    started, begun_ms, start_ms = time.monotonic(), clock(), world.now_ms
    terminal = sys.stdout.isatty()
    async with load_publisher(broker, patience_s=_PATIENCE_S) as publisher:
        with show(world, (start_ms, pace.until_ms), terminal) as view:
            teller = _Teller(world, truth, view)
            try:
                while not _over(world, counts, pace):
                    wanted = city_time_ms(start_ms, pace.speed, begun_ms, clock())
                    target = wanted if pace.until_ms is None else min(wanted, pace.until_ms)
                    if await _until(publisher, world, target, counts, pace, teller):
                        await asyncio.sleep(_TICK_S)
            finally:
                counts.seconds = round(time.monotonic() - started, 3)
                teller.last()
        await publisher.drain()
        counts.resent = publisher.resent


def _over(world: World, counts: Counts, pace: Pace) -> bool:
    enough = pace.count is not None and counts.good >= pace.count
    return enough or (pace.until_ms is not None and world.now_ms >= pace.until_ms)


async def _until(
    publisher: LoadPublisher, world: World, target_ms: int, counts: Counts, pace: Pace, teller: "_Teller"
) -> bool:
    """Publish what is due before `target_ms`, an hour of the city at most; True when that is reached."""
    step_ms = min(target_ms, world.now_ms - world.now_ms % HOUR_MS + HOUR_MS)
    for number, sent in enumerate(world.run(step_ms), start=1):
        await publisher.publish(sent.message)
        counts.good += 1
        teller.sent(sent)
        if pace.count is not None and counts.good >= pace.count:
            break
        if number % _AT_ONCE == 0:
            publisher.flush()
            await asyncio.sleep(0)
    publisher.flush()
    teller.lived()
    return step_ms >= target_ms


class _Teller:
    """Takes the truth every hour of the city, and tells the dashboard."""

    def __init__(self, world: World, truth: TruthFile, view: "CityView | None") -> None:
        self._world, self._truth, self._view = world, truth, view
        self._next_ms = world.now_ms + HOUR_MS

    def sent(self, sent: Sent) -> None:
        """One message went out."""
        if self._view is not None:
            self._view.sent(sent)

    def lived(self) -> None:
        """Time has passed."""
        if self._world.now_ms >= self._next_ms:
            self._next_ms = self._world.now_ms + HOUR_MS
            self._tell(self._world.take_truth())
        if self._view is not None:
            self._view.refresh()

    def last(self) -> None:
        """The city stops: what happened since, and what still lasts."""
        self._tell(self._world.take_truth())
        self._tell(self._world.finish())

    def _tell(self, rows: list[TruthRow]) -> None:
        self._truth.write(rows)
        if self._view is not None:
            self._view.happened(rows)
