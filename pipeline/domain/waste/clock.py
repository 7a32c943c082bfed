"""Local time of the crews: weekdays and hours of Europe/Berlin, from Unix ms."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from pipeline.inventory_model import AttributeValue

ZONE = ZoneInfo("Europe/Berlin")
HOUR_MS = 3_600_000
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Local(Struct, frozen=True, gc=False):
    """A moment on the local clock."""

    day: int
    """Ordinal of the date."""
    hour: int
    minute: int = 0

    @property
    def weekday(self) -> int:
        """Monday 0 to Sunday 6."""
        return (self.day - 1) % 7


def local(time_ms: int) -> Local:
    """The local moment of a time in Unix ms."""
    moment = datetime.fromtimestamp(time_ms / 1000, ZONE)
    return Local(moment.toordinal(), moment.hour, moment.minute)


def day_start_ms(day: int) -> int:
    """Unix ms at which the local date of this ordinal begins."""
    found = date.fromordinal(day)
    return int(datetime(found.year, found.month, found.day, tzinfo=ZONE).timestamp() * 1000)


def local_ms(day: int, hour: float) -> int:
    """Unix ms of an hour (with fraction) of a local date, by the clock on the wall."""
    found = datetime.fromordinal(day) + timedelta(hours=hour)
    return int(found.replace(tzinfo=ZONE).timestamp() * 1000)


def weekdays(text: AttributeValue) -> frozenset[int]:
    """`mon,thu` as {0, 3}; words that are no weekdays are left out, so that a slip costs a day and not the bin."""
    words = (word.strip().lower()[:3] for word in str(text).split(","))
    return frozenset(_WEEKDAYS.index(word) for word in words if word in _WEEKDAYS)
