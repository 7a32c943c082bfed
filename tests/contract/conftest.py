"""The reading stores under contract: each on a real server or file of its own test."""

import itertools
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.fields import FIELDS, FieldKind
from pipeline.ports import ReadingStore
from pipeline.stores.embedded import EmbeddedStore
from pipeline.stores.influx import InfluxSettings, InfluxStore
from pipeline.stores.influx_native import NativeInfluxStore
from tests.services_influx import InfluxServer
from tests.services_influx_shim import ORG, InfluxShim

_numbers = itertools.count(1)
_EXTERNAL_URL = os.environ.get("LORACITY_TEST_INFLUX_URL")


@pytest.fixture(scope="session")
def influx_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """A real InfluxDB without authentication, shared by the session."""
    server = InfluxServer(tmp_path_factory.mktemp("influx"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def influx_auth_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """A real InfluxDB that demands user and password."""
    server = InfluxServer(tmp_path_factory.mktemp("influx-auth"), auth=True)
    server.start()
    yield server
    server.kill()


def new_database() -> str:
    """A database name that no other test uses."""
    return f"loracity_test_{os.getpid()}_{next(_numbers)}"


def external_settings() -> InfluxSettings:
    """The server named by LORACITY_TEST_INFLUX_URL with _USER/_PASSWORD or _TOKEN and _ORG."""
    values = {name: os.environ.get(f"LORACITY_TEST_INFLUX_{name}") for name in ("USER", "PASSWORD", "TOKEN", "ORG")}
    return InfluxSettings(
        url=_EXTERNAL_URL or "",
        database=new_database(),
        username=values["USER"],
        password=SecretStr(values["PASSWORD"]) if values["PASSWORD"] else None,
        token=SecretStr(values["TOKEN"]) if values["TOKEN"] else None,
        org=values["ORG"],
    )


class Backend:
    """Makes stores that share one database: `store()` as the service has it, or with other field types."""

    def __init__(self, kind: str, stack: AsyncExitStack, settings: InfluxSettings | None, path: Path) -> None:
        self.kind = kind
        self._stack = stack
        self._settings = settings
        self._path = path

    async def store(self, fields: Mapping[str, FieldKind] = FIELDS) -> ReadingStore:
        """An open store; closed at the end of the test."""
        made = self._make(fields)
        await made.open()
        self._stack.push_async_callback(made.close)
        return made

    def _make(self, fields: Mapping[str, FieldKind]) -> InfluxStore | EmbeddedStore:
        if self._settings is None:
            return EmbeddedStore(self._path, fields=fields)
        if self.kind == "native":
            return NativeInfluxStore(self._settings, fields)
        return InfluxStore(self._settings, fields)


_KINDS = [
    pytest.param("influx", marks=pytest.mark.influx),
    pytest.param("native", marks=pytest.mark.influx),
    "embedded",
    *([pytest.param("external", marks=pytest.mark.influx)] if _EXTERNAL_URL else []),
]


@pytest.fixture(params=_KINDS)
async def backend(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Backend]:
    """Every kind of reading store in turn, each empty."""
    async with AsyncExitStack() as stack:
        settings = None
        if request.param == "influx":
            server: InfluxServer = request.getfixturevalue("influx_server")
            settings = InfluxSettings(url=server.url, database=new_database())
        elif request.param == "native":
            shim = InfluxShim(request.getfixturevalue("influx_server").url)
            await shim.start()
            stack.push_async_callback(shim.stop)
            settings = native_settings(shim)
        elif request.param == "external":
            settings = external_settings()
        yield Backend(request.param, stack, settings, tmp_path / "readings.duckdb")


def native_settings(shim: InfluxShim, token: str = "admin:admin-password") -> InfluxSettings:
    """Settings of the native sink behind a shim."""
    return InfluxSettings(
        url=shim.url, database=new_database(), token=SecretStr(token), org=ORG, client="influxdb-client"
    )
