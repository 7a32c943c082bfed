"""Irrigation: water in the root zone of trees and beds, valves that behave, rain. Pure folds over one asset's inputs.

Attributes of a bed or tree (`site` gives defaults and meaning): `plant` (tree, bed, lawn), `texture`,
`field_capacity`, `wilting_point` (% by volume), `root_depth_cm`, `root_area_m2`, `target_nfk`, `trigger_nfk`,
`stress_nfk` (%), `stress_kpa`, `litres_per_visit`, `litres_max`, `depths_cm` or `depth_..._cm`; for plans
`sibling_group`, `planted_year` or `standing_year`. Of a valve (`valve`): `litres_per_pulse`, `max_run_min`,
`leak_pulses`, and a fixed plan (`valve_schedule`); for planners `waters` (asset), `flow_l_min`, `frost_lock_c`.
"""

from typing import Any

from pipeline.domain.irrigation.soil import SoilDetector
from pipeline.domain.irrigation.station import StationDetector
from pipeline.domain.irrigation.valve import ValveDetector
from pipeline.domain.words import Detector

SOIL = SoilDetector()
VALVE = ValveDetector()
STATION = StationDetector()
DETECTORS: tuple[Detector[Any], ...] = (SOIL, VALVE, STATION)
"""The detectors of this vertical, each for asset kinds of its own."""
