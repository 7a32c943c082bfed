"""The terminal dashboard: what the city does right now."""

import time
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from simulators.rfc3339 import zulu_time
from simulators.truth import TruthRow
from simulators.world import Sent, World

_EVERY_S = 0.25
_EVENTS, _FAULTS = 12, 8
_ROUTINE = frozenset({"fill", "soil", "weather", "occupancy", "flow", "occupied", "emptied", "watered", "valve_run"})
"""Truth rows that come all the time; they are only counted."""


class CityView:
    """What is shown: counts of messages and of what happened, the faults that are on, the latest odd things."""

    def __init__(self, world: World, start_ms: int, until_ms: int | None) -> None:
        self._world, self._start_ms, self._until_ms = world, start_ms, until_ms
        self._kinds: Counter[str] = Counter()
        self._happened: Counter[str] = Counter()
        self._odd: deque[TruthRow] = deque(maxlen=_EVENTS)
        self._messages = 0
        self._begun = time.monotonic()

    def sent(self, sent: Sent) -> None:
        """One message went out."""
        self._messages += 1
        self._kinds[sent.sensor.kind] += 1

    def happened(self, rows: Iterable[TruthRow]) -> None:
        """Truth rows of the last hour."""
        for row in rows:
            self._happened[row.kind] += 1
            if row.kind not in _ROUTINE:
                self._odd.append(row)

    def refresh(self) -> None:
        """Time has passed; a view without a screen does nothing."""

    def render(self) -> RenderableType:
        """The whole screen."""
        parts: list[RenderableType] = [self._head(), self._traffic()]
        if self._until_ms is not None and self._until_ms > self._start_ms:
            done = (self._world.now_ms - self._start_ms) / (self._until_ms - self._start_ms)
            parts.append(Padding(ProgressBar(total=1.0, completed=min(done, 1.0)), 0))
        return Group(*parts, self._faults(), self._events())

    def _head(self) -> Text:
        tally, seconds = self._world.tally, max(time.monotonic() - self._begun, 1e-3)
        line = Text(f"{zulu_time(self._world.now_ms // 1000 * 1000)}  ", style="bold")
        return line.append(
            f"{self._messages} messages, {self._messages / seconds:.0f}/s; "
            f"{tally.lost} frames lost, {tally.late} late, {tally.doubled} doubled",
            style="not bold",
        )

    def _traffic(self) -> Table:
        table = Table("kind", "messages", "what happened", "times", box=None, padding=(0, 2))
        happened = self._happened.most_common(8)
        kinds = self._kinds.most_common()
        for at in range(max(len(happened), len(kinds))):
            left = (kinds[at][0], str(kinds[at][1])) if at < len(kinds) else ("", "")
            right = (happened[at][0], str(happened[at][1])) if at < len(happened) else ("", "")
            table.add_row(*left, *right)
        return table

    def _faults(self) -> Table:
        active = list(self._world.active.values())
        table = Table(f"{len(active)} faults now", "of", "since", "until", box=None, padding=(0, 2))
        for fault in active[-_FAULTS:]:
            table.add_row(fault.kind, fault.target, _minute(fault.start_ms), _minute(fault.end_ms))
        return table

    def _events(self) -> Table:
        table = Table("lately", "asset", "from", "to", box=None, padding=(0, 2))
        for row in reversed(self._odd):
            end = "" if row.end_ms is None else _minute(row.end_ms)
            table.add_row(row.kind, row.asset, _minute(row.start_ms), end)
        return table


def _minute(time_ms: int) -> str:
    return zulu_time(time_ms)[:16].replace("T", " ")


class Dashboard(AbstractContextManager[CityView]):
    """Shows a view on the terminal while it is entered."""

    def __init__(self, world: World, start_ms: int, until_ms: int | None, console: Console | None = None) -> None:
        self._view = _LiveView(world, start_ms, until_ms, console or Console(stderr=False))

    def __enter__(self) -> CityView:
        self._view.live.start()
        return self._view

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._view.refresh(now=True)
        self._view.live.stop()


class _LiveView(CityView):
    def __init__(self, world: World, start_ms: int, until_ms: int | None, console: Console) -> None:
        super().__init__(world, start_ms, until_ms)
        self.live = Live(console=console, auto_refresh=False)
        self._shown = 0.0

    def refresh(self, now: bool = False) -> None:
        """Draw again, a few times a second."""
        if now or time.monotonic() - self._shown > _EVERY_S:
            self._shown = time.monotonic()
            self.live.update(self.render(), refresh=True)
