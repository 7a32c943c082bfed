"""The keeper: a batch's records become inputs of assets; what detectors say goes with the batch."""

import pytest

from gateway_bridge.uplink import Message
from pipeline.domain.fold import HOUR_MS, Run
from pipeline.domain.keeper import Keeper, join
from pipeline.domain.words import LATENESS_MS, Facts, Input, Report, Step
from pipeline.effects import DomainChanges
from pipeline.inventory import Asset, Assignment, Device, Inventory, Zone
from pipeline.process import Outcome
from pipeline.reading import Record, UplinkRecords
from tests.unit.pipeline.domain.toy import START_MS, Toy, ToyState

DEVICE, OTHER = "24e124713d000001", "24e124713d000002"


def inventory(*rows: Assignment) -> Inventory:
    return Inventory(
        [Zone("market", district="centre")],
        [Asset("bin-1", kind="waste_bin", zone="market"), Asset("bin-2", kind="waste_bin"), Asset("bed", kind="soil")],
        [Device(DEVICE, model="M"), Device(OTHER)],
        rows
        or (
            Assignment(DEVICE, "bin-1", 0, START_MS + 5 * HOUR_MS),
            Assignment(DEVICE, "bin-2", START_MS + 5 * HOUR_MS),
        ),
    )


def keeper(toy: Toy | None = None, city: Inventory | None = None) -> Keeper:
    there = city or inventory()
    run = Run(toy or Toy())
    return Keeper({"waste_bin": run}, lambda: there, lambda: START_MS + 100 * HOUR_MS)


def outcome(city: Inventory, *frames: tuple[int, float, float], channel: str = "") -> Outcome:
    """Frames of (journal sequence, minute, fill level) of `DEVICE`, placed as the pipeline does."""
    made = Outcome()
    for seq, minute, level in frames:
        time_ms = START_MS + int(minute * 60_000)
        placement = city.resolve(DEVICE, time_ms, channel)
        assert placement is not None
        kind = placement.asset.kind if placement.asset is not None else "generic"
        fields = {
            "fill_level": level,
            "historical": False,
            "late": False,
            "decoder": "x@1",
            "quality": "distance=blind_zone",
        }
        made.uplinks.append(UplinkRecords(seq, (Record(kind, placement.tags, channel, time_ms, dict(fields)),)))
        made.raw[seq] = Message("tts", "t", b"", time_ms + 500)
    return made


def judged(by: Keeper, what: Outcome) -> DomainChanges:
    made: dict[int, list[Record]] = {}
    by.work(by.pending(what), what, made)
    join(what, made)
    return by.take()


def test_derived_records_go_with_their_uplink() -> None:
    """Same measurement, device, time and tags; channel `derived`; told to the newest values too."""
    city = inventory()
    what = outcome(city, (7, 0, 50.0), (8, 10, 90.0))
    changes = judged(keeper(city=city), what)
    measured, derived = what.uplinks[0].records
    assert (derived.measurement, derived.channel, derived.time_ms) == ("waste_bin", "derived", START_MS)
    assert derived.tags is measured.tags
    assert derived.fields.keys() == {"generic", "decoder"} and derived.fields["decoder"] == "toy@1"
    assert [event.kind for event in changes.events.values()] == ["peak"]
    assert changes.states.keys() == {"bin-1"}
    (device, time_ms, event, (told,)) = what.told[0]
    assert (device, time_ms, event, told.channel) == (DEVICE, START_MS, None, "derived")


def test_the_placement_at_the_records_time_counts() -> None:
    """A device that was moved: before, its readings are the old bin's; after, the new one's."""
    city = inventory()
    by = keeper(city=city)
    judged(by, outcome(city, (1, 60, 90.0), (2, 600, 90.0)))
    assert by.known("bin-1") is not None and by.known("bin-2") is not None
    later = outcome(city, (3, 299, 95.0))
    assert judged(by, later).states.keys() == {"bin-1"}


def test_a_late_record_rewrites_what_was_derived_since() -> None:
    """The whole record again, with the tags of its device and time, on the message that brought it about."""
    city = inventory()
    by = keeper(city=city)
    judged(by, outcome(city, (1, 0, 50.0), (2, 60, 50.0)))
    late = outcome(city, (3, 30, 50.0))
    judged(by, late)
    assert [(r.channel, (r.time_ms - START_MS) // 60_000) for r in late.uplinks[0].records] == [
        ("", 30), ("derived", 30), ("derived", 60),
    ]  # fmt: skip
    assert late.uplinks[0].records[2].tags.asset == "bin-1"


def test_the_same_batch_again_changes_nothing() -> None:
    """What was not committed is consumed again after a crash with the old states; with the new ones nothing moves."""
    city = inventory()
    by, again = keeper(city=city), keeper(city=city)
    first = judged(by, outcome(city, (1, 0, 50.0), (2, 60, 90.0)))
    repeated = outcome(city, (1, 0, 50.0), (2, 60, 90.0))
    assert not judged(by, repeated).states and len(repeated.uplinks[0].records) == 1
    assert not again.load(first.states.values())
    assert not judged(again, outcome(city, (1, 0, 50.0), (2, 60, 90.0))).states


def test_reports_join_the_inputs() -> None:
    """The done button counts like a reading; derived records that it changes go with its message."""
    city = inventory()
    by = keeper(city=city)
    judged(by, outcome(city, (1, 0, 90.0), (2, 60, 50.0)))
    what = Outcome(reports=[(5, "bin-1", Report(START_MS + 30 * 60_000, START_MS + HOUR_MS, "emptied"))])
    changes = judged(by, what)
    assert [event.values for event in changes.events.values()] == [{"reported": True}]
    assert [(u.seq, [r.time_ms for r in u.records]) for u in what.uplinks] == [(5, [START_MS + HOUR_MS])]


def test_two_assets_on_one_device_do_not_share_a_record() -> None:
    """Channel 2 hangs on a bin of its own: its derived channel says so."""
    city = inventory(Assignment(DEVICE, "bin-1"), Assignment(DEVICE, "bin-2", 0, None, "2"))
    what = outcome(city, (1, 0, 50.0), channel="2")
    judged(keeper(city=city), what)
    assert [(r.tags.asset, r.channel) for r in what.uplinks[0].records] == [("bin-2", "2"), ("bin-2", "derived.2")]


def test_another_version_waits_to_be_rebuilt() -> None:
    """Its state is not understood: nothing is folded in, nothing is written, until a rebuild replaces it."""
    city = inventory()
    states = judged(keeper(city=city), outcome(city, (1, 0, 50.0))).states
    newer, fresh = keeper(Toy(version=2), city), keeper(Toy(version=2), city)
    assert newer.load(states.values()) == {"bin-1"}
    assert not judged(newer, outcome(city, (2, 10, 90.0))).states
    judged(fresh, outcome(city, (1, 0, 50.0), (2, 10, 90.0)))
    newer.replace({"bin-1"}, fresh)
    assert judged(newer, outcome(city, (3, 20, 90.0))).states["bin-1"].version == 2


def test_a_city_without_news_keeps_its_own_time() -> None:
    """Hours pass by what the readings say; once nothing comes, by the clock."""
    city, now = inventory(), [START_MS + 100 * HOUR_MS]
    by = Keeper({"waste_bin": Run(Toy())}, lambda: city, lambda: now[0])
    judged(by, outcome(city, (1, 0, 50.0)))
    assert list(by.hours(0, 10)) and not by.take().events, "the readings are of a hundred hours ago"
    now[0] += 4 * HOUR_MS
    list(by.hours(0, 10))
    assert [event.kind for event in by.take().events.values()] == ["silent"]


class Broken(Toy):
    """Fails at one level."""

    def step(self, facts: Facts, state: ToyState, given: Input) -> tuple[ToyState, Step]:
        """Fails."""
        if getattr(given, "values", {}).get("fill_level") == 13.0:
            raise ZeroDivisionError("thirteen")
        return super().step(facts, state, given)


def test_a_detector_that_fails_stops_no_reading(caplog: pytest.LogCaptureFixture) -> None:
    """Its input is left out and counted; the record is stored, the next input counts."""
    city = inventory()
    by = keeper(Broken(), city)
    what = outcome(city, (1, 0, 13.0))
    assert not judged(by, what).states and len(what.uplinks[0].records) == 1
    assert by.state.faults == 1 and "a detector failed" in caplog.text
    assert judged(by, outcome(city, (2, 10, 50.0))).states


def test_too_late_is_counted() -> None:
    """Beyond the bound only a replay takes it in."""
    city = inventory(Assignment(DEVICE, "bin-1"))
    by = keeper(city=city)
    judged(by, outcome(city, (1, LATENESS_MS / 60_000 + 1, 50.0), (2, 0, 90.0)))
    assert by.state.too_late == 1 and by.state.assets == 1 and by.state.bytes > 0
