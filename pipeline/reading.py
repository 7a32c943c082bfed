"""The words behind the journal: `Record` (one point), `UplinkRecords` (one uplink's points), and queries over them."""

from typing import Literal

from msgspec import Struct

FieldValue = float | bool | str
Aggregate = Literal["mean", "min", "max", "sum", "count", "first", "last"]

MEASUREMENTS = ("waste_bin", "soil", "valve", "weather", "parking_bay", "device_health", "uplink", "generic")


class Tags(Struct, frozen=True, gc=False):
    """Who and where. Empty strings are not written."""

    dev_eui: str
    asset: str = ""
    district: str = ""
    zone: str = ""
    model: str = ""


class Record(Struct, frozen=True, gc=False):
    """One point. Identity: measurement, tags.dev_eui, channel, time_ms. Numbers are floats, never ints."""

    measurement: str
    tags: Tags
    channel: str
    time_ms: int
    fields: dict[str, FieldValue]


class UplinkRecords(Struct, frozen=True, gc=False):
    """All records of one journaled message. Never split over two batches."""

    seq: int
    """Journal sequence number of the message."""
    records: tuple[Record, ...]


class Refusal(Struct, frozen=True):
    """A record that the store will never take (wrong field type, outside retention), with the store's own words."""

    seq: int
    record: Record
    error: str


class SeriesQuery(Struct, frozen=True):
    """Readings of one device from one measurement. Times are Unix ms, `start_ms` inclusive, `end_ms` exclusive.

    With `every` (`15m`, `1h`, `1d` ...; `s m h d` units) rows are windows aligned to local midnight of `tz`, labelled
    by their start, also where `start_ms` cuts the first one; windows without a value are left out. A window shorter
    than a day divides it; one of several days (31 at most) counts from 1970-01-01. Windows follow the local clock: on
    the day of a clock change, windows longer than the shift are longer or shorter by it; others keep their length, and
    the hour that comes twice gives two sets of them. `bool` and `str` fields have only `first`, `last`, `count`.

    Without `every` rows are the records that have at least one of the fields. In both cases at most `limit` rows
    come, the first ones or, with `newest_first`, the last ones; their order is always by time, then channel.
    """

    measurement: str
    dev_eui: str
    fields: tuple[str, ...]
    start_ms: int
    end_ms: int
    every: str | None = None
    agg: Aggregate = "mean"
    tz: str = "UTC"
    channel: str | None = None
    """None: every channel; the column `channel` tells them apart."""
    limit: int = 10_000
    newest_first: bool = False


class Series(Struct, frozen=True):
    """Columns `time`, `channel`, then the asked fields; a tuple a row, by time then channel; None where no value."""

    columns: tuple[str, ...]
    rows: list[tuple[int | float | str | bool | None, ...]]


class StoreStatus(Struct, frozen=True):
    """What the store says of itself, for `loracity check` and `/health/ready`."""

    kind: str
    version: str
    detail: str = ""


class StoreUnavailable(Exception):
    """The world's fault: network, time-out, 429, 5xx, disk full. Try again with back-off."""

    retry_after_s: float | None = None
    """What the store asked for (`Retry-After`), seconds; None where it did not."""


class QueryError(ValueError):
    """A query that no store can answer: unknown field, impossible window, arithmetic over words. The asker's fault."""


class StoreMisconfigured(Exception):
    """A person must act: 401, 403, 404, unknown retention policy. Hold, raise an alarm, keep trying slowly."""


class DeleteUnsupported(Exception):
    """The store can't delete (InfluxDB 3 Core): a rewrite is refused."""
