"""Pepperl+Fuchs WILSEN.sonic.distance: distance, or the level of a water body.

Source: the vendor's decoders in TheThingsNetwork/lorawan-devices `vendor/pepperl-fuchs` and actility/device-catalog
`vendors/pf`. The items are those of the whole family, see `decoders.pepperl_fuchs`.
"""

from decoders.device import Device
from decoders.downlinks.pepperl_fuchs import WILSEN_SONIC_COMMANDS
from decoders.pepperl_fuchs import PORT, WILSEN

DEVICE = Device(
    "pepperl-fuchs",
    "wilsen-sonic-distance",
    name="Pepperl+Fuchs WILSEN.sonic.distance",
    kind="waste_bin",
    ports={PORT: WILSEN},
    commands=WILSEN_SONIC_COMMANDS,
)
