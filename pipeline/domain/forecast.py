"""Weather forecasts as planners take them, and the adapter to the JSON of Bright Sky's `/weather`.

Format: Bright Sky (https://brightsky.dev/docs, DWD open data in JSON; may be self-hosted): `timestamp` is the end of
the hour, `precipitation` mm of the hour before it, `precipitation_probability` % for more than 0.1 mm (forecasts only),
`temperature` degC; any of them may be null. Fetching is no matter of this module.
"""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

HOUR_MS = 3_600_000
PROBABLE = 0.5
"""From this probability on rain counts as coming; an hour without one counts by its amount alone."""
BRIGHT_SKY_URL = "https://api.brightsky.dev"


class ForecastError(ValueError):
    """What was fetched is no forecast."""


class ForecastHour(Struct, frozen=True, gc=False):
    """One hour of a forecast."""

    end_ms: int
    rain_mm: float | None = None
    probability: float | None = None
    """0 to 1."""
    temperature: float | None = None
    """degC."""


class Forecast(Struct, frozen=True):
    """Hours in order of time, and where they come from."""

    hours: tuple[ForecastHour, ...] = ()
    source: str = ""
    """For people: the station."""

    def probable_rain_mm(self, start_ms: int, end_ms: int) -> float:
        """mm of the hours within a range in which rain is probable."""
        return sum(
            hour.rain_mm or 0.0
            for hour in self.hours
            if start_ms < hour.end_ms <= end_ms and (hour.probability is None or hour.probability >= PROBABLE)
        )

    def lowest_temperature(self, start_ms: int, end_ms: int) -> float | None:
        """The lowest temperature within a range, degC; None where the forecast says none."""
        told = [h.temperature for h in self.hours if start_ms <= h.end_ms <= end_ms and h.temperature is not None]
        return min(told) if told else None


class _Weather(Struct):
    timestamp: datetime
    source_id: int | None = None
    precipitation: float | None = None
    precipitation_probability: float | None = None
    temperature: float | None = None


class _Source(Struct):
    id: int
    station_name: str | None = None
    observation_type: str | None = None


class _Answer(Struct):
    weather: list[_Weather]
    sources: list[_Source] = []


def parse_bright_sky(body: bytes) -> Forecast:
    """The forecast of an answer of `/weather` (units `dwd`). ForecastError when it is none."""
    try:
        answer = msgspec.json.decode(body, type=_Answer)
        hours = {hour.end_ms: hour for hour in map(_hour, answer.weather)}
    except (msgspec.MsgspecError, ValueError) as error:
        raise ForecastError(f"no answer of Bright Sky's /weather: {error}") from error
    used = {row.source_id for row in answer.weather}
    names = {s.station_name or f"source {s.id}": None for s in answer.sources if s.id in used}
    return Forecast(tuple(hours[end] for end in sorted(hours)), ", ".join(names))


def bright_sky_query(
    latitude: float, longitude: float, now_ms: int, hours: int = 72, base: str = BRIGHT_SKY_URL
) -> str:
    """The address that gives the next `hours` hours at a place."""
    start = datetime.fromtimestamp(now_ms / 1000, UTC).replace(minute=0, second=0, microsecond=0)
    asked = {
        "lat": f"{latitude:.3f}",
        "lon": f"{longitude:.3f}",
        "date": start.isoformat(),
        "last_date": (start + timedelta(hours=hours)).isoformat(),
        "units": "dwd",
    }
    return f"{base.rstrip('/')}/weather?{urlencode(asked)}"


def _hour(row: _Weather) -> ForecastHour:
    if row.timestamp.tzinfo is None:
        raise ValueError(f"timestamp {row.timestamp.isoformat()} has no offset")
    percent = row.precipitation_probability
    rain = None if row.precipitation is None else max(0.0, row.precipitation)
    probability = None if percent is None else min(max(percent / 100.0, 0.0), 1.0)
    return ForecastHour(round(row.timestamp.timestamp() * 1000), rain, probability, row.temperature)
