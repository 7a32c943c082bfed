"""What the tests know of PNI: the names of its own library and of an unofficial one in ours."""

from typing import Any

from tests.families.family import Family, Row, Wanted

NAMES = {
    "analog_input_3": "battery_voltage",
    "Battery": "battery_voltage",
    "temperature_2": "device_temperature",
    "Temperature": "device_temperature",
    "presence_21": "occupied",
    "presence_55": "occupied",
    "Occupied": "occupied",
    "digital_input_33": "vehicle_count",
    "digital_input_55": "vehicle_count",
    "VehicleCount": "vehicle_count",
    "digital_input_5": "generic:internal_5",
    "digital_input_6": "generic:internal_6",
}
ANSWERS = {
    "Recalibrated": "recalibrate",
    "digital_output_1": "recalibrate",
    "Deactivated": "deactivate",
    "digital_output_28": "deactivate",
    "RebootSucceed": "reboot",
    "digital_output_63": "reboot",
}


def one(name: str, value: Any) -> Wanted:
    """One item."""
    if name in ANSWERS:
        return {f"event:{ANSWERS[name]}": "config_ack", f"generic:{ANSWERS[name]}": float(value)}
    alive = {"event": "heartbeat"} if name.endswith("_55") else {}
    if name == "RecalibrationOrReboot" or (NAMES[name] == "vehicle_count" and value & 0x80):
        return {"event:vehicle_count": "startup", **alive}
    return {NAMES[name]: bool(value) if NAMES[name] == "occupied" else value, **alive}


def in_our_words(row: Row) -> Wanted:
    """An item that comes several times is a list."""
    found: dict[str, list[Any]] = {}
    for item in row["expected"]:
        for name, value in item.items():
            for key, wanted in one(name, value).items():
                found.setdefault(key, []).append(wanted)
    return {key: values if len(values) > 1 else values[0] for key, values in found.items()}


FAMILY = Family(
    {"pni-placepod": in_our_words},
    ranges={
        "pni-placepod": {
            "battery_voltage": (2.0, 4.0, 0.01),
            "device_temperature": (-40, 85, 0.1),
            "vehicle_count": (0, 127, 1),
        }
    },
    switches={"pni-placepod": {"occupied": [True, False]}},
)
