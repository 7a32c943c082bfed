"""Cayenne LPP's downlink: a channel and a number in hundredths, without a type byte, big endian.

Source: TheThingsNetwork/lorawan-stack, pkg/messageprocessors/cayennelpp, and its test.
"""

from decoders.downlink import Command, Frame, be
from decoders.parameter import number

LPP_COMMANDS = (
    Command(
        "set_value",
        "Sends a number to one of the device's outputs.",
        Frame(
            1,
            be(1, number("channel", "number of the output", 0, 255)),
            be(2, number("value", "the number", -327.68, 327.67, step=0.01, example=1)),
        ),
        note="What the device does with it is its own affair: nothing here keeps it from opening a valve for ever.",
        any_port=True,
    ),
)
"""Whatever speaks Cayenne LPP."""
