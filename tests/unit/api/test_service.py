"""Health, metrics, headers, and what happens when nobody expected it."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.ports import Check
from tests.unit.api.small_city import SmallCity, client_of, problem

SECURE = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
}


@pytest.mark.parametrize(
    ("verdicts", "status", "word"),
    [
        ([], 200, "ok"),
        (["ok", "ok"], 200, "ok"),
        (["ok", "warning"], 200, "degraded"),
        (["failing", "warning"], 503, "failing"),
    ],
)
async def test_readiness_is_the_worst_verdict(
    city: SmallCity, client: httpx.AsyncClient, verdicts: list[str], status: int, word: str
) -> None:
    """A warning degrades, a failure takes us out; the body lists every part either way."""
    city.verdicts = [Check(f"part-{i}", v, "why") for i, v in enumerate(verdicts)]  # type: ignore[arg-type]
    answer = await client.get("/health/ready")
    assert answer.status_code == status
    body = answer.json()
    assert body["status"] == word
    assert body["checks"] == [{"name": f"part-{i}", "status": v, "detail": "why"} for i, v in enumerate(verdicts)]


async def test_liveness_asks_nothing_of_the_parts(city: SmallCity, client: httpx.AsyncClient) -> None:
    """A failing store is no reason to restart the process; probes may add parameters."""
    city.verdicts = [Check("store", "failing")]
    answer = await client.get("/health/live?probe=1")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_metrics_are_prometheus_text(client: httpx.AsyncClient) -> None:
    """With the content type that Prometheus expects, once, and in a form that it can read."""
    answer = await client.get("/metrics")
    assert answer.headers.get_list("content-type") == ["text/plain; version=1.0.0; charset=utf-8"]
    [family] = text_string_to_metric_families(answer.text)
    assert (family.name, family.samples[0].value) == ("loracity_received", 3.0)


@pytest.mark.parametrize(
    "path", ["/api/v1/devices", "/api/v1/latest", "/health/live", "/metrics", "/nowhere", "/api/v1/devices/none"]
)
async def test_every_answer_has_the_headers(client: httpx.AsyncClient, path: str) -> None:
    """Browsers shall not guess, keep or run it."""
    headers = (await client.get(path)).headers
    assert {name: headers[name] for name in SECURE} == SECURE


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/api/v1", "/api/v2/devices", "/redoc", "/api/v1/latest/", "/docs/x"]
)
async def test_an_address_that_is_not_there_is_a_problem(client: httpx.AsyncClient, path: str) -> None:
    """Also where FastAPI would have pages of its own or redirect."""
    assert path in problem(await client.get(path), 404, "not-found")["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_method_that_is_not_taken_is_a_problem(client: httpx.AsyncClient, method: str) -> None:
    """The answer says which one is."""
    answer = await client.request(method, "/api/v1/devices")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET"


async def test_an_unexpected_error_shows_nothing_of_the_inside(city: SmallCity) -> None:
    """A problem 500 with all headers; the error itself goes on to the server, which logs it."""
    city.trouble = KeyError("the password is 1234")
    async with client_of(city) as client:
        answer = await client.get("/api/v1/devices/24e124713c140001/readings")
    problem(answer, 500, "internal")
    assert {name: answer.headers[name] for name in SECURE} == SECURE
    assert "1234" not in answer.text and "KeyError" not in answer.text
