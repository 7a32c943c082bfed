"""Milesight EM500-SMTC: soil moisture, temperature and conductivity.

Source: Milesight-IoT/SensorDecoders em-series/em500-smtc, README.

Raw 0xFFFF (collection failed) and 0xFFFD (out of range) are no values, the signed temperature included: the vendor's
script misses those and prints -0.1 and -0.3 degC.
"""

from collections.abc import Mapping

from decoders.device import APPLICATION_PORTS, Device
from decoders.downlinks.milesight import EM500_SMTC_COMMANDS
from decoders.field import Field
from decoders.layout import Layout
from decoders.milesight import DEFAULT_PORT, echo, milesight, number, setting, switch, threshold, word
from decoders.source import Number, Text, le, s16, u8, u16, u32
from decoders.value import Quality

_FAILED: Mapping[int, Quality | None] = {0xFFFF: "sensor_error", 0xFFFD: "out_of_range"}
_FAILED_SIGNED: Mapping[int, Quality | None] = {-1: "sensor_error", -3: "out_of_range"}


def _temperature(offset: int) -> Field:
    return Field("soil_temperature", le(s16(offset)), scale=0.1, missing=_FAILED_SIGNED)


def _moisture(offset: int) -> Field:
    return Field("soil_moisture_vwc", le(u16(offset)), scale=0.01, missing=_FAILED)


def _conductivity(offset: int) -> Field:
    return Field("soil_ec", le(u16(offset)), missing=_FAILED)


_ENABLED = u8(0).bits(6)
_ALARM_SETTING = u8(0).bits(3, 3)
_WHICH = u8(0)
_SECOND_BYTE = u8(1)


def _threshold(which: int, quantity: str, scale: float = 1.0) -> Layout:
    name = f"{quantity}_threshold"
    return threshold(name, switch(f"{name}_enable", _ENABLED), when=((_ALARM_SETTING, which),), scale=scale)


def _switched(which: int, name: str) -> Layout:
    return echo(name, switch(name, _SECOND_BYTE), when=((_WHICH, which),))


def _calibration(which: int, quantity: str, scale: float = 1.0) -> Layout:
    name = f"{quantity}_calibration"
    number_ = number(name, le(s16(2)), scale)
    return echo(name, switch(f"{name}_enable", _SECOND_BYTE), number_, when=((_WHICH, which),))


_CHANGE_ALARM = echo(
    "soil_temperature_change_threshold",
    switch("soil_temperature_change_threshold_enable", _ENABLED),
    number("soil_temperature_change_threshold", le(s16(3)), 0.1),
    length=9,
    when=((_ALARM_SETTING, 3),),
)
_CODE = Number(4, 1)
_ALARM = Layout(
    (
        _temperature(0),
        number("soil_temperature_change", le(s16(2)), 0.1),
        Field("event", _CODE, channel="soil_temperature", values={0: "alarm_release", 1: "alarm", 2: "alarm"}),
        word("soil_temperature_alarm", _CODE, {0: "release", 1: "threshold", 2: "mutation"}),
    )
)
_D2D_MASTER = echo(
    "d2d_master",
    number("d2d_master_mode", u8(0)),
    switch("d2d_master_enable", u8(1)),
    switch("d2d_master_uplink", u8(2)),
    Field(
        "generic_text", Text(3, 2, lambda raw: raw[::-1].hex(), lambda t: bytes.fromhex(t)[::-1]), channel="d2d_command"
    ),
    length=8,
)

_CODEC = milesight(
    {
        0x0367: Layout((_temperature(0),)),
        0x04CA: Layout((_moisture(0),)),
        # The old firmware's resolution.
        0x0468: Layout((Field("soil_moisture_vwc", u8(0), scale=0.5),)),
        0x057F: Layout((_conductivity(0),)),
        0x83D7: _ALARM,
        0x20CE: Layout((_conductivity(4), _temperature(6), _moisture(8)), time=le(u32(0))),
        0xFF06: (
            _threshold(1, "soil_ec"),
            _threshold(2, "soil_temperature", 0.1),
            _CHANGE_ALARM,
            _threshold(4, "soil_moisture_vwc", 0.01),
        ),
        0xFF18: (
            _switched(0, "sensor_enable"),
            _switched(1, "sensor_enable_soil_temperature"),
            _switched(2, "sensor_enable_soil_moisture_vwc"),
            _switched(3, "sensor_enable_soil_ec"),
        ),
        0xFF35: setting("d2d_key", 8),
        0xFF3B: setting("time_synchronization", 1, u8(0)),
        0xFF84: setting("d2d_enable", 1, u8(0)),
        0xFF96: _D2D_MASTER,
        0xFFF1: (
            _calibration(0, "soil_temperature", 0.1),
            _calibration(1, "soil_moisture_vwc", 0.01),
            _calibration(7, "soil_ec"),
        ),
        0xFFF2: setting("alarm_report_count", 2, le(u16(0))),
        0xFFF5: setting("alarm_release_report", 1, u8(0)),
    }
)

DEVICE = Device(
    "milesight",
    "em500-smtc",
    name="Milesight EM500-SMTC",
    kind="soil",
    ports={DEFAULT_PORT: _CODEC, APPLICATION_PORTS: _CODEC},
    commands=EM500_SMTC_COMMANDS,
)
