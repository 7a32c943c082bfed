"""One HTTP exchange with an InfluxDB, and what its answer means: kept, refused, unavailable or misconfigured."""

import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
from isal import igzip
from msgspec import Struct

from gateway_bridge.settings import TlsSettings, read_secret
from pipeline.reading import QueryError, StoreMisconfigured, StoreUnavailable
from pipeline.stores.influx_settings import InfluxSettings

_LOOPBACK = ("localhost", "127.", "[::1]")
_ERROR_BYTES = 65_536
_CONNECTIONS = 4
_WORDS = 500


class Answer(Struct, frozen=True):
    """Status, body (bounded) and the two headers that matter."""

    status: int
    body: bytes
    version: str | None
    retry_after: str | None

    @property
    def words(self) -> str:
        """The server's own words for people, shortened."""
        return self.body[:_WORDS].decode("utf-8", "replace").strip() or f"HTTP {self.status}"


class InfluxHttp:
    """The connection pool and credentials for one server. Opened by its first request; needs a running event loop."""

    def __init__(self, settings: InfluxSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        data: bytes | Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = _ERROR_BYTES,
    ) -> Answer:
        """One exchange. StoreUnavailable for network and time-out, QueryError for more than `max_bytes`."""
        session = self._session or self._open()
        tls = self._settings.tls
        try:
            async with session.request(
                method,
                self._settings.url + path,
                params=params,
                data=data,
                headers=headers,
                allow_redirects=False,
                server_hostname=tls.server_name if tls else None,
            ) as response:
                body = await _bounded(response, max_bytes)
                found = response.headers
                return Answer(response.status, body, found.get("X-Influxdb-Version"), found.get("Retry-After"))
        except (aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch) as error:
            raise StoreMisconfigured(f"TLS to {self._settings.url}: {error}") from error
        except TimeoutError as error:
            raise StoreUnavailable(
                f"no answer within {self._settings.timeout_s:g} s from {self._settings.url}"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise StoreUnavailable(f"{self._settings.url}: {error or type(error).__name__}") from error

    async def close(self) -> None:
        """Close the pool; a later request opens it again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=tls_context(self._settings.tls)),
            timeout=aiohttp.ClientTimeout(total=self._settings.timeout_s),
            headers=credentials(self._settings),
        )
        return self._session


def credentials(settings: InfluxSettings) -> dict[str, str]:
    """The Authorization header. StoreMisconfigured when a secret's file can't be read."""
    try:
        password = read_secret(settings.password, settings.password_file)
        token = read_secret(settings.token, settings.token_file)
    except (OSError, UnicodeDecodeError) as error:
        raise StoreMisconfigured(f"secret for {settings.url}: {error}") from error
    if token is not None:
        return {"Authorization": f"Token {token}"}
    if settings.username is not None and password is not None:
        return {"Authorization": aiohttp.encode_basic_auth(settings.username, password)}
    return {}


def tls_context(tls: TlsSettings | None) -> ssl.SSLContext | bool:
    """Server check and client certificate. StoreMisconfigured when a file can't be used."""
    if tls is None:
        return True
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.cert_file is not None:
            context.load_cert_chain(tls.cert_file, tls.key_file)
    except OSError as error:
        raise StoreMisconfigured(f"TLS files of the store: {error}") from error
    return context


def compresses(settings: InfluxSettings) -> bool:
    """Whether bodies are compressed: on loopback it only costs time."""
    host = settings.url.split("://", 1)[1]
    return settings.gzip == "on" or (settings.gzip == "auto" and not host.startswith(_LOOPBACK))


def compress(body: bytes) -> bytes:
    """Gzip, level 1."""
    return bytes(igzip.compress(body, 1))


def judge_write(status: int, body: bytes, words: str, retry_after: str | None) -> str | None:
    """None: all is durable. A text: lines were refused, in these words. Else StoreUnavailable or StoreMisconfigured."""
    if status in (200, 204):
        return None
    if status == 413 or (status in (400, 422) and _is_influx_error(body)):
        return words
    raise trouble(status, words, retry_after)


def trouble(status: int, words: str, retry_after: str | None) -> StoreUnavailable | StoreMisconfigured:
    """The error for an answer that is neither success nor a refusal of lines."""
    text = f"HTTP {status}: {words}"
    if (status == 429 or status >= 500) and "retention policy not found" not in words:
        error = StoreUnavailable(text)
        if retry_after and retry_after.isascii() and retry_after.isdigit():
            error.retry_after_s = float(retry_after)
        return error
    return StoreMisconfigured(text)


def _is_influx_error(body: bytes) -> bool:
    """A 400 of a proxy in between must not send a whole stream to quarantine."""
    try:
        found: Any = msgspec.json.decode(body)
    except ValueError:
        return False
    return isinstance(found, dict) and ("error" in found or "message" in found)


async def _bounded(response: aiohttp.ClientResponse, limit: int) -> bytes:
    if response.status != 200:
        return await _head(response, _ERROR_BYTES)
    body = await _head(response, limit + 1)
    if len(body) > limit:
        raise QueryError(f"the answer is larger than {limit} bytes: ask for a shorter range or for windows")
    return body


async def _head(response: aiohttp.ClientResponse, limit: int) -> bytes:
    parts = []
    while limit > 0 and (part := await response.content.read(limit)):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)
