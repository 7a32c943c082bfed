"""Every detector under the fold: the order of arrival changes nothing; derived quantities are in the vocabulary."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decoders.vocabulary import QUANTITIES
from pipeline.domain.fold import HOUR_MS, Run
from pipeline.domain.registry import DETECTORS, runs
from pipeline.domain.words import LATENESS_MS, Facts, Observation, Report
from pipeline.inventory_model import ASSET_KINDS, Asset, Container, Zone
from pipeline.reading import FieldValue
from tests.unit.pipeline.domain.toy import START_MS, Book

KINDS = sorted({kind for detector in DETECTORS for kind in detector.kinds})
VALUES: dict[str, list[dict[str, FieldValue]]] = {
    "waste_bin": [
        *({"fill_level": full, "distance": 1000 - 9 * full} for full in (0.0, 5.0, 40.0, 70.0, 98.0)),
        {"fill_level": 50.0, "tilt_alarm": True},
        {"fire_alarm": True, "device_temperature": 75.0},
        {"battery_level": 50.0},
    ],
    "parking_bay": [{"occupied": True}, {"occupied": False}, {"occupancy_state": "unknown"}, {"battery_voltage": 3.5}],
    "soil": [
        *({"soil_moisture_vwc": vwc, "soil_temperature": 14.0} for vwc in (3.0, 12.0, 25.0, 38.0)),
        *({"soil_water_potential": kpa} for kpa in (-10.0, -35.0, -90.0)),
    ],
    "valve": [
        *({"valve_state": state, "flow_volume": litres} for state in ("open", "closed") for litres in (0.0, 500.0)),
        {"leak_alarm": True},
    ],
    "weather": [
        {"rain_cumulative": 10.0, "air_temperature": 2.0}, {"rain_cumulative": 14.5}, {"rain_amount": 1.5},
        {"air_temperature": -3.0},
    ],
}  # fmt: skip


def facts(kind: Any) -> Facts:
    asset = Asset("x", "X", kind, "z", "", 49.5, 8.5, Container(1000.0), {"collection_days": "mon,wed,fri"})
    return Facts(asset, Zone("z", "Z", "car_park", "centre"))


@st.composite
def weeks(draw: st.DrawFn, kind: str) -> list[Observation | Report]:
    """Some days of one device, with reports of the crew among them."""
    at_ms, made = START_MS + draw(st.integers(0, 48)) * HOUR_MS // 2, []
    for _ in range(draw(st.integers(2, 30))):
        at_ms += draw(st.sampled_from([1, 20, 60, 60, 240])) * 60_000
        if draw(st.integers(0, 9)) == 0:
            made.append(Report(at_ms, at_ms, "emptied" if kind == "waste_bin" else "watered", {}))
        else:
            made.append(Observation(at_ms, at_ms + 1500, "a", "", draw(st.sampled_from(VALUES[kind]))))
    return made


def same(first: Book, second: Book) -> None:
    assert first.events == second.events
    assert first.derived == second.derived


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_order_of_arrival_changes_nothing(kind: str, data: st.DataObject) -> None:
    """Shuffled within the bound, in batches, each repeated by the next: as in order."""
    run, about = runs()[kind], facts(kind)  # type: ignore[index]
    inputs = data.draw(weeks(kind))
    end_ms = inputs[-1].time_ms + 30 * HOUR_MS
    ordered, body = Book(), run.begin(about)
    for one in inputs:
        body, change = run.feed(about, body, [one])
        ordered.enter(change)
    body, change = run.feed(about, body, [], end_ms)
    ordered.enter(change)
    delays = data.draw(st.lists(st.integers(0, LATENESS_MS // 2), min_size=len(inputs), max_size=len(inputs)))
    keyed = sorted((one.time_ms + delay, n) for n, (one, delay) in enumerate(zip(inputs, delays, strict=True)))
    arrivals = [inputs[n] for _, n in keyed]
    mixed, other = Book(), run.begin(about)
    for start in range(0, len(arrivals), 4):
        other, change = run.feed(
            about, other, arrivals[max(0, start - 1) : start + 4], arrivals[start].time_ms + HOUR_MS
        )
        mixed.enter(change)
    other, change = run.feed(about, other, [], end_ms)
    mixed.enter(change)
    same(mixed, ordered)
    assert run.state(other) == run.state(body)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_derived_is_in_the_vocabulary(kind: str) -> None:
    """Of the kind that the vocabulary names: else the store would refuse it."""
    run: Run[Any] = runs()[kind]  # type: ignore[index]
    types = {"float": float, "bool": bool, "str": str}
    about, body, seen = facts(kind), run.begin(facts(kind)), set[str]()
    for n in range(200):
        values = VALUES[kind][n // 7 % len(VALUES[kind])]
        at_ms = START_MS + n * HOUR_MS
        body, change = run.feed(about, body, [Observation(at_ms, at_ms, "a", "", values)])
        for derived in change.derived.values():
            seen |= derived.keys()
            for name, value in derived.items():
                assert type(value) is types[QUANTITIES[name].kind], name
    assert msgspec.msgpack.decode(body) and len(body) < 6000


def test_every_detector_has_kinds_of_its_own() -> None:
    """Two for one kind would write the same records."""
    assert set(runs()) <= set(ASSET_KINDS) and set(KINDS) == set(runs())
    with pytest.raises(ValueError, match="both look after"):
        runs((*DETECTORS, DETECTORS[0]))
