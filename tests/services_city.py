"""The whole service for tests: in this process, on a folder of its own, with the settings and the clock of the test."""

import asyncio
import itertools
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import aiomqtt
import duckdb

from gateway_bridge.times import parse_time
from gateway_bridge.uplink import Message
from loracity.admin import Admin
from loracity.lock import DataFolder
from loracity.service import Service
from loracity.shell import wall_clock_ms
from pipeline.config import Settings
from pipeline.effects import EventRow, GatewayRow, LatestRow, QuarantineEntry
from pipeline.inventory_files import import_inventory
from pipeline.journal import Journal
from pipeline.reading import MEASUREMENTS
from pipeline.state import StateStore
from tests.services_influx import InfluxServer
from tests.services_mosquitto import MosquittoServer, random_id

DEADLINE_S = 30.0
TAGS = frozenset({"dev_eui", "channel", "asset", "district", "zone", "model"})
Point = dict[str, Any]
"""One stored record: measurement, time_ms, tags (those that are set) and fields (those that have a value)."""

_databases = itertools.count(1)


def mqtt_connection(broker: MosquittoServer, lns: str = "chirpstack4", **more: Any) -> dict[str, Any]:
    """Settings of one MQTT connection; keys of `mqtt` and of the connection may be given as `more`."""
    own: dict[str, Any] = {name: more.pop(name) for name in ("topics", "qos", "protocol") if name in more}
    session = {"port": broker.port, "client_id": random_id("city"), "reconnect_max_s": 0.5, **own}
    return {"name": more.pop("name", lns), "lns": lns, "mqtt": session, **more}


def influx_store(server: InfluxServer, **more: Any) -> dict[str, Any]:
    """Settings of a store on a database that no other test uses."""
    return {"kind": "influxdb", "url": server.url, "database": f"city_{os.getpid()}_{next(_databases)}", **more}


class City:
    """One service after the other on one data folder: `async with City(folder, settings) as city`.

    `settings` are those of `loracity.yaml` without `data_dir`; `clock_ms` is the service's clock, the real one when
    None. Every wait is for a condition and ends in failure after `DEADLINE_S`.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], clock_ms: Callable[[], int] | None = None) -> None:
        self.data = folder
        document = {"data_dir": str(folder), "api": {"port": 0}, **settings}
        self.settings = Settings.model_validate_json(json.dumps(document))
        self._clock_ms = clock_ms or wall_clock_ms
        self._folder = DataFolder(folder)
        self._running: asyncio.Task[None] | None = None
        self.url = ""
        self._folder.create()

    async def __aenter__(self) -> "City":
        await self.start()
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start a service and wait until it answers over HTTP."""
        self._folder.acquire()
        self.service = Service(self.settings, self._folder, self._clock_ms)
        await self.service.open()
        answering = asyncio.Event()

        def started(port: int) -> None:
            self.url = f"http://127.0.0.1:{port}"
            answering.set()

        self._running = asyncio.create_task(self.service.run(started))
        waiting = asyncio.create_task(answering.wait())
        done, _ = await asyncio.wait({self._running, waiting}, timeout=DEADLINE_S, return_when="FIRST_COMPLETED")
        assert waiting in done, "the service did not start"

    async def stop(self) -> None:
        """End it in good order; a second call does nothing."""
        running, self._running = self._running, None
        if running is not None:
            self.service.stop()
            try:
                async with asyncio.timeout(DEADLINE_S):
                    await running
            finally:
                self._folder.release()

    async def until(self, what: str, condition: Callable[[], bool]) -> None:
        """Return once the condition holds."""
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert self._running is not None
            if self._running.done():
                await self._running
            assert time.monotonic() < deadline, f"gave up waiting until {what}; {self.service.consumer.state}"
            await asyncio.sleep(0.005)

    async def subscribed(self) -> None:
        """Return once every connection has its topics."""
        await self.until(
            "the broker has taken the subscriptions",
            lambda: all(s.state.subscribed for s in self.service.sources.values()),
        )

    @property
    def journaled(self) -> int:
        """Messages in the journal."""
        return self.service._journal.last_seq

    async def settled(self, messages: int) -> None:
        """Return once so many messages are in the journal and all of them stored and committed."""
        await self.until(f"{messages} messages are journaled", lambda: self.journaled >= messages)
        await self.until("they are stored", lambda: self.service.consumer.state.cursor >= self.journaled)

    async def accept(self, messages: Iterable[Message]) -> None:
        """Put messages straight into the journal and wait until they are stored."""
        await self.service.intake.store(list(messages))
        await self.settled(self.journaled)

    async def admin(self, operation: str, **arguments: Any) -> Any:
        """An operation as the command line asks for it."""
        return await Admin(self.service).do(operation, arguments)

    async def import_devices(self, text: str, prune: bool = False) -> None:
        """Take an inventory in YAML over."""
        await self.admin("import", text=text, format="yaml", prune=prune, dry_run=False)

    def counts(self, fate: str) -> int:
        """Messages with this fate since the service started."""
        return sum(n for (what, _), n in self.service.consumer.state.counts.items() if what == fate)


async def publish(
    broker: MosquittoServer, messages: Iterable[tuple[str, bytes]], qos: int = 1, retain: bool = False
) -> None:
    """Publish in order; the broker has taken all of them on return."""
    async with aiomqtt.Client("127.0.0.1", broker.port, identifier=random_id("publisher")) as client:
        for topic, payload in messages:
            await client.publish(topic, payload, qos=qos, retain=retain)


def enter_devices(data: Path, text: str) -> None:
    """An inventory in YAML in the state database of a folder whose service does not run."""
    data.mkdir(parents=True, exist_ok=True)
    with _State(data) as state:
        state.migrate()
        import_inventory(state, text, "yaml", known_decoder=lambda _: True)


class _State:
    def __init__(self, data: Path) -> None:
        self._store = StateStore(f"sqlite:///{data / 'state.db'}")

    def __enter__(self) -> StateStore:
        return self._store

    def __exit__(self, *_: object) -> None:
        self._store.close()


def quarantine(data: Path) -> list[QuarantineEntry]:
    """All entries, in journal order."""
    with _State(data) as state:
        return state.quarantine(limit=100_000)


def latest(data: Path) -> list[LatestRow]:
    """The latest values of every device as committed."""
    with _State(data) as state:
        return list(state.latest_all())


def events(data: Path) -> list[EventRow]:
    """What network servers told about devices and gateways, in journal order."""
    with _State(data) as state:
        return state.events(limit=100_000)[::-1]


def gateways(data: Path) -> dict[str, GatewayRow]:
    """Every gateway by id."""
    with _State(data) as state:
        return {row.gateway_id: row for row in state.gateways()}


def counters(data: Path) -> dict[tuple[str, str], int]:
    """The persistent counters."""
    with _State(data) as state:
        return state.counters()


async def copy_journal(source: Path, target: Path) -> None:
    """The same messages in the journal of another folder, which is made unless it is there."""
    DataFolder(target).create()
    old, new = Journal(source / "journal.db", 10**9, 10**12), Journal(target / "journal.db", 10**9, 10**12)
    await new.append([message for _, message in await old.read(0, 100_000)])
    await old.close()
    await new.close()


def influx_points(server: InfluxServer, database: str) -> list[Point]:
    """Every record in a database, sorted."""
    found = []
    for measurement in MEASUREMENTS:
        answer = json.loads(server.query(f'SELECT * FROM "{measurement}" GROUP BY *', database))["results"][0]
        for series in answer.get("series", []):
            tags = {name: value for name, value in series["tags"].items() if value}
            for row in series["values"]:
                values = dict(zip(series["columns"], row, strict=True))
                time_ms = parse_time(values.pop("time"))
                found.append(_point(measurement, time_ms, tags, values))
    return sorted(found, key=_order)


def embedded_points(data: Path) -> list[Point]:
    """Every record in the embedded store of a folder whose service does not run, sorted."""
    found = []
    with duckdb.connect(str(data / "readings.duckdb"), read_only=True) as db:
        tables = {row[0] for row in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        for measurement in MEASUREMENTS:
            if measurement in tables:
                rows = db.execute(f'SELECT * FROM "{measurement}"')
                names = [column[0] for column in rows.description or ()]
                for row in rows.fetchall():
                    values = dict(zip(names, row, strict=True))
                    tags = {name: value for name in TAGS if (value := values.pop(name))}
                    found.append(_point(measurement, values.pop("time_ms"), tags, values))
    return sorted(found, key=_order)


def _point(measurement: str, time_ms: int | None, tags: Mapping[str, Any], values: Mapping[str, Any]) -> Point:
    fields = {name: value for name, value in values.items() if value is not None}
    return {"measurement": measurement, "time_ms": time_ms, "tags": dict(sorted(tags.items())), "fields": fields}


def _order(point: Point) -> tuple[str, str, int, str]:
    tags = point["tags"]
    return point["measurement"], tags["dev_eui"], point["time_ms"], json.dumps(tags)
