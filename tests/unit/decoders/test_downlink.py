"""Commands as data: what parameters take and refuse, how frames are put together."""

import pytest

from decoders.device import Device
from decoders.downlink import Bits, Command, Frame, Given, Made, Raw, be, describe, le
from decoders.downlinks.decentlab import with_crc
from decoders.field import Field
from decoders.layout import Codec, Layout
from decoders.parameter import Argument, BadArgument, DownlinkError, Parameter, choice, moment, number, numbers, switch
from decoders.source import u8

SPAN = number("seconds", "between two of them", 60, 64800, "s")
DEGREES = number("degrees", "a temperature", -40, 85, "degC", step=0.1)
HOURS = number("seconds", "in hours", 3600, 168 * 3600, "s", step=3600)
COLOUR = choice("colour", "of the lamp", {"red": 7, "green": 9})
ENABLED = switch("enabled", "on or off")
WHEN = moment("time", "of the record")
LIST = numbers("channels", "of the group", 1, 48, "1,2")


@pytest.mark.parametrize(
    ("parameter", "value", "raw"),
    [
        (SPAN, 600, [600]),
        (SPAN, "600", [600]),
        (SPAN, " 600 ", [600]),
        (SPAN, 600.0, [600]),
        (DEGREES, 21.3, [213]),
        (DEGREES, "-0.1", [-1]),
        (HOURS, 14400, [4]),
        (COLOUR, "GREEN", [9]),
        (ENABLED, True, [1]),
        (ENABLED, 0, [0]),
        (ENABLED, "yes", [1]),
        (ENABLED, "off", [0]),
        (WHEN, 1_777_615_200, [1_777_615_200]),
        (WHEN, "1777615200", [1_777_615_200]),
        (WHEN, "2026-05-01T06:00:00Z", [1_777_615_200]),
        (WHEN, "2026-05-01T08:00:00+02:00", [1_777_615_200]),
        (LIST, "1, 48,3", [1, 48, 3]),
        (LIST, 5, [5]),
    ],
)
def test_values_and_texts_become_numbers_of_the_frame(parameter: Parameter, value: Argument, raw: list[int]) -> None:
    """A number, a word or a time, typed or as text, gives the same raw number."""
    assert parameter.raw(value) == raw


@pytest.mark.parametrize(
    ("parameter", "value", "reason", "remedy"),
    [
        (SPAN, 59, "out_of_range", "60 to 64800 s"),
        (SPAN, 64801, "out_of_range", "60 to 64800 s"),
        (SPAN, 60.5, "bad_value", "60 to 64800 s"),
        (SPAN, True, "bad_value", "a number"),
        (SPAN, "", "bad_value", "a number"),
        (SPAN, "1e999", "bad_value", "a number"),
        (SPAN, "nan", "bad_value", "a number"),
        (DEGREES, 21.35, "bad_value", "in steps of 0.1"),
        (HOURS, 5400, "bad_value", "in steps of 3600"),
        (COLOUR, "blue", "bad_value", "one of red, green"),
        (ENABLED, "maybe", "bad_value", "one of off, on"),
        (WHEN, "2026-05-01T06:00:00", "bad_value", "2026-05-01T06:00:00Z"),
        (WHEN, "2026-13-01T06:00:00Z", "bad_value", "2026-05-01T06:00:00Z"),
        (WHEN, -1, "out_of_range", "2106"),
        (WHEN, 1 << 32, "out_of_range", "2106"),
        (LIST, "1,,2", "bad_value", "1 to 48"),
        (LIST, "1,49", "out_of_range", "1 to 48"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_way_out(
    parameter: Parameter, value: Argument, reason: str, remedy: str
) -> None:
    """Nothing is rounded, cut or guessed; the range is named."""
    refused = parameter.raw(value)
    assert isinstance(refused, BadArgument)
    assert refused.reason == reason
    assert remedy in refused.remedy


def test_parts_of_a_frame() -> None:
    """Constants, numbers of both byte orders, bits, flags for what was given, and bytes that a function makes."""
    flag = number("pulses", "a limit", 0, 255, optional=True)
    frame = Frame(
        7,
        "ff 06",
        Bits(1, (COLOUR, 0), (Given(flag), 7)),
        le(2, SPAN),
        be(2, DEGREES),
        le(1, flag),
        Made(_channels, LIST),
    )
    command = Command("configure", "Sets it all.", frame)
    given: dict[str, Argument] = {"colour": "red", "seconds": 600, "degrees": -1.5, "channels": "1,2"}
    assert command.encode("x", given) == (7, bytes.fromhex("ff06 07 5802 fff1 00 0102"))
    assert command.encode("x", {**given, "pulses": 0}) == (7, bytes.fromhex("ff06 87 5802 fff1 00 0102"))
    assert [p.name for p in command.parameters] == ["colour", "pulses", "seconds", "degrees", "channels"]


def _channels(raw: Raw) -> bytes:
    return bytes(raw["channels"])


def test_an_opening_without_limit_has_a_frame_of_its_own() -> None:
    """Where the format has one; otherwise the same frame says that nothing closes the valve."""
    timed = number("duration", "closes the valve", 1, 255)
    opening = Command(
        "open_valve", "Opens.", Frame(2, "21", be(1, timed)), limits=("duration",), endless=Frame(1, "31")
    )
    assert opening.encode("x", {"duration": 5}) == (2, b"\x21\x05")
    assert opening.encode("x", {}, unlimited=True) == (1, b"\x31")
    with pytest.raises(DownlinkError, match="x open_valve: the valve would stay open") as caught:
        opening.encode("x", {})
    assert (caught.value.reason, caught.value.where) == ("no_limit", "x open_valve")
    assert describe(opening)["needs_one_of"] == ["duration"]


def test_crc_of_decentlab() -> None:
    """The check value of CRC-16/MODBUS, and the vendor's two published frames."""
    assert with_crc(b"123456789")[-2:] == bytes.fromhex("4b37")
    assert with_crc(bytes.fromhex("00070000")).hex() == "00070000e5b1"
    assert with_crc(bytes.fromhex("00020e10")).hex() == "00020e1048a4"


def test_a_device_has_each_command_once() -> None:
    """Two commands of one name are a mistake in the table."""
    reboot = Command("reboot", "Restarts it.", Frame(1, "01"))
    ports: dict[int | range, Codec] = {1: Layout((Field("battery_level", u8(0)),))}
    with pytest.raises(ValueError, match="two commands reboot"):
        Device("acme", "t1", name="T1", kind="generic", ports=ports, commands=(reboot, reboot))
    assert Device("acme", "t1", name="T1", kind="generic", ports=ports).commands == {}
