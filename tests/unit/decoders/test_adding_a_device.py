"""What docs/adding-a-device.md shows is true: its code works, its output is what the command prints."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from decoders.device import Device
from decoders.explain import explain
from decoders.object_rules import load_rules
from decoders.registry import decode, devices
from decoders.scaffold import files
from decoders.value import DecodeError
from loracity.explained import text_of

TEXT = (Path(__file__).parents[3] / "docs" / "adding-a-device.md").read_text(encoding="utf-8")
NOW_MS = 1_767_225_600_000
LDDS75 = "dragino-ldds75"


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return [block for name, block in found if name == language]


def test_the_layout_of_the_walk_decodes_as_the_shipped_one() -> None:
    """The example in the text is a working device; frames with a sensor decode to what the real file gives."""
    names: dict[str, Any] = {}
    [code] = blocks("python")
    exec(code, names)
    device = names["DEVICE"]
    assert isinstance(device, Device) and device.id == LDDS75
    for digits in ("0D3B0AEF00000001", "0B49001401FF3F01", "0B49000000000001"):
        frame = bytes.fromhex(digits)
        assert device.decode(2, frame, NOW_MS).values == decode(LDDS75, 2, frame, NOW_MS).values


def test_explained_frames_look_as_shown() -> None:
    """Every `--explain` of the text, line by line."""
    shown = [block for block in blocks("") if "--explain" in block]
    assert shown
    for block in shown:
        command, _, output = block.partition("\n")
        _, _, device_id, port, digits, _ = command.removeprefix("$ ").split()
        explained = explain(devices()[device_id], int(port), bytes.fromhex(digits), NOW_MS)
        assert output.rstrip("\n") == text_of(explained, colour=False)


def test_vectors_of_the_text_hold() -> None:
    """They are vectors of the shipped device."""
    [rows] = map(json.loads, blocks("json"))
    assert len(rows) == 3
    for row in rows:
        frame, wanted = bytes.fromhex(row["input"]["bytes"]), row["output"]
        if "errors" in wanted:
            with pytest.raises(DecodeError, match=wanted["errors"][0]):
                decode(LDDS75, row["input"]["fPort"], frame, NOW_MS)
            continue
        values = decode(LDDS75, row["input"]["fPort"], frame, NOW_MS).values
        assert {f"{v.quantity}:{v.channel}".rstrip(":"): v.value for v in values} == wanted["data"]
        assert {v.quantity: v.quality for v in values if v.quality != "ok"} == wanted.get("quality", {})


def test_names_and_rules_of_the_text() -> None:
    """The scaffold writes the files that the text names, with the lines that it shows; its rules can be loaded."""
    made = files("Dragino", "LDDS75")
    assert all(str(path) in TEXT for path in made)
    for line in re.findall(r"^decoders/devices/dragino_ldds75\.py:(\d+): (.*)$", TEXT, re.MULTILINE):
        number, text = int(line[0]), line[1].removesuffix("...")
        assert text.strip() in next(iter(made.values())).splitlines()[number - 1]
    [rules] = [document for document in map(yaml.safe_load, blocks("yaml")) if "rules" in document]
    assert load_rules(rules)
