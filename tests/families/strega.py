"""What the tests know of STREGA: its vendor names in ours, and the ranges that its payloads can say."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.families.family import Family, Row, Wanted

FLAGS = {
    "Tamper": "tamper",
    "Cable": "generic_flag:cable_cut",
    "DI0": "generic_flag:digital_input_0",
    "DI1": "generic_flag:digital_input_1",
    "LSO": "generic_flag:digital_input_1",
    "Leak": "leak_alarm",
    "Fraud": "generic_flag:status_bit_6",
    "LSC": "generic_flag:status_bit_6",
    "Power": "generic_flag:external_power",
}
NUMBERS = {
    "Bat": "battery_level",
    "counterValue": "flow_pulse_count:1",
    "Ana": "generic:analog_input",
    "Temp": "device_temperature",
    "Hygro": "relative_humidity",
}
REPEATED = ("vt",)
"""Two of the status bits once more."""


def one(name: str, value: Any) -> Wanted:
    """One property: digits for switches, the text `null` for what is not there, two decimals elsewhere."""
    if name in FLAGS:
        return {FLAGS[name]: {"0": False, "1": True}[value]}
    if name == "Actuator":
        return {"valve_state:1": {"0": "closed", "1": "open"}[value]}
    if name == "Class":
        return {"generic_text:lorawan_class": {"0": "A", "1": "C"}[value]}
    return {} if value == "null" else {NUMBERS[name]: pytest.approx(value, abs=0.0051)}


def in_our_words(row: Row) -> Wanted:
    """The vendor has no voltage, only a level that it computes from it."""
    wanted: Wanted = {}
    for name, value in row["expected"].items():
        wanted |= {} if name in REPEATED else one(name, value)
    return wanted


def downlink_in_our_words(row: Row) -> tuple[str, Mapping[str, Any]]:
    """The vendor's input as our command and its arguments."""
    given, units = row["input"], ("unit_00", "unit_80")
    if given["fPort"] == 2:
        unit = {21: "seconds", 41: "minutes", 81: "hours"}[given["status"]]
        return "open_valve", {"unit": unit, "duration": given["time"]}
    if given["fPort"] == 11:
        closed = {"closed_unit": units[given["unit1"]], "closed": given["time1"]}
        return "set_report_times", {**closed, "open_unit": units[given["unit2"]], "open": given["time2"]}
    if given["fPort"] == 23:
        return "set_pulses", {"count": given["payload"]}
    if given["fPort"] == 9:
        return "set_class", {"class": "ac"[given["payload"]]}
    requests = {13: "sync_clock", 24: "request_pulses", 25: "request_analog"}
    return requests.get(given["fPort"], ("close_valve", "open_valve")[given["payload"]]), {}


FAMILY = Family(
    {"strega-smart-valve": in_our_words},
    downlinks={"strega-smart-valve": downlink_in_our_words},
    ranges={
        "strega-smart-valve": {
            "battery_voltage": (2.0, 3.7, 0.001),
            "device_temperature": (-40, 85, 165 / 65536),
            "relative_humidity": (0, 99.99, 100 / 65536),
            "flow_pulse_count:1": (0, 0xFFFFFF, 1),
            "generic:analog_input": (0, 65.535, 0.001),
        }
    },
    switches={
        "strega-smart-valve": {
            "valve_state:1": ["open", "closed"],
            "generic_text:lorawan_class": ["A", "C"],
            "generic_flag:external_power": [False],
            "tamper": [True, False],
            "leak_alarm": [True, False],
            **{
                f"generic_flag:{name}": [True, False]
                for name in ("cable_cut", "digital_input_0", "digital_input_1", "status_bit_6")
            },
        }
    },
)
