"""A whole simulated city through the real path: its past into the journal, and over MQTT, with its truth."""

import argparse
import asyncio
import json
from pathlib import Path

import pytest
import yaml

from gateway_bridge.uplink import Message
from loracity.__main__ import main
from pipeline.journal import Journal
from simulators.cli import add_arguments, run
from simulators.truth import read_rows
from tests.services_city import City, embedded_points, enter_devices, mqtt_connection, quarantine
from tests.services_mosquitto import MosquittoServer, free_port

SERVERS = ("chirpstack4", "chirpstack3", "tts")
HOUR_MS = 3_600_000


@pytest.fixture
def city_file(tmp_path: Path) -> Path:
    """Thirty devices, many faults."""
    path = tmp_path / "city.yaml"
    path.write_text("seed: 4\ndevices: 30\nfaults: 20\n", encoding="utf-8")
    return path


def settings_file(folder: Path, servers: tuple[str, ...] = SERVERS, **more: object) -> Path:
    """Settings of a service whose broker nobody needs."""
    (folder / "data").mkdir(exist_ok=True)
    connections = [
        {"name": lns, "lns": lns, "mqtt": {"port": free_port(), "client_id": f"past-{lns}"}} for lns in servers
    ]
    path = folder / "loracity.yaml"
    path.write_text(yaml.safe_dump({"data_dir": str(folder / "data"), "connections": connections, **more}))
    return path


async def journaled(folder: Path) -> list[Message]:
    journal = Journal(folder / "journal.db", 10**9, 10**12)
    try:
        return [message for _, message in await journal.read(0, 10**6)]
    finally:
        await journal.close()


def test_the_past_goes_into_the_journal_as_if_it_had_been_received_then(
    tmp_path: Path, city_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No service runs: every message lies in the journal with its own time of reception; the truth is complete."""
    settings, truth = settings_file(tmp_path), tmp_path / "truth.jsonl"
    words = ["simulate", str(city_file), "-c", str(settings), "--backfill", "6h", "--truth", str(truth)]
    assert main(words) == 0
    said = json.loads(capsys.readouterr().out)
    messages = asyncio.run(journaled(tmp_path / "data"))
    assert len(messages) == said["messages"] > 100
    times = [message.received_ms for message in messages]
    assert times == sorted(times) and 5 * HOUR_MS < times[-1] - times[0] <= 6 * HOUR_MS
    assert {message.source for message in messages} == set(SERVERS)
    rows = list(read_rows(truth.read_bytes().splitlines()))
    assert len(rows) == said["truth_rows"] and {"fill", "soil", "occupancy"} <= {row.kind for row in rows}


async def test_a_running_service_takes_the_past_and_stores_it(
    tmp_path: Path, city_file: Path, broker: MosquittoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through the service's socket: each uplink becomes readings, nothing lands in quarantine."""
    connections = [mqtt_connection(broker, lns) for lns in SERVERS]
    settings = tmp_path / "loracity.yaml"
    settings.write_text(yaml.safe_dump({"data_dir": str(tmp_path / "data"), "connections": connections}))
    assert await asyncio.to_thread(main, ["simulate", str(city_file), "--inventory", "--backfill", "6h"]) == 0
    enter_devices(tmp_path / "data", capsys.readouterr().out)
    async with City(tmp_path / "data", {"connections": connections}) as city:
        words = ["simulate", str(city_file), "-c", str(settings), "--backfill", "6h"]
        assert await asyncio.to_thread(main, words) == 0
        said = json.loads(capsys.readouterr().out)
        await city.settled(said["messages"])
    assert quarantine(tmp_path / "data") == []
    found = {point["measurement"] for point in embedded_points(tmp_path / "data")}
    assert {"waste_bin", "soil", "parking_bay", "weather", "valve", "uplink"} <= found


def test_a_full_journal_says_where_to_go_on(
    tmp_path: Path, city_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a service nothing makes room: the command ends with the time from which on it has to be repeated."""
    settings = settings_file(tmp_path, journal={"max_bytes": 1_000_000})
    big = tmp_path / "big.yaml"
    big.write_text("devices: 300\n", encoding="utf-8")
    assert main(["simulate", str(big), "-c", str(settings), "--backfill", "30h"]) == 1
    assert "go on with --start 20" in capsys.readouterr().err


def test_a_server_without_a_connection_is_an_error(
    tmp_path: Path, city_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is journaled that the service could not read."""
    settings = settings_file(tmp_path, ("chirpstack4",))
    assert main(["simulate", str(city_file), "-c", str(settings), "--backfill", "1h"]) == 1
    assert "no connection with lns chirpstack3 or tts" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "journal", "--whole-city"], "--backfill"),
        (["--whole-city", "--start", "2999-01-01"], "future"),
        (["--whole-city", "--to", "http://x"], "mqtt://"),
        (["nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_contradictions_are_said_in_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback, no connection."""
    assert main(["simulate", *words]) == 1
    errors = capsys.readouterr().err
    assert said in errors and errors.count("\n") == 1


@pytest.mark.parametrize("words", [["--load", "10"], ["--backfill", "3w"], ["--backfill", "0d"], ["--start", "now"]])
def test_impossible_options_are_refused(words: list[str]) -> None:
    """argparse ends with code 2 before anything is connected."""
    with pytest.raises(SystemExit, match="2"):
        main(["simulate", *words])


@pytest.mark.broker
async def test_the_past_over_mqtt_at_full_speed(
    tmp_path: Path, city_file: Path, broker: MosquittoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """An hour of thirty devices is at the broker in seconds; the command counts what the broker took."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    truth = tmp_path / "truth.jsonl"
    url = f"mqtt://127.0.0.1:{broker.port}"
    words = [str(city_file), "--backfill", "1h", "--to", url, "--truth", str(truth), "--scenario", "gateway-outage"]
    assert await run(parser.parse_args(words)) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["good"] > 10 and said["seconds"] < 60
    assert list(read_rows(truth.read_bytes().splitlines()))


@pytest.mark.broker
async def test_a_city_in_real_time_stops_after_its_count(
    city_file: Path, broker: MosquittoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Faster than the clock it begins in the past; `--count` ends it."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    words = [str(city_file), "--port", str(broker.port), "--speed", "3600", "--count", "25"]
    assert await run(parser.parse_args(words)) == 0
    assert json.loads(capsys.readouterr().out)["good"] == 25
