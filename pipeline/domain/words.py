"""What detectors take and give. Times are Unix ms; quantities and units are those of `decoders.vocabulary`."""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from msgspec import Struct

from pipeline.inventory_model import Asset, AssetKind, Zone
from pipeline.reading import FieldValue

LATENESS_MS = 6 * 3600 * 1000
"""Inputs may arrive in any order within this bound; later ones change nothing until `replay` rebuilds the asset."""
DERIVED_CHANNEL = "derived"
"""Channel of the records that detectors write, beside the measured ones of the same measurement, device and time."""


class Observation(Struct, frozen=True, gc=False, tag="o", array_like=True):
    """One record of a device on the asset."""

    time_ms: int
    received_ms: int
    dev_eui: str
    channel: str
    values: dict[str, FieldValue]
    """By quantity, without the record's bookkeeping (`late`, `decoder` ...)."""
    quality: dict[str, str] = {}
    """By quantity, of those that are not ok."""
    historical: bool = False
    """From the device's own log."""


class Report(Struct, frozen=True, gc=False, tag="r", array_like=True):
    """A person's word about the asset: the crew's done button (`emptied`, `watered`), with what they saw."""

    time_ms: int
    received_ms: int
    kind: str
    values: dict[str, FieldValue] = {}


class Tick(Struct, frozen=True, gc=False, tag="t", array_like=True):
    """A full hour (UTC) has passed: what time alone brings about. Comes after all inputs of its time or before."""

    time_ms: int


Input = Observation | Report | Tick


class Facts(Struct, frozen=True):
    """What the inventory says of the asset; plans and limits are in `asset.attributes` and `zone`."""

    asset: Asset
    zone: Zone | None = None


class DomainEvent(Struct, frozen=True):
    """Something that happened to an asset. The same id again is a revision of the same event."""

    id: str
    """`event_id(...)`: made of what began it, so that the same evidence gives the same id."""
    kind: str
    asset: str
    start_ms: int
    end_ms: int | None = None
    """None: at one moment, or still going on (`ongoing`)."""
    ongoing: bool = False
    confidence: float = 1.0
    """0 to 1."""
    values: dict[str, FieldValue] = {}
    detector: str = ""
    """`name@version`."""


class Step(Struct, frozen=True):
    """What one input brought about."""

    events: tuple[DomainEvent, ...] = ()
    """Begun or changed by it; one of a known id replaces that event."""
    withdrawn: tuple[str, ...] = ()
    """Ids of events that turned out not to have happened."""
    derived: Mapping[str, FieldValue] = {}
    """Derived readings at the input's time, by quantity of the vocabulary; only for observations."""


State = TypeVar("State")


class Detector(Protocol[State]):
    """A pure fold over one asset's inputs, which come in order of time. `State` is a frozen msgspec Struct of plain
    values: it is kept as MessagePack."""

    name: str
    version: int
    kinds: frozenset[AssetKind]
    state_type: type[State]

    def begin(self, facts: Facts) -> State:
        """The state before the first input."""

    def step(self, facts: Facts, state: State, given: Input) -> tuple[State, Step]:
        """The state after one input, and what it brought about. Changes nothing that it was given."""


def is_derived(channel: str) -> bool:
    """Whether detectors wrote it; `derived.2` is the channel of an asset that hangs on the device's channel 2."""
    return channel.partition(".")[0] == DERIVED_CHANNEL


def event_id(kind: str, asset: str, start_ms: int) -> str:
    """The id of an event: what, where, when it began."""
    return f"{kind}:{asset}:{start_ms}"
