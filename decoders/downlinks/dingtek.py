"""DingTek's downlinks: ASCII text on port 3: `8002`, password `9999`, two hexadecimal digits each of command and
value, `81`.

Source: the vendor's published scripts (cndingtek/Chirpstack_codec) and the vectors made with them. The password is the
one of delivery.
"""

from decoders.downlink import Bits, Command, Frame, be
from decoders.parameter import Parameter, choice, number, switch

PORT = 3


def _as_text(frame: bytes) -> bytes:
    return frame.hex().upper().encode("ascii")


def _command(name: str, meaning: str, code: str, value: Parameter | Bits, note: str = "") -> Command:
    part = value if isinstance(value, Bits) else be(1, value)
    return Command(name, meaning, Frame(PORT, "8002 9999", code, part, "81", finish=_as_text), note=note)


_HOUR, _MINUTE = 3600, 60

DINGTEK_COMMANDS = (
    _command(
        "set_interval",
        "Sets how often the device reports.",
        "01",
        number("seconds", "between two reports", _HOUR, 168 * _HOUR, "s", step=_HOUR, example=4 * _HOUR),
    ),
    _command(
        "set_collection_interval",
        "Sets how often the device measures.",
        "08",
        number("seconds", "between two measurements", _MINUTE, 60 * _MINUTE, "s", step=_MINUTE, example=600),
    ),
    # The threshold is a distance from the sensor, not a height: the container is full when it is nearer than this.
    _command(
        "set_full_distance",
        "Sets the distance below which the full alarm is raised.",
        "02",
        number("millimetres", "from the sensor to the contents", 150, 2550, "mm", step=10, example=300),
    ),
    _command(
        "set_fire_threshold",
        "Sets the temperature above which the fire alarm is raised.",
        "03",
        number("degrees", "temperature in the housing", 0, 255, "degC", example=75),
        note="The vendor names no range.",
    ),
    _command(
        "set_tilt_threshold",
        "Sets the angle above which the tilt alarm is raised.",
        "04",
        number("degrees", "from upright", 15, 90, "deg", example=30),
    ),
    _command(
        "set_tilt_alarm",
        "Switches the tilt alarm on or off.",
        "09",
        Bits(1, (switch("enabled", "on or off"), 0), base=0x09),
    ),
    _command(
        "set_range",
        "Sets how far the ultrasonic sensor looks.",
        "09",
        choice("metres", "the greatest distance", {"2": 0x07, "5": 0x13}),
    ),
)
"""DF702 and DF703."""
