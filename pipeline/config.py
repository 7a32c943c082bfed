"""`loracity.yaml`: every setting, checked as a whole before a socket opens; the environment may override."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from gateway_bridge.settings import ConnectionSettings, Strict
from pipeline.stores.influx import InfluxSettings

_PREFIX = "LORACITY_"


class ConfigError(Exception):
    """The configuration can't be used; the text says what, where, and how to mend it."""


class EmbeddedSettings(Strict):
    """The embedded store: one DuckDB file in the data folder."""

    kind: Literal["embedded"] = "embedded"
    memory_limit: Annotated[str, Field(pattern=r"^\d+(MB|GB)$")] = "256MB"


class InfluxStoreSettings(InfluxSettings):
    """A city's InfluxDB, 1.6 to 3.x."""

    kind: Literal["influxdb"]


class JournalSettings(Strict):
    """How long raw messages are kept for `replay`. What a consumer has not passed is never removed."""

    max_bytes: Annotated[int, Field(ge=1_000_000)] = 10_000_000_000
    max_age_s: Annotated[int, Field(ge=3600)] = 90 * 86400


class DedupSettings(Strict):
    """How much of the past a duplicate is looked for in."""

    frames_per_device: Annotated[int, Field(ge=8, le=65536)] = 256
    max_age_s: Annotated[int, Field(ge=600)] = 86400
    max_devices: Annotated[int, Field(ge=100)] = 200_000


class QuarantineSettings(Strict):
    """Bounds of the quarantine; beyond them the oldest entries are dropped and counted."""

    max_rows: Annotated[int, Field(ge=10)] = 1_000_000
    max_bytes: Annotated[int, Field(ge=100_000)] = 2_000_000_000


class ProvisioningSettings(Strict):
    """Devices that are not in the inventory. `off`: quarantine. `auto`: made from what the network server says."""

    mode: Literal["off", "auto"] = "off"
    decoders: dict[str, str] = Field(default_factory=dict)
    """Device profile name (globs allowed) -> decoder id; `object` trusts the server's decoded object."""


class DomainSettings(Strict):
    """What detectors say of assets."""

    detectors: bool = True
    """Off: readings only; detectors learn nothing of what comes meanwhile."""
    events_max_age_s: Annotated[int, Field(ge=86_400)] = 400 * 86_400
    """Domain events that ended longer ago are forgotten."""


class ApiSettings(Strict):
    """The HTTP server. Beyond loopback only with `auth: none`, until access control exists."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    auth: Literal["loopback", "none"] = "loopback"

    @model_validator(mode="after")
    def _guarded(self) -> "ApiSettings":
        if self.auth != "none" and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError(
                f"host {self.host} is reachable from outside and there is no access control yet:"
                " bind to 127.0.0.1 behind a proxy that authenticates, or set auth: none"
            )
        return self


class Settings(Strict):
    """Everything `loracity run` needs."""

    data_dir: Path = Path("data")
    connections: tuple[ConnectionSettings, ...] = ()
    store: Annotated[EmbeddedSettings | InfluxStoreSettings, Field(discriminator="kind")] = EmbeddedSettings()
    journal: JournalSettings = JournalSettings()
    dedup: DedupSettings = DedupSettings()
    quarantine: QuarantineSettings = QuarantineSettings()
    provisioning: ProvisioningSettings = ProvisioningSettings()
    domain: DomainSettings = DomainSettings()
    api: ApiSettings = ApiSettings()
    state_url: str | None = None
    """SQLAlchemy URL of the state database; None: a SQLite file in the data folder."""
    mappings_file: Path | None = None
    """Rules for objects that the network server decoded, besides the shipped ones."""
    codecs_dir: Path | None = None
    """Folder of JavaScript codecs; None: `codecs` in the data folder. The decoder `js:NAME` is its file NAME.js."""
    batch_uplinks: Annotated[int, Field(ge=1, le=20_000)] = 2000
    log_format: Literal["json", "text"] = "text"

    @model_validator(mode="after")
    def _distinct(self) -> "Settings":
        names = [c.name for c in self.connections]
        doubled = sorted({n for n in names if names.count(n) > 1})
        if doubled:
            raise ValueError(f"connection names must differ: {', '.join(doubled)}")
        sessions = [(c.mqtt.host, c.mqtt.port, c.mqtt.client_id) for c in self.connections if c.mqtt]
        if len(set(sessions)) < len(sessions):
            raise ValueError("two connections use the same client_id on one broker: they would throw each other out")
        return self

    @property
    def codecs_folder(self) -> Path:
        """Where the JavaScript codecs are."""
        return self.codecs_dir or self.data_dir / "codecs"

    @property
    def database_url(self) -> str:
        """Where the state database is."""
        return self.state_url or f"sqlite:///{self.data_dir / 'state.db'}"


def load_settings(path: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read and check a file, then overrides such as `LORACITY_STORE__URL` (`__`: one level down). ConfigError."""
    document: dict[str, Any] = {}
    if path is not None:
        try:
            loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}; name the file with --config") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: not YAML: {error}") from error
        if loaded is not None and not isinstance(loaded, dict):
            raise ConfigError(f"{path}: the file must be a mapping of settings, not a {type(loaded).__name__}")
        document = loaded or {}
    _override(document, environment)
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors(include_url=False)]
        raise ConfigError(f"{path or 'settings'}: " + "; ".join(lines)) from error


def _override(document: dict[str, Any], environment: Mapping[str, str]) -> None:
    for name, text in sorted(environment.items()):
        keys = name.removeprefix(_PREFIX).lower().split("__")
        if not name.startswith(_PREFIX) or keys[0] not in Settings.model_fields:
            continue
        place = document
        for key in keys[:-1]:
            deeper = place.setdefault(key, {})
            if not isinstance(deeper, dict):
                raise ConfigError(f"{name}: {key} is not a group of settings")
            place = deeper
        place[keys[-1]] = text
