"""Distance to fill level: from what a level sensor measures to the percentage of its container."""

from itertools import pairwise
from math import isfinite

from decoders.value import Quality
from pipeline.inventory import Container

TOLERANCE = 0.1
"""A distance may exceed the floor's by this part of it (a dent, a missing bag) before it is no longer believed."""

_SENTINEL_MM = 0xFFFF  # "no echo" of many level sensors; 0 is the other


def fill_level(distance_mm: float, container: Container, tilted: bool) -> tuple[float | None, Quality]:
    """Fill level in percent (0 to 100) with its quality; None where no honest number exists.

    `distance_mm` from the sensor's face to the surface. Tilted (lying, lid open): `not_available`. 0 and 65535 are no
    distances: `no_target`. Inside the blind zone: 100 with `blind_zone`, not a computed number. Beyond the floor by
    more than a tenth, or beyond the sensor's range: `out_of_range`, never a silent 0.
    """
    if not isfinite(distance_mm) or distance_mm < 0:
        return None, "sensor_error"
    if tilted:
        return None, "not_available"
    if distance_mm in (0, _SENTINEL_MM):
        return None, "no_target"
    if distance_mm < container.blind_zone_mm:
        return 100.0, "blind_zone"
    empty_mm = container.empty_mm
    if empty_mm is None:
        return None, "not_available"
    if _beyond(distance_mm, empty_mm, container.range_max_mm):
        return None, "out_of_range"
    if container.table:
        return _interpolated(distance_mm, container.table), "ok"
    percent = (empty_mm - distance_mm) / (empty_mm - container.full_mm) * 100.0
    return min(max(percent, 0.0), 100.0), "ok"


def container_problems(container: Container) -> list[str]:
    """One sentence for every impossible figure; empty when `fill_level` can work with the container."""
    empty_mm, full_mm = container.empty_mm, container.full_mm
    problems = [f"{name} must be above 0" for name, value in _lengths(container) if value is not None and value <= 0]
    if container.blind_zone_mm < 0:
        problems.append("blind_zone_mm must not be negative")
    if empty_mm is None:
        problems.append("give height_mm, distance_empty_mm or a table: the distance to the floor is unknown")
    elif full_mm >= empty_mm:
        problems.append(
            f"the distance when full ({full_mm:g} mm) must be below the distance when empty ({empty_mm:g} mm)"
        )
    nearest_mm = container.blind_zone_mm + container.offset_mm
    if container.distance_full_mm is not None and container.distance_full_mm < nearest_mm:
        problems.append(f"distance_full_mm must be at least blind_zone_mm + offset_mm ({nearest_mm:g} mm)")
    if container.range_max_mm is not None and container.range_max_mm <= container.blind_zone_mm:
        problems.append("range_max_mm must be above blind_zone_mm")
    if container.table is not None:
        problems += _table_problems(container.table)
    return problems


def _beyond(distance_mm: float, empty_mm: float, range_max_mm: float | None) -> bool:
    if range_max_mm is not None and distance_mm > range_max_mm:
        return True
    return distance_mm - empty_mm > empty_mm * TOLERANCE


def _interpolated(distance_mm: float, table: tuple[tuple[float, float], ...]) -> float:
    if distance_mm <= table[0][0]:
        return table[0][1]
    for (near_mm, near_percent), (far_mm, far_percent) in pairwise(table):
        if distance_mm <= far_mm:
            share = (distance_mm - near_mm) / (far_mm - near_mm)
            return near_percent + share * (far_percent - near_percent)
    return table[-1][1]


def _lengths(container: Container) -> list[tuple[str, float | None]]:
    names = ("height_mm", "distance_full_mm", "distance_empty_mm", "range_max_mm", "volume_l")
    return [(name, getattr(container, name)) for name in names]


def _table_problems(table: tuple[tuple[float, float], ...]) -> list[str]:
    problems = []
    if len(table) < 2:
        problems.append("the table needs at least two points")
    if any(not 0 <= percent <= 100 for _, percent in table):
        problems.append("the table's percentages must lie between 0 and 100")
    if any(near >= far for (near, _), (far, _) in pairwise(table)):
        problems.append("the table's distances must rise")
    if any(first < second for (_, first), (_, second) in pairwise(table)):
        problems.append("the table's percentages must not rise with the distance")
    return problems
