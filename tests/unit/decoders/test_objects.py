"""Server-decoded objects: rules, built-in names, and everything untrusted about them."""

from typing import Any

import pytest
import yaml

from decoders.objects import MAX_LEAVES, ObjectContext, RuleError, load_rules, map_object
from decoders.value import DecodedValue

NO_RULES = load_rules({})
ANY = ObjectContext()


def mapped(obj: dict[str, Any], rules: str = "{}", context: ObjectContext = ANY) -> dict[tuple[str, str], object]:
    decoded = map_object(obj, load_rules(yaml.safe_load(rules)), context)
    return {(value.quantity, value.channel): value.value for value in decoded.values}


def test_well_known_names_need_no_rule() -> None:
    """Normalised names, both servers' Cayenne LPP and plain vendor words become quantities."""
    assert mapped(
        {
            "air": {"temperature": 21.5, "relativeHumidity": 40},
            "soil": {"ec": 0.5, "depth": 20},
            "temperatureSensor": {"3": 27.2},
            "relative_humidity_8": 49.5,
            "BatV": "3.28",
            "battery": 92,
            "distance": 1601,
            "battery_voltage": {"displayName": "Battery voltage", "value": 3.2, "unit": "V"},
        }
    ) == {
        ("air_temperature", ""): 21.5,
        ("relative_humidity", ""): 40.0,
        ("soil_ec", ""): 500.0,
        ("soil_depth", ""): 20.0,
        ("air_temperature", "3"): 27.2,
        ("relative_humidity", "8"): 49.5,
        ("battery_voltage", ""): 3.2,
        ("battery_level", ""): 92.0,
        ("distance", ""): 1601.0,
    }


def test_battery_that_is_no_percentage_stays_generic() -> None:
    """A battery of 3.6 is a voltage or whatever else: never 3.6 %."""
    assert mapped({"battery": 3.6}) == {("generic", "battery"): 3.6}


RULES = """
rules:
  - match: {profile: "ACME *", application: waste}
    fields:
      - {path: temperature, quantity: device_temperature}
      - {path: "level.cm[1]", quantity: distance, scale: 10, offset: -5, channel: left}
      - {path: lid, quantity: tilt_alarm, values: {open: true, closed: false, 7: true}}
      - {path: "probe_*_ec", quantity: soil_ec}
      - {path: debug, ignore: true}
"""


def test_rules_go_before_the_built_in_names() -> None:
    """Scale, offset, channel, words, patterns and ignoring work as written, for matching devices only."""
    obj = {"temperature": 25, "level": {"cm": [1, 120]}, "lid": "OPEN", "probe_2_ec": 3, "debug": 1}
    assert mapped(obj, RULES, ObjectContext(profile="acme t1", application="waste")) == {
        ("device_temperature", ""): 25.0,
        ("generic", "level.cm[0]"): 1.0,
        ("distance", "left"): 1195.0,
        ("tilt_alarm", ""): True,
        ("soil_ec", "2"): 3.0,
    }
    assert ("air_temperature", "") in mapped(obj, RULES, ObjectContext(profile="acme t1", application="parking"))


def test_unmapped_leaves_keep_their_name_and_one_type_each() -> None:
    """Numbers are floats, texts are texts, switches are switches; a numeric text without a rule stays a text."""
    assert mapped({"a": {"b": [1, True]}, "c": "17", "d": 2}) == {
        ("generic", "a.b[0]"): 1.0,
        ("generic_flag", "a.b[1]"): True,
        ("generic_text", "c"): "17",
        ("generic", "d"): 2.0,
    }


def test_leaf_of_another_kind_is_kept_under_its_name() -> None:
    """A rule for a number that meets a word, or an unknown code, hides nothing."""
    assert mapped({"distance": "error"}) == {("generic_text", "distance"): "error"}
    assert mapped({"distance": True}) == {("generic_flag", "distance"): True}
    assert mapped({"position": "elsewhere"}) == {("generic_text", "position"): "elsewhere"}
    assert mapped({"occupied": 1}) == {("occupied", ""): True}
    assert mapped({"occupied": 2}) == {("generic", "occupied"): 2.0}


@pytest.mark.parametrize("nothing", [None, float("nan"), float("inf"), "NaN", "Infinity", "-inf", "", "null", 10**400])
def test_what_is_no_value_is_dropped_alone(nothing: object) -> None:
    """One bad field costs a warning and never its neighbours."""
    decoded = map_object({"temperature": nothing, "humidity": 40.0}, NO_RULES, ANY)
    assert decoded.values == (DecodedValue("relative_humidity", 40.0),)
    assert len(decoded.warnings) == 1
    assert decoded.warnings[0].startswith("temperature:")


def test_numbers_of_leaves_depth_and_size_are_bounded() -> None:
    """A hostile object costs a bounded number of values and bytes, and says what was cut."""
    decoded = map_object({f"k{i}": i for i in range(MAX_LEAVES + 1)}, NO_RULES, ANY)
    assert len(decoded.values) == MAX_LEAVES
    assert decoded.warnings == ("more than 64 fields: the rest is not read",)
    deep: dict[str, Any] = {}
    for _ in range(2_000):
        deep = {"x": deep}
    assert map_object(deep, NO_RULES, ANY).values == ()
    long = map_object({"t": "x" * 5_000, "n" * 500: 1}, NO_RULES, ANY)
    assert [len(str(value.value)) for value in long.values] == [256]
    assert len(long.warnings) == 2


def test_implausible_values_are_kept_and_say_so() -> None:
    """What the server decoded is checked against the vocabulary like a native payload."""
    (value,) = map_object({"humidity": 130}, NO_RULES, ANY).values
    assert (value.value, value.quality) == (130.0, "out_of_range")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[]", "rule file"),
        ("{rules: 1}", "rules"),
        ("{ruels: []}", "ruels"),
        ("{rules: [{fields: []}]}", "fields"),
        ("{rules: [{match: {name: x}, fields: [{path: a, ignore: true}]}]}", "name"),
        ("{rules: [{match: {profile: 1}, fields: [{path: a, ignore: true}]}]}", "profile"),
        ("{rules: [{fields: [{path: a}]}]}", "quantity and ignore"),
        ("{rules: [{fields: [{path: a, quantity: distance, ignore: true}]}]}", "quantity and ignore"),
        ("{rules: [{fields: [{path: a, quantity: distanz}]}]}", "distanz"),
        ("{rules: [{fields: [{path: a, quantity: distance, scale: ten}]}]}", "scale"),
        ("{rules: [{fields: [{path: a, quantity: distance, scale: true}]}]}", "scale"),
        ("{rules: [{fields: [{path: 'a.*.*', quantity: distance}]}]}", "path"),
        ("{rules: [{fields: [{path: a, quantity: tilt_alarm, values: {x: tilted}}]}]}", "tilted"),
    ],
)
def test_wrong_rules_are_refused_by_name(text: str, where: str) -> None:
    """A mistake in the rule file is found before the first frame, and the message says where."""
    with pytest.raises(RuleError, match=where):
        load_rules(yaml.safe_load(text))
