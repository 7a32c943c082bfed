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
