"""What the tests know of DingTek: its vendor names in ours, and the ranges that its payloads can say."""

from collections.abc import Mapping
from typing import Any

from tests.families.family import Family, Row, Wanted

DATA = {
    "level": "distance",
    "temperature": "device_temperature",
    "angle": "tilt_angle",
    "longitude": "longitude",
    "latitude": "latitude",
    "frameCounter": "generic:frame_counter",
}
FLAGS = {
    "full": "full_alarm", "fire": "fire_alarm", "tilt": "tilt_alarm", "battery": "battery_low",
    "alarmLevel": "full_alarm", "alarmFire": "fire_alarm", "alarmFall": "tilt_alarm", "alarmBattery": "battery_low",
}  # fmt: skip
SETTINGS = {
    "periodic_interval": "upload_interval", "periodic_upload_interval": "upload_interval",
    "uploadInterval": "upload_interval", "detection_interval": "detection_interval",
    "periodic_detection_interval": "detection_interval", "detectInterval": "detection_interval",
    "full_alarm_threshold": "full_alarm_distance", "levelThreshold": "full_alarm_distance",
    "fire_alarm_threshold": "fire_alarm_threshold", "fireThreshold": "fire_alarm_threshold",
    "tilt_alarm_threshold": "tilt_alarm_threshold", "motion_alarm_threshold": "tilt_alarm_threshold",
    "fallThreshold": "tilt_alarm_threshold", "tilt_enable": "tilt_alarm_enable",
    "motion_alarm_enable": "tilt_alarm_enable", "fallEnable": "tilt_alarm_enable",
    "ultrasonic_range": "ultrasonic_range", "workMode": "work_mode",
}  # fmt: skip
CONCERNED = {"full_alarm": "distance", "tilt_alarm": "tilt_angle", "battery_low": "battery_low"}
SIGN_BYTE = {17: 9, 25: 17}


def _number(said: object) -> float:
    """The vendor adds units to some numbers."""
    return float(str(said).split()[0])


def in_our_words(row: Row) -> Wanted:
    """Disputed: the vendor's script negates every angle, the sign byte says which of them are negative."""
    frame = bytes.fromhex(row["hex"])
    wanted: Wanted = {}
    for name, said in row["expected"].items():
        if name in SETTINGS:
            number = float(said) if isinstance(said, bool) else _number(said)
            wanted |= {f"generic:{SETTINGS[name]}": number, f"event:{SETTINGS[name]}": "config_ack"}
        elif name == "firmware":
            wanted["firmware_version"] = said
        elif name in FLAGS:
            wanted[FLAGS[name]] = said
        else:
            wanted[DATA[name]] = _number(said)
    if "tilt_angle" in wanted and not frame[SIGN_BYTE[len(frame)]] & 15:
        wanted["tilt_angle"] = abs(wanted["tilt_angle"])
    return wanted


def manhole(row: Row) -> Wanted:
    """An alarm that is set is an event too."""
    wanted = in_our_words(row)
    return wanted | {f"event:{CONCERNED[name]}": "alarm" for name in CONCERNED if wanted.get(name)}


RANGES = {
    "distance": (200, 5000, 1),
    "device_temperature": (-40, 85, 1),
    "tilt_angle": (-90, 90, 1),
    "generic:frame_counter": (0, 65535, 1),
}
ALARMS: dict[str, list[bool | str]] = {name: [True, False] for name in ("full_alarm", "tilt_alarm", "battery_low")}
CONTAINERS, MANHOLES = ("dingtek-df702", "dingtek-df703"), ("dingtek-dc410", "dingtek-dc413")


def downlink_in_our_words(row: Row) -> tuple[str, Mapping[str, Any]]:
    """The vendor's input as our command and its arguments."""
    ((name, value),) = row["input"].items()
    names: dict[str, tuple[str, dict[str, Any]]] = {
        "uploadInterval": ("set_interval", {"seconds": value * 3600}),
        "periodic_interval": ("set_interval", {"seconds": value * 3600}),
        "detectInterval": ("set_collection_interval", {"seconds": value * 60}),
        "detection_interval": ("set_collection_interval", {"seconds": value * 60}),
        "fallThreshold": ("set_tilt_threshold", {"degrees": value}),
        "tilt_alarm_threshold": ("set_tilt_threshold", {"degrees": value}),
        "fallEnable": ("set_tilt_alarm", {"enabled": value}),
        "ultrasonic_range": ("set_range", {"metres": value}),
    }
    return names[name]


FAMILY = Family(
    {**dict.fromkeys(CONTAINERS, in_our_words), **dict.fromkeys(MANHOLES, manhole)},
    downlinks={"dingtek-df702": downlink_in_our_words, "dingtek-df703": downlink_in_our_words},
    ranges={
        **{device: {**RANGES, "latitude": (1, 90, 0.0001), "longitude": (1, 180, 0.0001)} for device in CONTAINERS},
        **dict.fromkeys(MANHOLES, RANGES),
    },
    switches={
        **{device: {**ALARMS, "fire_alarm": [True, False]} for device in CONTAINERS},
        **dict.fromkeys(MANHOLES, ALARMS),
    },
)
