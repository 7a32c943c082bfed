"""Making sure that the database or bucket is there before the first write, where the server lets us."""

import asyncio
import http.client
import re
from typing import Any

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.rest import ApiException
from msgspec import Struct
from urllib3.exceptions import HTTPError

from gateway_bridge.settings import read_secret
from pipeline.reading import StoreMisconfigured, StoreUnavailable
from pipeline.stores.influx_settings import InfluxSettings
from pipeline.stores.influxql import Statement

_VERSION = re.compile(r"v?(\d+)\.\d+")
_NO_RIGHT = (http.client.UNAUTHORIZED, http.client.FORBIDDEN)


class Server(Struct, frozen=True):
    """What answered `/ping`: its version, and whether we write to `/api/v2/write` or to `/write`."""

    version: str
    major: int
    native: bool


def recognise(version: str | None, settings: InfluxSettings) -> Server:
    """The server behind a version header. StoreMisconfigured when it is no InfluxDB, or not with these credentials."""
    found = _VERSION.match(version or "")
    if version is None or found is None:
        raise StoreMisconfigured(f"{settings.url} is no InfluxDB: its X-Influxdb-Version is {version!r}")
    major = int(found[1])
    with_token = settings.token is not None or settings.token_file is not None
    if major < 2 and with_token:
        raise StoreMisconfigured(f"InfluxDB {version} knows no tokens: set username and password")
    if major == 2 and with_token and settings.org is None:
        raise StoreMisconfigured(f"InfluxDB {version} needs org beside the token")
    return Server(version, major, native=major >= 2 and with_token)


def create_database(settings: InfluxSettings) -> Statement:
    """CREATE DATABASE for 1.x."""
    duration = f" WITH DURATION {settings.retention_days}d" if settings.retention_days else ""
    return Statement(f'CREATE DATABASE "{settings.database}"{duration}', {})


async def ensure_bucket(settings: InfluxSettings) -> None:
    """Create the bucket of 2.x unless it is there or the token must not. StoreUnavailable, StoreMisconfigured."""
    try:
        await asyncio.to_thread(_ensure_bucket, settings)
    except ApiException as error:
        if error.status in _NO_RIGHT:
            return  # a token for reading and writing only: whether the bucket exists shows in the probe that follows
        if error.status is None or error.status == http.client.TOO_MANY_REQUESTS or error.status >= 500:
            raise StoreUnavailable(f"bucket {settings.database!r}: HTTP {error.status} {error.reason}") from error
        raise StoreMisconfigured(f"bucket {settings.database!r}: HTTP {error.status} {error.reason}") from error
    except (HTTPError, OSError) as error:
        raise StoreUnavailable(f"bucket {settings.database!r}: {error}") from error


def _ensure_bucket(settings: InfluxSettings) -> None:
    with InfluxDBClient(**client_options(settings)) as client:
        buckets = client.buckets_api()
        found = buckets.find_buckets(name=settings.database).buckets
        if not found:
            days = settings.retention_days
            rules = _expire(days) if days else None
            buckets.create_bucket(bucket_name=settings.database, org=settings.org, retention_rules=rules)


def _expire(days: int) -> list[BucketRetentionRules]:
    return [BucketRetentionRules(type="expire", every_seconds=days * 86_400)]  # type: ignore[no-untyped-call]


def client_options(settings: InfluxSettings) -> dict[str, Any]:
    """What the vendor's client is built with. StoreMisconfigured when the token's file can't be read."""
    try:
        token = read_secret(settings.token, settings.token_file)
    except (OSError, UnicodeDecodeError) as error:
        raise StoreMisconfigured(f"token for {settings.url}: {error}") from error
    options: dict[str, Any] = {
        "url": settings.url,
        "token": token,
        "org": settings.org,
        "timeout": int(settings.timeout_s * 1000),
        "verify_ssl": True,
    }
    if settings.tls is not None:
        files = (settings.tls.ca_file, settings.tls.cert_file, settings.tls.key_file)
        names = ("ssl_ca_cert", "cert_file", "cert_key_file")
        options |= {name: str(path) for name, path in zip(names, files, strict=True) if path is not None}
    return options
