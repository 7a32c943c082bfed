"""The encoder against a real server: what hypothesis invents comes back as it was."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.reading import Record, SeriesQuery, Tags, UplinkRecords
from pipeline.stores.influx import InfluxSettings, InfluxStore
from tests.contract.conftest import new_database
from tests.services_influx import InfluxServer

pytestmark = pytest.mark.influx

T0 = 1_774_742_400_000
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TAG = TEXT.filter(lambda text: text and not text.endswith("\\") and "\n" not in text and "\r" not in text)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(
    texts=st.lists(TEXT, min_size=1, max_size=8),
    channel=TAG,
    device=TAG,
    number=st.floats(allow_nan=False, allow_infinity=False),
)
def test_text_and_numbers_survive(
    influx_server: InfluxServer, texts: list[str], channel: str, device: str, number: float
) -> None:
    """Words of any character, tags of any but line breaks and final backslashes, numbers of any size."""
    asyncio.run(_round_trip(influx_server.url, texts, channel, device, number))


async def _round_trip(url: str, texts: list[str], channel: str, device: str, number: float) -> None:
    store = InfluxStore(InfluxSettings(url=url, database=new_database()))
    tags = Tags(device, asset=channel)
    records = [
        Record("soil", tags, channel, T0 + n, {"event": text, "soil_ec": number}) for n, text in enumerate(texts)
    ]
    try:
        assert await store.write([UplinkRecords(1, tuple(records))]) == []
        query = SeriesQuery("soil", device, ("event", "soil_ec"), T0, T0 + 100, channel=channel)
        assert (await store.series(query)).rows == [(T0 + n, channel, text, number) for n, text in enumerate(texts)]
    finally:
        await store.close()
