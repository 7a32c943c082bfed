"""Decentlab's downlinks: command and parameter as 16-bit words, then their CRC-16/MODBUS, all big endian.

Source: the vendor's published downlink table (chirpstack/chirpstack-device-profiles, vendors/decentlab) and its two
vectors. An odd command sets a value until the next restart, the even one after it saves the value too.
"""

from decoders.downlink import Bits, Command, Frame, Part, be
from decoders.parameter import Parameter, choice, number, switch

PORT = 1
_INIT, _POLYNOMIAL = 0xFFFF, 0xA001


def with_crc(frame: bytes) -> bytes:
    """The frame followed by its CRC-16/MODBUS (reflected 0x8005, initial value 0xFFFF), high byte first."""
    crc = _INIT
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    return frame + crc.to_bytes(2)


def _command(name: str, meaning: str, *parts: str | Part, note: str = "") -> Command:
    return Command(name, meaning, Frame(PORT, *parts, finish=with_crc), note=note)


def _save() -> Parameter:
    return switch("save", "off: forgotten at the next restart", "on")


def _set(name: str, meaning: str, code: int, value: Parameter, note: str = "") -> Command:
    return _command(name, meaning, Bits(2, (_save(), 0), base=code), be(2, value), note=note)


_SLOT = number("slot", "which parameter", 0, 15)

DECENTLAB_COMMANDS = (
    _set(
        "set_interval",
        "Sets how often the device measures; it reports after each measurement unless set_send_every says otherwise.",
        0x0001,
        number("seconds", "between two measurements", 1, 65535, "s", example=600),
    ),
    _set(
        "set_send_every",
        "Sets after how many measurements the device reports.",
        0x0011,
        number("count", "0 or 1: after each", 0, 65535, example=4),
        note="Firmware 1.4.0 and later.",
    ),
    _set(
        "set_data_rate", "Sets the data rate that ADR starts from.", 0x0003, number("rate", "DR of the region", 0, 15)
    ),
    _command(
        "set_adr",
        "Switches the adaptive data rate on or off.",
        Bits(2, (choice("enabled", "on or off", {"on": 0, "off": 2}), 0), (_save(), 0), base=0x0005),
        "0000",
    ),
    _set(
        "set_rejoin",
        "Sets how often the device joins again.",
        0x0013,
        number("hours", "0: never", 0, 1000, "h", example=24),
        note="Firmware 1.4.2 and later.",
    ),
    _set(
        "set_link_check",
        "Sets after how many reports the device checks its link.",
        0x0017,
        number("count", "reports", 0, 65535, default=36),
        note="Firmware 1.5.0 and later.",
    ),
    _command(
        "set_parameter",
        "Sets one of the parameters that the data sheet of the model names.",
        Bits(2, (switch("save", "off: forgotten at the next restart", "on"), 4), (_SLOT, 0), base=0x0020),
        be(2, number("value", "as the data sheet says", 0, 65534)),
        note="Firmware 1.4.0 and later.",
    ),
    _command("reboot", "Restarts the device; what was not saved is lost.", "FEFE 0000"),
    _command("factory_reset", "Erases all settings and restarts the device.", "FEF0 0000"),
)
"""What all DL devices know."""
