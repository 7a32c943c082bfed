"""Runs the app: uvicorn on a socket that we have bound ourselves, inside the event loop of the whole service."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

GRACE_S = 10
"""Requests under way get so many seconds to finish after `stop`."""


class PortBusy(Exception):
    """Another process listens there already."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"port {port} on {host} is taken by another program")
        self.host, self.port = host, port


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to whoever owns the process, and says when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()


async def serve(app: ASGIApp, host: str, port: int, ready: Callable[[int], None], stop: asyncio.Event) -> None:
    """Answer requests until `stop` is set, then finish those under way. Port 0 takes a free one; `ready` gets the port
    as soon as requests are taken. PortBusy, or OSError for an address that isn't ours. The event loop is the caller's:
    run it on uvloop."""
    listener = await _bind(host, port)
    with listener:
        bound: int = listener.getsockname()[1]
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        server = _Server(config, lambda: ready(bound))

        async def stopper() -> None:
            await stop.wait()
            server.should_exit = True

        waiting = asyncio.create_task(stopper(), name="api stop")
        try:
            await server.serve([listener])
        except asyncio.CancelledError:
            if server.started:
                await server.shutdown([listener])
            raise
        finally:
            waiting.cancel()


async def _bind(host: str, port: int) -> socket.socket:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortBusy(host, port) from error
        raise
    return listener
