"""The loss test: 20,000 uplinks through the real broker, the real service and the real InfluxDB while all of them fail.

Every uplink carries a number of its own. In the end each must lie exactly once in the store, or, for the devices that
nobody knows, exactly once in quarantine. With a seed of its own: LORACITY_LOSS_SEED=7 pytest -s on this file.
"""

import base64
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import paho.mqtt.client as mqtt
import pytest
import zstandard
from paho.mqtt.enums import CallbackAPIVersion

from gateway_bridge.uplink import Message
from pipeline.inventory_files import import_inventory
from pipeline.state import StateStore
from tests.services_influx import InfluxServer
from tests.services_mosquitto import MosquittoServer

UPLINKS = int(os.environ.get("LORACITY_LOSS_UPLINKS", "20000"))
KNOWN, UNKNOWN = 200, 20
APPLICATION = "7c9d3b52-0a4e-4a55-9f57-4a4e5f1c2d3e"
SERVICE = Path(__file__).parent.parent / "loss_service.py"
DEADLINE_S = 120.0


def dev_eui(device: int) -> str:
    return f"70b3d5e75e{device:06x}"


def uplink(number: int) -> tuple[str, bytes]:
    """Topic and ChirpStack v4 event; the number travels as a Cayenne LPP `generic` value."""
    device, f_cnt = number % (KNOWN + UNKNOWN), number // (KNOWN + UNKNOWN)
    payload = b"\x01\x64" + number.to_bytes(4, "big")
    event = {
        "deduplicationId": f"00000000-0000-4000-8000-{number:012x}",
        "time": datetime.now(UTC).isoformat(timespec="microseconds"),
        "deviceInfo": {
            "applicationId": APPLICATION, "applicationName": "loss", "deviceProfileName": "LPP",
            "devEui": dev_eui(device), "deviceName": f"device-{device}", "tags": {},
        },
        "devAddr": f"{device:08x}", "adr": True, "dr": 5, "fCnt": f_cnt, "fPort": 2, "confirmed": False,
        "data": base64.b64encode(payload).decode(),
        "rxInfo": [{"gatewayId": "0016c001f153a14c", "uplinkId": number, "rssi": -60, "snr": 9.5}],
        "txInfo": {"frequency": 868100000, "modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 7}}},
    }  # fmt: skip
    return f"application/{APPLICATION}/device/{dev_eui(device)}/event/up", json.dumps(event).encode()


def number_of(payload: bytes) -> int:
    return int.from_bytes(base64.b64decode(json.loads(payload)["data"])[2:6], "big")


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A filesystem of 24 MB of its own, so that it can be filled. Root only; elsewhere the ordinary folder."""
    folder.mkdir()
    if os.geteuid() != 0:
        yield folder
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Publisher:
    """Publishes at QoS 1 and knows what the broker has taken."""

    def __init__(self, port: int) -> None:
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="loss-publisher", clean_session=False)
        self.client.max_inflight_messages_set(200)
        self.client.max_queued_messages_set(0)
        self.client.reconnect_delay_set(1, 1)
        self.taken = 0
        self.client.on_publish = self._published
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _published(self, *_: object) -> None:
        self.taken += 1

    def publish(self, numbers: range) -> None:
        for number in numbers:
            self.client.publish(*uplink(number), qos=1)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@dataclass
class Rig:
    """Broker, database, disk, publisher, and one service after the other."""

    folder: Path
    data: Path
    broker: MosquittoServer
    influx: InfluxServer
    publisher: Publisher
    mutant: str | None = None
    lives: Counter[str] = field(default_factory=Counter)
    url: str = ""

    def start(self, kill: str | None = None) -> "subprocess.Popen[str]":
        command = [sys.executable, str(SERVICE), str(self.folder / "loracity.yaml")]
        command += ["--kill", kill] if kill else []
        command += ["--mutant", self.mutant] if self.mutant else []
        with (self.folder / "service.log").open("ab") as log:
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=SERVICE.parent.parent)

    def ready(self, service: "subprocess.Popen[str]") -> None:
        assert service.stdout is not None
        line = service.stdout.readline()
        assert line.strip().isdigit(), f"the service did not start:\n{self.log()[-3000:]}"
        self.url = f"http://127.0.0.1:{line.strip()}"

    def log(self) -> str:
        return (self.folder / "service.log").read_text(errors="replace")

    def killed_by_itself(self, kill: str) -> None:
        service = self.start(kill)
        assert service.wait(DEADLINE_S) == -signal.SIGKILL, f"{kill}: ended by itself\n{self.log()[-3000:]}"
        self.lives[kill] += 1

    def killed_after(self, delay_s: float) -> None:
        service = self.start()
        self.ready(service)
        time.sleep(delay_s)  # the stimulus: a random moment of its life
        service.kill()
        service.wait()
        self.lives["random"] += 1

    def metric(self, name: str) -> float:
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))

    def until(self, what: str, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, f"gave up waiting until {what}\n{self.log()[-3000:]}"
            time.sleep(0.05)

    def fill_the_disk(self) -> None:
        """Fill it while uplinks arrive, see the alarm, make room, see the recovery."""
        service = self.start()
        self.ready(service)
        filler = self.data / "filler"
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue
        self.publisher.publish(self.next_chunk())
        self.until("the journal says that the disk is full", lambda: self.metric("loracity_journal_failing") == 1)
        filler.unlink()
        self.until("the journal has recovered", lambda: self.metric("loracity_journal_failing") == 0)
        service.kill()
        service.wait()
        self.lives["disk full"] += 1

    chunks: Iterator[range] = field(default_factory=lambda: iter(()))

    def next_chunk(self) -> range:
        return next(self.chunks, range(0))


def settings(rig_folder: Path, data: Path, broker: int, influx: str) -> str:
    return json.dumps(
        {
            "data_dir": str(data),
            "connections": [{"name": "city", "lns": "chirpstack4", "mqtt": {"port": broker, "reconnect_max_s": 1}}],
            "store": {"kind": "influxdb", "url": influx, "database": "city"},
            "api": {"port": 0},
            "batch_uplinks": 200,
        }
    )


def enter_devices(data: Path) -> None:
    state = StateStore(f"sqlite:///{data / 'state.db'}")
    state.migrate()
    rows = [f"{dev_eui(n)},cayenne-lpp" for n in range(KNOWN)]
    import_inventory(state, "dev_eui,decoder\n" + "\n".join(rows), "csv", known_decoder=lambda _: True)
    state.close()


def stored_numbers(influx: InfluxServer) -> Counter[int]:
    answer = json.loads(influx.query('SELECT "generic" FROM "generic"', "city"))
    series = answer["results"][0].get("series", [{"values": []}])
    return Counter(int(row[1]) for row in series[0]["values"])


def radio_records(influx: InfluxServer) -> int:
    answer = json.loads(influx.query('SELECT count("f_cnt") FROM "uplink"', "city"))
    series = answer["results"][0].get("series")
    return int(series[0]["values"][0][1]) if series else 0


def quarantined_numbers(data: Path) -> Counter[int]:
    with sqlite3.connect(data / "state.db") as db:
        return Counter(number_of(row[0]) for row in db.execute("SELECT payload FROM quarantine"))


def journaled_numbers(data: Path) -> Counter[int]:
    decode = msgspec.msgpack.Decoder(list[Message]).decode
    with sqlite3.connect(data / "journal.db") as db:
        rows = [row[0] for row in db.execute("SELECT body FROM batch ORDER BY seq")]
    return Counter(number_of(m.payload) for body in rows for m in decode(zstandard.ZstdDecompressor().decompress(body)))


def plan(rng: random.Random, kills: int) -> list[str]:
    """The order of faults: an outage of the database from a quarter on, the broker and the disk somewhere."""
    faults = ["random"] * kills + ["commit-ack"] * kills + ["store-cursor"] * kills
    rng.shuffle(faults)
    quarter = len(faults) // 4
    outage = [f for f in faults[quarter : quarter + 6] if f != "store-cursor"]
    moved = [f for f in faults[quarter : quarter + 6] if f == "store-cursor"]
    rest = [*moved, *faults[quarter + 6 :]]
    rest.insert(rng.randrange(len(rest)), "broker restart")
    if os.geteuid() == 0:
        rest.insert(rng.randrange(len(rest)), "disk full")
    else:
        print("not root: the full disk is left out")
    return [*faults[:quarter], "influx down", *outage, "influx up", *rest]


def run_faults(rig: Rig, rng: random.Random, faults: list[str]) -> None:
    for fault in faults:
        if fault == "influx down":
            rig.influx.stop()
        elif fault == "influx up":
            rig.influx.start()
        elif fault == "disk full":
            rig.fill_the_disk()
        elif fault == "broker restart":
            rig.publisher.publish(rig.next_chunk())
            rig.broker.restart()
        else:
            rig.publisher.publish(rig.next_chunk())
            if fault == "random":
                rig.killed_after(rng.uniform(0.0, 0.6))
            else:
                rig.killed_by_itself(fault)


def run(folder: Path, data: Path, mutant: str | None, kills: int, uplinks: int) -> dict[str, int]:
    """The whole test; the counts of what became of the uplinks."""
    seed = int(os.environ.get("LORACITY_LOSS_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    rng = random.Random(seed)
    print(f"\nloss test: seed {seed}, {uplinks} uplinks, {kills} kills of each kind, mutant {mutant}")
    broker = MosquittoServer(folder / "broker")
    broker.start()
    influx = InfluxServer(folder / "influx")
    influx.start()
    (folder / "loracity.yaml").write_text(settings(folder, data, broker.port, influx.url))
    enter_devices(data)
    faults = plan(rng, kills)
    rig = Rig(folder, data, broker, influx, Publisher(broker.port), mutant)
    try:
        first = rig.start()  # the broker keeps messages for us only once we have subscribed
        rig.ready(first)
        rig.until("the service has subscribed", lambda: rig.metric("loracity_mqtt_connected") == 1)
        first.send_signal(signal.SIGTERM)
        assert first.wait(DEADLINE_S) == 0
        size = -(-uplinks // sum(f not in ("influx down", "influx up") for f in faults))
        rig.chunks = iter([range(a, min(a + size, uplinks)) for a in range(0, uplinks, size)])
        run_faults(rig, rng, faults)
        for chunk in rig.chunks:
            rig.publisher.publish(chunk)
        last = rig.start()
        rig.ready(last)
        rig.until("the broker has taken every uplink", lambda: rig.publisher.taken >= uplinks)
        expected = uplinks if mutant is None else 0

        def arrived() -> bool:
            return (
                sum(stored_numbers(influx).values()) + sum(quarantined_numbers(data).values()) >= expected
                and rig.metric("loracity_lag_uplinks") == 0
                and rig.metric("loracity_mqtt_unacknowledged") == 0
            )

        rig.until("everything has arrived", arrived)
        last.send_signal(signal.SIGTERM)
        assert last.wait(DEADLINE_S) == 0
        return counts(rig, uplinks)
    finally:
        rig.publisher.close()
        influx.stop()
        broker.stop()


def counts(rig: Rig, uplinks: int) -> dict[str, int]:
    stored, held = stored_numbers(rig.influx), quarantined_numbers(rig.data)
    journaled = journaled_numbers(rig.data)
    everything = stored + held
    found = {
        "published": uplinks,
        "journaled": sum(journaled.values()),
        "doubles before dedup": sum(journaled.values()) - len(journaled),
        "stored": len(stored),
        "radio records": radio_records(rig.influx),
        "quarantined": len(held),
        "missing": uplinks - len(everything),
        "double": sum(everything.values()) - len(everything),
        **{f"killed {how}": n for how, n in rig.lives.items()},
    }
    print(json.dumps(found, indent=1))
    return found


@pytest.mark.broker
@pytest.mark.influx
@pytest.mark.skipif("LORACITY_PROOF" not in os.environ, reason="long: part of `make proof`")
@pytest.mark.parametrize("mutant", ["ack-first", "cursor-first"])
def test_the_loss_test_notices_a_broken_rule(tmp_path: Path, mutant: str) -> None:
    """A service that acknowledges before the commit, or moves the cursor before the store's confirmation, loses."""
    with small_disk(tmp_path / "data") as data:
        found = run(tmp_path, data, mutant, kills=3, uplinks=4000)
    assert found["missing"] > 0


@pytest.mark.broker
@pytest.mark.influx
def test_every_uplink_is_found_exactly_once(tmp_path: Path) -> None:
    """Kills at random and at the worst points, a broker restart, a database outage, a full disk: none lost."""
    kills = int(os.environ.get("LORACITY_LOSS_KILLS", "10"))
    with small_disk(tmp_path / "data") as data:
        found = run(tmp_path, data, None, kills, UPLINKS)
    assert (found["missing"], found["double"]) == (0, 0)
    unknown = sum(1 for n in range(UPLINKS) if n % (KNOWN + UNKNOWN) >= KNOWN)
    assert found["quarantined"] == unknown
    assert found["stored"] == found["radio records"] == UPLINKS - unknown
    assert found["doubles before dedup"] > 0, "no redelivery happened: the test tested nothing"
    assert (
        found["killed commit-ack"] >= kills and found["killed store-cursor"] + found["killed random"] >= 2 * kills - 6
    )
