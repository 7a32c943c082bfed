"""That a commit really reaches the disk: the order of system calls of the real service, seen by strace.

kill -9 can't show it, because the kernel keeps what a killed process has written. Here every PUBACK must come after an
fdatasync of the journal's write-ahead log, and that after a write into it, and that after the PUBLISH was read.
"""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.integration.test_loss import SERVICE, settings, uplink
from tests.programs import program
from tests.services_influx import InfluxServer
from tests.services_mosquitto import MosquittoServer

MESSAGES = 20


def strace_path() -> str:
    return program("strace", "strace is not installed (Debian: apt install strace)")


CALL = re.compile(r"^\d+ +(?P<when>[\d.]+) (?P<name>\w+)\((?P<fd>\d+)<(?P<path>[^>]*)>(?P<rest>.*)")


def calls(trace: Path) -> list[tuple[str, str, str]]:
    """(call, file or socket, rest) in order of completion; calls cut in two by other threads are put together."""
    found, open_calls = [], {}
    for line in trace.read_text(errors="replace").splitlines():
        thread = line.split(" ", 1)[0]
        if "<unfinished ...>" in line:
            open_calls[thread] = line.replace("<unfinished ...>", "")
            continue
        resumed = re.match(r"^\d+ +[\d.]+ <\.\.\. \w+ resumed>(.*)", line)
        if resumed and thread in open_calls:
            line = open_calls.pop(thread) + resumed[1]
        match = CALL.match(line)
        if match:
            found.append((match["name"], match["path"], match["rest"]))
    return found


@pytest.mark.broker
def test_nothing_is_acknowledged_before_it_is_synced(tmp_path: Path) -> None:
    """Between the write of a message into the journal and its PUBACK lies an fdatasync of the same file."""
    strace = strace_path()
    broker, influx = MosquittoServer(tmp_path / "broker"), InfluxServer(tmp_path / "influx")
    broker.start()
    influx.start()
    (tmp_path / "data").mkdir()
    config, trace = tmp_path / "loracity.yaml", tmp_path / "trace"
    config.write_text(settings(tmp_path, tmp_path / "data", broker.port, influx.url))
    command = [strace, "-f", "-ttt", "-y", "-s", "64", "-o", str(trace)]
    command += ["-e", "trace=pwrite64,fdatasync,fsync,sendto,recvfrom"]
    command += [sys.executable, str(SERVICE), str(config)]
    command += ["--mutant", os.environ["LORACITY_LOSS_MUTANT"]] if "LORACITY_LOSS_MUTANT" in os.environ else []
    service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=SERVICE.parent.parent)
    try:
        assert service.stdout is not None
        port = service.stdout.readline().strip()
        metrics = f"http://127.0.0.1:{port}/metrics"
        wait(metrics, "loracity_mqtt_connected{", 1)
        publisher = mqtt.Client(CallbackAPIVersion.VERSION2)
        publisher.connect("127.0.0.1", broker.port)
        publisher.loop_start()
        for number in range(MESSAGES):
            publisher.publish(*uplink(number), qos=1).wait_for_publish(10)
            wait(metrics, "loracity_mqtt_acknowledged_total{", number + 1)
        publisher.disconnect()
        publisher.loop_stop()
    finally:
        for child in subprocess.run(
            ["pgrep", "-P", str(service.pid)], capture_output=True, text=True, check=False
        ).stdout.split():
            os.kill(int(child), signal.SIGTERM)
        service.wait(60)
        influx.stop()
        broker.stop()
    check(calls(trace))


def wait(url: str, start: str, value: float) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with urllib.request.urlopen(url, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        if any(line.startswith(start) and float(line.rpartition(" ")[2]) >= value for line in lines):
            return
        time.sleep(0.02)
    raise AssertionError(f"{start} never reached {value}")


def check(found: list[tuple[str, str, str]]) -> None:
    """Walk through the calls. A PUBLISH that arrives makes the log stale; a write and a sync after it make it good."""
    written = synced = True
    acknowledged = 0
    for name, path, rest in found:
        if path.endswith("journal.db-wal"):
            written = written or name == "pwrite64"
            synced = synced or (written and name in ("fdatasync", "fsync"))
        elif name == "recvfrom" and rest.startswith(', "2", 1,'):  # 0x32: PUBLISH at QoS 1, its first byte
            written = synced = False
        elif name == "sendto" and rest.startswith(', "@\\2'):  # 0x40 0x02: PUBACK
            assert synced, f"PUBACK number {acknowledged + 1} went out before its message was synced"
            acknowledged += 1
    assert acknowledged == MESSAGES
