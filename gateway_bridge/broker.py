"""The broker of the demo: Mosquitto where it is installed, else iotcore, in a child process that ends with us."""

import asyncio
import contextlib
import importlib.util
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Literal

from gateway_bridge import broker_guard

Engine = Literal["mosquitto", "iotcore"]

HOST = "127.0.0.1"
START_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 10.0
PORTS_TO_TRY = 50
INSTALL_HINT = (
    "no MQTT broker found: install Mosquitto (Debian, Ubuntu: apt install mosquitto; macOS: brew install mosquitto) "
    "or the Python package iotcore (pip install 'loracity[demo]')"
)
_SBIN = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/usr/local/opt/mosquitto/sbin")
# rumqttd writes a line at level ERROR for each packet: its spans are named so.
_IOTCORE_CHILD = (
    "import logging, sys; from iotcore import IotCoreBroker; "
    "logging.getLogger('rumqttd').setLevel(logging.CRITICAL); "
    "IotCoreBroker(config_path=sys.argv[1]).run_forever()"
)

log = logging.getLogger(__name__)


class BrokerMissing(Exception):
    """Neither Mosquitto nor iotcore is installed; the message says how to get one, in one line."""


class BrokerFailed(Exception):
    """The broker did not start, or ended while it was needed; the message carries its last words."""


def find_mosquitto() -> str | None:
    """Where Mosquitto is: on the PATH, or in one of the folders that distributions keep off an ordinary user's PATH."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=os.pathsep.join(_SBIN))


def choose_engine(mosquitto: str | None, has_iotcore: bool) -> Engine:
    """Mosquitto before iotcore, because it keeps its queues on disk. BrokerMissing when there is neither."""
    if mosquitto is not None:
        return "mosquitto"
    if has_iotcore:
        return "iotcore"
    raise BrokerMissing(INSTALL_HINT)


def free_port(preferred: int) -> int:
    """`preferred` if nobody has it on loopback, else the next free port above it. OSError when none of 50 is free."""
    for port in range(preferred, min(preferred + PORTS_TO_TRY, 65536)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port
    raise OSError(f"no free TCP port on {HOST} from {preferred} on")


class DemoBroker:
    """`async with DemoBroker(data_dir, port) as broker:` a broker on loopback without passwords, for the demo only."""

    def __init__(self, data_dir: Path, port: int, engine: Engine | None = None) -> None:
        """`data_dir` is where the broker keeps its files; `engine` None takes what is installed."""
        self.port = port
        self.port_v5 = port
        """The port for MQTT 5: iotcore has one of its own for it."""
        self.engine: Engine | None = engine
        self._folder = data_dir
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    async def __aenter__(self) -> "DemoBroker":
        """Start, and wait until it answers. BrokerMissing or BrokerFailed."""
        mosquitto = find_mosquitto()
        self.engine = self.engine or choose_engine(mosquitto, importlib.util.find_spec("iotcore") is not None)
        if self.engine == "mosquitto" and mosquitto is None:
            raise BrokerMissing(INSTALL_HINT)
        if await _answers(self.port):
            raise BrokerFailed(f"port {self.port} is taken by another program")
        self._folder.mkdir(parents=True, exist_ok=True)
        command = self._mosquitto(mosquitto) if self.engine == "mosquitto" and mosquitto else self._iotcore()
        # In a session of its own: Ctrl-C in the terminal is for us, we stop the broker when the bridge has drained.
        guard = [sys.executable, "-I", "-S", broker_guard.__file__, *command]
        with self._log_path.open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *guard, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
            )
        try:
            await self._until_listening()
        except BaseException:
            await self.stop()
            raise
        log.info("%s listens on %s:%d", self.engine, HOST, self.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        await self.stop()

    async def watch(self) -> None:
        """Return when the broker was stopped; BrokerFailed when it ends by itself."""
        if self._process is None:
            raise BrokerFailed("the broker was not started")
        status = await self._process.wait()
        if not self._stopping:
            raise BrokerFailed(f"{self.engine} ended with status {status}: {self._last_words()}")

    async def stop(self) -> None:
        """End the broker and wait for it: Mosquitto saves its queues. A second call does nothing."""
        process, self._stopping = self._process, True
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()  # the guard watches this pipe
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            log.warning("%s does not stop: killed", self.engine)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    @property
    def _log_path(self) -> Path:
        return self._folder / "broker.log"

    def _last_words(self) -> str:
        lines = self._log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return " | ".join(lines[-3:]) or "it said nothing"

    async def _until_listening(self) -> None:
        assert self._process is not None
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                for port in {self.port, self.port_v5}:
                    while not await _answers(port):
                        if self._process.returncode is not None:
                            raise BrokerFailed(f"{self.engine} did not start: {self._last_words()}")
                        await asyncio.sleep(0.05)
        except TimeoutError:
            raise BrokerFailed(f"{self.engine} does not listen on port {self.port}: {self._last_words()}") from None

    def _mosquitto(self, program: str) -> list[str]:
        config = self._folder / "mosquitto.conf"
        config.write_text(mosquitto_config(self._folder.absolute(), self.port, os.geteuid() == 0), encoding="utf-8")
        return [program, "-c", str(config.absolute())]

    def _iotcore(self) -> list[str]:
        self.port_v5 = free_port(self.port + 1)
        config = self._folder / "iotcore.toml"
        config.write_text(iotcore_config(self.port, self.port_v5), encoding="utf-8")
        return [sys.executable, "-P", "-c", _IOTCORE_CHILD, str(config.absolute())]


def mosquitto_config(folder: Path, port: int, as_root: bool) -> str:
    """Loopback only, everything that waits is kept without limit and saved to `folder` every 5 s."""
    lines = [
        f"listener {port} {HOST}",
        "allow_anonymous true",
        "persistence true",
        f"persistence_location {folder}/",
        "autosave_interval 5",
        "max_queued_messages 0",
        "max_inflight_messages 0",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
    ]
    # Mosquitto started by root changes to an account of its own, which can't write into our folder.
    return "\n".join([*lines, *(["user root"] if as_root else [])]) + "\n"


def iotcore_config(port: int, port_v5: int) -> str:
    """rumqttd's TOML: one listener per MQTT version, and segments large enough that a queue of a few hours fits: what
    doesn't fit is dropped silently (ten segments of 16 MiB, in memory)."""
    head = (
        "id = 0\n[router]\nid = 0\nmax_connections = 1000\nmax_outgoing_packet_count = 10000\n"
        "max_segment_size = 16777216\nmax_segment_count = 10\n"
    )
    return head + _iotcore_listener("v4", port) + _iotcore_listener("v5", port_v5)


def _iotcore_listener(version: str, port: int) -> str:
    return (
        f'[{version}.1]\nname = "{version}-1"\nlisten = "{HOST}:{port}"\nnext_connection_delay_ms = 1\n'
        f"[{version}.1.connections]\nconnection_timeout_ms = 60000\nmax_payload_size = 1048576\n"
        "max_inflight_count = 100\ndynamic_filters = true\n"
    )


async def _answers(port: int) -> bool:
    try:
        _reader, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True
