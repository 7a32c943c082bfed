"""What Dragino's devices share: battery, wired probe, device information (port 5) and log (port 3).

Source: Dragino's public decoders (dragino/dragino-end-node-decoder); LHT65 user manual, 2.6.4, for the empty record.
"""

from collections.abc import Mapping

from decoders.field import Field, Fixed
from decoders.layout import Layout
from decoders.records import Records
from decoders.source import Text, s16, u8, u16, u32
from decoders.value import Quality

DATA_PORT, LOG_PORT, INFO_PORT = 2, 3, 5

BATTERY = Field("battery_voltage", u16(0).bits(0, 14), scale=0.001)
"""The top two bits are flags on some models."""

ANY_BIT: Mapping[int, bool] = {0: False, 1: True, **dict.fromkeys(range(2, 256), True)}
"""A byte that is a switch: everything but 0 is on."""

NO_PROBE: Mapping[int, Quality | None] = dict.fromkeys((0, 0x7FFE, 0x7FFF, *range(3270, 3280)))
"""Raw tenths of a degree that a DS18B20 never sends: 0 without a probe, 327.x and the end of the range with an open
input."""


def probe(quantity: str, offset: int) -> Field:
    """The temperature of a DS18B20, two bytes; left out where none is connected."""
    return Field(quantity, s16(offset), scale=0.1, missing=NO_PROBE)


def interrupt(offset: int) -> Field:
    """A byte that is not 0 in frames sent because of the interrupt input."""
    return Field("interrupt", u8(offset), values=ANY_BIT)


_BANDS = (
    "EU868", "US915", "IN865", "AU915", "KZ865", "RU864", "AS923", "AS923-1", "AS923-2", "AS923-3", "CN470", "EU433",
    "KR920", "MA869", "AS923-4",
)  # fmt: skip
_VERSION = Text(
    1,
    2,
    lambda raw: f"{raw[0] & 15}.{raw[1] >> 4}.{raw[1] & 15}",
    lambda text: bytes.fromhex("0{:x}{:x}{:x}".format(*map(int, text.split(".")))),
)


def info(*more: Field) -> Layout:
    """Model, firmware, radio band and battery; sent after joining and on request."""
    return Layout(
        (
            Fixed("event", "info"),
            Field("generic", u8(0), channel="sensor_model"),
            Field("firmware_version", _VERSION),
            Field("generic_text", u8(3), channel="frequency_band", values=dict(enumerate(_BANDS, 1))),
            Field("generic", u8(4), channel="sub_band", missing={0xFF: None}),
            Field("battery_voltage", u16(5), scale=0.001),
            *more,
        )
    )


INFO = info()
"""The device information of most models."""

MESSAGE_TYPE = u8(10)
"""Of the sensors whose frames may be replies too: 1 is a measurement."""


def _reply(message_type: int, event: str, channel: str) -> Layout:
    return Layout(
        (Fixed("event", event, channel=channel),),
        length=11,
        when=((MESSAGE_TYPE, message_type),),
        warning=f"{channel} is not interpreted",
    )


CONFIGURATION = _reply(2, "config_ack", "configuration")
CALIBRATION = _reply(3, "info", "calibration")

RECORD_TIME = u32(7)
"""Unix seconds at the end of a log record, which is 11 bytes long."""

UNREAD_LOG = Records(
    Layout((Field("generic_text", Text(0, 7), channel="log_record"),), time=RECORD_TIME, length=11),
    warning="log: the vendor's decoder reads these records like another product's: they are kept as they came",
)
"""A log of which only the times are known."""
