"""The fixed plan that cities water young trees by, to fall back on and to compare with.

Intervals: Bad Homburg's for young trees by standing year (years 1 to 3 every 14 days from April on, year 4 every four
weeks, year 5 every two months), 100 L a visit. That the season ends with September is an assumption of this module.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from pipeline.domain.irrigation.site import number
from pipeline.inventory_model import Asset

INTERVAL_DAYS = {1: 14, 2: 14, 3: 14, 4: 28, 5: 61}
"""Days between visits by standing year; older trees get none."""
SEASON = ((4, 1), (9, 30))
"""First and last month and day of visits."""
LITRES_A_VISIT = 100.0


def standing_year(asset: Asset, today: date) -> int | None:
    """The year that a tree stands in, 1 for that of planting: from `planted_year`, else `standing_year` as it is."""
    planted = number(asset.attributes, "planted_year")
    if planted is not None:
        return today.year - int(planted) + 1
    year = number(asset.attributes, "standing_year")
    return None if year is None else int(year)


def visits(asset: Asset, year: int) -> list[date]:
    """The days of the fixed plan in a calendar year."""
    first, last = date(year, *SEASON[0]), date(year, *SEASON[1])
    interval = INTERVAL_DAYS.get(standing_year(asset, first) or 0)
    return [] if interval is None else list(_every(first, last, interval))


def interval_days(asset: Asset, today: date) -> int | None:
    """Days between visits now; None out of season, for trees that are past it, and for what is no tree."""
    if not date(today.year, *SEASON[0]) <= today <= date(today.year, *SEASON[1]):
        return None
    return INTERVAL_DAYS.get(standing_year(asset, today) or 0)


def _every(first: date, last: date, days: int) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=days)
