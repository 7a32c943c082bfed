"""The fill rate and the time to full: by hand, monotone, cold and warm."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.waste.clock import HOUR_MS, local, local_ms, weekdays
from pipeline.domain.waste.forecast import HORIZON_H, growth_within, overflow_risk, time_to_full
from pipeline.domain.waste.prior import BY_LAND_USE, DEFAULT, prior_of, similar_rate
from pipeline.domain.waste.rate import Profile, Rates, expected, learn, profile
from tests.waste_series import MONDAY, bin_facts, bin_life, listen

EVEN = Profile(1.0, (1.0,) * 24, (1.0,) * 7, 4.0)
DAYTIME = Profile(1.0, (0.0,) * 8 + (2.0,) * 12 + (0.0,) * 4, (1.0,) * 7, 4.0)
NOON = local_ms(MONDAY, 12)
PROFILES = st.builds(
    lambda base, hours, days, spread: Profile(
        base, tuple(h * 24 / sum(hours) for h in hours), tuple(d * 7 / sum(days) for d in days), spread
    ),
    st.floats(0.01, 10),
    st.lists(st.floats(0.05, 3), min_size=24, max_size=24),
    st.lists(st.floats(0.05, 3), min_size=7, max_size=7),
    st.floats(0.3, 60),
)


def test_time_to_full_by_hand() -> None:
    """A point an hour: 40 points take 40 hours. Only by day, two an hour: 16 today, 24 tomorrow till eight p.m."""
    assert time_to_full(EVEN, 60, NOON).hours == pytest.approx(40)
    assert time_to_full(DAYTIME, 60, NOON).hours == pytest.approx(8 + 12 + 12)
    assert growth_within(DAYTIME, NOON, 32) == pytest.approx(40)
    assert time_to_full(EVEN, 60, NOON, full=80).hours == pytest.approx(20)
    assert time_to_full(EVEN, 100, NOON) == time_to_full(EVEN, 100, NOON, noise=3)


def test_very_slow_bins_end_at_the_horizon() -> None:
    """Four weeks or more is said as four weeks."""
    assert time_to_full(Profile(0.002, (1.0,) * 24, (1.0,) * 7, 4.0), 10, NOON).hours == HORIZON_H


@given(PROFILES, st.floats(0, 100), st.floats(0, 30), st.integers(0, 167))
@settings(max_examples=150, deadline=None)
def test_a_fuller_bin_is_never_later(model: Profile, level: float, more: float, hour: int) -> None:
    """Nor less at risk; and the interval holds the expectation."""
    now = NOON + hour * HOUR_MS
    here, fuller = time_to_full(model, level, now, noise=2), time_to_full(model, min(level + more, 100), now, noise=2)
    assert fuller.hours <= here.hours + 1e-6 and fuller.low_h <= here.low_h + 1e-6
    assert fuller.high_h <= here.high_h + 1e-6
    assert 0 <= here.low_h <= here.hours + 1e-6 and here.hours <= here.high_h + 1e-6 <= HORIZON_H + 1e-5
    assert overflow_risk(model, min(level + more, 100), now, 24) >= overflow_risk(model, level, now, 24) - 1e-12


@given(PROFILES, st.floats(0, 99))
@settings(max_examples=80, deadline=None)
def test_time_to_full_is_where_the_growth_reaches_the_need(model: Profile, level: float) -> None:
    """Walking forward by hours gives the same."""
    when = time_to_full(model, level, NOON).hours
    if when < HORIZON_H:
        assert growth_within(model, NOON, when) == pytest.approx(100 - level, rel=1e-6, abs=1e-6)


def test_cold_start_uses_attributes_then_land_use() -> None:
    """What similar bins do comes first."""
    assert prior_of(bin_facts(land_use="nightlife").asset) == BY_LAND_USE["nightlife"]
    assert prior_of(bin_facts(land_use="moon").asset) == DEFAULT
    assert prior_of(bin_facts(land_use="park", fill_rate_prior=0.5).asset).rate == 0.5
    assert prior_of(bin_facts(fill_rate_prior="much").asset) == DEFAULT
    assert similar_rate([3.0, 1.0, 2.0]) == 2.0 and similar_rate([]) is None


def test_an_unused_hour_and_a_strong_weekday_are_learnt() -> None:
    """Six weeks with nothing at night, and Saturdays twice as full."""
    rates, prior = Rates(), prior_of(bin_facts(fill_rate_prior=1.0).asset)
    for hour in range(42 * 24):
        at = local_ms(MONDAY, 0) + hour * HOUR_MS
        now = local(at)
        grown = 0.0 if now.hour < 6 else 2.0 if now.weekday == 5 else 1.0
        rates = learn(rates, profile(rates, prior), at, at + HOUR_MS, grown)
    model = profile(rates, prior)
    assert model.at(2, 3) < 0.3 and model.at(2, 12) == pytest.approx(1.0, rel=0.2)
    assert model.at(5, 12) == pytest.approx(1.9, rel=0.2)
    assert sum(model.hours) == pytest.approx(24) and sum(model.weekdays) == pytest.approx(7)


def test_expectation_is_additive() -> None:
    """Two spans expect what the whole does."""
    middle = NOON + 5 * HOUR_MS + 123
    whole = expected(DAYTIME, NOON, NOON + 20 * HOUR_MS)
    assert expected(DAYTIME, NOON, middle) + expected(DAYTIME, middle, NOON + 20 * HOUR_MS) == pytest.approx(whole)


def test_the_interval_holds_about_what_it_promises() -> None:
    """80 % nominal, over twelve made-up bins that teach their own spread; forecasts about a day ahead."""
    held = cases = 0
    for seed in range(1, 13):
        given, truth = bin_life(seed, days=50, collection=(0,), a_day=22, miss=0.0, weekend=1.0)
        heard = listen(bin_facts(collection_days="mon"), given)
        for at, said in heard.derived.items():
            if at < given[0].time_ms + 14 * 24 * HOUR_MS or not 20 <= float(said["time_to_full"]) <= 28:
                continue
            full = next((f for f in truth.full if f > at), None)
            if full is None or any(at < e < full for e in truth.emptied) or truth.level[at] >= 100:
                continue
            cases += 1
            held += float(said["time_to_full_low"]) <= (full - at) / HOUR_MS <= float(said["time_to_full_high"])
    assert cases > 100 and 0.7 <= held / cases <= 0.9


def test_local_time_over_a_clock_change() -> None:
    """Three o'clock on the last Sunday of March is two hours after one o'clock by the clock, one in truth."""
    sunday = MONDAY - 71  # 2026-03-29
    assert local_ms(sunday, 3) - local_ms(sunday, 1) == HOUR_MS
    assert (local(local_ms(sunday, 3)).hour, local(local_ms(sunday, 3)).weekday) == (3, 6)
    assert weekdays("Mon, thursday,?") == {0, 3}
