"""The living city: repeatable to the byte, understood by our bridge and decoders, and with a life worth seeing."""

import json
from collections import Counter, defaultdict
from itertools import islice, pairwise

import pytest
import yaml

from decoders.registry import decode
from decoders.vocabulary import QUANTITIES
from gateway_bridge.parse import parse
from gateway_bridge.uplink import Message as Arrived
from gateway_bridge.uplink import NetworkEvent, UplinkEvent
from pipeline.inventory_files import parse_yaml
from simulators.city import Timed, city_messages
from simulators.fleet import Fleet, FleetSize, build_fleet, inventory
from simulators.signals import DAY_S, air_temperature, rain_intensity, stream_of

START_MS = 1_767_225_600_000
FLEET = build_fleet(1)
BY_EUI = {sensor.dev_eui: sensor for sensor in FLEET.sensors}


def first(count: int, fleet: Fleet = FLEET, speed: float = 60.0) -> list[Timed]:
    return list(islice(city_messages(fleet, START_MS, speed), count))


def events(timed: Timed) -> list[UplinkEvent | NetworkEvent]:
    message = timed.message
    lns = "tts" if message.topic.startswith("v3/") else "chirpstack4"
    return parse(Arrived("test", message.topic, message.payload, timed.due_ms + 300), lns, 7 * 86_400)


def test_same_seed_same_bytes() -> None:
    """Two cities of one seed send the same messages at the same times; another seed sends others."""
    assert first(500) == first(500, build_fleet(1))
    assert first(500) != first(500, build_fleet(2))


def test_messages_come_in_order() -> None:
    """Nobody has to sort what the city sends."""
    times = [timed.due_ms for timed in first(2_000)]
    assert times == sorted(times)


def test_every_device_speaks_within_half_a_minute() -> None:
    """A demo shows the whole city at once: each device joins, and sends within 20 seconds of its own time."""
    soon = [t for t in first(300, speed=1.0) if t.due_ms < START_MS + 30_000]
    heard = {event.dev_eui for timed in soon for event in events(timed) if isinstance(event, UplinkEvent)}
    assert heard == set(BY_EUI)


def test_our_bridge_and_decoders_understand_everything() -> None:
    """All events parse without doubt, and each payload decodes to plausible values without a warning."""
    kinds: Counter[str] = Counter()
    decoded_by: Counter[str] = Counter()
    for timed in first(3_000, speed=600.0):
        (event,) = events(timed)
        kinds[event.kind] += 1
        if not isinstance(event, UplinkEvent):
            continue
        sensor = BY_EUI[event.dev_eui or ""]
        decoded = decode(sensor.decoder, event.f_port, event.payload, timed.due_ms)
        assert decoded.values and not decoded.warnings
        assert {value.quality for value in decoded.values} == {"ok"}
        assert {value.quantity for value in decoded.values} <= set(QUANTITIES)
        decoded_by[sensor.decoder] += 1
        assert abs(event.event_ms - timed.due_ms) < 1_000 and not event.time_suspect
        assert event.gateways and all(-130 <= heard.rssi <= -20 for heard in event.gateways)
        assert event.event_id
    assert set(kinds) == {"up", "join", "status"}
    assert set(decoded_by) == {sensor.decoder for sensor in FLEET.sensors}


def test_frame_counters_rise_by_one() -> None:
    """Each device counts its frames from 0, though The Things Stack doesn't say so for the first."""
    counters = defaultdict(list)
    for timed in first(2_000):
        for event in events(timed):
            if isinstance(event, UplinkEvent):
                counters[event.dev_eui].append(event.f_cnt)
    for counted in counters.values():
        assert counted == list(range(len(counted)))


def test_messages_look_like_the_real_ones() -> None:
    """ChirpStack leaves out zeros in receptions and writes `+00:00`; The Things Stack upper-case EUIs and `Z`."""
    texts = {timed.message.topic: json.loads(timed.message.payload) for timed in first(400)}
    ours = [body for topic, body in texts.items() if topic.endswith("/event/up")]
    theirs = [body for topic, body in texts.items() if topic.endswith("/up") and topic.startswith("v3/")]
    assert ours and theirs
    for body in ours:
        assert body["time"].endswith("+00:00") and body["deviceInfo"]["devEui"] in BY_EUI
        assert 700 < len(json.dumps(body)) < 1_800
        assert all(0 not in reception.values() for reception in body["rxInfo"])
    for body in theirs:
        assert body["received_at"].endswith("Z") and body["end_device_ids"]["dev_eui"].lower() in BY_EUI
        assert isinstance(body["uplink_message"]["settings"]["frequency"], str)


def test_speed_makes_the_city_live_faster_but_never_in_the_future() -> None:
    """The same uplinks come sixty times closer together, and carry the times at which they are sent."""
    slow, fast = first(300, speed=1.0), first(300, speed=60.0)
    assert slow[-1].due_ms - START_MS > 20 * (fast[-1].due_ms - START_MS)


def test_inventory_is_what_the_pipeline_reads() -> None:
    """The exported document passes the pipeline's own check, and covers every device with its decoder."""
    document = inventory(build_fleet(3, FleetSize(bins=30, soil_probes=4, bays=5)))
    wishes = parse_yaml(yaml.safe_dump(document))
    assert len(wishes.devices) == len(wishes.assets) == len(wishes.assignments) == 40
    assert set(wishes.zones) == {zone["id"] for zone in document["zones"]}


def test_devices_are_distinct() -> None:
    """EUIs, names and assets are unique, and the EUIs belong to no vendor."""
    fleet = build_fleet(1, FleetSize(bins=500, soil_probes=200, bays=300, weather_stations=3))
    for attribute in ("dev_eui", "name", "asset"):
        values = [getattr(sensor, attribute) for sensor in fleet.sensors]
        assert len(set(values)) == len(values)
    assert all(int(sensor.dev_eui[:2], 16) & 2 and len(sensor.dev_eui) == 16 for sensor in fleet.sensors)


def test_bins_fill_and_are_emptied() -> None:
    """Over two weeks a bin fills (the distance falls), is emptied, and its alarms come in pairs."""
    sensor = next(s for s in FLEET.sensors if s.container is not None)
    assert sensor.container is not None
    rows = []
    for time_s, values in stream_of(sensor, 1, 0.0):
        if time_s > 14 * DAY_S:
            break
        rows.append(values)
    distances = [float(row["distance"]) for row in rows]
    jumps = [after - before for before, after in pairwise(distances)]
    reach = sensor.container.empty_mm - sensor.container.full_mm
    assert sum(jump > 0.3 * reach for jump in jumps) >= 3
    assert max(distances) - min(distances) > 0.5 * reach
    alarms = [row["event:distance"] for row in rows if "event:distance" in row]
    assert all(before != after for before, after in pairwise(alarms))


def test_bays_change_and_send_heartbeats() -> None:
    """A bay alternates between free and occupied, and speaks at least twice a day."""
    sensor = next(s for s in FLEET.sensors if s.kind == "parking_bay")
    rows = list(islice(stream_of(sensor, 1, 0.0), 200))
    changes = [row["occupied"] for _, row in rows if "event" not in row]
    assert all(before != after for before, after in pairwise(changes)) and len(changes) > 100
    assert max(after - before for (before, _), (after, _) in pairwise(rows)) <= DAY_S / 2


def test_rain_wets_the_soil() -> None:
    """There are wet and dry hours, and moisture stays in what soil can hold."""
    hours = [rain_intensity(1, hour * 3600.0) for hour in range(24 * 60)]
    assert 0.005 < sum(rain > 0 for rain in hours) / len(hours) < 0.2
    sensor = next(s for s in FLEET.sensors if s.kind == "soil")
    moisture = [float(row["soil_moisture_vwc"]) for _, row in islice(stream_of(sensor, 1, 0.0), 4_000)]
    assert 5 < min(moisture) < max(moisture) < 46 and max(moisture) - min(moisture) > 5


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_temperatures_have_seasons_and_days(seed: int) -> None:
    """Summer is warmer than winter, the afternoon warmer than the night, both on average."""

    def mean(day: int, hour: int) -> float:
        return sum(air_temperature(seed, (day + n) * DAY_S + hour * 3600) for n in range(20)) / 20

    assert mean(190, 12) > mean(10, 12) + 8
    assert mean(100, 15) > mean(100, 3) + 5


def test_stream_depends_on_its_own_chance_only() -> None:
    """Adding devices to a city changes nothing for those that were there."""
    small = {s.dev_eui: s for s in build_fleet(1, FleetSize(bins=3, soil_probes=0, bays=0, weather_stations=0)).sensors}
    for eui, sensor in small.items():
        assert list(islice(stream_of(sensor, 1, 0.0), 50)) == list(islice(stream_of(BY_EUI[eui], 1, 0.0), 50))
