"""Fixtures of the API's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from decoders.value import DecodedValue
from tests.unit.api.small_city import BED, BIN, HOUR, NAMELESS, NOW, VALVE, SmallCity, client_of, close_city, open_city


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[SmallCity]:
    """A small city in which a bin, a bed, a valve box and a bench were heard."""
    city, running = await open_city(tmp_path)
    for hours in (3, 2, 1):
        distance = DecodedValue("distance", 100.0 + 100 * hours)
        city.hear(BIN, NOW - hours * HOUR, distance, DecodedValue("tilt_alarm", False), battery=90.0 + hours)
    city.hear(BED, NOW - HOUR, DecodedValue("soil_moisture_vwc", 31.5), DecodedValue("battery_level", 77.0))
    states = [DecodedValue("valve_state", "open", "1"), DecodedValue("valve_state", "closed", "2")]
    city.hear(VALVE, NOW - HOUR, *states, DecodedValue("pipe_pressure", None, quality="sensor_error"))
    city.hear(NAMELESS, NOW - HOUR, DecodedValue("generic", 4.5, "sits"))
    yield city
    await close_city(city, running)


@pytest.fixture
async def client(city: SmallCity) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the city's app."""
    async with client_of(city) as client:
        yield client
