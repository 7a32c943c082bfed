"""The FastAPI app: `create_app` puts the routes around a city; nothing happens at import."""

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.responses import HTMLResponse

from api import problems, schemas
from api.docs_page import DOCS_CSP, docs_page
from api.headers import SecureHeaders
from api.ports import City
from api.routes.devices import device_routes, latest_routes
from api.routes.domain import event_routes, plan_routes, report_routes
from api.routes.ingest import ingest_routes
from api.routes.readings import reading_routes
from api.routes.service import service_routes, vocabulary_routes

PREFIX = "/api/v1"
_DESCRIPTION = (
    "A city's LoRaWAN sensors: devices, newest values, readings over time, what happened to bins, beds and bays and"
    " what to do about it, and the webhooks that network servers post to. Times are RFC 3339; those in answers are UTC"
    " with milliseconds. Query parameters that a route doesn't know are refused."
)


class Api(FastAPI):
    """FastAPI whose OpenAPI document tells the errors as they are: problem documents, never FastAPI's own."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _honest(super().openapi())
        return self.openapi_schema


def create_app(city: City, *, body_timeout_s: float = 30.0) -> FastAPI:
    """The HTTP side of a running service. A webhook's body has to be complete after `body_timeout_s` seconds."""
    release = version("loracity")
    app = Api(
        title="loracity",
        version=release,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # what we measure is at /metrics; nothing leaves because an environment variable says so
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.add_middleware(SecureHeaders)
    problems.install(app)
    # device_routes last: its `{dev_eui:path}` would swallow `/latest` and `/readings`
    for router in (
        latest_routes(city),
        reading_routes(city),
        event_routes(city),
        plan_routes(city),
        report_routes(city),
        device_routes(city),
        vocabulary_routes(),
        ingest_routes(city, body_timeout_s),
    ):
        app.include_router(router, prefix=PREFIX)
    app.include_router(service_routes(city, release))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(app.openapi()), headers={"Content-Security-Policy": DOCS_CSP})

    return app


def _honest(document: dict[str, Any]) -> dict[str, Any]:
    """Drop FastAPI's own error answers, which never occur, and add the model of those that do."""
    components = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    for item in document["paths"].values():
        for operation in item.values():
            answer = operation["responses"].get("422", {})
            if "application/json" in answer.get("content", {}):
                del operation["responses"]["422"]
    problem = schemas.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components.update(problem.pop("$defs"))
    components["Problem"] = problem
    return document
