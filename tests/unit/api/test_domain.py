"""Events, plans and reports over HTTP."""

import httpx
import pytest

from pipeline.domain.reports import SOURCE, read_report
from pipeline.state import StateUnavailable
from tests.unit.api.small_city import HOUR, NOW, SmallCity, problem

EVENTS = "/api/v1/events"


async def ids(client: httpx.AsyncClient, query: str = "") -> list[str]:
    answer = await client.get(f"{EVENTS}?from=-7d{query}")
    assert answer.status_code == 200, answer.text
    return [item["kind"] for item in answer.json()["items"]]


async def test_events_newest_first_without_the_withdrawn(client: httpx.AsyncClient) -> None:
    """What turned out not to have happened shows only when asked for, with its revision."""
    assert await ids(client) == ["fire", "emptied"]
    assert await ids(client, "&withdrawn=true") == ["fire", "overflow", "emptied"]
    items = (await client.get(f"{EVENTS}?withdrawn=true")).json()["items"]
    assert [(item["withdrawn"], item["revision"]) for item in items] == [(False, 1), (True, 2), (False, 1)]
    assert items[0]["ongoing"] and items[0]["values"] == {"fill_level": 80.0, "sure": True}


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("&asset=bin-1", ["fire", "emptied"]),
        ("&asset=bed-1", []),
        ("&zone=plaza", ["fire", "emptied"]),
        ("&zone=park", []),
        ("&district=centre,east", ["fire", "emptied"]),
        ("&district=east&asset=bin-1", []),
        ("&kind=emptied", ["emptied"]),
        ("&to=-24h", ["emptied"]),
    ],
)
async def test_filters(client: httpx.AsyncClient, query: str, kinds: list[str]) -> None:
    """All of them must hold."""
    assert await ids(client, query) == kinds


async def test_ongoing_events_are_of_every_time_since(client: httpx.AsyncClient) -> None:
    """`from` takes what goes on still, whenever it began."""
    answer = await client.get(f"{EVENTS}?from=-1h")
    assert [item["kind"] for item in answer.json()["items"]] == ["fire"]


async def test_pages(client: httpx.AsyncClient) -> None:
    """`next` leads on until it is null; a made-up one is refused."""
    first = (await client.get(f"{EVENTS}?limit=1")).json()
    second = (await client.get(EVENTS, params={"limit": 1, "after": first["next"]})).json()
    assert [item["kind"] for item in first["items"] + second["items"]] == ["fire", "emptied"]
    assert first["next"] and second["next"] is None
    problem(await client.get(f"{EVENTS}?after=yesterday"), 422, "invalid-parameter")


async def test_a_state_database_that_is_away(client: httpx.AsyncClient, city: SmallCity) -> None:
    """503 with when to try again."""
    city.trouble = StateUnavailable("locked")
    answer = await client.get(EVENTS)
    problem(answer, 503, "state-unavailable")
    assert answer.headers["retry-after"] == "5"


async def test_bins_of_which_nothing_is_known_are_named(client: httpx.AsyncClient) -> None:
    """No detector state: the bin is on no list, and it is said so."""
    plan = (await client.get("/api/v1/plans/collection?zone=plaza")).json()
    assert plan["bins"] == 1 and [one["asset"] for one in plan["unknown"]] == ["bin-1"] and plan["route"] is None


@pytest.mark.parametrize("query", ["format=gpx", "depot=1", "depot=99,8", "depot=49,8&start=x", "zone=moon", "x=1"])
async def test_plans_refuse_what_they_do_not_understand(client: httpx.AsyncClient, query: str) -> None:
    """One clear problem, with what to change."""
    kind = "unknown-parameter" if query == "x=1" else "invalid-parameter"
    problem(await client.get(f"/api/v1/plans/collection?{query}"), 422, kind)


async def test_a_report_is_a_message_in_the_journal(client: httpx.AsyncClient, city: SmallCity) -> None:
    """On disk before the answer; with the time and the level that the crew gave."""
    body = {"kind": "emptied", "at": "2026-03-29T11:00:00.000Z", "level": 40}
    answer = await client.post("/api/v1/assets/bin-1/reports", json=body)
    assert answer.json() == {"accepted": True}
    ((_, message),) = await city.journal.read(0, 10)
    asset, report = read_report(message)
    assert message.source == SOURCE and asset == "bin-1"
    assert (report.kind, report.time_ms, report.values) == ("emptied", NOW - HOUR, {"fill_level": 40.0})


@pytest.mark.parametrize(
    ("asset", "body", "status", "kind"),
    [
        ("nothing", {"kind": "emptied"}, 404, "not-found"),
        ("bin-1", {"kind": "burnt"}, 422, "invalid-parameter"),
        ("bin-1", {"kind": "emptied", "at": "2027-01-01T00:00:00.000Z"}, 422, "invalid-parameter"),
        ("bin-1", {"kind": "emptied", "level": 400}, 422, "invalid-parameter"),
    ],
)
async def test_reports_that_are_none(
    client: httpx.AsyncClient, city: SmallCity, asset: str, body: dict[str, object], status: int, kind: str
) -> None:
    """Refused, and nothing in the journal."""
    problem(await client.post(f"/api/v1/assets/{asset}/reports", json=body), status, kind)
    assert city.journal.last_seq == 0
