"""Who keeps what detectors know: an asset's inputs are taken from a batch's records, and what its detector says of them
goes with the batch: derived records to the store, states and events into the same transaction as the cursor.

Bodies are kept as bytes, as they are stored: small, and what is on its way to the database can't change any more.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct, field

from pipeline.convert import Told
from pipeline.domain.fold import Change, DerivedKey, Run
from pipeline.domain.rows import Given
from pipeline.domain.words import DERIVED_CHANNEL, Facts, Observation
from pipeline.effects import DomainChanges, DomainState
from pipeline.fields import ABOUT_RECORD
from pipeline.inventory import Asset, AssetKind, Inventory, Zone
from pipeline.process import Outcome
from pipeline.reading import FieldValue, Record, Tags, UplinkRecords

log = logging.getLogger(__name__)

DETECTOR_FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a detector with a mistake in it raises: its asset stands still, no reading waits for it."""


class KeeperState(Struct):
    """Figures for the metrics, since the process started."""

    assets: int = 0
    """Assets with a detector's state."""
    bytes: int = 0
    """Memory of their states."""
    inputs: int = 0
    late: int = 0
    """Inputs that made a detector run again from an earlier point."""
    too_late: int = 0
    """Inputs beyond the lateness bound, which only a replay takes in."""
    derived: int = 0
    """Derived records written."""
    events: int = 0
    """Events begun, revised or withdrawn."""
    faults: int = 0
    """Times that a detector failed; its inputs were left out."""


class _Held(Struct):
    run: Run[Any]
    body: bytes


class Pending(Struct):
    """What a batch holds for one asset, in the order of arrival."""

    asset: str
    inputs: list[Given] = field(default_factory=list)
    seq: int = 0
    """The last message with an input for it."""
    seqs: dict[DerivedKey, int] = field(default_factory=dict)
    """The message of each observation: its derived record goes with it, those of earlier ones with the last."""
    tags: dict[str, Tags] = field(default_factory=dict)
    """By DevEUI, of this batch's records."""


class Keeper:
    """The folds of all assets (or of some), and what the last batch changed."""

    def __init__(
        self,
        runs: Mapping[AssetKind, Run[Any]],
        inventory: Callable[[], Inventory],
        now_ms: Callable[[], int],
        only: frozenset[str] | None = None,
    ) -> None:
        """`only`: these assets and no others (a rebuild)."""
        self._runs = runs
        self._inventory = inventory
        self._now_ms = now_ms
        self._only = only
        self._held: dict[str, _Held] = {}
        self._changes = DomainChanges()
        self._new: dict[str, Facts] = {}
        self._stale: set[str] = set()
        self._channels: tuple[Inventory | None, dict[tuple[str, str], str]] = (None, {})
        self._newest_ms = 0
        self._heard_at_ms = now_ms()
        self.state = KeeperState()

    def load(self, rows: Iterable[DomainState]) -> set[str]:
        """Take up what was committed; gives the assets whose state is of another version: they wait for `replace`."""
        by_label = {run.label: run for run in self._runs.values()}
        for row in rows:
            run = by_label.get(f"{row.detector}@{row.version}")
            if run is None:
                self._stale.add(row.asset)
                continue
            self._put(row.asset, run, row.body)
            self._newest_ms = max(self._newest_ms, run.newest_ms(row.body))
        return set(self._stale)

    def states(self) -> dict[str, DomainState]:
        """Every asset's state."""
        return {asset: _state(asset, held.run, held.body) for asset, held in self._held.items()}

    def replace(self, assets: Iterable[str], by: "Keeper") -> None:
        """What another keeper found out about these assets goes before what was known."""
        for asset in assets:
            self._stale.discard(asset)
            held = by._held.get(asset)
            if held is not None:
                self._put(asset, held.run, held.body)

    # -- a batch -------------------------------------------------------------------------------------------------

    def pending(self, outcome: Outcome) -> list[Pending]:
        """The inputs that a batch holds, by asset."""
        for new in outcome.provisioned:
            if new.asset is not None:
                self._new.setdefault(new.asset.id, Facts(new.asset, new.zone))
        found: dict[str, Pending] = {}
        kinds, raw = self._runs, outcome.raw
        for uplink in outcome.uplinks:
            for record in uplink.records:
                asset = record.tags.asset
                if asset and record.measurement in kinds and (self._only is None or asset in self._only):
                    given = _observation(record, raw[uplink.seq].received_ms)
                    one = found.get(asset)
                    if one is None:
                        one = found[asset] = Pending(asset)
                    one.inputs.append(given)
                    one.seq = uplink.seq
                    one.tags[given.dev_eui] = record.tags
                    one.seqs[given.dev_eui, given.time_ms] = uplink.seq
        for seq, asset, report in outcome.reports:
            if self._only is None or asset in self._only:
                one = found.setdefault(asset, Pending(asset))
                one.inputs.append(report)
                one.seq = max(one.seq, seq)
        return list(found.values())

    def work(self, pending: Iterable[Pending], outcome: Outcome, made: dict[int, list[Record]]) -> None:
        """Fold the inputs in; derived records go to `made` by message, for `join`."""
        for one in pending:
            facts = self._facts(one.asset)
            run = self._runs.get(facts.asset.kind) if facts is not None else None
            if facts is None or run is None or one.asset in self._stale:
                continue
            self.state.inputs += len(one.inputs)
            self._newest_ms = max(self._newest_ms, max(given.time_ms for given in one.inputs))
            change = self._feed(facts, run, one.inputs)
            for key, values in change.derived.items() if change is not None else ():
                record = self._derived(facts, run, one, key, values)
                made.setdefault(one.seqs.get(key, one.seq), []).append(record)
                told = [Told(name, record.channel, value, key[1], "ok") for name, value in values.items()]
                outcome.told.append((key[0], key[1], None, told))
                self.state.derived += 1
        self._heard_at_ms = self._now_ms()

    def take(self) -> DomainChanges:
        """What changed since the last call, for the database."""
        changes, self._changes = self._changes, DomainChanges()
        changes.updated_ms = self._now_ms()
        return changes

    # -- the clock -----------------------------------------------------------------------------------------------

    def hours(self, grace_ms: int, at_once: int) -> Iterator[None]:
        """Let the hours pass that the clock says have passed, a few assets at a time.

        The city's clock is the newest reading's time and what has passed since that was heard: after a night without
        network nothing is taken for silence that may still arrive, and a simulated city lives in its own time.
        """
        clock_ms = min(self._newest_ms + self._now_ms() - self._heard_at_ms, self._now_ms()) - grace_ms
        assets = iter(list(self._held))
        while part := list(islice(assets, at_once)):
            for asset in part:
                held, facts = self._held[asset], self._facts(asset)
                if facts is not None and self._runs.get(facts.asset.kind) is held.run:
                    self._feed(facts, held.run, (), clock_ms)
            yield

    def follow_clock(self, live: "Keeper") -> None:
        """Let as many hours pass for each asset as another keeper has."""
        for asset, held in list(self._held.items()):
            known, facts = live.known(asset), self._facts(asset)
            if known is not None and facts is not None:
                self._feed(facts, held.run, (), known[1])

    # -- questions -----------------------------------------------------------------------------------------------

    def known(self, asset: str) -> tuple[Any, int] | None:
        """The detector's state and the time it stands at; None for an asset that nothing was heard of."""
        held = self._held.get(asset)
        return None if held is None else held.run.state(held.body)

    # -- within --------------------------------------------------------------------------------------------------

    def _feed(self, facts: Facts, run: Run[Any], inputs: Sequence[Given], clock_ms: int = -1) -> Change | None:
        asset = facts.asset.id
        held = self._held.get(asset)
        try:
            body = held.body if held is not None and held.run is run else run.begin(facts)
            new, change = run.feed(facts, body, inputs, clock_ms)
        except DETECTOR_FAULTS as error:
            self.state.faults += 1
            log.error("a detector failed", exc_info=error, extra={"asset": asset, "detector": run.label})
            return None
        self.state.late += change.late
        self.state.too_late += change.too_late
        if new is body:
            return change
        self._put(asset, run, new)
        self._changes.states[asset] = _state(asset, run, new)
        said = DomainChanges({}, change.events, change.withdrawn)
        if said.events or said.withdrawn:
            self.state.events += len(said.events) + len(said.withdrawn)
            self._changes.add(said)
        return change

    def _put(self, asset: str, run: Run[Any], body: bytes) -> None:
        before = self._held.get(asset)
        self.state.bytes += len(body) - (len(before.body) if before is not None else 0)
        self._held[asset] = _Held(run, body)
        self.state.assets = len(self._held)

    def _facts(self, asset: str) -> Facts | None:
        inventory = self._inventory()
        found = inventory.assets.get(asset)
        if found is None:
            return self._new.get(asset)  # a new device's, entered with the next commit
        self._new.pop(asset, None)
        return facts_of(found, inventory.zones)

    def _derived(
        self, facts: Facts, run: Run[Any], one: Pending, key: DerivedKey, values: Mapping[str, FieldValue]
    ) -> Record:
        dev_eui, time_ms = key
        tags = one.tags.get(dev_eui) or self._tags_of(dev_eui, time_ms, facts)
        own = self._own_channels().get((dev_eui, facts.asset.id))
        channel = DERIVED_CHANNEL if own is None else f"{DERIVED_CHANNEL}.{own}"
        return Record(facts.asset.kind, tags, channel, time_ms, {**values, "decoder": run.label})

    def _tags_of(self, dev_eui: str, time_ms: int, facts: Facts) -> Tags:
        placement = self._inventory().resolve(dev_eui, time_ms)
        if placement is not None and placement.tags.asset == facts.asset.id:
            return placement.tags
        zone = facts.zone
        return Tags(
            dev_eui,
            facts.asset.id,
            facts.asset.district or (zone.district if zone is not None else ""),
            zone.id if zone is not None else "",
            placement.tags.model if placement is not None else "",
        )

    def _own_channels(self) -> dict[tuple[str, str], str]:
        """Channels that hang on an asset of their own, by device and asset: two valves on one device must not write
        the same derived record."""
        inventory = self._inventory()
        if self._channels[0] is not inventory:
            rows = inventory.assignments.values()
            self._channels = (inventory, {(row.dev_eui, row.asset): row.channel for row in rows if row.channel})
        return self._channels[1]


def facts_of(asset: Asset, zones: Mapping[str, Zone]) -> Facts:
    """An asset with its zone."""
    return Facts(asset, zones.get(asset.zone) if asset.zone else None)


def _state(asset: str, run: Run[Any], body: bytes) -> DomainState:
    return DomainState(asset, run.detector.name, run.detector.version, body)


def _observation(record: Record, received_ms: int) -> Observation:
    fields = record.fields
    values = {name: value for name, value in fields.items() if name not in ABOUT_RECORD}
    quality = fields.get("quality")
    qualities = dict(word.split("=", 1) for word in quality.split(" ")) if isinstance(quality, str) else {}
    historical = fields.get("historical") is True
    return Observation(record.time_ms, received_ms, record.tags.dev_eui, record.channel, values, qualities, historical)


def join(outcome: Outcome, made: dict[int, list[Record]]) -> None:
    """Derived records go with the message that brought them about."""
    if not made:
        return
    uplinks = []
    for uplink in outcome.uplinks:
        more = made.pop(uplink.seq, None)
        uplinks.append(uplink if more is None else UplinkRecords(uplink.seq, (*uplink.records, *more)))
    if made:
        uplinks += [UplinkRecords(seq, tuple(records)) for seq, records in made.items()]
        uplinks.sort(key=lambda uplink: uplink.seq)
    outcome.uplinks = uplinks
