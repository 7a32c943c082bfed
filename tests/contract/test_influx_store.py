"""What only an InfluxDB shows: versions, credentials, creation, outages, retention, the native interface."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr, ValidationError

from pipeline.fields import FIELDS
from pipeline.reading import (
    QueryError,
    Record,
    SeriesQuery,
    StoreMisconfigured,
    StoreUnavailable,
    Tags,
    UplinkRecords,
)
from pipeline.stores.influx import InfluxSettings, InfluxStore
from pipeline.stores.influx_native import NativeInfluxStore
from tests.contract.conftest import native_settings, new_database
from tests.services_influx import InfluxServer
from tests.services_influx_shim import ORG, InfluxShim

pytestmark = pytest.mark.influx

DEV = "a84041000181c061"
T0 = 1_774_742_400_000
DAY_MS = 86_400_000
ALL = SeriesQuery("soil", DEV, ("soil_ec",), T0 - 400 * DAY_MS, T0 + DAY_MS)


def uplink(time_ms: int = T0, value: float = 1.0, seq: int = 1) -> UplinkRecords:
    return UplinkRecords(seq, (Record("soil", Tags(DEV), "", time_ms, {"soil_ec": value}),))


@contextlib.asynccontextmanager
async def opened(settings: InfluxSettings, **more: Any) -> AsyncIterator[InfluxStore]:
    store = (NativeInfluxStore if settings.client == "influxdb-client" else InfluxStore)(settings, **more)
    try:
        await store.open()
        yield store
    finally:
        await store.close()


@pytest.fixture
async def shim(influx_auth_server: InfluxServer) -> AsyncIterator[InfluxShim]:
    """A 2.x look-alike that demands tokens."""
    made = InfluxShim(influx_auth_server.url)
    await made.start()
    yield made
    await made.stop()


def admin(server: InfluxServer, **more: Any) -> InfluxSettings:
    user, password = server.ADMIN
    return InfluxSettings(
        **({"url": server.url, "database": new_database(), "username": user, "password": password} | more)
    )


# --- credentials and set-up ----------------------------------------------------------------------------------------


async def test_creates_the_database_with_its_retention(influx_auth_server: InfluxServer) -> None:
    """An administrator's store makes the database; opening again leaves it alone."""
    settings = admin(influx_auth_server, retention_days=90)
    async with opened(settings), opened(settings):
        answer = influx_auth_server.query(f'SHOW RETENTION POLICIES ON "{settings.database}"')
    assert b"2160h0m0s" in answer


async def test_wrong_password_is_a_configuration_fault(influx_auth_server: InfluxServer) -> None:
    """401 at once, in every call."""
    store = InfluxStore(admin(influx_auth_server, password="wrong"))
    for call in (store.open(), store.write([uplink()]), store.series(ALL), store.status(), store.delete(DEV, 0, T0)):
        with pytest.raises(StoreMisconfigured, match="401"):
            await call
    await store.close()


async def test_no_password_is_a_configuration_fault(influx_auth_server: InfluxServer) -> None:
    """A server that demands credentials and a store without."""
    with pytest.raises(StoreMisconfigured, match="401"):
        async with opened(InfluxSettings(url=influx_auth_server.url)):
            pass


async def test_unknown_database_without_the_right_to_create(influx_auth_server: InfluxServer) -> None:
    """A plain user can't create: StoreMisconfigured; once the database is granted the same store works."""
    settings = admin(influx_auth_server, username="ingest", password="ingest-password")
    influx_auth_server.query("CREATE USER ingest WITH PASSWORD 'ingest-password'")
    store = InfluxStore(settings)
    with pytest.raises(StoreMisconfigured, match="403"):
        await store.open()
    with pytest.raises(StoreMisconfigured):
        await store.write([uplink()])
    influx_auth_server.query(f'CREATE DATABASE "{settings.database}"')
    influx_auth_server.query(f'GRANT ALL ON "{settings.database}" TO ingest')
    assert await store.write([uplink()]) == []
    assert (await store.series(ALL)).rows == [(T0, "", 1.0)]
    await store.close()


async def test_database_removed_meanwhile_is_made_again(influx_server: InfluxServer) -> None:
    """The write that meets the 404 is a configuration fault; the next one looks again and creates."""
    async with opened(InfluxSettings(url=influx_server.url, database=new_database())) as store:
        influx_server.query(f'DROP DATABASE "{store.settings.database}"')
        with pytest.raises(StoreMisconfigured, match="404"):
            await store.write([uplink()])
        assert await store.write([uplink()]) == []


async def test_missing_retention_policy_is_a_configuration_fault(influx_server: InfluxServer) -> None:
    """1.x answers 500 for a database without default retention policy: no reason to retry."""
    async with opened(InfluxSettings(url=influx_server.url, database=new_database())) as store:
        influx_server.query(f'DROP RETENTION POLICY "autogen" ON "{store.settings.database}"')
        with pytest.raises(StoreMisconfigured, match="retention policy not found"):
            await store.write([uplink()])


async def test_password_file(influx_auth_server: InfluxServer, tmp_path: Path) -> None:
    """The file's trailing newline is no part of the password; a missing file is a configuration fault."""
    path = tmp_path / "password"
    path.write_text(influx_auth_server.ADMIN[1] + "\n")
    async with opened(admin(influx_auth_server, password=None, password_file=path)) as store:
        assert await store.write([uplink()]) == []
    with pytest.raises(StoreMisconfigured, match="No such file"):
        async with opened(admin(influx_auth_server, password=None, password_file=tmp_path / "none")):
            pass


# --- outages -------------------------------------------------------------------------------------------------------


async def test_server_down_and_back(tmp_path: Path) -> None:
    """Down: StoreUnavailable. Back: the same store goes on, what was confirmed is there."""
    server = InfluxServer(tmp_path)
    store = InfluxStore(InfluxSettings(url=server.url, timeout_s=5.0))
    with pytest.raises(StoreUnavailable):
        await store.open()
    server.start()
    try:
        assert await store.write([uplink()]) == []
        await asyncio.to_thread(server.kill)
        for call in (store.write([uplink(T0 + 1)]), store.series(ALL), store.status()):
            with pytest.raises(StoreUnavailable):
                await call
        await asyncio.to_thread(server.start)
        assert await store.write([uplink(T0 + 1)]) == []
        assert (await store.series(ALL)).rows == [(T0, "", 1.0), (T0 + 1, "", 1.0)]
    finally:
        await store.close()
        await asyncio.to_thread(server.kill)


async def test_time_out(influx_server: InfluxServer) -> None:
    """A server that takes the connection and says nothing is unavailable."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with listener:
        store = InfluxStore(
            InfluxSettings(url=f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", timeout_s=0.2)
        )
        with pytest.raises(StoreUnavailable, match="no answer"):
            await store.write([uplink()])
        await store.close()


async def test_something_else_answers(aiohttp_free_port: str) -> None:
    """A web server that is no InfluxDB is a configuration fault, not a refusal of all data."""
    with pytest.raises(StoreMisconfigured, match="no InfluxDB"):
        async with opened(InfluxSettings(url=aiohttp_free_port)):
            pass


@pytest.fixture
async def aiohttp_free_port() -> AsyncIterator[str]:
    """The URL of a web server that answers 204 to everything."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=204)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


# --- data ----------------------------------------------------------------------------------------------------------


async def test_compressed_bodies(influx_server: InfluxServer) -> None:
    """gzip: on; the server inflates them."""
    async with opened(InfluxSettings(url=influx_server.url, database=new_database(), gzip="on")) as store:
        assert await store.write([uplink(T0 + n, float(n)) for n in range(2000)]) == []
        assert len((await store.series(ALL)).rows) == 2000


async def test_older_than_retention_is_refused_here(influx_server: InfluxServer) -> None:
    """The record is refused before it is sent: 3.x would take it and never show it."""
    settings = InfluxSettings(url=influx_server.url, database=new_database(), retention_days=300)
    now_s = T0 / 1000
    async with opened(settings, clock=lambda: now_s) as store:
        refused = await store.write([uplink(T0 - 300 * DAY_MS - 1, seq=4), uplink(T0, seq=5)])
        assert [(refusal.seq, "retention of 300 days" in refusal.error) for refusal in refused] == [(4, True)]
        assert (await store.series(ALL)).rows == [(T0, "", 1.0)]


async def test_older_than_the_servers_retention_is_found_by_halving(influx_server: InfluxServer) -> None:
    """The same with a retention that only the server knows."""
    database = new_database()
    influx_server.query(f'CREATE DATABASE "{database}" WITH DURATION 3000d')
    async with opened(InfluxSettings(url=influx_server.url, database=database)) as store:
        batch = [uplink(T0 + n, seq=n) for n in range(40)]
        batch[21] = uplink(1_000_000_000_000, seq=21)
        refused = await store.write(batch)
        assert [(refusal.seq, "retention policy" in refusal.error) for refusal in refused] == [(21, True)]
        assert len((await store.series(ALL)).rows) == 39


async def test_a_body_too_large_is_halved(influx_server: InfluxServer) -> None:
    """413 (25 MB on 1.x) is no refusal of lines: the halves go through."""
    settings = InfluxSettings(url=influx_server.url, database=new_database())
    async with opened(settings) as store:
        text = "x" * 60_000
        batch = [
            UplinkRecords(n, (Record("soil", Tags(DEV), "", T0 + n, {"event": text, "soil_ec": 1.0}),))
            for n in range(450)
        ]
        assert await store.write(batch) == []
        assert store.requests == 3
        assert len((await store.series(ALL)).rows) == 450


async def test_an_answer_too_large_is_the_askers_fault(influx_server: InfluxServer) -> None:
    """The bound on answers holds."""
    settings = InfluxSettings(url=influx_server.url, database=new_database(), max_response_bytes=65_536)
    async with opened(settings) as store:
        await store.write([uplink(T0 + n) for n in range(4000)])
        with pytest.raises(QueryError, match="shorter range"):
            await store.series(ALL)
        assert len((await store.series(SeriesQuery("soil", DEV, ("soil_ec",), T0, T0 + 100))).rows) == 100


# --- 2.x -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("client", ["http", "influxdb-client"])
async def test_native_interface(shim: InfluxShim, client: str) -> None:
    """Token and org: the bucket is made, writes go to /api/v2/write, reads to /query."""
    settings = native_settings(shim).model_copy(update={"client": client, "retention_days": 3000})
    async with opened(settings) as store:
        assert await store.write([uplink()]) == []
        assert shim.native_writes == store.requests == 1
        assert (await store.series(ALL)).rows == [(T0, "", 1.0)]
        assert (await store.status()).version == "v2.7.0"
        await store.delete(DEV, T0, T0 + 1)
        assert (await store.series(ALL)).rows == []


@pytest.mark.parametrize("client", ["http", "influxdb-client"])
@pytest.mark.parametrize(
    ("status", "kind", "wait_s"),
    [
        (429, StoreUnavailable, 7.0),
        (503, StoreUnavailable, 7.0),
        (401, StoreMisconfigured, None),
        (403, StoreMisconfigured, None),
        (404, StoreMisconfigured, None),
        (400, StoreMisconfigured, None),
    ],
)
async def test_what_an_answer_means(
    shim: InfluxShim, client: str, status: int, kind: type[Exception], wait_s: float | None
) -> None:
    """Retry-After is handed on; a 400 that is not InfluxDB's (a proxy's page) never sends data to quarantine."""
    async with opened(native_settings(shim).model_copy(update={"client": client})) as store:
        shim.answer_next = [web.Response(status=status, text="<html>no</html>", headers={"Retry-After": "7"})]
        with pytest.raises(kind) as raised:
            await store.write([uplink()])
        assert getattr(raised.value, "retry_after_s", None) == wait_s
        assert await store.write([uplink()]) == []


@pytest.mark.parametrize("client", ["http", "influxdb-client"])
async def test_refused_lines_of_2x(shim: InfluxShim, client: str) -> None:
    """422 with the server's words becomes a refusal."""
    settings = native_settings(shim).model_copy(update={"client": client})
    async with opened(settings, fields={**FIELDS, "soil_ec": "str"}) as older:
        word = Record("soil", Tags(DEV), "", T0, {"soil_ec": "word"})
        await older.write([UplinkRecords(1, (word,))])
    async with opened(settings) as store:
        refused = await store.write([uplink(T0 + 1, seq=9)])
        assert [(refusal.seq, "field type conflict" in refusal.error) for refusal in refused] == [(9, True)]


@pytest.mark.parametrize("client", ["http", "influxdb-client"])
async def test_wrong_token(shim: InfluxShim, client: str) -> None:
    """A token that the server doesn't know is a configuration fault."""
    with pytest.raises(StoreMisconfigured):
        async with opened(native_settings(shim, "admin:wrong").model_copy(update={"client": client})):
            pass


async def test_native_sink_when_the_server_is_away(influx_auth_server: InfluxServer) -> None:
    """The vendor's client's network errors are StoreUnavailable."""
    shim = InfluxShim(influx_auth_server.url)
    await shim.start()
    async with opened(native_settings(shim)) as store:
        await store.write([uplink()])
        await shim.stop()
        with pytest.raises(StoreUnavailable):
            await store.write([uplink()])


async def test_token_on_1x_and_native_sink_on_1x(influx_server: InfluxServer) -> None:
    """1.x knows no tokens: told in words."""
    token = InfluxSettings(url=influx_server.url, token=SecretStr("t"), org=ORG)
    with pytest.raises(StoreMisconfigured, match="knows no tokens"):
        async with opened(token):
            pass


def test_settings_are_checked() -> None:
    """Half credentials, both kinds, credentials in the URL, unknown keys: errors before any socket opens."""
    for wrong in (
        {"username": "a"},
        {"password": "b"},
        {"username": "a", "password": "b", "token": "t"},
        {"password": "b", "password_file": "/f", "username": "a"},
        {"url": "http://user:secret@host:8086"},
        {"url": "influx:8086"},
        {"client": "influxdb-client"},
        {"database": "city/raw"},
        {"retention_days": 0},
        {"rp": "autogen"},
    ):
        with pytest.raises(ValidationError):
            InfluxSettings.model_validate(wrong)
    assert "secret" not in repr(InfluxSettings(username="a", password=SecretStr("secret")))


async def test_raw_tags_as_the_server_has_them(influx_server: InfluxServer) -> None:
    """Tags of inventory text arrive unchanged (asked with plain InfluxQL, not through the store)."""
    names = ["Bin 5, north=side", 'the "old" one', "Müll\\straße", "ends in \\"]
    settings = InfluxSettings(url=influx_server.url, database=new_database())
    async with opened(settings) as store:
        for n, name in enumerate(names):
            tags = Tags(DEV, asset=name, district=name, zone=name, model=name)
            await store.write([UplinkRecords(n, (Record("soil", tags, "", T0 + n, {"soil_ec": 1.0}),))])
    form = {"db": settings.database, "q": "SELECT soil_ec, asset, district, zone, model FROM soil", "epoch": "ms"}
    async with aiohttp.ClientSession() as session, session.post(settings.url + "/query", data=form) as answer:
        rows = (await answer.json())["results"][0]["series"][0]["values"]
    names[-1] = "ends in /"
    assert [row[2:] for row in rows] == [[name] * 4 for name in names]
