"""Which measurements are asked, and how their answers become one table."""

from hypothesis import given
from hypothesis import strategies as st

from api.plan import Part, kinds_between, merge, parts_of, unit_of
from pipeline.fields import FIELDS
from pipeline.reading import MEASUREMENTS, Series
from tests.unit.api.small_city import BED, BIN, HOUR, LOOSE, NAMELESS, NOW, VALVE, city_inventory


def test_kinds_follow_the_devices_way_through_the_city() -> None:
    """Today's place first, then where it hung in the range, then what its decoder says; neighbours don't count."""
    inventory = city_inventory()
    assert kinds_between(inventory, BIN, 0, NOW, NOW) == ("waste_bin",)
    assert kinds_between(inventory, BED, NOW - HOUR, NOW, NOW) == ("soil",)
    assert kinds_between(inventory, BED, NOW - 49 * HOUR, NOW, NOW) == ("soil", "waste_bin")
    assert kinds_between(inventory, BED, NOW - 48 * HOUR, NOW, NOW) == ("soil",)
    assert kinds_between(inventory, BED, 0, NOW - 48 * HOUR, NOW) == ("soil", "waste_bin")
    assert kinds_between(inventory, VALVE, 0, NOW, NOW) == ("valve", "soil", "generic")
    assert kinds_between(inventory, LOOSE, 0, NOW, NOW) == ("parking_bay",)
    assert kinds_between(inventory, NAMELESS, 0, NOW, NOW) == ("generic",)


def test_every_field_has_a_measurement_and_each_is_asked_once() -> None:
    """No quantity of the vocabulary, and no figure about the radio link, can't be asked for."""
    parts = parts_of(tuple(FIELDS), ("soil", "generic"))
    assert {name for part in parts for name in part.fields} == set(FIELDS)
    names = [part.measurement for part in parts]
    assert len(names) == len(set(names)) and set(names) <= set(MEASUREMENTS)
    assert [part.measurement for part in parts_of(("battery_level",), ("soil",))] == ["soil", "device_health"]


def test_units_are_known_for_radio_figures_too() -> None:
    """And are empty for what has none."""
    assert [unit_of(name) for name in ("soil_ec", "rssi", "radio_margin", "f_cnt")] == ["uS/cm", "dBm", "dB", ""]


cells = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from(["", "1"]), st.none() | st.integers(0, 9)), unique_by=lambda r: r[:2]
)


@given(cells, cells, st.integers(1, 30), st.booleans())
def test_merging_keeps_every_value_where_it_belongs(
    first: list[tuple[int, str, int | None]],
    second: list[tuple[int, str, int | None]],
    limit: int,
    newest_first: bool,
) -> None:
    """Against the plain definition: one row for each (time, channel), `a` from the first part, else from the second."""
    answers = [
        (Part("soil", ("b", "a")), Series(("time", "channel", "b", "a"), [(t, c, 100 + t, v) for t, c, v in first])),
        (Part("device_health", ("a",)), Series(("time", "channel", "a"), [*second])),
    ]
    table = merge(("a", "b"), answers, limit, newest_first=newest_first)
    one, two = {(t, c): v for t, c, v in first}, {(t, c): v for t, c, v in second}
    keys = sorted(one.keys() | two.keys(), reverse=newest_first)
    whole = [
        (*key, one[key] if one.get(key) is not None else two.get(key), 100 + key[0] if key in one else None)
        for key in keys
    ]
    assert table.rows == whole[:limit]
    assert table.truncated == (len(whole) > limit)
