"""The OpenAPI document and the page made of it: what they say is what the service does."""

import base64
import hashlib
import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import httpx
import pytest

from api.problems import KINDS
from pipeline.fields import FIELDS
from tests.unit.api.json_schema import faults
from tests.unit.api.small_city import BED, BIN, NAMELESS, NEW, SECRET, VALVE, SmallCity

Document = dict[str, Any]


@pytest.fixture
async def document(client: httpx.AsyncClient) -> Document:
    """The document as served."""
    answer: Document = (await client.get("/openapi.json")).json()
    return answer


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """(path, method, operation) of all."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def walk(node: Any, at: str = "#") -> Iterator[tuple[str, Document]]:
    """Every object in the document with its place."""
    if isinstance(node, dict):
        yield at, node
        for name, part in node.items():
            yield from walk(part, f"{at}/{name}")
    elif isinstance(node, list):
        for i, part in enumerate(node):
            yield from walk(part, f"{at}/{i}")


async def test_the_document_holds_together(document: Document) -> None:
    """References lead somewhere, operation ids are unique, path parameters are declared, everything is described."""
    assert document["openapi"].startswith("3.1")
    assert document["info"]["version"] == version("loracity")
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for at, node in walk(document):
        if isinstance(reference := node.get("$ref"), str):
            assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"], at
    for path, method, operation in operations(document):
        parameters = operation.get("parameters", [])
        in_path = {p["name"] for p in parameters if p["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))
        assert operation["description"], (path, method)
        assert all(p.get("description") for p in parameters), path
        assert "500" in operation["responses"]
    assert not {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"])


async def test_the_routes_are_those_promised(document: Document) -> None:
    """Everything under /api/v1, but health and metrics."""
    assert {f"{method.upper()} {path}" for path, method, _ in operations(document)} == {
        "GET /api/v1/devices", "GET /api/v1/devices/{dev_eui}", "GET /api/v1/devices/{dev_eui}/latest",
        "GET /api/v1/devices/{dev_eui}/readings", "GET /api/v1/latest", "GET /api/v1/quantities",
        "GET /api/v1/events", "GET /api/v1/plans/collection", "GET /api/v1/plans/parking",
        "GET /api/v1/plans/watering", "POST /api/v1/assets/{asset}/reports",
        "POST /api/v1/ingest/{connection}", "GET /health/live", "GET /health/ready", "GET /metrics",
    }  # fmt: skip


async def test_every_example_fits_its_schema(document: Document) -> None:
    """Of fields, models, parameters and problems; there are many of them."""
    seen = 0
    for at, node in walk(document):
        if "examples" not in node and "default" not in node:
            continue
        if isinstance(node.get("examples"), dict):  # of a media type: by name
            schema, examples = node["schema"], [example["value"] for example in node["examples"].values()]
        elif {"type", "anyOf", "enum", "const"} & node.keys():
            schema, examples = node, [*node.get("examples", []), *([node["default"]] if "default" in node else [])]
        else:
            continue
        for example in examples:
            seen += 1
            assert list(faults(schema, example, document)) == [], at
    assert seen > 80


async def test_every_example_of_a_parameter_works(client: httpx.AsyncClient, document: Document) -> None:
    """Whoever copies one gets an answer, not a problem."""
    tried = 0
    for path, method, operation in operations(document):
        for parameter in operation.get("parameters", []):
            if method != "get" or parameter["in"] != "query":
                continue
            for example in parameter["schema"]["examples"]:
                query = {parameter["name"]: example}
                if parameter["name"] == "agg":
                    query["every"] = "1h"
                if parameter["name"] in ("from", "to"):
                    query = {"from": "2026-03-01T00:00:00Z"} | query
                answer = await client.get(path.replace("{dev_eui}", BIN), params=query)
                assert answer.status_code == 200, (path, query, answer.text)
                tried += 1
    assert tried >= 18


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/api/v1/devices", "/api/v1/devices"),
        ("/api/v1/devices", "/api/v1/devices?limit=2"),
        ("/api/v1/devices", "/api/v1/devices?limit=0"),
        ("/api/v1/devices/{dev_eui}", f"/api/v1/devices/{BIN}"),
        ("/api/v1/devices/{dev_eui}", f"/api/v1/devices/{NEW}"),
        ("/api/v1/devices/{dev_eui}", "/api/v1/devices/none"),
        ("/api/v1/devices/{dev_eui}", f"/api/v1/devices/{BIN}?x=1"),
        ("/api/v1/latest", "/api/v1/latest"),
        ("/api/v1/latest", "/api/v1/latest?limit=1"),
        ("/api/v1/latest", "/api/v1/latest?kind=tree&limit=0"),
        ("/api/v1/devices/{dev_eui}/latest", f"/api/v1/devices/{VALVE}/latest"),
        ("/api/v1/devices/{dev_eui}/latest", f"/api/v1/devices/{NAMELESS}/latest"),
        ("/api/v1/devices/{dev_eui}/readings", f"/api/v1/devices/{BIN}/readings"),
        ("/api/v1/devices/{dev_eui}/readings", f"/api/v1/devices/{BED}/readings?every=1h"),
        ("/api/v1/devices/{dev_eui}/readings", f"/api/v1/devices/{BED}/readings?from=x"),
        ("/api/v1/events", "/api/v1/events"),
        ("/api/v1/events", "/api/v1/events?limit=1&withdrawn=true&from=-2w"),
        ("/api/v1/events", "/api/v1/events?after=x"),
        ("/api/v1/plans/collection", "/api/v1/plans/collection?depot=49.4,8.4"),
        ("/api/v1/plans/collection", "/api/v1/plans/collection?depot=far"),
        ("/api/v1/plans/parking", "/api/v1/plans/parking"),
        ("/api/v1/plans/watering", "/api/v1/plans/watering?depot=49.4,8.4"),
        ("/api/v1/plans/watering", "/api/v1/plans/watering?zone=moon"),
        ("/api/v1/quantities", "/api/v1/quantities"),
        ("/health/live", "/health/live"),
        ("/health/ready", "/health/ready"),
    ],
)
async def test_answers_are_as_documented(client: httpx.AsyncClient, document: Document, path: str, url: str) -> None:
    """Status, media type and body, for good answers and problems; the answers are encoded past the models."""
    answer = await client.get(url)
    documented = document["paths"][path]["get"]["responses"][str(answer.status_code)]
    media = answer.headers["content-type"]
    assert list(faults(documented["content"][media]["schema"], answer.json(), document)) == []


async def test_the_webhooks_answers_are_as_documented(client: httpx.AsyncClient, document: Document) -> None:
    """Accepted, refused, and unauthorised."""
    responses = document["paths"]["/api/v1/ingest/{connection}"]["post"]["responses"]
    for headers, body in (({"X-Hook": SECRET}, b"{}"), ({"X-Hook": SECRET}, b""), ({}, b"{}")):
        answer = await client.post("/api/v1/ingest/hook", content=body, headers=headers)
        content = responses[str(answer.status_code)]["content"][answer.headers["content-type"]]
        assert list(faults(content["schema"], answer.json(), document)) == []
    assert "422" not in responses


async def test_the_checker_sees_what_is_wrong(document: Document) -> None:
    """A checker that lets everything pass would prove nothing."""
    schemas = document["components"]["schemas"]
    good = {"time": "2026-03-29T11:00:00.000Z", "rssi": -90.0, "snr": None, "f_cnt": 1, "data_rate": None}
    good |= {"gateway": "a", "gateways": 1}
    assert list(faults(schemas["RadioView"], good, document)) == []
    for wrong in ({"time": "2026-03-29T11:00:00Z"}, {"rssi": "x"}, {"gateways": None}, {"gateways": True}, {"more": 1}):
        assert list(faults(schemas["RadioView"], good | wrong, document))
    assert list(faults(schemas["RadioView"], {k: v for k, v in good.items() if k != "snr"}, document))
    assert list(faults({"unheard": 1}, 1, document))


async def test_the_page_tells_everything_and_loads_nothing(client: httpx.AsyncClient, document: Document) -> None:
    """Plain HTML with every route, parameter and problem; no script, no foreign host, a policy that forbids both."""
    answer = await client.get("/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "script" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = answer.text
    assert not re.search(r"<script|https?://|//cdn|<link|<img|\son\w+=|@import|url\(", page)
    for path, method, operation in operations(document):
        assert f"{method.upper()} {path}" in page
        assert all(f"<code>{p['name']}</code>" in page for p in operation.get("parameters", []))
    assert all(f'<tr id="{kind}">' in page for kind in KINDS)
    assert page.count("<td>") == page.count("</td>") and page.count("<table>") == page.count("</table>")
    ids = re.findall(r'id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


async def test_the_pages_style_is_the_one_its_policy_allows(client: httpx.AsyncClient) -> None:
    """The hash is that of the style as it is sent."""
    answer = await client.get("/docs")
    [style] = re.findall(r"<style>(.*?)</style>", answer.text, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["content-security-policy"]


async def test_quantities_are_the_vocabulary(client: httpx.AsyncClient) -> None:
    """Each has unit, kind, range and meaning, and may be asked for."""
    items = {item["name"]: item for item in (await client.get("/api/v1/quantities")).json()["items"]}
    assert items.keys() <= FIELDS.keys()
    assert items["soil_ec"]["unit"] == "uS/cm"
    assert (items["fill_level"]["low"], items["fill_level"]["high"]) == (0, 100)


async def test_no_origin_is_let_in(client: httpx.AsyncClient, city: SmallCity) -> None:
    """There is no CORS: pages of other hosts can't read the city."""
    answer = await client.get("/api/v1/devices", headers={"Origin": "https://elsewhere.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]
