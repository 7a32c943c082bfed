"""Messages of network servers through a real broker, the whole service and a real InfluxDB: each is found again."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from gateway_bridge.parse import parse
from gateway_bridge.times import rfc3339
from gateway_bridge.uplink import RETAINED, EnvelopeError, Event, Message, NetworkEvent, UplinkEvent
from pipeline.fields import ABOUT_RECORD
from pipeline.frames import device_number, frame_number
from tests.envelope_samples import INDEX, OWN, lns_of, read_own, read_third_party, unix_ms
from tests.services_city import (
    City,
    Point,
    counters,
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

pytestmark = [pytest.mark.broker, pytest.mark.influx]

FAR_MS = unix_ms("2026-11-22T00:00:00Z")
CENTURY_S = 100 * 366 * 86400
WEEK_S = 7 * 86400
BOSCH = "1000000000000001"
"""The parking sensor of the public samples: its frames carry no object, but the device is supported."""
INVENTORY = f"devices:\n  - {{dev_eui: '{BOSCH}', decoder: bosch-tps110}}\n"
WITHOUT_DECODER = ("unknown_device", "no_payload_codec", "encrypted")
"""Nothing told how to decode it, or its device was only made for the objects of its other messages."""
NEVER_SUBSCRIBED = ("/command/down", "/down/push", "/down/replace", "/event/up/", "/up/normalized", "/service/data")


class Sample(Struct, frozen=True):
    """One message with the clock at which it arrives. `old_server`: on the broker of the ChirpStack v3."""

    name: str
    message: Message
    lns: str
    refused: str = ""

    @property
    def old_server(self) -> bool:
        return self.lns == "chirpstack3" or self.message.topic.startswith("application/17/")

    @property
    def subscribed(self) -> bool:
        topic = self.message.topic
        if "/gateway/" in f"/{topic}":
            return topic.endswith(("/event/stats", "/state/conn"))
        return not any(part in topic for part in NEVER_SUBSCRIBED) and not topic.endswith("service/data2")

    def events(self) -> list[Event]:
        try:
            return parse(self.message, self.lns, WEEK_S)
        except EnvelopeError:
            return []


def third_party() -> list[Sample]:
    """Those with an MQTT topic; the bridge's clock stands a second after the message's own."""
    found = []
    for entry in INDEX:
        if entry["topic"] and not entry["topic"].startswith(("GET ", "POST ")):
            first = parse(read_third_party(entry, FAR_MS), lns_of(entry), CENTURY_S)[0]
            own_ms = first.server_ms if isinstance(first, UplinkEvent) and first.server_ms else first.event_ms
            found.append(Sample(entry["file"], read_third_party(entry, own_ms + 1000), lns_of(entry)))
    return found


def own() -> list[Sample]:
    """The project's own with an MQTT topic, at the time that they name; retained ones have a test of their own."""
    found = []
    for path in OWN:
        sample, message = read_own(path)
        if message.topic and not message.topic.startswith("http/") and not message.flags & RETAINED:
            found.append(Sample(path.name, message, sample["lns"], sample.get("refused", "")))
    return found


def rounds(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Samples in groups without duplicates of one frame (many were made from one): each group meets a fresh service."""
    groups: list[tuple[set[Any], list[Sample]]] = []
    for sample in samples:
        keys = {_identity(event) for event in sample.events()} - {None}
        for taken, group in groups:
            if keys.isdisjoint(taken):
                taken |= keys
                group.append(sample)
                break
        else:
            groups.append((keys, [sample]))
    return [group for _, group in groups]


def _identity(event: Event) -> object:
    if isinstance(event, UplinkEvent):
        return device_number(event.device_key), frame_number(event)
    return (event.device_key, event.event_id or event.event_ms) if event.kind == "join" else None


class Clock:
    """The service's clock, set by the test."""

    def __init__(self) -> None:
        self.now = FAR_MS

    def __call__(self) -> int:
        return self.now


async def run(
    samples: Sequence[Sample], tmp_path: Path, brokers: tuple[MosquittoServer, MosquittoServer], influx: InfluxServer
) -> list[tuple[str, str, str, str]]:
    """One fresh service takes all of them, one by one; (sample, device, outcome, reason) of each."""
    broker, old = brokers
    clock = Clock()
    store = influx_store(influx)
    other = {"name": "other", "topics": ("x/#", "city/#", "any/#", "mqtt/things/+/uplink")}
    connections = [
        mqtt_connection(broker, "chirpstack4"), mqtt_connection(broker, "tts"), mqtt_connection(broker, "multitech"),
        mqtt_connection(broker, "ttn2"), mqtt_connection(broker, "auto", **other), mqtt_connection(old, "chirpstack3"),
    ]  # fmt: skip
    settings = {"connections": connections, "store": store, "provisioning": {"mode": "auto"}}
    data = tmp_path / "data"
    enter_devices(data, INVENTORY)
    numbers: dict[str, int] = {}
    async with City(data, settings, clock) as city:
        await city.subscribed()
        for sample in samples:
            clock.now = sample.message.received_ms
            before = city.journaled
            await publish(old if sample.old_server else broker, [(sample.message.topic, sample.message.payload)])
            if sample.subscribed:
                await city.until(f"{sample.name} is journaled", _more_than(city, before))
                numbers[sample.name] = city.journaled
        await city.settled(len(numbers))
        assert city.journaled == len(numbers), "something nobody subscribes to left a trace"
        fates = {fate: city.counts(fate) for fate in ("stored", "quarantined", "event", "ignored", "duplicate")}
    points = influx_points(influx, store["database"])
    found = [outcome(s, numbers.get(s.name), data, points) for s in samples]
    assert sum(fates.values()) == len(numbers)
    assert fates["ignored"] == sum(1 for row in found if row[2] == "ignored")
    assert fates["ignored"] == sum(n for (name, label), n in counters(data).items() if label.startswith("ignored:"))
    return found


def _more_than(city: City, before: int) -> Callable[[], bool]:
    return lambda: city.journaled > before


def _sender(event: Event) -> str:
    if isinstance(event, UplinkEvent):
        return event.device_key
    return event.device_key or event.dev_eui or event.gateway_id or ""


def outcome(sample: Sample, seq: int | None, data: Path, points: list[Point]) -> tuple[str, str, str, str]:
    """What became of a sample, by what lies in InfluxDB and in the state database."""
    told = sample.events()
    device = _sender(told[0]) if told else ""
    if seq is None:
        return sample.name, device, "no trace", "nobody subscribes to it"
    held = [entry.reason for entry in quarantine(data) if entry.seq == seq]
    if held:
        return sample.name, device, "quarantine", ", ".join(held)
    first = told[0]
    if isinstance(first, UplinkEvent):
        return sample.name, device, *readings_of(first, points)
    if first.kind == "ignored":
        return sample.name, device, "ignored", first.code
    if first.kind == "gateway_stats":
        seen = gateways(data)[first.gateway_id or ""]
        assert seen.stats is not None
        return sample.name, device, "gateway", f"rx {seen.stats.get('rx')}"
    rows = [event for event in events(data) if event.seq == seq]
    assert [row.kind for row in rows] == [first.kind], sample.name
    return sample.name, device, "event", f"{first.kind} {health_of(first, points)}".strip()


def readings_of(event: UplinkEvent, points: list[Point]) -> tuple[str, str]:
    """By the frame's own record, which may have been moved on by some ms, and what stands beside it."""
    tag = f"simulated:{event.device_key}" if event.simulated else event.device_key
    near = [p for p in points if p["tags"]["dev_eui"] == tag and 0 <= p["time_ms"] - event.event_ms < 100]
    count = None if event.f_cnt is None else float(event.f_cnt)
    radio = [
        p["time_ms"]
        for p in near
        if p["measurement"] == "uplink" and (p["fields"]["f_port"], p["fields"].get("f_cnt")) == (event.f_port, count)
    ]
    assert radio, f"{tag} at {rfc3339(event.event_ms)} is missing"
    named = {n for p in near if p["time_ms"] in radio and p["measurement"] != "uplink" for n in p["fields"]}
    return ("readings", " ".join(sorted(named - ABOUT_RECORD.keys()))) if named else ("sign of life", "")


def health_of(event: NetworkEvent, points: list[Point]) -> str:
    if event.kind != "status":
        return ""
    mine = [p for p in points if p["measurement"] == "device_health" and p["time_ms"] == event.event_ms]
    return "device_health" if mine else ""


def table(rows: list[tuple[str, str, str, str]]) -> None:
    print()
    for name, device, what, reason in rows:
        print(f"{name:55} {device:38.38} {what:12} {reason}")


async def run_all(samples: list[Sample], tmp_path: Path, influx: InfluxServer) -> list[tuple[str, str, str, str]]:
    """In as many rounds as needed; all outcomes in the samples' order."""
    brokers = (MosquittoServer(tmp_path / "broker"), MosquittoServer(tmp_path / "old-broker"))
    found: dict[str, tuple[str, str, str, str]] = {}
    for broker in brokers:
        broker.start()
    try:
        for number, group in enumerate(rounds(samples)):
            found.update((row[0], row) for row in await run(group, tmp_path / str(number), brokers, influx))
    finally:
        for broker in brokers:
            broker.kill()
    return [found[sample.name] for sample in samples]


def check(samples: list[Sample], rows: list[tuple[str, str, str, str]]) -> None:
    """What must become readings did; everything else lies where its reason says."""
    for sample, (name, _, what, reason) in zip(samples, rows, strict=True):
        told = sample.events()
        first = told[0] if told else None
        if not sample.subscribed:
            assert what == "no trace", name
        elif first is None:
            assert what == "quarantine", name
        elif isinstance(first, UplinkEvent):
            supported = first.device_key == BOSCH
            if (first.decoded or supported) and not first.encrypted:
                assert what == "readings", f"{name}: {what} {reason}"
            else:
                assert what == "sign of life" or (what == "quarantine" and reason in WITHOUT_DECODER), f"{name}: {what}"
        else:
            assert what in ("event", "gateway", "ignored"), name


async def test_public_samples(tmp_path: Path, influx: InfluxServer) -> None:
    """Every captured or documented message with a topic is found again as readings, event, or with its reason."""
    samples = third_party()
    if not samples:
        pytest.skip("no third-party samples beside the checkout")
    rows = await run_all(samples, tmp_path, influx)
    table(rows)
    check(samples, rows)


async def test_own_retained_samples(tmp_path: Path, broker: MosquittoServer, influx: InfluxServer) -> None:
    """What the broker kept from before we came: history, the state of a gateway, and no sign that anything lives."""
    found = [(sample, message) for sample, message in map(read_own, OWN) if message.flags & RETAINED]
    assert {sample["lns"] for sample, _ in found} == {"chirpstack3"} and len(found) == 2
    await publish(broker, [(m.topic, m.payload) for _, m in found], retain=True)
    store, clock = influx_store(influx), Clock()
    clock.now = max(m.received_ms for _, m in found)
    settings = {
        "connections": [mqtt_connection(broker, "chirpstack3")],
        "store": store,
        "provisioning": {"mode": "auto"},
    }
    async with City(tmp_path / "data", settings, clock) as city:
        await city.settled(len(found))
        assert dict(city.service.latest) == {}
    readings = [p for p in influx_points(influx, store["database"]) if p["measurement"] != "uplink"]
    assert readings and all(p["fields"]["historical"] for p in readings)
    seen = gateways(tmp_path / "data").values()
    assert any(row.online is False for row in seen)
    assert all(row.last_seen_ms < clock.now - 86_400_000 for row in seen), "heard when the frames were, not now"
    assert quarantine(tmp_path / "data") == []


async def test_own_samples(tmp_path: Path, influx: InfluxServer) -> None:
    """The project's own messages, the refused ones with the reason that their file names."""
    samples = own()
    rows = await run_all(samples, tmp_path, influx)
    table(rows)
    check(samples, rows)
    refused = {sample.name: sample.refused for sample in samples if sample.refused and sample.subscribed}
    assert refused == {name: reason for name, _, what, reason in rows if what == "quarantine" and name in refused}
    assert len(samples) > 60
