"""ELSYS downlinks: 3E, length, settings as id and big-endian value; the port is the one of the uplinks plus 1.

Source: ELSYS, Sensor downlink payload 2.1 (table of settings). That table gives no example frames.
"""

from decoders.downlink import Command, Frame, Part, be
from decoders.parameter import Parameter, number, switch

PORT = 6
"""The default uplink port is 5."""


def _wrapped(settings: bytes) -> bytes:
    return bytes((0x3E, len(settings))) + settings


def _command(name: str, meaning: str, *parts: str | Part, note: str = "") -> Command:
    port_note = "If the uplink port is not 5, give --f-port: the uplink port plus 1."
    return Command(
        name, meaning, Frame(PORT, *parts, finish=_wrapped), note=f"{note} {port_note}".strip(), any_port=True
    )


def _every(example: int = 1) -> Parameter:
    return number("count", "of base intervals; 0 is never", 0, 0xFFFF_FFFF, example=example)


def _multiple(name: str, what: str, code: str) -> Command:
    return _command(name, f"Sets after how many base intervals {what}.", code, be(4, _every()))


ELSYS_COMMANDS = (
    _command(
        "set_interval",
        "Sets the base interval, of which all measurements and reports are multiples.",
        "14",
        be(4, number("seconds", "the base interval", 10, 86_400, "s", example=600)),
    ),
    _multiple("set_send_every", "the device reports", "1F"),
    _multiple("set_temperature_every", "the temperature is measured", "15"),
    _multiple("set_humidity_every", "the humidity is measured", "16"),
    _multiple("set_light_every", "the light is measured", "17"),
    _multiple("set_external_every", "the external sensor (also ultrasonic) is measured", "1A"),
    _multiple("set_acceleration_every", "the acceleration is measured", "1D"),
    _multiple("set_battery_every", "the battery is measured", "1E"),
    _command(
        "set_external_power_time",
        "Sets how long the external sensor has power before it is read.",
        "1B",
        be(4, number("milliseconds", "the time", 0, 600_000, "ms", example=500)),
    ),
    _command(
        "set_trigger_time",
        "Sets how long the device waits after an event before it reports the next.",
        "1C",
        be(4, number("seconds", "the time", 0, 86_400, "s", example=10)),
    ),
    _command(
        "set_confirmed",
        "Whether reports must be acknowledged by the network.",
        "0A",
        be(1, switch("enabled", "on or off")),
        note="Confirmed reports cost battery and air time.",
    ),
    _command("request_settings", "Makes the device send its settings.", "F9"),
)
"""What all ELSYS sensors know, as far as they have the sensor."""
