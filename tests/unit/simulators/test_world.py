"""The world: repeatable to the byte, true to what was measured, in order of time, with truth for every fault."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from itertools import pairwise

import pytest

from decoders.registry import decode
from decoders.vocabulary import QUANTITIES
from gateway_bridge.parse import parse
from gateway_bridge.uplink import Message as Arrived
from gateway_bridge.uplink import UplinkEvent
from simulators.city_file import CityFile
from simulators.city_life import Span, city_time_ms, default_start_ms, make_world, replacements_of
from simulators.device_faults import DAY_MS, HOUR_MS, RATES, Fault, draw_faults
from simulators.plan import Plan
from simulators.plan_builder import build_plan
from simulators.truth import KINDS, Quantity, TruthRow
from simulators.world import Sent, World

START_MS = 1_767_225_600_000
SPAN = Span(START_MS, START_MS + DAY_MS)
PLAN = build_plan(1, 120)


class Still:
    """An asset that changes only when the test says: the bay's car comes and goes at fixed times."""

    def __init__(self, start_ms: int, changes_ms: tuple[int, ...] = ()) -> None:
        self.now_ms = start_ms
        self.occupied = False
        self._changes = list(changes_ms)

    def advance(self, to_ms: int) -> None:
        assert to_ms >= self.now_ms
        while self._changes and self._changes[0] <= to_ms:
            self._changes.pop(0)
            self.occupied = not self.occupied
        self.now_ms = to_ms

    def measured(self) -> Mapping[str, Quantity]:
        return {
            "distance": 900.0, "soil_moisture_vwc": 25.0, "soil_temperature": 10.0, "soil_ec": 300.0,
            "soil_water_potential": -30.0, "occupied": self.occupied, "valve_state": "closed",
            "flow_pulse_count": 100.0, "air_temperature": 10.0, "device_temperature": 10.0, "rain_cumulative": 5.0,
        }  # fmt: skip

    def take_truth(self) -> list[TruthRow]:
        return []

    def finish(self) -> list[TruthRow]:
        return []

    def next_change_ms(self) -> int | None:
        return self._changes[0] if self._changes else None


def still(*faults: Fault, plan: Plan = PLAN, changes: Mapping[str, tuple[int, ...]] | None = None) -> World:
    processes = {asset: Still(START_MS, (changes or {}).get(asset, ())) for asset in plan.assets}
    return World(plan, processes, START_MS, faults)


def lived(world: World, hours: float) -> list[Sent]:
    return list(world.run(START_MS + round(hours * HOUR_MS)))


def ups(sent: list[Sent], dev_eui: str = "") -> list[Sent]:
    return [one for one in sent if one.event == "up" and dev_eui in ("", one.sensor.dev_eui)]


def a_sensor(kind: str, decoder: str = "") -> str:
    return next(s.dev_eui for s in PLAN.sensors if s.kind == kind and decoder in ("", s.decoder))


def test_same_seed_same_bytes() -> None:
    """Two worlds of one seed send the same bytes at the same times and have the same truth; another seed others."""
    runs = []
    for seed in (1, 1, 2):
        settings = CityFile(seed=seed, devices=60, faults=20.0)
        world = make_world(settings, build_plan(seed, 60), SPAN)
        runs.append(([(s.due_ms, s.message) for s in world.run(SPAN.end_ms)], world.take_truth()))
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[2][0]


def test_steps_change_nothing() -> None:
    """A world that is run minute by minute sends what one sends that is run at once."""
    settings = CityFile(devices=30, faults=10.0)
    plan = build_plan(1, 30)
    one, other = make_world(settings, plan, SPAN), make_world(settings, plan, SPAN)
    whole = [s.message for s in one.run(START_MS + 6 * HOUR_MS)]
    steps = range(START_MS + 60_000, START_MS + 6 * HOUR_MS + 1, 60_000)
    assert [s.message for until in steps for s in other.run(until)] == whole


TOLERANCE = {"distance": 20.0, "device_temperature": 1.0, "soil_moisture_vwc": 0.6, "illuminance": 10.0}
"""The coarsest steps of the formats; others are finer than a hundredth or one unit."""


def test_every_frame_decodes_to_what_was_measured() -> None:
    """Our bridge reads each message without doubt, and each payload decodes to what was said, within resolution."""
    world = make_world(CityFile(devices=120, faults=0.0), PLAN, SPAN)
    models: Counter[str] = Counter()
    for sent in world.run(START_MS + 8 * HOUR_MS):
        arrived = Arrived("city", sent.message.topic, sent.message.payload, sent.due_ms)
        (event,) = parse(arrived, sent.sensor.lns, 7 * 86_400)
        assert event.dev_eui == sent.sensor.dev_eui
        if not isinstance(event, UplinkEvent):
            continue
        assert sent.frame is not None
        assert (event.f_cnt, event.f_port, event.payload) == (sent.frame.f_cnt, sent.frame.f_port, sent.frame.payload)
        assert event.event_ms <= sent.due_ms and sent.due_ms - event.event_ms < 4_000 and not event.time_suspect
        assert event.gateways and all(-140 < heard.rssi < 0 for heard in event.gateways)
        check_payload(sent, event)
        models[sent.sensor.decoder] += 1
    assert set(models) == {sensor.decoder for sensor in PLAN.sensors}


def check_payload(sent: Sent, event: UplinkEvent) -> None:
    decoded = decode(sent.sensor.decoder, event.f_port, event.payload, sent.due_ms)
    got = {f"{v.quantity}:{v.channel}" if v.channel else v.quantity: v for v in decoded.values}
    assert not decoded.warnings and {v.quality for v in decoded.values} == {"ok"}
    for key, said in sent.values.items():
        value = got[key].value
        quantity = key.partition(":")[0]
        assert QUANTITIES[quantity].plausible(said)
        if isinstance(said, bool | str):
            assert value == said, (sent.sensor.decoder, key)
        else:
            assert value == pytest.approx(said, rel=0.01, abs=TOLERANCE.get(quantity, 0.55)), (sent.sensor.decoder, key)


def test_messages_come_in_order_and_counters_rise() -> None:
    """Nobody has to sort, and each device's counter rises by one a frame unless the air took some."""
    sent = lived(still(), 12)
    times = [one.due_ms for one in sent]
    assert times == sorted(times)
    counters = defaultdict(list)
    for one in ups(sent):
        assert one.frame is not None
        counters[one.sensor.dev_eui].append(one.frame.f_cnt)
    for counted in counters.values():
        assert sorted(set(counted)) == list(dict.fromkeys(counted))
    steps = [b - a for counted in counters.values() for a, b in pairwise(counted)]
    assert Counter(steps).most_common(1)[0][0] == 1


def test_each_device_keeps_its_own_interval() -> None:
    """Intervals are the model's, phases differ, and a later start changes neither."""
    eui = a_sensor("waste_bin", "milesight-em400-mud")
    times = [one.frame.time_ms for one in ups(lived(still(), 24), eui) if one.frame]
    gaps = {b - a for a, b in pairwise(times)}
    assert min(gaps) == pytest.approx(HOUR_MS, rel=1e-4)
    phases = {s.frame.time_ms % HOUR_MS for s in ups(lived(still(), 1)) if s.frame}
    assert len(phases) > 50


def test_a_bay_says_at_once_what_happens() -> None:
    """A car that comes is in the air within the same millisecond of the city, and so is its leaving."""
    eui = a_sensor("parking_bay", "bosch-tps110")
    asset = next(s.asset for s in PLAN.sensors if s.dev_eui == eui)
    changes = (START_MS + 1_234_567, START_MS + 5_000_000)
    sent = ups(lived(still(changes={asset: changes}), 2), eui)
    told = [(s.frame.time_ms, s.values["occupied"]) for s in sent if s.frame and "event" not in s.values]
    assert told == [(changes[0], True), (changes[1], False)]


def fault(kind: str, target: str, hours: tuple[float, float] = (1, 3), **values: Quantity) -> Fault:
    begin, end = (START_MS + round(hour * HOUR_MS) for hour in hours)
    return Fault(kind, target, begin, end, values)


def inside(sent: list[Sent], hours: tuple[float, float] = (1, 3)) -> list[Sent]:
    begin, end = (START_MS + hour * HOUR_MS for hour in hours)
    return [one for one in sent if one.frame is not None and begin < one.frame.time_ms < end]


BIN = a_sensor("waste_bin", "decentlab-dl-mbx")
SOIL = a_sensor("soil", "dragino-lse01")
BAY = a_sensor("parking_bay", "nwave-nps310sm")
LEVEL = a_sensor("waste_bin", "dingtek-df702")


def test_a_silent_device_is_silent_and_the_truth_says_when() -> None:
    """No frame between start and end, frames before and after, and one row."""
    world = still(fault("silent", BIN))
    sent = ups(lived(world, 5), BIN)
    assert not inside(sent) and inside(sent, (0, 1)) and inside(sent, (3, 5))
    (row,) = world.take_truth()
    begin, end = START_MS + HOUR_MS, START_MS + 3 * HOUR_MS
    assert (row.kind, row.device, row.start_ms, row.end_ms) == ("silent", BIN, begin, end)


def test_biased_and_drifting_devices_are_off_by_what_the_truth_says() -> None:
    """The whole offset at once, and a growing one."""
    sent = inside(ups(lived(still(fault("biased", BIN, offset=300.0)), 4), BIN))
    assert all(float(one.values["distance"]) == pytest.approx(1_200, abs=25) for one in sent) and sent
    drift = fault("drifting", BIN, (0, 24), per_day=240.0)
    last = ups(lived(still(drift), 23.9), BIN)[-1]
    assert float(last.values["distance"]) == pytest.approx(1_140, abs=25)


def test_a_stuck_device_repeats_itself_exactly_in_its_kind() -> None:
    """What the asset does makes no difference any more."""
    asset = next(s.asset for s in PLAN.sensors if s.dev_eui == BAY)
    changes = {asset: (START_MS + round(1.5 * HOUR_MS), START_MS + round(3.5 * HOUR_MS))}
    world = still(fault("stuck", BAY, (0.1, 3)), changes=changes)
    sent = ups(lived(world, 5), BAY)
    assert {one.values["occupied"] for one in inside(sent, (0.1, 3))} == {False}


@pytest.mark.parametrize(
    ("kind", "target", "key", "check"),
    [
        ("tilted", LEVEL, "tilt_alarm", lambda v: v is True),
        ("cover_open", LEVEL, "distance", lambda v: float(v) > 2_000),
        ("probe_out", SOIL, "soil_moisture_vwc", lambda v: float(v) < 3),
    ],
)
def test_mounting_faults_show_in_the_frames(
    kind: str, target: str, key: str, check: Callable[[Quantity], bool]
) -> None:
    """A tilted housing, an open cover, a probe in the air."""
    sent = ups(lived(still(fault(kind, target)), 5), target)
    assert inside(sent) and all(check(one.values[key]) for one in inside(sent))
    assert not any(check(one.values[key]) for one in inside(sent, (0, 1)) + inside(sent, (3.1, 5)))


def test_a_message_storm_and_its_end() -> None:
    """A frame every ten seconds, then the usual pace again."""
    sent = ups(lived(still(fault("message_storm", BIN, (1, 1.5))), 4), BIN)
    assert len(inside(sent, (1, 1.5))) > 150
    assert len(inside(sent, (1.5, 4))) <= 6


def test_reboots_join_and_count_from_zero() -> None:
    """Each restart is a join with a counter that begins again; a reset counter begins again without a join."""
    sent = lived(still(fault("rebooting", BIN, (1, 3))), 3)
    joins = [one for one in sent if one.event == "join"]
    assert 2 <= len(joins) <= 4 and {one.sensor.dev_eui for one in joins} == {BIN}
    counters = [one.frame.f_cnt for one in ups(sent, BIN) if one.frame]
    assert counters.count(0) >= 2 and counters[0] > 0
    reset = lived(still(fault("f_cnt_reset", BIN, (1, 1))), 3)
    assert not [one for one in reset if one.event == "join"]
    assert any(one.frame and one.frame.f_cnt < 3 for one in ups(reset, BIN))


def test_a_wrong_clock_shows_in_payloads_that_tell_the_time() -> None:
    """The device's date is off, the network's times are not."""
    eui = a_sensor("waste_bin", "enginko-level")
    sent = inside(ups(lived(still(fault("clock_wrong", eui, ahead_s=7_200)), 4), eui))
    for one in sent:
        date = one.values["generic_text:device_date"]
        assert one.frame is not None and str(date)[11:13] == f"{one.frame.time_ms // HOUR_MS % 24 + 2:02}"
    assert sent


def test_a_replaced_device_has_a_new_name_and_the_inventory_knows_it() -> None:
    """The old one is heard no more; the new one joins, and both are in the inventory with their dates."""
    world = still(fault("replaced", BIN, (2, 2)))
    sent = lived(world, 6)
    old = [one.frame.time_ms for one in ups(sent, BIN) if one.frame]
    new = {one.sensor.dev_eui for one in sent if one.due_ms > START_MS + 2 * HOUR_MS} - {
        s.dev_eui for s in PLAN.sensors
    }
    assert max(old) < START_MS + 2 * HOUR_MS and len(new) == 1
    (row,) = world.take_truth()
    assert (row.kind, row.values["new_device"]) == ("replaced", new.pop())
    settings = CityFile(devices=120, faults=30.0)
    found = replacements_of(settings, PLAN, SPAN)
    replaced = {f.target for f in draw_faults(PLAN, SPAN.start_ms, SPAN.end_ms, 30.0) if f.kind == "replaced"}
    assert {r.old for r in found} == replaced and replaced


def test_swapped_devices_speak_of_each_other_s_asset_until_the_end() -> None:
    """The car on one bay is reported by the other one's sensor."""
    one, other = [s for s in PLAN.sensors if s.kind == "parking_bay" and s.decoder == "bosch-tps110"][:2]
    swap = Fault("swapped", one.dev_eui, START_MS, START_MS + 3 * HOUR_MS, {"with": other.dev_eui})
    changes = {one.asset: (START_MS + HOUR_MS, START_MS + 4 * HOUR_MS)}
    world = still(swap, changes=changes)
    sent = lived(world, 5)
    first = [s for s in ups(sent) if s.frame and s.frame.time_ms == START_MS + HOUR_MS]
    second = [s for s in ups(sent) if s.frame and s.frame.time_ms == START_MS + 4 * HOUR_MS]
    assert {s.sensor.dev_eui for s in first} <= {other.dev_eui} and {s.sensor.dev_eui for s in second} <= {one.dev_eui}
    assert first or second
    assert sorted((r.asset, r.values["with"]) for r in world.take_truth()) == sorted(
        [(one.asset, other.asset), (other.asset, one.asset)]
    )


def test_what_a_gateway_keeps_comes_late_and_what_a_server_misses_is_lost() -> None:
    """All gateways down with a store: late, with its own time. A network server down: nothing of it arrives."""
    outages = [fault("gateway_down", g.id, (1, 2), stores=True) for g in PLAN.gateways]
    late = inside(lived(still(*outages), 4), (1, 2))
    assert late and all(one.due_ms > START_MS + 2 * HOUR_MS for one in late)
    for one in late:
        arrived = Arrived("city", one.message.topic, one.message.payload, one.due_ms)
        (event,) = parse(arrived, one.sensor.lns, 7 * 86_400)
        assert isinstance(event, UplinkEvent) and one.frame is not None
        assert event.gateways[0].gateway_ms == one.frame.time_ms
    world = still(fault("network_server_down", "tts", (1, 2)))
    sent = lived(world, 3)
    assert not [one for one in inside(sent, (1, 2)) if one.sensor.lns == "tts"]
    assert [one for one in inside(sent, (1, 2)) if one.sensor.lns != "tts"] and world.tally.lost > 0


def test_a_frame_is_heard_twice_now_and_then() -> None:
    """A late copy is the same frame under another event id."""
    frames = defaultdict(list)
    for one in ups(lived(still(), 24)):
        assert one.frame is not None
        frames[one.sensor.dev_eui, one.frame.f_cnt, one.frame.time_ms].append(one)
    doubled = [copies for copies in frames.values() if len(copies) > 1]
    assert 1 <= len(doubled) < len(frames) / 100
    for one, other in doubled:
        assert one.frame == other.frame and one.message != other.message


def test_the_truth_file_matches_the_faults() -> None:
    """Every drawn fault of a device that is simulated has its row, with its start, its end and nothing else."""
    faults = draw_faults(PLAN, START_MS, START_MS + 3 * DAY_MS, 8.0)
    world = still(*faults)
    for _ in world.run(START_MS + 3 * DAY_MS):
        pass
    rows = world.take_truth() + world.finish()
    assert {row.kind for row in rows} <= KINDS
    known = {(f.kind, f.start_ms) for f in faults}
    made = {(r.kind, r.start_ms) for r in rows if r.kind != "learning"}
    assert made <= known
    assert len(made) > 0.8 * len(known - {k for k in known if k[0] in ("replaced", "swapped")})
    for row in rows:
        assert row.end_ms is None or START_MS <= row.end_ms < START_MS + 3 * DAY_MS
        assert row.end_ms is None or row.end_ms >= row.start_ms


def test_all_kinds_of_faults_are_drawn() -> None:
    """In a year of a middling city each kind happens."""
    kinds = Counter(f.kind for f in draw_faults(build_plan(1, 600), START_MS, START_MS + 365 * DAY_MS))
    assert set(kinds) == set(RATES) | {"gateway_down", "network_server_down"}


def test_a_later_start_meets_the_same_faults() -> None:
    """Faults are those of the calendar, whenever a city starts."""
    year = draw_faults(PLAN, START_MS, START_MS + 100 * DAY_MS)
    later = draw_faults(PLAN, START_MS + 50 * DAY_MS, START_MS + 100 * DAY_MS)
    assert later == [f for f in year if f.end_ms > START_MS + 50 * DAY_MS or f.start_ms >= START_MS + 50 * DAY_MS]


def test_simulated_time_never_passes_the_clock() -> None:
    """However fast the city lives, and however far the clock is: it starts in the past and then waits."""
    for speed in (1.0, 60.0, 10_000.0):
        now = START_MS
        start = default_start_ms(speed, now)
        assert start <= now and (speed == 1.0 or start < now)
        for passed in (0, 1_000, 3_600_000, 90 * DAY_MS):
            assert city_time_ms(start, speed, now, now + passed) <= now + passed
    assert city_time_ms(START_MS - DAY_MS, 60.0, START_MS, START_MS + 60_000) == START_MS - DAY_MS + HOUR_MS


def test_messages_carry_no_later_times_than_their_own() -> None:
    """No time in a message lies behind the moment at which it is due."""
    for one in lived(still(), 3):
        arrived = Arrived("city", one.message.topic, one.message.payload, one.due_ms)
        (event,) = parse(arrived, one.sensor.lns, 7 * 86_400)
        assert event.event_ms <= one.due_ms
        assert not isinstance(event, UplinkEvent) or event.server_ms is None or event.server_ms <= one.due_ms


def test_messages_look_like_the_real_ones() -> None:
    """Each server's own spelling of ids, times and zeros."""
    bodies = {one.sensor.lns: json.loads(one.message.payload) for one in ups(lived(still(), 2))}
    assert bodies["chirpstack4"]["time"].endswith("+00:00")
    assert all(0 not in reception.values() for reception in bodies["chirpstack4"]["rxInfo"])
    assert bodies["chirpstack3"]["rxInfo"][0]["time"].endswith("Z") and "loRaSNR" in bodies["chirpstack3"]["rxInfo"][0]
    assert bodies["tts"]["end_device_ids"]["dev_eui"].isupper()
    assert isinstance(bodies["tts"]["uplink_message"]["settings"]["frequency"], str)
