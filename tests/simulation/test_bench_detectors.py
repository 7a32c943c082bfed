"""The bench of detectors: they never see the truth, and a small slice of it holds together."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.detectors import parking, routes, waste, watering
from bench.detectors.__main__ import README, SIZES, seeds
from bench.detectors.score import DAY_MS, Errors, Score
from bench.detectors.table import BEGIN, END, render
from bench.detectors.trial import TruthSealedError

ROOT = Path(__file__).parent.parent.parent
TUNED = 3
"""A seed that anybody may look at."""


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def reached(module: str, known: set[str]) -> set[str]:
    """The module and all of ours that it imports, however far."""
    path = ROOT / f"{module.replace('.', '/')}.py"
    path = path if path.exists() else ROOT / module.replace(".", "/") / "__init__.py"
    if module in known or not path.exists():
        return known
    known.add(module)
    for name in imported(path):
        reached(name, known)
    return known


def test_detectors_and_their_listener_never_reach_the_simulator() -> None:
    """Neither the domain logic nor what runs it in the bench imports a simulator, directly or through anything."""
    domain = [
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for path in (ROOT / "pipeline" / "domain").rglob("*.py")
    ]
    found: set[str] = set()
    for module in (*domain, "bench.detectors.listen"):
        reached(module, found)
    assert "pipeline.domain.keeper" in found and "pipeline.domain.waste.detector" in found
    assert not [module for module in found if module.partition(".")[0] == "simulators"]
    assert not [name for name in found if "truth" in name]


def test_the_truth_is_sealed_until_the_last_message_was_taken() -> None:
    """Asking early is an error, also for a trial of which a message is still to come."""
    trial = waste.make_trial(TUNED, 26, 1)
    with pytest.raises(TruthSealedError):
        trial.truth()
    assert next(trial.messages(trial.end_ms))
    with pytest.raises(TruthSealedError):
        trial.close()
    for _ in trial.messages(trial.end_ms):
        pass
    with pytest.raises(TruthSealedError):
        trial.truth()
    trial.close()
    assert {row.kind for row in trial.truth()} >= {"fill", "emptied"}


def test_no_trial_shares_a_seed_and_none_is_one_to_tune_on() -> None:
    """Seeds 1 to 20 are for tuning; those of the bench are its own."""
    every = [seed for name in SIZES for seed in seeds(name, SIZES)]
    assert len(set(every)) == len(every) and min(every) >= 1001


def test_a_slice_of_bins() -> None:
    """Ten days of 26 bins: nearly every emptying is found, the same again gives the same, today's list has a way."""
    trial = waste.make_trial(TUNED, 26, 10)
    listener_heard, mornings = waste.listen(trial)
    trial.close()
    figures = waste.score(trial, listener_heard, trial.start_ms + 3 * DAY_MS)
    emptied = figures["emptied"]
    assert isinstance(emptied, Score) and emptied.hits > 20
    assert emptied.f1 is not None and emptied.f1 > 0.8
    assert emptied.delay_s is not None and emptied.delay_s < 6 * 3600
    every = figures["time_to_full"]
    assert isinstance(every, Errors) and every.intervals > 50 and every.coverage is not None
    assert listener_heard.counts["stored"] > 0.9 * listener_heard.messages
    assert "quarantined" not in listener_heard.counts
    assert mornings == [] and routes.score(mornings).n == 0
    assert "bin emptied" in render(figures, [])


def test_without_their_events_the_same_detectors_score_nothing() -> None:
    """The score looks at what was said: silence misses everything."""
    trial = waste.make_trial(TUNED, 26, 6)
    heard, _ = waste.listen(trial)
    trial.close()
    heard.events.clear()
    verdict = waste.verdicts(heard, trial.truth(), trial.start_ms + DAY_MS, trial.end_ms)["emptied"]
    assert verdict.score.hits == 0 and verdict.score.missed > 10


def test_a_slice_of_bays() -> None:
    """Nine days of 26 bays: counts are of whole zones and not absurd, and the planned faults are in the truth."""
    trial = parking.make_trial(TUNED, 26, 9)
    _, answers = parking.listen(trial)
    trial.close()
    truth = trial.truth()
    figures = parking.score(trial.plan, answers, truth, trial.end_ms)
    counts = figures["free_count"]
    assert isinstance(counts, Errors) and counts.mean is not None and counts.mean < 25
    assert {row.kind for row in truth if row.device} & {"stuck", "silent", "drifting"}
    assert all(sum(zone.count.total for zone in answer.zones) > 0 for answer in answers)


def test_a_slice_of_trees() -> None:
    """Three weeks in April: both plans' water is counted, and our water reaches the soil."""
    garden = watering.make_garden(TUNED, 2, 21)
    heard = watering.listen(garden)
    garden.trial.close()
    truth = garden.trial.truth()
    figures = watering.score(garden, heard, truth)
    water = figures["watering"]
    assert water.n >= 2  # type: ignore[union-attr]
    assert {row.asset for row in truth if row.kind == "watered"} <= set(garden.ours)
    assert heard.counts["stored"] > 100


def test_the_readme_has_a_place_for_the_tables() -> None:
    """`--write` finds its markers."""
    text = README.read_text(encoding="utf-8")
    assert text.count(BEGIN) == 1 and text.count(END) == 1
