"""How a zone is used: occupancy by hour of the week, turnover, lengths of stays. Only of five bays or more together."""

from collections.abc import Sequence
from statistics import fmean

from msgspec import Struct

from pipeline.domain.parking.counts import LENGTH_LIMITS_MIN, NOTHING, length_quantile_ms, sum_lengths
from pipeline.domain.parking.zone import Bay, zone_profile

LEAST_BAYS = 5
"""k of the k-anonymity: figures of fewer sensed bays are not shown."""
TURNOVER_DAYS = 7


class StayClass(Struct, frozen=True):
    """Stays of one class of length."""

    up_to_min: int | None
    """Upper bound; None for the open class."""
    share: float | None
    """Of all stays, 0 to 1; None where fewer than five were counted, or where one hidden class could be inferred."""


class Curves(Struct, frozen=True):
    """How a zone's spaces are used."""

    bays: int
    """Sensed public spaces whose memory went in."""
    occupancy: tuple[float | None, ...]
    """By local hour of the week from Monday 0:00, 0 to 1; None where fewer than five bays know the hour."""
    turnover: float | None
    """Arrivals per space and day over the last seven days."""
    stays: tuple[StayClass, ...]
    median_stay_min: float | None
    """Upper bound of the class that the median stay is in."""


def curves(bays: Sequence[Bay], trusted: Sequence[Bay]) -> Curves | None:
    """How a zone is used; None when it has fewer than five public spaces with a sensor. `trusted` are those of `bays`
    whose memory is to be believed."""
    if sum(bay.space and bay.state.heard_ms > 0 for bay in bays) < LEAST_BAYS:
        return None
    shown = [bay for bay in trusted if bay.space and bay.state.heard_ms]
    days = [[n for n in bay.state.counts.arrivals[-TURNOVER_DAYS:] if n != NOTHING] for bay in shown]
    rates = [fmean(row) for row in days if row]
    with_stays = [bay.state.counts.stays for bay in shown if any(bay.state.counts.stays)]
    stays = sum_lengths(with_stays if len(with_stays) >= LEAST_BAYS else [])
    median = length_quantile_ms(stays, 0.5)
    return Curves(
        len(shown),
        tuple(zone_profile(shown, LEAST_BAYS)),
        fmean(rates) if len(rates) >= LEAST_BAYS else None,
        _classes(stays),
        None if median is None else median / 60_000,
    )


def _classes(stays: Sequence[int]) -> tuple[StayClass, ...]:
    total = sum(stays)
    hidden = [n for n in stays if 0 < n < LEAST_BAYS]
    # One hidden class alone would be what is missing to 1: then the smallest shown one is hidden with it.
    least = min((n for n in stays if n >= LEAST_BAYS), default=0) if len(hidden) == 1 else 0
    limits = (*LENGTH_LIMITS_MIN, None)
    return tuple(
        StayClass(limit, n / total if total and (n == 0 or (n >= LEAST_BAYS and n != least)) else None)
        for limit, n in zip(limits, stays, strict=True)
    )
