"""Each sample message of a network server gives the events that it should; protobuf says the same as JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from chirpstack_api.gw import gw_pb2  # type: ignore[import-untyped]
from chirpstack_api.integration import integration_pb2  # type: ignore[import-untyped]
from google.protobuf import json_format  # type: ignore[import-untyped]

from gateway_bridge.inspect import describe
from gateway_bridge.parse import parse
from gateway_bridge.uplink import EnvelopeError, Message, UplinkEvent
from tests.envelope_samples import INDEX, OWN, lns_of, read_own, read_third_party, unix_ms

WEEK_S = 7 * 86400
KINDS = {
    "error": "log",
    "command-down": "ignored",
    "integration": "ignored",
    "gateway-stats": "gateway_stats",
    "gateway-conn": "gateway_state",
    "gateway-up": "ignored",
    "gateway-ack": "ignored",
    "down-ack": "ack",
    "down-nack": "ack",
    "down-failed": "downlink",
    "down-queued": "downlink",
    "location-solved": "location",
    "service-data": "ignored",
    "online": "log",
    "offline": "log",
}


def assert_holds(expected: Any, found: Any, where: str) -> None:
    """Every expected key is there with its value; keys that aren't expected may be anything; lists are as long."""
    if isinstance(expected, dict):
        assert isinstance(found, dict), where
        for key, value in expected.items():
            assert key in found, f"{where}.{key} is missing"
            assert_holds(value, found[key], f"{where}.{key}")
    elif isinstance(expected, list):
        assert isinstance(found, list) and len(found) == len(expected), f"{where}: {found!r}"
        for index, value in enumerate(expected):
            assert_holds(value, found[index], f"{where}[{index}]")
    else:
        assert found == expected, f"{where}: {found!r}, expected {expected!r}"


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_own_sample(path: Path) -> None:
    """Each message gives exactly the events that its file expects, or is refused with the reason that it names."""
    sample, message = read_own(path)
    if "refused" in sample:
        with pytest.raises(EnvelopeError) as refusal:
            parse(message, sample["lns"], WEEK_S)
        assert refusal.value.reason == sample["refused"]
        return
    events = [describe(event) for event in parse(message, sample["lns"], WEEK_S)]
    json.dumps(events, allow_nan=False, ensure_ascii=False).encode()
    assert_holds(sample["expect"], events, path.stem)


def test_own_samples_are_there() -> None:
    """The loop above has something to run over."""
    assert len(OWN) >= 100


def parse_on_time(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The events with the bridge's clock one second after the message's own server time."""
    lns = lns_of(entry)
    far = unix_ms("2026-11-22T00:00:00Z")
    first = parse(read_third_party(entry, far), lns, 100 * 366 * 86400)[0]
    clock = first.server_ms if isinstance(first, UplinkEvent) and first.server_ms is not None else first.event_ms
    return [describe(event) for event in parse(read_third_party(entry, clock + 1000), lns, WEEK_S)]


@pytest.mark.parametrize("entry", INDEX, ids=lambda entry: entry["file"])
def test_third_party_sample(entry: dict[str, Any]) -> None:
    """Every public message parses as its index describes, on its own connection and when guessed by content."""
    events = parse_on_time(entry)
    assert len(events) == 1
    event = events[0]
    json.dumps(event, allow_nan=False)
    assert event["kind"] == KINDS.get(entry["event"], entry["event"])
    assert event["lns"] == lns_of(entry)
    if event["dev_eui"] is not None:
        assert event["dev_eui"] == f"{int(event['dev_eui'], 16):016x}"
    assert [describe(guess) for guess in parse(read_third_party(entry, 1), "auto", WEEK_S)] == [
        describe(known) for known in parse(read_third_party(entry, 1), event["lns"], WEEK_S)
    ]


MATRIX: dict[str, dict[str, Any]] = {
    "chirpstack-v4/docs-up.json": {"f_cnt": 0, "confirmed": False},
    "chirpstack-v4/up-v40-zero-fields-missing.json": {"f_cnt": 0, "gateways": [{"latitude": None, "longitude": None}]},
    "tts/docs-mqtt-up-2019-fcnt-missing.json": {"f_cnt": 0, "f_port": 15},
    "chirpstack-v4/constructed-up-mac-only-fport0.json": {"f_cnt": 0, "f_port": 0, "payload_hex": ""},
    "tts/constructed-up-mac-only-first-frame.json": {"f_cnt": 0, "f_port": 0, "payload_hex": ""},
    "chirpstack-v4/constructed-up-e2e-encrypted.json": {"encrypted": True, "decoded": None},
    "loriot/constructed-rx-encrypted.json": {"encrypted": True},
    "chirpstack-v4/constructed-up-fsk.json": {"data_rate": "FSK50000", "gateways": [{"snr": None}]},
    "chirpstack-v4/constructed-up-lr-fhss.json": {"data_rate": "LRFHSS336", "gateways": [{"snr": None}]},
    "tts/constructed-up-fsk.json": {"data_rate": "FSK50000", "gateways": [{"snr": None}]},
    "tts/constructed-up-lr-fhss.json": {"data_rate": "LRFHSS137", "gateways": [{"snr": None}]},
    "chirpstack-v4/constructed-up-zero-location-zero-rssi.json": {
        "gateways": [{"rssi": 0, "snr": 0, "latitude": None}]
    },
    "chirpstack-v4/up-time-not-equal-gwtime.json": {
        "event_time": "2024-11-12T12:51:50.819Z",
        "time_source": "server",
        "time_suspect": True,
    },
    "chirpstack-v4/up-class-c-gwtime-800ms-early.json": {
        "event_time": "2024-01-24T16:47:01.573Z",
        "time_suspect": False,
    },
    "chirpstack-v4/up-hono-fixture.json": {"device_key": "01020304050607ab", "data_rate": "SF11BW125"},
    "chirpstack-v4/constructed-up-fcnt-32bit.json": {"f_cnt": 65536},
    "chirpstack-v4/up-two-gateways-city.json": {"gateways": [{"rssi": -113}, {"rssi": -106}], "f_cnt": 3358},
    "chirpstack-v4/log-retransmission.json": {"level": "WARNING", "code": "UPLINK_F_CNT_RETRANSMISSION"},
    "chirpstack-v4/status-external-power.json": {"values": {"battery_percent": None, "external_power": True}},
    "chirpstack-v4/constructed-status-battery-unavailable.json": {"values": {"battery_percent": None}},
    "chirpstack-v4/status-negative-margin.json": {"values": {"margin_db": -3, "battery_percent": 73.62205}},
    "chirpstack-v4/docs-integration.json": {"code": "unknown_event"},
    "chirpstack-gateway/conn-offline.json": {"values": {"online": False}},
    "chirpstack-gateway/conn-online.json": {"values": {"online": True}},
    "chirpstack-v3/jsonv3-up.json": {"dev_eui": "0202020202020202", "decoded": {"temperatureSensor": {"1": 25}}},
    "chirpstack-v3/pbjson-up.json": {"dev_eui": "0202020202020202", "decoded": {"temperatureSensor": 25}},
    "chirpstack-v3/jsonv3-up-old-rx-topic.json": {"time_source": "bridge", "f_cnt": 0},
    "chirpstack-v3/pbjson-up-no-time-confirmed.json": {
        "event_time": "2025-01-09T18:36:09.010Z",
        "confirmed": True,
        "decoded": None,
    },
    "tts/up-own-gateway-and-packetbroker.json": {"gateways": [{"gateway_id": "6a7e111a10000000"}], "f_cnt": 5017},
    "tts/up-simulated-2022.json": {"simulated": True, "f_cnt": None},
    "tts/up-simulated-2020-without-flag.json": {"simulated": True},
    "tts/storage-cli-zero-time.json": {
        "simulated": True,
        "dev_eui": None,
        "device_key": "app1/dev1",
        "event_time": "2021-02-04T19:32:31.488Z",
    },
    "tts/up-hono-fixture.json": {"time_source": "bridge", "f_cnt": 9},
    "tts/storage-api-line.json": {"backfilled": True, "event_time": "2020-08-24T10:08:44.634Z"},
    "milesight-gateway/http-uplink-bad-time.json": {"time_source": "bridge", "f_cnt": 0},
    "actility/thingpark-real-us.json": {
        "f_cnt": 26,
        "frequency_hz": 902500000,
        "gateways": [{"rssi": -114, "snr": 4.75}],
    },
    "actility/location-engine-report.json": {"kind": "location", "values": {"latitude": 1.3791139358924838}},
    "proximus/uplink.json": {"f_cnt": 23, "f_port": 6, "event_time": "2019-02-27T14:39:20.000Z"},
    "kpn-things/senml-measurement.json": {"decoded": {"battery": "32.0"}},
    "aws-iot-core/uplink-docs-full.json": {"dev_eui": None, "f_port": 136, "f_cnt": 1},
    "aws-iot-core/uplink-2020.json": {"f_cnt": None, "dev_eui": "a84041d55182720b"},
    "loriot/gw-real.json": {"f_cnt": 136, "event_time": "2024-11-14T17:27:41.145Z"},
    "orbiwise/uplink.json": {"f_cnt": 57, "frequency_hz": 868500000, "dev_addr": "108d38f5"},
}


@pytest.mark.parametrize(
    "entry", [entry for entry in INDEX if entry["file"] in MATRIX], ids=lambda entry: entry["file"]
)
def test_third_party_matrix(entry: dict[str, Any]) -> None:
    """What the samples were collected to show holds, with the bridge's clock a second after the server's."""
    assert_holds([MATRIX[entry["file"]]], parse_on_time(entry), entry["file"])


MESSAGES = {
    "up": integration_pb2.UplinkEvent,
    "join": integration_pb2.JoinEvent,
    "ack": integration_pb2.AckEvent,
    "txack": integration_pb2.TxAckEvent,
    "log": integration_pb2.LogEvent,
    "status": integration_pb2.StatusEvent,
    "location": integration_pb2.LocationEvent,
    "stats": gw_pb2.GatewayStats,
    "conn": gw_pb2.ConnState,
}


def json_samples() -> list[Any]:
    """(topic, JSON) of every ChirpStack v4 and gateway event whose type the official classes know."""
    own = [(path.stem, *read_own(path)) for path in OWN if path.stem.startswith(("chirpstack4-", "gateway-"))]
    cases = [(name, m.topic, m.payload) for name, sample, m in own if "message" in sample and "refused" not in sample]
    public = [entry for entry in INDEX if entry["lns"] in ("chirpstack-v4", "chirpstack-gateway")]
    cases += [(entry["file"], entry["topic"], read_third_party(entry, 0).payload) for entry in public]
    return [pytest.param(topic, payload, id=name) for name, topic, payload in cases if is_comparable(name, topic)]


def is_comparable(name: str, topic: str) -> bool:
    """Not frames between gateway and server, nor a level and a code that the generated classes drop as unknown."""
    event = topic.rpartition("/")[2]
    is_gateway = "gateway/" in topic
    return event in MESSAGES and is_gateway == (event in ("stats", "conn")) and name != "chirpstack4-log-new-code"


@pytest.mark.parametrize(("topic", "payload"), json_samples())
def test_protobuf_says_the_same_as_json(topic: str, payload: bytes) -> None:
    """A ChirpStack v4 event, serialised by the official generated classes, gives the same events as its JSON."""
    shape = MESSAGES[topic.rpartition("/")[2]]
    document = json.loads(payload)
    for heard in document.get("rxInfo", ()):
        if "time" in heard:  # before 4.6; the generated classes know only its successor
            heard.setdefault("gwTime", heard.pop("time"))
    try:
        binary = json_format.ParseDict(document, shape(), ignore_unknown_fields=True).SerializeToString()
    except json_format.ParseError as error:
        pytest.skip(f"not readable by the official classes: {error}")
    received_ms = unix_ms("2025-06-01T10:15:31Z")
    years = 100 * 366 * 86400
    from_json = parse(Message("test", topic, payload, received_ms), "chirpstack4", years)
    from_binary = parse(Message("test", topic, binary, received_ms), "chirpstack4", years)
    assert from_binary == from_json
