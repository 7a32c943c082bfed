"""The words of the inventory: zones, assets, devices, assignments, and what makes them contradict each other."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Literal, get_args

from msgspec import Struct

from pipeline.reading import Tags

AssetKind = Literal["waste_bin", "soil", "valve", "weather", "parking_bay", "generic"]
ASSET_KINDS: tuple[AssetKind, ...] = get_args(AssetKind)
OBJECT_DECODER = "object"
"""Instead of a decoder id: the object that the network server decoded is trusted."""

CODEC_PREFIX = "js:"
"""Before the name of a file in the codecs folder, instead of a decoder id."""

AttributeValue = str | bool | int | float
AssignmentKey = tuple[str, str, int]
"""DevEUI, channel, start in Unix ms."""


class InventoryError(Exception):
    """An inventory that contradicts itself; one clear sentence a problem, for people."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class Zone(Struct, frozen=True, gc=False):
    """A group of assets: a street, a car park, a park."""

    id: str
    name: str = ""
    kind: str = ""
    district: str = ""


class Container(Struct, frozen=True):
    """The geometry that turns a distance into a fill level. Distances in mm, measured from the sensor's face."""

    height_mm: float | None = None
    """Inner height, floor to rim."""
    offset_mm: float = 0.0
    """The sensor's face above the rim; negative below it."""
    distance_full_mm: float | None = None
    """Distance that counts as 100 %; None: `blind_zone_mm + offset_mm`, at least `blind_zone_mm` and 0."""
    distance_empty_mm: float | None = None
    """Distance to the floor as measured; None: `height_mm + offset_mm`, or the table's last distance."""
    blind_zone_mm: float = 0.0
    """Nearer than this the sensor can't see."""
    range_max_mm: float | None = None
    """Farther than this the sensor can't see."""
    table: tuple[tuple[float, float], ...] | None = None
    """(distance, percent of volume) for containers that are no prisms: distance rising, percent never rising."""
    shape: str = ""
    volume_l: float | None = None

    @property
    def full_mm(self) -> float:
        """The distance that counts as 100 %."""
        if self.distance_full_mm is not None:
            return self.distance_full_mm
        return max(self.blind_zone_mm + self.offset_mm, self.blind_zone_mm, 0.0)

    @property
    def empty_mm(self) -> float | None:
        """The distance to the floor; None when the geometry doesn't tell."""
        if self.distance_empty_mm is not None:
            return self.distance_empty_mm
        if self.height_mm is not None:
            return self.height_mm + self.offset_mm
        return self.table[-1][0] if self.table else None


class Asset(Struct, frozen=True):
    """A thing of the city that outlives the device on it: a bin, a bed, a bay, a valve. Position in degrees, WGS 84."""

    id: str
    name: str = ""
    kind: AssetKind = "generic"
    zone: str | None = None
    district: str = ""
    """Empty: the zone's."""
    latitude: float | None = None
    longitude: float | None = None
    container: Container | None = None
    attributes: dict[str, AttributeValue] = {}


class Device(Struct, frozen=True):
    """A LoRaWAN device."""

    dev_eui: str
    """16 lower-case hex digits; `application/device_id` for a device that has no EUI (see `device_key`)."""
    name: str = ""
    model: str = ""
    """Maker and model for the tag `model`; empty: the decoder id."""
    decoder: str = ""
    """Decoder id (`milesight-em400-mud`), `js:NAME` for a codec of the codecs folder; `object` trusts the object that
    the network server decoded."""
    mapping: str = ""
    """Name of the rule file for objects decoded by the network server; empty for none."""
    attributes: dict[str, AttributeValue] = {}
    provisioned_by: str = "file"
    """Who entered it: `file`, `adopt`, `auto`, `api`."""


class Assignment(Struct, frozen=True, gc=False):
    """A device on an asset from `start_ms` (inclusive) to `end_ms` (exclusive; None: until further notice)."""

    dev_eui: str
    asset: str
    start_ms: int = 0
    end_ms: int | None = None
    channel: str = ""
    """Only this channel of the device (valve `2`); empty: all channels that have no assignment of their own."""


class Placement(Struct, frozen=True):
    """What the inventory says of a device at one time."""

    device: Device
    asset: Asset | None
    """None while the device is on no asset (in stock, or between two places)."""
    tags: Tags
    """The same object each time for the same device and assignment: encoders may cache by identity."""
    decoder: str
    container: Container | None


class InventoryChanges(Struct, frozen=True):
    """Rows to write and keys to remove, in one transaction."""

    zones: tuple[Zone, ...] = ()
    assets: tuple[Asset, ...] = ()
    devices: tuple[Device, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    drop_zones: tuple[str, ...] = ()
    drop_assets: tuple[str, ...] = ()
    drop_devices: tuple[str, ...] = ()
    drop_assignments: tuple[AssignmentKey, ...] = ()
    """Keys as `assignment_key` gives them: DevEUI, channel, start in Unix ms."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHANGE_FIELDS = InventoryChanges.__struct_fields__
_SEPARATORS = str.maketrans("", "", " :-._\t")


def normalise_eui(text: str) -> str:
    """An EUI-64 in any spelling (`24-E1..`, `0x24e1..`, `24:e1:..`) as 16 lower-case hex digits; else ValueError."""
    digits = text.strip().lower().removeprefix("0x").translate(_SEPARATORS)
    if len(digits) != 16 or not all(c in "0123456789abcdef" for c in digits):
        raise ValueError(f"{text!r} is no EUI: 16 hex digits are needed")
    return digits


def device_key(text: str) -> str:
    """How a device is called everywhere: its normalised EUI, or `application/device_id` as it stands where it has none
    (`UplinkEvent.device_key`). ValueError for anything else."""
    return text.strip() if "/" in text.strip("/ ") else normalise_eui(text)


def merge_changes(changes: Iterable[InventoryChanges]) -> InventoryChanges:
    """Several changes as one, in their order, for one transaction."""
    parts = list(changes)
    return InventoryChanges(*(tuple(chain.from_iterable(getattr(p, f) for p in parts)) for f in _CHANGE_FIELDS))


def time_text(ms: int) -> str:
    """Unix ms as RFC 3339 in UTC, with milliseconds only where there are any."""
    time = _EPOCH + timedelta(milliseconds=ms)
    return time.isoformat(timespec="milliseconds" if ms % 1000 else "seconds").replace("+00:00", "Z")


def assignment_key(row: Assignment) -> AssignmentKey:
    """What tells assignments apart: DevEUI, channel, start in Unix ms."""
    return (row.dev_eui, row.channel, row.start_ms)


def inventory_problems(
    zones: Mapping[str, Zone],
    assets: Mapping[str, Asset],
    devices: Mapping[str, Device],
    assignments: Iterable[Assignment],
) -> list[str]:
    """One sentence for every contradiction: references to nothing, backward and overlapping assignments."""
    return asset_problems(assets, zones) + assignment_problems(assignments, assets, devices)


def asset_problems(assets: Mapping[str, Asset], zones: Mapping[str, Zone]) -> list[str]:
    """One sentence for every asset in an unknown zone."""
    return [f"asset {a.id!r}: unknown zone {a.zone!r}" for a in assets.values() if a.zone and a.zone not in zones]


def assignment_problems(
    assignments: Iterable[Assignment], assets: Mapping[str, Asset], devices: Mapping[str, Device]
) -> list[str]:
    """One sentence for every assignment that refers to nothing, runs backward or overlaps another of its device."""
    return [problem for _, problem in assignment_faults(assignments, assets, devices)]


def assignment_faults(
    assignments: Iterable[Assignment], assets: Mapping[str, Asset], devices: Mapping[str, Device]
) -> list[tuple[Assignment, str]]:
    """The faulty assignments (of two that overlap the later one), each with one sentence."""
    faults: list[tuple[Assignment, str]] = []
    last: dict[tuple[str, str], Assignment] = {}
    for row in sorted(assignments, key=assignment_key):
        faults += [(row, problem) for problem in _row_problems(row, assets, devices)]
        key = (row.dev_eui, row.channel)
        before = last.get(key)
        if before is not None and (before.end_ms is None or before.end_ms > row.start_ms):
            faults.append((row, _overlap(before, row)))
        last[key] = row
    return faults


def _row_problems(row: Assignment, assets: Mapping[str, Asset], devices: Mapping[str, Device]) -> list[str]:
    problems = []
    if row.dev_eui not in devices:
        problems.append(f"assignment of {row.dev_eui}: unknown device")
    if row.asset not in assets:
        problems.append(f"assignment of {row.dev_eui}: unknown asset {row.asset!r}")
    if row.end_ms is not None and row.end_ms <= row.start_ms:
        problems.append(f"assignment of {row.dev_eui} to {row.asset!r} ends at or before its start")
    return problems


def _overlap(first: Assignment, second: Assignment) -> str:
    channel = f" channel {first.channel}" if first.channel else ""
    return (
        f"device {first.dev_eui}{channel}: on {first.asset!r} {_span(first)} and on {second.asset!r} {_span(second)} "
        f"at the same time; end the first assignment (`until`) when the second begins"
    )


def _span(row: Assignment) -> str:
    start = time_text(row.start_ms) if row.start_ms else "the beginning"
    return f"from {start} to {'further notice' if row.end_ms is None else time_text(row.end_ms)}"
