"""A real Mosquitto for tests: on a free port of loopback, with the options under test, started and killed at will."""

import contextlib
import datetime as dt
import ipaddress
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.programs import program

START_TIMEOUT_S = 10.0


def mosquitto_path() -> str:
    """The broker's program. Where it is missing the test is skipped, or fails when CI=true."""
    missing = "Mosquitto is not installed (Debian: apt install mosquitto mosquitto-clients)"
    return program("mosquitto", missing, "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")


def free_port() -> int:
    """A TCP port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Certificates:
    """A CA of our own with a server certificate (localhost, 127.0.0.1, broker.test) and a client certificate."""

    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path

    @staticmethod
    def create(folder: Path, server_days: int = 300, client_days: int = 200) -> "Certificates":
        """Write the five PEM files into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / name for name in ("ca.pem", "server.pem", "server.key", "client.pem", "client.key")]
        ca_key = ec.generate_private_key(ec.SECP256R1())
        ca = _certificate("loracity test CA", ca_key, None, 3650)
        paths[0].write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        for at, name, days in ((1, "localhost", server_days), (3, "bridge", client_days)):
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = _certificate(name, key, (ca, ca_key), days)
            paths[at].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
            paths[at + 1].write_bytes(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
        return Certificates(*paths)


Issuer = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _certificate(name: str, key: ec.EllipticCurvePrivateKey, issuer: Issuer | None, days: int) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    issuer_key = issuer[1] if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=days, hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if issuer:
        names = [x509.DNSName("localhost"), x509.DNSName("broker.test")]
        addresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        usage = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    else:
        usage_bits = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage_bits, critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


@dataclass
class MosquittoServer:
    """One broker. Loopback, persistent, unlimited queues; `options` are further lines of its configuration."""

    folder: Path
    user: tuple[str, str] | None = None
    """User name and password that clients must give; None lets everybody in."""
    certificates: Certificates | None = None
    """Speak TLS with these and demand a client certificate."""
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until the port answers."""
        program = mosquitto_path()
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(self._lines()) + "\n")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([program, "-c", str(config)], stdout=log, stderr=log)
        self._wait_until_listening()

    def stop(self) -> None:
        """SIGTERM: the broker saves its sessions and queues."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: what it hasn't saved is gone."""
        self._end(signal.SIGKILL)

    def save(self) -> None:
        """Make the broker write its sessions and queues to disk now (SIGUSR1), and wait for the file."""
        assert self._process is not None
        path = self.folder / "mosquitto.db"
        before = path.stat().st_mtime_ns if path.exists() else 0
        self._process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not (path.exists() and path.stat().st_mtime_ns > before):
            assert time.monotonic() < deadline, "the broker did not save"
            time.sleep(0.02)

    def restart(self) -> None:
        """Stop and start on the same port and data."""
        self.stop()
        self.start()

    def forget_sessions(self) -> None:
        """Remove what a stopped broker has saved."""
        (self.folder / "mosquitto.db").unlink(missing_ok=True)

    def publish(self, topic: str, payloads: list[str], qos: int = 1, retain: bool = False) -> None:
        """Publish one message per payload (no line breaks in them), in order, with Debian's client."""
        client = shutil.which("mosquitto_pub")
        assert client, "mosquitto_pub is not installed (Debian: apt install mosquitto-clients)"
        command = [client, "-p", str(self.port), "-h", "localhost", "-t", topic, "-q", str(qos), "-l"]
        command += ["-r"] if retain else []
        if self.user:
            command += ["-u", self.user[0], "-P", self.user[1]]
        if self.certificates:
            own = self.certificates
            command += ["--cafile", str(own.ca), "--cert", str(own.client), "--key", str(own.client_key)]
        subprocess.run(command, input="".join(f"{payload}\n" for payload in payloads).encode(), check=True, timeout=30)

    def log(self) -> str:
        """What the broker has said so far."""
        return (self.folder / "mosquitto.log").read_text(errors="replace")

    def _lines(self) -> list[str]:
        lines = [f"listener {self.port} 127.0.0.1", "persistence true", f"persistence_location {self.folder}/"]
        lines += ["max_queued_messages 0", "max_inflight_messages 0", "autosave_interval 1", "log_type all"]
        if os.geteuid() == 0:
            lines.append("user root")  # else the broker drops to an account that can't write into the test's folder
        lines.append(f"allow_anonymous {'false' if self.user else 'true'}")
        if self.user:
            lines.append(f"password_file {self._password_file()}")
        if self.certificates:
            own = self.certificates
            lines += [f"cafile {own.ca}", f"certfile {own.server}", f"keyfile {own.server_key}"]
            lines.append("require_certificate true")
        return [*lines, *self.options]

    def _password_file(self) -> Path:
        assert self.user is not None
        path = self.folder / "passwords"
        path.write_text("")
        path.chmod(0o600)
        tool = shutil.which("mosquitto_passwd")
        assert tool, "mosquitto_passwd is not installed (Debian: apt install mosquitto)"
        subprocess.run([tool, "-b", str(path), *self.user], check=True, timeout=10, capture_output=True)
        return path

    def _wait_until_listening(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            assert self._process is not None and self._process.poll() is None, f"Mosquitto ended:\n{self.log()}"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.02)
        raise AssertionError(f"Mosquitto does not listen on port {self.port}:\n{self.log()}")

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(timeout=START_TIMEOUT_S)


def random_id(prefix: str) -> str:
    """A client id that no other test uses."""
    return f"{prefix}-{secrets.token_hex(4)}"
