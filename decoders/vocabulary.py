"""The vocabulary: every quantity with its unit, kind of value, plausible range and meaning; all else follows it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

Kind = Literal["float", "bool", "str"]
Domain = Literal["all", "waste", "soil", "irrigation", "weather", "parking", "generic"]


class Quantity(Struct, frozen=True):
    """One quantity. `low` and `high` bound what is physically plausible, in `unit`; None where there is no bound."""

    name: str
    unit: str
    """Empty for pure numbers, switches and words."""
    kind: Kind
    low: float | None
    high: float | None
    meaning: str
    domain: Domain

    def plausible(self, value: float | bool | str) -> bool:
        """Whether a value lies in the plausible range; words and switches always do."""
        if self.kind != "float" or isinstance(value, str):
            return True
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def _float(domain: Domain, name: str, unit: str, low: float | None, high: float | None, meaning: str) -> Quantity:
    return Quantity(name, unit, "float", low, high, meaning, domain)


def _bool(domain: Domain, name: str, meaning: str) -> Quantity:
    return Quantity(name, "", "bool", None, None, meaning, domain)


def _str(domain: Domain, name: str, meaning: str) -> Quantity:
    return Quantity(name, "", "str", None, None, meaning, domain)


EVENTS = ("periodic", "alarm", "alarm_release", "startup", "heartbeat", "config_ack", "info")
"""The words of the quantity `event`."""

_ALL = (
    _float("all", "battery_level", "%", 0, 100, "charge of the battery as the device estimates it"),
    _float("all", "battery_voltage", "V", 0.5, 40, "voltage of the battery"),
    _bool("all", "battery_low", "the device says that its battery is low"),
    _float("all", "device_temperature", "degC", -55, 125, "temperature inside the housing"),
    _float("all", "probe_temperature", "degC", -55, 125, "temperature of a wired probe beside the main sensor"),
    _bool("all", "tamper", "the housing was opened or moved"),
    _bool("all", "tilt_alarm", "the device is tilted: container lying or lid open"),
    _float("all", "tilt_angle", "deg", -180, 180, "tilt against the mounting position"),
    _bool("all", "interrupt", "the frame was sent because of the device's interrupt input"),
    _str("all", "event", "why the frame was sent: " + ", ".join(EVENTS) + "; the channel names the quantity concerned"),
    _str("all", "firmware_version", "firmware version of the device"),
    _str("all", "hardware_version", "hardware version of the device"),
    _str("all", "serial_number", "serial number of the device"),
    _float("all", "latitude", "deg", -90, 90, "latitude that the device measured, WGS 84"),
    _float("all", "longitude", "deg", -180, 180, "longitude that the device measured, WGS 84"),
)

_WASTE = (
    _float("waste", "distance", "mm", 1, 70_000, "sensor face to surface"),
    _float("waste", "fill_level", "%", 0, 100, "share of the container that is full"),
    _str("waste", "fill_level_source", "where the fill level comes from: computed, device"),
    _float("waste", "fill_height", "mm", 0, 70_000, "height of the content above the floor"),
    _bool("waste", "full_alarm", "the device says that the container is full"),
    _bool("waste", "fire_alarm", "the device says that the container burns"),
    _float("waste", "fill_level_estimate", "%", 0, 100, "derived: fill level without noise and outliers"),
    _float("waste", "fill_rate", "%/h", 0, None, "derived: mean fill rate over the week"),
    _float("waste", "time_to_full", "h", 0, 672, "derived: until the container is full; 672 is four weeks or more"),
    _float("waste", "time_to_full_low", "h", 0, 672, "derived: lower bound of the 80 % interval of time_to_full"),
    _float("waste", "time_to_full_high", "h", 0, 672, "derived: upper bound of the 80 % interval of time_to_full"),
    _float("waste", "echo_quality", "", 0, None, "strength of the echo, a number of the device's own scale"),
)

_SOIL = (
    _float("soil", "soil_moisture_vwc", "%", -10, 100, "volumetric water content; slightly negative in air"),
    _float(
        "soil", "soil_water_potential", "kPa", -1_500_000, 0, "matric potential, negative; tension is its magnitude"
    ),
    _float("soil", "soil_temperature", "degC", -40, 85, "temperature of the soil"),
    _float("soil", "soil_ec", "uS/cm", 0, 30_000, "bulk electrical conductivity of the soil"),
    _float("soil", "soil_permittivity", "", 0.5, 88, "relative dielectric permittivity of the soil"),
    _float("soil", "soil_ph", "pH", 0, 14, "acidity of the soil"),
    _float("soil", "soil_depth", "cm", 0, 1000, "depth of the sensor below the surface"),
    _float("soil", "nfk", "%", 0, 120, "usable water of the root zone as share of what it can hold (%nFK), derived"),
    _float("soil", "soil_deficit", "mm", 0, 1000, "water that the root zone lacks to field capacity, derived"),
    _float("soil", "litres_needed", "L", 0, None, "water up to the target of the tree or bed, derived"),
    _float("soil", "time_to_stress", "h", 0, 1000, "until drought stress at the present rate of drying, derived"),
)

_IRRIGATION = (
    _str("irrigation", "valve_state", "open, closed or unknown; the channel is the valve's number"),
    _str("irrigation", "valve_command_result", "ok or failed; the channel is the valve's number"),
    _float("irrigation", "flow_pulse_count", "count", 0, 4_294_967_295, "pulses of the flow meter since power-up"),
    _float("irrigation", "flow_volume", "L", 0, None, "water volume from pulses and the meter's constant"),
    _float("irrigation", "pipe_pressure", "kPa", -100, 10_000, "water pressure in the pipe, above the atmosphere"),
    _bool("irrigation", "leak_alarm", "the device says that water leaks"),
)

_WEATHER = (
    _float("weather", "air_temperature", "degC", -60, 85, "temperature of the air"),
    _float("weather", "relative_humidity", "%", 0, 100, "relative humidity of the air"),
    _float("weather", "air_pressure", "hPa", 300, 1200, "pressure of the air at the station"),
    _float("weather", "wind_speed", "m/s", 0, 120, "mean wind speed"),
    _float("weather", "wind_gust", "m/s", 0, 150, "highest wind speed"),
    _float("weather", "wind_direction", "deg", 0, 360, "direction the wind comes from, clockwise from north"),
    _float("weather", "rain_amount", "mm", 0, 1000, "rain in the reporting interval"),
    _float("weather", "rain_cumulative", "mm", 0, None, "rain since the counter's start; it resets"),
    _float("weather", "rain_intensity", "mm/h", 0, 1000, "rate of rain"),
    _float("weather", "rain_24h", "mm", 0, 2000, "rain of the last 24 hours, derived"),
    _float("weather", "solar_radiation", "W/m2", -20, 2000, "global radiation"),
    _float("weather", "illuminance", "lx", 0, 200_000, "illuminance"),
    _float("weather", "uv_index", "", 0, 25, "ultraviolet index"),
    _float("weather", "vapor_pressure", "kPa", 0, 50, "partial pressure of water vapour"),
)

_PARKING = (
    _bool("parking", "occupied", "a vehicle stands in the bay"),
    _str("parking", "occupancy_state", "free, occupied, or unknown on interference, obstruction or fault"),
    _float("parking", "previous_state_duration", "s", 0, None, "how long the state before this one lasted"),
    _float("parking", "vehicle_count", "count", 0, None, "vehicles counted since the counter's start"),
    _str("parking", "user_tag", "registration tag in hexadecimal"),
    _str("parking", "bay_state", "derived: free, occupied, or unknown while the sensor is not to be believed"),
    _float(
        "parking", "dwell", "s", 0, None, "derived: how long the vehicle has stood in the bay, or stood when it left"
    ),
)

_GENERIC = (
    _float("generic", "generic", "", None, None, "a number without a quantity of its own; the channel is its name"),
    _str("generic", "generic_text", "a text without a quantity of its own; the channel is its name"),
    _bool("generic", "generic_flag", "a switch without a quantity of its own; the channel is its name"),
)

QUANTITIES: Mapping[str, Quantity] = MappingProxyType(
    {q.name: q for q in (*_ALL, *_WASTE, *_SOIL, *_IRRIGATION, *_WEATHER, *_PARKING, *_GENERIC)}
)
"""Every quantity by name. None is called `time`: that is a column of every store."""
