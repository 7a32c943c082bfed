"""What the tests know of Nwave: its vendor names in ours, and the ranges that its payloads can say."""

from typing import Any

from tests.families.family import Family, Row, Wanted

NAMES = {
    "occupied": "occupied",
    "firmware_version": "firmware_version",
    "reset_cause": "generic_text:reset_cause",
    "battery_voltage": "battery_voltage",
    "temperature": "device_temperature",
    "battery_health": "generic_text:battery_health",
    "hw_health_status": "generic:hardware_health",
    "previous_state_duration": "previous_state_duration",
    "previous_state_duration_error": "generic:previous_state_duration_error",
    "previous_state_duration_overflow": "generic_flag:previous_state_duration_overflow",
    "tag_id": "user_tag",
}
EVENTS = {
    "heartbeat": {"event": "heartbeat"},
    "startup": {"event": "startup"},
    "user_registration": {"event:user_registration": "info"},
    "debug": {"event:debug": "info"},
    "parking_status": {},
}
IN_MINUTES = ("previous_state_duration", "previous_state_duration_error")


def in_our_words(row: Row) -> Wanted:
    """Durations are in seconds with us; what the vendor doesn't know (null) is left out."""

    def ours(name: str, value: Any) -> Any:
        return value * 60 if name in IN_MINUTES else value

    said = {name: value for name, value in row["expected"].items() if name != "type" and value is not None}
    return {NAMES[name]: ours(name, value) for name, value in said.items()} | EVENTS[row["expected"]["type"]]


FAMILY = Family(
    {"nwave-nps310sm": in_our_words, "nwave-nps405": in_our_words},
    ranges={
        "nwave-nps310sm": {},
        "nwave-nps405": {
            "battery_voltage": (2.5, 3.52, 0.004),
            "device_temperature": (-54, 73.5, 0.5),
            "generic:hardware_health": (0, 0, 1),
        },
    },
    switches={
        "nwave-nps310sm": {"event": ["heartbeat"], "occupied": [True, False]},
        "nwave-nps405": {"event": ["heartbeat"], "occupied": [False]},
    },
)
