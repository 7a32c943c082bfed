"""Milesight's downlinks: channel, type, data, little endian; a device's port is 85 unless it was changed.

Source: Milesight user guides and the ranges that the public encoders of Milesight-IoT/SensorDecoders name. Not offered:
device-to-device control with its keys, and the WTS506's power-on mode, to which the encoder appends a byte too many.
"""

from decoders.downlink import Bits, Command, Frame, Part, le
from decoders.parameter import Parameter, choice, moment, number, switch

PORT = 85

_CONDITIONS = {"off": 0, "below": 1, "above": 2, "within": 3, "outside": 4}


def command(
    name: str, meaning: str, *parts: str | Part, note: str = "", ordered: tuple[str, str] | None = None
) -> Command:
    """A command on the port of Milesight devices."""
    return Command(name, meaning, Frame(PORT, *parts), note=note, any_port=True, ordered=ordered)


def seconds(low: int, high: int, meaning: str = "between two of them") -> Parameter:
    """A time span."""
    return number("seconds", meaning, low, high, "s")


def condition() -> Parameter:
    """When a threshold raises its alarm."""
    return choice("condition", "when the alarm is raised; off is never", _CONDITIONS)


def enable(name: str, meaning: str, tag: str) -> Command:
    """A command that switches one thing on or off."""
    return command(name, meaning, tag, le(1, switch("enabled", "on or off")))


REBOOT = command("reboot", "Restarts the device.", "ff 10 ff")
REPORT_NOW = command("report_now", "Makes the device send its values at once.", "ff 28 ff")
SYNC_CLOCK = command("sync_clock", "Makes the device ask the network for the time.", "ff 4a 00")
SET_CLOCK = command("set_clock", "Sets the device's clock.", "ff 11", le(4, moment("time", "the time to set")))
SET_TIME_ZONE = command(
    "set_time_zone",
    "Sets the zone of the device's clock, which its schedules follow.",
    "ff 17",
    le(2, number("hours", "ahead of UTC; negative in the west", -12, 14, "h", step=0.1, example=1)),
)
CLEAR_HISTORY = command("clear_history", "Erases the device's log.", "ff 27 01")
STOP_HISTORY = command("stop_history", "Stops the sending of logged records.", "fd 6d ff")
FETCH_RECORD = command(
    "fetch_record",
    "Makes the device send the logged record of a time.",
    "fd 6b",
    le(4, moment("time", "of the record")),
)
FETCH_HISTORY = command(
    "fetch_history",
    "Makes the device send its log of a time range.",
    "fd 6c",
    le(4, moment("start", "of the first record")),
    le(4, moment("end", "of the last record")),
    ordered=("start", "end"),
)
SET_DATA_STORAGE = enable("set_data_storage", "Whether the device keeps a log.", "ff 68")
SET_RETRANSMISSION = enable("set_retransmission", "Whether records of a network gap are sent afterwards.", "ff 69")


def set_interval(low: int = 60) -> Command:
    """How often the device reports."""
    return command("set_interval", "Sets how often the device reports.", "ff 03", le(2, seconds(low, 64800)))


def set_collection_interval(low: int = 60, high: int = 64800) -> Command:
    """How often the device measures."""
    return command("set_collection_interval", "Sets how often the device measures.", "ff 02", le(2, seconds(low, high)))


def retransmission_intervals(low: int, high: int) -> tuple[Command, Command]:
    """The pauses between records that are sent after a gap, and between tries of one record."""
    return (
        command(
            "set_retransmission_interval",
            "Sets the pause between records that are sent after a network gap.",
            "ff 6a 00",
            le(2, seconds(low, high)),
        ),
        command(
            "set_resend_interval",
            "Sets the pause before a record is sent again.",
            "ff 6a 01",
            le(2, seconds(low, high)),
        ),
    )


HISTORY = (SET_DATA_STORAGE, SET_RETRANSMISSION, FETCH_RECORD, FETCH_HISTORY, STOP_HISTORY)
"""What devices with a log know."""

RECOLLECTION = command(
    "set_recollection",
    "Sets how often a failed measurement is tried again.",
    "ff 1c",
    le(1, number("count", "tries", 1, 255, example=1)),
    le(1, number("seconds", "between two tries", 1, 255, "s", example=5)),
)


def limits(low: float, high: float, unit: str, step: float = 1) -> tuple[Part, Part]:
    """The two limits of a threshold."""
    return (
        le(2, number("min", "limit of below, within and outside; any value for above", low, high, unit, step=step)),
        le(2, number("max", "limit of above, within and outside; any value for below", low, high, unit, step=step)),
    )


def _release() -> Parameter:
    return switch("release", "whether the end of the alarm is reported too", "on")


def set_threshold(low: int, high: int) -> Command:
    """The distance alarm of the EM400 in standard mode."""
    ctrl = Bits(1, (condition(), 0), (_release(), 7), base=1 << 3)
    meaning = "Sets the distance alarm of standard mode."
    return command("set_threshold", meaning, "ff 06", ctrl, *limits(low, high, "mm"), "00 00 00 00")


def set_bin_threshold(low: int, high: int) -> Command:
    """The distance alarm of the EM400 in bin mode."""
    ctrl = Bits(1, (condition(), 0), (_release(), 7), base=2 << 3)
    meaning = "Sets the distance alarm of bin mode."
    return command("set_bin_threshold", meaning, "ff 06", ctrl, *limits(low, high, "mm"), "00 00 00 00")


def working_mode(*modes: str) -> Command:
    """What the device is mounted on."""
    words = {mode: index for index, mode in enumerate(modes)}
    return command(
        "set_working_mode", "Sets what the device watches.", "ff 71", le(1, choice("mode", "the working mode", words))
    )


def install_height(low: int, high: int) -> Command:
    """The distance to the empty container's floor."""
    height = number("millimetres", "from the sensor to the floor of the empty container", low, high, "mm", example=1500)
    return command("set_install_height", "Tells the device how high it is mounted.", "ff 77", le(2, height))


_EM400 = (
    REBOOT,
    REPORT_NOW,
    SYNC_CLOCK,
    set_interval(),
    set_collection_interval(),
    RECOLLECTION,
    enable("set_install_height_use", "Whether the install height is used.", "ff 13"),
    enable("set_tilt_distance_link", "Whether a tilted device stops measuring the distance.", "ff 3e"),
    enable("set_tof_detection", "Whether the time-of-flight sensor is used.", "ff 56"),
    command(
        "set_person_height",
        "Sets the distance from which something below the device counts as a person.",
        "ff 70",
        le(2, number("millimetres", "the height", 0, 65535, "mm", example=500)),
    ),
)
EM400_MUD_COMMANDS = (
    *_EM400,
    working_mode("standard", "bin", "parking"),
    install_height(30, 4500),
    set_threshold(0, 4500),
    set_bin_threshold(0, 10_000),
)
EM400_TLD_COMMANDS = (
    *_EM400,
    working_mode("standard", "bin"),
    install_height(20, 3500),
    set_threshold(20, 3500),
    set_bin_threshold(20, 3500),
)
# The vendor's encoder for the UDL sets no install height and knows no threshold of bin mode.
EM400_UDL_COMMANDS = (*_EM400, working_mode("standard", "bin"), set_threshold(0, 10_000))

# Disputed: the vendor's encoder multiplies the limits by 10 (centimetres in), its decoder doesn't divide. The raw
# number is taken as millimetres, which both then agree with, like the distance of the uplink.
EM310_UDL_COMMANDS = (
    REBOOT,
    set_interval(),
    set_collection_interval(10, 60),
    command(
        "set_threshold",
        "Sets the distance alarm.",
        "ff 06",
        Bits(1, (condition(), 0), (_release(), 7), base=1 << 3),
        *limits(0, 10_000, "mm"),
        le(2, number("lock_time", "as the vendor's tool shows it; its unit is not documented", 0, 65535, default=0)),
        le(
            2, number("continue_time", "as the vendor's tool shows it; its unit is not documented", 0, 65535, default=0)
        ),
        note="The unit of the limits is disputed: check the echo of the setting on one device first.",
    ),
)


def _soil_threshold(quantity: str, code: int, low: float, high: float, unit: str, step: float) -> Command:
    enabled = switch("enabled", "whether the alarm is active", "on")
    return command(
        f"set_{quantity}_threshold",
        f"Sets the alarm on the soil's {quantity}.",
        "ff 06",
        Bits(1, (condition(), 0), (enabled, 6), base=code << 3),
        *limits(low, high, unit, step),
        "00 00 00 00",
    )


def _calibration(quantity: str, code: int, low: float, high: float, unit: str, step: float) -> Command:
    return command(
        f"set_{quantity}_calibration",
        f"Sets a number that the device adds to its {quantity}.",
        f"ff f1 {code:02x}",
        le(1, switch("enabled", "whether it is added", "on")),
        le(2, number("offset", "what is added", low, high, unit, step=step, example=1)),
    )


_SENSORS = {"all": 0, "temperature": 1, "moisture": 2, "ec": 3}

EM500_SMTC_COMMANDS = (
    REBOOT,
    REPORT_NOW,
    SYNC_CLOCK,
    SET_CLOCK,
    SET_TIME_ZONE,
    enable("set_clock_sync", "Whether the device asks the network for the time by itself.", "ff 3b"),
    set_interval(),
    set_collection_interval(),
    RECOLLECTION,
    command(
        "set_measurement",
        "Switches one of the measurements on or off.",
        "ff 18",
        le(1, choice("sensor", "which one", _SENSORS)),
        le(1, switch("enabled", "on or off")),
    ),
    _soil_threshold("ec", 1, -32768, 32767, "uS/cm", 1),
    _soil_threshold("temperature", 2, -100, 200, "degC", 0.1),
    command(
        "set_temperature_change_threshold",
        "Sets the alarm on a jump of the soil's temperature.",
        "ff 06",
        Bits(1, (switch("enabled", "whether the alarm is active", "on"), 6), base=3 << 3 | 5),
        "00 00",
        le(2, number("change", "between two measurements", 0.1, 300, "degC", step=0.1, example=10)),
        "00 00 00 00",
    ),
    _soil_threshold("moisture", 4, 0, 100, "%", 0.01),
    enable("set_alarm_release", "Whether the end of an alarm is reported too.", "ff f5"),
    command(
        "set_alarm_repetition",
        "Sets how many times an alarm is reported.",
        "ff f2",
        le(2, number("count", "reports", 1, 1000)),
    ),
    _calibration("temperature", 0, -100, 100, "degC", 0.1),
    _calibration("moisture", 1, -100, 100, "%", 0.01),
    _calibration("ec", 7, -20_000, 20_000, "uS/cm", 1),
    *HISTORY,
    CLEAR_HISTORY,
    *retransmission_intervals(1, 64800),
)

WTS506_COMMANDS = (REBOOT, REPORT_NOW, SET_CLOCK, SET_TIME_ZONE, set_interval(), *HISTORY, CLEAR_HISTORY)
