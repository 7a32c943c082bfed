"""Sensoneo Single Sensor 3.0, ultrasonic level of bins. Source: layout of the vendor's payload description; no frame is
public, and the port is not stated.

The temperature is given as an unsigned byte; it is read as a signed one, because the sensors hang outside in winter.
"""

from decoders.device import APPLICATION_PORTS, Device
from decoders.field import Field
from decoders.layout import Layout
from decoders.source import Text, s8, u8, u16
from decoders.value import Quality

_NO_ECHO: dict[int, Quality | None] = {0: "not_available"}
_STEP_MM = 20
_SINGLE = 2

_NUMBER = Text(
    4, 4, lambda raw: str(int.from_bytes(raw, "little")), lambda text: bytes.fromhex(f"{int(text):08x}")[::-1]
)

_FRAME = Layout(
    (
        Field("event", u8(8).bits(0), values={1: "periodic"}, missing={0: None}),
        *(Field("distance", u8(9 + i), scale=_STEP_MM, channel=str(i + 1), missing=_NO_ECHO) for i in range(4)),
        Field("fire_alarm", u8(8).bits(1)),
        Field("tilt_alarm", u8(8).bits(2)),
        Field("generic", u8(8).bits(3, 5), channel="other_events"),
        Field("battery_voltage", u8(13), scale=0.01, offset=2.5),
        Field("device_temperature", s8(14)),
        Field("generic", u8(15), channel="tilt"),
        Field("generic", u8(16), channel="event_count"),
        Field("generic", u8(2).bits(0, 4), channel="role"),
        Field("generic", u8(3), channel="firmware"),
        Field("serial_number", _NUMBER),
    ),
    when=((u16(0), 0xFFFF), (u8(2).bits(4, 4), _SINGLE)),
)

DEVICE = Device(
    "sensoneo",
    "single-sensor",
    name="Sensoneo Single Sensor 3.0",
    kind="waste_bin",
    ports={1: _FRAME, APPLICATION_PORTS: _FRAME},
)
