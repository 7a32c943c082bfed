"""Downlinks of Milesight's valve controllers UC511 and UC512.

Source: UC51x user guides and the public encoder of Milesight-IoT/SensorDecoders (uc-series), whose comments name the
hardware each layout is for. Not offered: schedules and rules with actions (an opening that no command line sees),
rules in batches (what happens to a rule that is not named is not said), raw multicast payloads (they could hold any of
these commands and get past the limit of an opening), device-to-device control (others would move the valve).
"""

from collections.abc import Mapping

from decoders.downlink import Bits, Command, Frame, Given, Made, Raw, le
from decoders.downlinks.milesight import (
    HISTORY,
    PORT,
    REBOOT,
    REPORT_NOW,
    SET_TIME_ZONE,
    SYNC_CLOCK,
    command,
    enable,
    retransmission_intervals,
    set_collection_interval,
    set_interval,
)
from decoders.parameter import Parameter, choice, moment, number, numbers, switch

ONE_DAY = 86_400
"""The longest time that a valve may be opened for: a slip of the keyboard must not water a park for months."""

_HARDWARE = (
    "For hardware 4.0 with firmware 1.1 and later. Hardware 1 to 3 takes a shorter frame, without the fields that are"
    " not used; it is not verified and not offered: don't send this one there before it was tried on the bench."
)
_HARDWARE_4 = "For hardware 4.0 with firmware 1.1 and later."
_RULES = "For hardware 2.0 to 3.x; hardware 4.0 stores its rules in another way."

_VALVES = {"1": 0, "2": 1, "all": 7}


def _valve(words: Mapping[str, int] = _VALVES) -> Parameter:
    return choice("valve", "which valve", words)


def _sequence() -> Parameter:
    meaning = "comes back in the answer; 0 is carried out in any case"
    return number("sequence", meaning, 0, 255, default=0)


def _open() -> Command:
    duration = number("seconds", "closes the valve after this time", 1, ONE_DAY, "s", optional=True, example=600)
    pulses = number(
        "pulses", "closes it after this count of the flow meter", 1, 0xFFFF_FFFF, optional=True, example=500
    )
    ctrl = Bits(1, (_valve(), 0), (Given(pulses), 6), (Given(duration), 7), base=1 << 5)
    return Command(
        "open_valve",
        "Opens a valve until a time has passed or a volume has flowed, whatever comes first.",
        Frame(PORT, "ff 1d", ctrl, le(1, _sequence()), le(3, duration), le(4, pulses)),
        note=f"{_HARDWARE} pulses= alone never closes the valve when the flow meter fails: give seconds= too.",
        limits=("seconds", "pulses"),
        any_port=True,
    )


def _rain_stop() -> tuple[Command, Command]:
    duration = number("seconds", "how long the valve stays closed", 1, 0xFF_FFFF, "s", example=ONE_DAY)
    start = moment("start", "when it begins")
    ctrl = Bits(1, (_valve(), 0), base=1 << 4)
    cancel = Bits(1, (_valve(), 0), base=1 << 3)
    return (
        command(
            "set_rain_stop",
            "Keeps a valve closed for some time, whatever its schedules say.",
            "ff 1d",
            ctrl,
            le(1, _sequence()),
            le(3, duration),
            le(4, start),
            note=_HARDWARE,
        ),
        command(
            "cancel_rain_stop",
            "Ends a rain stop, so that the schedules of the valve count again.",
            "ff 1d",
            cancel,
            le(1, _sequence()),
            "000000 00000000",
            note=f"{_HARDWARE} Schedules stored in the device may open the valve afterwards.",
        ),
    )


def _channels(first: int, last: int) -> Made:
    """A bit for each channel of one half; the halves are two frames of the same form."""

    def make(raw: Raw) -> bytes:
        return sum(1 << (channel - first) for channel in set(raw["channels"])).to_bytes(6, "little")

    return Made(make, numbers("channels", "the devices' channels", first, last, f"{first},{first + 1}"))


_GROUP = number("group", "number of the multicast schedule", 0, 255, example=1)
_PIPE = number("id", "number of the pressure sampling", 1, 2)

_MULTICAST = (
    command(
        "set_multicast_time",
        "Sets when the device listens to its multicast group.",
        "f9 a6",
        le(1, _GROUP),
        "00",
        le(4, moment("time", "when it begins")),
        le(2, number("minutes", "how long", 0, 65535, "min", example=60)),
        note=_HARDWARE_4,
    ),
    command(
        "set_multicast_channels",
        "Sets which devices of a multicast group are addressed, by their channels 1 to 48.",
        "f9 a6",
        le(1, _GROUP),
        "01",
        _channels(1, 48),
        note=_HARDWARE_4,
    ),
    command(
        "set_multicast_upper_channels",
        "Sets which devices of a multicast group are addressed, by their channels 49 to 96.",
        "f9 a6",
        le(1, _GROUP),
        "02",
        _channels(49, 96),
        note=_HARDWARE_4,
    ),
    command(
        "set_multicast_frequency",
        "Sets the frequency of a multicast group's channel.",
        "f9 a6",
        le(1, _GROUP),
        "03",
        le(1, number("channel", "index of the channel", 0, 255, example=2)),
        le(4, number("hertz", "its frequency", 100_000_000, 1_000_000_000, "Hz", example=868_300_000)),
        note=_HARDWARE_4,
    ),
)

_PULSES = (
    command("clear_pulses", "Sets the pulse count of a valve to 0.", "ff 4e", le(1, _valve({"1": 1, "2": 2})), "00"),
    command(
        "set_pulses",
        "Sets the pulse count of a valve.",
        "ff 92",
        le(1, _valve({"1": 1, "2": 2})),
        le(4, number("count", "the new count", 0, 0xFFFF_FFFF)),
        note=_HARDWARE_4,
    ),
    command(
        "set_pulse_filter",
        "Sets how short a pulse may be.",
        "ff 52 00",
        le(1, choice("filter", "hardware counts microseconds, software milliseconds", {"hardware": 1, "software": 2})),
        le(2, number("width", "the shortest pulse", 0, 65535, example=40)),
        note=_HARDWARE_4,
    ),
)

_PRESSURE = (
    command(
        "set_pressure_calibration",
        "Sets a number that the device adds to the pipe pressure.",
        "ff ab",
        le(1, switch("enabled", "whether it is added", "on")),
        le(2, number("offset", "what is added", -32768, 32767, "kPa", example=1)),
        note=_HARDWARE_4,
    ),
    command(
        "set_pressure_sampling",
        "Sets how often the pipe pressure is measured, with the valve closed and open.",
        "f9 a8",
        le(1, _PIPE),
        le(1, switch("enabled", "whether it is measured", "on")),
        le(2, number("seconds", "between two measurements with the valve closed", 10, 64800, "s", example=60)),
        le(2, number("open_seconds", "the same with the valve open", 10, 64800, "s")),
        le(1, number("delay", "from opening to the first measurement", 0, 60, "min", default=0)),
        note=_HARDWARE_4,
    ),
)

_RULE = number("rule", "number of the rule", 1, 16)

UC51X_COMMANDS = (
    _open(),
    command(
        "close_valve",
        "Closes a valve at once.",
        "ff 1d",
        Bits(1, (_valve(), 0)),
        le(1, _sequence()),
        "000000 00000000",
        note=_HARDWARE,
    ),
    *_rain_stop(),
    command(
        "request_valve_task",
        "Makes the device say what a valve is doing and why.",
        "f9 a5",
        le(1, _valve({"1": 0, "2": 1})),
        note=_HARDWARE_4,
    ),
    *_PULSES,
    *_PRESSURE,
    command(
        "set_valve_supply",
        "Sets the pulses that move the valve.",
        "ff 4f",
        le(1, number("count", "pulses for one movement", 1, 5)),
        le(2, number("pulse", "length of the control pulse", 20, 1000, "ms", example=100)),
        le(2, number("power", "how long the supply is on", 500, 10_000, "ms", example=1000)),
        note="For hardware 2.0 with firmware 2.3 and later. Wrong values leave the valve where it is.",
    ),
    command(
        "set_rule",
        "Switches a rule that is stored in the device on or off.",
        "ff 4b 03",
        le(1, _RULE),
        le(1, switch("enabled", "on or off")),
        note=f"{_RULES} A rule that is switched on may open a valve: its end is part of the rule.",
    ),
    command("remove_rule", "Erases a rule that is stored in the device.", "ff 4b 04", le(1, _RULE), "00", note=_RULES),
    enable("set_response", "Whether the device answers commands.", "ff f3"),
    command(
        "set_response_time",
        "Sets how long a class A device waits before it answers.",
        "ff 1e",
        le(4, number("seconds", "the pause", 0, 64800, "s")),
        note=_HARDWARE_4,
    ),
    command(
        "set_gpio_debounce",
        "Sets how long an input must be stable.",
        "ff 46",
        le(1, number("seconds", "the time", 0, 255, "s", example=1)),
        note=_HARDWARE_4,
    ),
    *_MULTICAST,
    REBOOT,
    REPORT_NOW,
    SYNC_CLOCK,
    command(
        "set_clock_sync",
        "Sets the LoRaWAN version by which the device asks for the time.",
        "ff 3b",
        le(1, choice("version", "of the network", {"1.0.2": 1, "1.0.3": 2, "1.1.0": 3})),
        note=_HARDWARE_4,
    ),
    SET_TIME_ZONE,
    set_interval(10),
    set_collection_interval(10),
    *HISTORY,
    command("clear_history", "Erases the device's log.", "ff 27 ff"),
    *retransmission_intervals(30, 1200),
)
"""Both models: the vendor has one encoder for them."""
