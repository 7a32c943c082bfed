"""Third-party codecs in a whole service: a file in the folder decodes, a bad one only costs its own frames."""

import time
from pathlib import Path

from tests.city_messages import mud, up
from tests.services_city import City, Point, embedded_points, enter_devices, quarantine

BIN, METER, HOSTILE = "24e124713d000001", "a84041ffff000001", "a84041ffff000002"
INVENTORY = f"""
devices:
  - {{dev_eui: '{BIN}', decoder: milesight-em400-mud}}
  - {{dev_eui: '{METER}', decoder: 'js:acme-meter', attributes: {{litres_per_pulse: 10}}}}
  - {{dev_eui: '{HOSTILE}', decoder: 'js:hostile'}}
"""
METER_JS = """
function decodeUplink(input) {
  var pulses = input.bytes[0] << 8 | input.bytes[1];
  return {data: {litres: pulses * Number(input.variables.litres_per_pulse), temperature: input.bytes[2] / 2,
                 port: input.fPort, hour: input.recvTime.getUTCHours()}, warnings: ["a warning"]};
}
function normalizeUplink(input) {
  return {data: [{metering: {water: {total: input.data.litres}}, battery: 3.6}]};
}
"""
HOSTILE_JS = "function decodeUplink(input) { while (input.bytes[0] === 1) {} return {data: {calm: true}}; }"


def now_ms() -> int:
    return int(time.time() * 1000)


def of(points: list[Point], measurement: str, dev_eui: str) -> list[Point]:
    return [p for p in points if p["measurement"] == measurement and p["tags"]["dev_eui"] == dev_eui]


def write_codec(data: Path, name: str, source: str) -> None:
    (data / "codecs").mkdir(exist_ok=True)
    (data / "codecs" / name).write_text(source, encoding="utf-8")


async def test_a_codec_of_the_folder_decodes_and_says_which_version(tmp_path: Path) -> None:
    """What it normalised counts first, what it named otherwise is kept under its name, and the record tells by what."""
    data = tmp_path / "data"
    enter_devices(data, INVENTORY)
    write_codec(data, "acme-meter.js", METER_JS)
    at = now_ms()
    async with City(data, {}) as city:
        await city.accept([up(METER, 1, bytes([1, 0, 43]), at, port=3), up(BIN, 1, mud(500), at)])
        version = city.service._decoders.codecs._runner.version("acme-meter")
        assert city.counts("stored") == 2 and city.counts("decode_warning") == 1
    points = embedded_points(data)
    fields = {name: value for p in of(points, "generic", METER) for name, value in p["fields"].items()}
    assert fields["flow_volume"] == 2560.0 and fields["battery_voltage"] == 3.6 and fields["air_temperature"] == 21.5
    assert fields["decoder"] == f"js:acme-meter@{version}"
    by_channel = {p["tags"].get("channel"): p["fields"].get("generic") for p in of(points, "generic", METER)}
    assert by_channel["litres"] == 2560.0 and by_channel["port"] == 3.0
    assert by_channel["hour"] == float(time.gmtime((at + 500) / 1000).tm_hour)
    assert len(of(points, "waste_bin", BIN)) == 1


async def test_a_hostile_codec_costs_its_own_frames_until_it_is_mended(tmp_path: Path) -> None:
    """An endless loop is quarantined with its reason, three hits silence the codec, others go on; a better file and a
    retry bring its frames back."""
    data = tmp_path / "data"
    enter_devices(data, INVENTORY)
    write_codec(data, "acme-meter.js", METER_JS)
    write_codec(data, "hostile.js", HOSTILE_JS)
    at = now_ms() - 60_000
    async with City(data, {}) as city:
        bad = [up(HOSTILE, n, b"\x01", at + n) for n in range(1, 7)]
        good = [up(METER, n, bytes([0, n, 40]), at + n) for n in range(1, 7)]
        for pair in zip(bad, good, strict=True):
            await city.accept(pair)
        reasons = [entry.reason for entry in quarantine(data)]
        assert reasons == ["js_timeout"] * 3 + ["js_quarantined"] * 3
        check = next(c for c in city.service.checks() if c.name == "codecs")
        assert check.status == "warning" and "hostile" in check.detail
        write_codec(data, "hostile.js", HOSTILE_JS.replace("while", "if"))
        await city.service._decoders.codecs._runner.refresh()
        report = await city.admin("retry", reason=None, dev_eui=None)
        assert report["stored"] == 6, report
        assert next(c for c in city.service.checks() if c.name == "codecs").status == "ok"
    points = embedded_points(data)
    assert len({p["time_ms"] for p in of(points, "generic", METER)}) == 6
    assert len(of(points, "generic", HOSTILE)) == 6
    assert quarantine(data) == []


async def test_a_codec_that_is_not_there_yet_keeps_its_frames_in_quarantine(tmp_path: Path) -> None:
    """The device may be entered before its file: nothing is lost in between."""
    data = tmp_path / "data"
    enter_devices(data, INVENTORY)
    async with City(data, {}) as city:
        await city.accept([up(METER, 1, bytes([1, 0, 43]), now_ms())])
        (entry,) = quarantine(data)
        assert (entry.reason, entry.dev_eui) == ("js_unknown_codec", METER)
        write_codec(data, "acme-meter.js", METER_JS)
        await city.service._decoders.codecs._runner.refresh()
        await city.admin("retry", reason=None, dev_eui=None)
    assert of(embedded_points(data), "generic", METER)
