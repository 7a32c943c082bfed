"""The fixed plan that a valve's device runs by itself: `plan_days` (`mon,wed`), `plan_hour` (local time, 0 to 24),
`plan_min` (minutes), `plan_months` (`4-10`, also without the attribute: pipes are drained in winter), `tz`."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.domain.irrigation.site import number
from pipeline.inventory_model import Asset

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = (4, 10)
TZ = "Europe/Berlin"
AFTER_MS = 60 * 60_000
"""A run is judged so long after its end: the device's clock, a frame that was lost."""


def last_run(asset: Asset, now_ms: int) -> tuple[int, int] | None:
    """Start and end (Unix ms) of the planned run that ended an hour to 25 hours ago; None without one."""
    hour, minutes = number(asset.attributes, "plan_hour"), number(asset.attributes, "plan_min")
    days = str(asset.attributes.get("plan_days", ""))
    if hour is None or minutes is None or not days:
        return None
    zone = _zone(asset)
    judged = datetime.fromtimestamp((now_ms - AFTER_MS) / 1000, UTC)
    for back in (0, 1):
        day = judged.astimezone(zone).date() - timedelta(days=back)
        start = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(hours=hour)
        end = start.astimezone(UTC) + timedelta(minutes=minutes)
        if DAYS[day.weekday()] in days and _in_season(asset, day.month) and end <= judged < end + timedelta(days=1):
            return round(start.timestamp() * 1000), round(end.timestamp() * 1000)
    return None


def _in_season(asset: Asset, month: int) -> bool:
    first, _, last = str(asset.attributes.get("plan_months", "")).partition("-")
    bounds = (int(first), int(last or first)) if first.isdecimal() and (last or first).isdecimal() else MONTHS
    return bounds[0] <= month <= bounds[1]


def _zone(asset: Asset) -> ZoneInfo:
    try:
        return ZoneInfo(str(asset.attributes.get("tz", TZ)))
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(TZ)
