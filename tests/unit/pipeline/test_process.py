"""From a journaled message to its fate: the fold over the journal, with the real parsers and decoders."""

import json
from collections import Counter
from typing import Any

import pytest

from decoders.value import Decoded
from gateway_bridge.uplink import BACKFILLED, RETAINED, Message
from loracity.parts import CityDecoders, build_decoders, kind_of, provisioner
from pipeline.adopt import adoption_changes
from pipeline.config import Settings
from pipeline.effects import GatewayRow
from pipeline.frames import FrameMemory, RecalledFrames
from pipeline.inventory import Asset, Assignment, Device, Inventory, Zone
from pipeline.process import ConnectionRule, InventoryBox, Outcome, Processor, note_gateway
from pipeline.reading import Record
from tests.city_messages import lpp, mud, network_event, receptions, tts_up, up, v3_up
from tests.uplink_events import uplink

NOW = 1_780_000_000_000
HOUR = 3_600_000
BIN, OTHER = "24e124713d000001", "24e124713d000002"
RULES = {name: ConnectionRule(name, 7 * 86400) for name in ("chirpstack4", "chirpstack3", "tts")}
AUTO = Settings.model_validate({"provisioning": {"mode": "auto", "decoders": {"EM400": "milesight-em400-mud"}}})


def known(*more: Device, assignments: tuple[Assignment, ...] = ()) -> Inventory:
    assets = [Asset("bin-1", kind="waste_bin"), Asset("valve-2", kind="valve")]
    return Inventory([], assets, [Device(BIN, decoder="milesight-em400-mud"), *more], assignments)


def processor(inventory: Inventory | None = None, **more: Any) -> Processor:
    box = InventoryBox(inventory or known())
    return Processor(
        RULES, box, build_decoders(Settings(), lambda: NOW), more.pop("frames", None) or FrameMemory(), **more
    )


def run(worker: Processor, *messages: Message, first: int = 1) -> Outcome:
    for seq, message in enumerate(messages, first):
        worker.finish(worker.begin([(seq, message)]))
    return worker.take()


def records(out: Outcome, measurement: str) -> list[Record]:
    return [r for u in out.uplinks for r in u.records if r.measurement == measurement]


def fates(out: Outcome) -> Counter[str]:
    names = ("received", "stored", "duplicate", "quarantined", "event", "ignored")
    return Counter({what: n for what in names for (kind, _), n in out.counts.items() if kind == what})


def test_every_message_has_exactly_one_fate() -> None:
    """Stored, duplicate, quarantined, event or ignored: together they are what was received."""
    good = up(BIN, 1, mud(300), NOW)
    messages = [
        good, good, up(OTHER, 1, mud(300), NOW), up(BIN, 2, b"\x00", NOW), network_event(BIN, "join", NOW),
        network_event(BIN, "integration", NOW), Message("chirpstack4", "x", b"{", NOW),
    ]  # fmt: skip
    found = fates(run(processor(), *messages))
    assert found == {"received": 7, "stored": 1, "duplicate": 1, "quarantined": 3, "event": 1, "ignored": 1}


def test_a_duplicate_is_told_by_what_lies_before_it() -> None:
    """The first copy wins, also when both are in one batch or the first is in quarantine."""
    strange = up(OTHER, 1, mud(300), NOW)
    out = run(processor(), strange, strange)
    assert [(e.seq, e.reason) for e in out.quarantine] == [(1, "unknown_device")]
    assert out.counts["duplicate", "chirpstack4"] == 1


def test_quarantine_keeps_the_raw_message_with_what_is_known() -> None:
    """So that it can be adopted, shown, and decided again when the journal is gone."""
    message = up(OTHER, 1, mud(300), NOW, profile="Bin v2", tags={"zone": "market"})
    entry = run(processor(), message).quarantine[0]
    assert (entry.payload, entry.topic, entry.received_ms) == (message.payload, message.topic, message.received_ms)
    assert (entry.reason, entry.dev_eui, entry.f_port, entry.profile) == ("unknown_device", OTHER, 85, "Bin v2")
    assert entry.tags == {"zone": "market"}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (Message("chirpstack4", "application/a/device/b/event/up", b"{", NOW), "bad_json"),
        (up(BIN, 1, b"\x00\x00", NOW), "bad_payload"),
        (up(BIN, 1, b"\x01", NOW, port=0), "unknown_port"),
        (up(BIN, 1, mud(1), NOW, joinServerContext={"sessionKeyId": "AA=="}), "encrypted"),
        (Message("chirpstack3", *v3_up(BIN, 1, mud(1), None), NOW, RETAINED), "retained_without_time"),
    ],
)
def test_reasons(message: Message, reason: str) -> None:
    """Each from the closed list, counted, with a text for people."""
    out = run(processor(), message)
    assert [e.reason for e in out.quarantine] == [reason] and out.quarantine[0].detail
    assert out.counts["quarantine_reason", reason] == 1 and out.uplinks == []


@pytest.mark.parametrize(
    ("more", "reason"), [({}, "no_payload_codec"), ({"joinServerContext": {"sessionKeyId": "AA=="}}, "encrypted")]
)
def test_a_device_that_relies_on_the_servers_object(more: dict[str, Any], reason: str) -> None:
    """Without one: encrypted if it is, else nothing decodes it."""
    inventory = known(Device(OTHER, decoder="object"))
    assert [e.reason for e in run(processor(inventory), up(OTHER, 1, mud(1), NOW, **more)).quarantine] == [reason]


def test_the_servers_object_becomes_readings() -> None:
    """Known names as quantities, the others under their own names."""
    inventory = known(Device(OTHER, decoder="object"))
    out = run(processor(inventory), up(OTHER, 1, b"\x01", NOW, object={"temperature": 21.5, "lux": 3}))
    found = {n: v for r in records(out, "generic") for n, v in r.fields.items() if n in ("air_temperature", "generic")}
    assert found == {"air_temperature": 21.5, "generic": 3.0}


def test_frames_of_one_millisecond_move_on_in_journal_order() -> None:
    """One that can't be decoded keeps its place between them."""
    worker = processor()
    out = run(worker, *(up(BIN, n, payload, NOW) for n, payload in enumerate((mud(1), b"\x00", mud(3)))))
    assert [r.time_ms - NOW for r in records(out, "uplink")] == [0, 2]
    assert out.quarantined_ms == {(2, 0): NOW + 1}


def test_recalled_frames_get_their_times_back() -> None:
    """Decided again out of quarantine: the time of then, no duplicates, also for what is no longer remembered."""
    live = FrameMemory()
    messages = [up(BIN, n, mud(n), NOW) for n in range(3)]
    run(processor(frames=live), *messages)
    out = run(processor(frames=RecalledFrames(live)), messages[2], messages[1])
    assert [r.time_ms - NOW for r in records(out, "waste_bin")] == [2, 1]
    forgotten = RecalledFrames(FrameMemory())
    assert [forgotten.admit(uplink(n)) for n in (1, 2, 1)] == [
        uplink().event_ms,
        uplink().event_ms + 1,
        uplink().event_ms,
    ]


def test_a_session_that_was_reset_is_not_recalled_for_another_frame() -> None:
    """Equal keys days apart: each has its own time, and a forgotten one does not take the other's."""
    live = FrameMemory()
    assert live.admit(uplink(event_ms=NOW + HOUR, server_ms=NOW + HOUR)) == NOW + HOUR
    assert RecalledFrames(live).admit(uplink()) == NOW


def test_an_assignment_of_a_channel_places_its_values() -> None:
    """The rest of the frame stays with the device; the asset's kind is the measurement."""
    rows = (Assignment(OTHER, "bin-1"), Assignment(OTHER, "valve-2", channel="2"))
    inventory = known(Device(OTHER, decoder="cayenne-lpp"), assignments=rows)
    out = run(processor(inventory), up(OTHER, 1, lpp((1, 210), (2, 220)), NOW))
    found = {r.channel: (r.measurement, r.tags.asset) for r in out.uplinks[0].records}
    assert found == {"1": ("waste_bin", "bin-1"), "2": ("valve", "valve-2"), "": ("uplink", "bin-1")}


def test_a_move_divides_the_records() -> None:
    """By the frame's time, not by the order of arrival."""
    rows = (Assignment(BIN, "bin-1", end_ms=NOW), Assignment(BIN, "valve-2", start_ms=NOW))
    late = up(BIN, 2, mud(2), NOW - 1, received_ms=NOW + HOUR)
    out = run(processor(known(assignments=rows)), up(BIN, 1, mud(1), NOW), late)
    assert [r.tags.asset for r in records(out, "uplink")] == ["valve-2", "bin-1"]


def test_simulated_uplinks_have_a_name_of_their_own() -> None:
    """No place, not in latest."""
    topic, payload = tts_up(BIN, 1, mud(300), NOW, simulated=True)
    out = run(processor(known(assignments=(Assignment(BIN, "bin-1"),))), Message("tts", topic, payload, NOW))
    assert {(r.tags.dev_eui, r.tags.asset) for u in out.uplinks for r in u.records} == {(f"simulated:{BIN}", "")}
    assert out.told == []


def test_only_looks_at_some_devices() -> None:
    """The frames, joins and statuses of others are ignored, and change no memory."""
    worker = processor(known(Device(OTHER, decoder="milesight-em400-mud")), only={BIN})
    status = network_event(OTHER, "status", NOW, margin=1, batteryLevel=50.0)
    out = run(worker, up(BIN, 1, mud(1), NOW), up(OTHER, 1, mud(1), NOW), status, network_event(OTHER, "join", NOW))
    assert fates(out) == {"received": 4, "stored": 1, "ignored": 3}


def test_a_second_copy_of_a_join_is_dropped() -> None:
    """A join clears the device's keys; its copy must not clear them again."""
    join, frame = network_event(BIN, "join", NOW - 1), up(BIN, 0, mud(1), NOW)
    out = run(processor(), frame, join, join)
    assert [e.kind for e in out.events] == ["join"] and out.counts["duplicate", "chirpstack4"] == 1


def test_a_status_of_an_unknown_device_is_an_event() -> None:
    """It tells something, but not about a device of ours."""
    status = network_event(OTHER, "status", NOW, margin=1, batteryLevel=50.0)
    out = run(processor(), status)
    assert [e.kind for e in out.events] == ["status"] and out.uplinks == [] and out.told == []


def test_a_damaged_row_is_kept_and_counted() -> None:
    """As the messages that it held."""
    worker = processor()
    worker.damaged(10, 5, b"rest", "checksum")
    out = worker.take()
    assert (out.last_seq, out.quarantine[0].payload, out.quarantine[0].reason) == (14, b"rest", "journal_corrupt")
    assert out.counts["quarantined", "journal"] == 5


def test_devices_are_made_once_from_what_the_server_says() -> None:
    """The same frame that reveals a device is already stored where its tags say."""
    tags = {"asset": "bin-9", "zone": "market", "district": "Old Town"}
    worker = processor(Inventory(), provision=provisioner(AUTO))
    out = run(worker, *(up(BIN, n, mud(n), NOW + n, tags=tags) for n in range(2)))
    assert [n.device.dev_eui for n in out.provisioned] == [BIN]
    assert {(r.tags.asset, r.tags.zone, r.tags.district) for r in records(out, "waste_bin")} == {
        ("bin-9", "market", "Old Town")
    }


def test_made_devices_stand_where_the_inventory_will_have_them() -> None:
    """What a person entered is not overruled by tags, and the first device describes what is new: records before the
    commit have the same tags as those after it."""
    box = InventoryBox(
        Inventory([Zone("market", district="Old Town")], [Asset("bin-1", kind="waste_bin", zone="market")])
    )
    worker = Processor(RULES, box, build_decoders(Settings(), lambda: NOW), FrameMemory(), provisioner(AUTO))
    frames = [
        up(BIN, 1, mud(1), NOW, tags={"asset": "bin-1", "zone": "elsewhere"}),
        up(OTHER, 1, mud(1), NOW, tags={"asset": "bin-2", "zone": "park", "district": "West"}),
        up("24e124713d000003", 1, mud(1), NOW, tags={"asset": "bin-2", "zone": "lake"}),
    ]
    before = run(worker, *frames)
    box.current = box.current.changed(box.current.missing(adoption_changes(before.provisioned)))
    worker.settle_new()
    later = [up(json.loads(m.payload)["deviceInfo"]["devEui"], 2, mud(1), NOW + 1) for m in frames]
    after = run(worker, *later, first=4)
    assert [r.tags for r in records(before, "uplink")] == [r.tags for r in records(after, "uplink")]
    assert [r.tags.zone for r in records(after, "uplink")] == ["market", "park", "park"]


def test_a_rule_for_every_profile_stands_above_the_objects() -> None:
    """The person who wrote `*` meant it."""
    settings = Settings.model_validate({"provisioning": {"mode": "auto", "decoders": {"*": "milesight-em400-mud"}}})
    out = run(processor(Inventory(), provision=provisioner(settings)), up(BIN, 1, mud(300), NOW, object={"a": 1}))
    assert [n.device.decoder for n in out.provisioned] == ["milesight-em400-mud"]
    assert kind_of("milesight-em400-mud") == "waste_bin"


def test_what_is_known_of_a_gateway_adds_up() -> None:
    """An uplink after `offline` in one batch does not hide it, nor statistics; a retained state is no sign of life."""
    gateway = "00000000000000a1"
    offline = Message(
        "chirpstack4", f"eu868/gateway/{gateway}/state/conn", b'{"gatewayId": "%s"}' % gateway.encode(), NOW
    )
    stats = json.dumps({"gatewayId": gateway, "rxPacketsReceived": 5}).encode()
    told = Message("chirpstack4", f"eu868/gateway/{gateway}/event/stats", stats, NOW)
    heard = up(BIN, 1, mud(1), NOW, rxInfo=receptions((gateway, -60, 2.0)))
    row = run(processor(), told, offline, heard).gateways[gateway]
    assert (row.online, row.last_seen_ms) == (False, heard.received_ms) and row.stats is not None
    assert run(processor(), offline).gateways[gateway].last_seen_ms == 0


def test_old_copies_do_not_say_that_a_gateway_lives() -> None:
    """The time of the frame counts, not that of the copy."""
    old = up(BIN, 1, mud(1), NOW - HOUR, received_ms=NOW, flags=BACKFILLED)
    assert [g.last_seen_ms for g in run(processor(), old).gateways.values()] == [NOW - HOUR]


def test_note_gateway_keeps_what_is_not_said() -> None:
    """Field by field; the newest sign of life counts."""
    rows = {"g": GatewayRow("g", 10, True, 50.0, 8.0, {"rx": 1})}
    note_gateway(rows, GatewayRow("g", 5, None, None, None))
    assert rows["g"] == GatewayRow("g", 10, True, 50.0, 8.0, {"rx": 1})
    note_gateway(rows, GatewayRow("g", 20, False, None, None, {"rx": 2}))
    assert rows["g"] == GatewayRow("g", 20, False, 50.0, 8.0, {"rx": 2})


def test_a_fault_of_ours_costs_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is logged and kept in quarantine; the messages after it become readings."""
    worker, decode = processor(), CityDecoders.decode

    def faulty(self: CityDecoders, decoder: str, f_port: int, payload: bytes, received_ms: int) -> Decoded:
        if payload == mud(300):
            raise ZeroDivisionError("a bug")
        return decode(self, decoder, f_port, payload, received_ms)

    monkeypatch.setattr(CityDecoders, "decode", faulty)
    out = run(worker, up(BIN, 1, mud(300), NOW), up(BIN, 2, mud(400), NOW + 1000))
    assert [(e.seq, e.reason, e.detail) for e in out.quarantine] == [
        (1, "internal_error", "ZeroDivisionError('a bug')")
    ]
    assert [uplink.seq for uplink in out.uplinks] == [2]
    assert fates(out) == {"received": 2, "stored": 1, "quarantined": 1}


def test_take_begins_anew() -> None:
    """Nothing is reported twice, nothing is kept for ever."""
    worker = processor()
    assert run(worker, up(BIN, 1, mud(1), NOW)).uplinks
    assert worker.take() == Outcome()
