"""Decoded values of one frame become records: grouped, placed, checked, with fill levels."""

from typing import Any

import pytest

from decoders.value import Decoded, DecodedValue
from gateway_bridge.uplink import Reception
from pipeline.convert import LATE_MS, Told, best_reception, convert, convert_status
from pipeline.inventory import Container, Placement
from pipeline.reading import Record
from tests.uplink_events import NOW, TUB, placement, status, uplink

HOUR = 3_600_000


def made(
    *values: DecodedValue,
    here: Placement | None = None,
    elsewhere: dict[tuple[str, int], Placement] | None = None,
    **event: Any,
) -> tuple[list[Record], list[Told]]:
    """What these values of one frame at `NOW` become; `elsewhere` answers for (channel, time)."""
    home = here or placement()

    def where(channel: str, at: int) -> tuple[Placement, str]:
        return (elsewhere or {}).get((channel, at), home), "waste_bin"

    return convert(uplink(**event), NOW, (home, "waste_bin"), where, Decoded(values), "milesight-em400-mud@1")


def readings(records: list[Record]) -> list[Record]:
    return [record for record in records if record.measurement != "uplink"]


def test_values_of_one_channel_are_one_record() -> None:
    """Quantities of a channel share a point; another channel has one of its own; the radio record comes last."""
    records, _ = made(
        DecodedValue("distance", 400.0), DecodedValue("tilt_alarm", False), DecodedValue("device_temperature", 5.0, "2")
    )
    assert [(r.measurement, r.channel, r.time_ms) for r in records] == [
        ("waste_bin", "", NOW), ("waste_bin", "2", NOW), ("uplink", "", NOW),
    ]  # fmt: skip
    assert records[0].fields["distance"] == 400.0 and records[0].fields["tilt_alarm"] is False
    assert records[0].fields["decoder"] == "milesight-em400-mud@1" and "quality" not in records[0].fields


def test_values_without_a_quantity_of_their_own_are_generic() -> None:
    """They go to their own measurement, the channel being their name."""
    records, _ = made(DecodedValue("generic", 1.5, "lux"), DecodedValue("distance", 400.0))
    assert {(r.measurement, r.channel) for r in readings(records)} == {("generic", "lux"), ("waste_bin", "")}


def test_several_events_of_one_frame_stay_several_records() -> None:
    """Without times of their own they move on by a millisecond each, in payload order."""
    records, told = made(*(DecodedValue("event", word) for word in ("startup", "alarm", "alarm_release")))
    assert [(r.time_ms - NOW, r.fields["event"]) for r in readings(records)] == [
        (0, "startup"), (1, "alarm"), (2, "alarm_release"),
    ]  # fmt: skip
    assert [t.time_ms - NOW for t in told] == [0, 1, 2]


def test_a_value_that_is_missing_moves_on_too() -> None:
    """A fault and then a value of one quantity are two records, so that neither hides the other."""
    records, _ = made(DecodedValue("distance", None, quality="no_target"), DecodedValue("distance", 400.0))
    first, second = readings(records)
    assert (first.fields["quality"], "distance" in first.fields) == ("distance=no_target", False)
    assert second.fields["distance"] == 400.0 and "quality" not in second.fields


def test_values_with_times_of_their_own_are_historical() -> None:
    """A device's log is kept apart: historical, late, by the device's clock."""
    records, told = made(DecodedValue("distance", 300.0, time_ms=NOW - HOUR), DecodedValue("distance", 400.0))
    old, new = readings(records)
    assert (old.time_ms, old.fields["historical"], old.fields["late"], old.fields["time_source"]) == (
        NOW - HOUR, True, True, "device",
    )  # fmt: skip
    assert (new.time_ms, new.fields["historical"], new.fields["late"]) == (NOW, False, False)
    assert [t.time_ms - NOW for t in told] == [-HOUR, 0]


@pytest.mark.parametrize("flag", [{"retained": True}, {"backfilled": True}], ids=repr)
def test_copies_from_a_store_are_historical(flag: dict[str, Any]) -> None:
    """All records of a retained or backfilled frame; the time is still the server's."""
    records, _ = made(DecodedValue("distance", 300.0), **flag)
    assert readings(records)[0].fields["historical"] is True
    assert readings(records)[0].fields["time_source"] == "server"


def test_the_place_is_that_of_the_records_time_and_channel() -> None:
    """A log entry from before the move belongs to the old bin; a valve's channel to the asset assigned to it."""
    old, valve = placement("bin-0"), placement("valve-2")
    records, _ = made(
        DecodedValue("distance", 300.0, time_ms=NOW - HOUR),
        DecodedValue("distance", 400.0),
        DecodedValue("valve_state", "open", "2"),
        elsewhere={("", NOW - HOUR): old, ("2", NOW): valve},
    )
    assert [(r.channel, r.tags.asset) for r in readings(records)] == [("", "bin-0"), ("", "bin-1"), ("2", "valve-2")]
    assert records[-1].tags.asset == "bin-1"


def test_the_container_is_that_of_the_place() -> None:
    """The same distance is another fill level in another bin."""
    deep = placement("bin-0", Container(height_mm=2000, blind_zone_mm=200))
    records, _ = made(
        DecodedValue("distance", 600.0, time_ms=NOW - HOUR),
        DecodedValue("distance", 600.0),
        here=placement(container=TUB),
        elsewhere={("", NOW - HOUR): deep},
    )
    assert [round(float(r.fields["fill_level"]), 1) for r in readings(records)] == [77.8, 50.0]


@pytest.mark.parametrize(
    ("distance", "tilted", "level", "quality"),
    [
        (600.0, False, 50.0, None),
        (100.0, False, 100.0, "fill_level=blind_zone"),
        (1500.0, False, None, "fill_level=out_of_range"),
        (600.0, True, None, "fill_level=not_available"),
    ],
)
def test_fill_level_from_the_distance(distance: float, tilted: bool, level: float | None, quality: str | None) -> None:
    """Computed where it can be, with the reason where it can't; `latest` is told of both."""
    values = (DecodedValue("distance", distance), DecodedValue("tilt_alarm", tilted))
    records, told = made(*values, here=placement(container=TUB))
    fields = records[0].fields
    assert (fields.get("fill_level"), fields.get("quality")) == (level, quality)
    assert fields.get("fill_level_source") == (None if level is None else "computed")
    assert [t.value for t in told if t.quantity == "fill_level"] == [level]


def test_a_fill_level_of_the_device_is_left_alone() -> None:
    """The device knows its container better than our geometry."""
    values = (DecodedValue("distance", 600.0), DecodedValue("fill_level", 12.0))
    records, _ = made(*values, here=placement(container=TUB))
    assert records[0].fields["fill_level"] == 12.0 and "fill_level_source" not in records[0].fields


def test_quality_is_one_word_a_quantity() -> None:
    """What is not ok is named; an implausible value is kept."""
    records, told = made(
        DecodedValue("distance", 99_999.0, quality="out_of_range"),
        DecodedValue("device_temperature", None, quality="sensor_error"),
        DecodedValue("battery_level", 50.0),
    )
    assert records[0].fields["quality"] == "distance=out_of_range device_temperature=sensor_error"
    assert records[0].fields["distance"] == 99_999.0
    assert {t.quantity: (t.value, t.quality) for t in told} == {
        "distance": (99_999.0, "out_of_range"), "battery_level": (50.0, "ok"),
        "device_temperature": (None, "sensor_error"),
    }  # fmt: skip


def test_late_is_measured_from_the_event_to_its_reception() -> None:
    """More than five minutes, for readings and radio record alike."""
    for late, received in ((False, NOW + LATE_MS), (True, NOW + LATE_MS + 1)):
        records, _ = made(DecodedValue("distance", 1.0), received_ms=received)
        assert [r.fields["late"] for r in records] == [late, late]


def test_the_radio_record() -> None:
    """Best gateway by SNR, all counted; what is unknown is left out."""
    heard = (Reception("a", -60.0, 2.0), Reception("b", -90.0, 9.0), Reception("c", -70.0, None))
    radio = made(gateways=heard, f_cnt=None, data_rate=None, frequency_hz=None, time_suspect=True)[0][-1].fields
    assert (radio["gateway"], radio["rssi"], radio["snr"], radio["gateways"]) == ("b", -90.0, 9.0, 3.0)
    assert radio["lag"] == 0.5 and radio["time_suspect"] is True
    assert not {"f_cnt", "data_rate", "frequency"} & radio.keys()


def test_without_snr_the_strongest_gateway_is_best() -> None:
    """FSK has no SNR."""
    heard = (Reception("a", -90.0, None), Reception("b", -60.0, None))
    assert best_reception(heard) == heard[1] and best_reception(()) is None


def test_a_battery_that_only_the_server_knows_is_health() -> None:
    """It never mixes with what the device itself says."""
    records, told = made(DecodedValue("distance", 400.0), battery_percent=71.0)
    assert [r.measurement for r in records] == ["waste_bin", "uplink", "device_health"]
    assert records[-1].fields["battery_level"] == 71.0 and told[-1].quantity == "battery_level"


def test_a_frame_without_values_is_a_radio_record() -> None:
    """Nothing to decode: a sign of life."""
    here = (placement(), "waste_bin")
    records, told = convert(uplink(), NOW, here, lambda _c, _t: here, None, "x")
    assert [r.measurement for r in records] == ["uplink"] and told == []


def test_a_device_status() -> None:
    """Numbers become floats, unknown figures are left out, and a status that says nothing makes no record."""
    records, told = convert_status(status(battery_percent=None, margin_db=-3, external_power=True), placement())
    assert records[0].fields["radio_margin"] == -3.0 and records[0].fields["external_power"] is True
    assert "battery_level" not in records[0].fields and {t.quantity for t in told} == {"radio_margin", "external_power"}
    assert convert_status(status(battery_percent=None), placement()) == ([], [])
