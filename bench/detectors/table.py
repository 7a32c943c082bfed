"""The figures as Markdown tables with their targets, and their place in the README."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.detectors.score import Against, Errors, Figure, Score
from pipeline.domain.waste.forecast import NOMINAL

BEGIN, END = "<!-- bench-detectors: written by make bench-detectors -->", "<!-- /bench-detectors -->"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the table: what it is called, its key, its target in words, and whether it is met."""

    name: str
    key: str
    target: str = ""
    met: Callable[[Figure], bool] | None = None
    unit: str = ""


def _at_least(**wanted: float) -> Callable[[Figure], bool]:
    return lambda figure: all((getattr(figure, name) or 0.0) >= value for name, value in wanted.items())


def _at_most(name: str, most: float) -> Callable[[Figure], bool]:
    def met(figure: Figure) -> bool:
        value = getattr(figure, name)
        return value is not None and value <= most

    return met


def _covers(figure: Figure) -> bool:
    return isinstance(figure, Errors) and figure.coverage is not None and abs(figure.coverage - NOMINAL) <= 0.05


DETECTORS = (
    Row("bin emptied", "emptied", "F1 >= 0.98", _at_least(f1=0.98)),
    Row(
        "collection missed",
        "missed_collection",
        "recall >= 0.95 at precision >= 0.9",
        _at_least(recall=0.95, precision=0.9),
    ),
    Row("bin full", "overflow"),
    Row("fire", "fire"),
    Row("bin tilted or open", "tilt"),
    Row("level sensor stuck", "stuck"),
    Row("tree in drought stress", "dry_stress"),
    Row("bay sensor stuck", "stuck_bay", "precision >= 0.95", _at_least(precision=0.95)),
    Row("the same, blocked bays counted as mistakes", "stuck_bay_strict"),
    Row("bay sensor faulty in any way", "faulty_bay"),
)
FORECASTS = (
    Row("bin full in 2 h", "time_to_full_2", unit="h"),
    Row("bin full in 12 h", "time_to_full_12", unit="h"),
    Row("bin full in 24 h", "time_to_full_24", "error <= 4 h", _at_most("median", 4.0), "h"),
    Row("bin full in 1 to 72 h", "time_to_full", f"coverage {NOMINAL:.0%} +- 5 points", _covers, "h"),
)
ZONES = (
    Row("free spaces now", "free_count", "error <= 5 %", _at_most("mean", 5.0), "%"),
    Row("free spaces in 30 min", "forecast_30", unit="%"),
    Row("free spaces in 60 min", "forecast_60", unit="%"),
)
_NOTHING = "-"


def render(figures: Mapping[str, Figure], about: Sequence[str]) -> str:
    """The tables, and lines about the run below them."""
    parts = [
        _table(
            ("detector", "cases", "precision", "recall", "F1", "median delay", "target", "met"),
            [_score_row(row, figures.get(row.key)) for row in DETECTORS],
        ),
        _table(
            ("forecast", "cases", "error", "naive", "knowing the mean rates", "interval holds", "target", "met"),
            [
                *(_errors_row(row, figures.get(row.key), "median") for row in FORECASTS),
                *(_errors_row(row, figures.get(row.key), "mean") for row in ZONES),
            ],
        ),
        _table(("plan", "cases", "ours", "against", "saved", "target", "met"), _plan_rows(figures)),
        *_notes(figures),
        "\n".join(about),
    ]
    return "\n\n".join(parts) + "\n"


WHY: Mapping[str, str] = {
    "emptied": "Sensors that are stuck, swapped or silent see no lorry, and a bin that fills up at once hides it.",
    "missed_collection": "The false ones are emptyings that nobody saw: sensors that are swapped between two bins,"
    " biased or stuck, and bins that fill up again within the hour.",
    "stuck_bay": "A bay that is rarely used looks like a stuck sensor.",
    "free_count": "Faulty sensors weigh much in small zones.",
}
"""What a missed target is owed to, as far as the cases show."""


def _notes(figures: Mapping[str, Figure]) -> list[str]:
    """Why targets were missed."""
    missed = [row for row in (*DETECTORS, *FORECASTS, *ZONES) if _met(row, figures.get(row.key))[1] == "**no**"]
    notes = [f"Why: {row.name}: {WHY[row.key]}" for row in missed if row.key in WHY]
    for row in missed:
        figure = figures[row.key]
        if isinstance(figure, Errors) and figure.knowing_median is not None and row.key not in WHY:
            notes.append(
                f"Why: {row.name}: deposits come by chance. Who knows the true level and each bin's true mean rate by"
                f" weekday and hour, but not the weather, errs by {figure.knowing_median:.1f} h."
            )
    return notes


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _met(row: Row, figure: Figure | None) -> tuple[str, str]:
    if row.met is None or figure is None:
        return row.target or _NOTHING, _NOTHING
    return row.target, "yes" if row.met(figure) else "**no**"


def _score_row(row: Row, figure: Figure | None) -> list[str]:
    if not isinstance(figure, Score):
        return [row.name, "0", *[_NOTHING] * 4, *_met(row, None)]
    shares = (figure.precision, figure.recall, figure.f1)
    delay = _NOTHING if figure.delay_s is None else duration(figure.delay_s)
    cases = str(figure.hits + figure.missed)
    return [row.name, cases, *(_number(share, 3) for share in shares), delay, *_met(row, figure)]


def _errors_row(row: Row, figure: Figure | None, which: str) -> list[str]:
    if not isinstance(figure, Errors):
        return [row.name, "0", *[_NOTHING] * 4, *_met(row, None)]
    own = figure.median if which == "median" else figure.mean
    naive = figure.naive_median if which == "median" else figure.naive_mean
    covered = _NOTHING if figure.coverage is None else f"{figure.coverage:.0%} of {figure.intervals}"
    cases = str(len(figure.errors) or figure.intervals)
    numbers = (_number(value, 1, row.unit) for value in (own, naive, figure.knowing_median))
    return [row.name, cases, *numbers, covered, *_met(row, figure)]


def _plan_rows(figures: Mapping[str, Figure]) -> list[list[str]]:
    rows = []
    water, route = figures.get("watering"), figures.get("route")
    if isinstance(water, Against):
        saved = 1 - (water.share("litres", "fixed_litres") or 0.0)
        fewer = water.of("stress_days") <= water.of("fixed_stress_days")
        rows.append([
            "litres for young trees against the fixed plan", f"{water.n} trees", f"{water.of('litres'):,.0f} L",
            f"{water.of('fixed_litres'):,.0f} L", f"{saved:.0%}", "saves >= 30 % at no more stress days",
            "yes" if saved >= 0.3 and fewer else "**no**",
        ])  # fmt: skip
        rows.append([
            "days of stress of these trees", f"{water.n} trees", f"{water.of('stress_days'):.0f}",
            f"{water.of('fixed_stress_days'):.0f}", _NOTHING, _NOTHING, _NOTHING,
        ])  # fmt: skip
    if isinstance(route, Against):
        days = f"{route.n} days"
        for name, key in (
            ("way through today's list against always driving to the nearest bin", "nearest_km"),
            ("the same against the bins of the fixed plan", "due_km"),
            ("the same against all bins", "everything_km"),
        ):
            share = route.share("listed_km", key)
            saved_way = _NOTHING if share is None else f"{1 - share:.0%}"
            ours, others = f"{route.of('listed_km'):.0f} km", f"{route.of(key):.0f} km"
            rows.append([name, days, ours, others, saved_way, _NOTHING, _NOTHING])
    return rows


def _number(value: float | None, digits: int, unit: str = "") -> str:
    return _NOTHING if value is None else f"{value:.{digits}f}{f' {unit}' if unit else ''}"


def duration(seconds: float) -> str:
    """Seconds for people: `45 s`, `12 min`, `3.4 h`, `2.1 d`."""
    for limit, unit, size in ((90, "s", 1), (90 * 60, "min", 60), (48 * 3600, "h", 3600)):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}" if unit != "h" else f"{seconds / size:.1f} h"
    return f"{seconds / 86_400:.1f} d"


def placed(text: str, tables: str) -> str:
    """A document with the tables between its two markers. ValueError where they are missing or doubled."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
        raise ValueError(f"the document needs each of these lines once: {BEGIN} and {END}")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{tables}\n{END}{after}"
