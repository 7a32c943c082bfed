"""The real path in one process: messages are parsed, decoded, placed and kept by detectors exactly as the service does
it; only journal, store and database are left out. Nothing here knows the simulator or its truth.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from decoders.registry import decode, devices, kind, label
from decoders.value import Decoded, DecodeError
from gateway_bridge.uplink import Message, UplinkEvent
from pipeline.domain.city import city_view
from pipeline.domain.keeper import Keeper, join
from pipeline.domain.registry import runs
from pipeline.domain.reports import report_message
from pipeline.domain.view import CityView
from pipeline.domain.words import DERIVED_CHANNEL, DomainEvent, Report
from pipeline.fields import ABOUT_RECORD
from pipeline.frames import FrameMemory
from pipeline.inventory import AssetKind, Inventory
from pipeline.inventory_files import parse_yaml, plan_import
from pipeline.latest import LatestBook
from pipeline.process import Answer, ConnectionRule, Frame, InventoryBox, Outcome, Processor
from pipeline.reading import FieldValue, Record

HOUR_MS = 3_600_000
_AT_ONCE = 64
_EVENTS_MS = 14 * 24 * HOUR_MS
"""How far back planners look at events."""
_MAX_AGE_S = 7 * 86_400
_CONNECTIONS = {name: ConnectionRule(name, _MAX_AGE_S) for name in ("chirpstack4", "chirpstack3", "tts")}


def inventory_of(document: Mapping[str, Any]) -> Inventory:
    """The inventory that `loracity devices import` makes of a document."""
    wishes = parse_yaml(yaml.dump(dict(document), Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper)))
    return Inventory().changed(plan_import(Inventory(), wishes, known_decoder=devices().__contains__).write)


class DetectorFaultError(Exception):
    """A detector raised an error: what it said of the city is worth nothing."""


class _Registry:
    """The decoders of the registry behind the pipeline's port; a simulated city has no others."""

    def decode(self, decoder: str, f_port: int, payload: bytes, received_ms: int) -> Decoded:
        return decode(decoder, f_port, payload, received_ms)

    def map_object(self, mapping: str, event: UplinkEvent) -> Decoded:
        raise DecodeError("bad_payload", "no object is trusted here")

    def label(self, decoder: str) -> str:
        return label(decoder)

    def kind(self, decoder: str) -> str:
        return kind(decoder)

    async def ask(self, frames: Sequence[Frame]) -> Sequence[Answer]:
        raise NotImplementedError("there are no codecs here")


@dataclass(slots=True)
class Heard:
    """What came in, and what detectors said of it."""

    events: dict[str, DomainEvent] = field(default_factory=dict)
    """Those that stand, by id."""
    told_ms: dict[str, int] = field(default_factory=dict)
    """When each was said first, also of those taken back."""
    withdrawn: int = 0
    derived: dict[str, list[tuple[int, dict[str, FieldValue]]]] = field(default_factory=dict)
    """By asset: time of the reading and what was derived of it."""
    levels: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    """By asset: measured fill levels that are ok."""
    quantities: dict[str, set[str]] = field(default_factory=dict)
    """By asset: what its devices have ever told."""
    messages: int = 0
    readings: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    """Messages by fate."""

    def of(self, kind: str) -> list[DomainEvent]:
        """The events of a kind that stand, by start."""
        return sorted((e for e in self.events.values() if e.kind == kind), key=lambda e: (e.start_ms, e.asset))

    def next_level_ms(self, asset: str, after_ms: int) -> int | None:
        """When the asset's level was next measured; None when it never was again."""
        levels = self.levels.get(asset, [])
        at = bisect_right(levels, (after_ms, float("inf")))
        return levels[at][0] if at < len(levels) else None


class Listener:
    """The service without disk and network. `keep_derived`: of these quantities every derived reading is kept."""

    def __init__(self, inventory: Inventory, start_ms: int, keep_derived: Iterable[str] = ()) -> None:
        self.inventory = inventory
        self.heard = Heard()
        self._now_ms = start_ms
        self._seq = 0
        self._keep = frozenset(keep_derived)
        self._waiting: list[tuple[int, Message]] = []
        self._latest = LatestBook()
        box = InventoryBox(inventory)
        self._processor = Processor(_CONNECTIONS, box, _Registry(), FrameMemory())
        self._keeper = Keeper(runs(), lambda: box.current, lambda: self._now_ms)

    def hear(self, due_ms: int, source: str, topic: str, payload: bytes) -> None:
        """A message at the broker; messages come in order of time."""
        self._seq += 1
        self._waiting.append((self._seq, Message(source, topic, payload, due_ms)))
        self._now_ms = due_ms
        if len(self._waiting) >= _AT_ONCE:
            self._work()

    def report(self, asset: str, report: Report) -> None:
        """What a person said of an asset, by the way that the done button takes."""
        self._seq += 1
        self._waiting.append((self._seq, report_message(asset, report)))

    def pass_time(self, now_ms: int) -> None:
        """Let it be this late; detectors are told of the hours that have passed."""
        self._work()
        self._now_ms = max(now_ms, self._now_ms)
        for _ in self._keeper.hours(0, 10_000):
            pass
        self._note_changes(())

    def finish(self) -> Heard:
        """Everything that was heard is dealt with. DetectorFaultError when a detector failed on the way."""
        self._work()
        if self._keeper.state.faults:
            raise DetectorFaultError(f"detectors failed {self._keeper.state.faults} times; the log says where")
        return self.heard

    def view(self, *kinds: AssetKind) -> CityView:
        """The city as planners see it now."""
        self._work()
        since = self._now_ms - _EVENTS_MS
        events = [e for e in self.heard.events.values() if e.ongoing or max(e.start_ms, e.end_ms or 0) >= since]
        known = self._keeper.known
        return city_view(self.inventory, self._latest.devices, known, events, kinds, self._now_ms, since)

    def _work(self) -> None:
        """What was heard since the last time goes through the pipeline, one after the other as far as anybody sees."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        processor = self._processor
        processor.finish(processor.begin(waiting))
        outcome = processor.take()
        for (fate, _), count in outcome.counts.items():
            self.heard.counts[fate] = self.heard.counts.get(fate, 0) + count
        self.heard.messages += len(waiting)
        made: dict[int, list[Record]] = {}
        self._keeper.work(self._keeper.pending(outcome), outcome, made)
        join(outcome, made)
        for device, time_ms, event, told in outcome.told:
            self._latest.learn(device, time_ms, event, told)
        self._note(outcome)
        self._note_changes(waiting)

    def _note(self, outcome: Outcome) -> None:
        for uplink in outcome.uplinks:
            for record in uplink.records:
                if record.tags.asset and record.measurement not in ("uplink", "device_health"):
                    self.heard.readings += 1
                    self._note_record(record)

    def _note_record(self, record: Record) -> None:
        asset, fields = record.tags.asset, record.fields
        if record.channel.startswith(DERIVED_CHANNEL) and self._keep & fields.keys():
            kept = {name: value for name, value in fields.items() if name in self._keep}
            self.heard.derived.setdefault(asset, []).append((record.time_ms, kept))
        level, quality = fields.get("fill_level"), str(fields.get("quality", ""))
        if isinstance(level, float) and "fill_level=" not in quality:
            self.heard.levels.setdefault(asset, []).append((record.time_ms, level))
        told = self.heard.quantities.setdefault(asset, set())
        told.update(name for name in fields if name not in ABOUT_RECORD)

    def _note_changes(self, waiting: Sequence[tuple[int, Message]]) -> None:
        changes = self._keeper.take()
        told_ms = waiting[-1][1].received_ms if waiting else self._now_ms
        for name in changes.withdrawn:
            gone = self.heard.events.pop(name, None)
            if gone is not None:
                self.heard.withdrawn += 1
        for name, event in changes.events.items():
            self.heard.events[name] = event
            self.heard.told_ms.setdefault(name, told_ms)
