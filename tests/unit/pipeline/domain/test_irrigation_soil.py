"""Beds and trees: %nFK by texture and depth, and the events that a root zone gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.irrigation import SOIL
from pipeline.domain.irrigation.rootzone import root_zone_mean, slab_weights
from pipeline.domain.irrigation.site import depth_cm, listed_depths, site_of, site_problems
from pipeline.domain.irrigation.soil_state import SoilState
from pipeline.domain.irrigation.texture import NFK_CLASSES, TEXTURES, nfk_class, tension_class
from pipeline.domain.words import DomainEvent, Facts, Input, Observation, Report, Step, Tick
from pipeline.inventory_model import Asset, AttributeValue
from pipeline.reading import FieldValue

HOUR = 3_600_000
DAY = 24 * HOUR
T0 = 1_782_864_000_000  # 2026-07-01T00:00:00Z
EUI = "70b3d57ed0000001"
ROOTS: dict[str, AttributeValue] = {"texture": "loam", "root_depth_cm": 60, "root_area_m2": 2.0, "target_nfk": 80}


def tree(**attributes: str | float) -> Facts:
    return Facts(Asset("tree-1", kind="soil", attributes={**ROOTS, **attributes}))


def soil(at: int, vwc: float | None = None, channel: str = "", **more: float) -> Observation:
    values: dict[str, FieldValue] = {**({} if vwc is None else {"soil_moisture_vwc": vwc}), **more}
    return Observation(at, at, EUI, channel, values)


def number(value: FieldValue) -> float:
    assert isinstance(value, float)
    return value


class Told:
    """A detector's run, and all that it said."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.state = SOIL.begin(facts)
        self.events: dict[str, DomainEvent] = {}
        self.steps: list[Step] = []

    def feed(self, *inputs: Input) -> "Told":
        for one in inputs:
            before = SoilState(*(getattr(self.state, name) for name in SoilState.__struct_fields__))
            self.state, step = SOIL.step(self.facts, self.state, one)
            again = SOIL.step(self.facts, before, one)
            assert again == (self.state, step)
            self.steps.append(step)
            self.events.update((event.id, event) for event in step.events)
            for gone in step.withdrawn:
                self.events.pop(gone)
        return self

    def hours(self, start: int, values: list[float], every_h: int = 1) -> "Told":
        for number, vwc in enumerate(values):
            at = start + number * every_h * HOUR
            self.feed(Tick(at), soil(at + 60_000, vwc))
        return self.feed(Tick(start + len(values) * every_h * HOUR))

    def kinds(self) -> list[str]:
        return sorted(event.kind for event in self.events.values())

    def one(self, kind: str) -> DomainEvent:
        (found,) = [event for event in self.events.values() if event.kind == kind]
        return found


def saxton_rawls(sand: float, clay: float, organic: float = 2.5) -> tuple[float, float]:
    """Water at 33 and 1500 kPa, % by volume: the source's equations 1 and 2."""
    wp = -0.024 * sand + 0.487 * clay + 0.006 * organic + 0.005 * sand * organic - 0.013 * clay * organic
    wp += 0.068 * sand * clay + 0.031
    fc = -0.251 * sand + 0.195 * clay + 0.011 * organic + 0.006 * sand * organic - 0.027 * clay * organic
    fc += 0.452 * sand * clay + 0.299
    return 100 * (fc + 1.283 * fc**2 - 0.374 * fc - 0.015), 100 * (wp + 0.14 * wp - 0.02)


CENTRES = {
    "sand": (88, 5), "loamy_sand": (80, 5), "sandy_loam": (65, 10), "loam": (40, 20), "silt_loam": (20, 15),
    "silt": (10, 5), "sandy_clay_loam": (60, 25), "clay_loam": (30, 35), "silty_clay_loam": (10, 35),
    "sandy_clay": (50, 40), "silty_clay": (10, 45), "clay": (25, 50),
}  # fmt: skip
"""Sand and clay, %, that the source's table takes for each class."""


@pytest.mark.parametrize("texture", TEXTURES)
def test_the_texture_table_is_what_the_sources_equations_give(texture: str) -> None:
    """Each class's two figures are those of the equations at its centre, to a point."""
    field_capacity, wilting_point = saxton_rawls(*(part / 100 for part in CENTRES[texture]))
    assert TEXTURES[texture].field_capacity == pytest.approx(field_capacity, abs=0.6)
    assert TEXTURES[texture].wilting_point == pytest.approx(wilting_point, abs=0.6)


@pytest.mark.parametrize(("vwc", "nfk"), [(14, 0), (10, 0), (21, 50), (28, 100), (46, 120)])
def test_nfk_lies_between_wilting_point_and_field_capacity(vwc: float, nfk: float) -> None:
    """Loam holds 14 % at the wilting point and 28 % at field capacity; what drains at once counts to 120 %."""
    assert TEXTURES["loam"].nfk(vwc) == pytest.approx(nfk)


def test_tension_gives_the_two_known_points_and_falls_between() -> None:
    """pF 1.8 is field capacity, pF 4.2 the wilting point, and 80 kPa lies where light stress begins."""
    loam = TEXTURES["sandy_loam"]
    assert loam.vwc_at(10**1.8 / 10) == pytest.approx(18)
    assert loam.vwc_at(0.1) == pytest.approx(18)
    assert loam.vwc_at(10**4.2 / 10) == pytest.approx(8)
    assert 40 < loam.nfk(loam.vwc_at(80)) < 50


def test_classes_follow_the_weather_service_and_the_berlin_lines() -> None:
    """Every upper end belongs to the next class."""
    assert [nfk_class(upper - 0.1) for upper, _ in NFK_CLASSES] == [word for _, word in NFK_CLASSES]
    assert [nfk_class(x) for x in (10, 30, 50, 110)] == ["drought_stress", "light_stress", "sufficient", "oversupply"]
    assert [tension_class(x) for x in (32, 32.1, 80, 80.1)] == ["good", "moderate", "moderate", "critical"]


def test_probes_at_thirds_weigh_as_roots_do() -> None:
    """Probes at 15, 45 and 75 cm of 90 stand for a third each: 40 + 10, 20 + 13.3 and 6.7 + 10 % of the uptake."""
    assert slab_weights([15, 45, 75], 90) == pytest.approx([0.5, 1 / 3, 1 / 6])


@given(st.lists(st.one_of(st.none(), st.floats(0, 200)), min_size=1, max_size=6), st.floats(5, 300))
def test_weights_sum_to_one(depths: list[float | None], root_depth: float) -> None:
    """Whatever the depths, known or not, twice or below all roots."""
    weights = slab_weights(depths, root_depth)
    assert sum(weights) == pytest.approx(1)
    assert all(weight >= -1e-12 for weight in weights)


def test_a_probe_below_the_roots_says_nothing_beside_one_among_them() -> None:
    """Nothing of a slab that begins below the root zone counts; alone it counts in full."""
    assert slab_weights([30, 150], 60) == pytest.approx([1, 0])
    assert slab_weights([150], 60) == [1]
    assert slab_weights([None, 30], 60) == [0, 1]
    assert root_zone_mean([], [], 60) is None


def test_depths_come_from_attributes_then_the_device_then_the_channel() -> None:
    """The nearest word about a probe goes first."""
    asset = Asset("a", attributes={f"depth_{EUI}_cm": 20, "depth_1_cm": 40})
    assert depth_cm(asset, EUI, "1", 55) == 20
    assert depth_cm(asset, "other", "1", 55) == 40
    assert depth_cm(asset, "other", "2", 55) == 55
    assert depth_cm(asset, "other", "1_10cm", None) == 10
    assert depth_cm(asset, "other", "", None) is None
    assert listed_depths(Asset("a", attributes={"depths_cm": "30,60"})) == (30, 60)
    assert listed_depths(Asset("a", attributes={"depths_cm": "deep"})) == ()


def test_wrong_attributes_count_as_missing_and_are_named() -> None:
    """Nothing of an impossible soil is believed; texts that are numbers are."""
    asset = Asset("a", attributes={"texture": "mud", "field_capacity": 10, "wilting_point": 20, "root_area_m2": -1})
    site = site_of(asset)
    assert (site.soil, site.root_area_m2) == (TEXTURES["sandy_loam"], None)
    assert len(site_problems(asset)) == 3
    good = Asset("b", attributes={"texture": "Loam", "root_area_m2": "2.5", "plant": "bed"})
    assert site_problems(good) == []
    assert (site_of(good).root_area_m2, site_of(good).root_depth_cm) == (2.5, 30)


def test_a_golden_day_by_hand() -> None:
    """Loam, 60 cm, 2 m2: nFK is 84 mm. At 17.5 % by volume it is at 25 %: 63 mm short; to 80 %: 46.2 mm or 92.4 L."""
    told = Told(tree()).feed(soil(T0, 17.5))
    assert told.steps[0].derived == pytest.approx({"nfk": 25.0, "soil_deficit": 63.0, "litres_needed": 92.4})


def test_without_an_area_a_visit_is_a_whole_one() -> None:
    """100 L below the trigger, nothing above."""
    facts = Facts(Asset("t", kind="soil", attributes={"texture": "loam", "trigger_nfk": 50}))
    assert Told(facts).feed(soil(T0, 20)).steps[0].derived["litres_needed"] == 100
    assert Told(facts).feed(soil(T0, 22)).steps[0].derived["litres_needed"] == 0


def test_depths_of_one_frame_join_to_one_value() -> None:
    """The last depth's word stands for the frame: 30 cm at 0 %, 60 cm at 100 %, roots of 60 cm, edge at 45 cm."""
    told = Told(tree(depths_cm="30,60")).feed(soil(T0, 14, "0"), soil(T0, 28, "1"))
    assert told.steps[0].derived["nfk"] == 0
    assert told.steps[1].derived["nfk"] == pytest.approx(10)


def test_two_devices_take_their_depths_in_order() -> None:
    """As many probes as listed depths: by DevEUI."""
    facts = tree(depths_cm="30,60")
    told = Told(facts).feed(Observation(T0, T0, "b" * 16, "", {"soil_moisture_vwc": 28.0}))
    told.feed(Observation(T0 + 1, T0 + 1, "a" * 16, "", {"soil_moisture_vwc": 14.0}))
    assert told.steps[1].derived["nfk"] == pytest.approx(10)


def test_what_is_not_ok_is_ignored() -> None:
    """A fault is no reading, not even one beside a good temperature."""
    bad = Observation(T0, T0, EUI, "", {"soil_moisture_vwc": 3.0, "soil_temperature": 9.0}, {"soil_moisture_vwc": "x"})
    told = Told(tree()).feed(bad)
    assert told.steps[0].derived == {}
    assert told.state.layers[0].temperature == 9
    assert Told(tree()).feed(Observation(T0, T0, EUI, "", {"battery_voltage": 3.0})).state == SoilState()


def test_a_silent_depth_drops_out() -> None:
    """After a day only the depth that still speaks counts."""
    told = Told(tree(depths_cm="30,60")).feed(soil(T0, 14, "0"), soil(T0, 28, "1"), soil(T0 + 27 * HOUR, 28, "1"))
    assert told.steps[-1].derived["nfk"] == 100


def test_dry_stress_begins_at_its_second_sign_and_ends_with_a_margin() -> None:
    """Below 30 % twice: begun at the first; 33 % is not over yet, 36 % is."""
    told = Told(tree()).hours(T0, [19, 18.1, 18, 18.6, 19.1])
    event = told.one("dry_stress")
    assert (event.start_ms, event.end_ms) == (T0 + HOUR + 60_000, T0 + 4 * HOUR + 60_000)
    assert event.values["class"] == "light_stress"
    assert event.values["nfk_lowest"] == pytest.approx(28.6, abs=0.05)
    assert event.detector == "soil@1"


def test_one_dry_reading_is_no_stress() -> None:
    """A single dip gives nothing."""
    assert Told(tree()).hours(T0, [19, 18, 19]).kinds() == []


def test_stress_that_grows_worse_is_told_again_under_the_same_id() -> None:
    """The class is revised, the event stays one."""
    told = Told(tree()).hours(T0, [18, 17.9, 15.2, 15.1])
    event = told.one("dry_stress")
    assert event.ongoing
    assert event.values["class"] == "extreme_drought_stress"


def test_a_line_in_kpa_goes_first_where_the_site_has_one() -> None:
    """Tension above 80 kPa is stress by the Berlin method though %nFK says otherwise."""
    facts = tree(stress_kpa=80)
    told = Told(facts)
    for number, potential in enumerate((-70.0, -85.0, -90.0, -70.0, -60.0)):
        at = T0 + number * HOUR
        told.feed(Tick(at), soil(at + 1, soil_water_potential=potential))
    event = told.feed(Tick(T0 + 5 * HOUR)).one("dry_stress")
    assert (event.start_ms, event.end_ms) == (T0 + HOUR + 1, T0 + 4 * HOUR + 1)
    assert event.values["tension_kpa"] == 60


def test_a_rise_without_rain_is_a_watering_with_litres() -> None:
    """From 19 to 24 % over 60 cm: 30 mm on 2 m2 are 60 L; without a gauge one can't be sure."""
    event = Told(tree()).hours(T0, [19, 19, 24, 23.5]).one("watered")
    assert event.start_ms == T0 + 2 * HOUR + 60_000
    assert event.values == {"source": "soil", "rise_mm": 30, "litres_estimated": 60}
    assert event.confidence == 0.5


def rain(at: int, mm: float) -> Report:
    return Report(at, at, "rain", {"rain_amount": mm})


def test_rain_explains_a_rise() -> None:
    """25 mm of rain and what runs in from around are no watering; none at all make the gardener sure."""
    wet = Told(tree()).hours(T0, [19, 19]).feed(rain(T0 + 2 * HOUR, 25.0)).hours(T0 + 2 * HOUR, [24, 23.5])
    assert "watered" not in wet.kinds()
    dry = Told(tree()).hours(T0, [19, 19]).feed(rain(T0 + 2 * HOUR, 0.0)).hours(T0 + 2 * HOUR, [24, 23.5])
    assert dry.one("watered").confidence == 0.9


def test_rain_that_the_gauge_tells_late_withdraws_the_watering() -> None:
    """The soil spoke before the gauge."""
    told = Told(tree()).hours(T0, [19, 19, 24])
    assert told.kinds() == ["watered"]
    told.feed(rain(T0 + 3 * HOUR, 25.0)).hours(T0 + 3 * HOUR + 60_000, [24.1])
    assert told.kinds() == []


def test_a_word_and_a_rise_are_one_watering() -> None:
    """The crew's button before or after what the soil says: one event, sure, with both figures."""
    word = Report(T0 + 2 * HOUR, T0 + 2 * HOUR, "watered", {"litres": 80.0})
    before = Told(tree()).hours(T0, [19, 19]).feed(word).hours(T0 + 2 * HOUR + 1, [24, 24]).one("watered")
    after = Told(tree()).hours(T0, [19, 24]).feed(word).one("watered")
    for event in (before, after):
        assert event.values == {"source": "both", "rise_mm": 30, "litres_estimated": 60, "litres": 80}
        assert event.confidence == 1
    assert before.start_ms == word.time_ms


def test_a_word_without_a_probe_counts() -> None:
    """A tree without a probe, and a crew that says nothing of litres."""
    event = Told(tree()).feed(Report(T0, T0, "watered")).one("watered")
    assert event.values == {"source": "crew"}


def test_a_probe_in_the_air_is_told_and_left_out() -> None:
    """Two readings of nothing: begun at the first; no %nFK meanwhile; over when it is back."""
    told = Told(tree()).hours(T0, [22, 0.3, 0.3, 22])
    event = told.one("probe_out")
    assert (event.start_ms, event.end_ms) == (T0 + HOUR + 60_000, T0 + 3 * HOUR + 60_000)
    assert [step.derived.get("nfk") for step in told.steps if step.derived] == pytest.approx([400 / 7] * 2)
    assert told.kinds() == ["probe_out"]


def test_a_tension_probe_in_the_air_leaps() -> None:
    """From moist to beyond the wilting point in one step."""
    told = Told(tree())
    for number, potential in enumerate((-20.0, -3000.0, -3000.0)):
        told.feed(soil(T0 + number * HOUR, soil_water_potential=potential))
    assert told.kinds() == ["probe_out"]


def test_a_flat_line_is_told_after_two_days_of_a_fine_probe() -> None:
    """A probe that showed hundredths and repeats itself for 48 h stands still; it speaks again when it changes."""
    told = Told(tree()).hours(T0, [22.0, 22.03] + [22.01] * 50)
    event = told.one("soil_stuck")
    assert event.start_ms == T0 + 2 * HOUR + 60_000
    assert told.steps[-2].derived == {}
    assert told.hours(T0 + 52 * HOUR, [22.05]).one("soil_stuck").end_ms == T0 + 52 * HOUR + 60_000


def test_a_coarse_probe_may_repeat_itself_for_days() -> None:
    """Half percents stay the same in quiet soil."""
    assert Told(tree()).hours(T0, [22.5, 22.0] + [22.5] * 60).kinds() == []


def test_frost_is_told_and_frozen_soil_is_not_dry() -> None:
    """Ice has no moisture for a probe: the fall is no stress, and %nFK pauses."""
    told = Told(tree())
    for number, (vwc, temperature) in enumerate(((24, 1.0), (9, -0.5), (9, -1.0), (23, 1.5))):
        at = T0 + number * HOUR
        told.feed(soil(at, vwc, soil_temperature=temperature), Tick(at + HOUR))
    event = told.one("soil_frost")
    assert (event.start_ms, event.end_ms) == (T0 + HOUR, T0 + 3 * HOUR)
    assert told.kinds() == ["soil_frost"]
    assert [bool(step.derived) for step in told.steps[::2]] == [True, False, False, True]


def test_water_that_does_not_drain_is_oversupply() -> None:
    """Above 110 % for two days; a wet night is none."""
    assert Told(tree()).hours(T0, [30.0, 30.1] * 12 + [27.0]).kinds() == []
    told = Told(tree()).hours(T0, [30.0, 30.1] * 25 + [27.0])
    event = told.one("oversupply")
    assert (event.start_ms, event.end_ms) == (T0 + 60_000, T0 + 50 * HOUR + 60_000)


def test_soil_that_does_not_feel_heavy_rain_is_told_once() -> None:
    """20 mm on dry soil and no change within six hours after; nothing more for a week."""
    told = Told(tree()).hours(T0, [19 + 0.01 * (n % 3) for n in range(24)]).feed(rain(T0 + DAY, 20.0))
    told.hours(T0 + DAY, [19 + 0.01 * (n % 3) for n in range(48)])
    assert told.kinds() == ["no_rain_reaction"]
    assert told.one("no_rain_reaction").values["rain_mm"] == 20


def test_soil_that_feels_rain_is_left_in_peace() -> None:
    """A rise by the rain is neither a watering nor a fault."""
    told = Told(tree()).hours(T0, [19 + 0.01 * (n % 3) for n in range(24)]).feed(rain(T0 + DAY, 20.0))
    assert told.hours(T0 + DAY, [21 + 0.01 * (n % 3) for n in range(48)]).kinds() == []


def test_drying_tells_when_stress_begins() -> None:
    """Loam that loses a point of %nFK in 2.4 h (10 a day) from 60 % reaches 30 % in three days."""
    told = Told(tree())
    for day in range(4):
        for hour in range(24):
            at = T0 + day * DAY + hour * HOUR
            told.feed(Tick(at), soil(at, 28 - 14 * (day * 24 + hour) / 240))
    last = told.steps[-1].derived
    assert last["time_to_stress"] == pytest.approx((number(last["nfk"]) - 30) * 2.4, rel=0.02)


def test_the_state_is_bounded() -> None:
    """Months of readings of ever new channels keep a bounded state."""
    told = Told(tree())
    for number in range(600):
        told.feed(soil(T0 + number * HOUR, 20 + number % 7 / 10, str(number % 40)), Tick(T0 + number * HOUR + HOUR))
    assert len(told.state.layers) == 32
    assert len(told.state.history) <= 49
    assert len(told.state.days) <= 8


@given(st.floats(0, 60), st.floats(0, 60), st.sampled_from(sorted(TEXTURES)), st.booleans())
def test_more_water_in_the_soil_never_needs_more_litres(a: float, b: float, texture: str, area: bool) -> None:
    """Of two moistures the wetter one asks for no more."""
    attributes: dict[str, AttributeValue] = {"texture": texture, **({"root_area_m2": 3.0} if area else {})}
    site = site_of(Asset("t", kind="soil", attributes=attributes))
    dry, wet = sorted((a, b))
    assert site.litres(site.soil.nfk(wet)) <= site.litres(site.soil.nfk(dry))
    assert site.litres(site.soil.nfk(dry)) >= 0
