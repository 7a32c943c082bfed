"""The root zone of several probes: each stands for the slab of soil that is nearest to it, and for its roots.

Roots take up 40, 30, 20 and 10 % of their water from the quarters of the root zone, from above (USDA, National
Engineering Handbook, part 623, chapter 2).
"""

from collections.abc import Sequence
from itertools import pairwise

_BY_QUARTER = (0.0, 0.4, 0.7, 0.9, 1.0)
"""Share of the uptake above each quarter's edge."""


def uptake_above(share: float) -> float:
    """Share of the uptake above a depth, which is given as share of the root zone; 0 to 1 both."""
    quarter = min(int(share * 4), 3)
    return _BY_QUARTER[quarter] + (share * 4 - quarter) * (_BY_QUARTER[quarter + 1] - _BY_QUARTER[quarter])


def slab_weights(depths_cm: Sequence[float | None], root_depth_cm: float) -> list[float]:
    """The share of the root zone's uptake that each probe stands for; they sum to 1 (empty for no probes).

    A slab reaches half-way to the next probe, the first to the surface and the last to the end of the root zone. Probes
    at one depth share its slab. Probes of unknown depth count only where none is known, and then equally.
    """
    known = sorted({depth for depth in depths_cm if depth is not None})
    if not known:
        return [1.0 / len(depths_cm)] * len(depths_cm)
    middles = [(upper + lower) / 2.0 for upper, lower in pairwise(known)]
    edges = [0.0, *(min(middle / root_depth_cm, 1.0) for middle in middles), 1.0]
    share = {depth: uptake_above(edges[i + 1]) - uptake_above(edges[i]) for i, depth in enumerate(known)}
    return [0.0 if depth is None else share[depth] / depths_cm.count(depth) for depth in depths_cm]


def root_zone_mean(values: Sequence[float], depths_cm: Sequence[float | None], root_depth_cm: float) -> float | None:
    """The mean of a value over the root zone by `slab_weights`; None for no probes."""
    if not values:
        return None
    weights = slab_weights(depths_cm, root_depth_cm)
    return sum(value * weight for value, weight in zip(values, weights, strict=True))
