"""What one input brought about, while it is gathered; and what a frame says of the bay."""

from pipeline.domain.parking.bay import SURE, BayState, Rules, why_unknown
from pipeline.domain.words import DomainEvent, Observation, event_id
from pipeline.reading import FieldValue

_WORDS = {"free": False, "occupied": True}


class Said:
    """The state while one input is worked in, and what that brought about."""

    def __init__(self, asset: str, rules: Rules, state: BayState, now_ms: int, detector: str) -> None:
        self.state = state
        self.events: dict[str, DomainEvent] = {}
        self.withdrawn: list[str] = []
        self.derived: dict[str, FieldValue] = {}
        self._asset, self._rules, self._now, self._detector = asset, rules, now_ms, detector

    def _known(self, at_ms: int) -> bool:
        return not why_unknown(self.state, self._rules, at_ms)

    def _end(self, kind: str, start_ms: int, end_ms: int, confidence: float = SURE) -> None:
        self._say(kind, start_ms, end_ms, confidence=confidence)

    def _say(
        self,
        kind: str,
        start_ms: int,
        end_ms: int | None = None,
        *,
        ongoing: bool = False,
        confidence: float = SURE,
        values: dict[str, FieldValue] | None = None,
    ) -> None:
        name = event_id(kind, self._asset, start_ms)
        about: dict[str, FieldValue] = dict(values or {})
        if self._rules.bay_class and not self._rules.personal:
            about["bay_class"] = self._rules.bay_class
        self.events[name] = DomainEvent(
            name, kind, self._asset, start_ms, end_ms, ongoing, confidence, about, self._detector
        )


def told(given: Observation) -> tuple[bool | None, bool]:
    """Occupied, if the frame tells; and whether the sensor says that it can't."""
    word = given.values.get("occupancy_state")
    bad = bool({"occupied", "occupancy_state"} & given.quality.keys())
    if bad or word == "unknown":
        return None, True
    occupied = given.values.get("occupied")
    if isinstance(occupied, bool):
        return occupied, False
    return (_WORDS.get(word) if isinstance(word, str) else None), False
