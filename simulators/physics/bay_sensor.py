"""How a magnetometer in the road mistakes cars: what it senses of one bay, and when it finds out."""

from dataclasses import dataclass
from random import Random

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class SensorErrors:
    """Shares of changes that go wrong. The defaults are those of a device with radar beside the magnetometer (about
    98 % right); `MAGNETIC_ONLY` is of the order of the 90 % that a 13-month study of magnetometers alone found."""

    missed_arrival: float = 0.012
    missed_departure: float = 0.008
    neighbour: float = 0.004
    """Share of changes in a neighbouring bay that turn this bay's state over."""
    recheck_min: float = 45.0
    """Mean minutes until the device notices its mistake."""
    delay_s: tuple[float, float] = (3.0, 40.0)
    learning_changes: int = 0
    """The first so many changes of a new sensor are its lessons ..."""
    learning_error: float = 0.35
    """... and so many of them go wrong."""


RADAR = SensorErrors()
MAGNETIC_ONLY = SensorErrors(missed_arrival=0.06, missed_departure=0.04, neighbour=0.03, recheck_min=90.0)
FAULTLESS = SensorErrors(missed_arrival=0.0, missed_departure=0.0, neighbour=0.0)


@dataclass(frozen=True, slots=True)
class Told:
    """What the sensor will say from `ms` on; void when the bay changes before."""

    ms: int
    occupied: bool


class BaySensor:
    """The state that a sensor takes its bay for. Answers each change with what it will say, and when."""

    def __init__(self, errors: SensorErrors, chance: Random) -> None:
        self._errors = errors
        self._chance = chance
        self._changes = 0
        self.occupied = False

    @property
    def learning(self) -> bool:
        """Whether it has not yet seen enough changes."""
        return self._changes < self._errors.learning_changes

    def changed(self, ms: int, occupied: bool) -> Told:
        """The bay really changed."""
        errors = self._errors
        wrong = errors.missed_arrival if occupied else errors.missed_departure
        if self.learning:
            wrong = errors.learning_error
        self._changes += 1
        if self._chance.random() < wrong:
            return Told(ms + self._recheck_ms(), occupied)
        return Told(ms + int(self._chance.uniform(*errors.delay_s) * 1000), occupied)

    def disturbed(self, ms: int, really: bool) -> tuple[Told, Told] | None:
        """A neighbour changed: None, or a turn to the wrong state and, later, back."""
        if self.occupied != really or self._chance.random() >= self._errors.neighbour:
            return None
        begin = ms + int(self._chance.uniform(*self._errors.delay_s) * 1000)
        return Told(begin, not really), Told(begin + self._recheck_ms(), really)

    def _recheck_ms(self) -> int:
        return int(MINUTE_MS * (1 + self._chance.expovariate(1 / self._errors.recheck_min)))
