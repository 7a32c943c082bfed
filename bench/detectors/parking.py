"""Bays on trial: free spaces of zones, their forecasts, and sensors that are not to be believed, one in ten faulty."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from bench.detectors.listen import Heard, Listener, inventory_of
from bench.detectors.score import DAY_MS, HOUR_MS, Claim, Errors, Fact, Figure, Verdict, judge, runs_of
from bench.detectors.trial import Trial
from pipeline.domain.plans.parking import ZoneParking, parking_plan
from simulators.device_faults import Fault
from simulators.life import lives
from simulators.plan import Plan, Shares
from simulators.plan_builder import build_plan
from simulators.scenarios import Scenario
from simulators.truth import TruthRow

START_MS = 1_775_080_800_000
"""Thursday 2026-04-02, midnight in Berlin."""
WARM_UP_DAYS = 8
SCENARIO = Scenario(
    "bench",
    "ordinary faults but those of single sensors, which the trial plans itself",
    rates=dict.fromkeys(("silent", "stuck", "drifting", "learning", "replaced", "swapped", "rebooting"), 0.0),
)
FAULTY = 0.1
"""Share of the sensors that have a fault from the end of the warm-up to the end of the trial."""
FAULT_KINDS = ("stuck", "stuck", "silent", "drifting")
EVERY_MS = 3 * HOUR_MS
"""Between two questions to the planner."""
AHEAD_MIN = (30, 60)
_STUCK = ("stuck_occupied", "stuck_free", "never_changed")
_LEAST_STUCK_MS = 2 * DAY_MS
_OTHER_FAULTS = ("silent", "drifting")
_DOWN = ("network_server_down", "gateway_down")
_PRIVATE = ("fire_lane", "personal")


def make_trial(seed: int, bays: int, days: int) -> Trial:
    """A city of bays alone, with one sensor in ten faulty."""
    shares = Shares(waste_bin=0.0, parking_bay=1.0, soil=0.0, valve=0.0, weather=0.0)
    plan = build_plan(seed, max(bays + 4, 30), shares=shares)
    end_ms = START_MS + days * DAY_MS
    processes = lives(plan, START_MS, end_ms, SCENARIO)
    own = {name: process for name, process in processes.items() if not name.startswith(("bin-", "bed-", "tree-"))}
    own = {name: process for name, process in own.items() if not name.startswith(("lawn-", "valve-", "station-"))}
    return Trial(plan, START_MS, days, SCENARIO, planned_faults(plan, seed, end_ms), own)


def planned_faults(plan: Plan, seed: int, end_ms: int) -> list[Fault]:
    """One sensor in ten breaks in the two days around the end of the warm-up, and stays so."""
    chance = Random(f"faulty bays {seed}")
    bays = [sensor for sensor in plan.sensors if sensor.kind == "parking_bay"]
    found = []
    for number, sensor in enumerate(chance.sample(bays, round(len(bays) * FAULTY))):
        start = START_MS + WARM_UP_DAYS * DAY_MS + round(chance.uniform(-1, 1) * DAY_MS)
        kind = FAULT_KINDS[number % len(FAULT_KINDS)]
        values = {"per_day": round(chance.uniform(0.04, 0.12), 3)} if kind == "drifting" else {}
        found.append(Fault(kind, sensor.dev_eui, start, end_ms, values))
    return found


@dataclass(frozen=True, slots=True)
class Answer:
    """What the planner said of the zones at a moment."""

    at_ms: int
    zones: tuple[ZoneParking, ...]
    bays: frozenset[str]


def listen(trial: Trial) -> tuple[Heard, list[Answer]]:
    """The detectors hear the whole trial; the planner is asked every three hours after the warm-up."""
    listener = Listener(inventory_of(trial.document), trial.start_ms)
    answers = []
    for at in range(trial.start_ms + EVERY_MS, trial.end_ms + 1, EVERY_MS):
        for message in trial.messages(at):
            listener.hear(*message)
        listener.pass_time(at)
        if at >= trial.start_ms + WARM_UP_DAYS * DAY_MS:
            view = listener.view("parking_bay")
            answers.append(Answer(at, tuple(parking_plan(view, minutes=AHEAD_MIN)), frozenset(view.assets)))
    return listener.finish(), answers


class Occupied:
    """When a bay was really taken or blocked."""

    def __init__(self, rows: Iterable[TruthRow]) -> None:
        self._spans = sorted((row.start_ms, row.end_ms or 2**62) for row in rows)
        self._starts = [start for start, _ in self._spans]

    def at(self, time_ms: int) -> bool:
        """Whether nobody could park there then."""
        place = bisect_right(self._starts, time_ms)
        return any(end > time_ms for _, end in self._spans[max(place - 4, 0) : place])


def score(plan: Plan, answers: Sequence[Answer], truth: Sequence[TruthRow], end_ms: int) -> dict[str, Figure]:
    """Every figure of bays."""
    found: dict[str, Figure] = {}
    for name, verdict in verdicts(answers, truth).items():
        found[name] = verdict.score
    return found | dict(zone_errors(plan, answers, truth, end_ms))


def zone_errors(plan: Plan, answers: Sequence[Answer], truth: Sequence[TruthRow], end_ms: int) -> dict[str, Errors]:
    """Errors of free counts and forecasts in % of each zone's spaces; naive: what the trusted sensors say as it is,
    scaled to the zone, and for forecasts that the estimate stays as it is."""
    taken = _taken(truth)
    bays: dict[str, list[str]] = defaultdict(list)
    for asset in plan.assets.values():
        if asset.kind == "parking_bay" and asset.attributes.get("bay_class") not in _PRIVATE:
            bays[asset.zone.id].append(asset.id)
    counts: list[Errors] = []
    ahead: dict[int, list[Errors]] = {minutes: [] for minutes in AHEAD_MIN}
    for answer in answers:
        for zone in answer.zones:
            mine = bays[zone.zone]
            if zone.count.total != len(mine):
                raise ValueError(f"{zone.zone} has {len(mine)} spaces, the planner says {zone.count.total}")
            if not zone.publishable:
                continue
            share = 100 / len(mine)
            free = _free(mine, taken, answer.at_ms)
            told = zone.count
            raw = _raw_free(answer, zone.zone)
            inside = told.low - 0.5 <= free <= told.high + 0.5
            counts.append(Errors((share * abs(told.estimate - free),), (share * abs(raw - free),), inside, 1))
            for forecast in zone.forecast:
                if forecast.time_ms <= end_ms:
                    then = _free(mine, taken, forecast.time_ms)
                    ahead[forecast.minutes].append(
                        Errors((share * abs(forecast.free - then),), (share * abs(told.estimate - then),))
                    )
    return {"free_count": _sum(counts)} | {f"forecast_{m}": _sum(found) for m, found in ahead.items()}


def _raw_free(answer: Answer, zone: str) -> float:
    """Free spaces if every sensor were believed as far as it is heard."""
    count = next(one.count for one in answer.zones if one.zone == zone)
    known = count.free + count.occupied
    return count.total * count.free / known if known else count.total / 2


def _sum(parts: Sequence[Errors]) -> Errors:
    return Errors(
        tuple(e for part in parts for e in part.errors),
        tuple(e for part in parts for e in part.naive),
        sum(part.inside for part in parts),
        sum(part.intervals for part in parts),
    )


def _taken(truth: Iterable[TruthRow]) -> Mapping[str, Occupied]:
    rows: dict[str, list[TruthRow]] = defaultdict(list)
    for row in truth:
        if row.kind in ("occupied", "bay_blocked"):
            rows[row.asset].append(row)
    return {asset: Occupied(found) for asset, found in rows.items()}


def _free(bays: Sequence[str], taken: Mapping[str, Occupied], at_ms: int) -> int:
    return sum(not (bay in taken and taken[bay].at(at_ms)) for bay in bays)


def verdicts(answers: Sequence[Answer], truth: Sequence[TruthRow]) -> dict[str, Verdict]:
    """Suspicions against faults: of being stuck, and of anything. A bay that something blocks is as good as stuck:
    whoever suspects its sensor is neither right nor wrong (wrong in `stuck_bay_strict`); the same for any bay while
    network servers or gateways are down."""
    first, last = answers[0].at_ms, answers[-1].at_ms
    bays = {name for answer in answers for name in answer.bays}
    stuck = [f for row in truth if row.kind == "stuck" and row.asset in bays for f in [_fault(row, last)]]
    other = [f for row in truth if row.kind in _OTHER_FAULTS and row.asset in bays for f in [_fault(row, last)]]
    blocked = [_excuse(row, row.asset) for row in truth if row.kind == "bay_blocked"]
    down = [_excuse(row, bay) for row in truth if row.kind in _DOWN for bay in bays]
    claims = _claims(answers, _STUCK)
    cases = {
        "stuck_bay": ([*stuck, *blocked], claims),
        "stuck_bay_strict": (stuck, claims),
        "faulty_bay": ([*stuck, *other, *blocked, *down], _claims(answers, None)),
    }
    return {
        name: judge([f for f in facts if f.at_ms < last and f.until_ms > first], found, several=True)
        for name, (facts, found) in cases.items()
    }


def _fault(row: TruthRow, last_ms: int) -> Fact:
    end = row.end_ms or 2**62
    counts = min(end, last_ms) - row.start_ms >= _LEAST_STUCK_MS
    return Fact(row.asset, row.start_ms, row.start_ms - HOUR_MS, end + EVERY_MS, counts)


def _excuse(row: TruthRow, bay: str) -> Fact:
    return Fact(bay, row.start_ms, row.start_ms, (row.end_ms or 2**62) + DAY_MS, counts=False)


def _claims(answers: Sequence[Answer], reasons: Sequence[str] | None) -> list[Claim]:
    """One claim for each stretch of answers in which a bay is suspected; it starts when it was told first."""
    times: dict[str, list[int]] = defaultdict(list)
    for answer in answers:
        for zone in answer.zones:
            for suspicion in zone.suspects:
                if reasons is None or suspicion.reason in reasons:
                    times[suspicion.bay].append(answer.at_ms)
    gap = 8 * EVERY_MS
    return [Claim(bay, first, first) for bay, found in times.items() for first, _ in runs_of(found, gap)]
