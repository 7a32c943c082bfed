"""STREGA valve downlinks: the port says what is meant.

Source: the vendor's encoder in TheThingsNetwork/lorawan-devices (vendor/strega), which names its codes without
explaining them; what it leaves open stands in the notes. Not offered: closing for a time (the valve opens by itself
afterwards, with no limit), the weekly schedules, and switching schedules or the magnet on and off (which digit is which
is not said).
"""

from datetime import UTC, datetime

from decoders.downlink import Bits, Command, Frame, Made, Raw, be
from decoders.parameter import choice, moment, number

_UNITS = {"seconds": 0x20, "minutes": 0x40, "hours": 0x80}
_UNIT_NOTE = (
    "The vendor's encoder only numbers the units 20, 40, 80; that they are seconds, minutes and hours is not verified"
)
_DIGIT = "The port is the request; which digit goes with it is not documented."
_REPORT_UNITS = {"unit_00": 0x00, "unit_80": 0x80}


def _digits(raw: Raw) -> bytes:
    """The time as the device takes it: a byte a digit, `hhmmss`, day of the week (Sunday is 00), `ddmmyy`."""
    when = datetime.fromtimestamp(raw["time"][0], UTC)
    return bytes(int(digit) for digit in f"{when:%H%M%S}0{when.isoweekday() % 7}{when:%d%m%y}")


_TIME = number("duration", "closes the valve after so many units", 1, 255)
_UNIT = choice("unit", "of the duration; no default, because a wrong one waters for days", _UNITS)

STREGA_COMMANDS = (
    Command(
        "open_valve",
        "Opens the valve for a time.",
        Frame(2, Bits(1, (_UNIT, 0), base=1), be(1, _TIME)),
        note=f"{_UNIT_NOTE}: measure it on the bench before the first use.",
        limits=("duration",),
        endless=Frame(1, "31"),
    ),
    Command("close_valve", "Closes the valve.", Frame(1, "30")),
    Command(
        "set_report_times",
        "Sets how often the device reports, with the valve closed and open.",
        Frame(
            11,
            be(1, choice("closed_unit", "unit of closed", _REPORT_UNITS)),
            be(1, number("closed", "between two reports with the valve closed", 1, 255, example=30)),
            be(1, choice("open_unit", "unit of open", _REPORT_UNITS)),
            be(1, number("open", "between two reports with the valve open", 1, 255, example=60)),
        ),
        note="The vendor's encoder doesn't say which code is which unit, nor that the closed state comes first.",
    ),
    Command(
        "set_clock",
        "Sets the device's clock, to UTC.",
        Frame(12, Made(_digits, moment("time", "the time to set"))),
        note="The vendor's encoder sends local time: schedules stored in the device will follow UTC.",
    ),
    Command("sync_clock", "Makes the device ask the network for the time.", Frame(13, "31"), note=_DIGIT),
    Command("request_pulses", "Makes the device send its pulse count.", Frame(24, "31"), note=_DIGIT),
    Command("request_analog", "Makes the device send its analog input.", Frame(25, "31"), note=_DIGIT),
    Command(
        "set_class",
        "Sets the LoRaWAN class.",
        Frame(9, be(1, choice("class", "A saves battery, C listens all the time", {"a": 0x30, "c": 0x31}))),
        note="Which digit is which class is taken from the uplink's status bit, not from a document.",
    ),
    Command(
        "set_pulses",
        "Sets the pulse count of the valve.",
        Frame(23, be(3, number("count", "the new count", 0, 0xFF_FFFF, example=1000))),
    ),
)
"""Smart-Valve, Motorized and Emitter."""
