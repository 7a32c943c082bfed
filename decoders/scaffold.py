"""The files of a new device, as `loracity devices new` writes them: they work, and say what is to be filled in."""

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

FILL_IN = "FILL IN"
"""Stands wherever the developer must write something; the contract tests list every such line."""

_DEVICE = '''"""{name}: FILL IN what it measures. Source: FILL IN document, version and section."""

from decoders.device import Device
from decoders.field import Field
from decoders.layout import Layout
from decoders.source import u16

# FILL IN every field of the frame: quantity (decoders/vocabulary.py), place, scale, raw numbers that are no value.
_FRAME = Layout((Field("battery_voltage", u16(0), scale=0.001),))

DEVICE = Device(
    "{vendor}",
    "{model}",
    name="{name}",
    kind="generic",  # FILL IN waste_bin, soil, valve, weather or parking_bay; or leave it
    ports={{1: _FRAME}},  # FILL IN the port, or several
)
'''


class ScaffoldError(ValueError):
    """Names that can't be those of a device; the text says why."""


def files(vendor: str, model: str) -> Mapping[PurePosixPath, str]:
    """Path in the checkout -> content: the device and its vectors. ScaffoldError."""
    vendor_id, model_id = _identifier("vendor", vendor), _identifier("model", model)
    name = f"{vendor.strip()} {model.strip()}"
    device_id = f"{vendor_id}-{model_id}"
    module = device_id.replace("-", "_")
    device = _DEVICE.format(name=name, vendor=vendor_id, model=model_id)
    return {
        PurePosixPath(f"decoders/devices/{module}.py"): device,
        PurePosixPath(f"tests/vectors/{device_id}.json"): _vectors(),
    }


def _vectors() -> str:
    rows = [
        {
            "description": "FILL IN a frame that the vendor publishes, with its values; then one for each special case",
            "source": "FILL IN document and page, or the public decoder's example",
            "input": {"fPort": 1, "bytes": "0CE4"},
            "output": {"data": {"battery_voltage": 3.3}},
        },
        {
            "description": "cut frame",
            "source": "own",
            "input": {"fPort": 1, "bytes": "0C"},
            "output": {"errors": ["too_short"]},
        },
    ]
    return "[\n" + ",\n".join(f"  {json.dumps(row)}" for row in rows) + "\n]\n"


def _identifier(what: str, text: str) -> str:
    """`T1 Pro` -> `t1-pro`."""
    found = re.sub(r"[\s_./-]+", "-", text.strip().lower())
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", found):
        raise ScaffoldError(f"{what} {text!r}: use letters, digits and hyphens")
    if what == "vendor" and found[0].isdigit():
        raise ScaffoldError(f"vendor {text!r}: a module's name can't begin with a digit")
    if '"' in text or "\\" in text or "\n" in text:
        raise ScaffoldError(f"{what} {text!r}: use letters, digits and hyphens")
    return found
