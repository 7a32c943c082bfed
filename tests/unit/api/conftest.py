"""Fixtures of the API's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from decoders.value import DecodedValue
from pipeline.domain.words import DomainEvent, event_id
from pipeline.effects import DomainChanges, Effects
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
    events = (("emptied", 30, None, False), ("overflow", 20, 3, False), ("fire", 2, None, True))
    made = [
        DomainEvent(
            event_id(kind, "bin-1", NOW - start * HOUR), kind, "bin-1", NOW - start * HOUR,
            None if end is None else NOW - end * HOUR, ongoing, 0.9, {"fill_level": 80.0, "sure": True}, "waste@1",
        )
        for kind, start, end, ongoing in events
    ]  # fmt: skip
    for withdrawn in (set[str](), {made[1].id}):
        known = {} if withdrawn else {event.id: event for event in made}
        city.state.commit(Effects("readings", None, domain=DomainChanges({}, known, withdrawn, NOW)))
    city.hear(NAMELESS, NOW - HOUR, DecodedValue("generic", 4.5, "sits"))
    yield city
    await close_city(city, running)


@pytest.fixture
async def client(city: SmallCity) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the city's app."""
    async with client_of(city) as client:
        yield client
