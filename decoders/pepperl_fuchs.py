"""Pepperl+Fuchs WILSEN payloads (fPort 1, big endian): every item that sensors, valves and nodes of the family send.

Source: the vendor's decoder in TheThingsNetwork/lorawan-devices `vendor/pepperl-fuchs` and in actility/device-catalog
`vendors/pf/drivers/wilsen`. Items F1xx to F8xx in an uplink acknowledge settings that a downlink made.
"""

from collections.abc import Mapping

from decoders.field import Field, Fixed
from decoders.layout import Layout
from decoders.prefixed import Prefixed
from decoders.source import Number, Text, f32, s32, u8, u16, u32
from decoders.value import Quality

PORT = 1

# What the vendor sends without an echo is not published; 0 and the top of the range are no distances it can measure.
_NO_DISTANCE: dict[int, Quality | None] = {0: "not_available", 0xFFFF: "not_available"}
# Both halves of a position are items of their own. Exactly 0 is a strip of 11 cm on the globe, and no fix everywhere.
_NO_FIX: dict[int, Quality | None] = {0: "not_available"}
_VALVE = {0: "closed", 1: "open", 2: "unknown"}
_NO_VALVE: dict[int, Quality | None] = {3: "not_available", 7: None}
_FAULTS = {7: "not inquired", 8: "short circuit", 9: "not connected", 10: "invalid current level"}
_SIGNAL = {0: "low", 1: "high", **_FAULTS}
_TARGET = {0: "no target detected", 1: "target detected", **_FAULTS}
_ADAPTIVE = 0xFF
# The vendor's example has a second byte, 0xFF, that its decoder does not read.
_SPREADING_FACTOR_LENGTHS = (1, 2)


def _string(size: int) -> Text:
    """Characters up to the first NUL; Latin-1, so that every byte has its character."""
    return Text(
        0,
        size,
        lambda raw: raw.split(b"\0")[0].decode("latin-1"),
        lambda text: text.encode("latin-1").ljust(size, b"\0"),
    )


def _whole(size: int) -> Text:
    """An identification number, shown in decimal: it is no quantity."""
    return Text(0, size, lambda raw: str(int.from_bytes(raw)), lambda text: _big_endian(text, size))


def _version() -> Text:
    """Three words with dots between."""
    return Text(
        0,
        6,
        lambda raw: ".".join(str(int.from_bytes(raw[i : i + 2])) for i in (0, 2, 4)),
        lambda text: b"".join(_big_endian(part, 2) for part in text.split(".")),
    )


def _big_endian(digits: str, size: int) -> bytes:
    """A decimal number as bytes, more than `size` where it doesn't fit. ValueError for what is no such number."""
    return bytes.fromhex(f"{int(digits):0{2 * size}x}")


def _value(quantity: str, number: Number, scale: float = 1.0, channel: str = "") -> Layout:
    return Layout((Field(quantity, number, scale, channel=channel),))


def _nibbles(
    quantity: str, channel: str, size: int, codes: Mapping[int, str], missing: Mapping[int, Quality | None]
) -> Layout:
    """States of four bits each, that of number 1 in the lowest bits."""
    number = u8(0) if size == 1 else u16(0)
    return Layout(
        tuple(
            Field(quantity, number.bits(4 * i, 4), channel=channel.format(i + 1), values=codes, missing=missing)
            for i in range(2 * size)
        )
    )


def _setting(name: str, number: Number | None = None) -> Layout:
    acknowledged = Fixed("event", "config_ack", channel=name)
    return Layout((acknowledged, Field("generic", number, channel=name)) if number else (acknowledged,))


def _setting_text(name: str, size: int) -> Layout:
    return Layout((Fixed("event", "config_ack", channel=name), Field("generic_text", _string(size), channel=name)))


def _numbered_settings(first: int, kind: str, logic: str) -> dict[int, Layout]:
    """The settings of inputs 1 and 2, which WILSEN.valve and WILSEN.node have alike."""
    return {
        first + 6 * i + j: _setting(f"{kind}_{i + 1}_{name}", u32(0) if name.endswith("interval") else u8(0))
        for i in range(2)
        for j, name in enumerate(
            (
                logic,
                "event_driven_transmission",
                "trigger_event",
                "message_type",
                "number_of_transmission",
                "monitoring_interval",
            ),
            start=1,
        )
    }


_MEASUREMENTS: dict[int, Layout] = {
    0x0201: Layout((Field("device_temperature", f32(0), digits=1),)),
    0x0B02: Layout((Field("distance", u16(0), missing=_NO_DISTANCE),)),
    # Older firmware; in centimetres.
    0x0B01: Layout((Field("distance", u16(0), 10, missing=_NO_DISTANCE),)),
    0x0B06: Layout(
        (
            Field("fill_level", u8(0), missing={0xFF: "not_available"}),
            Fixed("fill_level_source", "device", derived=True),
        )
    ),
    0x0B07: _value("echo_quality", u8(0)),
    0x0B08: _value("fill_height", u16(0)),
    0x5001: Layout((Field("latitude", s32(0), 1e-6, missing=_NO_FIX),)),
    0x5002: Layout((Field("longitude", s32(0), 1e-6, missing=_NO_FIX),)),
    0x5004: _value("generic", u8(0), channel="satellites"),
    0x5005: _value("generic", s32(0), 1e-6, channel="hdop"),
    0x5101: _value("battery_voltage", u8(0), 0.1),
}
_STATES: dict[int, Layout] = {
    # Of the first valve firmware; what its numbers mean is not published.
    0x0C01: Layout(
        (Field("generic", u8(0), channel="valve_raw"), Field("generic", u8(1), channel="valve_checksum")),
    ),
    0x0C02: _nibbles("valve_state", "{}", 1, _VALVE, _NO_VALVE),
    0x0C03: _nibbles("generic_text", "sensor_{}_signal", 2, _SIGNAL, {}),
    0x0C04: _nibbles("generic_text", "sensor_{}_target", 1, _TARGET, {}),
}
_IDENTITY: dict[int, Layout] = {
    0x2A25: Layout((Field("serial_number", _string(14)),)),
    0x2A26: Layout((Field("serial_number", _whole(6)),)),
    0x3101: _value("generic", u16(0), channel="lora_transmissions"),
    0x3102: _value("generic", u16(0), channel="gps_acquisitions"),
    0x3103: _value("generic", u32(0), channel="ultrasonic_measurements"),
    0x3104: _value("generic", u32(0), channel="sensor_measurements"),
    0xF501: Layout((Field("generic_text", _whole(4), channel="part_number"),)),
    0xF502: Layout((Field("hardware_version", _version()),)),
    0xF503: Layout((Field("firmware_version", _version()),)),
}
_SETTINGS: dict[int, Layout | tuple[Layout, ...]] = {
    0xF101: _setting("ble_enable", u8(0)),
    0xF102: _setting_text("device_name", 16),
    0xF103: _setting("reset_counter"),
    0xF104: _setting("factory_reset"),
    0xF105: _setting("change_password"),
    0xF108: _setting_text("device_name_1", 8),
    0xF109: _setting_text("device_name_2", 8),
    0xF201: _setting("gps_acquisition_active", u8(0)),
    0xF202: _setting("gps_acquisition_interval", u32(0)),
    0xF203: _setting("gps_next_acquisition", u32(0)),
    0xF204: _setting("gps_accuracy_mode", u8(0)),
    0xF205: _setting("gps_message_type", u8(0)),
    0xF206: _setting("gps_number_of_transmission", u8(0)),
    0xF207: _setting("gps_localization"),
    0xF301: _setting("lora_message_type", u8(0)),
    0xF302: _setting("lora_number_of_transmission", u8(0)),
    0xF303: (
        Layout(
            (
                Fixed("event", "config_ack", channel="lora_spreading_factor"),
                Fixed("generic_text", "ADR", channel="lora_spreading_factor"),
            ),
            length=_SPREADING_FACTOR_LENGTHS,
            when=((u8(0), _ADAPTIVE),),
        ),
        Layout(
            (
                Fixed("event", "config_ack", channel="lora_spreading_factor"),
                Field("generic", u8(0), channel="lora_spreading_factor"),
            ),
            length=_SPREADING_FACTOR_LENGTHS,
        ),
    ),
    0xF304: _setting("lora_data_transmission_active", u8(0)),
    0xF305: _setting("lora_transmission_interval", u32(0)),
    0xF306: _setting("lora_next_transmission", u32(0)),
    0xF307: _setting("lora_downlink_config", u8(0)),
    0xF308: _setting("lora_downlink_config_ack", u8(0)),
    0xF309: _setting("lora_sub_band", u8(0)),
    0xF401: _setting("us_beam_width", u8(0)),
    0xF402: _setting("us_user_defined_burst_length", u8(0)),
    0xF403: _setting("us_user_defined_transmitting_power", u8(0)),
    0xF404: _setting("us_user_defined_sensitivity", u8(0)),
    0xF405: _setting("us_full_distance", u16(0)),
    0xF406: _setting("us_empty_distance", u16(0)),
    0xF407: _setting("us_measurement_sequence_active", u8(0)),
    0xF408: _setting("us_evaluation_method", u8(0)),
    0xF409: _setting("us_measurements_per_sequence", u8(0)),
    0xF40A: _setting("us_at_intervals_of", u16(0)),
    0xF40B: _setting("us_application_filter_active", u8(0)),
    0xF40C: _setting("us_post_processing_filter", u8(0)),
    0xF40D: _setting("us_additional_measurement", u8(0)),
    0xF40E: _setting("water_body_level_active", u8(0)),
    0xF40F: _setting("distance_to_water_body_ground", u16(0)),
    0xF601: _setting("valve_monitoring_message_type", u8(0)),
    0xF602: _setting("valve_monitoring_interval", u32(0)),
    **_numbered_settings(0xF700, "valve", "open_signal"),
    **_numbered_settings(0xF800, "sensor", "output_logic"),
}

WILSEN = Prefixed({**_MEASUREMENTS, **_STATES, **_IDENTITY, **_SETTINGS})
"""One codec for the whole family: what a device can measure decides which items it sends."""
