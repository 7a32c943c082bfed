"""Replay: old frames decoded with today's inventory give exactly the state of a service that had it from the start."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway_bridge.uplink import RETAINED, Message
from loracity.admin import AdminError, ask
from pipeline.effects import QuarantineEntry
from pipeline.replay import Replayer
from tests.city_messages import lpp, mud, network_event, tts_up, up
from tests.services_city import (
    City,
    Point,
    copy_journal,
    embedded_points,
    enter_devices,
    influx_points,
    influx_store,
    latest,
    quarantine,
)
from tests.services_influx import InfluxServer

HOUR = 3_600_000
BIN, SOIL, STRANGER, PROBE = (f"24e124713d00000{n}" for n in range(1, 5))
CONNECTIONS = [
    {"name": lns, "lns": lns, "http": {"secret": "only-names-the-connection"}} for lns in ("chirpstack4", "tts")
]
ROOT = Path(__file__).parents[2]
KILLED = ROOT / "tests" / "killed_replay.py"

WORSE = f"""
zones: [{{id: market, district: Old Town}}]
assets: [{{id: bin-1, kind: waste_bin, zone: market}}]
devices:
  - {{dev_eui: '{BIN}', decoder: milesight-em400-mud}}
  - {{dev_eui: '{SOIL}', decoder: milesight-em400-mud}}
assignments: [{{dev_eui: '{BIN}', asset: bin-1}}]
"""
"""The bin's geometry is unknown, the thermometer has a wrong decoder, two devices are missing."""
BETTER = f"""
zones: [{{id: market-square, district: Old Town}}]
assets:
  - {{id: bin-1a, kind: waste_bin, zone: market-square, container: {{height_mm: 1000, blind_zone_mm: 200}}}}
devices:
  - {{dev_eui: '{BIN}', decoder: milesight-em400-mud, model: EM400}}
  - {{dev_eui: '{SOIL}', decoder: cayenne-lpp}}
  - {{dev_eui: '{STRANGER}', decoder: milesight-em400-mud}}
assignments: [{{dev_eui: '{BIN}', asset: bin-1a}}]
"""

State = dict[str, Any]
Store = tuple[Callable[[], dict[str, Any]], Callable[[Path, dict[str, Any]], list[Point]]]


@pytest.fixture(params=["embedded", pytest.param("influxdb", marks=pytest.mark.influx)])
def store(request: pytest.FixtureRequest) -> Store:
    """How to set up an empty store, and how to read all of it once the service has stopped."""
    if request.param == "embedded":
        return lambda: {"kind": "embedded"}, lambda data, _: embedded_points(data)
    server: InfluxServer = request.getfixturevalue("influx")
    return lambda: influx_store(server), lambda _, settings: influx_points(server, settings["database"])


def frames(start_ms: int) -> list[Message]:
    """Two hours of four devices: plain frames, a duplicate, frames of one millisecond, several events in one frame, a
    late one, a retained copy, a simulated one, a join and a status, garbage."""
    at = [start_ms + n * 60_000 for n in range(120)]
    made = [up(BIN, n, mud(400 + n), at[n]) for n in range(0, 100, 10)]
    made.insert(3, made[2])
    made += [up(SOIL, n, lpp((1, 200 + n), (1, 210), (2, -5)), at[n], port=2) for n in range(5, 100, 15)]
    made += [up(STRANGER, n, mud(700), at[50]) for n in (1, 2, 3)]
    made += [up(PROBE, n, b"\xff\xff\xff", at[n]) for n in (20, 21)]
    made.append(up(BIN, 900, mud(250), at[1], received_ms=at[110]))
    made.append(up(BIN, 901, mud(260), at[2] + 7, received_ms=at[111], flags=RETAINED))
    made.append(Message("tts", *tts_up(BIN, 950, mud(270), at[70], simulated=True), at[71]))
    made.append(network_event(STRANGER, "status", at[60], margin=7, batteryLevel=55.5))
    made.append(network_event(BIN, "join", at[115], devAddr="01000001"))
    made.append(up(BIN, 0, mud(450, tilted=True), at[116]))
    made.append(Message("chirpstack4", "application/x/device/y/event/up", b"{", at[117]))
    return made


def settings(store: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"connections": CONNECTIONS, "store": store, **more}


def state(data: Path, points: list[Point]) -> State:
    """All that replay must bring about."""
    return {
        "points": points,
        "latest": {row.dev_eui: json.loads(row.body) for row in latest(data)},
        "quarantine": quarantine(data),
    }


def span(found: State, start_ms: int, end_ms: int, devices: Sequence[str] = ()) -> list[Point]:
    """The records with a time in the range, of these devices or all."""
    return [
        p
        for p in found["points"]
        if start_ms <= p["time_ms"] < end_ms
        and (not devices or p["tags"]["dev_eui"].removeprefix("simulated:") in devices)
    ]


async def first_life(
    folder: Path, store: Store, messages: list[Message], inventory: str = WORSE
) -> tuple[dict[str, Any], State]:
    """A service with the first inventory has taken all messages, in several batches, and has stopped."""
    make, read = store
    wanted = settings(make())
    enter_devices(folder, inventory)
    async with City(folder, wanted) as city:
        for start in range(0, len(messages), 7):
            await city.accept(messages[start : start + 7])
    return wanted, state(folder, read(folder, wanted["store"]))


async def replayed(folder: Path, store: Store, wanted: dict[str, Any], inventory: str, **order: Any) -> State:
    """The same service again: a new inventory, one replay."""
    async with City(folder, wanted) as city:
        await city.import_devices(inventory, prune=True)
        report = await city.admin("replay", **order)
        assert report["frames"] > 0
    return state(folder, store[1](folder, wanted["store"]))


async def fresh(folder: Path, source: Path, store: Store, inventory: str) -> State:
    """A service that had this inventory from the start, after the same journal."""
    make, read = store
    wanted = settings(make())
    enter_devices(folder, inventory)
    await copy_journal(source, folder)
    async with City(folder, wanted) as city:
        await city.settled(city.journaled)
    return state(folder, read(folder, wanted["store"]))


def start_of_frames() -> int:
    """Three hours ago, on a whole second."""
    return int(time.time()) * 1000 - 3 * HOUR


async def test_replay_equals_a_fresh_start(tmp_path: Path, store: Store) -> None:
    """Renamed places, a container, another decoder, new devices: records with tags and fields, latest, quarantine."""
    start = start_of_frames()
    wanted, before = await first_life(tmp_path / "a", store, frames(start))
    after = await replayed(tmp_path / "a", store, wanted, BETTER, from_ms=start - HOUR)
    expected = await fresh(tmp_path / "b", tmp_path / "a", store, BETTER)
    assert after == expected
    assert before != after
    bins = [p for p in after["points"] if p["measurement"] == "waste_bin" and p["tags"]["dev_eui"] == BIN]
    assert {p["tags"]["asset"] for p in bins} == {"bin-1a"} and sum("fill_level" in p["fields"] for p in bins) == 12
    strangers = [p["time_ms"] - start for p in after["points"] if p["tags"]["dev_eui"] == STRANGER]
    assert {ms - 50 * 60_000 for ms in strangers if ms < 55 * 60_000} == {0, 1, 2}
    assert {e.device_key for e in before["quarantine"]} == {STRANGER, PROBE, SOIL, ""}
    assert {e.device_key for e in after["quarantine"]} == {PROBE, ""}


async def test_replay_takes_back_what_no_longer_decodes(tmp_path: Path, store: Store) -> None:
    """A device that is taken out of the inventory again leaves store and latest, and its frames enter quarantine."""
    start = start_of_frames()
    wanted, before = await first_life(tmp_path / "a", store, frames(start), BETTER)
    after = await replayed(tmp_path / "a", store, wanted, WORSE, from_ms=start - HOUR)
    assert after == await fresh(tmp_path / "b", tmp_path / "a", store, WORSE)
    assert STRANGER in before["latest"] and STRANGER not in after["latest"]


async def test_replay_of_one_device_touches_no_other(tmp_path: Path, store: Store) -> None:
    """`--device` makes that device's state what it should be and leaves the rest as it was."""
    start = start_of_frames()
    messages = [*frames(start), up(BIN, 5, mud(1), start + 1, received_ms=start + 2 * HOUR)]
    wanted, before = await first_life(tmp_path / "a", store, messages)
    after = await replayed(tmp_path / "a", store, wanted, BETTER, from_ms=start - HOUR, devices=[BIN, STRANGER])
    expected = await fresh(tmp_path / "b", tmp_path / "a", store, BETTER)
    for name, other in ((BIN, expected), (STRANGER, expected), (SOIL, before), (PROBE, before)):
        assert span(after, 0, start + 9 * HOUR, [name]) == span(other, 0, start + 9 * HOUR, [name]), name
        assert after["latest"].get(name) == other["latest"].get(name)
        assert held(after, name) == held(other, name)


def held(found: State, device: str) -> list[QuarantineEntry]:
    return [e for e in found["quarantine"] if e.device_key == device]


async def test_replay_of_a_range_ends_where_it_should(tmp_path: Path, store: Store) -> None:
    """`--from` and `--to`: inside as a fresh start, outside as before; a late frame belongs where its own time is."""
    start = start_of_frames()
    wanted, before = await first_life(tmp_path / "a", store, frames(start))
    low, high = start + 60_000, start + HOUR
    after = await replayed(tmp_path / "a", store, wanted, BETTER, from_ms=low, to_ms=high)
    expected = await fresh(tmp_path / "b", tmp_path / "a", store, BETTER)
    assert span(after, low, high) == span(expected, low, high) != span(before, low, high)
    for edge in ((0, low), (high, start + 9 * HOUR)):
        assert span(after, *edge) == span(before, *edge)
    values = after["latest"][BIN]["values"]
    assert low <= values.pop("fill_level")[3] < high and values.pop("fill_level_source")
    after["latest"][BIN]["values"] = {name: v for name, v in values.items() if not name.endswith("#derived")}
    assert before["latest"][BIN] == after["latest"][BIN], "its newest frames lie outside"
    assert STRANGER in after["latest"]


async def test_a_late_frame_that_no_longer_decodes_is_not_lost(tmp_path: Path, store: Store) -> None:
    """Its time lies in the range, its reception after it: deleted from the store, so it must lie in quarantine."""
    start = start_of_frames()
    messages = [up(BIN, 1, mud(300), start, received_ms=start + HOUR), up(SOIL, 1, mud(300), start + 2 * HOUR)]
    wanted, _ = await first_life(tmp_path / "a", store, messages)
    after = await replayed(tmp_path / "a", store, wanted, "devices: []", from_ms=start - HOUR, to_ms=start + HOUR // 2)
    assert [e.device_key for e in after["quarantine"]] == [BIN]
    assert {p["tags"]["dev_eui"] for p in after["points"]} == {SOIL}


async def test_retry_keeps_the_times_that_frames_were_given(tmp_path: Path, store: Store) -> None:
    """Of three frames of one millisecond the middle one could not be decoded: it comes back between the others."""
    start = start_of_frames()
    messages = [up(BIN, 1, mud(300), start), up(BIN, 2, lpp((1, 5)), start), up(BIN, 3, mud(500), start)]
    wanted, before = await first_life(tmp_path / "a", store, messages)
    assert [e.seq for e in before["quarantine"]] == [2]
    inventory = WORSE.replace(f"{BIN}', decoder: milesight-em400-mud", f"{BIN}', decoder: cayenne-lpp")
    async with City(tmp_path / "a", wanted) as city:
        await city.import_devices(inventory)
        assert await city.admin("retry") == {"frames": 1, "stored": 1, "quarantined": 0}
    after = state(tmp_path / "a", store[1](tmp_path / "a", wanted["store"]))
    assert after["quarantine"] == []
    new = [p for p in after["points"] if p not in before["points"]]
    assert {p["time_ms"] for p in new} == {start + 1}
    assert all(p in after["points"] for p in before["points"])


async def test_replay_is_refused_when_the_journal_no_longer_reaches_back(tmp_path: Path, store: Store) -> None:
    """What could not come back is not deleted: one clear sentence, nothing touched, no marker left."""
    start = start_of_frames()
    wanted, before = await first_life(tmp_path / "a", store, frames(start))
    wanted["journal"] = {"max_age_s": 3600}
    async with City(tmp_path / "a", wanted) as city:
        journal = city.service._journal
        await city.until("old rows are removed", lambda: journal.figures().removed > 0)
        with pytest.raises(AdminError, match=r"replay from .* or later"):
            await city.admin("replay", from_ms=start)
        assert not city.service.replay_marker.exists()
    assert state(tmp_path / "a", store[1](tmp_path / "a", wanted["store"])) == before


async def killed(folder: Path, store: Store, environment: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """A replay by the command line was killed after the deletion and before the first write; settings, and options
    for the next command."""
    start = start_of_frames()
    wanted, before = await first_life(folder / "a", store, frames(start))
    enter_devices(folder / "a", BETTER)
    config = folder / "loracity.yaml"
    config.write_text(json.dumps({**wanted, "data_dir": str(folder / "a")}))
    options = ["replay", "--from", "6h", "--config", str(config)]
    ended = await call(str(KILLED), *options, env=environment, cwd=ROOT)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert (folder / "a" / "replay.json").exists()
    broken = state(folder / "a", store[1](folder / "a", wanted["store"]))
    assert broken["points"] == [] != before["points"]
    return wanted, options


async def call(*words: str, **more: Any) -> "subprocess.CompletedProcess[bytes]":
    """A command of Python's, while this process goes on."""
    return await asyncio.to_thread(
        lambda: subprocess.run([sys.executable, *words], capture_output=True, timeout=60, **more)
    )


async def test_a_killed_replay_is_repeated(tmp_path: Path, store: Store, environment: dict[str, str]) -> None:
    """The next start does it again before anything else."""
    wanted, _ = await killed(tmp_path, store, environment)
    async with City(tmp_path / "a", wanted) as city:
        await city.until("the replay has been repeated", lambda: not city.service.replay_marker.exists())
    after = state(tmp_path / "a", store[1](tmp_path / "a", wanted["store"]))
    assert after == await fresh(tmp_path / "b", tmp_path / "a", store, BETTER)


async def test_a_killed_replay_is_not_forgotten_for_another(tmp_path: Path, environment: dict[str, str]) -> None:
    """The next command repeats it before it does what it is asked for: the replay of one device."""
    store: Store = (lambda: {"kind": "embedded"}, lambda data, _: embedded_points(data))
    _, options = await killed(tmp_path, store, environment)
    done = await call("-m", "loracity", *options, "--device", BIN, env=environment, check=True)
    assert json.loads(done.stdout)["stored"] > 0 and not (tmp_path / "a" / "replay.json").exists()
    after = state(tmp_path / "a", embedded_points(tmp_path / "a"))
    assert after == await fresh(tmp_path / "b", tmp_path / "a", store, BETTER)


def hold_before_first_write(replayer: Replayer) -> asyncio.Event:
    """The old records are deleted, the new ones wait for the event."""
    go_on, original = asyncio.Event(), replayer._write

    async def write(*arguments: Any) -> None:
        await go_on.wait()
        await original(*arguments)

    replayer._write = write  # type: ignore[method-assign,assignment]
    return go_on


async def test_frames_that_arrive_during_a_replay_are_kept(tmp_path: Path, store: Store) -> None:
    """The consumer goes on meanwhile, also with frames whose times lie in the range; a second replay has to wait."""
    start = start_of_frames()
    old, new = frames(start), [up(BIN, 100 + n, mud(500), start + 2 * HOUR + n) for n in range(40)]
    wanted, _ = await first_life(tmp_path / "a", store, old)
    async with City(tmp_path / "a", wanted) as city:
        await city.import_devices(BETTER, prune=True)
        go_on = hold_before_first_write(city.service.replayer)
        replay = asyncio.create_task(city.admin("replay", from_ms=start - HOUR))
        await city.until("it runs", city.service.replay_marker.exists)
        with pytest.raises(AdminError, match="another replay is running"):
            await city.admin("replay", from_ms=start - HOUR)
        for message in new:
            await city.service.intake.store([message])
        await city.settled(len(old) + len(new))
        go_on.set()
        await replay
    after = state(tmp_path / "a", store[1](tmp_path / "a", wanted["store"]))
    expected = await fresh(tmp_path / "b", tmp_path / "a", store, BETTER)
    assert after == expected


async def test_a_replay_cut_off_by_a_stop_is_repeated(tmp_path: Path, store: Store) -> None:
    """Stopping does not wait for it, and nothing of it is left half done."""
    start = start_of_frames()
    wanted, _ = await first_life(tmp_path / "a", store, frames(start))
    async with City(tmp_path / "a", wanted) as city:
        await city.import_devices(BETTER, prune=True)
        path = tmp_path / "a" / "admin.sock"
        async with city.service.consumer.held():  # so that it can't be done before we stop
            asked = asyncio.create_task(asyncio.to_thread(ask, path, "replay", {"from_ms": start - HOUR}))
            await city.until("it runs", city.service.replay_marker.exists)
            await city.stop()
        with pytest.raises(AdminError, match="ended before it answered"):
            await asked
        assert city.service.replay_marker.exists()
    async with City(tmp_path / "a", wanted) as city:
        await city.until("the replay has been repeated", lambda: not city.service.replay_marker.exists())
    after = state(tmp_path / "a", store[1](tmp_path / "a", wanted["store"]))
    assert after == await fresh(tmp_path / "b", tmp_path / "a", store, BETTER)
