"""SenseCAP S2120 weather station. Source: Seeed's S2120 user guide and Seeed-Solution/SenseCAP-Decoder S2120.

Only the temperature is signed; the vendor's decoder extends the sign of every number.
"""

from decoders.channels import Channels
from decoders.device import APPLICATION_PORTS, Device
from decoders.field import Field, Fixed
from decoders.layout import Layout
from decoders.source import Text, dotted, s16, u8, u16, u32

_MINUTE_S = 60

_AIR = Layout(
    (
        Field("air_temperature", s16(0), scale=0.1),
        Field("relative_humidity", u8(2)),
        Field("illuminance", u32(3)),
        Field("uv_index", u8(7), scale=0.1),
        Field("wind_speed", u16(8), scale=0.1),
    )
)
_RAIN = Layout(
    (
        Field("wind_direction", u16(0)),
        Field("rain_intensity", u32(2), scale=0.001),
        Field("air_pressure", u16(6), scale=0.1),
    )
)


def _intervals(at: int) -> tuple[Field, Field]:
    return (
        Field("generic", u16(at), scale=_MINUTE_S, channel="report_interval"),
        Field("generic", u16(at + 2), scale=_MINUTE_S, channel="gps_interval"),
    )


_CODE = Field("generic", u8(0), channel="sensor_error")
_CODEC = Channels(
    {
        0x4A: _AIR,
        0x4B: _RAIN,
        0x4C: Layout((Field("wind_gust", u16(0), scale=0.1), Field("rain_cumulative", u32(2), scale=0.001))),
        0x01: _AIR,
        0x02: _RAIN,
        0x03: Layout((Field("battery_level", u8(0)),)),
        0x04: Layout(
            (
                Field("battery_level", u8(0)),
                Field("hardware_version", dotted(1, 2)),
                Field("firmware_version", dotted(3, 2)),
                *_intervals(5),
            )
        ),
        0x05: Layout(_intervals(0)),
        0x06: (Layout((_CODE,), when=((u8(0), 0),)), Layout((Fixed("event", "alarm", channel="sensor_error"), _CODE))),
        0x10: Layout(
            (Field("generic", u8(0), channel="sensor_status"), Field("generic_text", Text(1, 8), channel="sensor_eui"))
        ),
    },
    tag_size=1,
)

DEVICE = Device(
    "sensecap",
    "s2120",
    name="SenseCAP S2120 weather station",
    kind="weather",
    ports={1: _CODEC, APPLICATION_PORTS: _CODEC},
)
