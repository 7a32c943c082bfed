"""What really happened in the simulated city: one row per event or fault, written as JSON Lines beside the frames."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import IO

import msgspec

Quantity = float | bool | str
"""What an ideal sensor says of one quantity, and any value of a truth row; units as in the vocabulary."""


NOTHING: Mapping[str, Quantity] = MappingProxyType({})
"""A row without values."""


@dataclass(frozen=True, slots=True)
class TruthRow:
    """What happened to an asset: `start_ms` to `end_ms` Unix ms, the same for an instant, None while it lasts.

    `kind` is a word of `simulators.truth.KINDS` or of the physics (`emptied`, `overflow`, `watering` ...). `device` is
    the DevEUI when the thing concerns one device rather than the asset.
    """

    asset: str
    kind: str
    start_ms: int
    end_ms: int | None
    values: Mapping[str, Quantity] = field(default_factory=lambda: NOTHING)
    device: str = ""


DEVICE_FAULTS = (
    "silent",
    "stuck",
    "drifting",
    "biased",
    "rebooting",
    "clock_wrong",
    "f_cnt_reset",
    "tilted",
    "cover_open",
    "probe_out",
    "learning",
    "replaced",
    "swapped",
    "message_storm",
)
"""Faults of a device, made in `simulators.faults`: the asset behind it is well, what the device says is not."""

ASSET_FAULTS = ("fire", "leak", "valve_stuck", "bay_blocked", "missed_collection")
"""Faults of the thing itself, made in `simulators.physics`: every device on it sees them."""

NETWORK_FAULTS = ("network_server_down", "gateway_down")
"""Faults between the device and us; `asset` is the network server's or the gateway's id."""

KINDS = frozenset(DEVICE_FAULTS + ASSET_FAULTS + NETWORK_FAULTS)


class TruthError(ValueError):
    """A line of a truth file is no truth row."""


def write_rows(rows: Iterable[TruthRow], out: IO[bytes]) -> int:
    """Append rows as JSON Lines; how many."""
    count = 0
    for row in rows:
        out.write(_ENCODER.encode(_Line(row.asset, row.kind, row.start_ms, row.end_ms, dict(row.values), row.device)))
        out.write(b"\n")
        count += 1
    return count


def read_rows(lines: Iterable[bytes]) -> Iterator[TruthRow]:
    """The rows of a truth file. TruthError names the line that is none."""
    for number, line in enumerate(lines, 1):
        try:
            read = _DECODER.decode(line)
        except msgspec.DecodeError as error:
            raise TruthError(f"line {number}: {error}") from error
        yield TruthRow(read.asset, read.kind, read.start_ms, read.end_ms, read.values, read.device)


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    asset: str
    kind: str
    start_ms: int
    end_ms: int | None
    values: dict[str, Quantity]
    device: str = ""


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Line)
