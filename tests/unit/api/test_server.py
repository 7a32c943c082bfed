"""The server: a real socket, a real uvicorn."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from api.app import create_app
from api.server import PortBusy, serve
from pipeline.reading import Series, SeriesQuery
from tests.unit.api.small_city import BIN, SECRET, SmallCity


@asynccontextmanager
async def running(city: SmallCity) -> AsyncIterator[tuple[str, asyncio.Event, "asyncio.Task[None]"]]:
    """The city's app on a free port: address, its stop event, its task."""
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    task = asyncio.create_task(serve(create_app(city), "127.0.0.1", 0, ready.set_result, stop))
    try:
        port = await asyncio.wait_for(ready, 10)
        yield f"http://127.0.0.1:{port}", stop, task
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 15)


async def nobody_listens(base: str) -> None:
    """The port is free again."""
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(base)


async def test_it_answers_on_a_free_port_and_stops_cleanly(city: SmallCity) -> None:
    """`ready` comes when requests are taken; after `stop` the port is free; signals stay with the process's owner."""
    before = signal.getsignal(signal.SIGTERM)
    async with running(city) as (base, stop, task):
        assert signal.getsignal(signal.SIGTERM) is before
        async with httpx.AsyncClient(base_url=base) as client:
            answer = await client.get("/api/v1/devices")
            assert len(answer.json()["items"]) == 6
            assert "server" not in answer.headers
        stop.set()
        await asyncio.wait_for(task, 10)
    await nobody_listens(base)


async def test_a_busy_port_is_named(city: SmallCity) -> None:
    """The caller may try the next one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortBusy, match=f"port {port} on 127.0.0.1") as caught:
            await serve(create_app(city), "127.0.0.1", port, lambda _: None, asyncio.Event())
    assert caught.value.port == port


async def test_a_request_under_way_is_finished_before_the_stop(city: SmallCity) -> None:
    """Its answer arrives although `stop` came first."""
    asked, go_on = asyncio.Event(), asyncio.Event()
    real = city.series

    async def slow(query: SeriesQuery) -> Series:
        asked.set()
        await go_on.wait()
        return await real(query)

    city.series = slow  # type: ignore[method-assign]
    async with running(city) as (base, stop, task), httpx.AsyncClient(base_url=base) as client:
        answer = asyncio.create_task(client.get(f"/api/v1/devices/{BIN}/readings?quantity=distance"))
        await asked.wait()
        stop.set()
        go_on.set()
        assert len((await answer).json()["rows"]) == 3
        await asyncio.wait_for(task, 15)


async def test_cancelling_frees_the_port(city: SmallCity) -> None:
    """When the service's task group falls, the server doesn't stay behind."""
    async with running(city) as (base, _, task):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await nobody_listens(base)


async def test_an_unexpected_error_is_logged_once(city: SmallCity, caplog: pytest.LogCaptureFixture) -> None:
    """With its traceback, and the server goes on."""
    city.trouble = ZeroDivisionError("one by nought")
    async with running(city) as (base, _, _), httpx.AsyncClient(base_url=base) as client:
        with caplog.at_level(logging.INFO):
            answer = await client.get(f"/api/v1/devices/{BIN}/readings")
        assert answer.status_code == 500 and "nought" not in answer.text
        assert (await client.get("/health/live")).status_code == 200
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1 and errors[0].exc_info


async def test_a_large_webhook_is_cut_off_on_the_wire(city: SmallCity) -> None:
    """413 arrives and the connection is closed while most of the body is still to come."""
    async with running(city) as (base, _, _):
        port = int(base.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST /api/v1/ingest/hook HTTP/1.1\r\nHost: x\r\nX-Hook: {SECRET}\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head.encode() + b"1000\r\n" + b"x" * 4096 + b"\r\n")
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), 5)
        assert answer.startswith(b"HTTP/1.1 413") and b"/docs#too-large" in answer
        writer.close()
    assert city.journal.last_seq == 0


async def test_a_sender_that_goes_away_disturbs_nobody(city: SmallCity, caplog: pytest.LogCaptureFixture) -> None:
    """Half a message is no message: nothing is journaled, nothing is logged as an error, the next one is taken."""
    async with running(city) as (base, _, _), httpx.AsyncClient(base_url=base) as client:
        _, writer = await asyncio.open_connection("127.0.0.1", int(base.rpartition(":")[2]))
        head = f"POST /api/v1/ingest/hook HTTP/1.1\r\nHost: x\r\nX-Hook: {SECRET}\r\nContent-Length: 100\r\n\r\n"
        writer.write(head.encode() + b"half")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        answer = await client.post("/api/v1/ingest/hook", content=b"whole", headers={"X-Hook": SECRET})
        assert answer.status_code == 200
    assert [message.payload for _, message in await city.journal.read(0, 10)] == [b"whole"]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
