"""The seams of the pipeline: small protocols, owned here because the pipeline uses them."""

from collections.abc import Sequence
from typing import Protocol

from pipeline.reading import Refusal, Series, SeriesQuery, StoreStatus, UplinkRecords


class ReadingStore(Protocol):
    """Where readings go. The same record again changes nothing; another one of the same identity replaces it."""

    async def open(self) -> None:
        """Connect, create the database or bucket where that is allowed. StoreUnavailable or StoreMisconfigured."""

    async def write(self, batch: Sequence[UplinkRecords]) -> list[Refusal]:
        """Durable when it returns. Gives back the records the store will never take; the rest of their uplink is kept.
        StoreUnavailable or StoreMisconfigured: nothing is certain, write the same batch again."""

    async def series(self, query: SeriesQuery) -> Series:
        """Readings. Empty rows when there are none. StoreUnavailable or StoreMisconfigured."""

    async def delete(self, dev_eui: str | None, start_ms: int, end_ms: int) -> None:
        """Remove a device's records (None: every device's) of `MEASUREMENTS` in the range; `end_ms` is exclusive.
        DeleteUnsupported where the server can't."""

    async def status(self) -> StoreStatus:
        """A round trip to the store. StoreUnavailable or StoreMisconfigured."""

    async def close(self) -> None:
        """Let go of connections and files; nothing is pending after a finished `write`."""
