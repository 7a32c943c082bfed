"""Zones: how many spaces are free and how sure, forecast, use, overstays, sensors that are not to be believed."""

from collections.abc import Iterable, Mapping

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.parking.bay import BayState
from pipeline.domain.parking.counts import FULL, LENGTH_CLASSES, NOTHING, WEEK_HOURS, Counts
from pipeline.domain.plans.parking import ZoneParking, parking_plan
from pipeline.domain.view import AssetView, CityView
from pipeline.domain.words import Facts
from pipeline.inventory_model import AttributeValue
from tests.unit.pipeline.domain.parking_days import HOUR_MS, MINUTE_MS, at, bay

NOW = at("2026-03-04 12:00")  # a Wednesday
DAY_MS = 24 * HOUR_MS
NOON = 2 * 24 + 12
"""The hour of the week that begins now."""


def known(occupied: bool, since_ms: int = NOW - HOUR_MS, **other: object) -> BayState:
    """A sensor that has learned and was heard of ten minutes ago."""
    told: dict[str, object] = {
        "dev_eui": "d1",
        "heard_ms": NOW - 10 * MINUTE_MS,
        "raw": occupied,
        "settled": occupied,
        "since_ms": since_ms,
        "changed_ms": since_ms,
        "learning": 0,
        "beat_ms": HOUR_MS,
    }
    return BayState(**(told | other))


def view(bays: Iterable[tuple[Facts, BayState | None]]) -> CityView:
    """The city now."""
    assets = {f.asset.id: AssetView(f, s, s.heard_ms if s else 0) for f, s in bays}
    return CityView(NOW, assets, {f.zone.id: f.zone for a in assets.values() if (f := a.facts).zone})


def one(bays: Iterable[tuple[Facts, BayState | None]]) -> ZoneParking:
    """The plan of the only zone."""
    (zone,) = parking_plan(view(bays))
    return zone


def named(states: Iterable[BayState | None], **attributes: AttributeValue) -> list[tuple[Facts, BayState | None]]:
    """Bays b00, b01 ... of one zone in these states."""
    return [(bay(f"b{i:02d}", **attributes), state) for i, state in enumerate(states)]


def lively(profile: Mapping[int, float] | float = 0.5, cars: int = 8) -> Counts:
    """The memory of a bay that was used for three weeks: so many cars a day, stays of 45 minutes, gaps of 90."""
    shares = [profile if isinstance(profile, float) else profile.get(i, 0.1) for i in range(WEEK_HOURS)]
    stays, gaps = [0] * LENGTH_CLASSES, [0] * LENGTH_CLASSES
    stays[4], gaps[5] = 150, 150
    return Counts(
        at_ms=NOW,
        hour_ms=NOW,
        profile=bytes(round(FULL * share) for share in shares),
        recent=bytes(round(FULL * shares[(NOON - 48 + i) % WEEK_HOURS]) for i in range(48)),
        day=1,
        arrivals_today=cars // 2,
        arrivals=bytes([cars]) * 21,
        flips=bytes([2 * cars]) * 21,
        stays=tuple(stays),
        gaps=tuple(gaps),
    )


def test_golden_zone() -> None:
    """Ten spaces: four free, four occupied, one silent, one that learns; a fire lane and a personal bay don't count."""
    states = [known(i < 4) for i in range(8)]
    silent, learning = known(True, heard_ms=NOW - 5 * HOUR_MS), known(True, learning=4)
    bays = named([*states, silent, learning])
    bays += [(bay("f", bay_class="fire_lane"), known(False)), (bay("p", bay_class="personal"), known(False))]
    zone = one(bays)
    count = zone.count
    assert (count.free, count.occupied, count.unknown, count.total) == (4, 4, 2, 10)
    # Both unknown bays are guessed half occupied: (4 + 2 * 0.5) of (8 + 2).
    assert count.estimate == pytest.approx(5.0)
    assert count.low == pytest.approx(5 - 1.645 * (2 * 0.25 + 8 * 0.9641 * 0.0359) ** 0.5, abs=0.01)
    # 0.98 less 0.2 times ten minutes of 126: eight bays of ten.
    assert count.confidence == pytest.approx(0.8 * (0.98 - 0.2 * 10 / 126))
    assert count.age_s == 600
    assert (zone.evaluated_ms, zone.publishable, zone.name) == (NOW, True, "Q7")
    assert [(s.bay, s.reason) for s in zone.suspects] == [("b08", "silent")]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["free", "occupied", "silent", "learning", "none", "fault", "pending"]), max_size=30))
def test_counts_add_up(words: list[str]) -> None:
    """Free, occupied and unknown are all spaces; the estimate lies between nothing and all, and between its bounds."""
    states: dict[str, BayState | None] = {
        "free": known(False),
        "occupied": known(True),
        "silent": known(True, heard_ms=NOW - DAY_MS),
        "learning": known(False, learning=3),
        "none": None,
        "fault": known(True, fault=True),
        "pending": known(False, raw=True, pending_ms=NOW - 20_000),
    }
    for zone in parking_plan(view(named([states[word] for word in words]))):
        count = zone.count
        assert count.free + count.occupied + count.unknown == count.total == len(words)
        assert count.unknown == sum(word in ("silent", "learning", "none", "fault") for word in words)
        assert 0 <= count.low <= count.estimate <= count.high <= count.total
        assert 0 <= count.confidence <= 1
        assert all(0 <= f.free <= count.total for f in zone.forecast)


def test_a_change_counts_when_it_has_lasted_without_waiting_for_a_tick() -> None:
    """The plan looks at the clock: a car of two minutes ago is there, one of twenty seconds ago not yet."""
    came = known(False, raw=True, pending_ms=NOW - 2 * MINUTE_MS)
    fresh = known(False, raw=True, pending_ms=NOW - 20_000)
    count = one(named([came, fresh])).count
    assert (count.free, count.occupied) == (1, 1)


def test_unknown_bays_are_guessed_from_what_they_usually_are() -> None:
    """A silent bay that is nearly always free counts as nearly free, though its neighbours are occupied."""
    full, empty = lively(0.9), lively(0.1)
    states = [known(True, counts=full) for _ in range(9)]
    silent = known(True, heard_ms=NOW - DAY_MS, counts=empty)
    assert one(named([*states, silent])).count.estimate > 0.7
    assert one(named([*states, known(True, heard_ms=NOW - DAY_MS)])).count.estimate < 0.2


def test_a_stuck_sensor_is_found_and_not_counted() -> None:
    """Free for two days, while eight cars a day came to each neighbour: suspicious, with its reason."""
    around = [known(True, since_ms=NOW - 30 * MINUTE_MS, counts=lively(0.7)) for _ in range(9)]
    memory = msgspec.structs.replace(lively(0.7), arrivals=bytes([8] * 19 + [0, 0]), arrivals_today=0)
    stuck = known(False, since_ms=NOW - 60 * HOUR_MS, counts=memory)
    zone = one(named([*around, stuck]))
    (suspect,) = zone.suspects
    assert (suspect.bay, suspect.reason, suspect.since_ms) == ("b09", "stuck_free", NOW - 60 * HOUR_MS)
    assert "60 h" in suspect.detail
    assert (zone.count.free, zone.count.occupied, zone.count.unknown) == (0, 9, 1)


def test_what_is_ordinary_is_not_suspected() -> None:
    """The same bay on a quiet week-end, when no car comes to the neighbours either, or with long stays all around."""
    quiet = msgspec.structs.replace(lively(0.05, cars=0), arrivals=bytes([0]) * 21)
    idle = [known(False, since_ms=NOW - 60 * HOUR_MS, counts=quiet) for _ in range(10)]
    assert one(named(idle)).suspects == ()

    stays = [0] * LENGTH_CLASSES
    stays[-3:] = [50, 50, 50]
    slow = msgspec.structs.replace(lively(0.95, cars=1), stays=tuple(stays))
    parked = [known(True, since_ms=NOW - h * HOUR_MS, counts=slow) for h in (3, 5, 9, 20, 30, 60)]
    assert one(named(parked)).suspects == ()


def test_lying_sensors_are_found() -> None:
    """Too many changes, far fewer cars than before, a day turned upside down, and frames that contradict each other."""
    day = {d * 24 + h: 0.9 for d in range(7) for h in range(8, 20)}
    night = {i: 0.9 for i in range(WEEK_HOURS) if i not in day}
    around = [known(True, counts=lively(day)) for _ in range(8)]
    wild = msgspec.structs.replace(lively(day), flips_today=110)
    drifting = msgspec.structs.replace(lively(day, cars=10), arrivals=bytes([10] * 18 + [1, 0, 1]))
    liars = [known(True, counts=counts) for counts in (wild, drifting, lively(night))]
    liars.append(known(True, counts=lively(day), odd=0.5))
    found = {s.bay: s.reason for s in one(named([*around, *liars])).suspects}
    assert found == {
        "b08": "too_many_changes",
        "b09": "too_few_changes",
        "b10": "unlike_neighbours",
        "b11": "contradictory",
    }


def test_occupied_every_night_with_hardly_a_car() -> None:
    """Own behaviour beside the neighbours': each night full, where the street is empty at night."""
    day = {d * 24 + h: 0.6 for d in range(7) for h in range(8, 20)}
    full = {d * 24 + h: 1.0 for d in range(7) for h in range(5)} | day
    around = [known(True, counts=lively(day)) for _ in range(6)]
    odd = known(True, counts=msgspec.structs.replace(lively(full), arrivals=bytes([1]) * 21))
    assert [s.reason for s in one(named([*around, odd])).suspects] == ["occupied_every_night"]


def test_forecast_is_the_usual_week_moved_by_today() -> None:
    """Fuller than usual now: in an hour still fuller, but by less; and the error is that of the last days."""
    week = {d * 24 + h: 0.2 + 0.05 * (h - 10) for d in range(7) for h in range(10, 19)}
    states = [known(i < 8, counts=lively(week)) for i in range(10)]
    half, hour = one(named(states)).forecast
    usual = 10 * (1 - (week[NOON] + week[NOON + 1]) / 2)
    assert (half.minutes, hour.minutes, hour.time_ms) == (30, 60, NOW + HOUR_MS)
    assert 2 < half.free < hour.free < usual
    # The last two days were exactly as usual; the naive forecast misses each hour's change.
    assert hour.error == pytest.approx(0, abs=0.05)
    assert hour.naive_error is not None and hour.naive_error > 0.2


def test_a_young_zone_forecasts_what_is() -> None:
    """Without a week the present is the best guess, and no error is claimed."""
    zone = one(named([known(i < 3) for i in range(6)]))
    assert [(f.free, f.error) for f in zone.forecast] == [(pytest.approx(zone.count.estimate), None)] * 2


def test_use_is_shown_of_five_bays_or_more() -> None:
    """Curves of four bays would tell of persons; personal bays and fire lanes make no crowd."""
    assert one(named([known(False, counts=lively()) for _ in range(5)])).curves is not None
    four = named([known(False, counts=lively()) for _ in range(4)])
    four += [(bay("p", bay_class="personal"), known(False, counts=lively()))]
    four += [(bay("f", bay_class="fire_lane"), known(False, counts=lively()))]
    zone = one(four)
    assert zone.curves is None
    assert not zone.publishable


def test_use_hides_what_few_did() -> None:
    """Classes of fewer than five stays are hidden, and never a single one, which the others would give away."""
    counts = lively(0.5)
    stays = list(counts.stays)
    stays[0], stays[7] = 1, 20
    odd = msgspec.structs.replace(counts, stays=tuple(stays))
    plain = msgspec.structs.replace(counts, stays=(0, *stays[1:]))
    zone = one(named([known(False, counts=odd), *[known(False, counts=plain) for _ in range(5)]]))
    assert zone.curves is not None
    assert [c.up_to_min for c in zone.curves.stays if c.share is None] == [5, 180]
    assert zone.curves.median_stay_min == 60
    assert zone.curves.turnover == 8
    assert set(zone.curves.occupancy) == {0.5}


def test_hours_that_few_bays_know_are_hidden() -> None:
    """An hour of the week that four bays know is no crowd."""
    young = msgspec.structs.replace(lively(), profile=bytes([NOTHING]) * WEEK_HOURS)
    counts = [lively()] * 4 + [young] * 3
    zone = one(named([known(False, counts=c) for c in counts]))
    assert zone.curves is not None and set(zone.curves.occupancy) == {None}


def test_overstays_are_told_at_the_minute() -> None:
    """Short stay over its limit and any vehicle on a fire lane; personal and unlimited bays never."""
    since = NOW - 90 * MINUTE_MS
    attributes: list[dict[str, AttributeValue]] = [
        {"bay_class": "short_stay", "max_stay_min": 60},
        {"bay_class": "short_stay", "max_stay_min": 120},
        {"bay_class": "fire_lane"},
        {"bay_class": "personal", "max_stay_min": 10},
        {},
    ]
    bays = [(bay(f"b{i}", **a), known(True, since_ms=since)) for i, a in enumerate(attributes)]
    told = [(o.bay, o.bay_class, o.since_ms, o.over_min, o.sensor_suspect) for o in one(bays).overstays]
    assert told == [("b0", "short_stay", since, 30, False), ("b2", "fire_lane", since, 90, False)]


def test_personal_bays_are_shown_only_when_their_sensor_fails() -> None:
    """A silent sensor must be mended; everything else is its holder's business."""
    bays = [
        (bay("p1", bay_class="personal"), known(True, since_ms=NOW - 20 * DAY_MS, counts=lively())),
        (bay("p2", bay_class="personal"), known(True, heard_ms=NOW - DAY_MS)),
    ]
    zone = one(bays)
    assert zone.count.total == 0 and zone.overstays == () and zone.forecast == ()
    assert [(s.bay, s.reason) for s in zone.suspects] == [("p2", "silent")]


def test_zones_come_by_id_and_can_be_asked_for() -> None:
    """One answer a zone; the answer is plain enough for JSON."""
    bays = [(bay(f"{z}-{i}", zone=z), known(i == 0)) for z in ("z2", "z1") for i in range(3)]
    assert [zone.zone for zone in parking_plan(view(bays))] == ["z1", "z2"]
    (zone,) = parking_plan(view(bays), zone="z2", minutes=(45,))
    assert [f.minutes for f in zone.forecast] == [45]
    assert msgspec.json.decode(msgspec.json.encode(zone))["count"]["free"] == 2
