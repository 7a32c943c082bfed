"""`explain` and its text: bytes beside the fields that they became."""

import subprocess
import sys
from pathlib import Path

import pytest

from decoders.device import Device
from decoders.explain import explain
from decoders.field import Field
from decoders.layout import Layout
from decoders.registry import devices
from decoders.source import s16, u8, u16
from decoders.value import Decoded, DecodedValue
from decoders.watched import Watched
from loracity.explained import text_of

NOW_MS = 1_767_225_600_000
ROOT = Path(__file__).parents[3]


def shown(device_id: str, port: int, digits: str, colour: bool = False) -> list[str]:
    return text_of(explain(devices()[device_id], port, bytes.fromhex(digits), NOW_MS), colour).splitlines()


def test_fields_conditions_and_sentinels_have_their_lines() -> None:
    """Bit fields name their bits, a sentinel says that it is no value, a bit that chooses the layout is framing."""
    assert shown("dragino-lse01", 2, "0CD00000033F0714189C01")[1:] == [
        "  0c d0 00 00 03 3f 07 14 18 9c 01",
        "  0-1  0c d0  bits 0-13  battery_voltage = 3.28 V",
        "  2-3  00 00             probe_temperature: no value",
        "  4-5  03 3f             soil_moisture_vwc = 8.31 %",
        "  6-7  07 14             soil_temperature = 18.12 degC",
        "  8-9  18 9c             soil_ec = 6300 uS/cm",
        "   10  01                framing",
        "   10  01     bits 0-3   interrupt = true",
    ]


def test_what_is_not_used_and_why_stands_in_the_text() -> None:
    """An unknown item is not used, and the warning stands below; a refused frame was not read and says why."""
    lines = shown("milesight-em400-mud", 85, "01755caabb01")
    assert "  3-5  aa bb 01    not used" in lines
    assert lines[-1].startswith("  warning: item aabb at byte 3 is unknown")
    lines = shown("dragino-lse01", 2, "0CD0")
    assert lines[-2:] == ["  0-1  0c d0    not read", "  too_short: 2 bytes instead of 11"]


def test_colours_only_where_they_are_wanted() -> None:
    """The same text, with and without escape sequences; each field has one colour in both places."""
    plain, coloured = (shown("milesight-em400-mud", 85, "01755c0482d204", colour) for colour in (False, True))
    assert not any("\x1b" in line for line in plain)
    assert "\x1b[36m5c\x1b[0m" in coloured[1] and "\x1b[36mbattery_level = 92 %\x1b[0m" in "".join(coloured[2:])
    assert "\x1b[32md2\x1b[0m" in coloured[1]


class Handmade:
    """A codec without layouts: temperature in bytes 1 and 2, doubted by bit 0 of byte 3; it looks at no other byte."""

    def decode(self, data: bytes, _: int) -> Decoded:
        return Decoded(
            (
                DecodedValue(
                    "air_temperature",
                    int.from_bytes(data[1:3]) / 100,
                    quality="sensor_error" if data[3] & 1 else "ok",
                ),
            )
        )

    def encode(self, _: object) -> bytes:
        raise NotImplementedError


def test_codecs_without_layouts_are_explained_by_changing_bytes() -> None:
    """Every byte that has a say is found; the others are not used."""
    device = Device("acme", "t1", name="Acme T1", kind="weather", ports={1: Handmade()})
    spans = explain(device, 1, bytes.fromhex("aa07d00000"), NOW_MS).spans
    assert [(s.start, s.stop, s.use, s.name) for s in spans] == [
        (0, 1, "unused", ""),
        (1, 4, "read", "air_temperature"),
        (4, 5, "unused", ""),
    ]


def test_parts_of_a_watched_payload_are_watched() -> None:
    """Slices keep their place in the payload; what a layout reads of them is noted there."""
    watched = Watched(bytes(range(10)))
    part = watched[4:][1:]
    assert part == bytes(range(5, 10)) and part[0] == 5 and type(watched[::2]) is bytes
    Layout((Field("battery_level", u8(1)), Field("soil_ec", u16(2).bits(0, 12)))).read(part, 0, 0, NOW_MS, [], [])
    assert [(n.start, n.stop, n.name, n.bits) for n in watched.notes] == [
        (6, 7, "battery_level", None),
        (7, 9, "soil_ec", (0, 12)),
    ]


def test_a_byte_that_decides_over_another_field_is_said_to() -> None:
    """Where something besides its own bytes changes a value, the line says so."""

    class Doubting(Handmade):
        def decode(self, data: bytes, received_ms: int) -> Decoded:
            values = Layout((Field("air_temperature", s16(0), scale=0.01),), length=3).decode(data, received_ms).values
            value = values[0]
            quality = "sensor_error" if data[2] else "ok"
            return Decoded((DecodedValue(value.quantity, value.value, quality=quality),))  # type: ignore[arg-type]

    device = Device("acme", "t2", name="Acme T2", kind="weather", ports={1: Doubting()})
    explained = explain(device, 1, bytes.fromhex("07d001"), NOW_MS)
    assert [(s.start, s.stop, s.use) for s in explained.spans] == [(0, 2, "read"), (2, 3, "influence")]
    lines = text_of(explained, colour=False).splitlines()
    assert lines[2:] == [
        "  0-1  07 d0    air_temperature = 20 degC (sensor_error)",
        "    2  01       also decides air_temperature",
    ]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["dragino-lse01", "2", "0CD00000033F0714189C01"], 0, "battery_voltage = 3.28 V"),
        (["dragino-lse01", "2", "0CD0"], 1, "too_short"),
        (["nobody", "2", "0CD0"], 1, "unknown_device"),
    ],
)
def test_the_command(words: list[str], status: int, said: str) -> None:
    """`loracity decode --explain` prints text without colour into a pipe; what is refused ends with status 1."""
    done = subprocess.run(
        [sys.executable, "-m", "loracity", "decode", *words, "--explain"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == status
    assert said in done.stdout + done.stderr and "\x1b" not in done.stdout
