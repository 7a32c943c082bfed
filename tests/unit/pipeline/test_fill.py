"""Distance to fill level: every rule of the geometry, and no number where none is honest."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fill import container_problems, fill_level
from pipeline.inventory import Container

BIN = Container(height_mm=1500, offset_mm=100, distance_full_mm=400, blind_zone_mm=300, range_max_mm=4500)
"""Empty at 1600 mm: 1200 mm of way between empty and full."""

TABLE = Container(table=((400, 100), (800, 40), (1600, 0)), blind_zone_mm=250)


@pytest.mark.parametrize(
    ("distance_mm", "percent", "quality"),
    [
        (1600, 0.0, "ok"),
        (1000, 50.0, "ok"),
        (400, 100.0, "ok"),
        (350, 100.0, "ok"),  # between blind zone and full: clamped
        (300, 100.0, "ok"),  # the blind zone's edge is seen
        (299.9, 100.0, "blind_zone"),
        (1, 100.0, "blind_zone"),
        (1700, 0.0, "ok"),  # a little deeper than the floor: clamped
        (1760, 0.0, "ok"),  # exactly a tenth
        (1760.1, None, "out_of_range"),
        (0, None, "no_target"),
        (65535, None, "no_target"),
        (-1, None, "sensor_error"),
        (math.nan, None, "sensor_error"),
        (math.inf, None, "sensor_error"),
    ],
)
def test_a_distance_becomes_an_honest_percentage(distance_mm: float, percent: float | None, quality: str) -> None:
    """Linear between empty and full; blind, lost and sentinel distances are never computed."""
    assert fill_level(distance_mm, BIN, tilted=False) == (percent, quality)


@pytest.mark.parametrize("distance_mm", [100, 1000, 5000])
def test_tilt_suppresses_the_fill_level(distance_mm: float) -> None:
    """A lying container or an open lid has no level, not even a full one."""
    assert fill_level(distance_mm, BIN, tilted=True) == (None, "not_available")


@pytest.mark.parametrize(
    ("distance_mm", "percent", "quality"),
    [
        (249, 100.0, "blind_zone"),
        (300, 100.0, "ok"),
        (400, 100.0, "ok"),
        (600, 70.0, "ok"),
        (800, 40.0, "ok"),
        (1200, 20.0, "ok"),
        (1600, 0.0, "ok"),
        (1700, 0.0, "ok"),
        (1761, None, "out_of_range"),
    ],
)
def test_a_table_is_interpolated(distance_mm: float, percent: float | None, quality: str) -> None:
    """Containers that are no prisms: straight lines between the points, level beyond the ends."""
    assert fill_level(distance_mm, TABLE, tilted=False) == (percent, quality)


def test_the_distances_follow_from_height_offset_and_blind_zone() -> None:
    """Empty is height + offset unless measured; full is blind zone + offset unless given, never nearer than seen."""
    assert Container(height_mm=1000, offset_mm=50).empty_mm == 1050
    assert Container(height_mm=1000, offset_mm=-50).empty_mm == 950
    assert Container(height_mm=1000, distance_empty_mm=1020).empty_mm == 1020
    assert Container(height_mm=1000, offset_mm=50, blind_zone_mm=250).full_mm == 300
    assert Container(height_mm=1000, offset_mm=-50, blind_zone_mm=250).full_mm == 250
    assert Container(height_mm=1000).full_mm == 0
    assert TABLE.empty_mm == 1600


def test_beyond_the_sensors_range_nothing_is_believed() -> None:
    """A deep container with a short-sighted sensor."""
    deep = Container(height_mm=4000, distance_full_mm=300, range_max_mm=2000)
    assert fill_level(2000, deep, tilted=False)[1] == "ok"
    assert fill_level(2001, deep, tilted=False) == (None, "out_of_range")


def test_without_geometry_there_is_no_level() -> None:
    """A container of which only the blind zone is known still says when it is full to the sensor."""
    unknown = Container(blind_zone_mm=300)
    assert fill_level(500, unknown, tilted=False) == (None, "not_available")
    assert fill_level(200, unknown, tilted=False) == (100.0, "blind_zone")


@pytest.mark.parametrize(
    ("container", "problem"),
    [
        (Container(), "distance to the floor is unknown"),
        (Container(height_mm=0), "height_mm must be above 0"),
        (Container(height_mm=500, distance_full_mm=500), "must be below"),
        (Container(height_mm=500, blind_zone_mm=-1), "must not be negative"),
        (Container(height_mm=500, blind_zone_mm=600), "must be below"),
        (Container(height_mm=900, offset_mm=50, blind_zone_mm=300, distance_full_mm=320), "at least"),
        (Container(height_mm=900, blind_zone_mm=300, range_max_mm=300), "range_max_mm"),
        (Container(table=((400, 100),)), "two points"),
        (Container(table=((400, 101), (800, 0))), "between 0 and 100"),
        (Container(table=((800, 100), (400, 0))), "distances must rise"),
        (Container(table=((400, 40), (800, 60))), "must not rise"),
    ],
)
def test_impossible_geometry_is_named(container: Container, problem: str) -> None:
    """Before it can make wrong numbers."""
    assert any(problem in text for text in container_problems(container))


@pytest.mark.parametrize("container", [BIN, TABLE, Container(height_mm=1000)])
def test_possible_geometry_has_no_problems(container: Container) -> None:
    """The containers of these tests are good ones."""
    assert container_problems(container) == []


@given(st.floats(), st.booleans(), st.sampled_from([BIN, TABLE, Container(), Container(height_mm=1000)]))
def test_a_level_is_a_percentage_or_absent_with_a_reason(
    distance_mm: float, tilted: bool, container: Container
) -> None:
    """For any number a sensor may send."""
    percent, quality = fill_level(distance_mm, container, tilted)
    assert (percent is None) == (quality not in ("ok", "blind_zone"))
    assert percent is None or 0 <= percent <= 100


@given(st.floats(300, 1760), st.floats(300, 1760), st.sampled_from([BIN, TABLE]))
def test_a_farther_surface_is_never_a_fuller_container(one: float, other: float, container: Container) -> None:
    """Monotone, prism or table."""
    near, far = sorted((one, other))
    near_percent, far_percent = fill_level(near, container, False)[0], fill_level(far, container, False)[0]
    assert near_percent is not None and far_percent is not None and near_percent >= far_percent
