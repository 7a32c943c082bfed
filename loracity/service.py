"""The running service: every part built by hand, started in order, stopped in the opposite one."""

import asyncio
import logging
import random
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from api.app import create_app
from api.ports import Check
from api.server import serve
from gateway_bridge.settings import ConnectionSettings, read_secret
from gateway_bridge.source import MqttSource
from gateway_bridge.topics import default_topics
from gateway_bridge.uplink import Message
from loracity.admin import Admin, AdminSocket
from loracity.lock import DataFolder
from loracity.parts import build_decoders, build_frames, build_store, connection_rules, provisioner
from loracity.shell import wall_clock_ms
from pipeline.config import ConfigError, Settings
from pipeline.domain.city import city_view
from pipeline.domain.fold import HOUR_MS
from pipeline.domain.keeper import Keeper
from pipeline.domain.registry import runs
from pipeline.domain.view import CityView
from pipeline.effects import DomainEventRow
from pipeline.frames import FrameMemory
from pipeline.ingest import ReadingsConsumer
from pipeline.intake import Intake
from pipeline.inventory import AssetKind, Inventory
from pipeline.journal import Journal
from pipeline.latest import DeviceLatest, LatestBook
from pipeline.ports import ReadingStore
from pipeline.process import InventoryBox, Processor
from pipeline.reading import Series, SeriesQuery, StoreMisconfigured, StoreUnavailable
from pipeline.rebuild import ALWAYS, Rebuilder, devices_on
from pipeline.replay import Replayer
from pipeline.state import StateStore, StateUnavailable
from pipeline.state_domain import EventFilter
from pipeline.telemetry import Figures

log = logging.getLogger(__name__)

_MAINTENANCE_S = 10.0
_DRAIN_S = 20.0
_HOURS_S = 20.0
_WARN_SHARE = 0.8


class Service:
    """One service on one data folder. `open`, then `run` until `stop` is called; implements the API's `City`."""

    def __init__(self, settings: Settings, folder: DataFolder, now_ms: Callable[[], int] = wall_clock_ms) -> None:
        """The folder must be locked already. `now_ms`: the clock, Unix ms."""
        self.settings = settings
        self.now_ms = now_ms
        self._folder = folder
        self._secrets = self._read_secrets()
        self._decoders = build_decoders(settings, now_ms)
        self._provision = provisioner(settings)
        self._runs = runs() if settings.domain.detectors else {}
        self._journal = Journal(
            settings.data_dir / "journal.db", settings.journal.max_bytes, settings.journal.max_age_s * 1000
        )
        self.state = StateStore(
            settings.database_url,
            quarantine_max_rows=settings.quarantine.max_rows,
            quarantine_max_bytes=settings.quarantine.max_bytes,
        )
        self.box = InventoryBox(Inventory())
        self._latest = LatestBook()
        self.store: ReadingStore = build_store(settings)
        self.keeper = self._keeper_of(None)
        frames = build_frames(settings)
        self.consumer = ReadingsConsumer(
            self._journal, self._processor(frames, None), frames, self.box, self._latest, self.store, self.state,
            self.now_ms, settings.batch_uplinks, settings.dedup.max_age_s * 1000, self.keeper,
        )  # fmt: skip
        self.rebuilder = Rebuilder(
            self._journal, self.consumer, self._latest, self.state, self.keeper, self._keeper_of, self._processor,
            lambda: build_frames(settings),
        )  # fmt: skip
        self.replayer = Replayer(
            self._journal, self.consumer, self._latest, self.store, self.state, self._processor,
            lambda: build_frames(settings), settings.dedup.max_age_s * 1000, self.keeper, self.box, self.rebuilder,
        )  # fmt: skip
        self.intake = Intake(self._journal, self._passed)
        self.sources = {
            c.name: MqttSource(
                c,
                c.mqtt.topics or default_topics(c.lns),
                self.intake,
                self.now_ms,
                random.Random(),
            )
            for c in settings.connections
            if c.mqtt is not None
        }
        self._figures = Figures(
            lambda: {name: source.state for name, source in self.sources.items()},
            lambda: self.intake.state,
            self._journal.figures,
            settings.journal.max_bytes,
            lambda: self.consumer.state,
            self.now_ms,
            lambda: self.keeper.state,
        )
        self._stop = asyncio.Event()
        self._warned = False
        self._replay_again = False
        self._stale: frozenset[str] = frozenset()

    def _processor(self, frames: FrameMemory, only: frozenset[str] | None) -> Processor:
        return Processor(
            connection_rules(self.settings),
            self.box,
            self._decoders,
            frames,
            self._provision,
            only,
        )

    def _keeper_of(self, assets: frozenset[str] | None) -> Keeper:
        """An empty keeper of these assets' detectors, or of all."""
        return Keeper(self._runs, lambda: self.box.current, self.now_ms, assets)

    def _passed(self) -> int:
        """The message up to which nobody needs the journal any more."""
        positions = (self.replayer.position, self.rebuilder.position, self.consumer.state.cursor)
        return min(position for position in positions if position is not None)

    def _read_secrets(self) -> dict[str, tuple[ConnectionSettings, str]]:
        secrets = {}
        for connection in self.settings.connections:
            if connection.http is not None:
                try:
                    secret = read_secret(connection.http.secret, connection.http.secret_file)
                except OSError as error:
                    raise ConfigError(f"connection {connection.name}: secret_file: {error}") from error
                if not secret:
                    raise ConfigError(f"connection {connection.name}: the webhook's secret is empty")
                secrets[connection.name] = (connection, secret)
        return secrets

    async def open(self) -> None:
        """State database, inventory, cursor. The store may be down: readings then wait in the journal."""
        await self._open_codecs()
        await self.consumer.in_state_thread(self.state.migrate)
        self.box.current = await self.consumer.in_state_thread(self.state.inventory)
        await self.consumer.load()
        await self._load_detectors()
        self._replay_again = self.replay_marker.exists()
        if self._replay_again:
            self.replayer.position = 0  # until it is repeated the journal keeps everything
        if self.consumer.state.cursor > self._journal.last_seq:
            raise ConfigError(
                f"the state database stands at message {self.consumer.state.cursor}, but the journal ends at"
                f" {self._journal.last_seq}: journal.db does not belong to this state database"
            )

    async def _load_detectors(self) -> None:
        """Take up what detectors knew; those of another version are rebuilt before anything new is taken."""
        if not self.settings.domain.detectors:
            return
        rows = await self.consumer.in_state_thread(self.state.domain_states)
        gone = [row.asset for row in rows if row.asset not in self.box.current.assets]
        if gone:
            await self.consumer.in_state_thread(lambda: self.state.domain_drop(gone))
        self._stale = frozenset(self.keeper.load(row for row in rows if row.asset in self.box.current.assets))
        if self._stale:
            self.rebuilder.position = 0  # until then the journal keeps everything

    async def _open_codecs(self) -> None:
        codecs = self._decoders.codecs
        try:
            await codecs.open()
        except OSError as error:
            raise ConfigError(f"the codecs folder {codecs.folder}: {error.strerror}; set codecs_dir") from error

    async def run(self, started: Callable[[int], None]) -> None:
        """Work until `stop`. `started` gets the HTTP port once it answers."""
        api = self.settings.api
        async with asyncio.TaskGroup() as group:
            background = [
                group.create_task(self.intake.run(), name="intake"),
                group.create_task(self._consume(), name="readings"),
                group.create_task(self._maintain(), name="maintenance"),
                group.create_task(self._pass_hours(), name="hours"),
                *(group.create_task(s.run(), name=f"mqtt:{name}") for name, s in self.sources.items()),
            ]
            closing = asyncio.Event()
            server = group.create_task(serve(create_app(self), api.host, api.port, started, closing), name="http")
            async with AdminSocket(self.settings.data_dir / "admin.sock", Admin(self)):
                await self._stop.wait()
                await self._drain()
            closing.set()
            await server
            for task in background:
                task.cancel()
        await self.close()

    async def reload_inventory(self) -> None:
        """Take over what a command has changed in the state database."""
        self.box.current = await self.consumer.in_state_thread(self.state.inventory)

    @property
    def replay_marker(self) -> Path:
        """The file that tells the next start about an unfinished replay."""
        return self.settings.data_dir / "replay.json"

    def stop(self) -> None:
        """End `run` in good order: sources first, then what they delivered, then the rest."""
        self._stop.set()

    async def _consume(self) -> None:
        """Open the store (waiting for it as long as it takes), then consume."""
        pause = 0.5
        while True:
            try:
                await self.store.open()
                if self._replay_again:
                    await self.replayer.resume(self.replay_marker)
                if self._stale:
                    log.warning("detectors have changed: going through the journal", extra={"assets": len(self._stale)})
                    await self.rebuilder.rebuild(self._stale, devices_on(self.box.current, self._stale), ALWAYS)
                    self._stale = frozenset()
                break
            except StateUnavailable as error:
                self.consumer.note_trouble(f"state database: {error}")
            except (StoreUnavailable, StoreMisconfigured) as error:
                self.consumer.note_trouble(f"store: {error}", isinstance(error, StoreMisconfigured))
            await asyncio.sleep(pause)
            pause = min(pause * 2, 15.0)
        self.consumer.note_well("store:")
        self.consumer.note_well("state database:")
        await self.consumer.run()

    async def _drain(self) -> None:
        log.info("stopping: no new messages, storing what is in the journal")
        await asyncio.gather(*(source.stop() for source in self.sources.values()))
        try:
            async with asyncio.timeout(_DRAIN_S):
                await self.intake.drained()
                await self.consumer.reached(self._journal.last_seq)
        except TimeoutError:
            pass
        waiting = self._journal.last_seq - self.consumer.state.cursor
        if waiting:
            log.warning("stopped with messages waiting in the journal", extra={"messages": waiting})

    async def close(self) -> None:
        await self._decoders.codecs.close()
        await self.store.close()
        self.state.close()
        await self.consumer.close()
        await self._journal.close()

    async def _maintain(self) -> None:
        while True:
            figures = await self._journal.maintain(self._passed(), self.now_ms())
            share = figures.bytes / self.settings.journal.max_bytes
            if share > _WARN_SHARE and not self._warned:
                log.warning(
                    "journal nearly full: soon the oldest messages that every consumer has passed make room",
                    extra={"bytes": figures.bytes, "max_bytes": self.settings.journal.max_bytes},
                )
            self._warned = share > _WARN_SHARE
            await asyncio.sleep(_MAINTENANCE_S)

    async def _pass_hours(self) -> None:
        """Tell detectors of full hours; once an hour forget old domain events."""
        trimmed_ms = 0
        while True:
            await asyncio.sleep(_HOURS_S)
            await self.consumer.pass_hours()
            if self.now_ms() - trimmed_ms > HOUR_MS:
                await self._trim_events()
                trimmed_ms = self.now_ms()

    async def _trim_events(self) -> None:
        before_ms = self.now_ms() - self.settings.domain.events_max_age_s * 1000
        try:
            await self.consumer.in_state_thread(lambda: self.state.domain_trim(before_ms))
        except StateUnavailable as error:
            log.warning("old domain events stay for now", extra={"error": str(error)})

    # -- what the API asks ----------------------------------------------------------------------------------------

    @property
    def inventory(self) -> Inventory:
        """The inventory valid now."""
        return self.box.current

    @property
    def latest(self) -> Mapping[str, DeviceLatest]:
        """Latest values by device key."""
        return self._latest.devices

    def webhook(self, connection: str) -> tuple[ConnectionSettings, str] | None:
        """Settings and secret of an HTTP connection."""
        return self._secrets.get(connection)

    async def accept(self, message: Message) -> None:
        """Journal one message. JournalUnavailable."""
        await self.intake.store([message])

    async def append(self, message: Message) -> None:
        """Journal one message, also while no service runs. JournalUnavailable."""
        await self._journal.append([message], self._passed())

    async def series(self, query: SeriesQuery) -> Series:
        """Readings."""
        return await self.store.series(query)

    async def domain_events(
        self, asked: EventFilter, limit: int | None, before: tuple[int, str] | None
    ) -> list[DomainEventRow]:
        """What happened to assets, newest first. StateUnavailable."""
        return await self.consumer.in_state_thread(lambda: self.state.domain_events(asked, limit=limit, before=before))

    async def view(self, kinds: Collection[AssetKind], events_from_ms: int) -> CityView:
        """What planners see of the assets of these kinds now. StateUnavailable."""
        inventory, now_ms = self.inventory, self.now_ms()
        assets = tuple(asset.id for asset in inventory.assets.values() if asset.kind in kinds)
        rows = await self.domain_events(EventFilter(assets, start_ms=events_from_ms), None, None)
        events = [row.event for row in rows]
        return await asyncio.to_thread(
            city_view, inventory, self.latest, self.keeper.known, events, kinds, now_ms, events_from_ms
        )

    def metrics(self) -> bytes:
        """Prometheus text."""
        return self._figures.text()

    def _unread_share(self) -> float:
        """How much of the journal's cap is taken by messages that wait: full of them, it takes no more. Full of others
        is its normal state, because the oldest of those make room."""
        figures = self._journal.figures()
        kept = max(1, figures.last_seq - figures.first_seq + 1)
        waiting = min(kept, figures.last_seq - self._passed())
        return figures.bytes / self.settings.journal.max_bytes * waiting / kept

    def checks(self) -> list[Check]:
        """A verdict for every part."""
        intake, state = self.intake.state, self.consumer.state
        unread = self._unread_share()
        journal = (
            Check("journal", "failing", intake.failure)
            if intake.failure
            else Check("journal", "warning" if unread > _WARN_SHARE else "ok", f"{unread:.0%} of its cap is unread")
        )
        store = Check("store", "failing" if state.trouble else "ok", state.trouble)
        waiting = self._journal.last_seq - state.cursor
        lag = Check("lag", "ok", f"{waiting} messages wait")
        return [journal, store, lag, self._decoders.codecs.check(), *map(self._connection, self.sources)]

    def _connection(self, name: str) -> Check:
        state = self.sources[name].state
        if not state.connected:
            return Check(f"connection:{name}", "failing" if state.bad_credentials else "warning", state.last_error)
        if state.refused_topics:
            return Check(f"connection:{name}", "failing", f"the broker refused {', '.join(state.refused_topics)}")
        days = state.certificate_days
        tls = self.settings_of(name).mqtt
        soon = days is not None and tls is not None and tls.tls is not None and days < tls.tls.warn_days
        if soon:
            return Check(
                f"connection:{name}", "warning", f"the {state.certificate_name} certificate ends in {days} days"
            )
        return Check(f"connection:{name}", "warning" if state.lossy else "ok", state.lossy)

    def settings_of(self, name: str) -> ConnectionSettings:
        """The settings of a connection."""
        return next(c for c in self.settings.connections if c.name == name)
