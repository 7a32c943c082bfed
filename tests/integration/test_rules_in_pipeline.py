"""The rules for difficult messages and bad days, seen in the store and the state database of a whole service."""

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway_bridge.times import rfc3339
from gateway_bridge.uplink import Message
from tests.city_messages import lpp, mud, network_event, receptions, tts_up, up, v3_up
from tests.services_city import (
    City,
    Point,
    embedded_points,
    enter_devices,
    events,
    gateways,
    influx_points,
    influx_store,
    mqtt_connection,
    publish,
    quarantine,
)
from tests.services_influx import InfluxServer
from tests.services_mosquitto import MosquittoServer

pytestmark = pytest.mark.broker

BIN, OTHER = "24e124713d000001", "24e124713d000002"
INVENTORY = f"devices:\n  - {{dev_eui: '{BIN}', decoder: milesight-em400-mud}}\n"
HOUR = 3_600_000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that knows one bin."""
    enter_devices(tmp_path / "data", INVENTORY)
    return tmp_path / "data"


def now_ms() -> int:
    return int(time.time() * 1000)


def plain(*messages: Message) -> list[tuple[str, bytes]]:
    return [(message.topic, message.payload) for message in messages]


async def stored(data: Path, broker: MosquittoServer, *messages: Message) -> list[Point]:
    """What the embedded store has after these messages came over MQTT one after the other."""
    async with City(data, {"connections": [mqtt_connection(broker)]}) as city:
        await city.subscribed()
        await publish(broker, plain(*messages))
        await city.settled(len(messages))
    return embedded_points(data)


def of(points: list[Point], measurement: str) -> list[Point]:
    return [p for p in points if p["measurement"] == measurement]


def verdict(city: City, name: str) -> tuple[str, str]:
    found = next(check for check in city.service.checks() if check.name == name)
    return found.status, found.detail


async def test_messages_without_acknowledgement_raise_a_lasting_warning(data: Path, broker: MosquittoServer) -> None:
    """QoS 0 is lost while the service is down: readiness and metrics say so, also after good messages."""
    async with City(data, {"connections": [mqtt_connection(broker)]}) as city:
        await city.subscribed()
        assert verdict(city, "connection:chirpstack4")[0] == "ok"
        await publish(broker, plain(up(BIN, 1, mud(300), now_ms())), qos=0)
        await city.settled(1)
        await publish(broker, plain(up(BIN, 2, mud(300), now_ms())))
        await city.settled(2)
        status, detail = verdict(city, "connection:chirpstack4")
        assert status == "warning" and "QoS 0" in detail
        assert b'loracity_mqtt_lossy{connection="chirpstack4"} 1.0' in city.service.metrics()
    assert len(of(embedded_points(data), "waste_bin")) == 2


async def test_retained_messages_are_never_fresh(data: Path, broker: MosquittoServer) -> None:
    """ChirpStack v3 may publish retained: an old copy with a time is history, one without is quarantined."""
    start = now_ms() - HOUR
    await publish(broker, [v3_up(BIN, 1, mud(300), start), v3_up(OTHER, 1, mud(300), None)], retain=True)
    async with City(data, {"connections": [mqtt_connection(broker, "chirpstack3")]}) as city:
        await city.settled(2)
        assert dict(city.service.latest) == {}
    points = embedded_points(data)
    assert [(p["time_ms"], p["fields"]["historical"]) for p in of(points, "waste_bin")] == [(start, True)]
    assert [(e.reason, e.device_key) for e in quarantine(data)] == [("retained_without_time", OTHER)]


async def test_two_copies_by_a_wide_subscription_are_one_reading(data: Path, broker: MosquittoServer) -> None:
    """`#` on The Things Stack delivers an uplink again as `up/normalized`, and downlink commands: one reading."""
    topic, payload = tts_up(BIN, 1, mud(300), now_ms())
    wide = mqtt_connection(broker, "tts", topics=("v3/city@ttn/devices/#",))
    normalized = payload.replace(b'"uplink_message"', b'"uplink_normalized"')
    again = [(f"{topic}/normalized", normalized), (f"{topic.removesuffix('/up')}/down/push", b'{"downlinks": []}')]
    async with City(data, {"connections": [wide]}) as city:
        await city.subscribed()
        await publish(broker, [(topic, payload), *again])
        await city.settled(3)
        assert [city.counts(fate) for fate in ("stored", "ignored", "quarantined")] == [1, 2, 0]
    points = embedded_points(data)
    assert len(of(points, "waste_bin")) == len(of(points, "uplink")) == 1


async def test_a_frame_without_payload_is_a_sign_of_life(data: Path, broker: MosquittoServer) -> None:
    """Port 0: the radio record is kept, no decoder is asked, nothing is quarantined."""
    points = await stored(data, broker, up(BIN, 1, b"", now_ms(), port=0))
    assert [(p["measurement"], p["fields"]["f_port"]) for p in points] == [("uplink", 0.0)]
    assert quarantine(data) == []


async def test_encrypted_payloads_are_kept_not_decoded(data: Path, broker: MosquittoServer) -> None:
    """The network server has no key: quarantine says so, also for devices that rely on the server's object."""
    enter_devices(data, f"devices:\n  - {{dev_eui: '{OTHER}', decoder: object}}\n")
    locked: dict[str, Any] = {"joinServerContext": {"sessionKeyId": "AYfg8rhha5n+FWx0ZaAprA=="}}
    points = await stored(data, broker, *(up(eui, 1, mud(300), now_ms(), **locked) for eui in (BIN, OTHER)))
    assert points == []
    assert [e.reason for e in quarantine(data)] == ["encrypted", "encrypted"]


async def test_simulated_uplinks_stay_apart(data: Path, broker: MosquittoServer) -> None:
    """Somebody pressed "simulate uplink" in the console: stored under a name of its own, never the present."""
    start = now_ms() - HOUR
    async with City(data, {"connections": [mqtt_connection(broker, "tts")]}) as city:
        await city.subscribed()
        await publish(broker, [tts_up(BIN, 1, mud(300), start), tts_up(BIN, 2, mud(999), start + 1, simulated=True)])
        await city.settled(2)
        assert city.service.latest[BIN].values["distance"].value == 300.0
        assert list(city.service.latest) == [BIN]
    found = {p["tags"]["dev_eui"]: p["fields"]["distance"] for p in of(embedded_points(data), "waste_bin")}
    assert found == {BIN: 300.0, f"simulated:{BIN}": 999.0}


async def test_late_frames_and_bad_clocks_are_marked(data: Path, broker: MosquittoServer) -> None:
    """A frame from an hour ago is late and not the latest; one of whose clocks one is days off is suspect."""
    now = now_ms()
    heard = receptions(("0016c001f153a14c", -80, 7.5))
    heard[0]["nsTime"] = rfc3339(now + 1)
    wrong: dict[str, Any] = {"time": rfc3339(now - 2 * 86_400_000), "rxInfo": heard}
    async with City(data, {"connections": [mqtt_connection(broker)]}) as city:
        await city.subscribed()
        late = up(BIN, 2, mud(400), now - HOUR)
        await publish(broker, plain(up(BIN, 1, mud(300), now), late, up(BIN, 3, mud(500), now + 1, **wrong)))
        await city.settled(3)
        known = city.service.latest[BIN]
        assert (known.last_seen_ms, known.values["distance"].value) == (now + 1, 500.0)
    points = {p["time_ms"]: p["fields"] for p in of(embedded_points(data), "uplink")}
    assert {ms: (f["late"], f["time_suspect"]) for ms, f in points.items()} == {
        now - HOUR: (True, False),
        now: (False, False),
        now + 1: (False, True),
    }
    assert points[now - HOUR]["lag"] == pytest.approx(3600, abs=60)


async def test_a_device_status_becomes_device_health(data: Path, broker: MosquittoServer) -> None:
    """Battery and margin that only the network server knows are a record and an event."""
    at = now_ms() - 1000
    points = await stored(data, broker, network_event(BIN, "status", at, margin=-3, batteryLevel=73.5))
    assert [(p["measurement"], p["time_ms"]) for p in points] == [("device_health", at)]
    assert points[0]["fields"]["battery_level"] == 73.5 and points[0]["fields"]["radio_margin"] == -3.0
    assert [(e.kind, e.dev_eui) for e in events(data)] == [("status", BIN)]


async def test_the_best_of_several_gateways_is_told(data: Path, broker: MosquittoServer) -> None:
    """Best by SNR, all counted; an offline gateway's state is not forgotten because others hear something."""
    heard = receptions(("00000000000000a1", -60, 2.0), ("00000000000000a2", -90, 9.0), ("00000000000000a3", -95, -3.0))
    offline = Message("", "eu868/gateway/00000000000000a1/state/conn", b'{"gatewayId": "00000000000000a1"}', 0)
    points = await stored(data, broker, offline, up(BIN, 1, mud(300), now_ms(), rxInfo=heard))
    radio = of(points, "uplink")[0]["fields"]
    assert (radio["gateway"], radio["rssi"], radio["snr"], radio["gateways"]) == ("00000000000000a2", -90.0, 9.0, 3.0)
    found = gateways(data)
    assert sorted(found) == ["00000000000000a1", "00000000000000a2", "00000000000000a3"]
    assert found["00000000000000a1"].online is False


@pytest.mark.influx
async def test_a_poisoned_field_costs_one_line(data: Path, broker: MosquittoServer, influx: InfluxServer) -> None:
    """Another program wrote `distance` as a text: that line is refused and kept, the rest of its uplink is stored; when
    the cause is gone, `quarantine retry` brings it in."""
    store = influx_store(influx)
    at = now_ms()
    settings = {"connections": [mqtt_connection(broker)], "store": store}
    async with City(data, settings) as city:
        await city.subscribed()
        influx.write(store["database"], f'waste_bin,dev_eui=x distance="far" {at - 1}')
        await publish(
            broker, plain(up(BIN, 1, mud(300), at), up(BIN, 2, lpp((1, 5)), at + 1), up(BIN, 3, b"", at + 2, 0))
        )
        await city.settled(3)
        assert city.service.consumer.state.partly_stored == 1
        held = {(e.seq, e.part): e.reason for e in quarantine(data)}
        assert held == {(1, 1): "refused_by_store", (2, 0): "bad_payload"}
        kept = [p for p in influx_points(influx, store["database"]) if p["tags"]["dev_eui"] == BIN]
        assert [(p["measurement"], p["time_ms"]) for p in kept] == [("uplink", at), ("uplink", at + 2)]
        influx.query('DROP MEASUREMENT "waste_bin"', store["database"])
        report = await city.admin("retry", reason="refused_by_store")
        assert report == {"frames": 1, "stored": 1, "quarantined": 0}
    assert (1, 1) not in {(e.seq, e.part) for e in quarantine(data)}
    bins = of(influx_points(influx, store["database"]), "waste_bin")
    assert [(p["time_ms"], p["fields"]["distance"]) for p in bins] == [(at, 300.0)]


@pytest.fixture
def own_influx(tmp_path: Path) -> Iterator[InfluxServer]:
    """An InfluxDB that the test may stop; it demands a password."""
    server = InfluxServer(tmp_path / "influx", auth=True)
    server.start()
    yield server
    server.kill()


@pytest.mark.influx
async def test_outage_and_wrong_password_lose_nothing(
    data: Path, broker: MosquittoServer, own_influx: InfluxServer
) -> None:
    """While InfluxDB is away or refuses us, readings wait in the journal and readiness says why; then all arrive."""
    user, password = own_influx.ADMIN
    store = influx_store(own_influx, username=user, password=password)
    connections = [mqtt_connection(broker)]
    start = now_ms() - HOUR
    async with City(data, {"connections": connections, "store": store}) as city:
        await city.subscribed()
        await publish(broker, plain(up(BIN, 1, mud(301), start)))
        await city.settled(1)
        own_influx.stop()
        await publish(broker, plain(*(up(BIN, n, mud(300 + n), start + n) for n in range(2, 6))))
        await city.until("all are journaled", lambda: city.journaled == 5)
        await city.until("readiness says that the store fails", lambda: verdict(city, "store")[0] == "failing")
        assert "store:" in verdict(city, "store")[1]
        own_influx.start()
        await city.settled(5)
        assert verdict(city, "store") == ("ok", "")
    wrong = {"connections": connections, "store": {**store, "password": "wrong"}}
    async with City(data, wrong) as city:
        await city.subscribed()
        await publish(broker, plain(up(BIN, 6, mud(306), start + 6)))
        await city.until("it is journaled", lambda: city.journaled == 6)
        await city.until("the trouble is named", lambda: city.service.consumer.state.misconfigured)
        status, detail = verdict(city, "store")
        assert status == "failing" and "authorization failed" in detail and "401" in detail
        with pytest.raises(urllib.error.HTTPError) as refused:
            await asyncio.to_thread(urllib.request.urlopen, f"{city.url}/health/ready", timeout=10)
        assert refused.value.code == 503
    async with City(data, {"connections": connections, "store": store}) as city:
        await city.settled(6)
    bins = of(influx_points(own_influx, store["database"]), "waste_bin")
    assert [p["fields"]["distance"] for p in bins] == [301.0, 302.0, 303.0, 304.0, 305.0, 306.0]
