"""The detector of one bay: free, occupied or unknown, and what happened: arrivals, overstays, sensors that fail.

A change counts once it has lasted for the bay's minimum dwell; until then nothing is said, except on a fire lane,
where the alarm comes at once with little confidence and is confirmed or withdrawn.
"""

from pipeline.domain.parking.bay import BayState, rules_of
from pipeline.domain.parking.turn import Turn
from pipeline.domain.words import Facts, Input, Observation, Step, Tick
from pipeline.inventory_model import AssetKind


class BayDetector:
    """Folds the frames of a parking bay (see `pipeline.domain.words.Detector`).

    Events: `arrived`, `left` (`dwell` in s; `complete` when the arrival was seen), `overstay` (`limit_min`, `dwell`),
    `fire_lane_occupied`, and of the sensor `sensor_silent`, `sensor_restarted`, `sensor_rebooting`, `sensor_flapping`,
    `sensor_stuck`. Of a personal bay only those of the sensor, and no derived readings.
    """

    name = "parking"
    version = 1
    kinds: frozenset[AssetKind] = frozenset({"parking_bay"})
    state_type = BayState

    def begin(self, facts: Facts) -> BayState:
        """A bay that no sensor has spoken for."""
        return BayState()

    def step(self, facts: Facts, state: BayState, given: Input) -> tuple[BayState, Step]:
        """The state after one input. People's reports change nothing here."""
        turn = Turn(facts.asset.id, rules_of(facts), state, given.time_ms, f"{self.name}@{self.version}")
        turn.pass_time()
        if isinstance(given, Observation):
            turn.observe(given)
        elif isinstance(given, Tick):
            turn.close_hour()
        turn.watch_fire_lane()
        turn.watch_stay()
        return turn.state, Step(tuple(turn.events.values()), tuple(turn.withdrawn), turn.derived)


DETECTOR = BayDetector()
