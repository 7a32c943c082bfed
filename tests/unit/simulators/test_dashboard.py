"""The dashboard: it shows what happens, and only what it was told."""

import io

from rich.console import Console

from simulators.city_file import CityFile
from simulators.city_life import Span, make_world
from simulators.dashboard import CityView, Dashboard
from simulators.device_faults import HOUR_MS
from simulators.plan_builder import build_plan
from simulators.truth import TruthRow

START_MS = 1_767_225_600_000
SPAN = Span(START_MS, START_MS + 6 * HOUR_MS)


def test_it_shows_messages_faults_and_events() -> None:
    """Counts by kind, the faults that are on, and odd things with their time; routine is only counted."""
    world = make_world(CityFile(faults=200.0), build_plan(1, 60), SPAN)
    screen = io.StringIO()
    console = Console(file=screen, width=140, force_terminal=False)
    with Dashboard(world, SPAN.start_ms, SPAN.end_ms, console) as view:
        for sent in world.run(SPAN.end_ms):
            view.sent(sent)
        view.happened([TruthRow("bin-1", "fire", START_MS, START_MS + 60_000), TruthRow("bin-2", "fill", START_MS, 1)])
    text = screen.getvalue()
    assert "2026-01-01T06:00:00Z" in text and "messages" in text and "waste_bin" in text
    assert f"{len(world.active)} faults now" in text and world.active
    assert "bin-1" in text and "bin-2" not in text


def test_a_view_without_a_screen_only_counts() -> None:
    """`CityView` alone never draws by itself."""
    world = make_world(CityFile(), build_plan(1, 30), SPAN)
    view = CityView(world, SPAN.start_ms, None)
    view.refresh()
    console = Console(file=io.StringIO(), width=100)
    console.print(view.render())
    assert isinstance(console.file, io.StringIO) and "0 messages" in console.file.getvalue()
