"""InfluxDB 2.x's HTTP interface before a real 1.x: `/api/v2/write` becomes `/write`, a token user and password.

Mapped as the compatibility layer of InfluxDB 1.8 does it (services/httpd/handler.go, serveWriteV2); status codes of
partial writes as 2.x gives them (422 for a type conflict). Buckets and organisations: only what set-up asks for.
"""

import base64

import aiohttp
import msgspec
from aiohttp import web

VERSION = "v2.7.0"
ORG = "city-org"
_ORG_ID = "0123456789abcdef"
_PASSED = ("Content-Type",)  # bodies arrive here already inflated


class InfluxShim:
    """Start with the URL of a 1.x server; `token` to use is `user:password` of that server."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self.url = ""
        self.native_writes = 0
        self.answer_next: list[web.Response] = []
        """Answers to give instead of the server's own, first one first."""

    async def start(self) -> None:
        """Listen on a free port of loopback."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/ping", self._ping)
        app.router.add_post("/query", self._query)
        app.router.add_post("/api/v2/write", self._write)
        app.router.add_get("/api/v2/buckets", self._find_buckets)
        app.router.add_post("/api/v2/buckets", self._create_bucket)
        app.router.add_get("/api/v2/orgs", self._orgs)
        self._session = aiohttp.ClientSession()
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        """Close all."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _ping(self, request: web.Request) -> web.Response:
        async with self._to("GET", "/ping") as answer:
            return web.Response(status=answer.status, headers={"X-Influxdb-Version": VERSION})

    async def _query(self, request: web.Request) -> web.Response:
        async with self._to("POST", "/query", data=await request.read(), headers=_headers(request)) as answer:
            return web.Response(status=answer.status, body=await answer.read())

    async def _write(self, request: web.Request) -> web.Response:
        self.native_writes += 1
        if self.answer_next:
            return self.answer_next.pop(0)
        if request.query.get("org") not in (ORG, _ORG_ID):
            return web.json_response({"code": "not found", "message": "organization name not found"}, status=404)
        params = {"db": request.query["bucket"], "precision": request.query["precision"]}
        body = await request.content.read()
        async with self._to("POST", "/write", params=params, data=body, headers=_headers(request)) as answer:
            text = (await answer.read()).decode()
        if answer.status == 204:
            return web.Response(status=204)
        status = 422 if answer.status == 400 and "conflict" in text else answer.status
        return web.json_response({"code": "unprocessable entity", "message": text}, status=status)

    async def _find_buckets(self, request: web.Request) -> web.Response:
        form = {"q": "SHOW DATABASES"}
        async with self._to("POST", "/query", data=form, headers=_authorization(request)) as answer:
            if answer.status != 200:
                return web.json_response({"code": "unauthorized", "message": "no"}, status=answer.status)
            found = msgspec.json.decode(await answer.read())
        names = [row[0] for row in found["results"][0]["series"][0].get("values", [])]
        buckets = [{"name": name, "retentionRules": []} for name in names if name == request.query.get("name")]
        return web.json_response({"buckets": buckets})

    async def _create_bucket(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        rules = "".join(f" WITH DURATION {rule['everySeconds']}s" for rule in wanted.get("retentionRules", []))
        form = {"q": f'CREATE DATABASE "{wanted["name"]}"{rules}'}
        async with self._to("POST", "/query", data=form, headers=_authorization(request)) as answer:
            return web.json_response(
                {"name": wanted["name"], "retentionRules": []}, status=201 if answer.status == 200 else answer.status
            )

    async def _orgs(self, request: web.Request) -> web.Response:
        return web.json_response({"orgs": [{"id": _ORG_ID, "name": ORG}]})

    def _to(self, method: str, path: str, **parts: object) -> "aiohttp.client._RequestContextManager":
        assert self._session is not None
        return self._session.request(method, self._upstream + path, **parts)  # type: ignore[arg-type]


def _authorization(request: web.Request) -> dict[str, str]:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return {"Authorization": "Basic " + base64.b64encode(token.encode()).decode()} if scheme == "Token" else {}


def _headers(request: web.Request) -> dict[str, str]:
    return {name: request.headers[name] for name in _PASSED if name in request.headers} | _authorization(request)
