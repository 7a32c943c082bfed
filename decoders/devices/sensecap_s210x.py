"""SenseCAP S2104 and S2105 soil sensors and their family (S2100 to S2110). Source: Seeed's user guides, their list of
measurement ids, and Seeed-Solution/SenseCAP-Decoder S210X.

Records of channel, id and a number, little endian, with CRC-16/KERMIT at the end (checked here; most vendor scripts
don't). The channel of a value is the record's, which is 1 for a sensor with one probe.
"""

from collections.abc import Callable

from decoders.checked import Checked
from decoders.device import APPLICATION_PORTS, Device
from decoders.field import Field
from decoders.layout import Layout
from decoders.sensecap import RECORD, Measurements
from decoders.source import Text, le, s32, u8, u16
from decoders.value import Quality

_VALUE = le(s32(0))
_MINUTE_S = 60
# The smallest number, and 2,000,000 and a few above, say that the probe failed; no quantity comes near them.
_ERRORS: dict[int, Quality | None] = dict.fromkeys(
    (-(1 << 31), *range(2_000_000_000, 2_000_010_000, 1000)), "sensor_error"
)


def _of(quantity: str, scale: float = 0.001) -> Layout:
    return Layout((Field(quantity, _VALUE, scale, channel="{}", missing=_ERRORS),))


def _generic(name: str) -> Layout:
    return Layout((Field("generic", _VALUE, 0.001, channel=name + "_{}", missing=_ERRORS),))


def _layers(first: int, quantity: str) -> dict[int, Layout]:
    """Four ids from `first` on, for the depths of a profile probe."""
    channels = [f"{{}}_{depth}cm" for depth in (10, 20, 30, 40)]
    return {
        first + i: Layout((Field(quantity, _VALUE, 0.001, channel=channel, missing=_ERRORS),))
        for i, channel in enumerate(channels)
    }


def _mirrored(show: Callable[[bytes], str], parse: Callable[[str], bytes]) -> Text:
    return Text(0, 4, lambda raw: show(raw[::-1]), lambda text: parse(text)[::-1])


def _half(first: int) -> Text:
    return Text(first, 2, lambda raw: f"{raw[1]}.{raw[0]}", lambda text: bytes(map(int, reversed(text.split(".")))))


_EUI = _mirrored(lambda raw: raw.hex().upper(), bytes.fromhex)

_SYSTEM = {
    0: Layout((Field("hardware_version", _half(2)), Field("firmware_version", _half(0)))),
    1: Layout((Field("generic_text", Text(0, 4), channel="sensor_version_{}"),)),
    2: Layout((Field("generic_text", _EUI, channel="sensor_eui_low_{}"),)),
    3: Layout((Field("generic_text", _EUI, channel="sensor_eui_high_{}"),)),
    4: Layout((Field("generic_text", Text(0, 4), channel="system_4"),)),
    5: Layout((Field("generic_text", Text(0, 4), channel="system_5"),)),
    6: Layout((Field("generic_text", Text(0, 4), channel="system_6"),)),
    7: Layout(
        (
            Field("battery_level", le(u16(0))),
            Field("generic", le(u16(2)), scale=_MINUTE_S, channel="report_interval"),
        )
    ),
    9: Layout((Field("generic_text", Text(0, 4), channel="model"),)),
    # The number that follows means nothing, so each of its values says the same.
    0x120: Layout(
        (Field("event", u8(0).bits(0), channel="sensor_removed_{}", values=dict.fromkeys((0, 1), "info")),), length=4
    ),
}
_MEASURED = {
    4097: _of("air_temperature"),
    4098: _of("relative_humidity"),
    4099: _of("illuminance"),
    4100: _generic("co2"),
    4101: _of("air_pressure", 0.00001),
    4102: _of("soil_temperature"),
    4103: _of("soil_moisture_vwc"),
    4104: _of("wind_direction"),
    4105: _of("wind_speed"),
    4106: _of("soil_ph"),
    4107: _generic("light_quantum"),
    4108: _of("soil_ec", 1),
    4109: _generic("dissolved_oxygen"),
    4110: _of("soil_moisture_vwc"),
    4111: _of("soil_ec", 1),
    4112: _of("soil_temperature"),
    4113: _of("rain_intensity"),
    4115: _of("distance", 0.01),
    4116: _generic("water_leak"),
    4117: _generic("liquid_level"),
    4120: _generic("flow_rate"),
    4121: _generic("total_flow"),
    4123: _generic("water_ec"),
    4124: _generic("water_temperature"),
    4127: _of("solar_radiation"),
    4129: _generic("par"),
    4133: _of("soil_water_potential"),
    4136: _generic("leaf_temperature"),
    4137: _generic("leaf_wetness"),
    **_layers(4138, "soil_moisture_vwc"),
    **_layers(4142, "soil_temperature"),
    4190: _of("uv_index"),
    4191: _of("wind_gust"),
    4213: _of("rain_cumulative"),
}

_CODEC = Checked(Measurements({**_SYSTEM, **_MEASURED}), shortest=RECORD, step=RECORD)

DEVICE = Device(
    "sensecap",
    "s210x",
    name="SenseCAP S2104 / S2105 and family",
    kind="soil",
    ports={1: _CODEC, APPLICATION_PORTS: _CODEC},
)
