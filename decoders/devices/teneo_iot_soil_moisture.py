"""teneo-iot soil moisture sensor. Source: TheThingsNetwork/lorawan-devices `vendor/teneo-iot/soil-moisture-sensor`.

The long frame ends in two bytes that no public source explains.
"""

from decoders.device import Device
from decoders.field import Field, Fixed
from decoders.layout import Layout
from decoders.source import s16, u8

_BATTERY = Field("battery_voltage", u8(0), 0.1, bias=20)

DEVICE = Device(
    "teneo-iot",
    "soil-moisture",
    name="teneo-iot soil moisture sensor",
    kind="soil",
    ports={
        1: Layout(
            (
                _BATTERY,
                Field("soil_moisture_vwc", u8(1)),
                Field("soil_temperature", s16(2), 0.01, optional=True),
            ),
            length=(2, 6),
        ),
        3: Layout((_BATTERY, Fixed("generic_flag", True, channel="charging")), length=tuple(range(1, 7))),
    },
)
