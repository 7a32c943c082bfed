"""Young trees on trial, in a closed loop: the same trees in the same weather, watered by our plan and by the fixed one.

Each working day the planner is asked; a tanker pours what it says two hours later, and its crew presses the button.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from statistics import fmean
from zoneinfo import ZoneInfo

from bench.detectors.listen import Heard, Listener, inventory_of
from bench.detectors.score import DAY_MS, HOUR_MS, Against, Claim, Fact, Figure, Score, judge, runs_of
from bench.detectors.trial import Trial
from pipeline.domain.plans.watering import watering_plan
from pipeline.domain.words import Report
from simulators.fleet import Sensor
from simulators.life import lives
from simulators.physics.soil import STRESS_NFK, SoilPlace
from simulators.plan import Asset, Plan, Shares
from simulators.plan_builder import build_plan
from simulators.process import Process
from simulators.scenarios import ORDINARY
from simulators.truth import TruthRow

FIRST_DAY = date(2026, 4, 1)
"""The fixed plan's season begins."""
SEASON_DAYS = 183
_BERLIN = ZoneInfo("Europe/Berlin")
_PLAN_HOUR = 6
_POUR_AFTER_MS = 2 * HOUR_MS
_DEVICES_A_TREE = 3
UNCLEAR_NFK = 45.0


@dataclass(slots=True)
class Garden:
    """The trees on trial: our world and, without any devices, that of the fixed plan."""

    trial: Trial
    ours: Mapping[str, SoilPlace]
    fixed: Mapping[str, SoilPlace]


def make_garden(seed: int, trees: int, days: int) -> Garden:
    """So many trees with probes and their siblings without; rain gauges around them."""
    shares = Shares(waste_bin=0.0, parking_bay=0.0, soil=0.94, valve=0.0, weather=0.06)
    plan = build_plan(seed, max(_DEVICES_A_TREE * trees, 30), shares=shares)
    start_ms = round(datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=_BERLIN).timestamp() * 1000)
    end_ms = start_ms + days * DAY_MS
    chosen = _chosen(plan, trees)
    everyone = _all_watched(plan, chosen)
    fixed = _soil(lives(everyone, start_ms, end_ms, hourly=False), chosen)
    nobody = replace(everyone, assets={name: _unplanned(asset) for name, asset in plan.assets.items()})
    made = lives(nobody, start_ms, end_ms)
    stations = {name: process for name, process in made.items() if name.startswith("station-")}
    ours = _soil(made, chosen)
    processes: dict[str, Process] = {**ours, **stations}
    return Garden(Trial(plan, start_ms, days, ORDINARY, processes=processes), ours, fixed)


def _chosen(plan: Plan, trees: int) -> list[str]:
    """Trees that a tanker waters: the first ones with probes, and their siblings."""
    watched = {sensor.asset for sensor in plan.sensors}
    probed = [a.id for a in plan.assets.values() if a.id in watched and "standing_year" in a.attributes]
    free = [name for name in probed if "valve" not in plan.assets[name].attributes][:trees]
    return free + [name for name in plan.assets if any(name.startswith(f"{tree}-s") for tree in free)]


def _all_watched(plan: Plan, trees: Sequence[str]) -> Plan:
    """The plan as if every tree had a probe, so that each has a life."""
    watched = {sensor.asset for sensor in plan.sensors}
    some = next(sensor for sensor in plan.sensors if sensor.kind == "soil")
    more: list[Sensor] = [replace(some, asset=tree) for tree in trees if tree not in watched]
    return replace(plan, fleet=replace(plan.fleet, sensors=(*plan.sensors, *more)))


def _unplanned(asset: Asset) -> Asset:
    return replace(asset, attributes={k: v for k, v in asset.attributes.items() if k != "standing_year"})


def _soil(processes: Mapping[str, Process], trees: Sequence[str]) -> dict[str, SoilPlace]:
    found = {tree: processes[tree] for tree in trees}
    return {tree: process for tree, process in found.items() if isinstance(process, SoilPlace)}


def listen(garden: Garden) -> Heard:
    """The season: the detectors hear the probes, the plan is asked each working day, and the tanker follows it."""
    trial = garden.trial
    listener = Listener(inventory_of(trial.document), trial.start_ms)
    day = FIRST_DAY
    while (now := _at(day, _PLAN_HOUR)) < trial.end_ms:
        for message in trial.messages(now):
            listener.hear(*message)
        listener.pass_time(now)
        if day.weekday() < 5:
            for need in watering_plan(listener.view("soil", "valve", "weather")):
                if need.litres > 0 and need.asset in garden.ours:
                    pour_ms = now + _POUR_AFTER_MS
                    garden.ours[need.asset].water(pour_ms, need.litres)
                    listener.report(need.asset, Report(pour_ms, pour_ms, "watered", {"litres": round(need.litres, 1)}))
        day += timedelta(days=1)
    for message in trial.messages(trial.end_ms):
        listener.hear(*message)
    return listener.finish()


def _at(day: date, hour: int) -> int:
    return round(datetime(day.year, day.month, day.day, hour, tzinfo=_BERLIN).astimezone(UTC).timestamp() * 1000)


def score(garden: Garden, heard: Heard, truth: Sequence[TruthRow]) -> dict[str, Figure]:
    """Litres, visits and stress days of both plans, and the detector's dry spells against the true ones."""
    end_ms = garden.trial.end_ms
    for place in garden.fixed.values():
        place.advance(end_ms)
    theirs = [row for place in garden.fixed.values() for row in place.take_truth()]
    mine = [row for row in truth if row.asset in garden.ours]
    amounts = [*_amounts(mine, ""), *_amounts(theirs, "fixed_")]
    return {"watering": Against(len(garden.ours), tuple(amounts)), "dry_stress": judge_stress(heard, mine, end_ms)}


def _amounts(rows: Sequence[TruthRow], of_whom: str) -> list[tuple[str, float]]:
    watered = [float(row.values["litres"]) for row in rows if row.kind == "watered"]
    stress = sum(row.kind == "stress_day" for row in rows)
    return [
        (f"{of_whom}litres", sum(watered)),
        (f"{of_whom}visits", float(len(watered))),
        (f"{of_whom}stress_days", float(stress)),
    ]


def judge_stress(heard: Heard, truth: Sequence[TruthRow], end_ms: int) -> Score:
    """Dry spells of trees with probes: two days and more in which the root zone is below the stress line on the mean,
    against the events. Below 45 %nFK it is a matter of which depth one asks; an event may begin two days before."""
    days: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in truth:
        if row.kind == "soil" and row.asset in heard.quantities:
            days[row.asset][row.start_ms // DAY_MS].append(float(row.values["nfk"]))
    facts = []
    for asset, found in days.items():
        means = {day: fmean(values) for day, values in found.items()}
        for first, last in runs_of((day for day, nfk in means.items() if nfk < UNCLEAR_NFK), 1):
            dry = [day for day in range(first, last + 1) if means[day] < STRESS_NFK]
            start_ms, until_ms = (dry[0] if dry else first) * DAY_MS, (last + 1) * DAY_MS
            counts = len(dry) >= 2 and start_ms < end_ms - 3 * DAY_MS
            facts.append(Fact(asset, start_ms, (first - 2) * DAY_MS, until_ms, counts))
    claims = [Claim(e.asset, e.start_ms, heard.told_ms[e.id]) for e in heard.of("dry_stress")]
    return judge(facts, claims, several=True).score
