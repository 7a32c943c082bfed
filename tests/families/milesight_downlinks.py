"""Milesight's public downlinks: what the vendor's encoder is given, as our commands (apart for length)."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.families.family import Family, Row

Called = tuple[str, Mapping[str, Any]]


def _to(command: str, parameter: str, scale: float = 1) -> Callable[[Any], Called]:
    return lambda value: (command, {parameter: value * scale})


def _plainly(command: str) -> Callable[[Any], Called]:
    return lambda _: (command, {})


def _calibration(quantity: str) -> Callable[[Any], Called]:
    command = f"set_{quantity}_calibration"
    return lambda value: (command, {"enabled": value["enable"], "offset": value["calibration_value"]})


def _measurement(sensor: str) -> Callable[[Any], Called]:
    return lambda enabled: ("set_measurement", {"sensor": sensor, "enabled": enabled})


def _rule(number: int) -> dict[str, Callable[[Any], Called]]:
    return {
        f"rule_{number}_enable": lambda enabled: ("set_rule", {"rule": number, "enabled": enabled}),
        f"rule_{number}_remove": lambda _: ("remove_rule", {"rule": number}),
    }


def _pulses(valve: int) -> dict[str, Callable[[Any], Called]]:
    return {
        f"valve_{valve}_pulse": lambda count: ("set_pulses", {"valve": valve, "count": count}),
        f"clear_valve_{valve}_pulse": lambda _: ("clear_pulses", {"valve": valve}),
    }


def _history(value: Any) -> Called:
    return "fetch_history", {"start": value["start_time"], "end": value["end_time"]}


def _record(value: Any) -> Called:
    # The vendor's encoder tests its end time the wrong way round: asked for a range it asks for one record.
    return "fetch_record", {"time": value["start_time"]}


def _schedule(value: Any) -> Called:
    group, data = {"group": value["id"]}, value["data"]
    if value["type"] == 0:
        return "set_multicast_time", {**group, "time": data["timestamp"], "minutes": data["continuous"]}
    if value["type"] == 3:
        return "set_multicast_frequency", {**group, "channel": data["channel_index"], "hertz": data["frequency"]}
    command = {1: "set_multicast_channels", 2: "set_multicast_upper_channels"}[value["type"]]
    return command, {**group, "channels": ",".join(map(str, data["channels"]))}


def _valve(value: Any) -> Called:
    valve = {"valve 1": "1", "valve 2": "2", "all valves": "all"}[value["valve_index"]]
    where = {"valve": valve, "sequence": value["sequence_id"]}
    if value.get("rain_stop_plan") == "disable":
        return "cancel_rain_stop", where
    if value.get("rain_stop_plan") == "enable":
        return "set_rain_stop", {**where, "seconds": value["duration"], "start": value["start_time"]}
    if value["valve_status"] == "close":
        return "close_valve", where
    seconds = {"seconds": value["duration"]} if value["time_rule_enable"] == "enable" else {}
    pulses = {"pulses": value["valve_pulse"]} if value["pulse_rule_enable"] == "enable" else {}
    return "open_valve", {**where, **seconds, **pulses}


_SENSORS = {"all": "all", "temperature": "temperature", "moisture": "moisture", "electricity": "ec"}
_MODES = ("standard", "bin", "parking")
_COMMON: dict[str, Callable[[Any], Called]] = {
    "reboot": _plainly("reboot"),
    "report_status": _plainly("report_now"),
    "query_device_status": _plainly("report_now"),
    "report_interval": _to("set_interval", "seconds"),
    "collection_interval": _to("set_collection_interval", "seconds"),
    "recollection_config": lambda v: ("set_recollection", {"count": v["counts"], "seconds": v["interval"]}),
    "sync_time": _plainly("sync_clock"),
    "timestamp": _to("set_clock", "time"),
    "time_zone": _to("set_time_zone", "hours", 0.1),
    "working_mode": lambda mode: ("set_working_mode", {"mode": _MODES[mode]}),
    "people_existing_height": _to("set_person_height", "millimetres"),
    "install_height": _to("set_install_height", "millimetres"),
    "install_height_enable": _to("set_install_height_use", "enabled"),
    "tilt_linkage_distance_enable": _to("set_tilt_distance_link", "enabled"),
    "tof_detection_enable": _to("set_tof_detection", "enabled"),
    "history_enable": _to("set_data_storage", "enabled"),
    "stop_transmit": _plainly("stop_history"),
    "resend_interval": _to("set_resend_interval", "seconds"),
    "retransmit_enable": _to("set_retransmission", "enabled"),
    "retransmit_interval": _to("set_retransmission_interval", "seconds"),
    "clear_history": _plainly("clear_history"),
    "fetch_history": _history,
}
_SOIL: dict[str, Callable[[Any], Called]] = {
    "temperature_mutation_alarm_config": lambda v: (
        "set_temperature_change_threshold",
        {"enabled": v["enable"], "change": v["mutation"]},
    ),
    "time_sync_enable": _to("set_clock_sync", "enabled"),
    "alarm_report_counts": _to("set_alarm_repetition", "count"),
    "alarm_release_enable": _to("set_alarm_release", "enabled"),
    **{f"sensor_{name}_enable": _measurement(sensor) for name, sensor in _SENSORS.items()},
    "electricity_calibration_settings": _calibration("ec"),
    "temperature_calibration_settings": _calibration("temperature"),
    "moisture_calibration_settings": _calibration("moisture"),
    "fetch_history": _record,
}
_VALVES: dict[str, Callable[[Any], Called]] = {
    **_pulses(1),
    **_pulses(2),
    "valve_task": _valve,
    "pressure_calibration_settings": _calibration("pressure"),
    "sync_time_type": lambda v: ("set_clock_sync", {"version": {1: "1.0.2", 2: "1.0.3", 3: "1.1.0"}[v]}),
    "schedule_device_config": _schedule,
    "query_valve_task_status": lambda v: ("request_valve_task", {"valve": v["index"] + 1}),
    **{name: called for number in range(1, 17) for name, called in _rule(number).items()},
    "class_a_response_time": _to("set_response_time", "seconds"),
    "gpio_jitter_time": _to("set_gpio_debounce", "seconds"),
    "pulse_filter_config": lambda v: (
        "set_pulse_filter",
        {"filter": {1: "hardware", 2: "software"}[v["mode"]], "width": v["time"]},
    ),
    "response_enable": _to("set_response", "enabled"),
    "valve_power_supply_config": lambda v: (
        "set_valve_supply",
        {"count": v["counts"], "pulse": v["control_pulse_time"], "power": v["power_time"]},
    ),
    "ai_collection_config": lambda v: (
        "set_pressure_sampling",
        {
            "id": v["id"],
            "enabled": v["enable"],
            "seconds": v["collect"],
            "open_seconds": v["collect_irrigation"],
            "delay": v["open_delay_collect_time"],
        },
    ),
}


def _dialect(words: Mapping[str, Callable[[Any], Called]]) -> Callable[[Row], Called]:
    def translate(row: Row) -> Called:
        ((name, value),) = row["input"].items()
        return words[name](value)

    return translate


_RAW = "raw multicast payload: could hold an opening without limit, so no command makes it"
_ACTION = "schedule types 241 to 243 are not explained anywhere: what they do is unknown"

FAMILY = Family(
    {},
    downlinks={
        **{f"milesight-{model}": _dialect(_COMMON) for model in ("em310-udl", "em400-mud", "em400-tld", "em400-udl")},
        "milesight-wts506": _dialect(_COMMON),
        "milesight-em500-smtc": _dialect({**_COMMON, **_SOIL}),
        **{f"milesight-{model}": _dialect({**_COMMON, **_VALVES}) for model in ("uc511", "uc512")},
    },
    downlink_exceptions={
        **{(f"milesight-{model}", "f00124000400000000"): _RAW for model in ("uc511", "uc512")},
        **{(f"milesight-{model}", f"f9a603f{i}"): _ACTION for model in ("uc511", "uc512") for i in (1, 2, 3)},
    },
)
