"""Ten per cent garbage changes nothing for the good messages."""

import json
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from simulators.fleet import inventory
from simulators.load import LoadSource, load_fleet, with_garbage
from tests.services_city import City, embedded_points, enter_devices, mqtt_connection, publish, quarantine
from tests.services_mosquitto import MosquittoServer

GOOD = 1500
SEED = 11


@pytest.mark.broker
async def test_garbage_is_quarantined_and_nothing_else(tmp_path: Path, broker: MosquittoServer) -> None:
    """Good messages are all stored; each broken one lies in quarantine with a reason, byte for byte."""
    fleet = load_fleet(60, SEED, ("chirpstack4", "tts"))
    source = LoadSource(fleet, unique=True)
    start_ms = int(time.time() * 1000) - GOOD
    mixed = list(with_garbage((source.message(n, start_ms + n) for n in range(GOOD)), 0.1, Random(f"garbage {SEED}")))
    enter_devices(tmp_path / "data", json.dumps(inventory(fleet)))
    connections = [mqtt_connection(broker, "chirpstack4"), mqtt_connection(broker, "tts")]
    async with City(tmp_path / "data", {"connections": connections}) as city:
        await city.subscribed()
        await publish(broker, [(m.topic, m.payload) for m, _ in mixed])
        await city.settled(len(mixed))
        assert city.journaled == len(mixed)
        stored, held = city.counts("stored"), city.counts("quarantined")
    garbage = Counter(m.payload for m, good in mixed if not good)
    entries = quarantine(tmp_path / "data")
    print(f"\n{GOOD} good, {garbage.total()} broken, seed {SEED}: {Counter(e.reason for e in entries)}")
    assert garbage.total() > GOOD / 15
    assert (stored, held) == (GOOD, garbage.total())
    assert Counter(e.payload for e in entries) == garbage
    assert all(e.reason and e.detail for e in entries)
    radio = [p for p in embedded_points(tmp_path / "data") if p["measurement"] == "uplink"]
    assert Counter((p["tags"]["dev_eui"], p["fields"]["f_cnt"]) for p in radio) == Counter(
        (s.dev_eui, float(n // len(source.sensors)))
        for n in range(GOOD)
        for s in [source.sensors[n % len(source.sensors)]]
    )
