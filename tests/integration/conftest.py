"""Real servers for the tests of the whole service."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services_influx import InfluxServer
from tests.services_mosquitto import MosquittoServer


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """A real InfluxDB shared by the session: every test takes a database of its own."""
    server = InfluxServer(tmp_path_factory.mktemp("influx"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[MosquittoServer]:
    """A real Mosquitto for one test."""
    server = MosquittoServer(tmp_path / "broker")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """For commands as processes: what is imported is compiled once for all of them, outside the checkout."""
    here = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**here, "PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("compiled"))}
