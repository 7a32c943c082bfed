"""Nwave NPS310SM parking sensor. Source: TheThingsNetwork/lorawan-devices vendor/nwave `nps310sm`."""

from decoders.device import Device
from decoders.field import Field, Fixed
from decoders.layout import Layout
from decoders.source import dotted, u8

_CAUSES = {1: "watchdog", 2: "power_on", 3: "user_request", 4: "brownout", 5: "other"}
_OCCUPIED = Field("occupied", u8(0).bits(0))

DEVICE = Device(
    "nwave",
    "nps310sm",
    name="Nwave NPS310SM",
    kind="parking_bay",
    ports={
        1: Layout((_OCCUPIED,)),
        2: Layout((Fixed("event", "heartbeat"), _OCCUPIED)),
        3: Layout(
            (
                Fixed("event", "startup"),
                Field("firmware_version", dotted(0, 3)),
                Field("generic_text", u8(3), channel="reset_cause", values=_CAUSES),
                Field("occupied", u8(4).bits(0)),
            )
        ),
        6: Layout(
            (Fixed("event", "info", channel="debug"),), length=range(1, 52), warning="debug bytes are not interpreted"
        ),
    },
)
