"""`/api/v1/devices/{dev_eui}/readings`, on a real embedded store."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from decoders.value import DecodedValue
from pipeline.reading import QueryError, StoreMisconfigured, StoreUnavailable
from tests.unit.api.small_city import BED, BIN, HOUR, LOOSE, NEW, NOW, VALVE, SmallCity, problem

MINUTE = 60_000


def path(dev_eui: str, query: str = "") -> str:
    """The address of a device's readings."""
    return f"/api/v1/devices/{dev_eui}/readings?{query}"


async def get(client: httpx.AsyncClient, dev_eui: str, query: str = "") -> dict[str, Any]:
    """A good answer."""
    answer = await client.get(path(dev_eui, query))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = answer.json()
    return body


async def test_the_last_day_of_everything_known_is_the_default(client: httpx.AsyncClient) -> None:
    """All quantities of the newest values, as columns; what two measurements know of one moment is one row."""
    body = await get(client, BIN)
    names = ["battery_level", "distance", "fill_level", "fill_level_source", "tilt_alarm"]
    assert body["columns"] == ["time", "channel", *names]
    assert body["rows"] == [
        ["2026-03-29T09:00:00.000Z", "", 93.0, 400.0, 60.0, "computed", False],
        ["2026-03-29T10:00:00.000Z", "", 92.0, 300.0, 70.0, "computed", False],
        ["2026-03-29T11:00:00.000Z", "", 91.0, 200.0, 80.0, "computed", False],
    ]
    assert body["units"] == dict(zip(names, ["%", "mm", "%", "", ""], strict=True))
    assert body["truncated"] is False


async def test_columns_come_as_asked(client: httpx.AsyncClient) -> None:
    """Repeated and comma-separated names, each once, in the order asked; readings and radio figures in one row."""
    body = await get(client, BIN, "quantity=rssi,distance&quantity=lag&quantity=rssi&from=-90m")
    assert body["columns"] == ["time", "channel", "rssi", "distance", "lag"]
    assert body["rows"] == [["2026-03-29T11:00:00.000Z", "", -90.0, 200.0, 0.25]]
    assert body["units"] == {"rssi": "dBm", "distance": "mm", "lag": "s"}


async def test_each_measurement_is_asked_once(city: SmallCity, client: httpx.AsyncClient) -> None:
    """Fields go to the measurement that holds them, and only there."""
    await get(client, BIN, "quantity=rssi,distance,snr,radio_margin,generic,tilt_alarm,historical")
    assert {q.measurement: q.fields for q in city.queries} == {
        "waste_bin": ("distance", "tilt_alarm", "historical"),
        "uplink": ("rssi", "snr"),
        "device_health": ("radio_margin",),
        "generic": ("generic",),
    }
    assert len(city.queries) == 4


async def test_the_devices_own_battery_goes_before_the_network_servers(
    city: SmallCity, client: httpx.AsyncClient
) -> None:
    """Where both know a moment the device is believed; where only one does, that one is."""
    city.write("soil", BED, "", NOW - 2 * MINUTE, battery_level=50.0)
    city.write("device_health", BED, "", NOW - 2 * MINUTE, battery_level=60.0)
    city.write("device_health", BED, "", NOW - MINUTE, battery_level=61.0)
    rows = (await get(client, BED, "quantity=battery_level&from=-10m"))["rows"]
    assert [row[2] for row in rows] == [50.0, 61.0]


async def test_readings_from_before_a_move_are_found(city: SmallCity, client: httpx.AsyncClient) -> None:
    """The device hung on a bin before it came to the bed: its readings lie in another measurement."""
    city.write("waste_bin", BED, "", NOW - 72 * HOUR, battery_level=99.0)
    rows = (await get(client, BED, "quantity=battery_level&from=-7d"))["rows"]
    assert [row[2] for row in rows] == [99.0, 77.0]


async def test_a_device_on_nothing_is_what_its_decoder_says(city: SmallCity, client: httpx.AsyncClient) -> None:
    """A spare parking sensor writes to `parking_bay`."""
    city.write("parking_bay", LOOSE, "", NOW - HOUR, occupied=True)
    assert (await get(client, LOOSE, "quantity=occupied"))["rows"] == [["2026-03-29T11:00:00.000Z", "", True]]


async def test_a_device_never_heard_has_no_columns(client: httpx.AsyncClient) -> None:
    """Nothing is known, nothing is asked: that is no error."""
    body = await get(client, NEW)
    assert (body["columns"], body["rows"], body["truncated"]) == (["time", "channel"], [], False)
    assert (await get(client, NEW, "quantity=distance"))["rows"] == []


async def test_channels_stay_apart(client: httpx.AsyncClient) -> None:
    """Every channel is a row of its own; one can be asked for."""
    rows = (await get(client, VALVE, "quantity=valve_state"))["rows"]
    assert [row[1:] for row in rows] == [["1", "open"], ["2", "closed"]]
    rows = (await get(client, VALVE, "quantity=valve_state&channel=2"))["rows"]
    assert [row[1:] for row in rows] == [["2", "closed"]]


async def test_a_channel_on_a_thing_of_its_own_is_found(city: SmallCity, client: httpx.AsyncClient) -> None:
    """The valve box's soil probe hangs on a bed: its readings lie with the bed's kind."""
    city.hear(VALVE, NOW - MINUTE, DecodedValue("soil_temperature", 9.5, "probe"))
    rows = (await get(client, VALVE, "quantity=soil_temperature"))["rows"]
    assert rows == [["2026-03-29T11:59:00.000Z", "probe", 9.5]]
    assert {"soil", "valve"} <= {query.measurement for query in city.queries}


async def test_the_range_takes_its_start_and_not_its_end(client: httpx.AsyncClient) -> None:
    """Offsets count, whichever way the same moment is written."""
    for start, end in [
        ("2026-03-29T09:00:00Z", "2026-03-29T11:00:00Z"),
        ("2026-03-29T11:00:00%2B02:00", "2026-03-29T13:00:00%2B02:00"),
        ("2026-03-29t04:00:00.000-05:00", "2026-03-29 11:00:00.000000z"),
        ("-3h", "-1h"),
    ]:
        rows = (await get(client, BIN, f"quantity=distance&from={start}&to={end}"))["rows"]
        assert [row[2] for row in rows] == [400.0, 300.0]


async def test_now_takes_what_came_in_this_millisecond(city: SmallCity, client: httpx.AsyncClient) -> None:
    """The default end must not hide the newest value."""
    city.write("waste_bin", BIN, "", NOW, distance=5.0)
    assert (await get(client, BIN, "quantity=distance"))["rows"][-1][2] == 5.0


async def test_order_and_limit_choose_the_rows(client: httpx.AsyncClient) -> None:
    """A cut is told, never silent; the newest rows are kept for `desc`."""
    body = await get(client, BIN, "quantity=distance&limit=2")
    assert ([row[2] for row in body["rows"]], body["truncated"]) == ([400.0, 300.0], True)
    body = await get(client, BIN, "quantity=distance&limit=2&order=desc")
    assert ([row[2] for row in body["rows"]], body["truncated"]) == ([200.0, 300.0], True)
    body = await get(client, BIN, "quantity=distance&limit=3&order=desc")
    assert ([row[2] for row in body["rows"]], body["truncated"]) == ([200.0, 300.0, 400.0], False)


async def test_a_cut_keeps_rows_of_two_measurements_whole(client: httpx.AsyncClient) -> None:
    """The limit counts joined rows."""
    body = await get(client, BIN, "quantity=distance,rssi,battery_level&limit=1&order=desc")
    assert body["rows"] == [["2026-03-29T11:00:00.000Z", "", 200.0, -90.0, 91.0]]
    assert body["truncated"] is True


async def test_windows_of_local_days_over_a_clock_change(city: SmallCity, client: httpx.AsyncClient) -> None:
    """Berlin's 29 March 2026 has 23 hours: its window starts at 23:00Z, the next one at 22:00Z."""
    for hours in range(-30, 30):
        city.write("soil", BED, "", NOW + hours * HOUR + MINUTE, soil_moisture_vwc=1.0)
    query = f"quantity=soil_moisture_vwc&every=1d&agg=count&tz={quote('Europe/Berlin')}"
    query += "&from=2026-03-28T00:00:00%2B01:00&to=2026-03-31T00:00:00%2B02:00"
    body = await get(client, BED, query)
    assert [row[0] for row in body["rows"]] == [
        "2026-03-27T23:00:00.000Z",
        "2026-03-28T23:00:00.000Z",
        "2026-03-29T22:00:00.000Z",
    ]
    assert [row[2] for row in body["rows"]] == [17, 24, 20]  # 23 hours and the bed's own reading
    assert body["units"] == {"soil_moisture_vwc": "count"}
    assert (city.queries[-1].tz, city.queries[-1].every, city.queries[-1].agg) == ("Europe/Berlin", "1d", "count")


@pytest.mark.parametrize(
    ("agg", "expected"),
    [("mean", 300.0), ("min", 200.0), ("max", 400.0), ("sum", 900.0), ("first", 400.0), ("last", 200.0)],
)
async def test_every_aggregate(client: httpx.AsyncClient, agg: str, expected: float) -> None:
    """One window over the three values 400, 300, 200."""
    assert (await get(client, BIN, f"quantity=distance&every=1d&agg={agg}"))["rows"][0][2] == expected


async def test_windows_take_the_mean_of_numbers_by_default(client: httpx.AsyncClient) -> None:
    """Without names only quantities that have a mean are taken; `last` takes words, too."""
    body = await get(client, BIN, "every=1d")
    assert body["columns"][2:] == ["battery_level", "distance", "fill_level"]
    assert body["rows"][0][2:] == [92.0, 300.0, 70.0]
    assert "fill_level_source" in (await get(client, BIN, "every=1d&agg=last"))["columns"]


async def test_windows_can_be_cut_at_both_ends(client: httpx.AsyncClient) -> None:
    """`order` and `limit` mean the same for windows."""
    body = await get(client, BIN, "quantity=distance&every=1h&limit=1&order=desc")
    assert (body["rows"], body["truncated"]) == ([["2026-03-29T11:00:00.000Z", "", 200.0]], True)


async def test_a_large_answer_is_whole(city: SmallCity, client: httpx.AsyncClient) -> None:
    """Answers that are merged and encoded in a thread are the same."""
    for n in range(3000):
        city.write("soil", BED, "", NOW - 20 * HOUR + n, soil_temperature=float(n))
    body = await get(client, BED, "quantity=soil_temperature,rssi&limit=50000")
    found = [row[2] for row in body["rows"] if row[2] is not None]
    assert found == [float(n) for n in range(3000)]
    assert body["truncated"] is False


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("from=2026-03-29T09:00:00", "Z"),
        ("from=2026-03-29T09:00:00+02:00", "%2B"),
        ("from=yesterday", "RFC 3339"),
        ("from=2026-02-30T00:00:00Z", "exists"),
        ("from=2026-03-29", "RFC 3339"),
        ("from=1969-12-31T23:59:59Z", "1970"),
        ("to=9999-12-31T23:59:59Z", "2199"),
        ("from=-99999w", "1970"),
        ("from=0001-01-01T00:00:00%2B14:00", "1970"),
        ("from=-1h&to=-2h", "Exchange"),
        ("from=now&to=-1s", "Exchange"),
        ("every=7h", "divides"),
        ("every=32d", "divides"),
        ("every=1x", "divides"),
        ("every=1s&from=-30d", "every at least"),
        ("every=1h&agg=median", "agg"),
        ("agg=mean", "every"),
        ("every=1h&agg=mean&quantity=tilt_alarm", "tilt_alarm"),
        ("tz=Europe/Manheim&every=1d", "Europe/"),
        ("tz=../../etc/passwd", "IANA"),
        ("tz=localtime", "IANA"),
        ("quantity=fil_level", "fill_level"),
        ("limit=0", "limit"),
        ("limit=50001", "limit"),
        ("order=up", "order"),
        ("channel=" + "x" * 300, "channel"),
    ],
)
async def test_bad_input_is_a_problem_that_says_what_to_change(
    city: SmallCity, client: httpx.AsyncClient, query: str, word: str
) -> None:
    """And the store is not asked."""
    body = problem(await client.get(path(BIN, query)), 422, "invalid-parameter")
    assert word in body["fix"] + body["detail"]
    assert city.queries == []


async def test_trouble_of_the_store_is_told_without_its_words(city: SmallCity, client: httpx.AsyncClient) -> None:
    """Whoever asks learns whether to try again; addresses and users of the store stay inside."""
    city.trouble = StoreUnavailable("http://influx.internal: refused")
    answer = await client.get(path(BIN))
    problem(answer, 503, "store-unavailable")
    assert answer.headers["retry-after"] == "5" and "influx.internal" not in answer.text
    city.trouble = StoreUnavailable("busy")
    city.trouble.retry_after_s = 11.2
    assert (await client.get(path(BIN))).headers["retry-after"] == "12"
    city.trouble = StoreMisconfigured("user admin refused")
    answer = await client.get(path(BIN))
    problem(answer, 503, "store-misconfigured")
    assert "admin" not in answer.text
    city.trouble = QueryError("the answer is too large: ask for a shorter range")
    assert "shorter range" in problem(await client.get(path(BIN)), 422, "invalid-parameter")["detail"]
