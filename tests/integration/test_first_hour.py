"""A real city's first hour, by the command line: an empty inventory, everything in quarantine, adopted, replayed."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.city_messages import lpp, mud, up
from tests.services_city import (
    City,
    Point,
    copy_journal,
    embedded_points,
    enter_devices,
    latest,
    mqtt_connection,
    publish,
    quarantine,
)
from tests.services_mosquitto import MosquittoServer

pytestmark = pytest.mark.broker

BINS = [f"24e124713e00000{n}" for n in range(3)]
STATION, OTHER = "24e124713e000010", "24e124713e000020"
MATCH = ["--match", "Bin sensor*=milesight-em400-mud", "--match", "Weather=cayenne-lpp"]


def traffic() -> list[tuple[str, bytes]]:
    """Ten minutes of three bins with places in their tags, a weather station, and a device that nobody will adopt; two
    frames of one bin share a millisecond."""
    start = int(time.time()) * 1000 - 600_000
    tags = {"asset": "bin-7", "zone": "market", "district": "Old Town", "height_mm": "1000", "blind_zone_mm": "200"}
    made = [
        up(eui, n, mud(300 + n), start + n * 60_000, profile="Bin sensor v2", tags=tags if eui == BINS[0] else {})
        for n in range(5)
        for eui in BINS
    ]
    made.append(up(BINS[1], 5, mud(999), start + 4 * 60_000, profile="Bin sensor v2"))
    made += [up(STATION, n, lpp((1, 100 + n)), start + n, port=2, profile="Weather") for n in range(3)]
    made.append(up(OTHER, 1, b"\x01", start, profile="Unheard of"))
    return [(m.topic, m.payload) for m in made]


FRAMES = 19


class Shell:
    """`loracity ...` as a person calls it."""

    def __init__(self, folder: Path, settings: dict[str, Any], environment: dict[str, str]) -> None:
        self._environment = environment
        self._config = folder / "loracity.yaml"
        self._config.write_text(json.dumps({**settings, "data_dir": str(folder / "data")}))

    def __call__(self, *words: str, status: int = 0) -> Any:
        """The JSON on stdout; for another status than 0 the text on stderr."""
        command = [sys.executable, "-m", "loracity", *words, "--config", str(self._config)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=self._environment)
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout) if status == 0 else done.stderr

    async def beside(self, *words: str) -> Any:
        """The same while a service runs in this process."""
        return await asyncio.to_thread(self, *words)


def check_listing(listing: dict[str, Any]) -> None:
    assert listing["counts"] == {"unknown_device": FRAMES + 1}
    assert {e["dev_eui"] for e in listing["entries"]} == {*BINS, STATION, OTHER}
    assert {e["profile"] for e in listing["entries"]} == {"Bin sensor v2", "Weather", "Unheard of"}


def check_plan(answer: dict[str, Any]) -> None:
    assert {(d["dev_eui"], d["decoder"]) for d in answer["devices"]} == {
        *((eui, "milesight-em400-mud") for eui in BINS),
        (STATION, "cayenne-lpp"),
    }
    assert {d["dev_eui"]: d["heard"] for d in answer["devices"]}[BINS[1]] == 6
    assert answer["unmatched"] == {"Unheard of": 1}


def check_points(points: list[Point], data: Path) -> None:
    """Every earlier frame is a reading now, where its tags say; only the unadopted device is left in quarantine."""
    radio = [p for p in points if p["measurement"] == "uplink"]
    bins = [p for p in points if p["measurement"] == "waste_bin" and p["tags"].get("channel") != "derived"]
    assert (len(radio), len(bins)) == (FRAMES, 16)
    placed = [p for p in bins if p["tags"].get("asset") == "bin-7"]
    assert {p["tags"]["dev_eui"] for p in placed} == {BINS[0]} and {p["tags"]["zone"] for p in placed} == {"market"}
    assert all(0 < p["fields"]["fill_level"] < 100 for p in placed) and len(placed) == 5
    shared = sorted(p["time_ms"] for p in bins if p["tags"]["dev_eui"] == BINS[1])[-2:]
    assert shared[1] == shared[0] + 1
    assert [e.dev_eui for e in quarantine(data)] == [OTHER]


async def test_first_hour_with_the_service_running(
    tmp_path: Path, broker: MosquittoServer, environment: dict[str, str]
) -> None:
    """Through the admin socket; the next frames of the adopted devices become readings by themselves."""
    settings = {"connections": [mqtt_connection(broker)]}
    loracity = Shell(tmp_path, settings, environment)
    async with City(tmp_path / "data", settings) as city:
        await city.subscribed()
        await publish(broker, traffic())
        await city.settled(FRAMES + 1)
        check_listing(await loracity.beside("quarantine", "list"))
        plan = await loracity.beside("devices", "adopt", "--all", *MATCH, "--dry-run")
        check_plan(plan)
        assert plan["replayed"] is None and not city.service.inventory.devices
        done = await loracity.beside("devices", "adopt", "--all", *MATCH)
        check_plan(done)
        assert done["replayed"] == {"frames": FRAMES, "stored": FRAMES, "quarantined": 0}
        known = {d["dev_eui"]: d for d in await loracity.beside("devices", "list")}
        assert known[BINS[0]]["asset"] == "bin-7" and known[STATION]["last_seen_ms"] is not None
        next_ms = int(time.time() * 1000)
        message = up(BINS[2], 6, mud(444), next_ms, profile="Bin sensor v2")
        await publish(broker, [(message.topic, message.payload)])
        await city.settled(FRAMES + 2)
        assert city.service.latest[BINS[2]].values["distance"].value == 444.0
    points = embedded_points(tmp_path / "data")
    check_points([p for p in points if p["time_ms"] < next_ms], tmp_path / "data")
    assert [p["fields"]["distance"] for p in points if p["time_ms"] == next_ms and "distance" in p["fields"]] == [444.0]


async def test_first_hour_with_the_service_stopped(
    tmp_path: Path, broker: MosquittoServer, environment: dict[str, str]
) -> None:
    """The command takes the lock itself; its result is what a service with this inventory would have made."""
    settings = {"connections": [mqtt_connection(broker)]}
    loracity = Shell(tmp_path, settings, environment)
    assert "there is no data folder" in loracity("quarantine", "list", status=1)
    async with City(tmp_path / "data", settings) as city:
        await city.subscribed()
        await publish(broker, traffic())
        await city.settled(FRAMES + 1)
    done = loracity("devices", "adopt", "--all", *MATCH)
    check_plan(done)
    assert done["replayed"] == {"frames": FRAMES, "stored": FRAMES, "quarantined": 0}
    points = embedded_points(tmp_path / "data")
    check_points(points, tmp_path / "data")
    one = loracity("quarantine", "adopt", OTHER, "cayenne-lpp")
    assert one["replayed"] == {"frames": 1, "stored": 0, "quarantined": 1}
    assert [(e.dev_eui, e.reason) for e in quarantine(tmp_path / "data")] == [(OTHER, "too_short")]
    loracity("replay", "--from", "1d")
    assert embedded_points(tmp_path / "data") == points, "replay and adoption agree"


async def test_adopting_equals_having_known_the_devices(tmp_path: Path, broker: MosquittoServer) -> None:
    """Records after adoption are those of a service that knew the devices when the frames came."""
    rules = {"Bin sensor*": "milesight-em400-mud", "Weather": "cayenne-lpp"}
    connection = mqtt_connection(broker)
    async with City(tmp_path / "data", {"connections": [connection]}) as city:
        await city.subscribed()
        await publish(broker, traffic())
        await city.settled(FRAMES + 1)
        await city.admin("adopt", rules=rules, dry_run=False)
        inventory = await city.admin("export", format="yaml")
    await copy_journal(tmp_path / "data", tmp_path / "fresh")
    enter_devices(tmp_path / "fresh", inventory)
    async with City(tmp_path / "fresh", {"connections": [connection]}) as city:
        await city.settled(FRAMES + 1)
    assert embedded_points(tmp_path / "fresh") == embedded_points(tmp_path / "data")
    assert quarantine(tmp_path / "fresh") == quarantine(tmp_path / "data")
    assert latest(tmp_path / "fresh") == latest(tmp_path / "data")
