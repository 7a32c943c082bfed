"""Milesight UC511/UC512 valve controllers: their items, records, rules and the answers to commands.

Source: README files of the public decoders (Milesight-IoT/SensorDecoders uc-series). Valves are numbered from 1 in
channels and values; 0xFF in a valve's item says that the last command failed, and nothing of the state.
"""

from collections.abc import Iterator, Mapping

from decoders.channels import Items
from decoders.field import Field
from decoders.layout import Layout
from decoders.milesight import CONDITIONS, echo, number, setting, switch, word
from decoders.milesight_rules import RULE
from decoders.source import Number, Text, le, s16, u8, u16, u24, u32

_STATES = {0: "closed", 1: "open"}
_SOURCES = {0: "always", 1: "valve 1 open", 2: "valve 2 open", 3: "valve 1 or 2 open"}
_TASKS = {0: "none", 1: "local plan", 2: "forced", 3: "rain stop", 4: "temporary"}
_VALVES = {**{raw: str(raw + 1) for raw in range(7)}, 7: "all"}
_RESULTS = {0: "ok", 1: "not allowed"}
_MODE = u8(4).bits(1)
_INDEX = u8(4).bits(4)


def _state(valve: int, source: Number) -> Field:
    return Field("valve_state", source, channel=str(valve), values=_STATES)


def _pulses(valve: int, offset: int, *, derived: bool = False) -> Field:
    return Field("flow_pulse_count", le(u32(offset)), channel=str(valve), derived=derived)


def _valve(valve: int) -> tuple[Layout, ...]:
    failed = Field("valve_command_result", u8(0), channel=str(valve), values={0xFF: "failed"})
    return Layout((failed,), when=((u8(0), 0xFF),)), Layout((_state(valve, u8(0)),))


def _task_status(valve: int) -> Layout:
    return Layout(
        (
            _state(valve, u8(1)),
            word(f"valve_{valve}_task", u8(0), _TASKS),
            word(f"valve_{valve}_commanded", u8(2), _STATES),
        )
    )


def _records() -> Iterator[Layout]:
    """Logged records. Disputed: status bit 1 is 1 for the GPIO mode, as the README's example says; the script swaps."""
    for valve in (1, 2):
        of_valve = (_INDEX, valve - 1)
        state, gpio = _state(valve, u8(4).bits(0)), switch(f"gpio_{valve}", u8(4).bits(2))
        yield Layout((state, gpio), length=9, when=(of_valve, (_MODE, 1)), time=le(u32(0)))
        yield Layout((state, _pulses(valve, 5)), when=(of_valve, (_MODE, 0)), time=le(u32(0)))


def _task(*parts: Field, special: int | None) -> Layout:
    """A valve task's echo; bits 4-3 of its first byte tell the rain stop (its own layout) from the ordinary task."""
    return echo(
        "valve_task",
        word("valve_task_valve", u8(0).bits(0, 3), _VALVES),
        word("valve_task_state", u8(0).bits(5), _STATES),
        number("valve_task_sequence_id", u8(1)),
        *parts,
        when=() if special is None else ((u8(0).bits(3, 2), special),),
    )


_DURATION = number("valve_task_duration", le(u24(2)))
_RAIN_STOP = (
    Field("generic_flag", u8(0).bits(3, 2), channel="valve_task_rain_stop", values={2: True, 1: False}),
    _DURATION,
    number("valve_task_start_time", le(u32(5))),
)
_TASK = (
    _task(*_RAIN_STOP, special=2),
    _task(*_RAIN_STOP, special=1),
    _task(
        switch("valve_task_duration_rule", u8(0).bits(7)),
        _DURATION,
        switch("valve_task_pulse_rule", u8(0).bits(6)),
        number("valve_task_pulses", le(u32(5))),
        special=None,
    ),
)


def _count_set(valve: int) -> Layout:
    """Setting the counter makes the count what was set."""
    name = f"valve_{valve}_pulses"
    return echo(name, number(name, le(u32(1))), _pulses(valve, 1, derived=True), when=((u8(0), valve),))


def _rules(which: int, name: str) -> Layout:
    return echo(name, number(f"{name}_mask", le(u16(1))), when=((u8(0), which),))


_RULE_SETTINGS = (
    _rules(0, "read_rules"),
    _rules(1, "enable_rules"),
    _rules(2, "remove_rules"),
    echo("rule_enable", number("rule_id", u8(1)), switch("rule_enable", u8(2)), when=((u8(0), 3),)),
    echo("remove_rule", number("rule_id", u8(1)), length=3, when=((u8(0), 4),)),
)


_SCHEDULE = echo(
    "schedule",
    number("schedule_id", u8(0)),
    switch("schedule_enable", u8(1).bits(7)),
    word("schedule_valve_state", u8(1).bits(6), _STATES),
    switch("schedule_valve_2", u8(1).bits(1)),
    switch("schedule_valve_1", u8(1).bits(0)),
    number("schedule_weekdays_mask", u8(2)),
    number("schedule_start_hour", u8(3)),
    number("schedule_start_minute", u8(4)),
    number("schedule_end_hour", u8(5)),
    number("schedule_end_minute", u8(6)),
    number("schedule_pulses", le(u16(7))),
)


def _collection(name: str, *more: Field, length: tuple[int, ...]) -> Layout:
    return echo(
        name,
        number(f"{name}_id", u8(0)),
        switch(f"{name}_enable", u8(1)),
        number(f"{name}_interval", le(u16(2))),
        number(f"{name}_irrigation_interval", le(u16(4))),
        number(f"{name}_open_delay", u8(6)),
        *more,
        length=length,
    )


def _result(name: str, offset: int, more: Mapping[int, str]) -> Field:
    return word(f"{name}_result", u8(offset), {**_RESULTS, **more})


_CLASSES = {0: "A", 1: "B", 2: "C", 3: "C-to-B", 0xFF: "cancel"}
_CLASS_RESULTS = {
    2: "invalid parameter", 16: "duration is zero", 17: "duration is too long", 18: "expired", 0xFF: "other error",
}  # fmt: skip
_SCHEDULE_RESULTS = {
    1: "not found", 2: "expired", 3: "invalid time", 4: "invalid channel", 5: "invalid frequency", 6: "not supported",
    7: "not yet due", 8: "no memory", 9: "exists already", 0xFF: "other error",
}  # fmt: skip
_CLASS_SWITCH = echo(
    "class_switch",
    number("class_switch_time", le(u32(0))),
    number("class_switch_duration", le(u16(4))),
    word("class_switch_class", u8(6), _CLASSES),
    _result("class_switch", 8, _CLASS_RESULTS),
)


def _scheduled(name: str, results: Mapping[int, str]) -> Layout:
    return echo(name, number(f"{name}_id", u8(0)), number(f"{name}_type", u8(1)), _result(name, 2, results))


def _text(size: int) -> Layout:
    """A message of a rule: whatever is left of the frame; fillers are dropped."""
    source = Text(0, size, lambda raw: raw.replace(b"\0", b"").decode("latin-1"), lambda text: text.encode("latin-1"))
    return Layout((Field("generic_text", source, channel="custom_message"),))


_PRESSURE_ALARM = Layout(
    (
        Field("pipe_pressure", le(u16(6))),
        Field("event", u8(8), channel="pipe_pressure", values={0: "alarm_release", 1: "alarm"}),
        word("pressure_alarm_source", u8(0), _SOURCES),
        word("pressure_alarm_condition", u8(1), CONDITIONS),
        number("pressure_alarm_min", le(u16(2))),
        number("pressure_alarm_max", le(u16(4))),
    )
)

UC51X: Items = {
    0x0301: _valve(1),
    0x04C8: Layout((_pulses(1, 0),)),
    0x0501: _valve(2),
    0x06C8: Layout((_pulses(2, 0),)),
    0x0701: Layout((switch("gpio_1", u8(0)),)),
    0x0801: Layout((switch("gpio_2", u8(0)),)),
    0x097B: Layout((Field("pipe_pressure", le(u16(0))),)),
    # The item exists for the fault only: whatever the byte says, there is no pressure.
    0xB97B: Layout((Field("pipe_pressure", u8(0), missing=dict.fromkeys((1, *range(256)), "sensor_error")),)),
    0x0BF5: _PRESSURE_ALARM,
    0x0EAF: _task_status(1),
    0x0FAF: _task_status(2),
    0x20CE: tuple(_records()),
    0x21CE: Layout((Field("pipe_pressure", le(u16(4))),), time=le(u32(0))),
    # Documented with 8 bytes; the script takes whatever is left of the frame.
    0xFF12: tuple(_text(size) for size in range(64, 0, -1)),
    0xFF1D: _TASK,
    0xFF1E: setting("class_a_response_time", 4, le(u32(0))),
    0xFF35: setting("d2d_key", 8),
    0xFF3B: setting("time_synchronization", 1, u8(0)),
    0xFF46: setting("gpio_jitter_time", 1, u8(0)),
    0xFF4B: _RULE_SETTINGS,
    0xFF4C: echo("read_rule", number("rule_id", u8(0))),
    # Hardware 1 and 2. As long as the downlink; the script that reads three bytes less is not followed.
    0xFF4D: _SCHEDULE,
    0xFF4E: echo("clear_pulses", number("clear_pulses_valve", u8(0)), length=2),
    0xFF4F: echo(
        "valve_power_supply",
        number("valve_power_supply_count", u8(0)),
        number("valve_power_supply_pulse_time", le(u16(1))),
        number("valve_power_supply_power_time", le(u16(3))),
    ),
    0xFF52: echo(
        "pulse_filter",
        word("pulse_filter_mode", u8(1), {1: "hardware", 2: "software"}),
        number("pulse_filter_time", le(u16(2))),
    ),
    0xFF53: RULE,
    0xFF55: RULE,
    0xFF84: setting("d2d_enable", 1, u8(0)),
    0xFF92: (_count_set(1), _count_set(2)),
    0xFFAB: echo(
        "pressure_calibration",
        switch("pressure_calibration_enable", u8(0)),
        number("pressure_calibration", le(s16(1))),
    ),
    0xFFF3: setting("response_enable", 1, u8(0)),
    0xF8A4: _CLASS_SWITCH,
    0xF8A5: echo(
        "valve_task_query",
        Field("generic", u8(0), bias=1, channel="valve_task_query_valve"),
        _result("valve_task_query", 1, {2: "no such valve"}),
    ),
    # Documented with a byte more than its parts add up to, and so is the echo below.
    0xF8A8: (_collection("collection", word("collection_result", u8(7), {0: "ok", 1: "failed"}), length=(8, 9)),),
    0xF8AF: _scheduled("read_device_schedule", {2: "not found"}),
    0xF9A7: _scheduled("device_schedule", _SCHEDULE_RESULTS),
    0xF9A8: _collection("collection", length=(7, 8)),
}
"""The items of both models."""
