"""The table of devices in `decoders/README.md`, written by `make table` (`python -m decoders.table`)."""

import inspect
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from decoders.device import Device
from decoders.field import Field, Fixed
from decoders.registry import devices
from decoders.vocabulary import QUANTITIES

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- devices: written by `make table` -->\n", "<!-- end of devices -->\n"
_HEAD = ("id", "device", "kind", "ports", "quantities", "downlinks", "vectors", "source")
_SHOWN = 4
_NOT_MEASURED = {"event", "firmware_version", "hardware_version", "serial_number"}


def updated(readme: str, vectors: Path) -> str:
    """The README's text with the table as it must be; `vectors` is the folder of `tests/vectors`. ValueError."""
    head, begin, rest = readme.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError("the marks around the table of devices are missing")
    return head + BEGIN + table(vectors) + END + tail


def table(vectors: Path) -> str:
    """One row a device."""
    counted = _downlink_vectors(vectors)
    rows = [_HEAD, ("---",) * len(_HEAD), *(_row(d, vectors, counted[d.id]) for d in devices().values())]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def _row(device: Device, vectors: Path, downlinks: int) -> tuple[str, ...]:
    own = json.loads((vectors / f"{device.id}.json").read_text(encoding="utf-8"))
    return (
        f"`{device.id}`",
        device.name,
        device.kind,
        _ports(device),
        ", ".join(quantities(device, own)) or "see text",
        _downlinks(device),
        str(len(own) + downlinks),
        source(device),
    )


def source(device: Device) -> str:
    """The public source that the device's module names. ValueError when it names none."""
    module = sys.modules[f"decoders.devices.{device.id.replace('-', '_')}"]
    found = re.search(r"Source:\s*(.+?)(?:\.(?:\s|$)|\n\s*\n|\Z)", inspect.getdoc(module) or "", re.DOTALL)
    if found is None:
        raise ValueError(f"{device.id}: its docstring names no `Source: ...`")
    return " ".join(found[1].split()).replace("|", "\\|")


def quantities(device: Device, own: list[dict[str, object]]) -> list[str]:
    """What the device measures, in the vocabulary's order: from its layouts, and from what its vectors decode to."""
    found = {field.quantity for codec in device.ports.values() for field in _fields(codec, set())}
    for row in own:
        output = row["output"]
        assert isinstance(output, dict)
        found |= {str(name).partition(":")[0] for name in output.get("data", {})}
    return [q for q, entry in QUANTITIES.items() if q in found - _NOT_MEASURED and entry.domain != "generic"]


def _fields(part: object, seen: set[int]) -> Iterator[Field | Fixed]:
    """Every field of a codec, however it is built, as long as its parts hang on it as attributes."""
    if id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, Field | Fixed):
        yield part
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from _fields(value, seen)
    elif isinstance(part, list | tuple | set | frozenset):
        for value in part:
            yield from _fields(value, seen)
    elif type(part).__module__.startswith("decoders."):
        names = [*getattr(part, "__dict__", ()), *getattr(type(part), "__slots__", ())]
        for name in names:
            yield from _fields(getattr(part, name), seen)


def _downlinks(device: Device) -> str:
    """All of them where they are few, else how many and the first ones."""
    names = [f"`{name}`" for name in device.commands]
    if len(names) <= _SHOWN + 1:
        return ", ".join(names) or "none"
    return f"{len(names)}: {', '.join(names[:_SHOWN])}, ..."


def _ports(device: Device) -> str:
    if len(device.ports) > 200:
        return "any" if device.default_port == 1 else f"{device.default_port}, or any"
    ports, texts = sorted(device.ports), list[str]()
    while ports:
        last = next(p for p in ports if p + 1 not in ports)
        texts.append(str(ports[0]) if last == ports[0] else f"{ports[0]} to {last}")
        ports = [p for p in ports if p > last]
    return ", ".join(texts)


def _downlink_vectors(vectors: Path) -> Counter[str]:
    path = vectors / "downlinks.json"
    rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return Counter(row["device"] for row in rows)


if __name__ == "__main__":
    path = ROOT / "decoders" / "README.md"
    path.write_text(updated(path.read_text(encoding="utf-8"), ROOT / "tests" / "vectors"), encoding="utf-8")
