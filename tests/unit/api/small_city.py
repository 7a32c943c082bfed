"""A small real city for the API's tests: embedded store, journal with its intake, inventory, latest values."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from api.app import create_app
from api.ports import Check
from decoders.value import Decoded, DecodedValue
from gateway_bridge.settings import ConnectionSettings, HttpSettings
from gateway_bridge.uplink import Hints, Message, Reception, UplinkEvent
from pipeline.convert import convert
from pipeline.domain.city import city_view
from pipeline.domain.view import CityView
from pipeline.effects import DomainEventRow
from pipeline.intake import Intake
from pipeline.inventory import Asset, AssetKind, Assignment, Container, Device, Inventory, Placement, Zone
from pipeline.journal import Journal
from pipeline.latest import DeviceLatest, LatestBook
from pipeline.reading import Record, Series, SeriesQuery, Tags, UplinkRecords
from pipeline.state import StateStore
from pipeline.state_domain import EventFilter
from pipeline.stores.embedded import EmbeddedStore

NOW = 1_774_785_600_000
"""2026-03-29T12:00:00Z, the day on which Berlin's clocks go forward."""
HOUR = 3_600_000
BIN, BED, VALVE, LOOSE, NEW = (f"24e124713c14{n:04x}" for n in (1, 2, 3, 4, 5))
NAMELESS = "parks/bench-7"
SECRET = "correct horse battery staple"
HOOK = ConnectionSettings(
    name="hook", lns="chirpstack4", http=HttpSettings(secret=SecretStr(SECRET), header="X-Hook", max_body_bytes=2048)
)


class SmallCity:
    """`api.ports.City` over real parts; the clock, the checks and the store's mood are set by the test."""

    def __init__(
        self, store: EmbeddedStore, journal: Journal, state: StateStore, connections: Sequence[ConnectionSettings]
    ) -> None:
        self.store = store
        self.state = state
        self.journal = journal
        self.book = LatestBook()
        self.intake = Intake(journal, lambda: 0)
        self.connections = {c.name: c for c in connections}
        self.inventory = city_inventory()
        self.verdicts = [Check("journal", "ok"), Check("store", "ok", "DuckDB")]
        self.trouble: Exception | None = None
        self.queries: list[SeriesQuery] = []
        self._unwritten: list[Record] = []

    @property
    def latest(self) -> Mapping[str, DeviceLatest]:
        return self.book.devices

    def webhook(self, connection: str) -> tuple[ConnectionSettings, str] | None:
        found = self.connections.get(connection)
        return (found, SECRET) if found is not None else None

    async def accept(self, message: Message) -> None:
        await self.intake.store([message])

    async def series(self, query: SeriesQuery) -> Series:
        self.queries.append(query)
        if self.trouble is not None:
            raise self.trouble
        if self._unwritten:
            assert await self.store.write([UplinkRecords(1, tuple(self._unwritten))]) == []
            self._unwritten = []
        return await self.store.series(query)

    async def domain_events(
        self, asked: EventFilter, limit: int | None, before: tuple[int, str] | None
    ) -> list[DomainEventRow]:
        if self.trouble is not None:
            raise self.trouble
        return await asyncio.to_thread(lambda: self.state.domain_events(asked, limit=limit, before=before))

    async def view(self, kinds: Collection[AssetKind], events_from_ms: int) -> CityView:
        rows = await self.domain_events(EventFilter(start_ms=events_from_ms), None, None)
        return city_view(
            self.inventory, self.latest, lambda _: None, [row.event for row in rows], kinds, NOW, events_from_ms
        )

    def checks(self) -> list[Check]:
        return list(self.verdicts)

    def metrics(self) -> bytes:
        return b"# TYPE loracity_received_total counter\nloracity_received_total 3.0\n"

    def now_ms(self) -> int:
        return NOW

    def hear(self, dev_eui: str, time_ms: int, *values: DecodedValue, **more: Any) -> None:
        """Take a frame's readings for the store and learn its values, as the pipeline does."""
        placement = self.inventory.resolve(dev_eui, time_ms)
        assert placement is not None
        event = uplink(dev_eui, time_ms, **more)

        def where(channel: str, at: int) -> tuple[Placement, str]:
            there = self.inventory.resolve(dev_eui, at, channel) or placement
            return there, there.asset.kind if there.asset else "generic"

        records, told = convert(event, time_ms, where("", time_ms), where, Decoded(values), placement.decoder)
        self._unwritten += records
        self.book.learn(dev_eui, time_ms, event, told)

    def write(self, measurement: str, dev_eui: str, channel: str, time_ms: int, **fields: Any) -> None:
        """Take one record for the store. What was taken is written when readings are asked for first."""
        self._unwritten.append(Record(measurement, Tags(dev_eui), channel, time_ms, fields))


def city_inventory() -> Inventory:
    """Two zones; a bin, a bed, two valves; a device on nothing; one that was never heard; one without a DevEUI."""
    return Inventory(
        zones=[Zone("plaza", district="centre"), Zone("park", district="east")],
        assets=[
            Asset("bin-1", "Fountain", "waste_bin", "plaza", "", 49.4875, 8.466, Container(height_mm=1000)),
            Asset("bed-1", "Roses", "soil", "park", "south"),
            Asset("valve-1", "Valve", "valve", "park"),
        ],
        devices=[
            Device(BIN, "Bin sensor", "Milesight EM400-MUD", "milesight-em400-mud"),
            Device(BED, "Bed sensor", "", "dragino-lse01"),
            Device(VALVE, "Valve box", "", "object"),
            Device(LOOSE, "Spare", "", "bosch-tps110"),
            Device(NEW, "Never heard", "", "milesight-em400-mud"),
            Device(NAMELESS, "Bench", "", "object"),
        ],
        assignments=[
            Assignment(BIN, "bin-1"),
            Assignment(BED, "bin-1", 0, NOW - 48 * HOUR),
            Assignment(BED, "bed-1", NOW - 48 * HOUR),
            Assignment(VALVE, "valve-1"),
            Assignment(VALVE, "bed-1", 0, None, "probe"),
        ],
    )


def uplink(dev_eui: str, time_ms: int, *, battery: float | None = None) -> UplinkEvent:
    """A frame that two gateways heard."""
    gateways = (Reception("gw-far", -110, -3.5), Reception("gw-near", -90, 8))
    dev_eui_or_none = None if "/" in dev_eui else dev_eui
    return UplinkEvent(
        "chirpstack4", dev_eui_or_none, dev_eui, None, "", 7, 85, b"", False, None, False, "SF7BW125",
        868_100_000, gateways, time_ms, "server", False, time_ms, time_ms + 250, battery_percent=battery, hints=Hints(),
    )  # fmt: skip


async def open_city(folder: Path, journal_bytes: int = 1_000_000) -> tuple[SmallCity, asyncio.Task[None]]:
    """The city with its intake running."""
    store = EmbeddedStore(folder / "readings.duckdb", "64MB")
    state = StateStore(f"sqlite:///{folder / 'state.sqlite'}")
    state.migrate()
    city = SmallCity(store, Journal(folder / "journal.sqlite", journal_bytes, 10**9), state, [HOOK])
    return city, asyncio.create_task(city.intake.run())


async def close_city(city: SmallCity, running: asyncio.Task[None]) -> None:
    """Stop and close everything."""
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await city.store.close()
    await city.journal.close()
    city.state.close()


def client_of(city: SmallCity, **options: Any) -> httpx.AsyncClient:
    """A client of an app around the city; the service's own failures come back as answers."""
    app: FastAPI = create_app(city, **options)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://city.test")


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The problem document of an answer, checked for what all have."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"/docs#{kind}"
    assert body["status"] == status
    assert body["title"] and body["detail"] and body["fix"]
    assert set(body) <= {"type", "title", "status", "detail", "fix", "errors"}
    return body
