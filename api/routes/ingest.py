"""Webhooks of network servers: a message is answered with success only once it is on disk."""

import asyncio
import secrets
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import SecretStr
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.ports import City
from api.problems import Problem, documented
from api.routes.answers import json_answer
from api.schemas import Accepted
from gateway_bridge.settings import HttpSettings
from gateway_bridge.webhook import QueryTooLong, authorised, to_message

_BODY = {
    "requestBody": {
        "required": True,
        "description": "The network server's message as it is",
        "content": {
            "application/json": {"schema": {}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
_CLOSE = {"Connection": "close"}
"""What is left of the body won't be read: the connection can't serve another request."""


def ingest_routes(city: City, body_timeout_s: float) -> APIRouter:
    """`POST /ingest/{connection}`. A body has to be complete after `body_timeout_s` seconds."""
    router = APIRouter(tags=["webhooks"])
    decoy = HttpSettings(secret=SecretStr(secrets.token_urlsafe()))
    nobody = decoy, secrets.token_urlsafe()

    def allowed(connection: str, request: Request) -> HttpSettings:
        """The connection's settings. An unknown connection costs the same comparison and gets the same answer as a
        wrong secret, so that nobody can find out which connections there are."""
        found = city.webhook(connection)
        known = found is not None and found[0].http is not None
        settings, secret = nobody
        if found is not None and found[0].http is not None:
            settings, secret = found[0].http, found[1]
        if not (authorised(settings, secret, request.headers) and known):
            headers = {**_CLOSE, "WWW-Authenticate": 'Basic realm="loracity", charset="UTF-8"'}
            raise Problem("unauthorised", "no HTTP connection of this name takes this secret", headers=headers)
        return settings

    @router.post(
        "/ingest/{connection}",
        response_model=Accepted,
        responses=documented(
            "empty-body", "bad-request", "unauthorised", "body-too-slow", "too-large", "query-too-long", "encoded-body",
            "journal-unavailable", "internal",
        ),
        openapi_extra=_BODY,
        operation_id="ingest",
    )  # fmt: skip
    async def ingest(
        connection: Annotated[
            str, Path(description="Name of an HTTP connection of the settings", examples=["tts-hook"])
        ],
        request: Request,
    ) -> Response:
        """Take a network server's webhook. The secret goes into the connection's header (`X-Loracity-Secret` unless the
        settings name another), or is a bearer token or an HTTP Basic password. 200 means that the message is on disk;
        after 503 it has to be sent again. The query is kept with the message (ChirpStack sends `event=up`)."""
        settings = allowed(connection, request)
        body = await _body(request, settings.max_body_bytes, body_timeout_s)
        try:
            message = to_message(connection, request.url.query, body, city.now_ms())
        except QueryTooLong as error:
            raise Problem("query-too-long", str(error)) from error
        await city.accept(message)
        return json_answer({"accepted": True})

    return router


async def _body(request: Request, max_bytes: int, timeout_s: float) -> bytes:
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem("encoded-body", "Content-Encoding is not supported here", headers=_CLOSE)
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > max_bytes):
        raise Problem("too-large", f"more than {max_bytes} bytes", headers=_CLOSE)
    try:
        async with asyncio.timeout(timeout_s):
            body = await _read(request, max_bytes)
    except TimeoutError as error:
        raise Problem("body-too-slow", f"not complete after {timeout_s:g} s", headers=_CLOSE) from error
    except ClientDisconnect as error:
        raise Problem("bad-request", "the sender went away before the end of the body") from error
    if not body:
        raise Problem("empty-body", "there is no message in the body")
    return body


async def _read(request: Request, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise Problem("too-large", f"more than {max_bytes} bytes", headers=_CLOSE)
    return bytes(body)
