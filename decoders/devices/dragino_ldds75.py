"""Dragino LDDS75, LDDS45, DDS75-LB, DDS45-LB: ultrasonic distance. Source: Dragino's public decoders.

The temperature is that of a DS18B20, where there is one. Disputed: one vendor script divides it by 100; the scripts of
the other models and a public test suite by 10, as here.
"""

from collections.abc import Mapping

from decoders.device import Device
from decoders.downlinks.dragino import DRAGINO_LOG_COMMANDS
from decoders.dragino import ANY_BIT, BATTERY, DATA_PORT, INFO, INFO_PORT, LOG_PORT, RECORD_TIME, interrupt, probe
from decoders.field import Field
from decoders.layout import Layout, OneOf
from decoders.records import Records, Samples, SamplesOr
from decoders.source import Number, u8, u16
from decoders.value import Quality

# 0 is no echo, or no sensor where the frame says so; up to 20 mm the device means "nearer than I can measure".
_TOO_NEAR: dict[int, Quality | None] = dict.fromkeys(range(1, 21), "blind_zone")
_NO_ECHO: Mapping[int, Quality | None] = {0: "no_target", **_TOO_NEAR}
_NO_SENSOR: Mapping[int, Quality | None] = {0: "sensor_error"}
_MANY = u16(0).bits(12)
_DETECTED = u8(7)
_LOG_DETECTED = u8(6).bits(1)


def _distance(offset: int, missing: Mapping[int, Quality | None] = _NO_ECHO) -> Field:
    return Field("distance", u16(offset), missing=missing)


def _detected(source: Number) -> Field:
    return Field("generic_flag", source, channel="sensor_detected", values=ANY_BIT)


def _frame(distance: Field, *when: tuple[Number, int]) -> Layout:
    fields = (BATTERY, distance, interrupt(4), probe("device_temperature", 5), _detected(_DETECTED))
    return Layout(fields, when=((_MANY, 0), *when))


def _record(distance: Field, *when: tuple[Number, int]) -> Layout:
    detected = Field("generic_flag", _LOG_DETECTED, channel="sensor_detected")
    fields = (BATTERY, distance, Field("interrupt", u8(6).bits(0)), probe("device_temperature", 4), detected)
    return Layout(fields, length=11, when=when, time=RECORD_TIME)


_OLD_FIRMWARE = Layout(
    (BATTERY, _distance(2), Field("interrupt", u8(4), values=ANY_BIT, optional=True)), length=(4, 5), when=((_MANY, 0),)
)
# Frames with many distances have 12 bits of battery; six bytes of them are not documented.
_SAMPLES = Samples(
    Layout((Field("battery_voltage", u16(0).bits(0, 12), scale=0.001),), length=8, when=((_MANY, 1),)),
    Layout((_distance(0),)),
    Layout((interrupt(0), probe("device_temperature", 1), _detected(u8(3)))),
)

DEVICE = Device(
    "dragino",
    "ldds75",
    name="Dragino LDDS75 / LDDS45 / DDS75-LB / DDS45-LB",
    kind="waste_bin",
    ports={
        DATA_PORT: SamplesOr(
            _SAMPLES,
            OneOf(_frame(_distance(2, _NO_SENSOR), (_DETECTED, 0), (u16(2), 0)), _frame(_distance(2)), _OLD_FIRMWARE),
        ),
        LOG_PORT: Records(
            _record(_distance(2, _NO_SENSOR), (_LOG_DETECTED, 0), (u16(2), 0)),
            _record(_distance(2)),
        ),
        INFO_PORT: INFO,
    },
    commands=DRAGINO_LOG_COMMANDS,
)
