"""DingTek's container and manhole sensors (fPort 3): frames of 17 bytes, or of 25 with a position or with settings.

Source: DingTek's public decoders (cndingtek/Chirpstack_codec) and those of TheThingsNetwork/lorawan-devices. A frame
begins with 80, has its kind at byte 3, its length at byte 4 and ends with 81. Kinds 1 and 2 are data, 3 is settings.
"""

from collections.abc import Callable, Sequence

from decoders.field import Field, Fixed
from decoders.layout import Layout, OneOf
from decoders.odd_numbers import SignByte
from decoders.source import Number, dotted, f32, le, s8, u8, u16
from decoders.value import Quality

PORT = 3
_SHORT, _LONG = 17, 25
_SHORT_START, _LONG_START = 8, 16
_DATA_KINDS, _SETTINGS_KIND = (1, 2), 3
_SET = {0: False, 1: True, **dict.fromkeys(range(2, 16), True)}
_ALARM = dict.fromkeys(range(1, 16), "alarm")
_NO_DISTANCE: dict[int, Quality | None] = {0: "not_available", 0xFFFF: "not_available"}
_NO_FIX: dict[int, Quality | None] = {0: "not_available"}
_LONGITUDE, _LATITUDE = le(f32(8)), le(f32(12))
_HAS_POSITION = u8(7)

Condition = tuple[Number, int]
Setting = tuple[Fixed, Field]


def flag(quantity: str, source: Number) -> tuple[Field, ...]:
    """A nibble that is not 0 while the device says so."""
    return (Field(quantity, source, values=_SET),)


def alarm(quantity: str, concerned: str, source: Number) -> tuple[Field, ...]:
    """The same, and an event while it is set; when it is not, nothing is said of a release."""
    event = Field("event", source, channel=concerned, values=_ALARM, missing={0: None}, derived=True)
    return (*flag(quantity, source), event)


def setting(name: str, source: Number, values: dict[int, float] | None = None) -> Setting:
    """One of the settings: that it was told, and its number."""
    return Fixed("event", "config_ack", channel=name), Field("generic", source, channel=name, values=values)


SHARED_SETTINGS: tuple[Setting, ...] = (
    setting("upload_interval", u8(7)),  # hours
    setting("detection_interval", u8(8)),  # minutes
    setting("full_alarm_distance", u8(9)),  # centimetres from the sensor, not of content
)
RANGE = setting("ultrasonic_range", u8(13), {0: 2000.0, 1: 5000.0, **dict.fromkeys(range(2, 256), 5000.0)})
"""In millimetres."""
WORK_MODE = setting("work_mode", u8(14))
FIRE_SETTING = setting("fire_alarm_threshold", u8(10))  # degrees Celsius
TILT_SETTINGS: tuple[Setting, ...] = (setting("tilt_alarm_threshold", u8(11)), setting("tilt_alarm_enable", u8(12)))


def dingtek(alarms: Callable[[Number, Number], Sequence[Field]], settings: Sequence[Setting]) -> OneOf:
    """What a model speaks; `alarms` makes its alarm fields of two bytes."""
    data = [layout for kind in _DATA_KINDS for layout in _data(kind, alarms)]
    firmware = Field("firmware_version", dotted(5, 2))
    parts = (firmware, *(part for pair in settings for part in pair))
    return OneOf(*data, Layout(parts, length=_LONG, when=_frame(_SETTINGS_KIND, _LONG)))


def _data(kind: int, alarms: Callable[[Number, Number], Sequence[Field]]) -> tuple[Layout, ...]:
    """A kind's layouts: short, then long with a position that is no fix, with one that is, and without one."""

    def make(length: int, start: int, position: Sequence[Field], when: Sequence[Condition]) -> Layout:
        fields = (
            Field("distance", u16(5), missing=_NO_DISTANCE),
            *position,
            Field("device_temperature", s8(start)),
            # Disputed: the vendor's script always negates, by a slip of operator precedence; the byte says which it is.
            Field("tilt_angle", SignByte(start + 1)),
            *alarms(u8(start + 3), u8(start + 4)),
            Field("generic", u16(start + 5), channel="frame_counter"),
        )
        return Layout(fields, length=length, when=[*_frame(kind, length), *when])

    no_fix = [Field("longitude", _LONGITUDE, missing=_NO_FIX), Field("latitude", _LATITUDE, missing=_NO_FIX)]
    fix = [Field("longitude", _LONGITUDE), Field("latitude", _LATITUDE)]
    return (
        make(_SHORT, _SHORT_START, (), [(_HAS_POSITION, 0)]),
        make(_LONG, _LONG_START, no_fix, [(_HAS_POSITION, 1), (_LONGITUDE, 0), (_LATITUDE, 0)]),
        make(_LONG, _LONG_START, fix, [(_HAS_POSITION, 1)]),
        make(_LONG, _LONG_START, (), [(_HAS_POSITION, 0)]),
    )


def _frame(kind: int, length: int) -> list[Condition]:
    return [(u8(0), 0x80), (u8(2), 1), (u8(3), kind), (u8(4), length), (u8(length - 1), 0x81)]


def container_alarms(first: Number, second: Number) -> Sequence[Field]:
    """The alarms of a container's sensor: full, fire, tilt, battery."""
    return (
        *flag("full_alarm", first.bits(4, 4)),
        *flag("fire_alarm", first.bits(0, 4)),
        *flag("tilt_alarm", second.bits(4, 4)),
        *flag("battery_low", second.bits(0, 4)),
    )


def manhole_alarms(first: Number, second: Number) -> Sequence[Field]:
    """The alarms of a manhole's sensor: level, cover moved, battery."""
    return (
        *alarm("full_alarm", "distance", first.bits(4, 4)),
        *alarm("tilt_alarm", "tilt_angle", second.bits(4, 4)),
        *alarm("battery_low", "battery_low", second.bits(0, 4)),
    )
