"""ELSYS's payloads: items of one byte of type and a value (big endian, the position excepted), and blocks of settings.

Source: the tables of ELSYS's generic decoder as network servers publish them; types 1D to 24 and settings from 31 on
are in one of them only. A block begins with 3E and its length; sensors send it on the port behind that of the data.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from decoders.channels import Channels, Items
from decoders.field import Field, Fixed
from decoders.layout import Layout
from decoders.source import EncodeError, Number, Text, le, s8, s16, s24, s32, u8, u16, u32
from decoders.value import Decoded, DecodedValue, DecodeError, Quality

DEFAULT_PORT = 5
_BLOCK = 0x3E
_LONGEST_BLOCK = 255


def _own(quantity: str, source: Number, scale: float = 1.0, channel: str = "") -> Layout:
    return Layout((Field(quantity, source, scale, channel=channel),))


def _generic(*parts: tuple[str, Number], scale: float = 1.0) -> Layout:
    return Layout(tuple(Field("generic", source, scale, channel=name) for name, source in parts))


_NO_DISTANCE: Mapping[int, Quality | None] = {0: "not_available", 0xFFFF: "not_available"}
_NO_FIX: Mapping[int, Quality | None] = {0: "not_available"}
_LATITUDE, _LONGITUDE = le(s24(0)), le(s24(3))


def _position(missing: Mapping[int, Quality | None], when: Sequence[tuple[Number, int]] = ()) -> Layout:
    places = (("latitude", _LATITUDE), ("longitude", _LONGITUDE))
    return Layout([Field(name, source, 0.0001, missing=missing) for name, source in places], when=when)


_DATA: Items = {
    0x01: _own("device_temperature", s16(0), 0.1),
    0x02: _own("relative_humidity", u8(0)),
    # In the sensor's steps: 63 of them are 1 g.
    0x03: _generic(*((f"acceleration_{axis}", s8(i)) for i, axis in enumerate("xyz"))),
    0x04: _own("illuminance", u16(0)),
    0x05: _generic(("motion_count", u8(0))),
    0x06: _generic(("co2", u16(0))),
    0x07: _own("battery_voltage", u16(0), 0.001),
    0x08: _generic(("analog_1", u16(0))),
    0x09: (_position(_NO_FIX, ((_LATITUDE, 0), (_LONGITUDE, 0))), _position({})),
    0x0A: _generic(("pulses_1", u16(0))),
    0x0B: _generic(("pulses_total_1", u32(0))),
    0x0C: _own("probe_temperature", s16(0), 0.1),
    0x0D: _generic(("digital_1", u8(0))),
    0x0E: Layout((Field("distance", u16(0), missing=_NO_DISTANCE),)),
    0x0F: _generic(("acceleration_motion_count", u8(0))),
    0x10: _generic(("infrared_internal_temperature", s16(0)), ("infrared_external_temperature", s16(2)), scale=0.1),
    0x11: _generic(("occupancy", u8(0))),
    0x12: Layout(
        (
            Field("generic", u8(0), channel="water_leak"),
            Field("leak_alarm", u8(0), values={0: False, **dict.fromkeys(range(1, 256), True)}, derived=True),
        )
    ),
    0x13: Layout((Field("generic_text", Text(0, 65), channel="grid_eye"),)),
    0x14: _own("air_pressure", s32(0), 0.001),
    0x15: _generic(("sound_peak", u8(0)), ("sound_average", u8(1))),
    0x16: _generic(("pulses_2", u16(0))),
    0x17: _generic(("pulses_total_2", u32(0))),
    0x18: _generic(("analog_2", u16(0))),
    0x19: _own("probe_temperature", s16(0), 0.1, channel="2"),
    0x1A: _generic(("digital_2", u8(0))),
    0x1B: _generic(("analog_microvolts", s32(0))),
    0x1C: _generic(("tvoc", u16(0))),
    0x1D: _generic(("iaq", u8(0))),
    0x1E: _generic(("generic_switch", u8(0))),
    0x1F: _generic(("generic_8", s8(0))),
    0x20: _generic(("generic_16", s16(0))),
    0x21: _generic(("view", u8(0))),
    0x22: _generic(("setpoint", s16(0)), scale=0.1),
    0x23: _generic(("fan_speed", u8(0))),
    0x24: _own("relative_humidity", u8(0), channel="external"),
    0x3C: Layout((), length=4),  # checksum of a kind that is not documented
    0x3D: Layout((), length=4),  # for ELSYS's own debugging
}

_KEYS = {
    0x01: ("app_session_key", 16),
    0x02: ("network_session_key", 16),
    0x03: ("dev_eui", 8),
    0x04: ("app_eui", 8),
    0x05: ("app_key", 16),
    0x06: ("dev_addr", 4),
}
"""Settings that are identities and secrets: that they were sent is told, what they are is not."""

_NUMBERS = {
    0x07: ("ota", 1), 0x08: ("port", 1), 0x09: ("mode", 1), 0x0A: ("confirmed", 1), 0x0B: ("data_rate_default", 1),
    0x0C: ("data_rate_max", 1), 0x0D: ("data_rate_min", 1), 0x0E: ("lorawan_class", 1), 0x0F: ("power", 1),
    0x10: ("external_config", 1), 0x11: ("motion_config", 1), 0x12: ("co2_config", 1), 0x14: ("base_interval", 4),
    0x15: ("temperature_every", 4), 0x16: ("humidity_every", 4), 0x17: ("light_every", 4), 0x18: ("motion_every", 4),
    0x19: ("co2_every", 4), 0x1A: ("external_every", 4), 0x1B: ("external_power_time", 4), 0x1C: ("trigger_time", 4),
    0x1D: ("acceleration_every", 4), 0x1E: ("battery_every", 4), 0x1F: ("send_every", 4), 0x20: ("lock", 4),
    0x21: ("key_watchdog", 4), 0x23: ("pressure_every", 4), 0x24: ("sound_every", 4), 0x25: ("plan", 1),
    0x26: ("sub_band", 1), 0x27: ("listen_before_talk", 1), 0x28: ("led_config", 1), 0x29: ("co2_action", 1),
    0x2A: ("water_every", 4), 0x2B: ("reed_every", 4), 0x2C: ("reed_config", 4), 0x2D: ("motion_sensitivity", 1),
    0x2E: ("queue_size", 1), 0x2F: ("queue_offset", 1), 0x30: ("queue_purge", 1), 0x31: ("co2_reference", 2),
    0x32: ("co2_calibration", 1), 0x33: ("co2_abc", 2), 0x34: ("motion_sensitivity_2", 1),
    0x35: ("occupancy_sensitivity", 2), 0x36: ("sound_power", 1), 0x37: ("display_every", 4),
    0x38: ("display_action", 1), 0x39: ("display_unit", 1), 0x3A: ("display_inverted", 1), 0x3B: ("asr", 1),
    0x3C: ("display_full", 1), 0x3D: ("display_logo", 1), 0x3E: ("display_language", 1),
    0x3F: ("light_compensation", 4), 0x40: ("voc_every", 4), 0x42: ("button_every", 1), 0xF0: ("c1", 4),
    0xF1: ("c2", 4), 0xF2: ("c3", 4), 0xF3: ("c4", 4), 0xF4: ("nfc_disabled", 1), 0xF6: ("output", 2),
    0xF7: ("pulse_1", 4), 0xF8: ("pulse_2", 4), 0xFA: ("external", 1), 0xFC: ("sleep", 4),
}  # fmt: skip

_TEXTS = {0x13: ("acceleration_config", 4), 0x22: ("link", 4), 0x43: ("button_config", 51)}
"""Settings of several parts, in hexadecimal."""

_ORDERS = {0xEF: "rx_status", 0xF9: "settings", 0xFD: "generic", 0xFE: "reboot"}
"""What is asked for and has no value."""

_SENSORS = {
    0: "unknown", 1: "ESM5K", 10: "ELT-1", 11: "ELT-1 HP", 12: "ELT-2 HP", 13: "ELT Lite", 20: "ERS", 21: "ERS CO2",
    22: "ERS Lite", 23: "ERS Eye", 24: "ERS Desk", 25: "ERS Sound", 26: "ERS VOC", 27: "ERS CO2 Lite", 30: "EMS",
    31: "EMS Door", 32: "EMS Desk", 33: "EMS Lite", 60: "ERS2", 61: "ERS2 CO2", 62: "ERS2 Lite", 63: "ERS2 Eye",
    65: "ERS2 Sound", 66: "ERS2 VOC", 67: "ERS2 CO2 Lite", 80: "EMS2",
}  # fmt: skip
_VERSION = Text(0, 2, lambda raw: str(int.from_bytes(raw)), lambda text: int(text).to_bytes(2))


def _setting(name: str, *value: Field, length: int = 0) -> Layout:
    return Layout((Fixed("event", "config_ack", channel=name), *value), length=length)


_SETTINGS: Items = {
    **{tag: _setting(name, length=length) for tag, (name, length) in _KEYS.items()},
    **{
        tag: _setting(name, Field("generic", Number(0, size), channel=name), length=size)
        for tag, (name, size) in _NUMBERS.items()
    },
    **{
        tag: _setting(name, Field("generic_text", Text(0, size), channel=name), length=size)
        for tag, (name, size) in _TEXTS.items()
    },
    **{tag: _setting(name) for tag, name in _ORDERS.items()},
    0xF5: Layout((Field("generic_text", u8(0), channel="sensor", values=_SENSORS),)),
    0xFB: Layout((Field("firmware_version", _VERSION),)),
}


class Elsys:
    """Data items and blocks of settings in any order."""

    def __init__(self) -> None:
        self._data = Channels(_DATA, tag_size=1)
        self._settings = Channels(_SETTINGS, tag_size=1)
        self._lengths = {tag: layouts[0].length for tag, layouts in self._data.items.items()}
        self._names = {
            (place.quantity, place.channel)
            for layouts in self._settings.items.values()
            for layout in layouts
            for place in layout.fields
        }

    def decode(self, data: bytes, received_ms: int) -> Decoded:
        """All values of a payload. DecodeError `empty`, or `too_short`, `bad_payload` when not one item is readable."""
        if _BLOCK not in data:
            return self._data.decode(data, received_ms)
        out: list[DecodedValue] = []
        warnings: list[str] = []
        for codec, part, missing in self._parts(data):
            try:
                decoded = codec.decode(part, received_ms)
            except DecodeError as refusal:
                if not out:
                    raise DecodeError("too_short" if missing else refusal.reason, refusal.detail) from refusal
                decoded = Decoded((), (refusal.detail,))
            out += decoded.values
            warnings += decoded.warnings
            if missing:
                warnings.append(f"the block of settings lacks {missing} bytes")
        return Decoded(tuple(out), tuple(warnings))

    def _parts(self, data: bytes) -> Iterator[tuple[Channels, bytes, int]]:
        """Runs of data items and blocks of settings without their heads, and how many bytes are missing."""
        position, end = 0, len(data)
        while position < end:
            start = position
            while position < end and data[position] != _BLOCK:
                position += 1 + self._lengths.get(data[position], end)
            if position > start:
                yield self._data, data[start:position], 0
            if position < end:
                size = data[position + 1] if position + 1 < end else 1
                body = data[position + 2 : position + 2 + size]
                if size:
                    yield self._settings, body, size - len(body)
                position += 2 + size

    def encode(self, values: Sequence[DecodedValue]) -> bytes:
        """The payload with these values, in their order; settings in blocks. EncodeError."""
        payload = b""
        for settings, run in groupby(values, self._is_setting):
            part = list(run)
            payload += self._block(part) if settings else self._data.encode(part)
        return payload

    def _is_setting(self, value: DecodedValue) -> bool:
        return (value.quantity, value.channel) in self._names

    def _block(self, values: Sequence[DecodedValue]) -> bytes:
        body = self._settings.encode(values)
        if len(body) > _LONGEST_BLOCK:
            raise EncodeError(f"{len(body)} bytes of settings are too long for one block")
        return bytes((_BLOCK, len(body))) + body
