"""VEGA VEGAPULS Air: radar level. Source: the vendor's decoder in actility/device-catalog `vendors/vega`.

Packets 2 to 5 begin alike; 3 and 5 add a position, 4 and 5 the device's own status, and the tilt angle comes last.
The unit of the distance is a code of the HART common tables; other units than lengths are not interpreted.
"""

from decoders.device import Device
from decoders.field import Field, Fixed
from decoders.judged import Judged
from decoders.layout import Layout, OneOf
from decoders.source import f32, s16, u8, u32
from decoders.value import Quality

_PACKET, _STATUS, _UNIT = u8(0), u8(1), u8(6)
_DUMMY = 0xFE
_WITH_POSITION, _WITH_DEVICE_STATUS = (3, 5), (4, 5)
_METRE = 45
_UNITS: dict[int, tuple[str, float]] = {
    _METRE: ("m", 1000), 44: ("ft", 304.8), 47: ("in", 25.4), 48: ("cm", 10), 49: ("mm", 1),
}  # fmt: skip
_NAMUR = {0: "good", 1: "function check", 2: "maintenance required", 3: "out of specification", 4: "failure"}
_STATES = {**_NAMUR, **dict.fromkeys(range(len(_NAMUR), 256), "unknown")}
# NAMUR NE 107: with 1 and 4 the measurement is not valid, with 3 it is uncertain, with 2 it still holds.
_QUALITIES: dict[int, Quality] = {1: "device_reported_error", 3: "out_of_range", 4: "device_reported_error"}
# A float that is exactly 0 is no place on earth: nobody stands on the equator to the last bit.
_NO_FIX: dict[int, Quality | None] = {0: "not_available"}


def _measurement(unit: int | None) -> tuple[Field | Fixed, ...]:
    if unit is None:
        return Field("generic", f32(2), channel="measured_value"), Field("generic", _UNIT, channel="unit_code")
    name, millimetres = _UNITS[unit]
    distance = Field("distance", f32(2), millimetres)
    # Named where it is not the usual one, so that an encoder can tell them apart.
    return (distance,) if unit == _METRE else (distance, Fixed("generic_text", name, channel="device_unit"))


def _packet(packet: int, unit: int | None) -> Layout:
    end = 10
    fields: list[Field | Fixed] = [
        Field("generic_text", _STATUS, channel="namur_status", values=_STATES),
        *_measurement(unit),
        Field("battery_level", u8(7)),
        Field("device_temperature", s16(8), 0.1),
    ]
    if packet in _WITH_POSITION:
        fields.append(Field("latitude", f32(end), missing=_NO_FIX))
        fields.append(Field("longitude", f32(end + 4), missing=_NO_FIX))
        end += 8
    if packet in _WITH_DEVICE_STATUS:
        fields.append(Field("generic", u32(end), channel="device_status"))
        end += 4
    fields.append(Field("tilt_angle", u8(end), optional=True))
    known = () if unit is None else ((_UNIT, unit),)
    warning = None if unit is not None else "the unit of the measured value is not a known length"
    return Layout(fields, length=(end, end + 1), when=((_PACKET, packet), *known), warning=warning)


def _quality(frame: bytes) -> Quality:
    return _QUALITIES.get(frame[1], "ok") if len(frame) > 1 else "ok"


_DUMMY_PACKET = Layout((Fixed("event", "info", channel="dummy"),), length=1, when=((_PACKET, _DUMMY),))
_PACKETS = [_packet(packet, unit) for unit in (*_UNITS, None) for packet in (2, 3, 4, 5)]

DEVICE = Device(
    "vega",
    "vegapuls-air",
    name="VEGA VEGAPULS Air",
    kind="waste_bin",
    ports={1: Judged(OneOf(*_PACKETS, _DUMMY_PACKET), ("distance",), _quality)},
)
