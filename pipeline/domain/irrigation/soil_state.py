"""What the soil detector remembers of one bed or tree."""

from msgspec import Struct

from pipeline.domain.irrigation.layers import DAY_MS, HOUR_MS, Layer
from pipeline.domain.irrigation.rain import Rain

WATERING_MS = 13 * HOUR_MS
"""A rise belongs to one watering, and a report to a rise, within the longest interval between readings and some."""
HISTORY_MS = 2 * DAY_MS
DAYS_KEPT = 8


class Watering(Struct, frozen=True, gc=False):
    """The last watering: seen in the soil, told by a person, or both."""

    start_ms: int
    grown_ms: int
    """When it last grew."""
    base_mm: float | None = None
    """Root-zone water before it; None: no reading yet."""
    rise_mm: float = 0.0
    """More than rain explains."""
    litres_reported: float | None = None
    reported: bool = False


class SoilState(Struct, frozen=True):
    """All that is needed to judge the next input; bounded."""

    layers: tuple[Layer, ...] = ()
    rain: Rain = Rain()
    history: tuple[tuple[int, float], ...] = ()
    """(time of the newest reading, root-zone water in mm), at most one an hour, of one set of probes."""
    sources: str = ""
    """That set of probes."""
    open: dict[str, int] = {}
    """Start of what goes on, by kind of event or `kind|probe`."""
    pending: dict[str, int] = {}
    """First sign of what isn't sure yet, by kind."""
    watering: Watering | None = None
    days: tuple[tuple[int, float], ...] = ()
    """(day since 1970, last %nFK of it)."""
    worst: float = 1000.0
    """Lowest %nFK of the dry stress that goes on."""
    no_reaction_ms: int | None = None
    """When it was last said that the soil did not react to rain."""
