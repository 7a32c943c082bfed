"""The devices against a larger collection of public vendor vectors, where it lies beside the checkout."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from decoders.registry import decode
from decoders.value import DecodedValue

FOLDER = Path(__file__).parents[3] / "shared" / "vectors"
NOW_MS = 1_767_225_600_000
# This one lost its type bytes when it was collected: every item is channel and value only.
BROKEN = {"01ff026403154a04eab60501f4063207ff64086309fe58000f06820a29ef0b01630231fe660c07fd8700bef500086a"}

Wanted = dict[str, Any]


def milesight(row: Wanted) -> Wanted:
    """Vendor names to ours; the last value of a repeated item is the one that the vendor keeps."""
    words = {"threshold_alarm": "alarm", True: "alarm", "tilt": True, "normal": False, "on": "startup"}
    names = {
        "battery": "battery_level",
        "temperature": "device_temperature",
        "position": "tilt_alarm",
        "distance_alarm": "event:distance",
        "distance_alarming": "event:distance",
        "temperature_alarm": "event:device_temperature",
        "temperature_abnormal": "event:device_temperature",
        "collection_interval": "generic:collection_interval",
        "device_status": "event",
        "ipso_version": "generic_text:protocol_version",
        "sn": "serial_number",
        "lorawan_class": "generic_text:lorawan_class",
    }
    plain = {k: v.removeprefix("Class ") if isinstance(v, str) else v for k, v in row["expected"].items()}
    wanted = {names.get(k, k): words.get(v, v) for k, v in plain.items()}
    return {k: re.sub(r"^v(?=\d)", "", v) if isinstance(v, str) else v for k, v in wanted.items()}


def dragino(row: Wanted) -> Wanted:
    """An unconnected probe (all zero, no sensor flag) measures nothing with us; a probe temperature of 0 is dropped."""
    got = row["expected"]
    soil = [float(got[name]) for name in ("water_SOIL", "temp_SOIL", "conduct_SOIL")]
    unconnected = not any(soil) and not got["s_flag"]
    names = ("soil_moisture_vwc", "soil_temperature", "soil_ec")
    wanted: Wanted = dict(zip(names, [None] * 3 if unconnected else soil, strict=True))
    wanted["battery_voltage"] = got["BatV"]
    probe = float(got["temp_DS18B20"])
    return wanted | ({"probe_temperature": probe} if probe else {})


def bosch(row: Wanted) -> Wanted:
    """Disputed debug contents are left out."""
    names = {"occupied": "occupied", "temperature": "device_temperature", "firmwareVersion": "firmware_version"}
    names |= {"resetCause": "generic_text:reset_cause"}
    wanted = {names[k]: v for k, v in row["expected"].items() if k in names}
    event = {"heartbeat": "heartbeat", "startup": "startup"}.get(row["expected"]["type"])
    return wanted | ({"event": event} if event else {})


def decentlab(row: Wanted) -> Wanted:
    """Volumetric water content is in percent with us."""
    names = {
        "dielectric_permittivity": ("soil_permittivity", 1),
        "volumetric_water_content": ("soil_moisture_vwc", 100),
        "soil_temperature": ("soil_temperature", 1),
        "electrical_conductivity": ("soil_ec", 1),
        "battery_voltage": ("battery_voltage", 1),
    }
    return {names[k][0]: v["value"] * names[k][1] for k, v in row["expected"].items() if k in names}


LPP = {
    "temperatureSensor": ("air_temperature:{}", 1),
    "humiditySensor": ("relative_humidity:{}", 1),
    "illuminanceSensor": ("illuminance:{}", 1),
    "barometer": ("air_pressure:{}", 1),
    "distance": ("distance:{}", 1000),
    "switch": ("generic_flag:switch_{}", 1),
    "digitalInput": ("generic:digital_input_{}", 1),
    "digitalOutput": ("generic:digital_output_{}", 1),
    "analogInput": ("generic:analog_input_{}", 1),
    "analogOutput": ("generic:analog_output_{}", 1),
    "genericSensor": ("generic:generic_{}", 1),
    "presenceSensor": ("generic:presence_{}", 1),
    "altitude": ("generic:height_{}", 1),
}
AXES = {
    "accelerometer": {axis: f"generic:acceleration_{axis}_{{}}" for axis in "xyz"},
    "gyrometer": {axis: f"generic:rotation_{axis}_{{}}" for axis in "xyz"},
    "color": {"r": "generic:colour_red_{}", "g": "generic:colour_green_{}", "b": "generic:colour_blue_{}"},
    "gpsLocation": {"latitude": "latitude:{}", "longitude": "longitude:{}", "altitude": "generic:altitude_{}"},
}


def lpp(row: Wanted) -> Wanted:
    """ChirpStack nests by channel; The Things Stack appends the channel to the name."""
    wanted: Wanted = {}
    for name, channels in row["expected"].items():
        if not isinstance(channels, dict):
            wanted["air_temperature:" + name.removeprefix("temperature_")] = channels
            continue
        for channel, value in channels.items():
            if name in AXES:
                wanted |= {AXES[name][part].format(channel): number for part, number in value.items()}
            else:
                key, factor = LPP.get(name, ("generic:" + name + "_{}", 1))
                wanted[key.format(channel)] = value * factor
    return wanted


DIALECTS = {
    "milesight-em400-mud": milesight,
    "dragino-lse01": dragino,
    "bosch-tps110": bosch,
    "decentlab-dl-trs12": decentlab,
    "cayenne-lpp": lpp,
}


def uplinks() -> list[tuple[str, Wanted]]:
    rows = []
    for device_id in DIALECTS:
        path = FOLDER / f"{device_id}.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows += [(device_id, json.loads(line)) for line in lines]
    return [(device, row) for device, row in rows if row["kind"] == "uplink" and row["hex"] not in BROKEN]


def key(value: DecodedValue) -> str:
    return f"{value.quantity}:{value.channel}" if value.channel else value.quantity


@pytest.mark.parametrize(("device_id", "row"), uplinks())
def test_public_vector(device_id: str, row: Wanted) -> None:
    """What the vendor's own decoder says, we say too, under our names and in our units."""
    port = 1 if row["fPort"] is None else row["fPort"]
    got = {key(v): v.value for v in decode(device_id, port, bytes.fromhex(row["hex"]), NOW_MS).values}
    wanted = DIALECTS[device_id](row)
    assert set(wanted) <= set(got)
    for name, value in wanted.items():
        if isinstance(value, str | bool) or value is None:
            assert got[name] == value
        else:
            assert got[name] == pytest.approx(value, rel=1e-6, abs=1e-6)
