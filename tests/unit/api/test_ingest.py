"""`POST /api/v1/ingest/{connection}` into a real journal."""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from gateway_bridge.settings import ConnectionSettings, MqttSettings
from gateway_bridge.uplink import HTTP
from tests.unit.api.small_city import NOW, SECRET, SmallCity, client_of, close_city, open_city, problem

URL = "/api/v1/ingest/hook"
KEY = {"X-Hook": SECRET}
MAX = 2048


async def in_pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    """A body without Content-Length."""
    for piece in pieces:
        yield piece


async def test_a_message_is_on_disk_when_it_is_accepted(city: SmallCity, client: httpx.AsyncClient) -> None:
    """The journal has it as it came, with its query and the time of reception."""
    body = b'{"a": 1}\x00\xff'
    answer = await client.post(URL + "?event=up&x=%20y", content=body, headers=KEY)
    assert (answer.status_code, answer.json()) == (200, {"accepted": True})
    assert answer.headers["cache-control"] == "no-store"
    [(_, message)] = await city.journal.read(0, 10)
    assert (message.source, message.topic) == ("hook", "http/hook?event=up&x=%20y")
    assert (message.payload, message.received_ms, message.flags) == (body, NOW, HTTP)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Hook": SECRET},
        {"x-hook": SECRET},
        {"Authorization": f"Bearer {SECRET}"},
        {"Authorization": "Basic " + base64.b64encode(f"anyone:{SECRET}".encode()).decode()},
    ],
)
async def test_the_secret_may_come_in_several_ways(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """Network servers differ in what they can send."""
    assert (await client.post(URL, content=b"{}", headers=headers)).status_code == 200


async def test_an_unknown_connection_looks_like_a_wrong_secret(city: SmallCity, client: httpx.AsyncClient) -> None:
    """Status, headers and body are equal, so that connections can't be found by guessing; MQTT ones don't count."""
    city.connections["broker"] = ConnectionSettings(name="broker", mqtt=MqttSettings())
    attempts = [
        (URL, {}),
        (URL, {"X-Hook": "wrong"}),
        ("/api/v1/ingest/none", KEY),
        ("/api/v1/ingest/broker", KEY),
        ("/api/v1/ingest/none", {"X-Loracity-Secret": SECRET}),
        ("/api/v1/ingest/Hook", KEY),
    ]
    answers = [await client.post(url, content=b"x" * 9999, headers=headers) for url, headers in attempts]
    for answer in answers:
        problem(answer, 401, "unauthorised")
        assert answer.headers["www-authenticate"].startswith("Basic")
    assert len({(a.content, tuple(sorted(a.headers.items()))) for a in answers}) == 1
    assert city.journal.last_seq == 0


async def test_a_body_up_to_the_limit_is_taken(city: SmallCity, client: httpx.AsyncClient) -> None:
    """The limit itself is allowed, with and without Content-Length."""
    assert (await client.post(URL, content=b"x" * MAX, headers=KEY)).status_code == 200
    assert (await client.post(URL, content=in_pieces(b"x" * 1024, b"x" * 1024), headers=KEY)).status_code == 200
    assert city.journal.last_seq == 2


async def test_a_body_beyond_the_limit_is_refused_while_it_streams(city: SmallCity) -> None:
    """No more of it is read than the limit and one piece."""
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < 100:
            taken += 1
            yield b"x" * 1000

    async with client_of(city) as client:
        problem(await client.post(URL, content=b"x" * (MAX + 1), headers=KEY), 413, "too-large")
        answer = await client.post(URL, content=endless(), headers=KEY)
    problem(answer, 413, "too-large")
    assert answer.headers["connection"] == "close"
    assert taken == 3
    assert city.journal.last_seq == 0


@pytest.mark.parametrize("length", ["99999999999999999999999", "2049"])
async def test_an_announced_length_beyond_the_limit_is_refused_unread(client: httpx.AsyncClient, length: str) -> None:
    """What the sender announces is enough to refuse it."""
    answer = await client.post(URL, content=b"x", headers={**KEY, "Content-Length": length})
    problem(answer, 413, "too-large")


async def test_what_makes_no_message_is_refused(city: SmallCity, client: httpx.AsyncClient) -> None:
    """Empty, compressed, or with an endless query: each has its own answer."""
    problem(await client.post(URL, headers=KEY), 400, "empty-body")
    compressed = await client.post(URL, content=b"x", headers={**KEY, "Content-Encoding": "gzip"})
    problem(compressed, 415, "encoded-body")
    problem(await client.post(URL + "?" + "q" * 3000, content=b"x", headers=KEY), 414, "query-too-long")
    assert city.journal.last_seq == 0


async def test_a_body_that_does_not_come_is_given_up(city: SmallCity) -> None:
    """A sender can't hold a request open for ever."""

    async def stuck() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    async with client_of(city, body_timeout_s=0.05) as client:
        problem(await client.post(URL, content=stuck(), headers=KEY), 408, "body-too-slow")
    assert city.journal.last_seq == 0


async def test_a_journal_that_takes_nothing_is_answered_with_503(tmp_path: Path) -> None:
    """A full journal: the sender is asked to come back, and nothing pretends to be stored."""
    city, running = await open_city(tmp_path, journal_bytes=1)
    async with client_of(city) as client:
        assert (await client.post(URL, content=b"first", headers=KEY)).status_code == 200
        for _ in range(2):
            answer = await client.post(URL, content=b"second", headers=KEY)
            problem(answer, 503, "journal-unavailable")
            assert int(answer.headers["retry-after"]) > 0
    assert city.journal.last_seq == 1
    await close_city(city, running)


async def test_no_secret_is_logged(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the right one nor a wrong one, at any level."""
    caplog.set_level(logging.DEBUG)
    await client.post(URL, content=b"x", headers=KEY)
    await client.post(URL, content=b"x", headers={"X-Hook": "almost " + SECRET})
    assert SECRET not in caplog.text


async def test_only_post_is_taken(client: httpx.AsyncClient) -> None:
    """And the answer says so."""
    answer = await client.get(URL)
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"
