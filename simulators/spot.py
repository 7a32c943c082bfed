"""What the world is made of, and what comes out of it: places with devices and a process, messages, a tally."""

from dataclasses import dataclass, field

from simulators.fleet import Sensor
from simulators.node import Node, Values
from simulators.process import Process
from simulators.wire import Frame, Message


@dataclass(frozen=True, slots=True)
class Sent:
    """One message at the network server's broker at `due_ms`, Unix ms. Uplinks with what the device said."""

    due_ms: int
    message: Message
    sensor: Sensor
    event: str
    """`up`, `join` or `status`."""
    frame: Frame | None = None
    values: Values = field(default_factory=dict)
    """What was encoded, keyed for the encoder."""


@dataclass(slots=True)
class Tally:
    """What has happened so far."""

    uplinks: int = 0
    lost: int = 0
    """Frames that no gateway heard or could pass on."""
    late: int = 0
    doubled: int = 0
    other: int = 0
    """Joins and status messages."""


@dataclass(slots=True)
class Spot:
    """An asset with devices on it, its process, and the change that the loop waits for."""

    asset: str
    process: Process
    nodes: list[Node]
    at_ms: int
    change_ms: int | None = None

    def advance(self, to_ms: int) -> None:
        if to_ms > self.at_ms:
            self.process.advance(to_ms)
            self.at_ms = to_ms
