"""A waste container's life: people fill it, waste settles, tours empty it or miss it, sometimes it burns.

Waste arrives as a compound Poisson process whose rate follows land use, weekday, hour, weather and events. Truth rows:
`emptied`, `missed_collection`, `overflow`, `fire`, `lid_open`, `knocked_over`, `moved`, and each hour `fill`.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType

from simulators.physics.calendar import HOUR_MS, floor_hour, local_hour
from simulators.physics.chances import arrivals, noise, seed_number
from simulators.physics.events import CityEvent, factor_at
from simulators.physics.housing import housing_temperature
from simulators.physics.incidents import Incident, Incidents, Rate
from simulators.physics.landuse import LAND_USES
from simulators.physics.tours import TourBook, Tours, Visit
from simulators.physics.vessel import Vessel
from simulators.physics.weather import Weather
from simulators.truth import Quantity, TruthRow

WASTE_RATES: Mapping[str, Rate] = MappingProxyType(
    {
        "fire": Rate(0.02, 0.3, 0.8),
        "lid_open": Rate(0.5, 2, 30),
        "knocked_over": Rate(0.3, 1, 14),
        "moved": Rate(0.1, 24, 200),
    }
)
"""Assumed rates by chance; `fire` is meant to be rare but to happen somewhere in a city each week."""

_TIP_MS = 45_000
_SETTLE_SHARE, _SETTLE_MS = 0.12, 18 * HOUR_MS
_COMPACTION = 0.15
_FIRE_K, _FIRE_RISE_MS, _FIRE_COOL_MS = 85.0, 6 * 60_000, 20 * 60_000
_BURNT = 0.6
_ALARM_DEGREES = 65.0


@dataclass(frozen=True, slots=True)
class BinPlan:
    """One bin of the city. `litres_per_day`: what people bring on a mean day, loose."""

    asset: str
    vessel: Vessel
    land_use: str = "residential"
    litres_per_day: float = 30.0
    tours: Tours = field(default_factory=Tours)
    latitude: float | None = None
    longitude: float | None = None


@dataclass(slots=True)
class Balance:
    """Litres since the start: begin + brought = content + settled + removed + beside + burnt (`settled` up to the last
    arrival or visit; `WasteBin.settled_l` is up to now)."""

    begin: float = 0.0
    brought: float = 0.0
    settled: float = 0.0
    removed: float = 0.0
    beside: float = 0.0
    burnt: float = 0.0


class WasteBin:
    """The process of one bin. `hourly`: whether `fill` rows are wanted."""

    def __init__(
        self,
        plan: BinPlan,
        seed: int,
        start_ms: int,
        weather: Weather,
        events: tuple[CityEvent, ...] = (),
        rates: Mapping[str, Rate] = WASTE_RATES,
        planned: Iterable[Incident] = (),
        hourly: bool = True,
    ) -> None:
        text = f"waste {seed} {plan.asset}"
        self.plan = plan
        self._vessel = plan.vessel
        self._use = LAND_USES[plan.land_use]
        self._chance = chance = Random(text)
        self._noise = seed_number(text)
        self._weather = weather
        self._events = events
        self._incidents = Incidents(text, start_ms, rates, planned)
        self._book = TourBook(plan.tours, Random(f"tours {text}"), start_ms)
        self._hourly = hourly
        self._now = start_ms
        self._hour_ms = floor_hour(start_ms)
        self._bag_l = plan.litres_per_day / min(max(plan.litres_per_day / 2.5, 8.0), 30.0)
        self._firm = chance.uniform(0.05, 0.6) * self._vessel.volume_l
        self._soft, self._soft_ms = 0.0, start_ms
        self.balance = Balance(begin=self._firm)
        self._heap_mm = 0.0
        self._rows: list[TruthRow] = []
        self._missed: list[Visit] = []
        self._overflow_ms: int | None = None
        self._beside_now = 0.0
        self._tipped_ms = -_TIP_MS
        self._burnt_ms: int | None = None
        self._arrivals = self._draw_hour(start_ms)

    @property
    def volume_l(self) -> float:
        """What lies in the container now, litres."""
        return self._firm + self._soft * math.exp((self._soft_ms - self._now) / _SETTLE_MS)

    @property
    def settled_l(self) -> float:
        """What pressing and settling took from the volume since the start, litres."""
        return self.balance.settled + self._firm + self._soft - self.volume_l

    @property
    def level(self) -> float:
        """The true fill level, %, on the scale of a sensor's distance."""
        return self._vessel.level_of(self._vessel.height_of(self.volume_l))

    def advance(self, to_ms: int) -> None:
        """Live until `to_ms`: arrivals, visits, incidents and full hours in order of time."""
        while True:
            arrival = self._arrivals[-1] if self._arrivals else None
            visit = self._book.next
            edge, hour = self._incidents.next_ms, self._hour_ms + HOUR_MS
            ms = min(t for t in (arrival, visit.ms if visit else None, edge, hour) if t is not None)
            if ms > to_ms:
                break
            self._now = max(ms, self._now)
            if ms == hour:
                self._full_hour(hour)
            elif ms == edge:
                self._incident()
            elif visit is not None and ms == visit.ms:
                self._visit(self._book.pop())
            else:
                self._arrivals.pop()
                self._bring()
        self._now = max(to_ms, self._now)

    def collect(self, ms: int) -> None:
        """Send the lorry at a time from now on, outside the plan."""
        self._book.add(max(ms, self._now))

    def _full_hour(self, hour: int) -> None:
        self._hour_ms = hour
        if self._hourly:
            percent = 100 * self.volume_l / self._vessel.volume_l
            values = {"fill_level": self.level, "fill_volume": percent}
            self._rows.append(TruthRow(self.plan.asset, "fill", hour, hour, values))
        self._arrivals = self._draw_hour(hour)

    def _draw_hour(self, from_ms: int) -> list[int]:
        """The arrivals of the hour, last one first."""
        _, weekday, hour, _ = local_hour(self._hour_ms)
        weather = self._weather.hour(self._hour_ms)
        lively = self._use.share(weekday, hour) * factor_at(self._events, self._hour_ms)
        lively *= self._use.weather_factor(weather.air_temperature, weather.rain_mm)
        per_hour = self.plan.litres_per_day / 24 / self._bag_l * lively
        times = arrivals(self._chance, per_hour, self._hour_ms, HOUR_MS)
        return [ms for ms in reversed(times) if ms >= from_ms]

    def _bring(self) -> None:
        if "knocked_over" in self._incidents.active:
            return
        loose = self._chance.gammavariate(1.5, self._bag_l / 1.5)
        held = self._settle()
        room = self._vessel.volume_l - held
        pressed = loose * (1 - _COMPACTION * held / self._vessel.volume_l)
        taken = min(pressed, max(room, 0.0))
        self.balance.brought += loose
        self.balance.settled += loose - pressed
        if pressed > taken:
            self.balance.beside += pressed - taken
            self._beside_now += pressed - taken
            if self._overflow_ms is None:
                self._overflow_ms = self._now
        self._firm += (1 - _SETTLE_SHARE) * taken
        self._soft += _SETTLE_SHARE * taken
        self._heap_mm = self._chance.gauss(0, 0.02 * self._vessel.height_mm)

    def _settle(self) -> float:
        """Bring the settled volume up to now; what the container holds."""
        soft = self._soft * math.exp((self._soft_ms - self._now) / _SETTLE_MS)
        self.balance.settled += self._soft - soft
        self._soft, self._soft_ms = soft, self._now
        return self._firm + soft

    def _visit(self, visit: Visit) -> None:
        if visit.missed:
            self._missed.append(visit)
            return
        held, before = self._settle(), self.level
        rest = held * self._chance.uniform(0.0, 0.04)
        self.balance.removed += held - rest
        self._firm, self._soft, self._heap_mm = rest, 0.0, 0.0
        self._tipped_ms = self._now
        self._rows += [self._missed_row(missed, self._now) for missed in self._missed]
        self._missed = []
        if self._overflow_ms is not None:
            self._rows.append(self._overflow_row(self._now))
        values = {
            "planned": visit.planned,
            "planned_ms": visit.planned_ms,
            "fill_before": before,
            "fill_after": self.level,
            "litres": held - rest,
        }
        self._rows.append(TruthRow(self.plan.asset, "emptied", self._now, self._now, values))
        self._overflow_ms, self._beside_now = None, 0.0

    def _incident(self) -> None:
        edge = self._incidents.pop()
        if edge is None or edge.begins:
            return
        if edge.incident.kind == "fire":
            held = self._settle()
            self.balance.burnt += _BURNT * held
            self._firm, self._soft = self._firm * (1 - _BURNT), self._soft * (1 - _BURNT)
            self._burnt_ms = edge.ms
        self._rows.append(self._incidents.row(self.plan.asset, edge.incident))

    def _missed_row(self, visit: Visit, end_ms: int | None) -> TruthRow:
        return TruthRow(self.plan.asset, "missed_collection", visit.planned_ms, end_ms)

    def _overflow_row(self, end_ms: int | None) -> TruthRow:
        start = self._overflow_ms if self._overflow_ms is not None else self._now
        return TruthRow(self.plan.asset, "overflow", start, end_ms, {"litres_beside": self._beside_now})

    def _warmth(self) -> float:
        """What a fire adds to the lid's temperature now, K."""
        fire = self._incidents.active.get("fire")
        if fire is not None:
            return _FIRE_K * (1 - math.exp((fire.start_ms - self._now) / _FIRE_RISE_MS))
        if self._burnt_ms is not None:
            return _FIRE_K * math.exp((self._burnt_ms - self._now) / _FIRE_COOL_MS)
        return 0.0

    def measured(self) -> Mapping[str, Quantity]:
        """Distance, the lid's temperature, tilt, fire; the position where the plan knows one."""
        now, active, hour = self._now, self._incidents.active, self._weather.hour(self._now)
        tipping = self._vessel.tips and 0 <= now - self._tipped_ms < _TIP_MS
        fallen, lid = "knocked_over" in active, "lid_open" in active
        air = self._weather.air_temperature(now)
        temperature = housing_temperature(air, hour.solar_radiation, hour.wind_speed, 0.35) + self._warmth()
        moved = active.get("moved")
        values: dict[str, Quantity] = {
            "distance": self._distance(fallen or tipping, lid),
            "device_temperature": temperature,
            "tilt_alarm": tipping or fallen or lid,
            "tilt_angle": 90.0 if fallen else (120.0 if tipping else (75.0 if lid else 0.0)),
            "fire_alarm": temperature > _ALARM_DEGREES,
            "tamper": moved is not None and now - moved.start_ms < 10 * 60_000,
        }
        if self.plan.latitude is not None and self.plan.longitude is not None:
            values["latitude"] = self.plan.latitude + (0.004 if moved else 0.0)
            values["longitude"] = self.plan.longitude + (0.003 if moved else 0.0)
        return values

    def _distance(self, lying: bool, lid: bool) -> float:
        """Lying it looks along the ground or into the rubbish, with an open lid past the container."""
        if lying or lid:
            chance = noise(self._noise, self._now)
            return self._vessel.empty_mm * (1.2 + chance if lid else 0.3 + 1.4 * chance)
        height = self._vessel.height_of(self.volume_l)
        uneven = self._heap_mm * min(height / (0.2 * self._vessel.height_mm), 1.0)
        return self._vessel.distance(min(max(height + uneven, 0.0), self._vessel.height_mm))

    def take_truth(self) -> list[TruthRow]:
        """Rows since the last call, by their start; each is given once, when its end is known."""
        rows, self._rows = self._rows, []
        return sorted(rows, key=lambda row: row.start_ms)

    def finish(self) -> list[TruthRow]:
        """What still lasts when the city stops, open-ended."""
        rows = [self._missed_row(visit, None) for visit in self._missed]
        if self._overflow_ms is not None:
            rows.append(self._overflow_row(None))
        active = self._incidents.active.values()
        return rows + [self._incidents.row(self.plan.asset, incident, ends=False) for incident in active]

    def next_change_ms(self) -> int | None:
        """The next tipping and the end of one, the next begin or end of an incident, the alarm of a fire."""
        times = [self._incidents.next_ms]
        if self._vessel.tips:
            times.append(self._book.next_coming_ms())
            times.append(self._tipped_ms + _TIP_MS)
        fire = self._incidents.active.get("fire")
        if fire is not None:
            times.append(fire.start_ms + 2 * _FIRE_RISE_MS)
        return min((ms for ms in times if ms is not None and ms > self._now), default=None)
