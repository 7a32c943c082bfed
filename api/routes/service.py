"""What the service says of itself: vocabulary, health, metrics."""

from fastapi import APIRouter, Depends
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from api.parameters import no_parameters
from api.ports import City
from api.problems import documented
from api.routes.answers import json_answer
from api.schemas import Live, QuantityList, Ready
from decoders.vocabulary import QUANTITIES

_PROBLEMS = documented("unknown-parameter", "internal")


class MetricsText(Response):
    """Prometheus text exposition format."""

    media_type = "text/plain"


def vocabulary_routes() -> APIRouter:
    """`/quantities`."""
    router = APIRouter(tags=["vocabulary"], dependencies=[Depends(no_parameters)])

    @router.get("/quantities", response_model=QuantityList, responses=_PROBLEMS, operation_id="list_quantities")
    async def list_quantities() -> Response:
        """Every quantity with its unit, kind of value, plausible range and meaning."""
        return json_answer({"items": list(QUANTITIES.values())})

    return router


def service_routes(city: City, version: str) -> APIRouter:
    """`/health/live`, `/health/ready`, `/metrics`: at the root, where orchestrators and Prometheus look. They ignore
    query parameters, which probes like to add."""
    router = APIRouter(tags=["service"])

    @router.get("/health/live", response_model=Live, responses=documented("internal"), operation_id="live")
    async def live() -> Response:
        """The process answers. Restart it when this fails."""
        return json_answer({"status": "ok"})

    @router.get(
        "/health/ready",
        response_model=Ready,
        responses={503: {"model": Ready, "description": "A part is failing"}, **documented("internal")},
        operation_id="ready",
    )
    async def ready() -> Response:
        """Whether the service does its work, with each part's verdict; `degraded` on warnings, 503 if a part fails."""
        checks = city.checks()
        verdicts = {check.status for check in checks}
        status = "failing" if "failing" in verdicts else "degraded" if "warning" in verdicts else "ok"
        body = {"status": status, "version": version, "checks": checks}
        return json_answer(body, 503 if status == "failing" else 200)

    @router.get(
        "/metrics",
        response_class=MetricsText,
        responses={200: {"description": "Metrics in Prometheus text format"}, **documented("internal")},
        operation_id="metrics",
    )
    async def metrics() -> Response:
        """Everything counted and measured."""
        return Response(city.metrics(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router
