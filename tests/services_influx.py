"""A real InfluxDB 1.x for tests: on a free port of loopback with folders of its own, stopped and started at will."""

import http.client
import signal
import socket
import subprocess
import time
import urllib.parse
from pathlib import Path

import pytest

from tests.programs import program

START_TIMEOUT_S = 20.0
_CONFIG = """\
reporting-enabled = false
bind-address = "127.0.0.1:{rpc_port}"
[meta]
dir = "{folder}/meta"
logging-enabled = false
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
query-log-enabled = false
[http]
bind-address = "127.0.0.1:{port}"
auth-enabled = {auth}
log-enabled = false
[monitor]
store-enabled = false
"""


def influxd_path() -> str:
    """The server's program. Where it is missing the test is skipped, or fails when CI=true."""
    return program("influxd", "InfluxDB is not installed (Debian: apt install influxdb)")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class InfluxServer:
    """`start`, `stop`, `kill`; the data stays in `folder`. With `auth` the user admin/admin-password is made first."""

    ADMIN = ("admin", "admin-password")

    def __init__(self, folder: Path, auth: bool = False) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.auth = auth
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "influxdb.conf"
        self._config.write_text(
            _CONFIG.format(folder=folder, port=self.port, rpc_port=_free_port(), auth=str(auth).lower())
        )

    def start(self) -> None:
        """Start and wait until it answers."""
        with (self._folder / "influxd.log").open("ab") as log:
            self._process = subprocess.Popen([influxd_path(), "-config", str(self._config)], stdout=log, stderr=log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"influxd did not start: {(self._folder / 'influxd.log').read_text()[-2000:]}")
            time.sleep(0.02)  # poll of a process that has no other sign of being ready
        if self.auth:
            self.query(f"CREATE USER {self.ADMIN[0]} WITH PASSWORD '{self.ADMIN[1]}' WITH ALL PRIVILEGES")

    def stop(self, signal_number: int = signal.SIGTERM) -> None:
        """Stop and wait for the end; a second call does nothing."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal_number)
            process.wait(timeout=START_TIMEOUT_S)

    def kill(self) -> None:
        """Stop without any farewell."""
        self.stop(signal.SIGKILL)

    def query(self, text: str, database: str = "") -> bytes:
        """One InfluxQL statement as administrator; the raw answer."""
        form = urllib.parse.urlencode({"q": text, "db": database, "u": self.ADMIN[0], "p": self.ADMIN[1]})
        return self._post(f"/query?{form}", b"")

    def write(self, database: str, lines: str) -> bytes:
        """Raw line protocol with ms timestamps as administrator."""
        form = urllib.parse.urlencode({"db": database, "precision": "ms", "u": self.ADMIN[0], "p": self.ADMIN[1]})
        return self._post(f"/write?{form}", lines.encode())

    def _post(self, path: str, body: bytes) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", path, body)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status not in (200, 204):
            raise AssertionError(f"{path}: HTTP {response.status} {answer!r}")
        return answer

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == 204
        except OSError:
            return False
        finally:
            connection.close()
