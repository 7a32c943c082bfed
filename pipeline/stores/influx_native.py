"""The selectable native sink: `influxdb-client` writes to `/api/v2/write` of 2.x; all else is `InfluxStore`."""

import time
from collections.abc import Callable, Mapping
from typing import cast

import aiohttp
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException

from pipeline.fields import FIELDS, FieldKind
from pipeline.reading import StoreMisconfigured, StoreUnavailable
from pipeline.stores.influx import InfluxStore
from pipeline.stores.influx_http import compresses, judge_write
from pipeline.stores.influx_settings import InfluxSettings
from pipeline.stores.influx_setup import Server, client_options

_WORDS = 500
_PRECISION = cast(WritePrecision, WritePrecision.MS)


class NativeInfluxStore(InfluxStore):
    """`InfluxStore` for 2.x and newer whose write requests are made by `influxdb-client`."""

    def __init__(
        self,
        settings: InfluxSettings,
        fields: Mapping[str, FieldKind] = FIELDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(settings, fields, clock)
        self._client: InfluxDBClientAsync | None = None

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()  # type: ignore[no-untyped-call]
        await super().close()

    async def _send(self, server: Server, body: bytes) -> str | None:
        if not server.native:
            raise StoreMisconfigured(f"InfluxDB {server.version} has no native write: set client http")
        if self._client is None:
            self._client = InfluxDBClientAsync(enable_gzip=compresses(self.settings), **client_options(self.settings))
        try:
            kept = await self._client.write_api().write(self.settings.database, record=body, write_precision=_PRECISION)
        except ApiException as error:
            return _refusal(error)
        except TimeoutError as error:
            raise StoreUnavailable(
                f"no answer within {self.settings.timeout_s:g} s from {self.settings.url}"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise StoreUnavailable(f"{self.settings.url}: {error or type(error).__name__}") from error
        if not kept:
            raise StoreMisconfigured(f"{self.settings.url} answers a write like no InfluxDB")
        return None


def _refusal(error: ApiException) -> str | None:
    if error.status is None:
        raise StoreUnavailable(str(error)) from error
    raw = error.body or b""
    body = raw if isinstance(raw, bytes) else str(raw).encode()
    words = body[:_WORDS].decode("utf-8", "replace").strip() or f"HTTP {error.status}"
    retry_after = error.headers.get("Retry-After") if error.headers else None
    return judge_write(error.status, body, words, retry_after)
