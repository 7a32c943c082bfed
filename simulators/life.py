"""Life on a plan: the process of physics for every asset and every zone of bays."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from simulators.physics.bay import BayPlan
from simulators.physics.bay_sensor import MAGNETIC_ONLY, RADAR
from simulators.physics.events import CityEvent
from simulators.physics.incidents import NO_RATES, Rate
from simulators.physics.parking import ParkingZone, ZonePlan
from simulators.physics.soil import SoilClimate, SoilPlace, SoilPlan
from simulators.physics.station import WeatherStation
from simulators.physics.tours import Tours
from simulators.physics.valve import VALVE_RATES, Valve, ValvePlan
from simulators.physics.vessel import GLASS, LITTER, UNDERGROUND, WHEELED_1100, Vessel
from simulators.physics.waste import WASTE_RATES, BinPlan, WasteBin
from simulators.physics.watering import FixedPlan, FromValve, Supply, TankerTours
from simulators.physics.weather import Weather
from simulators.plan import Asset, Plan
from simulators.process import Process
from simulators.scenarios import ORDINARY, Scenario

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
VESSELS: Mapping[str, Vessel] = MappingProxyType({v.shape: v for v in (LITTER, WHEELED_1100, UNDERGROUND, GLASS)})
"""The shapes of the plan's containers."""
BAY_RATES: Mapping[str, Rate] = MappingProxyType({"bay_blocked": Rate(0.6, 6, 120)})
"""Assumed: a skip or a building site on each bay every other year."""
_SHADE = {"sun": 0.0, "half_shade": 0.25, "shade": 0.5}
_WASTE_USES = {"centre": "shopping", "mixed": "station", "industrial": "office"}
_STREETS = {"centre": "shopping", "nightlife": "leisure", "industrial": "office", "school": "office", "park": "leisure"}
_PURPOSE_CLASSES = {"short_stay": "normal", "resident": "normal"}
_MAGNETIC = ("bosch-tps110", "nwave-nps310sm")
_LITRES_A_WEEK = {"residual": 0.75, "paper": 0.85, "glass": 0.5, "bio": 0.6, "packaging": 0.8}
"""How full people make a container of a waste between two collections, on the mean."""
_COLLECTED = 0.02
"""Share of collections that a crew misses."""


def lives(
    plan: Plan,
    start_ms: int,
    end_ms: int,
    scenario: Scenario = ORDINARY,
    hourly: bool = True,
    faults: float = 1.0,
) -> dict[str, Process]:
    """Processes by asset id, and by zone id for zones with bays. `hourly`: with hourly rows of levels and soil.

    `end_ms` bounds the events that the scenario plans; `faults` multiplies the rates of all that goes wrong.
    """
    latitude, longitude = _middle(plan)
    life = _Life(plan, start_ms, Weather(plan.seed, scenario.climate, latitude, longitude), hourly)
    life.events = scenario.events(start_ms, end_ms)
    factor = faults * scenario.rates.get("all", 1.0)
    life.rates = {
        kind: {name: Rate(r.per_year * factor * scenario.rates.get(name, 1.0), r.shortest_h, r.longest_h)
               for name, r in usual.items()}
        for kind, usual in (("waste_bin", WASTE_RATES), ("valve", VALVE_RATES), ("parking_bay", BAY_RATES))
    }  # fmt: skip
    life.missed = _COLLECTED * factor
    return life.all()


def _middle(plan: Plan) -> tuple[float, float]:
    places = [(asset.latitude, asset.longitude) for asset in plan.assets.values()]
    return sum(p[0] for p in places) / len(places), sum(p[1] for p in places) / len(places)


class _Life:
    def __init__(self, plan: Plan, start_ms: int, weather: Weather, hourly: bool) -> None:
        self.plan, self.start_ms, self.weather, self.hourly = plan, start_ms, weather, hourly
        self.climate = SoilClimate(weather)
        self.events: tuple[CityEvent, ...] = ()
        self.rates: Mapping[str, Mapping[str, Rate]] = {}
        self.missed = 0.0

    def all(self) -> dict[str, Process]:
        """Valves water what they stand at; trees without one are watered by the tanker."""
        found: dict[str, Process] = {}
        zones: dict[str, list[Asset]] = defaultdict(list)
        watched = {sensor.asset for sensor in self.plan.sensors}
        for asset in self.plan.assets.values():
            if asset.kind == "parking_bay":
                zones[asset.zone.id].append(asset)
            elif asset.kind == "waste_bin":
                found[asset.id] = self._bin(asset)
            elif asset.kind == "valve":
                found[asset.id] = self._valve(asset)
            elif asset.kind == "weather":
                found[asset.id] = WeatherStation(asset.id, self.start_ms, self.weather, asset.zone.district)
            elif asset.id in watched:  # siblings without a probe have no process: nobody could tell
                found[asset.id] = self._soil(asset)
        for zone, bays in zones.items():
            found |= self._bays(zone, sorted(bays, key=lambda bay: int(bay.attributes.get("row", 0))))
        return found

    def _bin(self, asset: Asset) -> WasteBin:
        told = asset.attributes
        box = asset.container
        vessel = VESSELS[box.shape] if box is not None and box.shape in VESSELS else WHEELED_1100
        days = _weekdays(str(told.get("collection_days", "")))
        share = _LITRES_A_WEEK.get(str(told.get("waste", "residual")), 0.75)
        # a container for the whole street must not look like its neighbour's: half to one and a half of the mean
        spread = 0.5 + (sum(map(ord, asset.id)) * 37 % 100) / 100
        use = str(told.get("land_use", "residential"))
        plan = BinPlan(
            asset.id,
            vessel,
            _WASTE_USES.get(use, use),
            vessel.volume_l * share * spread * max(len(days), 1) / 7,
            Tours(days, float(told.get("collection_hour", 7.0)), missed_share=self.missed),
        )
        seed, rates = self.plan.seed, self.rates["waste_bin"]
        return WasteBin(plan, seed, self.start_ms, self.weather, self.events, rates, hourly=self.hourly)

    def _soil(self, asset: Asset) -> SoilPlace:
        told = asset.attributes
        supplies: list[Supply] = []
        valve = self.plan.assets.get(str(told.get("valve", "")))
        if valve is not None:
            supplies.append(FromValve(self._valve(valve).litres_until))
        elif "standing_year" in told:
            year = FixedPlan(int(told["standing_year"]))
            supplies.append(TankerTours(year, f"{self.plan.seed} {asset.id}", self.start_ms))
        depths = tuple(int(float(depth)) for depth in str(told.get("depths_cm", "30")).split(","))
        plan = SoilPlan(
            asset.id,
            str(told.get("texture", "sandy_loam")),
            float(told.get("root_area_m2", 2.0)),
            tuple(depth for depth in depths if depth in (30, 60, 90)) or (30,),
            shade=_SHADE.get(str(told.get("exposure", "sun")), 0.0),
            district=asset.zone.district,
        )
        seed, climate = self.plan.seed, self.climate
        return SoilPlace(plan, seed, self.start_ms, self.weather, climate, supplies, NO_RATES, hourly=self.hourly)

    def _valve(self, asset: Asset) -> Valve:
        """Twice for a valve with a bed: one of the pair is measured, the other one's water reaches the bed."""
        told = asset.attributes
        plan = ValvePlan(
            asset.id,
            float(told.get("flow_l_min", 20.0)),
            1 / float(told.get("litres_per_pulse", 1.0)),
            _weekdays(str(told.get("plan_days", "mon,wed,fri"))),
            (float(told.get("plan_hour", 4.0)),),
            float(told.get("plan_min", 20.0)),
        )
        return Valve(plan, self.plan.seed, self.start_ms, self.weather, self.rates["valve"])

    def _bays(self, zone: str, bays: Sequence[Asset]) -> dict[str, Process]:
        models = {sensor.asset: sensor.decoder for sensor in self.plan.sensors if sensor.zone.id == zone}
        paid = [bay.attributes for bay in bays if bay.attributes.get("max_stay_min")]
        first = bays[0]
        plan = ZonePlan(
            zone,
            tuple(_bay(bay, models.get(bay.id, "")) for bay in bays),
            "car_park" if first.zone.kind == "car_park" else _street(str(first.attributes.get("land_use", "mixed"))),
            float(paid[0]["price_eur_h"]) if paid else 0.0,
            float(paid[0]["max_stay_min"]) / 60 if paid else None,
        )
        made = ParkingZone(plan, self.plan.seed, self.start_ms, self.weather, self.events, self.rates["parking_bay"])
        return {zone: made, **made.bays}


def _bay(bay: Asset, model: str) -> BayPlan:
    bay_class = str(bay.attributes.get("bay_class", "short_stay"))
    return BayPlan(bay.id, _PURPOSE_CLASSES.get(bay_class, bay_class), MAGNETIC_ONLY if model in _MAGNETIC else RADAR)


def _street(land_use: str) -> str:
    return _STREETS.get(land_use, land_use)


def _weekdays(text: str) -> frozenset[int]:
    return frozenset(DAYS.index(day) for day in text.split(",") if day in DAYS)
