"""The irrigation detectors through the fold: order and repetition of arrival change nothing they say."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.fold import Change, Run
from pipeline.domain.irrigation import DETECTORS, SOIL, STATION, VALVE
from pipeline.domain.words import LATENESS_MS, DomainEvent, Facts, Observation, Report
from pipeline.inventory_model import Asset
from pipeline.reading import FieldValue

HOUR = 3_600_000
T0 = 1_782_864_000_000
EUI = "70b3d57ed0000003"
Given = Observation | Report

FACTS = {
    "soil": Facts(Asset("t", kind="soil", attributes={"texture": "loam", "root_area_m2": 2, "depths_cm": "30,60"})),
    "valve": Facts(Asset("v", kind="valve", attributes={"litres_per_pulse": 1, "max_run_min": 60})),
    "station": Facts(Asset("w", kind="weather")),
}


def observation(at: int, channel: str, **values: FieldValue) -> Observation:
    return Observation(at, at, EUI, channel, values)


def soil_days(seed: int) -> list[Given]:
    """Three days of two depths: drying, a watering with a word, an hour in the air, rain."""
    chance, found = Random(seed), list[Given]()
    moisture = 20.0
    for hour in range(72):
        at = T0 + hour * HOUR + chance.randrange(1, 3_000_000)
        moisture += 6 if hour == 30 else 3 if hour == 50 else -0.12
        shown = 0.4 if hour in (60, 61, 62) else round(moisture + chance.gauss(0, 0.1), 2)
        found += [observation(at, "0", soil_moisture_vwc=shown), observation(at, "1", soil_moisture_vwc=moisture + 1)]
        found.append(Report(T0 + hour * HOUR, T0, "rain", {"rain_amount": 15.0 if hour == 50 else 0.0}))
    word = Report(T0 + 30 * HOUR + 5, T0, "watered", {"litres": 60.0})
    return sorted([*found, word], key=lambda one: (one.time_ms, isinstance(one, Report)))


def valve_days(seed: int) -> list[Given]:
    """Runs, one too long, then a leak."""
    chance, found, pulses = Random(seed), list[Given](), 0.0
    for hour in range(48):
        open_now = hour % 12 == 5 or 20 <= hour <= 22
        pulses += chance.randrange(100, 200) if open_now else 20 if hour > 40 else 0
        state = "open" if open_now else "closed"
        found.append(observation(T0 + hour * HOUR + 7, "1", valve_state=state, flow_pulse_count=pulses))
    return found


def rain_days(seed: int) -> list[Given]:
    """A counter that is reset once."""
    chance = Random(seed)
    totals = [float(chance.randrange(3) + (n % 40) * 3) for n in range(60)]
    return [observation(T0 + n * HOUR, "", rain_cumulative=total) for n, total in enumerate(totals)]


CASES = {"soil": (SOIL, soil_days), "valve": (VALVE, valve_days), "station": (STATION, rain_days)}


class Kept:
    """What a store would hold after all changes."""

    def __init__(self) -> None:
        self.events: dict[str, DomainEvent] = {}
        self.derived: dict[tuple[str, int], dict[str, FieldValue]] = {}

    def take(self, change: Change) -> None:
        self.events.update(change.events)
        for gone in change.withdrawn:
            self.events.pop(gone, None)
        self.derived.update(change.derived)

    def all(self) -> tuple[object, object]:
        return self.events, {key: values for key, values in self.derived.items() if values}


def folded(name: str, inputs: list[Given], size: int) -> tuple[object, object]:
    detector, _ = CASES[name]
    run: Run[object] = Run(detector)  # type: ignore[arg-type]
    body, kept = run.begin(FACTS[name]), Kept()
    for at in range(0, len(inputs), size):
        body, change = run.feed(FACTS[name], body, inputs[at : at + size])
        assert change.too_late == 0
        kept.take(change)
    return kept.all()


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 50), size=st.integers(1, 40))
def test_order_and_repetition_change_nothing(name: str, seed: int, size: int) -> None:
    """Shuffled within half the lateness bound and with every hour twice: the same events and derived readings."""
    inputs = CASES[name][1](seed)
    chance = Random(seed)
    late = [(one.time_ms + chance.randrange(LATENESS_MS // 2), n, one) for n, one in enumerate(inputs)]
    shuffled = [one for _, _, one in sorted(late)]
    twice = [one for pair in zip(shuffled, [*shuffled[1:], shuffled[0]], strict=True) for one in pair][:-1]
    assert folded(name, twice, size) == folded(name, inputs, len(inputs))


def test_the_days_say_what_they_should() -> None:
    """The cases above are no empty ones."""
    events, derived = folded("soil", soil_days(1), 10_000)
    assert isinstance(events, dict)
    assert {event.kind for event in events.values()} >= {"watered", "probe_out", "dry_stress"}
    assert derived
    events, _ = folded("valve", valve_days(1), 10_000)
    assert isinstance(events, dict)
    assert {event.kind for event in events.values()} >= {"valve_run", "valve_open_too_long", "valve_leak"}


def test_each_detector_has_kinds_of_its_own() -> None:
    """No asset has two of them."""
    kinds = [kind for detector in DETECTORS for kind in detector.kinds]
    assert sorted(kinds) == ["soil", "valve", "weather"]
