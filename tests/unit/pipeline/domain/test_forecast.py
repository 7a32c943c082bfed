"""Forecasts, from a stored answer in the shape of Bright Sky's `/weather`."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.forecast import (
    Forecast,
    ForecastError,
    ForecastHour,
    bright_sky_query,
    parse_bright_sky,
)

STORED = Path(__file__).with_name("bright_sky_weather.json")
HOUR = 3_600_000
SIX = 1_782_885_600_000  # 2026-07-01T06:00:00Z


def test_a_stored_answer_is_read() -> None:
    """Hours by their end in UTC, probabilities as shares, nulls as not known, the stations' names."""
    forecast = parse_bright_sky(STORED.read_bytes())
    assert [hour.end_ms for hour in forecast.hours] == [SIX + n * HOUR for n in range(5)]
    assert forecast.hours[2] == ForecastHour(SIX + 2 * HOUR, 6.5, 0.85, 18.2)
    assert forecast.hours[4] == ForecastHour(SIX + 4 * HOUR)
    assert forecast.source == "Mannheim, MANNHEIM"


def test_rain_counts_where_it_is_probable() -> None:
    """0.4 mm at 18 % don't; 6.5 mm at 85 % and 9 mm at 70 % do, each within the range of its end."""
    forecast = parse_bright_sky(STORED.read_bytes())
    assert forecast.probable_rain_mm(SIX, SIX + 48 * HOUR) == 15.5
    assert forecast.probable_rain_mm(SIX, SIX + 2 * HOUR) == 6.5
    assert forecast.probable_rain_mm(SIX + 3 * HOUR, SIX + 48 * HOUR) == 0
    assert forecast.lowest_temperature(SIX, SIX + 48 * HOUR) == 17.5
    assert Forecast().lowest_temperature(0, SIX) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"detail":"not found"}',
        b'{"weather":[{"timestamp":"soon"}]}',
        b'{"weather":[{"timestamp":"2026-07-01T08:00:00"}]}',
        b'{"weather":[{"timestamp":"2026-07-01T08:00:00Z","precipitation":"much"}]}',
    ],
)
def test_what_is_no_forecast_is_refused(body: bytes) -> None:
    """Also a time without an offset: it would be an hour or two wrong, silently."""
    with pytest.raises(ForecastError):
        parse_bright_sky(body)


@given(st.binary(max_size=200))
def test_no_bytes_give_another_error(body: bytes) -> None:
    """Noise is never a forecast, and never crashes the reader."""
    with pytest.raises(ForecastError, match="Bright Sky"):
        parse_bright_sky(body)


def test_the_query_asks_from_the_full_hour_on() -> None:
    """Position, range and units; the base may be one's own server."""
    url = urlsplit(bright_sky_query(49.48751, 8.46603, SIX + 59_000, 24, "https://sky.example.org/"))
    assert (url.netloc, url.path) == ("sky.example.org", "/weather")
    assert parse_qs(url.query) == {
        "lat": ["49.488"],
        "lon": ["8.466"],
        "date": ["2026-07-01T06:00:00+00:00"],
        "last_date": ["2026-07-02T06:00:00+00:00"],
        "units": ["dwd"],
    }
