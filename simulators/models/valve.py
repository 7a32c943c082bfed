"""What valve controllers say."""

from simulators.seen import Seen
from simulators.truth import Quantity

Values = dict[str, Quantity]

_COUNTER = 2**32


def _state(seen: Seen) -> str:
    return str(seen.measured.get("valve_state", "closed"))


def _pulses(seen: Seen) -> float:
    return float(int(seen.value("flow_pulse_count", 0.0)) % _COUNTER)


def uc51x(seen: Seen) -> Values:
    """Milesight UC511 and UC512: the first valve with its pulses; the pressure where the asset has one."""
    values: Values = {"valve_state:1": _state(seen), "flow_pulse_count:1": _pulses(seen)}
    if seen.count % 12 == 0:
        values = {"battery_level": seen.battery_level, **values}
    if "pipe_pressure" in seen.measured:
        values["pipe_pressure"] = seen.value("pipe_pressure", 300, 2, 0, 1_000)
    return values


def strega(seen: Seen) -> Values:
    """STREGA Smart Valve with climate and counter."""
    return {
        "battery_voltage": seen.battery_voltage,
        "generic_text:lorawan_class": "A",
        "generic_flag:external_power": False,
        "valve_state:1": _state(seen),
        "tamper": seen.flag("tamper"),
        "generic_flag:cable_cut": False,
        "generic_flag:digital_input_0": False,
        "generic_flag:digital_input_1": False,
        "leak_alarm": seen.flag("leak_alarm"),
        "generic_flag:status_bit_6": False,
        "device_temperature": seen.temperature,
        "relative_humidity": seen.value("relative_humidity", 70, 1, 0, 99),
        "flow_pulse_count:1": _pulses(seen) % 1_000_000,
    }


def wilsen_valve(seen: Seen) -> Values:
    """Pepperl+Fuchs WILSEN.valve: positions of one valve, no flow."""
    is_open = _state(seen) == "open"
    return {
        "valve_state:1": "open" if is_open else "closed",
        "generic_text:sensor_1_signal": "high" if is_open else "low",
        "generic_text:sensor_2_signal": "low" if is_open else "high",
        "generic_text:sensor_3_signal": "not connected",
        "generic_text:sensor_4_signal": "not connected",
        "device_temperature": seen.temperature,
        "battery_voltage": seen.battery_voltage,
    }
