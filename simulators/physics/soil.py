"""The soil under a tree or bed: hourly water balance, temperature by depth, and what probes in it say.

Truth rows: each hour `soil` (%nFK by depth and of the root zone), `watered` (litres), each local day with the root zone
below 30 %nFK `stress_day`, and `probe_out` for a probe that was pulled out.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType

from simulators.physics.calendar import DAY_MS, HOUR_MS, day_of_year, floor_hour, local_hour, midnight_ms
from simulators.physics.housing import housing_temperature, soil_wave
from simulators.physics.incidents import NO_RATES, Incident, Incidents, Rate
from simulators.physics.soil_water import DEPTHS_CM, TEXTURES, Column, bulk_ec, permittivity
from simulators.physics.watering import Pour, Standing, Supply
from simulators.physics.weather import Weather
from simulators.truth import Quantity, TruthRow

STRESS_NFK = 30.0
"""Below it the Deutscher Wetterdienst speaks of drought stress."""
_LAG_H = {30: 30.0, 60: 100.0, 90: 220.0}
"""Hours by which soil follows the air: of the order of z squared over twice the diffusivity, 0.5 mm2/s."""


@dataclass(frozen=True, slots=True)
class SoilPlan:
    """One place with a probe. `area_m2` is the ground that its roots and its water share."""

    asset: str
    texture: str = "sandy_loam"
    area_m2: float = 2.0
    depths_cm: tuple[int, ...] = (30,)
    """Of the probe's sensors: 30, 60, 90."""
    crop: float = 0.9
    """Crop coefficient in full leaf, FAO-56 table 12 (0.9 to 1.0 for deciduous trees without ground cover)."""
    evergreen: bool = False
    shade: float = 0.0
    """Share of ET0 that shade of houses takes away."""
    open_share: float = 0.8
    """Share of the rain that isn't kept out by sealed ground."""
    district: str = ""


class SoilClimate:
    """Soil temperatures that all places share: air temperature through a lag for each depth, hour by hour."""

    def __init__(self, weather: Weather) -> None:
        self._weather = weather
        self._known: dict[int, dict[int, float]] = {depth: {} for depth in _LAG_H}

    def temperature(self, ms: int, depth_cm: int) -> float:
        """Soil temperature of the hour at 30, 60 or 90 cm, degC."""
        known = self._known[depth_cm].get(ms // HOUR_MS)
        return self._month(ms, depth_cm) if known is None else known

    def _month(self, ms: int, depth_cm: int) -> float:
        """Fill in the month (of 30 days) about `ms`, from the yearly wave and the 60 days of weather before it."""
        first = ms // (30 * DAY_MS) * (30 * DAY_MS)
        at = first - 60 * DAY_MS
        value = soil_wave(11.4, 9.5, depth_cm / 100, day_of_year(at))
        keep = math.exp(-1 / _LAG_H[depth_cm])
        known = self._known[depth_cm]
        while at < first + 30 * DAY_MS:
            value = keep * value + (1 - keep) * self._weather.hour(at).air_temperature
            if at >= first:
                known[at // HOUR_MS] = value
            at += HOUR_MS
        return known[ms // HOUR_MS]


def foliage(ms: int, evergreen: bool = False) -> float:
    """Share of the leaves that are out, 0 to 1: deciduous trees of the Rhine plain, April to November."""
    if evergreen:
        return 1.0
    day = day_of_year(ms)
    return min(max((day - 95) / 35, 0.0), 1.0) * min(max((315 - day) / 40, 0.0), 1.0)


def probe_in_air(air_temperature: float) -> Mapping[str, Quantity]:
    """What a capacitive probe says that lies on the ground: hardly any water, the air's temperature."""
    return MappingProxyType(
        {
            "soil_moisture_vwc": 0.3,
            "soil_water_potential": -100_000.0,
            "soil_temperature": air_temperature,
            "soil_ec": 0.0,
            "soil_permittivity": 1.1,
        }
    )


class SoilPlace:
    """The process of one place."""

    def __init__(
        self,
        plan: SoilPlan,
        seed: int,
        start_ms: int,
        weather: Weather,
        climate: SoilClimate,
        supplies: Sequence[Supply] = (),
        rates: Mapping[str, Rate] = NO_RATES,
        planned: Iterable[Incident] = (),
        hourly: bool = True,
    ) -> None:
        text = f"soil {seed} {plan.asset}"
        chance = Random(text)
        texture = TEXTURES[plan.texture].scaled(chance.uniform(0.92, 1.08))
        moist = (0.75 if local_hour(start_ms).month in (5, 6, 7, 8, 9) else 0.95) * chance.uniform(0.85, 1.05)
        contents = [texture.wilting_point + texture.available * moist] * len(DEPTHS_CM)
        self.plan = plan
        self.column = Column([texture] * len(DEPTHS_CM), contents, open_share=plan.open_share)
        self._warmer = chance.gauss(0.5, 0.7)
        self._pore_ec = chance.uniform(800, 2200)
        self._weather, self._climate = weather, climate
        self._orders = Standing()
        self._supplies = (*supplies, self._orders)
        self._incidents = Incidents(text, start_ms, rates, planned)
        self._hourly = hourly
        self._now = start_ms
        self._hour_ms = floor_hour(start_ms)
        self._day = local_hour(start_ms).day
        self._day_sum, self._day_hours = 0.0, 0
        self._rows: list[TruthRow] = []

    def water(self, ms: int, litres: float) -> None:
        """Order so many litres for a time from now on."""
        self._orders.pour(max(ms, self._now), litres)

    def advance(self, to_ms: int) -> None:
        """Live until `to_ms`: water at its time, the balance at each full hour, incidents."""
        while self._hour_ms + HOUR_MS <= to_ms:
            self._water_until(self._hour_ms + HOUR_MS)
            self._step()
        self._water_until(to_ms)
        while self._incidents.next_ms is not None and self._incidents.next_ms <= to_ms:
            edge = self._incidents.pop()
            if edge is not None and not edge.begins:
                self._rows.append(self._incidents.row(self.plan.asset, edge.incident))
        self._now = max(to_ms, self._now)

    def _water_until(self, ms: int) -> None:
        for supply in self._supplies:
            for pour in supply.until(ms):
                self._pour(pour)

    def _pour(self, pour: Pour) -> None:
        mm = pour.litres / self.plan.area_m2
        self.column.pour(mm)
        end_ms = pour.ms + int(pour.minutes * 60_000)
        values = {"litres": pour.litres, "mm": mm}
        self._rows.append(TruthRow(self.plan.asset, "watered", pour.ms, end_ms, values))

    def _step(self) -> None:
        ms, hour = self._hour_ms, self._weather.hour(self._hour_ms)
        leaves = foliage(ms, self.plan.evergreen)
        crop = 0.15 + (self.plan.crop - 0.15) * leaves
        rain = self._weather.rain_mm(ms, self.plan.district)
        self.column.step(1.0, rain, hour.et0_mm * (1 - self.plan.shade), crop, leaves)
        self._hour_ms = end = ms + HOUR_MS
        nfk = self.column.root_nfk
        self._day_sum += nfk
        self._day_hours += 1
        if self._hourly:
            layers = self.column.nfk
            values = {f"nfk_{depth}": layer for depth, layer in zip(DEPTHS_CM, layers, strict=True)}
            self._rows.append(TruthRow(self.plan.asset, "soil", end, end, {**values, "nfk": nfk}))
        if local_hour(end).day != self._day:
            self._end_day(local_hour(end).day)

    def _end_day(self, new_day: int) -> None:
        mean = self._day_sum / self._day_hours
        if mean < STRESS_NFK and self._day_hours >= 12:
            start, end = midnight_ms(self._day), midnight_ms(self._day + 1)
            self._rows.append(TruthRow(self.plan.asset, "stress_day", start, end, {"nfk": mean}))
        self._day, self._day_sum, self._day_hours = new_day, 0.0, 0

    def measured(self) -> Mapping[str, Quantity]:
        """Moisture, potential, temperature, conductivity and permittivity: of the first depth by their plain names, of
        each depth of a probe with several as `quantity@depth` in cm."""
        air, hour = self._weather.air_temperature(self._now), self._weather.hour(self._now)
        values: dict[str, Quantity] = {
            "device_temperature": housing_temperature(
                air, hour.solar_radiation, hour.wind_speed, 0.3 * (1 - self.plan.shade)
            )
        }
        out = "probe_out" in self._incidents.active
        for depth in self.plan.depths_cm:
            layer = probe_in_air(air) if out else self._layer(depth)
            if depth == self.plan.depths_cm[0]:
                values |= layer
                values["soil_depth"] = float(depth)
            if len(self.plan.depths_cm) > 1:
                values |= {f"{name}@{depth}": value for name, value in layer.items()}
        return values

    def _layer(self, depth: int) -> dict[str, Quantity]:
        at = DEPTHS_CM.index(depth)
        content = self.column.contents[at]
        temperature = self._climate.temperature(self._now, depth) + self._warmer - 1.5 * self.plan.shade
        return {
            "soil_moisture_vwc": content,
            "soil_water_potential": self.column.textures[at].potential(content),
            "soil_temperature": temperature,
            "soil_ec": bulk_ec(content, self._pore_ec, temperature),
            "soil_permittivity": permittivity(content),
        }

    def take_truth(self) -> list[TruthRow]:
        """Rows since the last call, by their start."""
        rows, self._rows = self._rows, []
        return sorted(rows, key=lambda row: row.start_ms)

    def finish(self) -> list[TruthRow]:
        """What still lasts when the city stops, open-ended."""
        active = self._incidents.active.values()
        return [self._incidents.row(self.plan.asset, incident, ends=False) for incident in active]

    def next_change_ms(self) -> int | None:
        """Probes report by the clock only."""
        return None
