"""Settings of the connections to network servers, checked before any socket opens."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Lns = Literal[
    "auto", "chirpstack4", "chirpstack3", "chirpstack-gateway", "tts", "actility", "loriot", "milesight", "kerlink",
    "aws", "everynet", "firefly", "kpn", "multitech", "objenious", "orange", "orbiwise", "proximus", "tektelic", "ttn2",
]  # fmt: skip


class Strict(BaseModel):
    """Unknown keys are errors; values don't change after the check."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TlsSettings(Strict):
    """Server check against `ca_file` (the system's authorities when None); client certificate optional."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None
    warn_days: Annotated[int, Field(ge=1)] = 30
    """Warn when a certificate (ours or the server's) expires within so many days."""

    @model_validator(mode="after")
    def _pair(self) -> "TlsSettings":
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together: set both or none")
        return self


class MqttSettings(Strict):
    """One MQTT session. `topics` empty: the network server's usual ones (`gateway_bridge.topics`)."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    protocol: Literal["3.1.1", "5"] = "3.1.1"
    client_id: Annotated[str, Field(min_length=1, max_length=128)] = "loracity"
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    tls: TlsSettings | None = None
    topics: tuple[str, ...] = ()
    qos: Literal[0, 1] = 1
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = 30
    session_expiry_s: Annotated[int, Field(ge=60)] = 7 * 86400
    """MQTT 5 only: how long the broker keeps our queue."""
    max_unacknowledged: Annotated[int, Field(ge=100, le=65535)] = 8000
    """Stop reading the socket when so many messages wait for their commit."""
    reconnect_max_s: Annotated[float, Field(gt=0)] = 60.0


class HttpSettings(Strict):
    """A webhook: `POST /api/v1/ingest/{connection}` with the secret in `header` (or as HTTP Basic password)."""

    secret: SecretStr | None = None
    secret_file: Path | None = None
    header: str = "X-Loracity-Secret"
    max_body_bytes: Annotated[int, Field(ge=1024)] = 1_048_576

    @model_validator(mode="after")
    def _secret(self) -> "HttpSettings":
        if (self.secret is None) == (self.secret_file is None):
            raise ValueError(
                "set exactly one of secret and secret_file: a webhook without a secret is open to everyone"
            )
        return self


class ConnectionSettings(Strict):
    """One network server: MQTT or HTTP, never both."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    lns: Lns = "auto"
    mqtt: MqttSettings | None = None
    http: HttpSettings | None = None
    max_age_s: Annotated[int, Field(ge=60)] = 7 * 86400
    """An event time older than this is not believed (lns.md 6.3 b); keep it above the broker's session expiry."""

    @model_validator(mode="after")
    def _one_way(self) -> "ConnectionSettings":
        if (self.mqtt is None) == (self.http is None):
            raise ValueError(f"connection {self.name!r}: set exactly one of mqtt and http")
        return self


def read_secret(value: SecretStr | None, path: Path | None) -> str | None:
    """The secret, from the value or the file (without its last newline). OSError when the file can't be read."""
    if value is not None:
        return value.get_secret_value()
    return path.read_text(encoding="utf-8").rstrip("\r\n") if path else None
