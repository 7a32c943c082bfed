"""`Family`: what the contract tests must be told of one vendor's devices; everything else they find by themselves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
"""One line of a public vector file: `hex`, `fPort`, `expected` in the vendor's names, `kind`, `source`."""
Wanted = dict[str, Any]
"""Values by `quantity` or `quantity:channel`; a list where one must come several times, in order."""


@dataclass(frozen=True)
class Family:
    """One vendor's devices."""

    dialects: Mapping[str, Callable[[Row], Wanted]]
    """By device id: the vendor's expected object in our names and units."""
    exceptions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(device id, lower-case hex) of public vectors that are not followed, with the reason and its source."""
    ranges: Mapping[str, Mapping[str, tuple[float, float, float]]] = field(default_factory=dict)
    """By device id: physical values that one frame can carry together, as (low, high, resolution)."""
    switches: Mapping[str, Mapping[str, list[bool | str]]] = field(default_factory=dict)
    """By device id: words and switches of that same frame."""
    one_way: Mapping[str, str] = field(default_factory=dict)
    """Devices whose payload can't be made from its values, with the reason; no encoder is tested for them."""
    told_by_length: Mapping[str, str] = field(default_factory=dict)
    """Devices whose kinds of frame differ in nothing but their length, with the reason: a part of one is another."""
    layout_only: Mapping[str, str] = field(default_factory=dict)
    """Devices of which no frame is public, with the public source of their layout; their own vectors name it."""
    downlinks: Mapping[str, Callable[[Row], tuple[str, Mapping[str, Any]]]] = field(default_factory=dict)
    """By public vector file: the vendor's `input` object as our command and its arguments."""
    downlink_exceptions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(vector file, lower-case hex) of public downlinks that no command makes, with the reason."""
