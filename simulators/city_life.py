"""A city that lives: settings and plan made into a world. Pure; shells publish it, journal it, score it."""

from collections.abc import Iterator
from dataclasses import dataclass

from simulators.city_file import CityFile
from simulators.device_faults import DAY_MS, HOUR_MS, Fault, draw_faults
from simulators.life import lives
from simulators.node import successor
from simulators.plan import Plan
from simulators.plan_inventory import Replacement
from simulators.scenarios import SCENARIOS
from simulators.truth import TruthRow
from simulators.world import Sent, World

CATCH_UP_S = 3600.0
"""A city that lives faster than the clock starts so far back that it catches up within so many seconds ..."""
LONGEST_PAST_MS = 6 * DAY_MS
"""... yet not farther: a service believes no older times over MQTT (`max_age_s`, 7 days)."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when the city lives, and until when its faults and events are planned. Unix ms."""

    start_ms: int
    end_ms: int


def faults_of(settings: CityFile, plan: Plan, span: Span) -> list[Fault]:
    """Drawn faults and those that the scenario plans."""
    scenario = SCENARIOS[settings.scenario]
    rate = settings.faults * scenario.rates.get("all", 1.0)
    drawn = draw_faults(plan, span.start_ms, span.end_ms, rate, scenario.rates)
    return [*drawn, *scenario.planned(plan, span.start_ms, span.end_ms)]


def make_world(settings: CityFile, plan: Plan, span: Span) -> World:
    """The world of a city; the same arguments give the same, to the byte."""
    scenario = SCENARIOS[settings.scenario]
    processes = lives(plan, span.start_ms, span.end_ms, scenario, settings.hourly_truth, settings.faults)
    return World(plan, processes, span.start_ms, faults_of(settings, plan, span))


def replacements_of(settings: CityFile, plan: Plan, span: Span) -> list[Replacement]:
    """Devices that are replaced in the span, the first time each: for the inventory."""
    sensors = {sensor.dev_eui: sensor for sensor in plan.sensors}
    found: dict[str, Replacement] = {}
    for fault in faults_of(settings, plan, span):
        if fault.kind == "replaced" and span.start_ms <= fault.start_ms and fault.target not in found:
            new = successor(sensors[fault.target])
            found[fault.target] = Replacement(fault.target, new, fault.start_ms)
    return list(found.values())


def city_time_ms(start_ms: int, speed: float, begun_ms: int, now_ms: int) -> int:
    """The city's time at a clock time: `speed` times as fast since `begun_ms`, but never later than the clock."""
    return min(start_ms + round((now_ms - begun_ms) * speed), now_ms)


def default_start_ms(speed: float, now_ms: int) -> int:
    """When a city that lives at `speed` starts if nobody says: now at the clock's speed, else in the past."""
    return now_ms - min(round((speed - 1) * CATCH_UP_S * 1000), LONGEST_PAST_MS) if speed > 1 else now_ms


def hour_by_hour(world: World, until_ms: int) -> Iterator[tuple[list[Sent], list[TruthRow]]]:
    """All messages and truth rows until a time, an hour of the city at a time, and what lasts in the end."""
    while world.now_ms < until_ms:
        sent = list(world.run(min(world.now_ms - world.now_ms % HOUR_MS + HOUR_MS, until_ms)))
        yield sent, world.take_truth()
    yield [], world.finish()
