"""The seam between the city's physics and its sensors: one process per asset, asked by the world's event loop."""

from collections.abc import Mapping
from typing import Protocol

from simulators.truth import Quantity, TruthRow


class Process(Protocol):
    """What happens to one asset over time; deterministic for its seed, whatever the steps in which it is advanced."""

    def advance(self, to_ms: int) -> None:
        """Live until `to_ms` (Unix ms of the city), never earlier than the last call's."""
        ...

    def measured(self) -> Mapping[str, Quantity]:
        """What ideal sensors on the asset would say now, by vocabulary quantity and unit.

        Several depths or places of one quantity are `quantity@place` (`soil_moisture_vwc@30`, cm). A level sensor's
        ideal is `distance` in mm to the surface.
        """
        ...

    def take_truth(self) -> list[TruthRow]:
        """Rows since the last call, oldest first; each is given once, when its end is known or the city stops."""
        ...

    def finish(self) -> list[TruthRow]:
        """Rows of what still lasts when the city stops, with an open end; asked once, after the last `take_truth`."""
        ...

    def next_change_ms(self) -> int | None:
        """When the asset next does something that an event-driven device reports at once; None: never by itself."""
        ...
