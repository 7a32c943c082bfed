"""How forecasts of full bins are held against what would have come, and how tables and README take the figures."""

import pytest

from bench.detectors.score import HOUR_MS, Errors, Score
from bench.detectors.table import BEGIN, END, duration, placed, render
from bench.detectors.waste import Filling, Hourly, naive_hours


def hours(values: list[float]) -> Hourly:
    found = Hourly()
    found.times = [n * HOUR_MS for n in range(len(values))]
    found.values = values
    return found


def test_a_bin_that_is_emptied_fills_on_as_if_no_lorry_had_come() -> None:
    """10 points an hour; emptied in the fourth hour; 100 would have been reached ten hours after the start."""
    volume = hours([0, 10, 20, 30, 10, 20, 30, 40, 50, 60, 70, 80])
    truly = Filling(volume, [(round(3.1 * HOUR_MS), 30.0)], volume_l=100.0, full=100.0)
    assert truly.hours_left(0) == pytest.approx(10)
    assert truly.hours_left(2 * HOUR_MS) == pytest.approx(8)
    assert truly.hours_left(5 * HOUR_MS) is None, "after the lorry it is 8 h, which the trial doesn't see"


def test_hours_left_of_a_full_bin_and_within_an_hour() -> None:
    """Full is 0 h; between two hours the growth is a straight line."""
    truly = Filling(hours([50, 80, 120]), [], volume_l=100.0, full=100.0)
    assert truly.hours_left(2 * HOUR_MS) == 0.0
    assert truly.hours_left(HOUR_MS) == pytest.approx(0.5)


def test_the_naive_forecast_goes_on_with_the_last_rate() -> None:
    """Since the last fall within a day; none from a single level."""
    levels = [(0, 60.0), (2 * HOUR_MS, 70.0), (3 * HOUR_MS, 2.0), (5 * HOUR_MS, 12.0)]
    assert naive_hours(levels[:2], 2 * HOUR_MS) == pytest.approx(6.0)
    assert naive_hours(levels, 5 * HOUR_MS) == pytest.approx(88 / 5)
    assert naive_hours(levels[:1], HOUR_MS) is None


def test_the_table_shows_target_and_figure_also_where_it_is_missed() -> None:
    """A missed target says no; what was not measured says nothing."""
    tables = render({"emptied": Score(95, 5, 0), "time_to_full_24": Errors((3.0, 5.0, 9.0), (6.0,))}, ["about"])
    rows = {line.split("|")[1].strip(): line for line in tables.splitlines() if line.startswith("|")}
    assert "0.974" in rows["bin emptied"] and "**no**" in rows["bin emptied"]
    assert "5.0 h" in rows["bin full in 24 h"] and "**no**" in rows["bin full in 24 h"]
    assert "| 0 | - |" in rows["fire"]
    assert tables.endswith("about\n")
    assert "yes" in render({"emptied": Score(100, 1, 0)}, [])


def test_the_tables_go_between_the_markers() -> None:
    """What stood there goes; what stands around stays; a document without the markers is left alone."""
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = placed(text, "| new |\n")
    assert once == f"before\n{BEGIN}\n\n| new |\n\n{END}\nafter\n"
    assert placed(once, "| new |\n") == once
    with pytest.raises(ValueError, match="each of these lines once"):
        placed("nothing", "| new |\n")


def test_durations_for_people() -> None:
    """Seconds, minutes, hours, days."""
    assert [duration(s) for s in (45, 720, 12_240, 181_440)] == ["45 s", "12 min", "3.4 h", "2.1 d"]
