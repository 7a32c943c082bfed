"""What the tests know of Tektelic: the names of two public decoders in ours, and what its payloads can say."""

from typing import Any

import pytest

from tests.families.family import Family, Row, Wanted

NUMBERS = {
    "ambient_temperature": ("air_temperature", 1),
    "relative_humidity": ("relative_humidity", 1),
    "light_intensity": ("illuminance", 1),
    "mcu_temperature": ("device_temperature", 1),
    "battery_voltage": ("battery_voltage", 1),
    "rem_batt_capacity": ("battery_level", 1),
    "rem_batt_days": ("generic:battery_days_left", 1),
    "input1_frequency": ("generic:input1_frequency", 1),
    **{f"input{i}_frequency": (f"generic:input{i}_frequency", 1) for i in (5, 6)},
    **{f"watermark{i}_frequency": (f"generic:input{i + 4}_frequency", 1) for i in (1, 2)},
    **{f"watermark{i}_tension": (f"soil_water_potential:{i}", -1) for i in (1, 2)},
    **{f"input{i}_voltage": (f"generic:input{i}_voltage", 0.001) for i in (2, 3, 4)},
    **{f"Input{i}_voltage": (f"generic:input{i}_voltage", 1) for i in (2, 3, 4)},
    "Input2_voltage_to_temp": ("soil_temperature", 1),
    **{f"Input{i}_voltage_to_temp": (f"soil_temperature:{i - 2}", 1) for i in (3, 4)},
    **{f"Input{i}_temperature": (f"soil_temperature:{i - 2}", 1) for i in (3, 4)},
}
ALARMS = {
    "light_detected": "generic_flag:light_detected",
    "orientation_alarm": "tilt_alarm",
    "eos_alert": "battery_low",
}
NOT_KEPT = {
    "raw": "the payload itself",
    "port": "the port itself",
    "fPort": "the port itself",
    "input1_frequency_to_moisture": "a table for one dry point; every decoder has another",
}


def one(name: str, value: Any) -> Wanted:
    """One property; where a text stands for a number, the vendor rounded it."""
    if name in ALARMS:
        return {ALARMS[name]: value == "Alarm"}
    if name == "accelerometer_data":
        return {f"generic:acceleration_{axis[0]}": float(g) for axis, g in value.items()}
    key, factor = NUMBERS[name]
    decimals = len(str(value).partition(".")[2]) if isinstance(value, str) else 6
    return {key: pytest.approx(float(value) * factor, abs=0.501 * 10**-decimals)}


def in_our_words(row: Row) -> Wanted:
    """Voltages are in V and tensions are negative potentials with us."""
    wanted: Wanted = {}
    for name, value in row["expected"].items():
        wanted |= {} if name in NOT_KEPT else one(name, value)
    return wanted


FAMILY = Family(
    {"tektelic-agriculture": in_our_words},
    ranges={
        "tektelic-agriculture": {
            "air_temperature": (-40, 60, 0.1),
            "relative_humidity": (0, 100, 0.5),
            "illuminance": (0, 65535, 1),
            "soil_temperature:1": (-40, 60, 0.1),
            "generic:input1_frequency": (0, 65535, 1),
            "battery_voltage": (2.5, 3.7, 0.01),
        }
    },
)
