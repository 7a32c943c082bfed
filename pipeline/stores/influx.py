"""InfluxDB 1.6 to 3.x as reading store: line protocol over HTTP in, InfluxQL out."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from pipeline.fields import FIELDS, FieldKind
from pipeline.reading import (
    DeleteUnsupported,
    Refusal,
    Series,
    SeriesQuery,
    StoreMisconfigured,
    StoreStatus,
    StoreUnavailable,
    UplinkRecords,
)
from pipeline.stores.checks import Unstorable, check_fields, check_query
from pipeline.stores.halving import RecordLine, UplinkLines, send_halving
from pipeline.stores.influx_http import InfluxHttp, compress, compresses, judge_write, trouble
from pipeline.stores.influx_settings import InfluxSettings
from pipeline.stores.influx_setup import Server, create_database, ensure_bucket, recognise
from pipeline.stores.influxql import (
    Result,
    Statement,
    delete_statement,
    first_column,
    plan_series,
    read_results,
    read_series,
)
from pipeline.stores.line_protocol import LineEncoder

__all__ = ["InfluxSettings", "InfluxStore"]

_DAY_MS = 86_400_000
_PROBE = Statement("SHOW MEASUREMENTS LIMIT 1", {})
_NO_DATABASE = "database not found"


class InfluxStore:
    """A `ReadingStore` on one database of one InfluxDB.

    The server is looked up by the first call and again after every failure: it may have been upgraded, or its
    database removed, while it was away. `clock` gives Unix seconds and only serves the retention limit.
    """

    def __init__(
        self,
        settings: InfluxSettings,
        fields: Mapping[str, FieldKind] = FIELDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self._fields = check_fields(fields)
        self._clock = clock
        self._encoder = LineEncoder(fields)
        self._http = InfluxHttp(settings)
        self._compress = compresses(settings)
        self._server: Server | None = None
        self._connecting = asyncio.Lock()
        self.requests = 0
        """Write requests sent so far."""

    async def open(self) -> None:
        """Find the server, check the credentials, create the database. StoreUnavailable or StoreMisconfigured."""
        with self._forgetting():
            await self._connected()

    async def write(self, batch: Sequence[UplinkRecords]) -> list[Refusal]:
        """Durable when it returns; see `ReadingStore.write`."""
        with self._forgetting():
            server = await self._connected()
            lines, refusals = self._encode(batch)

            async def send(lines: Sequence[bytes]) -> str | None:
                self.requests += 1
                return await self._send(server, b"\n".join(lines))

            words = await send(lines) if lines else None
            if words is None:
                return refusals
            return refusals + await send_halving(self._line_by_line(batch, refusals), send, words)

    async def series(self, query: SeriesQuery) -> Series:
        """Readings. QueryError, StoreUnavailable or StoreMisconfigured."""
        check_query(query, self._fields)
        plan = plan_series(query)
        if query.start_ms >= query.end_ms:
            return Series(("time", "channel", *query.fields), [])
        with self._forgetting():
            server = await self._connected()
            try:
                return read_series(plan, await self._query(plan.statement))
            except StoreMisconfigured as error:
                if server.major >= 3 and _NO_DATABASE in str(error):  # made there by the first write only
                    return Series(("time", "channel", *query.fields), [])
                raise

    async def delete(self, dev_eui: str | None, start_ms: int, end_ms: int) -> None:
        """Remove a device's records (None: every device's) in the range. DeleteUnsupported on 3.x."""
        with self._forgetting():
            server = await self._connected()
            if server.major >= 3:
                raise DeleteUnsupported(f"InfluxDB {server.version} can't delete records")
            await self._query(delete_statement(dev_eui, start_ms, end_ms))

    async def status(self) -> StoreStatus:
        """A round trip with the credentials. StoreUnavailable or StoreMisconfigured."""
        with self._forgetting():
            server = await self._connected()
            await self._probe(server)
        path = "/api/v2/write" if server.native else "/write"
        return StoreStatus("influxdb", server.version, f"{self.settings.url} {self.settings.database} {path}")

    async def close(self) -> None:
        """Close the connections."""
        self._server = None
        await self._http.close()

    async def _send(self, server: Server, body: bytes) -> str | None:
        """One write request: None when all lines are durable, the server's words when it refuses some."""
        database = self.settings.database
        params = {"db": database, "precision": "ms"}
        if server.native:
            params = {"bucket": database, "org": self.settings.org or "", "precision": "ms"}
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if self._compress:
            body = compress(body)
            headers["Content-Encoding"] = "gzip"
        path = "/api/v2/write" if server.native else "/write"
        answer = await self._http.request("POST", path, params=params, data=body, headers=headers)
        return judge_write(answer.status, answer.body, answer.words, answer.retry_after)

    async def _connected(self) -> Server:
        async with self._connecting:
            if self._server is None:
                self._server = await self._connect()
            return self._server

    async def _connect(self) -> Server:
        answer = await self._http.request("GET", "/ping")
        if answer.status not in (200, 204):
            raise trouble(answer.status, answer.words, answer.retry_after)
        server = recognise(answer.version, self.settings)
        if server.major == 1:
            if self.settings.database not in first_column(await self._query(Statement("SHOW DATABASES", {}))):
                await self._query(create_database(self.settings))
        elif server.major == 2:
            if server.native:
                await ensure_bucket(self.settings)
            await self._probe(server)
        return server

    async def _probe(self, server: Server) -> None:
        try:
            await self._query(_PROBE)
        except StoreMisconfigured as error:
            if server.major < 3 or _NO_DATABASE not in str(error):
                raise

    async def _query(self, statement: Statement) -> tuple[Result, ...]:
        form = {"db": self.settings.database, "epoch": "ms", "q": statement.text}
        if statement.params:
            form["params"] = msgspec.json.encode(statement.params).decode()
        answer = await self._http.request("POST", "/query", data=form, max_bytes=self.settings.max_response_bytes)
        if answer.status != 200:
            raise trouble(answer.status, answer.words, answer.retry_after)
        return read_results(answer.body)

    def _encode(self, batch: Sequence[UplinkRecords]) -> tuple[list[bytes], list[Refusal]]:
        """All lines of a batch, and the records that no store takes."""
        oldest_ms = self._oldest_ms()
        encode = self._encoder.line
        lines: list[bytes] = []
        refusals = []
        for uplink in batch:
            for record in uplink.records:
                try:
                    if record.time_ms < oldest_ms:
                        raise Unstorable(f"older than the retention of {self.settings.retention_days} days")
                    lines.append(encode(record))
                except Unstorable as error:
                    refusals.append(Refusal(uplink.seq, record, str(error)))
        return lines, refusals

    def _line_by_line(self, batch: Sequence[UplinkRecords], refusals: Sequence[Refusal]) -> list[UplinkLines]:
        """The same lines with the records behind them, once the server has refused one."""
        refused = {id(refusal.record) for refusal in refusals}
        uplinks = []
        for uplink in batch:
            kept = (record for record in uplink.records if id(record) not in refused)
            lines = tuple(RecordLine(record, self._encoder.line(record)) for record in kept)
            if lines:
                uplinks.append(UplinkLines(uplink.seq, lines))
        return uplinks

    def _oldest_ms(self) -> float:
        """What lies before is refused here: 3.x would take it and never show it."""
        days = self.settings.retention_days
        return -math.inf if days is None else int(self._clock() * 1000) - days * _DAY_MS

    @contextlib.contextmanager
    def _forgetting(self) -> Iterator[None]:
        """After a failure the next call looks the server up again."""
        try:
            yield
        except (StoreUnavailable, StoreMisconfigured):
            self._server = None
            raise
