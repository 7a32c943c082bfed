"""Pepperl+Fuchs WILSEN downlinks on port 1: length, id (u16) and value, big endian, as the device echoes them.

Source: the echoes in the public driver examples (actility/device-catalog, vendors/pf, and
TheThingsNetwork/lorawan-devices, vendor/pepperl-fuchs). No downlink frame is published, only their echoes: every
command here says so.
"""

from decoders.downlink import Command, Frame, be
from decoders.parameter import Parameter, choice, number, switch

PORT = 1
_NOTE = "Made from the published echo of this setting: check the echo on one device first."


def _command(name: str, meaning: str, code: str, size: int, value: Parameter) -> Command:
    return Command(name, meaning, Frame(PORT, f"{2 + size:02x} {code}", be(size, value)), note=_NOTE)


def _enable(name: str, meaning: str, code: str) -> Command:
    return _command(name, meaning, code, 1, switch("enabled", "on or off"))


_U32 = 0xFFFF_FFFF

WILSEN_COMMANDS = (
    _command(
        "set_interval",
        "Sets how often the device reports.",
        "F305",
        4,
        number("seconds", "between two reports", 60, _U32, "s", example=43_200),
    ),
    _command(
        "set_next_report",
        "Sets in what time the device reports next.",
        "F306",
        4,
        number("seconds", "from now", 1, _U32, "s", example=300),
    ),
    _enable("set_confirmed", "Whether reports must be acknowledged by the network.", "F301"),
    _command(
        "set_repetitions",
        "Sets how many times each report is sent.",
        "F302",
        1,
        number("count", "times", 1, 15, example=3),
    ),
    _command(
        "set_spreading_factor",
        "Sets the spreading factor, or leaves it to the network.",
        "F303",
        1,
        choice("factor", "adr: the network decides", {"adr": 255, **{str(sf): sf for sf in range(7, 13)}}),
    ),
    _enable("set_gps", "Whether the device looks for its position.", "F201"),
    _command(
        "set_gps_interval",
        "Sets how often the device looks for its position.",
        "F202",
        4,
        number("seconds", "between two positions", 60, _U32, "s", example=86_400),
    ),
)
"""What all WILSEN devices with GPS know."""


def _distance(name: str, meaning: str, code: str, example: int) -> Command:
    return _command(name, meaning, code, 2, number("millimetres", "from the sensor", 0, 65535, "mm", example=example))


WILSEN_SONIC_COMMANDS = (
    *WILSEN_COMMANDS,
    _distance("set_full_distance", "Sets the distance at which the container is full.", "F405", 150),
    _distance("set_empty_distance", "Sets the distance at which the container is empty.", "F406", 2000),
)
"""WILSEN.sonic.level and .distance."""
