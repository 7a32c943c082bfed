"""Pepperl+Fuchs WILSEN.valve: positions of two valves and the sensors that report them.

Source: the vendor's decoders in TheThingsNetwork/lorawan-devices `vendor/pepperl-fuchs` and actility/device-catalog
`vendors/pf`. The items are those of the whole family, see `decoders.pepperl_fuchs`.
"""

from decoders.device import Device
from decoders.downlinks.pepperl_fuchs import WILSEN_COMMANDS
from decoders.pepperl_fuchs import PORT, WILSEN

DEVICE = Device(
    "pepperl-fuchs",
    "wilsen-valve",
    name="Pepperl+Fuchs WILSEN.valve",
    kind="valve",
    ports={PORT: WILSEN},
    commands=WILSEN_COMMANDS,
)
