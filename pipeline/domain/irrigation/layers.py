"""One probe at one depth: its last believable values, and the signs that it hangs in the air or repeats itself."""

from msgspec import Struct
from msgspec.structs import replace

from pipeline.domain.irrigation.site import Site
from pipeline.domain.words import Observation

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FRESH_MS = 26 * HOUR_MS
"""Older values don't describe the root zone any more: a day and some slack."""

AIR_VWC = 2.0
"""% by volume that no soil with roots reaches."""
AIR_SHARE_OF_WILTING = 0.4
"""Below this share of the wilting point a sudden fall is no drying either."""
AIR_FALL = 5.0
"""Points of moisture from one reading to the next that no root takes up."""
AIR_KPA = 50_000.0
"""Tension of dry air, not of soil."""
DRY_KPA = 2000.0
MOIST_KPA = 500.0
"""From below this to above `DRY_KPA` in one step is no drying: some probes show no more than 3000 kPa in air."""

FLAT_COUNT = 12
FLAT_MS = 48 * HOUR_MS
FLAT_COARSE_MS = 14 * DAY_MS
"""How long an unchanged value is believed of a probe that has shown no step finer than `FINE_STEP`."""
FINE_STEP = 0.2


class Layer(Struct, frozen=True, gc=False, array_like=True):
    """What is known of one probe (device and channel)."""

    dev_eui: str
    channel: str
    time_ms: int = 0
    """Of the newest moisture or tension; 0: none yet."""
    vwc: float | None = None
    """% by volume; from the tension where the probe measures that."""
    tension: float | None = None
    """kPa, positive."""
    depth_measured: float | None = None
    temperature: float | None = None
    temperature_ms: int = 0
    same_since_ms: int = 0
    same_count: int = 0
    step: float = 0.0
    """The finest change seen, in the unit of the value; 0: none seen."""
    air_since_ms: int | None = None
    air_count: int = 0

    @property
    def key(self) -> str:
        """Device and channel in one word."""
        return f"{self.dev_eui}/{self.channel}"

    def fresh(self, now_ms: int) -> bool:
        """Whether there is a value that still counts."""
        return self.vwc is not None and now_ms - self.time_ms <= FRESH_MS

    def frozen(self, now_ms: int) -> bool:
        """Whether the soil around it is frozen, so that its moisture says nothing."""
        return self.temperature is not None and self.temperature <= 0.0 and now_ms - self.temperature_ms <= FRESH_MS

    def flat(self) -> bool:
        """Whether it has repeated one value for longer than soil stands still."""
        limit = FLAT_MS if 0.0 < self.step < FINE_STEP else FLAT_COARSE_MS
        return self.same_count >= FLAT_COUNT and self.time_ms - self.same_since_ms >= limit

    def in_air(self) -> bool:
        """Whether two readings in a row were those of a probe outside the soil."""
        return self.air_count >= 2


def good(observation: Observation, quantity: str) -> float | None:
    """A quantity's number, if it is there, is a number and its quality is ok."""
    value = observation.values.get(quantity)
    if isinstance(value, bool | str) or quantity in observation.quality:
        return None
    return value


def advance(layer: Layer, site: Site, given: Observation) -> Layer:
    """The layer after a record of its device and channel; the same one when the record says nothing of the soil."""
    temperature = good(given, "soil_temperature")
    if temperature is not None:
        layer = replace(layer, temperature=temperature, temperature_ms=given.time_ms)
    depth = good(given, "soil_depth")
    if depth is not None:
        layer = replace(layer, depth_measured=depth)
    potential = good(given, "soil_water_potential")
    vwc = good(given, "soil_moisture_vwc")
    tension = None if potential is None else abs(potential)
    if vwc is None and tension is None:
        return layer
    if vwc is None and tension is not None:
        vwc = site.soil.vwc_at(tension)
    return _watch_air(_watch_flat(layer, given.time_ms, vwc, tension), layer, site)


def _watch_flat(layer: Layer, time_ms: int, vwc: float | None, tension: float | None) -> Layer:
    before, value = (layer.vwc, vwc) if tension is None else (layer.tension, tension)
    same = before is not None and value == before and not layer.frozen(time_ms)
    change = 0.0 if same or before is None or value is None else abs(value - before)
    step = min(change, layer.step) if layer.step and change else max(change, layer.step)
    return replace(
        layer,
        time_ms=time_ms,
        vwc=vwc,
        tension=tension,
        step=step,
        same_since_ms=layer.same_since_ms if same else time_ms,
        same_count=layer.same_count + 1 if same else 1,
    )


def _watch_air(layer: Layer, before: Layer, site: Site) -> Layer:
    if not _looks_like_air(layer, before, site):
        return replace(layer, air_since_ms=None, air_count=0) if layer.air_count else layer
    since = layer.time_ms if layer.air_since_ms is None else layer.air_since_ms
    return replace(layer, air_since_ms=since, air_count=layer.air_count + 1)


def _looks_like_air(layer: Layer, before: Layer, site: Site) -> bool:
    if layer.tension is not None:
        leapt = before.tension is not None and before.tension < MOIST_KPA
        return layer.tension > AIR_KPA or (layer.tension > DRY_KPA and (before.air_count > 0 or leapt))
    if layer.vwc is None or layer.frozen(layer.time_ms):
        return False
    if layer.vwc < AIR_VWC:
        return True
    suddenly = before.vwc is not None and before.vwc - layer.vwc >= AIR_FALL
    return layer.vwc < AIR_SHARE_OF_WILTING * site.soil.wilting_point and (before.air_count > 0 or suddenly)
