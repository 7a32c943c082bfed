"""What the tests know of Pepperl+Fuchs: its vendor names in ours, and the ranges that its payloads can say."""

from tests.families.family import Family, Row, Wanted

_NAMES = {
    "proxx_mm": ("distance", 1),
    "proxx": ("distance", 10),
    "fillinglvl": ("fill_level", 1),
    "amplitude": ("echo_quality", 1),
    "water_body_level_mm": ("fill_height", 1),
    "temp": ("device_temperature", 1),
    "battery_vol": ("battery_voltage", 1),
    "latitude": ("latitude", 1),
    "longitude": ("longitude", 1),
    "lora_count": ("generic:lora_transmissions", 1),
    "gps_count": ("generic:gps_acquisitions", 1),
    "us_sensor_count": ("generic:ultrasonic_measurements", 1),
    "sensing_count": ("generic:sensor_measurements", 1),
}
_CODES = {"Unconfirmed": 0, "Confirmed": 1, "Container filling": 1, "Average value": 1}
_VALVES = {"Open": "open", "Closed": "closed", "Undefined": "unknown", "Not connected": None}
"""Of a valve that is not inquired nothing is said."""
_SENSORS = {"details": "signal", "status": "target"}
_REPEATED = {"payload", "valve_status", "sensor_details", "sensor_status"}
"""The frame itself, and raw numbers whose parts the vendor names as well."""


def in_our_words(row: Row) -> Wanted:
    """Names without an entry are settings: acknowledged, with a number, a text, or nothing ("done")."""
    wanted: Wanted = {}
    for name, value in row["expected"].items():
        if name in _NAMES:
            quantity, factor = _NAMES[name]
            wanted[quantity] = value * factor
        elif name == "serial_nr":
            wanted["serial_number"] = value
        elif name in ("valve_1_status", "valve_2_status"):
            wanted |= {"valve_state:" + name[6]: _VALVES[value]} if value in _VALVES else {}
        elif name.startswith("sensor_") and name[9:] in _SENSORS:
            wanted[f"generic_text:sensor_{name[7]}_{_SENSORS[name[9:]]}"] = value.lower()
        elif name not in _REPEATED:
            wanted |= _acknowledged(name, value)
    return wanted


def _acknowledged(name: str, value: str | float | bool) -> Wanted:
    wanted: Wanted = {f"event:{name}": "config_ack"}
    if isinstance(value, str) and value in _CODES:
        wanted[f"generic:{name}"] = _CODES[value]
    elif isinstance(value, str) and value != "done":
        wanted[f"generic_text:{name}"] = value
    elif not isinstance(value, str):
        wanted[f"generic:{name}"] = float(value)
    return wanted


_LEVEL = "pepperl-fuchs-wilsen-sonic-level"
_DISTANCE = "pepperl-fuchs-wilsen-sonic-distance"
_VALVE = "pepperl-fuchs-wilsen-valve"
_BATTERY = {"battery_voltage": (2.0, 3.9, 0.1), "device_temperature": (-40.0, 85.0, 0.1)}
_POSITION = {"latitude": (30.0, 60.0, 1e-6), "longitude": (1.0, 40.0, 1e-6)}

FAMILY = Family(
    dict.fromkeys((_LEVEL, _DISTANCE, _VALVE), in_our_words),
    ranges={
        _LEVEL: {"distance": (1, 10_000, 1), "fill_level": (0, 100, 1), **_BATTERY, **_POSITION},
        _DISTANCE: {"fill_height": (0, 10_000, 1), "echo_quality": (0, 255, 1), **_BATTERY},
        _VALVE: _BATTERY,
    },
    switches={
        _LEVEL: {"fill_level_source": ["device"]},
        _VALVE: {
            "valve_state:1": ["open", "closed", "unknown"],
            "valve_state:2": ["open", "closed", "unknown"],
            "generic_text:sensor_1_target": ["no target detected", "target detected", "not connected"],
            "generic_text:sensor_2_target": ["no target detected", "short circuit"],
        },
    },
)
