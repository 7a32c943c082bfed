"""Tektelic Agriculture sensors (Kiwi, Clover): soil, air and light. Source: the public decoders for these sensors in
actility/device-catalog vendors/tektelic/drivers/agro and TheThingsNetwork/lorawan-devices vendor/tektelic.

The frequency of the moisture probe (input 1) stays a number: both decoders turn it into gravimetric water content,
with dry points that are 35 kHz apart, so it must be calibrated where it is installed. Soil probes 1 and 2 are a
Watermark and a thermistor each; without a channel is the thermistor beside the moisture probe.
"""

from bisect import bisect_right
from math import log

from decoders.channels import Channels
from decoders.device import Device
from decoders.field import Field
from decoders.layout import Layout
from decoders.source import s16, u8, u16

_WATERMARK = (
    (293, 200.0, 0.5208), (485, 100.0, 0.2174), (600, 75.0, 0.1176), (770, 55.0, 0.05884), (1110, 35.0, 0.01170),
    (2820, 15.0, 0.003974), (4330, 9.0, 0.004286),
)  # fmt: skip
"""From this frequency (Hz) on: tension (kPa) there, and how much it falls with each Hz."""
_WETTEST_HZ = 6430
_STARTS = [start for start, _, _ in _WATERMARK]


def _potential(hertz: float) -> float:
    """Tension of a Watermark 200SS, as a negative potential in kPa; 0 in saturated soil, -200 where the curve ends."""
    piece = bisect_right(_STARTS, hertz) - 1
    if hertz > _WETTEST_HZ or piece < 0:
        return 0.0 if piece > 0 else -200.0
    start, tension, slope = _WATERMARK[piece]
    return min((hertz - start) * slope - tension, 0.0)


def _soil_thermistor(millivolts: float) -> float:
    return -32.46 * log(millivolts) + 236.36


def _probe_thermistor(volts: float) -> float:
    return ((((-33.01 * volts + 217.4) * volts - 538.6) * volts + 628.1) * volts - 378.9) * volts + 102.9


def _switch(quantity: str, channel: str = "") -> Layout:
    return Layout((Field(quantity, u8(0), channel=channel, values={0: False, 0xFF: True}),))


def _thermistor(probe: str, number: int) -> Layout:
    return Layout(
        (
            Field("generic", u16(0), scale=0.001, channel=f"input{number}_voltage"),
            Field("soil_temperature", u16(0), scale=0.001, channel=probe, curve=_probe_thermistor, derived=True),
        )
    )


def _watermark(probe: str, number: int) -> Layout:
    return Layout(
        (
            Field("generic", u16(0), channel=f"input{number}_frequency"),
            Field("soil_water_potential", u16(0), channel=probe, curve=_potential, derived=True),
        )
    )


_CODEC = Channels(
    {
        0x00FF: Layout((Field("battery_voltage", u16(0), scale=0.01),)),
        0x00BA: Layout(
            (
                Field("battery_voltage", u8(0).bits(0, 7), scale=0.01, offset=2.5),
                Field("battery_low", u8(0).bits(7)),
            )
        ),
        0x00D3: Layout((Field("battery_level", u8(0).bits(0, 7)),)),
        0x00BD: Layout((Field("generic", u16(0), channel="battery_days_left"),)),
        0x0104: Layout((Field("generic", u16(0), channel="input1_frequency"),)),
        0x0202: Layout(
            (
                Field("generic", u16(0), scale=0.001, channel="input2_voltage"),
                Field("soil_temperature", u16(0), curve=_soil_thermistor, missing={0: "sensor_error"}, derived=True),
            )
        ),
        0x0302: _thermistor("1", 3),
        0x0402: _thermistor("2", 4),
        0x0367: Layout((Field("soil_temperature", s16(0), scale=0.1, channel="1"),)),
        0x0467: Layout((Field("soil_temperature", s16(0), scale=0.1, channel="2"),)),
        0x0504: _watermark("1", 5),
        0x0604: _watermark("2", 6),
        0x0900: _switch("generic_flag", "light_detected"),
        0x0965: Layout((Field("illuminance", u16(0)),)),
        0x0A00: _switch("tilt_alarm"),
        0x0A71: Layout(
            tuple(Field("generic", s16(2 * i), scale=0.001, channel=f"acceleration_{a}") for i, a in enumerate("xyz"))
        ),
        0x0B67: Layout((Field("air_temperature", s16(0), scale=0.1),)),
        0x0B68: Layout((Field("relative_humidity", u8(0), scale=0.5),)),
        0x0C67: Layout((Field("device_temperature", s16(0), scale=0.1),)),
    }
)

DEVICE = Device("tektelic", "agriculture", name="Tektelic Agriculture (Kiwi, Clover)", kind="soil", ports={10: _CODEC})
