"""Typical frames decoded by hand with `struct`, for comparison: what a careful programmer writes for one device.

Each function gives exactly what the device's decoder gives for its kind of frame: lengths, sentinels and plausible
ranges are looked at, nothing is general. `NUMBERS` are the same frames without any look at what comes out.
"""

import struct
from binascii import crc_hqx
from collections.abc import Callable

from decoders.value import Decoded, DecodedValue

_LSE01 = struct.Struct(">HhHhHB")
_TRS12 = struct.Struct(">BHHHHHH")
_S16 = struct.Struct("<h")
_U16 = struct.Struct("<H")
_ELSYS_S16, _ELSYS_U16, _ELSYS_U32 = struct.Struct(">h"), struct.Struct(">H"), struct.Struct(">I")
_RECORD = struct.Struct("<BHi")
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_NO_PROBE = frozenset((0, 0x7FFE, 0x7FFF, *range(3270, 3280)))


def lse01(data: bytes) -> Decoded:
    """Dragino LSE01 with its soil probe."""
    if len(data) != 11:
        raise ValueError("length")
    battery, probe, moisture, temperature, ec, flags = _LSE01.unpack(data)
    volts, percent, celsius = (battery & 0x3FFF) / 1000, moisture / 100, temperature / 100
    values = [DecodedValue("battery_voltage", volts, "", None, "ok" if 0.5 <= volts <= 40 else "out_of_range")]
    if probe not in _NO_PROBE:
        values.append(
            DecodedValue(
                "probe_temperature", probe / 10, "", None, "ok" if -55 <= probe / 10 <= 125 else "out_of_range"
            )
        )
    values.append(
        DecodedValue("soil_moisture_vwc", percent, "", None, "ok" if -10 <= percent <= 100 else "out_of_range")
    )
    values.append(DecodedValue("soil_temperature", celsius, "", None, "ok" if -40 <= celsius <= 85 else "out_of_range"))
    values.append(DecodedValue("soil_ec", float(ec), "", None, "ok" if 0 <= ec <= 30_000 else "out_of_range"))
    values.append(DecodedValue("interrupt", flags & 15 != 0))
    return Decoded(tuple(values))


def trs12(data: bytes) -> Decoded:
    """Decentlab DL-TRS12 with both sections."""
    if len(data) != 13:
        raise ValueError("length")
    version, _, flags, word, temperature, ec, battery = _TRS12.unpack(data)
    if version != 2 or flags != 3:
        raise ValueError("header")
    count, vwc = word / 10, word * 3.879e-3 - 69.56
    root = ((2.887e-9 * count - 2.08e-5) * count + 5.276e-2) * count - 43.39
    square, celsius, volts = root * root, (temperature - 32768) / 10, battery / 1000
    return Decoded(
        (
            DecodedValue("soil_moisture_vwc", vwc, "", None, "ok" if -10 <= vwc <= 100 else "out_of_range"),
            DecodedValue("soil_permittivity", square, "", None, "ok" if 0.5 <= square <= 88 else "out_of_range"),
            DecodedValue("soil_temperature", celsius, "", None, "ok" if -40 <= celsius <= 85 else "out_of_range"),
            DecodedValue("soil_ec", float(ec), "", None, "ok" if 0 <= ec <= 30_000 else "out_of_range"),
            DecodedValue("battery_voltage", volts, "", None, "ok" if 0.5 <= volts <= 40 else "out_of_range"),
        )
    )


def em400_mud(data: bytes) -> Decoded:
    """Milesight EM400-MUD, the items of its periodic frame."""
    values: list[DecodedValue] = []
    at, end = 0, len(data)
    while at + 2 < end:
        tag = data[at] << 8 | data[at + 1]
        if tag == 0x0175:
            level = data[at + 2]
            values.append(
                DecodedValue("battery_level", float(level), "", None, "ok" if level <= 100 else "out_of_range")
            )
            at += 3
        elif tag == 0x0367:
            celsius = _S16.unpack_from(data, at + 2)[0] / 10
            values.append(
                DecodedValue("device_temperature", celsius, "", None, "ok" if -55 <= celsius <= 125 else "out_of_range")
            )
            at += 4
        elif tag == 0x0482:
            mm = _U16.unpack_from(data, at + 2)[0]
            if mm == 0 or mm >= 0xFFFD:
                values.append(DecodedValue("distance", None, "", None, "not_available"))
            else:
                values.append(
                    DecodedValue("distance", float(mm), "", None, "ok" if 1 <= mm <= 70_000 else "out_of_range")
                )
            at += 4
        elif tag == 0x0500:
            values.append(DecodedValue("tilt_alarm", data[at + 2] != 0))
            at += 3
        else:
            raise ValueError("item")
    return Decoded(tuple(values))


def elsys(data: bytes) -> Decoded:
    """ELSYS, the items of the frame with temperature, humidity, acceleration, pressure and distance."""
    values: list[DecodedValue] = []
    at, end = 0, len(data)
    while at < end:
        tag = data[at]
        if tag == 0x01:
            celsius = _ELSYS_S16.unpack_from(data, at + 1)[0] / 10
            values.append(
                DecodedValue("device_temperature", celsius, "", None, "ok" if -55 <= celsius <= 125 else "out_of_range")
            )
            at += 3
        elif tag == 0x02:
            humidity = float(data[at + 1])
            values.append(
                DecodedValue("relative_humidity", humidity, "", None, "ok" if 0 <= humidity <= 100 else "out_of_range")
            )
            at += 2
        elif tag == 0x03:
            for axis, byte in zip(
                ("acceleration_x", "acceleration_y", "acceleration_z"), data[at + 1 : at + 4], strict=True
            ):
                values.append(DecodedValue("generic", float(byte - 256 if byte > 127 else byte), axis))
            at += 4
        elif tag == 0x14:
            pressure = _ELSYS_U32.unpack_from(data, at + 1)[0] / 1000
            values.append(
                DecodedValue("air_pressure", pressure, "", None, "ok" if 300 <= pressure <= 1200 else "out_of_range")
            )
            at += 5
        elif tag == 0x0E:
            mm = _ELSYS_U16.unpack_from(data, at + 1)[0]
            values.append(DecodedValue("distance", float(mm), "", None, "ok" if 1 <= mm <= 70_000 else "out_of_range"))
            at += 3
        else:
            raise ValueError("item")
    return Decoded(tuple(values))


def s210x(data: bytes) -> Decoded:
    """SenseCAP, soil temperature and moisture, with its check sum."""
    end = len(data) - 2
    crc = crc_hqx(data[:end].translate(_REVERSED), 0)
    if end % 7 or data[end:] != bytes((_REVERSED[crc >> 8], _REVERSED[crc & 0xFF])):
        raise ValueError("frame")
    values: list[DecodedValue] = []
    for at in range(0, end, 7):
        channel, tag, raw = _RECORD.unpack_from(data, at)
        if raw == -(1 << 31) or 2_000_000_000 <= raw < 2_000_010_000:
            raise ValueError("sentinel")
        if tag == 4102:
            values.append(
                DecodedValue(
                    "soil_temperature",
                    raw / 1000,
                    str(channel),
                    None,
                    "ok" if -40 <= raw / 1000 <= 85 else "out_of_range",
                )
            )
        elif tag == 4103:
            values.append(
                DecodedValue(
                    "soil_moisture_vwc",
                    raw / 1000,
                    str(channel),
                    None,
                    "ok" if -10 <= raw / 1000 <= 100 else "out_of_range",
                )
            )
        else:
            raise ValueError("record")
    return Decoded(tuple(values))


def _numbers(layout: str, *scales: float) -> Callable[[bytes], object]:
    unpack = struct.Struct(layout).unpack
    return lambda data: [raw * scale for raw, scale in zip(unpack(data), scales, strict=True)]


NUMBERS: dict[str, Callable[[bytes], object]] = {
    "dragino-lse01": _numbers(">HhHhHB", 0.001, 0.1, 0.01, 0.01, 1, 1),
    "decentlab-dl-trs12": _numbers(">5xHHHH", 0.003879, 0.1, 1, 0.001),
    "milesight-em400-mud": _numbers("<2xB2xh2xH2xB", 1, 0.1, 1, 1),
    "elsys-elt": _numbers(">xhxBxbbbxIxH", 0.1, 1, 1, 1, 1, 0.001, 1),
    "sensecap-s210x": _numbers("<3xi3xi2x", 0.001, 0.001),
}
