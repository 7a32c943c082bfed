"""Detectors in the real service: order, repetition, restarts, kill -9 and replay change nothing of what they say; and
planners get their answers from the API and the command line."""

import asyncio
import json
import random
import signal
import sys
from pathlib import Path
from typing import Any

import httpx

from gateway_bridge.uplink import Message
from pipeline.domain.words import LATENESS_MS, is_derived
from pipeline.effects import DomainEventRow
from pipeline.journal import Journal
from pipeline.state import StateStore
from pipeline.state_domain import EventFilter
from tests.city_messages import mud, up
from tests.services_city import City, Point, embedded_points, enter_devices

ROOT = Path(__file__).parents[2]
HOUR = 3_600_000
NOW = 1_780_300_000_000
START = (NOW - 60 * HOUR) // HOUR * HOUR
BIN, OTHER = "24e124713d000001", "24e124713d000002"
SETTINGS: dict[str, Any] = {
    "connections": [{"name": "chirpstack4", "lns": "chirpstack4", "http": {"secret": "only-names-the-connection"}}],
    "batch_uplinks": 20,
}
INVENTORY = f"""
zones: [{{id: market, district: Old Town}}]
assets:
  - {{id: bin-1, kind: waste_bin, zone: market, latitude: 49.49, longitude: 8.47,
      container: {{height_mm: 1000, blind_zone_mm: 100}}}}
  - {{id: bin-2, kind: waste_bin, container: {{height_mm: 1000, blind_zone_mm: 100}}}}
devices:
  - {{dev_eui: '{BIN}', decoder: milesight-em400-mud}}
  - {{dev_eui: '{OTHER}', decoder: milesight-em400-mud}}
assignments:
  - {{dev_eui: '{BIN}', asset: bin-1}}
  - {{dev_eui: '{OTHER}', asset: bin-2}}
"""


def frames() -> list[Message]:
    """Two and a half days of two bins that fill up and are emptied, the second one at another pace."""
    made = []
    for n in range(58):
        first, second = 950 - (n * 31) % 800, 950 - (n * 17) % 700
        made.append(up(BIN, n, mud(first), START + n * HOUR + 60_000))
        made.append(up(OTHER, n, mud(second), START + n * HOUR + 120_000))
    return made


def late_and_doubled(messages: list[Message]) -> list[Message]:
    """Another order of arrival within the lateness bound, by the frames' own times, and a third of them twice."""
    dice = random.Random(7)
    keyed = [(m.received_ms + dice.randrange(LATENESS_MS - HOUR), n, m) for n, m in enumerate(messages)]
    again = [(at + 1, n, m) for at, n, m in keyed if n % 3 == 0]
    return [m for _, _, m in sorted(keyed + again, key=lambda item: item[:2])]


def said(data: Path) -> list[DomainEventRow]:
    store = StateStore(f"sqlite:///{data / 'state.db'}")
    try:
        return store.domain_events(EventFilter(), limit=None)
    finally:
        store.close()


def derived(data: Path) -> list[Point]:
    return [p for p in embedded_points(data) if is_derived(p["tags"].get("channel", ""))]


async def straight(folder: Path) -> tuple[list[Any], list[Point]]:
    """What a service that has everything in order, at once, comes to."""
    enter_devices(folder, INVENTORY)
    async with City(folder, SETTINGS, lambda: NOW) as city:
        await city.accept(frames())
    events = [row.event for row in said(folder)]
    assert {event.kind for event in events} >= {"emptied"} and derived(folder)
    return events, derived(folder)


async def test_order_repetition_and_restarts_change_nothing(tmp_path: Path) -> None:
    """Shuffled within the bound, a third of the messages twice, a restart in between: same ids, same events, same
    derived records."""
    expected = await straight(tmp_path / "a")
    enter_devices(tmp_path / "b", INVENTORY)
    messages = late_and_doubled(frames())
    for part in (messages[:70], messages[70:]):
        async with City(tmp_path / "b", SETTINGS, lambda: NOW) as city:
            for start in range(0, len(part), 9):
                await city.accept(part[start : start + 9])
    assert [row.event for row in said(tmp_path / "b")] == expected[0]
    found = {(p["tags"]["dev_eui"], p["time_ms"]): p["fields"] for p in derived(tmp_path / "b")}
    assert found == {(p["tags"]["dev_eui"], p["time_ms"]): p["fields"] for p in expected[1]}


async def test_replay_changes_nothing_and_rebuilds_what_changed(tmp_path: Path) -> None:
    """An hour replayed twice: nothing is revised. With another geometry the events since are those of a fresh start."""
    expected = await straight(tmp_path / "a")
    revisions = {row.event.id: row.revision for row in said(tmp_path / "a")}
    async with City(tmp_path / "a", SETTINGS, lambda: NOW) as city:
        for _ in range(2):
            await city.admin("replay", from_ms=START + 30 * HOUR, to_ms=START + 31 * HOUR)
        await city.admin("replay", from_ms=START - HOUR, devices=[BIN])
    assert {row.event.id: row.revision for row in said(tmp_path / "a")} == revisions
    assert derived(tmp_path / "a") == expected[1]
    taller = INVENTORY.replace("height_mm: 1000, blind_zone_mm: 100}}", "height_mm: 1600, blind_zone_mm: 100}}", 1)
    async with City(tmp_path / "a", SETTINGS, lambda: NOW) as city:
        await city.import_devices(taller)
        await city.admin("replay", from_ms=START - HOUR)
    enter_devices(tmp_path / "b", taller)
    async with City(tmp_path / "b", SETTINGS, lambda: NOW) as city:
        await city.accept(frames())
    assert [row.event for row in said(tmp_path / "a")] == [row.event for row in said(tmp_path / "b")]
    assert derived(tmp_path / "a") == derived(tmp_path / "b")


async def test_kill_9_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Killed when the store has derived records whose states are not committed: they come again, the same."""
    expected = await straight(tmp_path / "a")
    enter_devices(tmp_path / "b", INVENTORY)
    async with City(tmp_path / "b", SETTINGS, lambda: NOW) as city:
        await city.accept(frames()[:60])
    journal = Journal(tmp_path / "b" / "journal.db", 10**9, 10**12)
    await journal.append(frames()[60:])
    await journal.close()
    config = tmp_path / "loracity.yaml"
    config.write_text(json.dumps({**SETTINGS, "api": {"port": 0}, "data_dir": str(tmp_path / "b")}))
    killed = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "tests" / "killed_domain.py"), str(config), "1", cwd=ROOT
    )
    assert await killed.wait() == -signal.SIGKILL
    async with City(tmp_path / "b", SETTINGS, lambda: NOW) as city:
        await city.settled(len(frames()))
    assert [row.event for row in said(tmp_path / "b")] == expected[0]
    assert derived(tmp_path / "b") == expected[1]


async def test_planners_ask_the_api(tmp_path: Path) -> None:
    """Events by page and filter, today's bins and their route in every format, the done button, problems in words."""
    enter_devices(tmp_path, INVENTORY)
    async with City(tmp_path, SETTINGS, lambda: NOW) as city, httpx.AsyncClient(base_url=city.url) as http:
        await city.accept(frames())
        whole = (await http.get("/api/v1/events")).json()
        assert whole["items"] and whole["next"] is None
        pages, after = [], None
        while True:
            page = (await http.get("/api/v1/events", params={"limit": 2, **({"after": after} if after else {})})).json()
            pages += page["items"]
            after = page["next"]
            if after is None:
                break
        assert pages == whole["items"]
        emptied = (await http.get("/api/v1/events", params={"district": "Old Town", "kind": "emptied"})).json()["items"]
        assert emptied and {(e["asset"], e["kind"]) for e in emptied} == {("bin-1", "emptied")}
        assert await city.admin(
            "events", assets=[], zones=["market"], districts=[], kinds=["emptied"], from_ms=0, to_ms=None,
            withdrawn=False, limit=100,
        ) == emptied  # fmt: skip
        plan = (await http.get("/api/v1/plans/collection", params={"depot": "49.5,8.5"})).json()
        assert plan["bins"] == 2 and plan["route"] is not None
        for form, start in (("gpx", "<?xml"), ("geojson", "{"), ("csv", "round,"), ("html", "<!doctype html>")):
            answer = await http.get("/api/v1/plans/collection", params={"depot": "49.5,8.5", "format": form})
            assert answer.status_code == 200 and answer.text.startswith(start)
            asked = answer.headers["content-type"].partition(";")[0]
            again = await http.get("/api/v1/plans/collection?depot=49.5,8.5", headers={"Accept": asked})
            assert again.headers["content-type"] == answer.headers["content-type"]
        assert (await http.get("/api/v1/plans/collection?format=gpx")).json()["fix"] == "Add depot=latitude,longitude."
        assert (await http.get("/api/v1/plans/parking")).json()["zones"] == []
        assert (await http.get("/api/v1/plans/watering")).json()["needs"] == []
        assert (await http.get("/api/v1/plans/parking?zone=moon")).status_code == 422
        assert (await http.post("/api/v1/assets/no/reports", json={"kind": "emptied"})).status_code == 404
        before = city.journaled
        done = await http.post("/api/v1/assets/bin-1/reports", json={"kind": "emptied", "level": 40})
        assert done.json() == {"accepted": True}
        await city.settled(before + 1)
        assert city.service.keeper.known("bin-1") is not None and city.service.keeper.state.inputs == 117


async def test_planners_ask_the_command_line(tmp_path: Path, environment: dict[str, str]) -> None:
    """The same from a data folder whose service does not run; a report waits in the journal for the next start."""
    enter_devices(tmp_path / "data", INVENTORY)
    async with City(tmp_path / "data", SETTINGS, lambda: NOW) as city:
        await city.accept(frames())
    config = tmp_path / "loracity.yaml"
    config.write_text(json.dumps({**SETTINGS, "data_dir": str(tmp_path / "data")}))

    async def loracity(*words: str) -> str:
        command = [sys.executable, "-m", "loracity", *words, "--config", str(config)]
        done = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1, env=environment, cwd=ROOT)
        out, err = await done.communicate()
        assert done.returncode == 0, err.decode()
        return out.decode()

    events = json.loads(await loracity("events", "--asset", "bin-1", "--from", "2026-01-01"))
    assert {event["asset"] for event in events} == {"bin-1"}
    assert json.loads(await loracity("plan", "collection"))["bins"] == 2
    assert (await loracity("plan", "collection", "--depot", "49.5,8.5", "--format", "csv")).startswith("round,")
    assert json.loads(await loracity("plan", "parking"))["zones"] == []
    assert json.loads(await loracity("report", "bin-1", "emptied", "--at", "1h", "--level", "40")) == {"accepted": True}
    async with City(tmp_path / "data", SETTINGS, lambda: NOW) as city:
        await city.settled(len(frames()) + 1)
        assert city.counts("event") == 1
