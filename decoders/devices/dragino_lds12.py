"""Dragino LLDS12 and LDS12-LB: laser distance. Source: Dragino's public decoders.

The payload counts millimetres, though the vendor's scripts show centimetres. A signal below 100 is too weak and one of
65535 too strong for a distance to be believed; these two limits were not checked against a document.
"""

from decoders.device import Device
from decoders.downlinks.dragino import DRAGINO_LOG_COMMANDS
from decoders.dragino import (
    BATTERY,
    CALIBRATION,
    CONFIGURATION,
    DATA_PORT,
    INFO,
    INFO_PORT,
    LOG_PORT,
    MESSAGE_TYPE,
    RECORD_TIME,
    probe,
)
from decoders.field import Field
from decoders.layout import Layout, OneOf
from decoders.records import Records
from decoders.source import Number, s8, u8, u16
from decoders.value import Quality

_SIGNAL = u16(6)
_NO_ECHO: dict[int, Quality | None] = {0: "no_target", 0xFFFF: "not_available"}
# Below 100: the top ten bits are 0 (to 63), the top eleven 2 (64 to 95), the top fourteen 24 (96 to 99).
_WEAK = ((_SIGNAL.bits(6, 10), 0), (_SIGNAL.bits(5, 11), 2), (_SIGNAL.bits(2, 14), 24))


def _interrupt(offset: int) -> tuple[Field, Field]:
    return (
        Field("interrupt", u8(offset).bits(0)),
        Field("generic_flag", u8(offset).bits(1), channel="interrupt_level"),
    )


def _frame(distance: Field, *when: tuple[Number, int]) -> Layout:
    return Layout(
        (
            BATTERY,
            probe("probe_temperature", 2),
            distance,
            Field("echo_quality", _SIGNAL),
            *_interrupt(8),
            Field("device_temperature", s8(9)),
        ),
        length=11,
        when=((MESSAGE_TYPE, 1), *when),
    )


def _without_distance(source: Number, raw: int, quality: Quality) -> Layout:
    """The frame with a signal that no distance can be measured with; it is the signal that is read instead."""
    return _frame(Field("distance", source, missing={raw: quality}), (source, raw))


_LOG = Layout(
    (
        *_interrupt(0),
        probe("probe_temperature", 2),
        Field("distance", u16(4), missing=_NO_ECHO),
        Field("device_temperature", s8(6)),
    ),
    length=11,
    time=RECORD_TIME,
)

DEVICE = Device(
    "dragino",
    "lds12",
    name="Dragino LLDS12 / LDS12-LB",
    kind="waste_bin",
    ports={
        DATA_PORT: OneOf(
            *(_without_distance(source, raw, "no_target") for source, raw in _WEAK),
            _without_distance(_SIGNAL, 0xFFFF, "sensor_error"),
            _frame(Field("distance", u16(4), missing=_NO_ECHO)),
            CONFIGURATION,
            CALIBRATION,
        ),
        LOG_PORT: Records(_LOG),
        INFO_PORT: INFO,
    },
    commands=DRAGINO_LOG_COMMANDS,
)
