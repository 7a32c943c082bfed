"""teneo-iot filling degree sensor. Source: TheThingsNetwork/lorawan-devices `vendor/teneo-iot/filling-degree-sensor`.

The distance is in centimetres. Its status is 0 when all is well and 4 without an echo (the vendor's script then says
-1 and "valid"); any other is an error, and the distance beside it is void. Temperatures are signed, as on the soil
sensor, though the vendor's script for this one forgets it.
"""

from decoders.device import Device
from decoders.field import Field, Fixed
from decoders.layout import Layout, OneOf
from decoders.source import Number, s16, u8, u16
from decoders.value import Quality

_BATTERY = Field("battery_voltage", u8(0), 0.1, bias=20)
_NO_DISTANCE: dict[int, Quality | None] = {0: "not_available", 0xFFFF: "not_available"}
_DISTANCE = Field("distance", u16(1), 10, missing=_NO_DISTANCE)
_NO_ECHO = Fixed("distance", None, quality="no_target")
_FAULT = Fixed("distance", None, quality="sensor_error")
_STATUS_OK, _STATUS_NO_ECHO = 0, 4


def _climate(start: int) -> tuple[Field, Field]:
    return (
        Field("device_temperature", s16(start), 0.01, optional=True),
        Field("relative_humidity", u16(start + 2), 0.01, optional=True),
    )


def _error(number: Number) -> Field:
    return Field("generic", number, channel="error_code")


_MEASUREMENT = OneOf(
    Layout((_BATTERY, _DISTANCE, *_climate(4)), length=(4, 8), when=((u8(3), _STATUS_OK),)),
    Layout((_BATTERY, _DISTANCE, *_climate(3)), length=(3, 7)),
    Layout((_BATTERY, _NO_ECHO, *_climate(4)), length=(4, 8), when=((u8(3), _STATUS_NO_ECHO),)),
    Layout((_BATTERY, _FAULT, _error(u8(3)), *_climate(4)), length=(4, 8)),
)
_STATUS = OneOf(
    Layout((_BATTERY, _error(u8(1))), when=((u8(1), _STATUS_OK),)),
    Layout((_BATTERY, _NO_ECHO), length=2, when=((u8(1), _STATUS_NO_ECHO),)),
    Layout((_BATTERY, _FAULT, _error(u8(1)))),
)
_CHARGING = Layout((_BATTERY, Fixed("generic_flag", True, channel="charging")), length=tuple(range(1, 9)))

DEVICE = Device(
    "teneo-iot",
    "filling-degree",
    name="teneo-iot filling degree sensor",
    kind="waste_bin",
    ports={1: _MEASUREMENT, 2: _STATUS, 3: _CHARGING},
)
