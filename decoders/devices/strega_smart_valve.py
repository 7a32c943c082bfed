"""STREGA Smart Valve, Motorized Valve and Emitter. Source: TheThingsNetwork/lorawan-devices vendor/strega.

`decoders.strega` puts the frame's digits into numbers. Status bit 4 is an input on the Smart Valve and the limit
switch "open" on the Motorized Valve; for bit 6 the vendor's code and its comment disagree (fraud, limit switch
"closed"), so it keeps its number.
"""

from decoders.device import APPLICATION_PORTS, Device
from decoders.downlinks.strega import STREGA_COMMANDS
from decoders.field import Field, Fixed
from decoders.layout import Layout, OneOf
from decoders.source import Number, u8, u16, u32
from decoders.strega import plain, wire
from decoders.translated import Translated

_PORT = 4
_FIRST = 5
"""Where the parts behind the status begin."""
_MILLIVOLTS = u32(0).bits(0, 30)


def _level(millivolts: float) -> float:
    """The vendor's scale: 2.0 V is empty and 3.6 V full; a fresh cell may have more."""
    return float(min(max(round((millivolts - 2000) / 16), 0), 100))


_STATE = (
    Field("battery_voltage", _MILLIVOLTS, scale=0.001, missing={0: None}),
    Field("battery_level", _MILLIVOLTS, curve=_level, missing={0: None}, derived=True),
    Field("generic_text", u32(0).bits(31), channel="lorawan_class", values={0: "A", 1: "C"}),
    Field("generic_flag", u32(0).bits(30), channel="external_power"),
    Field("valve_state", u8(4).bits(0), channel="1", values={0: "closed", 1: "open"}),
    Field("tamper", u8(4).bits(1)),
    Field("generic_flag", u8(4).bits(2), channel="cable_cut"),
    Field("generic_flag", u8(4).bits(3), channel="digital_input_0"),
    Field("generic_flag", u8(4).bits(4), channel="digital_input_1"),
    Field("leak_alarm", u8(4).bits(5)),
    Field("generic_flag", u8(4).bits(6), channel="status_bit_6"),
)


def _climate(at: int) -> tuple[Field, ...]:
    return (
        Field("device_temperature", u16(at), scale=165 / 65536, offset=-40),
        Field("relative_humidity", u16(at + 2), scale=100 / 65536),
    )


def _counter(at: int) -> tuple[Field, ...]:
    return (Field("flow_pulse_count", Number(at, 6), channel="1"),)


def _analog(at: int) -> tuple[Field, ...]:
    return (Field("generic", u32(at), scale=0.001, channel="analog_input"),)


_PARTS = {"#": (4, _climate), "C": (6, _counter), "V": (4, _analog)}


def _periodic(marks: str) -> Layout:
    """The state with the parts that these letters announce."""
    fields, when, position = list(_STATE), [], _FIRST
    for mark in marks:
        size, part = _PARTS[mark]
        when.append((u8(position), ord(mark)))
        fields += part(position + 1)
        position += 1 + size
    return Layout(fields, length=position, when=when)


_REPORT_PORT = 11
_SETTINGS = {
    1: "valve", 2: "timed_valve", 9: "lorawan_class", 10: "radio", _REPORT_PORT: "report_times", 12: "clock",
    13: "sync_clock", **{port: f"schedule_{port - 13}" for port in range(14, 21)}, 21: "scheduler", 22: "magnet",
}  # fmt: skip
"""What a port sets, by its number."""


def _acknowledgement(port: int, *numbers: Field) -> Layout:
    event = Fixed("event", "config_ack", channel=_SETTINGS[port])
    end = max((field.end for field in numbers), default=_FIRST + 3)
    return Layout((*_STATE, event, *numbers), length=end, when=((u8(_FIRST), ord("@")), (u16(_FIRST + 1), port)))


def _setting(port: int) -> Layout:
    return _acknowledgement(port, Field("generic", u16(_FIRST + 3), channel=_SETTINGS[port]))


# Eight digits: unit and time with the valve closed, then with the valve open.
_REPORT_TIMES = _acknowledgement(
    _REPORT_PORT,
    *(
        Field("generic", u8(_FIRST + 7 + i), channel=f"report_{name}")
        for i, name in enumerate(("closed_unit", "closed_time", "open_unit", "open_time"))
    ),
)


def _answer(port: int, *fields: Field | Fixed, length: int) -> Layout:
    return Layout(fields, length=length, when=((u8(0), ord("@")), (u16(1), port)))


_CODEC = Translated(
    OneOf(
        *(_periodic(marks) for marks in ("", "#", "#C", "#V", "#CV", "C", "V", "CV")),
        *(_setting(port) for port in _SETTINGS if port != _REPORT_PORT),
        _REPORT_TIMES,
        *(_acknowledgement(port) for port in _SETTINGS),
        _answer(23, Fixed("event", "config_ack", channel="flow_pulse_count"), *_counter(3), length=9),
        _answer(24, *_counter(3), length=9),
        _answer(25, *_analog(3), length=7),
    ),
    plain,
    wire,
)

DEVICE = Device(
    "strega",
    "smart-valve",
    name="STREGA Smart Valve / Motorized Valve / Emitter",
    kind="valve",
    ports={_PORT: _CODEC, APPLICATION_PORTS: _CODEC},
    commands=STREGA_COMMANDS,
)
