"""How good the detectors are, on cities that nobody tuned on: `python -m bench.detectors [--write] [--quick]`.

Nobody may tune anything on these seeds; use 1 to 20 for that.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.detectors import parking, routes, waste, watering
from bench.detectors.score import DAY_MS, Figure, add
from bench.detectors.table import placed, render

README = Path(__file__).parent.parent.parent / "README.md"
FIRST_SEED = 1001


@dataclass(frozen=True, slots=True)
class Size:
    """One vertical: so many cities (seeds) of so many things for so many days."""

    cities: int
    things: int
    days: int


SIZES: Mapping[str, Size] = {
    "waste": Size(3, 60, 56),
    "parking": Size(3, 90, 22),
    "watering": Size(4, 10, watering.SEASON_DAYS),
}
QUICK: Mapping[str, Size] = {
    "waste": Size(1, 30, 21),
    "parking": Size(1, 40, 13),
    "watering": Size(1, 4, 90),
}


def waste_figures(seed: int, bins: int, days: int) -> dict[str, Figure]:
    """Bins of one city."""
    trial = waste.make_trial(seed, bins, days)
    heard, mornings = waste.listen(trial)
    trial.close()
    start_ms = trial.start_ms + waste.WARM_UP_DAYS * DAY_MS
    found = waste.score(trial, heard, start_ms)
    return found | {"route": routes.score(mornings)}


def parking_figures(seed: int, bays: int, days: int) -> dict[str, Figure]:
    """Bays of one city."""
    trial = parking.make_trial(seed, bays, days)
    _, answers = parking.listen(trial)
    trial.close()
    return parking.score(trial.plan, answers, trial.truth(), trial.end_ms)


def watering_figures(seed: int, trees: int, days: int) -> dict[str, Figure]:
    """Trees of one city."""
    garden = watering.make_garden(seed, trees, days)
    heard = watering.listen(garden)
    garden.trial.close()
    return watering.score(garden, heard, garden.trial.truth())


RUN: Mapping[str, Callable[[int, int, int], dict[str, Figure]]] = {
    "watering": watering_figures,  # the longest ones first
    "waste": waste_figures,
    "parking": parking_figures,
}


def jobs(sizes: Mapping[str, Size]) -> list[tuple[str, partial[dict[str, Figure]]]]:
    """Every city to be simulated: its vertical, and what runs it."""
    return [
        (f"{name} {seed}", partial(run, seed, sizes[name].things, sizes[name].days))
        for name, run in RUN.items()
        for seed in seeds(name, sizes)
    ]


def seeds(name: str, sizes: Mapping[str, Size]) -> list[int]:
    """A vertical's seeds: no two trials share one."""
    first = FIRST_SEED + 100 * list(SIZES).index(name)
    return list(range(first, first + sizes[name].cities))


def run_all(sizes: Mapping[str, Size], workers: int) -> dict[str, Figure]:
    """Every trial, and its figures together."""
    with ProcessPoolExecutor(workers) as pool:
        waiting = [(name, pool.submit(job)) for name, job in jobs(sizes)]
        parts = []
        for name, future in waiting:
            parts.append(future.result())
            print(f"done: {name}", file=sys.stderr, flush=True)
    return add(parts)


def about(sizes: Mapping[str, Size], took_s: float) -> list[str]:
    """What was run, for below the tables."""
    words = {"waste": "bins", "parking": "bays", "watering": "trees with probes, and their siblings without,"}
    each = "; ".join(
        f"{s.cities} cities with {s.things} {words[name]} for {s.days} days"
        f" (seeds {seeds(name, sizes)[0]} to {seeds(name, sizes)[-1]})"
        for name, s in sizes.items()
    )
    return [
        f"Run: {each}; {took_s / 60:.1f} minutes in all. Nobody tunes on these seeds.",
        "",
        f"Emptyings and misses of bins below {waste.LEAST_LEVEL:.0f} % count for nothing. A bin's error is the median"
        " of the forecasts made so long before it is full (or would be, had no lorry come), the coverage that of"
        " forecasts which say about so long; naive: the last day's rate goes on. Errors of free spaces are means in %"
        f" of the zone's spaces with {parking.FAULTY:.0%} of the sensors faulty; naive: every sensor is believed, and"
        " nothing changes.",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials and print the tables. 1 when the README has no place for them."""
    parser = argparse.ArgumentParser(prog="python -m bench.detectors", description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the tables into README.md, too")
    parser.add_argument("--quick", action="store_true", help="a small slice, to see that it runs")
    parser.add_argument("--workers", type=int, default=2, help="processes at once (default 2)")
    options = parser.parse_args(arguments)
    sizes = QUICK if options.quick else SIZES
    started = time.monotonic()
    figures = run_all(sizes, options.workers)
    tables = render(figures, about(sizes, time.monotonic() - started))
    print(tables)
    if options.write:
        try:
            README.write_text(placed(README.read_text(encoding="utf-8"), tables), encoding="utf-8")
        except ValueError as error:
            print(f"README.md: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
