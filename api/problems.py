"""Errors as RFC 9457 problem documents: a closed list of kinds, and the one place that turns them into answers."""

import http
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.headers import SECURE_HEADERS
from pipeline.journal import JournalUnavailable
from pipeline.reading import QueryError, StoreMisconfigured, StoreUnavailable
from pipeline.state import StateUnavailable

MEDIA_TYPE = "application/problem+json"
_RETRY_S = 5


class ProblemKind(Struct, frozen=True):
    """One kind of problem: HTTP status, title, and what to do about it when nothing more exact is known."""

    status: int
    title: str
    fix: str


KINDS: Mapping[str, ProblemKind] = MappingProxyType(
    {
        "invalid-parameter": ProblemKind(422, "A parameter is invalid", "Correct the parameter named in the detail."),
        "unknown-parameter": ProblemKind(
            422, "There is no such parameter", "Remove the parameter or correct its name."
        ),
        "not-found": ProblemKind(404, "There is nothing at this address", "See /docs for the addresses that exist."),
        "method-not-allowed": ProblemKind(
            405, "This address does not take this method", "Use a method named in the answer's Allow header."
        ),
        "bad-request": ProblemKind(400, "The request can't be understood", "See /docs for what is expected here."),
        "unauthorised": ProblemKind(
            401,
            "Connection and secret don't match",
            "Send the secret of an existing HTTP connection in its header, or as HTTP Basic password.",
        ),
        "empty-body": ProblemKind(400, "The body is empty", "Send the network server's message as the body."),
        "too-large": ProblemKind(413, "The body is too large", "Send less, or raise max_body_bytes of the connection."),
        "query-too-long": ProblemKind(
            414, "The query is too long", "Send the message in the body, not in the address."
        ),
        "encoded-body": ProblemKind(415, "The body is compressed", "Send the body without Content-Encoding."),
        "body-too-slow": ProblemKind(408, "The body took too long to arrive", "Send the message again."),
        "journal-unavailable": ProblemKind(
            503,
            "The message can't be made durable now",
            "Keep the message and send it again after Retry-After seconds.",
        ),
        "store-unavailable": ProblemKind(
            503, "The store of readings can't be asked now", "Try again after Retry-After seconds."
        ),
        "store-misconfigured": ProblemKind(
            503, "The store of readings refuses us", "Whoever runs the service must act: see /health/ready."
        ),
        "state-unavailable": ProblemKind(
            503, "The state database can't be asked now", "Try again after Retry-After seconds."
        ),
        "internal": ProblemKind(
            500, "The service failed", "Try again; if it stays so, show the service's log to its makers."
        ),
    }
)


class Problem(Exception):
    """A request that gets a problem document. `kind` is one of `KINDS`; `detail` and `fix` are for people."""

    def __init__(
        self,
        kind: str,
        detail: str,
        fix: str = "",
        *,
        errors: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`errors` are (parameter, what is wrong with it) where more than one may be wrong."""
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.fix = fix or KINDS[kind].fix
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def document(self) -> dict[str, Any]:
        """The RFC 9457 document, JSON-ready."""
        kind = KINDS[self.kind]
        body: dict[str, Any] = {
            "type": f"/docs#{self.kind}",
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "fix": self.fix,
        }
        if self.errors:
            body["errors"] = [{"parameter": name, "detail": text} for name, text in self.errors]
        return body

    def response(self) -> Response:
        """The document as an answer."""
        return Response(
            msgspec.json.encode(self.document()),
            status_code=KINDS[self.kind].status,
            headers={**SECURE_HEADERS, **self.headers},
            media_type=MEDIA_TYPE,
        )


def documented(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for the kinds of problem that a route may answer with, grouped by status."""
    by_status: dict[int, list[str]] = defaultdict(list)
    for name in kinds:
        by_status[KINDS[name].status].append(name)
    return {
        status: {
            "description": "; ".join(KINDS[name].title for name in names),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {name: {"value": Problem(name, KINDS[name].title).document()} for name in names},
                }
            },
        }
        for status, names in by_status.items()
    }


def install(app: FastAPI) -> None:
    """Make every error of the app a problem document. The server logs an unhandled one, once, with its
    traceback."""
    app.add_exception_handler(Problem, _own)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(QueryError, _query)
    app.add_exception_handler(StoreUnavailable, _unavailable)
    app.add_exception_handler(StoreMisconfigured, _misconfigured)
    app.add_exception_handler(JournalUnavailable, _journal)
    app.add_exception_handler(StateUnavailable, _state)
    app.add_exception_handler(Exception, _unhandled)


async def _own(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    unknown = sorted({str(e["loc"][-1])[:60] for e in error.errors() if e["type"] == "extra_forbidden"})
    if unknown:
        return unknown_parameters(request, unknown).response()
    wrong = [(".".join(str(part) for part in e["loc"][1:])[:80], str(e["msg"])) for e in error.errors()]
    detail = "; ".join(f"{name}: {text}" for name, text in wrong)
    return Problem("invalid-parameter", detail, errors=wrong).response()


def unknown_parameters(request: Request, names: list[str]) -> Problem:
    """The problem that names the query parameters nobody knows here, and those that are known."""
    known = ", ".join(_known_parameters(request)) or "none"
    return Problem(
        "unknown-parameter",
        f"unknown query parameters: {', '.join(names)}",
        f"Remove them or correct their names. Known here: {known}.",
        errors=[(name, "unknown") for name in names],
    )


def _known_parameters(request: Request) -> list[str]:
    wanted = request.scope["route"].operation_id
    operations = (op for item in request.app.openapi()["paths"].values() for op in item.values())
    parameters = next((op.get("parameters", ()) for op in operations if op["operationId"] == wanted), ())
    return [parameter["name"] for parameter in parameters if parameter["in"] == "query"]


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    named = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code)
    if named is not None:
        return Problem(named, f"{request.method} {request.url.path[:200]}", headers=error.headers).response()
    if error.status_code < 500:
        return Problem("bad-request", http.HTTPStatus(error.status_code).phrase, headers=error.headers).response()
    return Problem("internal", "an error inside the service", headers=error.headers).response()


async def _query(_request: Request, error: Exception) -> Response:
    return Problem("invalid-parameter", str(error)).response()


async def _unavailable(_request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreUnavailable)
    seconds = _RETRY_S if error.retry_after_s is None else max(1, math.ceil(error.retry_after_s))
    return Problem("store-unavailable", "no answer from the store", headers={"Retry-After": str(seconds)}).response()


async def _misconfigured(_request: Request, _error: Exception) -> Response:
    return Problem("store-misconfigured", "the store refused", headers={"Retry-After": "60"}).response()


async def _journal(_request: Request, _error: Exception) -> Response:
    detail = "the message was not accepted"
    return Problem("journal-unavailable", detail, headers={"Retry-After": str(_RETRY_S)}).response()


async def _state(_request: Request, _error: Exception) -> Response:
    detail = "no answer from the state database"
    return Problem("state-unavailable", detail, headers={"Retry-After": str(_RETRY_S)}).response()


async def _unhandled(_request: Request, _error: Exception) -> Response:
    return Problem("internal", "an error inside the service").response()
