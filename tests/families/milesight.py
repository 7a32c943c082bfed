"""What the tests know of Milesight: its vendor names in ours, and the ranges that its payloads can say."""

import re
from collections.abc import Mapping
from typing import Any

from tests.families.family import Family, Row, Wanted

COMMON = {
    "battery": "battery_level",
    "position": "tilt_alarm",
    "device_status": "event",
    "ipso_version": "generic_text:protocol_version",
    "sn": "serial_number",
    "lorawan_class": "generic_text:lorawan_class",
    "collection_interval": "generic:collection_interval",
    "report_interval": "generic:report_interval",
    "retransmit_enable": "generic:retransmission",
    "retransmit_interval": "generic:retransmission_interval",
    "recollection_config.counts": "generic:recollection_count",
    "recollection_config.interval": "generic:recollection_interval",
}
LEVEL = COMMON | {
    "temperature": "device_temperature",
    "distance_alarm": "event:distance",
    "distance_alarming": "event:distance",
    "temperature_alarm": "event:device_temperature",
    "temperature_abnormal": "event:device_temperature",
    "install_height": "generic:install_height",
}
SOIL = COMMON | {"temperature": "soil_temperature", "moisture": "soil_moisture_vwc", "electricity": "soil_ec"}
WEATHER = COMMON | {
    "temperature": "air_temperature",
    "humidity": "relative_humidity",
    "pressure": "air_pressure",
    "rainfall_total": "rain_cumulative",
    "rainfall_counter": "generic:rain_counter",
    "temperature_alarm": "event:air_temperature",
    "pressure_alarm": "event:air_pressure",
    "wind_speed_alarm": "event:wind_speed",
    "rainfall_alarm": "event:rain_cumulative",
}
VALVE = COMMON | {
    **{f"valve_{n}": f"valve_state:{n}" for n in (1, 2)},
    **{f"valve_{n}_pulse": f"flow_pulse_count:{n}" for n in (1, 2)},
    **{f"gpio_{n}": f"generic_flag:gpio_{n}" for n in (1, 2)},
    "pressure": "pipe_pressure",
    "valve_task.valve_index": "generic_text:valve_task_valve",
    "valve_task.valve_status": "generic_text:valve_task_state",
    "valve_task.sequence_id": "generic:valve_task_sequence_id",
    "valve_task.time_rule_enable": "generic_flag:valve_task_duration_rule",
    "valve_task.duration": "generic:valve_task_duration",
    "valve_task.pulse_rule_enable": "generic_flag:valve_task_pulse_rule",
    "valve_task.valve_pulse": "generic:valve_task_pulses",
    "valve_task.rain_stop_plan": "generic_flag:valve_task_rain_stop",
    "valve_task.start_time": "generic:valve_task_start_time",
}
WORDS = {
    "threshold_alarm": "alarm",
    "threshold alarm": "alarm",
    "threshold alarm release": "alarm_release",
    "threshold_alarm_release": "alarm_release",
    "tilt": True,
    "normal": False,
    "close": "closed",
    "all valves": "all",
    "disable": False,
    "enable": True,
}
FLAGS = {"on": True, "off": False}
ECHOES = {
    "retransmit_enable": "retransmission",
    "retransmit_interval": "retransmission_interval",
    "recollection_config": "recollection",
    "valve_1_pulse": "valve_1_pulses",
    "valve_2_pulse": "valve_2_pulses",
}
"""Vendor names of settings whose echo is called otherwise with us."""


def flat(expected: Mapping[str, Any]) -> Wanted:
    """Nested settings as `setting.part`; of the records of a history lists by name, their times left to other tests."""
    found: Wanted = {}
    for name, value in expected.items():
        if name == "history":
            names = sorted({part for record in value for part in record} - {"timestamp", "mode"})
            found |= {part: [record[part] for record in value if part in record] for part in names}
        else:
            parts = value if isinstance(value, dict) else {"": value}
            found |= {f"{name}.{part}".removesuffix("."): one for part, one in parts.items()}
    return found


def translated(name: str, value: Any) -> Any:
    """One value of the vendor's in our words."""
    if isinstance(value, list):
        return [translated(name, one) for one in value]
    if name == "event":
        return "startup"
    if name.startswith("event:"):
        return WORDS.get(value, "alarm" if value is True else value)
    if name.startswith("generic_flag:"):
        return FLAGS.get(value, WORDS.get(value, value))
    known = WORDS.get(value, value)
    if name.startswith("generic:"):
        assert isinstance(known, float | int)
        return float(known)
    return re.sub(r"^(v(?=\d)|Class |valve )", "", known) if isinstance(known, str) else known


def dialect(names: Mapping[str, str]) -> Any:
    """Vendor names to ours, an echo being one besides; of a repeated item the vendor keeps the last value."""

    def in_our_words(row: Row) -> Wanted:
        wanted = {names.get(name, name): value for name, value in flat(row["expected"]).items()}
        wanted = {name: translated(name, value) for name, value in wanted.items()}
        if "(echo)" in row.get("description", ""):
            (setting,) = row["expected"]
            wanted[f"event:{ECHOES.get(setting, setting)}"] = "config_ack"
        return wanted

    return in_our_words


LEVELS = ("milesight-em400-mud", "milesight-em400-tld", "milesight-em400-udl")
VALVES = ("milesight-uc511", "milesight-uc512")
LEVEL_RANGES = {"battery_level": (0, 100, 1), "device_temperature": (-40, 85, 0.1), "distance": (1, 65532, 1)}
VALVE_RANGES = {
    "battery_level": (0, 100, 1),
    "flow_pulse_count:1": (0, 4_294_967_295, 1),
    "flow_pulse_count:2": (0, 4_294_967_295, 1),
    "pipe_pressure": (0, 10_000, 1),
}
LEVEL_SWITCHES: Mapping[str, list[bool | str]] = {"tilt_alarm": [True, False]}
VALVE_SWITCHES: Mapping[str, list[bool | str]] = {
    "valve_state:1": ["open", "closed"],
    "valve_state:2": ["open", "closed"],
    "generic_flag:gpio_1": [True, False],
}

FAMILY = Family(
    {
        "milesight-em310-udl": dialect(LEVEL),
        **dict.fromkeys(LEVELS, dialect(LEVEL)),
        "milesight-em500-smtc": dialect(SOIL),
        **dict.fromkeys(VALVES, dialect(VALVE)),
        "milesight-wts506": dialect(WEATHER),
    },
    ranges={
        "milesight-em310-udl": {"battery_level": (0, 100, 1), "distance": (1, 65532, 1)},
        **dict.fromkeys(LEVELS, LEVEL_RANGES),
        "milesight-em500-smtc": {
            "battery_level": (0, 100, 1),
            # Not the frost: two of its tenths are sentinels.
            "soil_temperature": (0, 85, 0.1),
            "soil_moisture_vwc": (0, 100, 0.01),
            "soil_ec": (0, 30_000, 1),
        },
        **dict.fromkeys(VALVES, VALVE_RANGES),
        "milesight-wts506": {
            "battery_level": (0, 100, 1),
            "air_temperature": (-40, 85, 0.1),
            "relative_humidity": (0, 100, 0.5),
            "wind_direction": (0, 360, 0.1),
            "air_pressure": (300, 1200, 0.1),
            "wind_speed": (0, 120, 0.1),
            "rain_cumulative": (0, 100_000, 0.01),
            "generic:rain_counter": (0, 255, 1),
        },
    },
    switches={
        **dict.fromkeys((*LEVELS, "milesight-em310-udl"), LEVEL_SWITCHES),
        **dict.fromkeys(VALVES, VALVE_SWITCHES),
    },
)
