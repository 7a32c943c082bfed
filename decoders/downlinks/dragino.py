"""Dragino's common downlinks, on any port: a command byte and its values, big endian.

Source: Dragino's user manuals (LSE01 2.5: codes 01 and 04 on any port; -LB models: 26 01 for the status frame on port
5) and its page of common downlink commands. The notes say which commands were not checked against a device.
"""

from decoders.downlink import Command, Frame, Part, be
from decoders.parameter import choice, moment, number, switch

PORT = 2
"""Any port will do; this is the one of the readings."""

_UNVERIFIED = "Not verified against a device: try it on one first."

_LB = "Models of the -LB generation."


def _command(
    name: str, meaning: str, *parts: str | Part, note: str = "", ordered: tuple[str, str] | None = None
) -> Command:
    return Command(name, meaning, Frame(PORT, *parts), note=note, any_port=True, ordered=ordered)


# The least intervals here and with other vendors are ours where the vendor names none: what is shorter empties the
# battery in days and leaves the duty cycle of the band.
DRAGINO_COMMANDS = (
    _command(
        "set_interval",
        "Sets how often the device reports.",
        "01",
        be(3, number("seconds", "between two reports", 30, 0xFF_FFFF, "s", example=1200)),
    ),
    _command("reboot", "Restarts the device.", "04 FF"),
    _command(
        "factory_reset", "Restores the settings of delivery.", "04 FE", note=f"{_UNVERIFIED} The keys of the join stay."
    ),
    _command(
        "set_confirmed",
        "Whether reports must be acknowledged by the network.",
        "05",
        be(1, switch("enabled", "on or off")),
        note=_UNVERIFIED,
    ),
    _command(
        "set_interrupt",
        "Sets what change of the interrupt pin makes the device report.",
        "06 00 00",
        be(1, choice("edge", "of the pin", {"off": 0, "both": 1, "falling": 2, "rising": 3})),
        note=_UNVERIFIED,
    ),
    _command("request_info", "Makes the device send its model, firmware and battery (port 5).", "26 01", note=_LB),
)
"""What all of them know."""

DRAGINO_LOG_COMMANDS = (
    *DRAGINO_COMMANDS,
    _command(
        "fetch_history",
        "Makes the device send its log of a time range.",
        "31",
        be(4, moment("start", "of the first record")),
        be(4, moment("end", "of the last record")),
        be(1, number("pause", "between two frames", 5, 255, "s", default=5)),
        note=f"{_LB} {_UNVERIFIED}",
        ordered=("start", "end"),
    ),
)
"""Models that keep a log (-LB generation)."""
