"""Latest values: newer replaces older, nothing else does; replay replaces exactly what it decoded again."""

import json

from gateway_bridge.uplink import Reception
from pipeline.convert import Told
from pipeline.latest import DeviceLatest, LatestBook
from tests.uplink_events import EUI, NOW, uplink

HOUR = 3_600_000
NOTHING = DeviceLatest(values={})


def told(value: float | None, time_ms: int, quantity: str = "distance", channel: str = "") -> Told:
    return Told(quantity, channel, value, time_ms, "ok" if value is not None else "no_target")


def values(book: LatestBook, device: str = EUI) -> dict[str, object]:
    return {key: v.value for key, v in book.devices[device].values.items()}


def test_newer_values_replace_older_ones() -> None:
    """By the record's own time, whatever the order of arrival; equal times: the later in the journal."""
    book = LatestBook()
    book.learn(EUI, NOW, uplink(), [told(1.0, NOW)])
    book.learn(EUI, NOW - HOUR, uplink(), [told(2.0, NOW - HOUR), told(7.0, NOW - HOUR, "battery_level")])
    assert values(book) == {"distance": 1.0, "battery_level": 7.0}
    assert book.devices[EUI].last_seen_ms == NOW
    book.learn(EUI, NOW, uplink(), [told(3.0, NOW)])
    assert values(book)["distance"] == 3.0


def test_channels_are_told_apart() -> None:
    """Two valves have two states."""
    book = LatestBook()
    book.learn(EUI, NOW, uplink(), [told(1.0, NOW, channel="1"), told(2.0, NOW, channel="2")])
    assert values(book) == {"distance#1": 1.0, "distance#2": 2.0}


def test_a_fault_is_the_latest_too() -> None:
    """A sensor that sees nothing any more must not show its last good value as the present."""
    book = LatestBook()
    book.learn(EUI, NOW, uplink(), [told(1.0, NOW)])
    book.learn(EUI, NOW + 1, uplink(), [told(None, NOW + 1)])
    newest = book.devices[EUI].values["distance"]
    assert (newest.value, newest.time_ms, newest.quality) == (None, NOW + 1, "no_target")


def test_history_fills_gaps_and_replaces_nothing_newer() -> None:
    """A logged value is the latest only while nothing newer is known."""
    book = LatestBook()
    book.learn(EUI, NOW, uplink(), [told(1.0, NOW), told(9.0, NOW - HOUR)])
    assert values(book) == {"distance": 1.0}


def test_a_retained_copy_tells_nothing_about_the_present() -> None:
    """Not even that the device lives."""
    book = LatestBook()
    book.learn(EUI, NOW, uplink(retained=True), [told(1.0, NOW)])
    assert dict(book.devices) == {}


def test_backfilled_frames_are_no_sign_of_life() -> None:
    """Their values count by their time; the device was not heard now."""
    book = LatestBook()
    book.learn(EUI, NOW, uplink(backfilled=True), [told(1.0, NOW)])
    assert values(book) == {"distance": 1.0}
    assert (book.devices[EUI].last_seen_ms, book.devices[EUI].radio) == (0, None)


def test_the_radio_of_the_newest_frame() -> None:
    """How it was heard best."""
    book = LatestBook()
    heard = (Reception("a", -90.0, 1.0), Reception("b", -60.0, 8.0))
    book.learn(EUI, NOW, uplink(7, gateways=heard), [])
    radio = book.devices[EUI].radio
    assert radio is not None and (radio.gateway, radio.rssi, radio.f_cnt, radio.gateways) == ("b", -60.0, 7, 2)


def test_changes_survive_a_restart() -> None:
    """What `take_changes` gave is what `load` takes; nothing new, nothing to commit."""
    book, again = LatestBook(), LatestBook()
    book.learn(EUI, NOW, uplink(), [told(1.0, NOW)])
    changes = book.take_changes()
    assert book.take_changes() == {} and changes[EUI][1] == NOW
    again.load([(EUI, changes[EUI][0])])
    assert again.devices == book.devices and again.take_changes() == {}
    assert json.loads(changes[EUI][0])["last_seen_ms"] == NOW


def replayed(book: LatestBook, again: LatestBook, start_ms: int, end_ms: int) -> None:
    before = book.snapshot(None)
    for device in before.keys() | again.devices.keys():
        book.replace_between(device, start_ms, end_ms, before.get(device, NOTHING), again.devices.get(device, NOTHING))


def test_replay_replaces_values_in_its_range() -> None:
    """A quantity that the new decoder does not give is gone; what lies outside stays."""
    book, again = LatestBook(), LatestBook()
    book.learn(EUI, NOW - HOUR, uplink(), [told(5.0, NOW - HOUR, "battery_level")])
    book.learn(EUI, NOW, uplink(), [told(1.0, NOW), told(2.0, NOW, "soil_ph")])
    again.learn(EUI, NOW, uplink(), [told(10.0, NOW)])
    replayed(book, again, NOW - 1, NOW + 1)
    assert values(book) == {"battery_level": 5.0, "distance": 10.0}


def test_what_was_learned_during_a_replay_stays() -> None:
    """Live frames go on meanwhile; their times may lie in the range."""
    book, again = LatestBook(), LatestBook()
    book.learn(EUI, NOW, uplink(), [told(1.0, NOW)])
    before = book.snapshot(None)
    book.learn(EUI, NOW + 5, uplink(2, event_ms=NOW + 5), [told(2.0, NOW + 5)])
    again.learn(EUI, NOW, uplink(), [told(10.0, NOW)])
    book.replace_between(EUI, NOW - HOUR, NOW + HOUR, before[EUI], again.devices[EUI])
    assert values(book) == {"distance": 2.0} and book.devices[EUI].last_seen_ms == NOW + 5


def test_a_device_of_which_nothing_is_left_is_gone() -> None:
    """Its frames lie in quarantine now."""
    book = LatestBook()
    book.learn(EUI, NOW, uplink(), [told(1.0, NOW)])
    book.take_changes()
    replayed(book, LatestBook(), NOW - HOUR, NOW + HOUR)
    assert dict(book.devices) == {} and book.take_changes() == {}
    assert book.take_gone() == {EUI} and book.take_gone() == set()


def test_a_device_that_comes_back_is_not_gone() -> None:
    """Heard again before the commit."""
    book = LatestBook()
    book.learn(EUI, NOW, uplink(), [told(1.0, NOW)])
    replayed(book, LatestBook(), NOW - HOUR, NOW + HOUR)
    book.learn(EUI, NOW, uplink(), [told(1.0, NOW)])
    assert book.take_gone() == set() and EUI in book.take_changes()
