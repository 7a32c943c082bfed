"""Scores as pure functions: what was claimed against what happened, forecasts against what came. Times are Unix ms."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that really happened at `at_ms`. A claim that starts within the window, ends included, means it.

    `counts`: False where nobody could know of it, or its bounds are a matter of taste: claims that mean it are right,
    and nothing is missed without one.
    """

    asset: str
    at_ms: int
    from_ms: int
    until_ms: int
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Claim:
    """What a detector stands by in the end: since when it says so, and when it said it first."""

    asset: str
    start_ms: int
    told_ms: int


@dataclass(frozen=True, slots=True)
class Score:
    """Hits, facts that were missed, false claims, and the hits' delays in s from the fact to the first word of it."""

    hits: int = 0
    missed: int = 0
    false: int = 0
    delays_s: tuple[float, ...] = ()

    def __add__(self, other: "Score") -> "Score":
        return Score(
            self.hits + other.hits, self.missed + other.missed, self.false + other.false, self.delays_s + other.delays_s
        )

    @property
    def precision(self) -> float | None:
        """Share of claims that are right; None without claims."""
        return self.hits / (self.hits + self.false) if self.hits + self.false else None

    @property
    def recall(self) -> float | None:
        """Share of facts that were found; None without facts."""
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None where there was nothing to find and nothing was claimed."""
        every = 2 * self.hits + self.missed + self.false
        return 2 * self.hits / every if every else None

    @property
    def delay_s(self) -> float | None:
        """Median delay; None without hits."""
        return median(self.delays_s) if self.delays_s else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A score with the facts that were missed and the claims that were false, to look at."""

    score: Score
    missed: tuple[Fact, ...]
    false: tuple[Claim, ...]


def judge(facts: Iterable[Fact], claims: Iterable[Claim], *, several: bool = False) -> Verdict:
    """Each fact takes the earliest free claim in its window, the fact whose window ends first before the others; facts
    that count go before those that don't. `several`: further claims that mean a fact already found are right, but count
    for nothing.
    """
    free: dict[str, list[Claim]] = defaultdict(list)
    for claim in sorted(claims, key=lambda c: (c.start_ms, c.told_ms)):
        free[claim.asset].append(claim)
    hits = 0
    missed: list[Fact] = []
    delays: list[float] = []
    ordered = sorted(facts, key=lambda f: (not f.counts, f.until_ms, f.from_ms))
    for fact in ordered:
        found = next((c for c in free[fact.asset] if _means(c, fact)), None)
        if found is not None:
            free[fact.asset].remove(found)
        if fact.counts and found is not None:
            hits += 1
            delays.append(max(found.told_ms - fact.at_ms, 0) / 1000)
        elif fact.counts:
            missed.append(fact)
    false = [claim for left in free.values() for claim in left]
    if several:
        false = [c for c in false if not any(f.asset == c.asset and _means(c, f) for f in ordered)]
    return Verdict(Score(hits, len(missed), len(false), tuple(delays)), tuple(missed), tuple(false))


def _means(claim: Claim, fact: Fact) -> bool:
    return fact.from_ms <= claim.start_ms <= fact.until_ms


@dataclass(frozen=True, slots=True)
class Errors:
    """Absolute errors of forecasts and of naive ones for the same cases, and how many intervals held the truth."""

    errors: tuple[float, ...] = ()
    naive: tuple[float, ...] = ()
    inside: int = 0
    intervals: int = 0
    knowing: tuple[float, ...] = ()
    """Errors of forecasts that knew what only the simulator knows: nobody can be much better."""

    def __add__(self, other: "Errors") -> "Errors":
        return Errors(
            self.errors + other.errors,
            self.naive + other.naive,
            self.inside + other.inside,
            self.intervals + other.intervals,
            self.knowing + other.knowing,
        )

    @property
    def median(self) -> float | None:
        """Median absolute error."""
        return median(self.errors) if self.errors else None

    @property
    def mean(self) -> float | None:
        """Mean absolute error."""
        return fmean(self.errors) if self.errors else None

    @property
    def naive_median(self) -> float | None:
        """Median absolute error of the naive forecasts."""
        return median(self.naive) if self.naive else None

    @property
    def knowing_median(self) -> float | None:
        """Median absolute error of the knowing forecasts."""
        return median(self.knowing) if self.knowing else None

    @property
    def naive_mean(self) -> float | None:
        """Mean absolute error of the naive forecasts."""
        return fmean(self.naive) if self.naive else None

    @property
    def coverage(self) -> float | None:
        """Share of intervals that held the truth."""
        return self.inside / self.intervals if self.intervals else None


@dataclass(frozen=True, slots=True)
class Against:
    """An amount of ours and of others for the same task, by name; `n` cases."""

    n: int = 0
    amounts: tuple[tuple[str, float], ...] = ()

    def __add__(self, other: "Against") -> "Against":
        names = list(dict.fromkeys(name for name, _ in (*self.amounts, *other.amounts)))
        return Against(self.n + other.n, tuple((name, self.of(name) + other.of(name)) for name in names))

    def of(self, name: str) -> float:
        """The amount of this name; 0 where there is none."""
        return dict(self.amounts).get(name, 0.0)

    def share(self, name: str, other: str) -> float | None:
        """One amount over another; None over nothing."""
        return self.of(name) / self.of(other) if self.of(other) else None


Figure = Score | Errors | Against


def add(parts: Sequence[dict[str, Figure]]) -> dict[str, Figure]:
    """Figures of several trials by name. TypeError when a name means different things."""
    total: dict[str, Figure] = {}
    for part in parts:
        for name, figure in part.items():
            before = total.get(name)
            if before is None:
                total[name] = figure
            elif type(before) is not type(figure):
                raise TypeError(f"{name} is a {type(before).__name__} and a {type(figure).__name__}")
            else:
                total[name] = before + figure  # type: ignore[operator]
    return total


def runs_of(times_ms: Iterable[int], gap_ms: int) -> list[tuple[int, int]]:
    """First and last of each run of times that follow each other within `gap_ms`."""
    found: list[tuple[int, int]] = []
    for at in sorted(times_ms):
        if found and at - found[-1][1] <= gap_ms:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return found
