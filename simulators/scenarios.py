"""Scenarios: what is out of the ordinary while the city lives. Each is a value; `SCENARIOS` has them by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from simulators.device_faults import DAY_MS, HOUR_MS, Fault
from simulators.physics.calendar import local_hour
from simulators.physics.events import CityEvent, festival
from simulators.plan import Plan


@dataclass(frozen=True, slots=True)
class Scenario:
    """A name of a climate for the weather, factors for rates of faults, and events that are planned."""

    name: str
    meaning: str
    climate: str = ""
    rates: Mapping[str, float] = field(default_factory=dict)
    """Factors of single fault kinds; `all` of every kind."""
    festival: bool = False
    outage: str = ""
    """`gateway` or `server`: goes down for some hours of every third day."""

    def events(self, start_ms: int, end_ms: int) -> tuple[CityEvent, ...]:
        """Times with more people: a festival of three days every four weeks, from the second day on."""
        if not self.festival:
            return ()
        first, last = local_hour(start_ms).day + 1, local_hour(end_ms).day
        return tuple(event for day in range(first, last + 1, 28) for event in festival(day))

    def planned(self, plan: Plan, start_ms: int, end_ms: int) -> list[Fault]:
        """Outages that the scenario brings for sure."""
        if not self.outage:
            return []
        targets = [g.id for g in plan.gateways] if self.outage == "gateway" else sorted({s.lns for s in plan.sensors})
        kind = "gateway_down" if self.outage == "gateway" else "network_server_down"
        found = []
        for number, day in enumerate(range(start_ms // DAY_MS + 1, end_ms // DAY_MS + 1, 3)):
            begin = day * DAY_MS + 9 * HOUR_MS
            stores = {"stores": number % 2 == 0} if self.outage == "gateway" else {}
            found.append(Fault(kind, targets[number % len(targets)], begin, begin + 4 * HOUR_MS, stores))
        return found


ORDINARY = Scenario("ordinary", "an ordinary year with ordinary faults")
SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        scenario.name: scenario
        for scenario in (
            ORDINARY,
            Scenario("faultless", "nothing breaks, nothing is lost but by chance of the air", rates={"all": 0.0}),
            Scenario("summer-drought", "April to September hot and with little rain", "summer-drought"),
            Scenario(
                "winter",
                "frost from November to March, and more devices that fall silent",
                "winter",
                rates={"silent": 3.0},
            ),
            Scenario("festival", "three days with four times as many people, every four weeks", festival=True),
            Scenario("gateway-outage", "a gateway is down for four hours of every third day", outage="gateway"),
            Scenario("server-outage", "a network server is down for four hours of every third day", outage="server"),
            Scenario("message-storm", "devices that send every ten seconds", rates={"message_storm": 40.0}),
            Scenario("bad-year", "five times as many faults of every kind", rates={"all": 5.0}),
        )
    }
)
