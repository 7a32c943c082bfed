"""Libelium Smart Parking, version 2 of the hardware: the header. Source: Python package `libelium-parking-sensor-v2`.

The contents behind the header are not public for this hardware, so they are kept as they are.
"""

from decoders.device import APPLICATION_PORTS, Device
from decoders.field import Field
from decoders.layout import Layout
from decoders.source import Text, u8

_TYPE = u8(0).bits(0, 3)
_TYPES = {
    0: "info", 1: "keep_alive", 2: "config_up", 3: "config_down",
    4: "start_frame_1", 5: "start_frame_2", 6: "rtc_sync", 7: "rtc_update",
}  # fmt: skip
_EVENTS = {code: {1: "heartbeat", 4: "startup", 5: "startup"}.get(code, "info") for code in _TYPES}

_FRAME = Layout(
    (
        Field("occupied", u8(0).bits(7)),
        Field("battery_low", u8(0).bits(6)),
        Field("event", _TYPE, values=_EVENTS, derived=True),
        Field("generic_text", _TYPE, channel="frame_type", values=_TYPES),
        Field("generic", u8(1), channel="sequence"),
        Field("generic_text", Text(2, 9), channel="payload"),
    )
)

DEVICE = Device(
    "libelium",
    "parking-v2",
    name="Libelium Smart Parking v2",
    kind="parking_bay",
    ports={1: _FRAME, APPLICATION_PORTS: _FRAME},
)
