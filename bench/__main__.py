"""Runs everything in one go on this machine and prints the figures. `python -m bench [--uplinks N] [--backlog N]`
or `python -m bench --codecs`."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import psutil
from paho.mqtt.enums import CallbackAPIVersion

from bench import codecs
from gateway_bridge.topics import default_topics
from tests.integration.test_loss import APPLICATION, uplink
from tests.services_influx import InfluxServer
from tests.services_mosquitto import MosquittoServer

DEVICES = 1000
PROBE = "70b3d5e75e0000ff"


class Service:
    """`loracity run` as a child process, watched through its metrics."""

    def __init__(self, folder: Path) -> None:
        with (folder / "service.log").open("ab") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "loracity", "run", "--config", str(folder / "loracity.yaml")], stderr=log
            )
        self.process = psutil.Process(self.child.pid)
        self.url = json.loads((folder / "loracity.yaml").read_text())["api"]["port"]
        self.wait(lambda m: m["loracity_mqtt_connected"] == 1)

    def metrics(self) -> dict[str, float]:
        found: dict[str, float] = defaultdict(float)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.url}/metrics", timeout=30) as answer:
            for line in answer.read().decode().splitlines():
                if not line.startswith("#"):
                    name, _, value = line.rpartition(" ")
                    key = name.partition("{")[0]
                    found[key] += float(value)
        return found

    def wait(self, condition: Callable[[dict[str, float]], bool], every_s: float = 0.1) -> dict[str, float]:
        deadline = time.monotonic() + 600
        while True:
            try:
                metrics = self.metrics()
                if condition(metrics):
                    return metrics
            except OSError:
                assert self.child.poll() is None, "the service ended"
            assert time.monotonic() < deadline, "the bench gave up waiting"
            time.sleep(every_s)

    def stop(self) -> None:
        self.child.terminate()
        self.child.wait()


def settings(folder: Path, broker: MosquittoServer, influx: InfluxServer, port: int, detectors: bool = False) -> None:
    """The service's settings. Detectors are off where the way to the store is compared with loops that have none."""
    document = {
        "domain": {"detectors": detectors},
        "data_dir": str(folder / "data"),
        "connections": [
            {
                "name": "city",
                "lns": "chirpstack4",
                "mqtt": {"port": broker.port, "topics": ["application/+/device/+/event/+"]},
            }
        ],
        "store": {"kind": "influxdb", "url": influx.url, "database": "city"},
        "api": {"port": port},
        "journal": {"max_bytes": 2_000_000_000},
    }
    (folder / "loracity.yaml").write_text(json.dumps(document))


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "loracity", *words]


def publish(
    broker: MosquittoServer, count: int, first_f_cnt: int, rate: float = 0, garbage: float = 0
) -> "subprocess.Popen[bytes]":
    words = [
        "simulate",
        "--port",
        str(broker.port),
        "--client-id",
        f"bench-{time.monotonic_ns()}",
        "--lns",
        "chirpstack4",
    ]
    words += ["--devices", str(DEVICES), "--rate", str(rate), "--count", str(count), "--garbage", str(garbage)]
    return subprocess.Popen(command(*words, "--first-f-cnt", str(first_f_cnt)), stdout=subprocess.DEVNULL)


def session(broker: MosquittoServer, client_id: str) -> None:
    """Make the broker keep messages for this client from now on."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
    ready: list[bool] = []
    client.on_subscribe = lambda *_: ready.append(True)
    client.connect("127.0.0.1", broker.port)
    client.subscribe([(topic, 1) for topic in default_topics("chirpstack4")])
    while not ready:
        client.loop(0.1)
    client.disconnect()


def latencies(broker: MosquittoServer, influx: InfluxServer, count: int, first: int) -> list[float]:
    """Seconds from publishing an uplink until InfluxDB gives it back, one probe after the other."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bench-probe")
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    found = []
    for n in range(first, first + count):
        _, payload = uplink(n)
        event = json.loads(payload)
        event["deviceInfo"]["devEui"], event["fCnt"] = PROBE, n
        start = time.perf_counter()
        client.publish(f"application/{APPLICATION}/device/{PROBE}/event/up", json.dumps(event), qos=1)
        asked = f"SELECT generic FROM generic WHERE dev_eui = '{PROBE}' AND generic = {n}"
        while b'"series"' not in influx.query(asked, "city"):
            assert time.perf_counter() - start < 60, "a probe did not arrive within a minute"
            time.sleep(0.01)
        found.append(time.perf_counter() - start)
    client.disconnect()
    client.loop_stop()
    return found


@contextmanager
def services(folder: Path) -> Iterator[tuple[MosquittoServer, InfluxServer]]:
    broker = MosquittoServer(folder / "broker", options=("log_type error",))
    influx = InfluxServer(folder / "influx")
    broker.start()
    influx.start()
    try:
        yield broker, influx
    finally:
        influx.stop()
        broker.stop()


def enter_devices(folder: Path) -> None:
    fleet = command("simulate", "--inventory", "--devices", str(DEVICES), "--rate", "0", "--lns", "chirpstack4")
    text = subprocess.run(fleet, check=True, capture_output=True, text=True).stdout
    (folder / "city.yaml").write_text(text)
    (folder / "probe.csv").write_text(f"dev_eui,decoder\n{PROBE},cayenne-lpp\n")
    (folder / "data").mkdir(exist_ok=True)
    for name in ("city.yaml", "probe.csv"):
        subprocess.run(
            command("devices", "import", str(folder / name), "--config", str(folder / "loracity.yaml")),
            check=True, capture_output=True,
        )  # fmt: skip


def drain(folder: Path, uplinks: int, broker: MosquittoServer, first_f_cnt: int) -> dict[str, float]:
    """Queue uplinks for a stopped service, start it, watch it store them all."""
    assert publish(broker, uplinks, first_f_cnt).wait() == 0
    service = Service(folder)
    began, cpu, first = time.perf_counter(), 0.0, service.wait(lambda m: m["loracity_uplinks_stored_total"] > 0, 0.02)
    began, cpu = time.perf_counter(), sum(service.process.cpu_times()[:2])
    at_start = first["loracity_uplinks_stored_total"]
    rss: list[float] = []

    def finished(m: dict[str, float]) -> bool:
        rss.append(service.process.memory_info().rss / 1e6)
        return m["loracity_uplinks_stored_total"] >= uplinks

    service.wait(finished, 0.5)
    took = time.perf_counter() - began
    cpu = sum(service.process.cpu_times()[:2]) - cpu
    done = uplinks - at_start
    service.stop()
    quarter = max(1, len(rss) // 4)
    return {
        "rate": done / took,
        "cpu_us": cpu / done * 1e6,
        "seconds": uplinks / (done / took),
        "rss_mb": max(rss),
        "rss_first_quarter_mb": max(rss[:quarter]),
        "rss_last_quarter_mb": max(rss[-quarter:]),
    }


def live(
    folder: Path, broker: MosquittoServer, influx: InfluxServer, rate: int, seconds: int, first: int, garbage: float = 0
) -> None:
    """Offer a rate, measure what is stored and how long probes take meanwhile."""
    service = Service(folder)
    before = service.metrics()
    sender = publish(broker, rate * seconds, first, rate, garbage) if rate else None
    if sender is not None:
        service.wait(lambda m: m["loracity_uplinks_stored_total"] > before["loracity_uplinks_stored_total"] + rate)
    start, at = service.metrics(), time.perf_counter()
    cpu = sum(service.process.cpu_times()[:2])
    took = latencies(broker, influx, 100 if rate < 4000 else 60, first * 10_000)
    end, span = service.metrics(), time.perf_counter() - at
    stored = end["loracity_uplinks_stored_total"] - start["loracity_uplinks_stored_total"]
    cpu = sum(service.process.cpu_times()[:2]) - cpu
    text = f"  {rate:>6}/s offered: stored {stored / span:7,.0f}/s, our CPU {cpu / span:4.0%}, publish to queryable"
    took.sort()
    print(
        f"{text} p50 {statistics.median(took) * 1000:5.0f} ms, p99 {took[int(len(took) * 0.99) - 1] * 1000:5.0f} ms,"
        f" RSS {service.process.memory_info().rss / 1e6:.0f} MB" + (f", {garbage:.0%} garbage" if garbage else "")
    )
    if sender is not None:
        sender.wait()
        service.wait(lambda m: m["loracity_lag_uplinks"] == 0)
    service.stop()


def ceiling(client: str, broker: MosquittoServer, influx: InfluxServer, uplinks: int, first: int) -> dict[str, float]:
    """One of the bare loops over the same kind of backlog."""
    influx.query("CREATE DATABASE ceiling")
    session(broker, "ceiling")
    assert publish(broker, uplinks, first).wait() == 0
    words = [sys.executable, "-m", "bench.minimal", client, str(broker.port), influx.url, str(uplinks)]
    result: dict[str, float] = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)
    influx.query("DROP DATABASE ceiling")
    forget = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="ceiling", clean_session=True)
    forget.connect("127.0.0.1", broker.port)
    forget.loop()
    forget.disconnect()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--uplinks", type=int, default=60_000, help="backlog of each comparison")
    parser.add_argument("--backlog", type=int, default=236_000, help="the long drain: two hours of 28,000 devices")
    parser.add_argument("--codecs", action="store_true", help="only decoding, which needs neither broker nor store")
    args = parser.parse_args()
    codecs.main()
    if args.codecs:
        return
    print(
        f"{os.cpu_count()} cores; ChirpStack v4 JSON, five device types, {DEVICES} devices, QoS 1, 2.8 points an uplink"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with services(folder) as (broker, influx):
            compare(folder, broker, influx, args.uplinks, args.backlog)


def compare(folder: Path, broker: MosquittoServer, influx: InfluxServer, uplinks: int, backlog: int) -> None:
    port = broker.port + 20_000 if broker.port < 40_000 else broker.port - 20_000
    settings(folder, broker, influx, port)
    enter_devices(folder)
    Service(folder).stop()  # the session exists from here on
    print(f"drain of {uplinks:,} queued uplinks into InfluxDB, medians of 3 (ours and the ceilings in turn):")
    runs: dict[str, list[dict[str, float]]] = {"loracity": [], "paho": [], "raw": []}
    first = 0
    for _ in range(3):
        first += 1000
        runs["loracity"].append(drain(folder, uplinks, broker, first))
        for client in ("paho", "raw"):
            first += 1000
            runs[client].append(ceiling(client, broker, influx, uplinks, first))
            flush_own(folder)
    texts = {
        "loracity": "loracity: journal, dedup, decode, enrich",
        "paho": "ceiling: same MQTT client, points and bytes",
        "raw": "for the record: bare MQTT parser, same points",
    }
    rates = {}
    for which, text in texts.items():
        rates[which] = statistics.median(r["rate"] for r in runs[which])
        cpu = statistics.median(r["cpu_us"] for r in runs[which])
        print(f"  {text:48} {rates[which]:8,.0f} uplinks/s  {cpu:5.0f} us CPU each")
    of_ceiling, of_bare = rates["loracity"] / rates["paho"], rates["loracity"] / rates["raw"]
    print(f"  loracity reaches {of_ceiling:.0%} of the ceiling, {of_bare:.0%} of the bare loop")
    settings(folder, broker, influx, port, detectors=True)
    first += 1000
    thinking = drain(folder, uplinks, broker, first)
    text, rate, cpu = "the same with the detectors of its assets", thinking["rate"], thinking["cpu_us"]
    print(f"  {text:48} {rate:8,.0f} uplinks/s  {cpu:5.0f} us CPU each")
    settings(folder, broker, influx, port)
    print("live:")
    for rate, seconds, garbage in ((0, 0, 0.0), (1000, 20, 0.0), (5000, 20, 0.0), (4500, 20, 0.1)):
        first += 1000
        live(folder, broker, influx, rate, seconds, first, garbage)
    long = drain(folder, backlog, broker, first + 1000)
    quarters = f"first quarter {long['rss_first_quarter_mb']:.0f}, last quarter {long['rss_last_quarter_mb']:.0f}"
    print(f"drain of {backlog:,}: {long['seconds']:.0f} s, {long['rate']:,.0f} uplinks/s,", end=" ")
    print(f"RSS at most {long['rss_mb']:.0f} MB ({quarters})")


def flush_own(folder: Path) -> None:
    """The service's own session got the ceiling's uplinks too: take them, so that the next drain is its own."""
    service = Service(folder)
    service.wait(
        lambda m: (
            m["loracity_lag_uplinks"] == 0
            and m["loracity_mqtt_unacknowledged"] == 0
            and m["loracity_journaled_total"] > 0
        )
    )
    service.stop()


if __name__ == "__main__":
    main()
