"""Decentlab DL-TBRG: tipping-bucket rain gauge of 0.1 mm. Source: decentlab/decentlab-decoders DL-TBRG.

The payload counts in the gauge's resolution but doesn't say what that is: a gauge of another resolution needs a device
file of its own, with its own `rain_gauge(...)`.
"""

from decoders.decentlab import BATTERY, PORT, Sections, rain_gauge
from decoders.device import Device
from decoders.downlinks.decentlab import DECENTLAB_COMMANDS

DEVICE = Device(
    "decentlab",
    "dl-tbrg",
    name="Decentlab DL-TBRG (0.1 mm)",
    kind="weather",
    ports={PORT: Sections(rain_gauge(resolution_mm=0.1), BATTERY)},
    commands=DECENTLAB_COMMANDS,
)
