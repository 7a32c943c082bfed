"""Water of the whole root zone, from the probes that can be believed at a moment."""

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from pipeline.domain.irrigation.layers import Layer
from pipeline.domain.irrigation.rootzone import root_zone_mean
from pipeline.domain.irrigation.site import Site, depth_cm, listed_depths
from pipeline.domain.irrigation.soil_state import SoilState
from pipeline.inventory_model import Asset

MIN_DRYING = 0.2
"""Points of %nFK a day; a slower fall is no drying."""


class Water(Struct, frozen=True):
    """The root zone at one moment."""

    nfk: float
    """%."""
    mm: float
    """All water, also what plants can't use."""
    tension: float | None
    """kPa, mean of the probes that measure it."""
    time_ms: int
    """Of the newest reading."""
    sources: str
    """The probes that told."""


def believed(state: SoilState, now_ms: int) -> list[Layer]:
    """Probes with a fresh value, in unfrozen soil, that neither look like air nor stand still."""
    return [
        layer
        for layer in state.layers
        if layer.fresh(now_ms)
        and not layer.frozen(now_ms)
        and not layer.air_count
        and f"soil_stuck|{layer.key}" not in state.open
    ]


def sources_of(layers: Sequence[Layer]) -> str:
    """The probes in one text, to tell when another set of them speaks."""
    return " ".join(layer.key for layer in layers)


def root_zone(asset: Asset, site: Site, state: SoilState, now_ms: int) -> Water | None:
    """The water of the root zone; None when no probe can be believed."""
    layers = believed(state, now_ms)
    known = depths_of(asset, state.layers)
    depths = [known[layer.key] for layer in layers]
    vwc = root_zone_mean([layer.vwc or 0.0 for layer in layers], depths, site.root_depth_cm)
    nfk = root_zone_mean([site.soil.nfk(layer.vwc or 0.0) for layer in layers], depths, site.root_depth_cm)
    if vwc is None or nfk is None:
        return None
    felt = [layer for layer in layers if layer.tension is not None]
    tension = root_zone_mean(
        [layer.tension or 0.0 for layer in felt], [known[layer.key] for layer in felt], site.root_depth_cm
    )
    newest = max(layer.time_ms for layer in layers)
    return Water(nfk, vwc / 10.0 * site.root_depth_cm, tension, newest, sources_of(layers))


def depths_of(asset: Asset, layers: Sequence[Layer]) -> dict[str, float | None]:
    """How deep each probe sits, cm, by its key. What is said of a probe itself goes first; then the asset's list
    `depths_cm`: by the channel's number from 0 on, or, with as many probes as depths, by their order of device and
    channel."""
    listed = listed_depths(asset)
    ranked = sorted(layers, key=lambda layer: (layer.dev_eui, layer.channel))
    by_rank = len(listed) == len(ranked)
    found: dict[str, float | None] = {}
    for rank, layer in enumerate(ranked):
        depth = depth_cm(asset, layer.dev_eui, layer.channel, layer.depth_measured)
        if depth is None and by_rank:
            depth = listed[rank]
        elif depth is None and layer.channel.isdecimal() and int(layer.channel) < len(listed):
            depth = listed[int(layer.channel)]
        found[layer.key] = depth
    return found


def drying_per_day(days: Sequence[tuple[int, float]]) -> float | None:
    """Points of %nFK that a day without rain or watering takes: the mean of the last four such days. None before
    there were two."""
    pairs = pairwise(days)
    falls = [(a - b) / (day_b - day_a) for (day_a, a), (day_b, b) in pairs]
    drying = [fall for fall in falls if fall >= MIN_DRYING][-4:]
    return sum(drying) / len(drying) if len(drying) >= 2 else None
