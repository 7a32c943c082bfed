"""MOKO LW009-SM parking sensor. Source: layout of the decoder in tago-io/decoders for this model; no frame is public.

A header with the device's clock, then items of tag, length and value. The state says why the frame was sent; whether a
vehicle is there is an item of its own.
"""

from collections.abc import Mapping

from decoders.channels import Items
from decoders.device import Device
from decoders.field import Field
from decoders.headed import Headed
from decoders.layout import Layout
from decoders.source import Text, s8, s16, u8, u16, u32
from decoders.type_length import TypeLength

_STATES = {
    0x00: "heartbeat", 0x0B: "vacated", 0x0C: "occupied", 0x0D: "magnetic_interference", 0x0E: "low_battery",
    0x10: "magnet_sensor_fault", 0x11: "climate_sensor_fault", 0x12: "radar_fault",
}  # fmt: skip
_DOUBTFUL = (0x0D, 0x10, 0x12)
_LOW = 0x0E
_HEARTBEAT_S = 30


def _version(size: int) -> Layout:
    shown = Text(0, size, lambda raw: str(int.from_bytes(raw)), lambda text: bytes.fromhex(f"{int(text):0{2 * size}x}"))
    return Layout((Field("firmware_version", shown),))


_HEADER = Layout(
    (
        Field("generic", u8(1), channel="protocol_version"),
        Field("generic", u32(2), channel="device_time"),
        Field("generic", u16(6), channel="frame_count"),
        Field("generic", u8(10), channel="instruction"),
    ),
    length=12,
    # An encrypted message can't be read.
    when=((u8(11), 0),),
)


def _only(quantity: str, meant: Mapping[int, str | bool], channel: str = "") -> Field:
    """What some of the states mean besides."""
    others = dict.fromkeys(set(range(256)) - set(meant))
    return Field(quantity, u8(0), channel=channel, values=meant, missing=others, derived=True)


_STATE = Layout(
    (
        _only("event", {0x00: "heartbeat", 0x0B: "info", 0x0C: "info"}),
        _only("event", dict.fromkeys(_DOUBTFUL, "alarm"), "occupied"),
        _only("event", {_LOW: "alarm"}, "battery_low"),
        _only("event", {0x11: "alarm"}, "device_temperature"),
        Field("generic_text", u8(0), channel="state", values=_STATES),
        _only("occupancy_state", dict.fromkeys(_DOUBTFUL, "unknown")),
        _only("battery_low", {_LOW: True}),
    )
)
_ITEMS: Items = {
    0x02: _STATE,
    0x03: Layout((Field("generic", u8(0), channel="device_type"),)),
    0x05: tuple(_version(size) for size in (4, 3, 2, 1)),
    0x06: (
        Layout((Field("generic", u16(0), scale=_HEARTBEAT_S, channel="heartbeat_interval"),)),
        Layout((Field("generic", u8(0), scale=_HEARTBEAT_S, channel="heartbeat_interval"),)),
    ),
    0x0B: (Layout((Field("device_temperature", s16(0)),)), Layout((Field("device_temperature", s8(0)),))),
    0x22: Layout((Field("generic", u8(0), channel="sensitivity"),)),
    0x24: Layout((Field("battery_level", u8(0)),)),
    0x25: Layout(tuple(Field("generic", u16(2 * i), channel=f"magnetometer_{axis}") for i, axis in enumerate("xyz"))),
    0x29: Layout((Field("battery_voltage", u16(0), scale=0.001),)),
    0x32: Layout((Field("occupied", u8(0)),)),
    0x35: Layout((Field("relative_humidity", u8(0)),)),
}

DEVICE = Device(
    "moko",
    "lw009-sm",
    name="MOKO LW009-SM",
    kind="parking_bay",
    ports={1: Headed(_HEADER, u16(8), TypeLength(_ITEMS))},
)
