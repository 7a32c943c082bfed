"""What the HTTP side needs of the running service; the composition root gives it."""

from collections.abc import Collection, Mapping
from typing import Literal, Protocol

from msgspec import Struct

from gateway_bridge.settings import ConnectionSettings
from gateway_bridge.uplink import Message
from pipeline.domain.view import CityView
from pipeline.effects import DomainEventRow
from pipeline.inventory import AssetKind, Inventory
from pipeline.latest import DeviceLatest
from pipeline.reading import Series, SeriesQuery
from pipeline.state_domain import EventFilter


class Check(Struct, frozen=True):
    """One verdict about one part."""

    name: str
    """`journal`, `store`, `lag`, or `connection:<name>`."""
    status: Literal["ok", "warning", "failing"]
    detail: str = ""


class City(Protocol):
    """The running service as the API sees it. Everything here is cheap but what is async."""

    @property
    def inventory(self) -> Inventory:
        """The inventory valid now."""

    @property
    def latest(self) -> Mapping[str, DeviceLatest]:
        """Latest values by device key."""

    def webhook(self, connection: str) -> tuple[ConnectionSettings, str] | None:
        """Settings and secret of an HTTP connection; None when there is none of that name."""

    async def accept(self, message: Message) -> None:
        """Return once the message is durable. JournalUnavailable when it is not."""

    async def series(self, query: SeriesQuery) -> Series:
        """Readings. StoreUnavailable, StoreMisconfigured."""

    async def domain_events(
        self, asked: EventFilter, limit: int | None, before: tuple[int, str] | None
    ) -> list[DomainEventRow]:
        """What happened to assets, newest first; `before`: (start, id) where the last page ended. StateUnavailable."""

    async def view(self, kinds: Collection[AssetKind], events_from_ms: int) -> CityView:
        """What planners see of the assets of these kinds now. StateUnavailable."""

    def checks(self) -> list[Check]:
        """How every part is."""

    def metrics(self) -> bytes:
        """Prometheus text format."""

    def now_ms(self) -> int:
        """The service's clock, Unix ms."""
