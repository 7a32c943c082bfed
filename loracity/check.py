"""`loracity check`: a plain verdict for every part of the settings, made beside a running service."""

import asyncio
import os
import shutil
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiomqtt
from msgspec import Struct
from paho.mqtt.reasoncodes import ReasonCode

from api.ports import Check
from decoders.javascript.workers import CodecWorkerError
from gateway_bridge.settings import ConnectionSettings, MqttSettings, read_secret
from gateway_bridge.tls import certificate_expiry_ms, client_context, days_left
from gateway_bridge.topics import default_topics
from loracity.codecs import refused_codecs
from loracity.parts import build_decoders, build_store
from loracity.shell import wall_clock_ms
from pipeline.config import ConfigError, EmbeddedSettings, Settings
from pipeline.reading import StoreMisconfigured, StoreUnavailable

_TIMEOUT_S = 10
_LOW_DISK_BYTES = 1_000_000_000


async def verdicts(settings: Settings) -> AsyncIterator[Check]:
    """One verdict after the other, as they come in."""
    yield _rules(settings)
    yield await _codecs(settings)
    yield _disk(settings.data_dir)
    yield await _store(settings)
    if not settings.connections:
        yield Check("connections", "warning", "there are none: nothing can come in; add one under connections:")
    for connection in settings.connections:
        if connection.mqtt is not None:
            yield await _broker(connection, connection.mqtt)
        else:
            yield _webhook(connection)


def _rules(settings: Settings) -> Check:
    try:
        build_decoders(settings, wall_clock_ms)
    except ConfigError as error:
        return Check("mappings", "failing", str(error))
    return Check("settings", "ok", "every setting is known and fits")


async def _codecs(settings: Settings) -> Check:
    folder = settings.codecs_folder
    if not folder.is_dir():
        missing = settings.codecs_dir is not None
        return Check("codecs", "warning" if missing else "ok", f"{folder} does not exist; `loracity run` makes it")
    try:
        refused = await refused_codecs(folder, wall_clock_ms)
    except (OSError, CodecWorkerError) as error:
        return Check("codecs", "failing", f"{folder}: {error}")
    bad = "; ".join(f"{codec}.js: {why}" for codec, why in refused.items())
    return Check("codecs", "failing" if bad else "ok", bad or f"every codec in {folder} loads")


def _disk(folder: Path) -> Check:
    place = folder if folder.is_dir() else next(p for p in folder.absolute().parents if p.is_dir())
    free = shutil.disk_usage(place).free
    if not os.access(place, os.W_OK):
        return Check("disk", "failing", f"{place} is not writable for this user")
    if place != folder:
        return Check("disk", "ok", f"{folder} does not exist yet; `loracity run` makes it; {free / 1e9:.1f} GB free")
    probe = folder / f".check-{os.getpid()}"
    try:
        with probe.open("wb") as file:
            start = time.perf_counter()
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
            took_ms = (time.perf_counter() - start) * 1000
    except OSError as error:
        return Check("disk", "failing", f"{folder}: {error.strerror}")
    finally:
        probe.unlink(missing_ok=True)
    text = f"{free / 1e9:.1f} GB free, a durable write takes {took_ms:.1f} ms"
    return Check("disk", "warning" if free < _LOW_DISK_BYTES else "ok", text)


async def _store(settings: Settings) -> Check:
    if isinstance(settings.store, EmbeddedSettings):
        return Check("store", "ok", f"embedded, {settings.data_dir / 'readings.duckdb'}")
    store = build_store(settings)
    try:
        await store.open()
        status = await store.status()
    except (StoreUnavailable, StoreMisconfigured) as error:
        return Check("store", "failing", str(error))
    finally:
        await store.close()
    return Check("store", "ok", f"{status.kind} {status.version} {status.detail}".rstrip())


def _webhook(connection: ConnectionSettings) -> Check:
    name = f"connection:{connection.name}"
    if connection.http is None:
        return Check(name, "failing", "neither mqtt nor http")
    try:
        secret = read_secret(connection.http.secret, connection.http.secret_file)
    except OSError as error:
        return Check(name, "failing", f"secret_file: {error}")
    if len(secret or "") < 16:
        return Check(name, "warning", "the secret is shorter than 16 characters")
    return Check(name, "ok", f"webhook at /api/v1/ingest/{connection.name}")


class _Access(Struct, frozen=True):
    password: str | None
    context: ssl.SSLContext | None
    days: int | None


def _access(mqtt: MqttSettings) -> _Access:
    """OSError, ValueError (ssl.SSLError is an OSError) for files that can't be used."""
    password = read_secret(mqtt.password, mqtt.password_file)
    if mqtt.tls is None:
        return _Access(password, None, None)
    days = None
    if mqtt.tls.cert_file is not None:
        days = days_left(certificate_expiry_ms(mqtt.tls.cert_file), time.time_ns() // 1_000_000)
    return _Access(password, client_context(mqtt.tls), days)


async def _broker(connection: ConnectionSettings, mqtt: MqttSettings) -> Check:
    """Connect beside the service (another client id, no session kept) and ask for the topics."""
    name = f"connection:{connection.name}"
    topics = mqtt.topics or default_topics(connection.lns)
    try:
        access = _access(mqtt)
        async with (
            asyncio.timeout(_TIMEOUT_S),
            aiomqtt.Client(
                mqtt.host,
                mqtt.port,
                identifier=f"{mqtt.client_id}-check-{os.getpid()}",
                username=mqtt.username,
                password=access.password,
                protocol=aiomqtt.ProtocolVersion.V5 if mqtt.protocol == "5" else aiomqtt.ProtocolVersion.V311,
                tls_context=access.context,
                timeout=_TIMEOUT_S,
            ) as client,
        ):
            wanted: list[tuple[str, int]] = [(topic, mqtt.qos) for topic in topics]
            granted: Sequence[int | ReasonCode] = await client.subscribe(wanted)
    except (aiomqtt.MqttError, OSError, ValueError) as error:
        return Check(name, "failing", f"{mqtt.host}:{mqtt.port}: {error or type(error).__name__}")
    refused = [
        t for t, code in zip(topics, granted, strict=False) if (code if isinstance(code, int) else code.value) > 2
    ]
    if refused:
        return Check(name, "failing", f"the broker refuses {', '.join(refused)}")
    if access.days is not None and mqtt.tls is not None and access.days < mqtt.tls.warn_days:
        return Check(name, "warning", f"the client certificate expires in {access.days} days")
    if mqtt.qos == 0:
        return Check(name, "warning", "qos: 0 loses messages whenever this service is down")
    return Check(name, "ok", f"{mqtt.host}:{mqtt.port} answers and grants {len(topics)} topics")
