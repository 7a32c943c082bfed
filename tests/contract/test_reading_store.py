"""One contract, every reading store: what is written comes back the same, whatever it is written to."""

import datetime as dt
import random
from collections.abc import Callable
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipeline.fields import FIELDS
from pipeline.reading import QueryError, Record, Refusal, Series, SeriesQuery, Tags, UplinkRecords
from pipeline.stores.influx import InfluxStore
from tests.contract.conftest import Backend

DEV = "a84041000181c061"
OTHER = "24e124136b502217"
T0 = 1_774_742_400_000  # 2026-03-29T00:00:00Z
HOUR = 3_600_000
DAY = 24 * HOUR
HOSTILE = (
    "plain",
    "a b",
    "a,b=c d",
    'say "hi"',
    "it's",
    "back\\slash",
    "C:\\new\\",
    "\\",
    '\\"',
    "Müllstraße 5 🗑",
    "a\\,b\\ c\\=d",
    "#comment",
    "tab\there",
    '\'; DROP MEASUREMENT "soil"; --',
    "$dev_eui",
    " leading and trailing ",
    "nul\x00char",
)


def record(
    time_ms: int,
    fields: dict[str, Any],
    *,
    dev_eui: str = DEV,
    channel: str = "",
    measurement: str = "soil",
    asset: str = "bed-1",
) -> Record:
    tags = Tags(dev_eui, asset=asset, district="Mitte", zone="park 7", model="dragino-lse01")
    return Record(measurement, tags, channel, time_ms, fields)


def uplinks(*records: Record) -> list[UplinkRecords]:
    return [UplinkRecords(seq, (one,)) for seq, one in enumerate(records, 1)]


def query(fields: tuple[str, ...], start: int = T0, end: int = T0 + 7 * DAY, **more: Any) -> SeriesQuery:
    return SeriesQuery(**({"measurement": "soil", "dev_eui": DEV} | more), fields=fields, start_ms=start, end_ms=end)


async def test_reads_back_what_was_written(backend: Backend) -> None:
    """Floats, switches and words keep value and type; whole numbers stay floats; missing fields are None."""
    store = await backend.store()
    first = {"soil_moisture_vwc": 21.0, "soil_temperature": -3.25, "battery_low": True, "event": "alarm"}
    refused = await store.write(
        uplinks(record(T0, first), record(T0 + 1, {"soil_moisture_vwc": 1e-9}), record(T0 + 2, {"battery_low": False}))
    )
    assert refused == []
    found = await store.series(query(("soil_moisture_vwc", "soil_temperature", "battery_low", "event")))
    assert found.columns == ("time", "channel", "soil_moisture_vwc", "soil_temperature", "battery_low", "event")
    assert found.rows == [
        (T0, "", 21.0, -3.25, True, "alarm"),
        (T0 + 1, "", 1e-9, None, None, None),
        (T0 + 2, "", None, None, False, None),
    ]
    assert [type(cell) for cell in found.rows[0]] == [int, str, float, float, bool, str]


async def test_writing_again_changes_nothing(backend: Backend) -> None:
    """A repeated batch, and a record that stands twice in one batch, are there once."""
    store = await backend.store()
    batch = uplinks(*(record(T0 + n, {"soil_moisture_vwc": float(n)}, channel=str(n % 3)) for n in range(50)))
    for again in (batch, batch, [*batch, *batch]):
        assert await store.write(again) == []
    found = await store.series(query(("soil_moisture_vwc",)))
    assert found.rows == [(T0 + n, str(n % 3), float(n)) for n in range(50)]


async def test_delete_takes_one_device_and_range_of_all_measurements(backend: Backend) -> None:
    """The end is exclusive; other devices and times stay; a rewrite after it is the whole record."""
    store = await backend.store()
    await store.write(
        uplinks(
            *(record(T0 + n, {"soil_moisture_vwc": 1.0, "soil_temperature": 2.0}) for n in range(4)),
            record(T0 + 1, {"soil_moisture_vwc": 5.0}, dev_eui=OTHER),
            record(T0 + 1, {"battery_level": 80.0}, measurement="device_health"),
        )
    )
    await store.delete(DEV, T0 + 1, T0 + 3)
    assert await store.write(uplinks(record(T0 + 2, {"soil_moisture_vwc": 9.0}, asset="bed-2"))) == []
    found = await store.series(query(("soil_moisture_vwc", "soil_temperature")))
    assert found.rows == [(T0, "", 1.0, 2.0), (T0 + 2, "", 9.0, None), (T0 + 3, "", 1.0, 2.0)]
    assert (await store.series(query(("soil_moisture_vwc",), dev_eui=OTHER))).rows == [(T0 + 1, "", 5.0)]
    assert (await store.series(query(("battery_level",), measurement="device_health"))).rows == []


async def test_delete_of_every_device(backend: Backend) -> None:
    """Without a DevEUI the range is emptied of all devices' records."""
    store = await backend.store()
    await store.write(
        uplinks(*(record(T0 + n, {"soil_ec": 1.0}, dev_eui=dev) for n in range(4) for dev in (DEV, OTHER)))
    )
    await store.delete(None, T0 + 1, T0 + 3)
    for dev in (DEV, OTHER):
        found = await store.series(query(("soil_ec",), dev_eui=dev))
        assert [row[0] for row in found.rows] == [T0, T0 + 3]


async def test_delete_of_nothing_is_fine(backend: Backend) -> None:
    """An empty store and an unknown device have nothing to delete."""
    store = await backend.store()
    await store.delete(DEV, T0, T0 + DAY)
    assert (await store.series(query(("soil_moisture_vwc",)))).rows == []


async def test_three_poison_records_in_a_thousand_uplinks(backend: Backend) -> None:
    """Exactly the records with a type that the store has otherwise are refused; the rest of their uplinks is kept."""
    older = await backend.store({**FIELDS, "soil_temperature": "str"})
    assert await older.write(uplinks(record(T0, {"soil_temperature": "warm"}))) == []
    store = await backend.store()
    batch = []
    for seq in range(1000):
        parts = [record(T0 + seq, {"soil_moisture_vwc": float(seq)}, channel=str(part)) for part in range(1 + seq % 3)]
        if seq in (17, 500, 998):
            parts[-1] = record(T0 + seq, {"soil_temperature": 20.0, "soil_ec": 1.0}, channel="poison")
        batch.append(UplinkRecords(seq, tuple(parts)))
    refused = await store.write(batch)
    assert [(refusal.seq, refusal.record.channel) for refusal in refused] == [
        (17, "poison"),
        (500, "poison"),
        (998, "poison"),
    ]
    assert all("soil_temperature" in refusal.error and "conflict" in refusal.error for refusal in refused)
    found = await store.series(query(("soil_moisture_vwc", "soil_ec")))
    expected = [
        (r.time_ms, r.channel, r.fields["soil_moisture_vwc"], None)
        for u in batch
        for r in u.records
        if r.channel != "poison"
    ]
    assert found.rows == expected
    if isinstance(store, InfluxStore):
        print(f"{backend.kind}: {store.requests} write requests for 3 poison records in 1000 uplinks")
        assert store.requests <= 80
    assert sorted(map(_key, await store.write(batch))) == sorted(map(_key, refused))


def _key(refusal: Refusal) -> tuple[int, str]:
    return refusal.seq, refusal.record.channel


async def test_only_poison(backend: Backend) -> None:
    """A batch of nothing but refused records comes back whole."""
    older = await backend.store({**FIELDS, "soil_temperature": "str"})
    await older.write(uplinks(record(T0, {"soil_temperature": "warm"})))
    store = await backend.store()
    batch = uplinks(*(record(T0 + n, {"soil_temperature": 1.0}) for n in range(5)))
    assert sorted(refusal.seq for refusal in await store.write(batch)) == [1, 2, 3, 4, 5]


async def test_refuses_what_no_store_takes(backend: Backend) -> None:
    """Wrong types, unknown names, impossible times, lone surrogates, nothing finite: refused, and the others kept."""
    store = await backend.store()
    bad = [
        record(T0, {"soil_moisture_vwc": "wet"}),
        record(T0, {"soil_moisture_vwc": True}),
        record(T0, {"battery_low": 1.0}),
        record(T0, {"event": 3.0}),
        record(T0, {"no_such_field": 1.0}),
        record(T0, {"time": 1.0}),
        record(T0, {"soil_moisture_vwc": float("nan")}),
        record(T0, {}),
        record(9_300_000_000_000, {"soil_moisture_vwc": 1.0}),
        record(T0, {"event": "\ud800"}),
        record(T0, {"soil_moisture_vwc": 1.0}, asset="\ud800"),
        record(T0, {"soil_moisture_vwc": 1.0}, measurement='so il"'),
    ]
    good = record(T0 + 5, {"soil_moisture_vwc": 2.0, "soil_temperature": float("inf"), "soil_ec": float("nan")})
    refused = await store.write([UplinkRecords(7, (*bad, good))])
    assert [refusal.record for refusal in refused] == bad
    assert all(refusal.error for refusal in refused)
    found = await store.series(query(("soil_moisture_vwc", "soil_temperature", "soil_ec", "event", "battery_low")))
    assert found.rows == [(T0 + 5, "", 2.0, None, None, None, None)]


async def test_hostile_text_comes_back(backend: Backend) -> None:
    """Separators, quotes, backslashes and Unicode in words, channels and device keys."""
    store = await backend.store()
    texts = (*HOSTILE, "line\nbreak", "cr\r\nlf", "\n")
    await store.write(uplinks(*(record(T0 + n, {"event": text}) for n, text in enumerate(texts))))
    assert [row[2] for row in (await store.series(query(("event",)))).rows] == list(texts)
    for text in HOSTILE:
        one = record(T0, {"soil_moisture_vwc": 4.5}, dev_eui=f"app/{text}", channel=text, asset=text)
        assert await store.write(uplinks(one)) == []
        found = await store.series(query(("soil_moisture_vwc",), dev_eui=f"app/{text}", channel=text))
        assert [(row[0], row[2]) for row in found.rows] == [(T0, 4.5)]
        if not text.endswith("\\"):
            assert found.rows[0][1] == text


async def test_tags_that_line_protocol_cannot_carry(backend: Backend) -> None:
    """Line breaks become spaces and final backslashes slashes, in every store alike, and the query still finds them."""
    store = await backend.store()
    await store.write(uplinks(record(T0, {"soil_moisture_vwc": 1.0}, channel="a\nb\\\\")))
    found = await store.series(query(("soil_moisture_vwc",), channel="a\nb\\\\"))
    assert found.rows == [(T0, "a b//", 1.0)]


async def test_limit_and_order(backend: Backend) -> None:
    """At most `limit` rows, the first or the last ones, by time, then channel."""
    store = await backend.store()
    await store.write(
        uplinks(
            *(record(T0 + n, {"soil_moisture_vwc": float(n)}, channel=c) for n in range(20) for c in ("b", "a", ""))
        )
    )
    every = [(T0 + n, c, float(n)) for n in range(20) for c in ("", "a", "b")]
    assert (await store.series(query(("soil_moisture_vwc",), limit=7))).rows == every[:7]
    assert (await store.series(query(("soil_moisture_vwc",), limit=8, newest_first=True))).rows == every[-8:]
    assert (await store.series(query(("soil_moisture_vwc",), channel=""))).rows == every[::3]
    assert (await store.series(query(("soil_moisture_vwc",), start=T0 + 3, end=T0 + 5))).rows == every[9:15]
    windows = query(("soil_moisture_vwc",), every="1d", agg="count", limit=2, newest_first=True)
    assert (await store.series(windows)).rows == [(T0, "a", 20), (T0, "b", 20)]


async def test_impossible_queries(backend: Backend) -> None:
    """The asker's faults are told before the store is asked."""
    store = await backend.store()
    for wrong in (
        query(("no_such",)),
        query(()),
        query(("event", "event")),
        query(("event",), every="1h", agg="mean"),
        query(("soil_moisture_vwc",), every="7h"),
        query(("soil_moisture_vwc",), every="1w"),
        query(("soil_moisture_vwc",), every="1h", tz="Europe/Atlantis"),
        query(("soil_moisture_vwc",), limit=0),
        query(("soil_moisture_vwc",), measurement='soil"; DROP'),
    ):
        with pytest.raises(QueryError):
            await store.series(wrong)


async def test_nothing_there(backend: Backend) -> None:
    """Unknown measurements, fields never written, empty ranges: no rows, no error."""
    store = await backend.store()
    await store.write(uplinks(record(T0, {"soil_moisture_vwc": 1.0})))
    for empty in (
        query(("soil_moisture_vwc",), measurement="weather"),
        query(("soil_ec",)),
        query(("soil_ec",), every="1h"),
        query(("soil_moisture_vwc",), start=T0 + 1, end=T0 + 1),
        query(("soil_moisture_vwc",), start=T0 + 1),
        query(("soil_moisture_vwc",), dev_eui=OTHER),
    ):
        assert (await store.series(empty)).rows == []
    assert (await store.series(query(("soil_ec", "soil_moisture_vwc")))).rows == [(T0, "", None, 1.0)]


async def test_status(backend: Backend) -> None:
    """The store tells what it is."""
    status = await (await backend.store()).status()
    assert status.kind in ("influxdb", "embedded")
    assert any(digit in status.version for digit in "123")


# --- windows -------------------------------------------------------------------------------------------------------

BERLIN = ZoneInfo("Europe/Berlin")
NUMBERS = ("soil_moisture_vwc", "soil_temperature")
WORDS = ("battery_low", "event")


def window_records(midnight_ms: int) -> list[Record]:
    """Four days around a clock change at irregular times on three channels, fields missing here and there."""
    chance = random.Random(20261025)
    records = {}
    for _ in range(1500):
        time_ms = midnight_ms - DAY + chance.randrange(4 * DAY // 60_000) * 60_000
        values = {
            "soil_moisture_vwc": chance.randrange(400) / 4,
            "soil_temperature": chance.randrange(-80, 80) / 8,
            "battery_low": chance.random() < 0.5,
            "event": chance.choice(("periodic", "alarm", "info")),
        }
        kept = {name: value for name, value in values.items() if chance.random() < 0.6}
        channel = chance.choice(("", "1", "depth 2"))
        if kept:
            records[time_ms, channel] = record(time_ms, kept, channel=channel)
    return list(records.values())


def expected_windows(records: list[Record], asked: SeriesQuery, step_ms: int) -> list[tuple[Any, ...]]:
    """The oracle: each minute of the range gets its window from the local clock, values are put into them by hand."""
    zone = ZoneInfo(asked.tz)
    labels = minute_labels(asked.start_ms, asked.end_ms, step_ms, zone)
    inside = [r for r in records if asked.start_ms <= r.time_ms < asked.end_ms]
    inside.sort(key=lambda r: (labels[r.time_ms // 60_000], r.channel, r.time_ms))
    rows = []
    for (label, channel), group in groupby(inside, key=lambda r: (labels[r.time_ms // 60_000], r.channel)):
        members = list(group)
        cells = [aggregate(asked.agg, [r.fields[name] for r in members if name in r.fields]) for name in asked.fields]
        if any(cell is not None for cell in cells):
            rows.append((label, channel, *cells))
    return rows


def minute_labels(start_ms: int, end_ms: int, step_ms: int, zone: ZoneInfo) -> dict[int, int]:
    """Minute -> start of its window: windows go on while the local clock stays in one step; a clock put back by the
    step or more starts a new one."""
    labels = {}
    label, last = 0, None
    for minute in range(start_ms // 60_000 - 2 * step_ms // 60_000, end_ms // 60_000):
        moment = dt.datetime.fromtimestamp(minute * 60, dt.UTC).astimezone(zone)
        offset = moment.utcoffset() or dt.timedelta()
        wall_ms = minute * 60_000 + int(offset.total_seconds() * 1000)
        again = moment.fold if step_ms <= HOUR else 0
        state = (wall_ms // step_ms, again)
        if state != last:
            label, last = minute * 60_000, state
        labels[minute] = label
    return labels


def aggregate(name: str, values: list[Any]) -> Any:
    if not values:
        return None
    if name == "mean":
        return sum(values) / len(values)
    if name in ("first", "last"):
        return values[0 if name == "first" else -1]
    functions: dict[str, Callable[[list[Any]], Any]] = {"min": min, "max": max, "sum": sum, "count": len}
    return functions[name](values)


def rounded(series: Series) -> list[tuple[Any, ...]]:
    return [tuple(round(cell, 9) if isinstance(cell, float) else cell for cell in row) for row in series.rows]


@pytest.mark.parametrize("midnight", ["2026-03-29", "2026-10-25"])
async def test_windows_follow_the_local_clock(backend: Backend, midnight: str) -> None:
    """Both clock changes, windows from a quarter of an hour to a week, every aggregate: as counted by hand."""
    start = int(dt.datetime.fromisoformat(midnight).replace(tzinfo=BERLIN).timestamp() * 1000)
    records = window_records(start)
    store = await backend.store()
    assert await store.write(uplinks(*records)) == []
    checked = 0
    for every, step_ms in {
        "15m": HOUR // 4,
        "1h": HOUR,
        "2h": 2 * HOUR,
        "6h": 6 * HOUR,
        "1d": DAY,
        "7d": 7 * DAY,
    }.items():
        for agg in ("mean", "min", "max", "sum", "count", "first", "last"):
            fields = NUMBERS if agg in ("mean", "min", "max", "sum") else NUMBERS + WORDS
            for tz in ("Europe/Berlin", "UTC") if agg == "mean" else ("Europe/Berlin",):
                asked = query(fields, start - DAY // 3, start + 2 * DAY, every=every, agg=agg, tz=tz)
                found = await store.series(asked)
                wanted = expected_windows(records, asked, step_ms)
                assert rounded(found) == rounded(Series((), wanted)), (every, agg, tz)
                assert {type(cell) for row in found.rows for cell in row[2:4]} <= {
                    int if agg == "count" else float,
                    type(None),
                }
                checked += len(wanted)
    assert checked > 5000


async def test_the_day_of_the_change_is_one_window(backend: Backend) -> None:
    """23 hours in spring, 25 in autumn; the hour that comes twice gives two windows of an hour."""
    store = await backend.store()
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25)):
        start = int(dt.datetime.fromisoformat(day).replace(tzinfo=BERLIN).timestamp() * 1000)
        await store.write(uplinks(*(record(start + n * HOUR // 2, {"soil_moisture_vwc": 1.0}) for n in range(60))))
        days = await store.series(
            query(("soil_moisture_vwc",), start, start + 30 * HOUR, every="1d", agg="sum", tz="Europe/Berlin")
        )
        assert days.rows == [(start, "", hours * 2.0), (start + hours * HOUR, "", 60 - hours * 2.0)]
        single = await store.series(
            query(("soil_moisture_vwc",), start, start + hours * HOUR, every="1h", agg="count", tz="Europe/Berlin")
        )
        assert single.rows == [(start + n * HOUR, "", 2) for n in range(hours)]
