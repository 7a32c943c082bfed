"""Settings of an InfluxDB, checked before any socket opens."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from gateway_bridge.settings import Strict, TlsSettings


class InfluxSettings(Strict):
    """One InfluxDB database (bucket) holding one retention class.

    Credentials: `username` with a password (1.x, or a v1 authorization of 2.x), or a token (2.x, 3.x), or none.
    """

    url: str = "http://127.0.0.1:8086"
    database: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")] = "city"
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    token: SecretStr | None = None
    token_file: Path | None = None
    org: str | None = None
    """Organisation, 2.x only: to write with a token and to create the bucket."""
    client: Literal["http", "influxdb-client"] = "http"
    """`influxdb-client`: write with the vendor's library (2.x with token and org)."""
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 30.0
    retention_days: Annotated[int, Field(ge=1)] | None = None
    """Of a database that we create; older records are refused. None: kept for ever, or as the server was set up."""
    gzip: Literal["auto", "on", "off"] = "auto"
    """`auto`: compress except on loopback."""
    max_response_bytes: Annotated[int, Field(ge=65_536)] = 64 * 1024 * 1024
    """A larger answer to a query is refused: ask for a shorter range or for windows."""
    tls: TlsSettings | None = None

    @field_validator("url")
    @classmethod
    def _plain_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url must be http://host:port or https://host:port")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("url must not carry credentials or parameters: use username, password or token")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _credentials(self) -> "InfluxSettings":
        passwords = sum(value is not None for value in (self.password, self.password_file))
        tokens = sum(value is not None for value in (self.token, self.token_file))
        if passwords > 1 or tokens > 1:
            raise ValueError("set a secret either as value or as file, not both")
        if (self.username is None) != (passwords == 0):
            raise ValueError("username and password belong together: set both or none")
        if passwords and tokens:
            raise ValueError("set a username with password, or a token, not both")
        if self.client == "influxdb-client" and not (tokens and self.org):
            raise ValueError("client influxdb-client needs token and org")
        if self.tls and self.tls.server_name and self.client == "influxdb-client":
            raise ValueError("client influxdb-client can't check another server_name: use client http")
        return self
