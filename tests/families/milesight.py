"""What the tests know of Milesight: its vendor names in ours, and the ranges that its payloads can say."""

import re

from tests.families.family import Family, Row, Wanted


def in_our_words(row: Row) -> Wanted:
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


FAMILY = Family(
    {"milesight-em400-mud": in_our_words},
    ranges={
        "milesight-em400-mud": {
            "battery_level": (0, 100, 1),
            "device_temperature": (-40, 85, 0.1),
            "distance": (1, 65532, 1),
        }
    },
    switches={"milesight-em400-mud": {"tilt_alarm": [True, False]}},
)
