"""Bins on trial: emptied, missed, full, fire, tilt, stuck, and when a bin will be full; today's list and its way."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from bench.detectors.listen import Heard, Listener, inventory_of
from bench.detectors.routes import Morning, ways_of
from bench.detectors.score import DAY_MS, HOUR_MS, Claim, Errors, Fact, Figure, Verdict, judge, runs_of
from bench.detectors.trial import Trial
from simulators.life import VESSELS, lives
from simulators.physics.calendar import local_hour
from simulators.physics.landuse import LAND_USES
from simulators.physics.waste import WasteBin
from simulators.plan import Plan, Shares
from simulators.plan_builder import build_plan
from simulators.scenarios import Scenario
from simulators.truth import TruthRow

START_MS = 1_775_080_800_000
"""Thursday 2026-04-02, midnight in Berlin."""
WARM_UP_DAYS = 14
"""Of so many days nothing is scored: a city's detectors have years to learn, ours have weeks."""
SCENARIO = Scenario("bench", "ordinary faults, and fires often enough to count them", rates={"fire": 15.0})
EARLY_MS, LATE_MS = 30 * 60_000, 3 * HOUR_MS
"""An emptying may be told to have been this much earlier or later than it was; later still when no level came in."""
LEAST_LEVEL = 10.0
"""Emptyings of bins less full than this (%) count for nothing: no sensor sees them surely, and nobody minds."""
HORIZONS_H = (2, 12, 24)
ROUTES_EVERY_DAYS = 3
DERIVED = ("time_to_full", "time_to_full_low", "time_to_full_high")
_FORECAST_AGE_MS = 3 * HOUR_MS
_MOST_H = 28 * 24.0
_NAIVE_MS = DAY_MS
_FALL = 15.0


def make_trial(seed: int, bins: int, days: int) -> Trial:
    """A city of bins alone."""
    shares = Shares(waste_bin=1.0, parking_bay=0.0, soil=0.0, valve=0.0, weather=0.0)
    plan = build_plan(seed, max(bins + 4, 30), shares=shares)
    end_ms = START_MS + days * DAY_MS
    processes = lives(plan, START_MS, end_ms, SCENARIO)
    own = {name: process for name, process in processes.items() if name.startswith("bin-")}
    return Trial(plan, START_MS, days, SCENARIO, processes=own)


def listen(trial: Trial) -> tuple[Heard, list[Morning]]:
    """The detectors hear the whole trial; after the warm-up today's list is asked for on every third morning."""
    listener = Listener(inventory_of(trial.document), trial.start_ms, DERIVED)
    mornings = []
    for at in range(trial.start_ms + 6 * HOUR_MS, trial.end_ms + 1, 6 * HOUR_MS):
        for message in trial.messages(at):
            listener.hear(*message)
        listener.pass_time(at)
        days, hour = divmod((at - trial.start_ms) // HOUR_MS, 24)
        if days >= WARM_UP_DAYS and days % ROUTES_EVERY_DAYS == 0 and hour == 6:
            mornings.append(ways_of(listener.view("waste_bin")))
    return listener.finish(), mornings


def score(trial: Trial, heard: Heard, start_ms: int) -> dict[str, Figure]:
    """Every figure of bins, for the time from `start_ms` on."""
    truth = trial.truth()
    figures: dict[str, Figure] = {name: v.score for name, v in verdicts(heard, truth, start_ms, trial.end_ms).items()}
    uses = {name: one.plan.land_use for name, one in trial.processes.items() if isinstance(one, WasteBin)}
    return figures | dict(forecast_errors(trial.plan, uses, heard, truth, start_ms, trial.end_ms))


def verdicts(heard: Heard, truth: Sequence[TruthRow], start_ms: int, end_ms: int) -> dict[str, Verdict]:
    """Each detector's claims against what happened."""
    rows: dict[str, list[TruthRow]] = defaultdict(list)
    for row in truth:
        rows[row.kind].append(row)
    levels = hourly(rows["fill"], "fill_level")
    lying = [*rows["knocked_over"], *rows["lid_open"], *rows["tilted"]]
    facts = {
        "emptied": emptied_facts(rows["emptied"], heard, end_ms),
        "missed_collection": missed_facts(rows["missed_collection"], levels, heard),
        "overflow": full_facts(levels, heard),
        "fire": spell_facts(rows["fire"], heard, ("fire_alarm", "device_temperature"), 0.0),
        "tilt": spell_facts(lying, heard, ("tilt_alarm",), 2.0),
        "stuck": spell_facts(rows["stuck"], heard, ("distance", "fill_level"), 48.0, before_ms=12 * HOUR_MS),
    }
    found = {}
    for kind, every in facts.items():
        scored = [fact for fact in every if start_ms <= fact.at_ms < end_ms - DAY_MS]
        outside = [blind(fact) for fact in every if not start_ms <= fact.at_ms < end_ms - DAY_MS]
        claims = [c for c in claims_of(heard, kind) if start_ms <= c.start_ms < end_ms - DAY_MS]
        found[kind] = judge([*scored, *outside], claims, several=kind not in ("emptied", "missed_collection"))
    return found


def claims_of(heard: Heard, kind: str) -> list[Claim]:
    """What stands of a kind."""
    return [Claim(event.asset, event.start_ms, heard.told_ms[event.id]) for event in heard.of(kind)]


def blind(fact: Fact) -> Fact:
    """The fact as one that doesn't count."""
    return Fact(fact.asset, fact.at_ms, fact.from_ms, fact.until_ms, counts=False)


def emptied_facts(rows: Iterable[TruthRow], heard: Heard, end_ms: int) -> list[Fact]:
    """Emptyings; the window ends three hours after the first level that came in after it."""
    facts = []
    for row in rows:
        seen = heard.next_level_ms(row.asset, row.start_ms)
        until = max(seen if seen is not None else end_ms, row.start_ms) + LATE_MS
        counts = float(row.values["fill_before"]) >= LEAST_LEVEL and seen is not None
        facts.append(Fact(row.asset, row.start_ms, row.start_ms - EARLY_MS, until, counts))
    return facts


def missed_facts(rows: Iterable[TruthRow], levels: "Mapping[str, Hourly]", heard: Heard) -> list[Fact]:
    """Collections that didn't come, of bins that held something and whose sensor spoke on that day and the next."""
    facts = []
    for row in rows:
        held = levels[row.asset].at(row.start_ms) if row.asset in levels else None
        seen = heard.next_level_ms(row.asset, row.start_ms)
        counts = held is not None and held >= LEAST_LEVEL and seen is not None and seen <= row.start_ms + DAY_MS
        facts.append(Fact(row.asset, row.start_ms, row.start_ms - 12 * HOUR_MS, row.start_ms + 12 * HOUR_MS, counts))
    return facts


def full_facts(levels: "Mapping[str, Hourly]", heard: Heard) -> list[Fact]:
    """Times in which a bin was full as its sensor sees it (99 % and more for three hours); above 88 % it is a matter of
    taste."""
    facts = []
    for asset, known in levels.items():
        pairs = list(zip(known.times, known.values, strict=True))
        for first, last in runs_of((at for at, level in pairs if level >= 88.0), HOUR_MS):
            within = [(at, level) for at, level in pairs if first <= at <= last]
            seen = heard.next_level_ms(asset, first)
            counts = sum(level >= 99.0 for _, level in within) >= 3 and seen is not None and seen < last
            begin = next((at for at, level in within if level >= 95.0), first)
            facts.append(Fact(asset, begin, first - 3 * HOUR_MS, last + 4 * HOUR_MS, counts))
    return facts


def spell_facts(
    rows: Iterable[TruthRow], heard: Heard, quantities: Sequence[str], least_h: float, before_ms: int = EARLY_MS
) -> list[Fact]:
    """Things that last; shorter ones, and those on assets whose devices don't tell such things, count for nothing."""
    facts = []
    for row in rows:
        able = any(name in heard.quantities.get(row.asset, ()) for name in quantities)
        end = row.end_ms if row.end_ms is not None else row.start_ms + 30 * DAY_MS
        counts = able and end - row.start_ms >= least_h * HOUR_MS
        facts.append(Fact(row.asset, row.start_ms, row.start_ms - before_ms, end + LATE_MS, counts))
    return facts


class Hourly:
    """One value at each full hour."""

    __slots__ = ("times", "values")

    def __init__(self) -> None:
        self.times: list[int] = []
        self.values: list[float] = []

    def at(self, time_ms: int) -> float | None:
        """The value of the last full hour; None before the first."""
        place = bisect_right(self.times, time_ms)
        return self.values[place - 1] if place else None


def hourly(rows: Iterable[TruthRow], name: str) -> dict[str, Hourly]:
    """A value of hourly rows by asset."""
    found: dict[str, Hourly] = defaultdict(Hourly)
    for row in rows:
        found[row.asset].times.append(row.start_ms)
        found[row.asset].values.append(float(row.values[name]))
    return found


# -- when a bin will be full -------------------------------------------------------------------------------------------


def forecast_errors(
    plan: Plan, land_uses: Mapping[str, str], heard: Heard, truth: Sequence[TruthRow], start_ms: int, end_ms: int
) -> dict[str, Errors]:
    """Errors in h of the forecasts made 2, 12 and 24 h before a bin is full, whether a lorry comes before or not; and
    the coverage of the intervals of forecasts that say about so long (of them all: `time_to_full`)."""
    volumes = hourly((row for row in truth if row.kind == "fill"), "fill_volume")
    taken: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for row in truth:
        if row.kind == "emptied":
            taken[row.asset].append((row.start_ms, float(row.values["litres"])))
    total = {name: Errors() for name in ("time_to_full", *(f"time_to_full_{h}" for h in HORIZONS_H))}
    for asset, known in volumes.items():
        box = plan.assets[asset].container
        if box is None or asset not in heard.derived:
            continue
        vessel = VESSELS[box.shape]
        full = 100 * vessel.volume_of(vessel.empty_mm - vessel.full_mm) / vessel.volume_l
        truly = Filling(known, taken[asset], vessel.volume_l, full, land_uses[asset])
        for name, errors in _asset_errors(heard, asset, truly, start_ms, end_ms).items():
            total[name] = total[name] + errors
    return total


class Filling:
    """How a bin would have filled without any lorry: what was brought, hour by hour."""

    def __init__(
        self,
        volume: Hourly,
        taken: Sequence[tuple[int, float]],
        volume_l: float,
        full: float,
        land_use: str = "residential",
    ) -> None:
        """`volume`: percent of the container; `taken`: times and litres of the emptyings; `full`: percent at which the
        sensor says full; `land_use`: of the physics."""
        self._times, self._volume, self._full = volume.times, volume.values, full
        removed = [0.0] * len(volume.times)
        for at, litres in taken:
            place = bisect_left(volume.times, at)
            if place < len(removed):
                removed[place] += 100 * litres / volume_l
        brought = [self._volume[0]]
        brought += [b - a + r for a, b, r in zip(self._volume, self._volume[1:], removed[1:], strict=False)]
        self._brought = list(accumulate(brought))
        self._most = list(accumulate(self._brought, max))
        shares = [_lively(land_use, at) for at in self._times]
        scale = max(self._brought[-1] - self._brought[0], 0.01) / sum(shares)
        self._expected = list(accumulate((share * scale for share in shares), initial=0.0))[:-1]

    def hours_left(self, time_ms: int) -> float | None:
        """Hours from a full hour until the bin would be full; 0 when it is; None when the trial ends before."""
        place = bisect_right(self._times, time_ms) - 1
        return self._reach(place, self._brought, self._most) if place >= 0 else None

    def hours_expected(self, time_ms: int) -> float | None:
        """The same as somebody would expect who knows the true level and the true mean rates, but not the weather."""
        place = bisect_right(self._times, time_ms) - 1
        return self._reach(place, self._expected, self._expected) if place >= 0 else None

    def _reach(self, place: int, brought: Sequence[float], most: Sequence[float]) -> float | None:
        if self._volume[place] >= self._full:
            return 0.0
        goal = brought[place] + self._full - self._volume[place]
        found = bisect_left(most, goal, lo=place + 1)
        if found >= len(most):
            return None
        before, after = max(most[found - 1], brought[place]), most[found]
        part = (goal - before) / (after - before) if after > before else 1.0
        return found - 1 - place + min(max(part, 0.0), 1.0)


def _lively(land_use: str, time_ms: int) -> float:
    now = local_hour(time_ms)
    return LAND_USES[land_use].share(now.weekday, now.hour)


def _asset_errors(heard: Heard, asset: str, truly: Filling, start_ms: int, end_ms: int) -> dict[str, Errors]:
    told = sorted(heard.derived[asset], key=lambda one: one[0])
    times = [at for at, _ in told]
    measured = sorted(heard.levels.get(asset, []))
    found: dict[str, Errors] = defaultdict(Errors)
    for at in range(start_ms, end_ms, HOUR_MS):
        place = bisect_right(times, at) - 1
        left = truly.hours_left(at)
        if place < 0 or at - times[place] > _FORECAST_AGE_MS or not left:
            continue
        age = (at - times[place]) / HOUR_MS
        said, low, high = (max(float(told[place][1][name]) - age, 0.0) for name in DERIVED)
        held = Errors(inside=int(low <= left <= high), intervals=1)
        sixth = at // HOUR_MS % 6 == 0
        if sixth and 1.0 <= said <= 72.0:
            found["time_to_full"] += held
        for hours in HORIZONS_H:
            name = f"time_to_full_{hours}"
            if hours - 0.5 < left <= hours + 0.5:
                naive, best = naive_hours(measured, at), truly.hours_expected(at)
                others = (() if other is None else (abs(other - left),) for other in (naive, best))
                found[name] += Errors((abs(said - left),), next(others), knowing=next(others))
            if sixth and 0.75 * hours <= said <= 1.25 * hours:
                found[name] += held
    return found


def naive_hours(measured: Sequence[tuple[int, float]], at_ms: int) -> float | None:
    """The last rate goes on: the growth of the last day, or since the last fall in it; None without two levels."""
    end = bisect_right(measured, (at_ms, float("inf")))
    begin = bisect_left(measured, (at_ms - _NAIVE_MS, 0.0))
    window = measured[begin:end]
    for place in range(len(window) - 1, 0, -1):
        if window[place][1] < window[place - 1][1] - _FALL:
            window = window[place:]
            break
    if len(window) < 2 or window[0][0] == window[-1][0]:
        return None
    (first_ms, first), (last_ms, last) = window[0], window[-1]
    rate = (last - first) / ((last_ms - first_ms) / HOUR_MS)
    return min((100.0 - last) / rate, _MOST_H) if rate > 0 else _MOST_H
