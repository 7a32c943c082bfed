"""Dragino LSE01 and SE01-LB: soil moisture, temperature, conductivity. Source: LSE01 user manual, section 2.3.

Firmware before 1.1.4 has no mode bit: there byte 10 is a message type, and types from 0x80 up look like the raw mode.
"""

from decoders.device import Device
from decoders.downlinks.dragino import DRAGINO_LOG_COMMANDS
from decoders.dragino import BATTERY, DATA_PORT, INFO, INFO_PORT, LOG_PORT, UNREAD_LOG, probe
from decoders.field import Field
from decoders.layout import Layout, OneOf
from decoders.source import s16, u8, u16
from decoders.value import Quality

_MODE = u8(10).bits(7)
_SENSOR_FLAG = u8(10).bits(4)
_PROBE = probe("probe_temperature", 2)
_INTERRUPT = Field("interrupt", u8(10).bits(0, 4), values={0: False, **dict.fromkeys(range(1, 16), True)})
_NO_PROBE: dict[int, Quality | None] = {0: "sensor_error"}

_MEASURING = Layout(
    (
        BATTERY,
        _PROBE,
        Field("soil_moisture_vwc", u16(4), scale=0.01),
        Field("soil_temperature", s16(6), scale=0.01),
        Field("soil_ec", u16(8)),
        _INTERRUPT,
    ),
    length=11,
    when=((_MODE, 0),),
)
# All three zero with the sensor flag clear: the soil probe is not connected.
_DISCONNECTED = Layout(
    (
        BATTERY,
        _PROBE,
        Field("soil_moisture_vwc", u16(4), missing=_NO_PROBE),
        Field("soil_temperature", s16(6), missing=_NO_PROBE),
        Field("soil_ec", u16(8), missing=_NO_PROBE),
        _INTERRUPT,
    ),
    length=11,
    when=((_MODE, 0), (_SENSOR_FLAG, 0), (u16(4), 0), (s16(6), 0), (u16(8), 0)),
)
_RAW = Layout(
    (
        BATTERY,
        _PROBE,
        Field("soil_permittivity", u16(4), scale=0.1),
        Field("generic", u16(6), channel="raw_moisture"),
        Field("generic", u16(8), channel="raw_conductivity"),
        _INTERRUPT,
    ),
    length=11,
    when=((_MODE, 1),),
    warning="raw mode: no moisture (or firmware before 1.1.4, which has no mode bit: then these numbers mean nothing)",
)

DEVICE = Device(
    "dragino",
    "lse01",
    name="Dragino LSE01 / SE01-LB",
    kind="soil",
    ports={DATA_PORT: OneOf(_DISCONNECTED, _MEASURING, _RAW), LOG_PORT: UNREAD_LOG, INFO_PORT: INFO},
    version=2,
    commands=DRAGINO_LOG_COMMANDS,
)
