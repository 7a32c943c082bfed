"""From a journaled message to its fate: records for the store, an entry in quarantine, an event, a duplicate.

A fold over the journal: what a message becomes depends on the messages before it, the inventory and the decoders, and
on nothing else. Whoever runs it (the consumer, `replay`, `quarantine retry`) decides what to do with the outcome.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct, field

from decoders.value import Decoded, DecodeError
from gateway_bridge.parse import parse
from gateway_bridge.uplink import (
    REDELIVERED,
    EnvelopeError,
    Event,
    Hints,
    Message,
    NetworkEvent,
    Reception,
    UplinkEvent,
)
from pipeline.adopt import NewDevice
from pipeline.convert import Told, convert, convert_status
from pipeline.domain.reports import SOURCE, read_report
from pipeline.domain.words import Report
from pipeline.effects import DomainChanges, EventRow, GatewayRow, QuarantineEntry
from pipeline.frames import FrameMemory
from pipeline.inventory import CODEC_PREFIX, OBJECT_DECODER, Asset, Inventory, Placement, Zone
from pipeline.reading import Record, Tags, UplinkRecords

log = logging.getLogger(__name__)

QUARANTINE_REASONS_HERE = frozenset(
    {"unknown_device", "encrypted", "retained_without_time", "journal_corrupt", "refused_by_store", "internal_error"}
)


SIMULATED = "simulated:"
"""Before the DevEUI of what a network server only simulates: never mixed with what a device measured."""


class Decoders(Protocol):
    """What the pipeline needs of the decoders."""

    def decode(self, decoder: str, f_port: int, payload: bytes, received_ms: int) -> Decoded:
        """The values, or DecodeError (`unknown_device` for a decoder that does not exist)."""

    def map_object(self, mapping: str, event: UplinkEvent) -> Decoded:
        """The server's decoded object as values."""

    def label(self, decoder: str) -> str:
        """`id@version`."""

    def kind(self, decoder: str) -> str:
        """The measurement that the decoder's readings belong to."""

    async def ask(self, frames: "Sequence[Frame]") -> "Sequence[Answer]":
        """What codecs outside of this process make of frames whose decoder begins with `CODEC_PREFIX`, in order."""


class Answer(Struct, frozen=True):
    """What a codec outside of this process made of a frame."""

    values: Decoded | DecodeError
    decoder: str
    """`js:id@version`."""


class InventoryBox:
    """The inventory valid now. A change puts a new snapshot in; whoever reads takes `current` once."""

    def __init__(self, current: Inventory) -> None:
        self.current = current


class ConnectionRule(Struct, frozen=True):
    """How the messages of one connection are read."""

    lns: str
    max_age_s: int


_UNKNOWN_CONNECTION = ConnectionRule("auto", 7 * 86400)


class Frame(Struct, gc=False):
    """A frame that is no duplicate, on its way to records."""

    part: int
    """Its place among the events of its message."""
    event: UplinkEvent
    time_ms: int
    placement: Placement
    decoded: Decoded | None = None
    decoder: str = ""
    """What decoded it, `id@version`."""
    answer: Answer | None = None
    """Of a codec outside of this process."""


class Step(Struct, gc=False):
    """A message on its way; one fate for each of its events."""

    seq: int
    message: Message
    events: list[Event] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    fates: list[str] = field(default_factory=list)


class Outcome(Struct):
    """What a run of messages became, its uplinks in journal order. Every message is counted under exactly one fate."""

    uplinks: list[UplinkRecords] = field(default_factory=list)
    raw: dict[int, Message] = field(default_factory=dict)
    """The messages behind `uplinks`, should the store refuse something."""
    quarantine: list[QuarantineEntry] = field(default_factory=list)
    quarantined_ms: dict[tuple[int, int], int] = field(default_factory=dict)
    """Times of the quarantined frames whose time is known, by (seq, part)."""
    events: list[EventRow] = field(default_factory=list)
    gateways: dict[str, GatewayRow] = field(default_factory=dict)
    told: list[tuple[str, int, UplinkEvent | None, list[Told]]] = field(default_factory=list)
    """(device key, time of the frame, the frame, its values): what `latest` learns."""
    reports: list[tuple[int, str, Report]] = field(default_factory=list)
    """(journal sequence, asset, what a person said of it)."""
    domain: DomainChanges = field(default_factory=DomainChanges)
    """What detectors said of it; whoever asks them puts it here."""
    provisioned: list[NewDevice] = field(default_factory=list)
    """Devices made from what the network server says; known here at once, to be entered with the commit."""
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(`fate`, connection): received, stored, duplicate, quarantined, event, ignored."""
    last_seq: int = 0
    first_ms: int = 0
    """Reception time of the first message; 0 when there is none."""


class Processor:
    """Takes messages one by one; `take` gives what they became since the last `take`."""

    def __init__(
        self,
        connections: Mapping[str, ConnectionRule],
        inventory: InventoryBox,
        decoders: Decoders,
        frames: FrameMemory,
        provision: Callable[[UplinkEvent], NewDevice | None] | None = None,
        only: Collection[str] | None = None,
    ) -> None:
        """`provision` makes devices for frames of unknown ones; `only` looks at these devices' frames and no others."""
        self._connections = connections
        self._inventory = inventory
        self._only = only
        self._new: dict[str, Inventory] = {}
        self._new_zones: dict[str, Zone] = {}
        self._new_assets: dict[str, Asset] = {}
        self._decoders = decoders
        self._frames = frames
        self._provision = provision
        self._heard: dict[str, tuple[int, Reception]] = {}
        self._out = Outcome()

    def take(self) -> Outcome:
        """The outcome so far; a new one begins."""
        out, self._out = self._out, Outcome()
        for name, (heard_ms, reception) in self._heard.items():
            note_gateway(out.gateways, GatewayRow(name, heard_ms, None, reception.latitude, reception.longitude))
        self._heard = {}
        return out

    def damaged(self, seq: int, n: int, body: bytes, detail: str) -> None:
        """A journal row that can't be read: kept as it is, counted as the messages that it held."""
        entry = QuarantineEntry(seq, 0, 0, "journal", "", body, 0, "journal_corrupt", f"{n} messages: {detail}")
        self._out.quarantine.append(entry)
        self._out.counts["quarantined", "journal"] += n
        self._out.last_seq = seq + n - 1

    async def work(self, rows: Sequence[tuple[int, Message]]) -> None:
        """Decide what messages become, in their order."""
        steps = self.begin(rows)
        frames = [frame for step in steps for frame in step.frames if _for_codec(frame)]
        if frames:
            for frame, answer in zip(frames, await self._decoders.ask(frames), strict=True):
                frame.answer = answer
        self.finish(steps)

    def begin(self, rows: Sequence[tuple[int, Message]]) -> list[Step]:
        """The first half: what was said, by whom, whether it is new. One kind of work at a time for all of them keeps
        the processor's caches warm."""
        parsed = [self._parse(message) for _, message in rows]
        return [self._begin(Step(seq, message), events) for (seq, message), events in zip(rows, parsed, strict=True)]

    def finish(self, steps: Sequence[Step]) -> None:
        """The second half: values and records."""
        for step in steps:
            self._guarded(step, self._decode)
        for step in steps:
            self._guarded(step, self._record)
            if step.records:
                self._out.uplinks.append(UplinkRecords(step.seq, tuple(step.records)))
                self._out.raw[step.seq] = step.message
            fates = step.fates
            self._out.counts[fates[0] if len(fates) == 1 else _fate(fates), step.message.source] += 1

    def _parse(self, message: Message) -> list[Event] | EnvelopeError:
        if message.source == SOURCE:
            return []
        rule = self._connections.get(message.source) or _UNKNOWN_CONNECTION
        try:
            return parse(message, rule.lns, rule.max_age_s)
        except EnvelopeError as error:
            return error

    def _begin(self, step: Step, events: list[Event] | EnvelopeError) -> Step:
        self._out.last_seq = step.seq
        self._out.counts["received", step.message.source] += 1
        if isinstance(events, EnvelopeError):
            self._quarantine(step, 0, None, events.reason, events.detail)
            return step
        step.events = events
        self._guarded(step, self._report if step.message.source == SOURCE else self._take_in)
        return step

    def _report(self, step: Step) -> None:
        asset, report = read_report(step.message)
        self._out.reports.append((step.seq, asset, report))
        self._out.raw[step.seq] = step.message
        step.fates.append("event")

    def _guarded(self, step: Step, work: Callable[[Step], None]) -> None:
        """A fault of ours in one message keeps that message in quarantine and stops no other."""
        try:
            work(step)
        except Exception as error:
            log.error(
                "a message could not be processed; it is kept in quarantine", exc_info=error, extra={"seq": step.seq}
            )
            step.frames, step.records, step.fates = [], [], []
            self._quarantine(step, 0, None, "internal_error", repr(error)[:1000])

    def _take_in(self, step: Step) -> None:
        for part, event in enumerate(step.events):
            if isinstance(event, UplinkEvent):
                self._admit(step, part, event)
            else:
                self._network(step, event)

    def _admit(self, step: Step, part: int, event: UplinkEvent) -> None:
        if self._only is not None and event.device_key not in self._only:
            step.fates.append("ignored")
            return
        self._hear(event)
        if event.retained and event.time_source == "bridge":
            self._quarantine(step, part, event, "retained_without_time", "the broker's retained copy tells no time")
            return
        time_ms = self._frames.admit(event, bool(step.message.flags & REDELIVERED))
        if time_ms is None:
            step.fates.append("duplicate")
            return
        placement = self._place(event, time_ms)
        if placement is None:
            self._out.quarantined_ms[step.seq, part] = time_ms
            self._quarantine(step, part, event, "unknown_device", f"{event.device_key} is not in the inventory")
            return
        step.frames.append(Frame(part, event, time_ms, placement))

    def _decode(self, step: Step) -> None:
        for frame in tuple(step.frames):
            try:
                frame.decoded, frame.decoder = self._values(frame)
            except DecodeError as error:
                self._out.quarantined_ms[step.seq, frame.part] = frame.time_ms
                self._quarantine(step, frame.part, frame.event, error.reason, error.detail)
                step.frames.remove(frame)
                continue
            if frame.decoded is not None and frame.decoded.warnings:
                self._out.counts["decode_warning", frame.placement.decoder] += len(frame.decoded.warnings)
            step.fates.append("stored")

    def _record(self, step: Step) -> None:
        for frame in step.frames:
            event = frame.event
            made, told = self._convert(event, frame.time_ms, frame.placement, frame.decoded, frame.decoder)
            step.records += made
            if not event.simulated:
                self._out.told.append((event.device_key, frame.time_ms, event, told))

    def _hear(self, event: UplinkEvent) -> None:
        heard_ms = event.event_ms if event.retained or event.backfilled else event.received_ms
        heard = self._heard
        for reception in event.gateways:
            last = heard.get(reception.gateway_id)
            if last is None or last[0] < heard_ms:
                heard[reception.gateway_id] = (heard_ms, reception)

    def _convert(
        self, event: UplinkEvent, time_ms: int, placement: Placement, decoded: Decoded | None, decoder: str
    ) -> tuple[list[Record], list[Told]]:
        key = event.device_key
        if event.simulated:
            tags = Tags(f"{SIMULATED}{key}", model=placement.tags.model)
            nowhere = Placement(placement.device, None, tags, placement.decoder, placement.container)
            here = (nowhere, self._kind(placement))
            return convert(event, time_ms, here, lambda _channel, _at: here, decoded, decoder)
        inventory = self._new.get(key) or self._inventory.current

        def where(channel: str, at: int) -> tuple[Placement, str]:
            there = inventory.resolve(key, at, channel) or placement
            return there, self._kind(there)

        return convert(event, time_ms, (placement, self._kind(placement)), where, decoded, decoder)

    def _place(self, event: UplinkEvent, time_ms: int) -> Placement | None:
        key = event.device_key
        placement = self._inventory.current.resolve(key, time_ms)
        if placement is not None or self._provision is None:
            return placement
        if key not in self._new:
            new = self._provision(event)
            if new is None:
                return None
            self._new[key] = self._provisional(new)
            self._out.provisioned.append(new)
        return self._new[key].resolve(key, time_ms)

    def _provisional(self, new: NewDevice) -> Inventory:
        """The new device where the inventory will have it: what is known of its asset and zone already stays as it is,
        else the first device that names them describes them."""
        current, asset = self._inventory.current, new.asset
        if new.zone is not None:
            self._new_zones.setdefault(new.zone.id, new.zone)
        if asset is not None:
            asset = current.assets.get(asset.id) or self._new_assets.setdefault(asset.id, asset)
        name = asset.zone if asset is not None else None
        zones = [current.zones.get(name) or self._new_zones[name]] if name is not None else []
        rows = [new.assignment] if new.assignment else []
        return Inventory(zones, [asset] if asset else [], [new.device], rows)

    def settle_new(self) -> None:
        """New devices have been entered: forget the provisional ones that the inventory now has."""
        current = self._inventory.current
        self._new = {key: one for key, one in self._new.items() if key not in current.devices}
        self._new_assets = {key: one for key, one in self._new_assets.items() if key not in current.assets}
        self._new_zones = {key: one for key, one in self._new_zones.items() if key not in current.zones}

    def _values(self, frame: Frame) -> tuple[Decoded | None, str]:
        """(None, ...) for a frame that has nothing to decode: no application payload is a sign of life."""
        event, placement = frame.event, frame.placement
        if frame.answer is not None:
            if isinstance(frame.answer.values, DecodeError):
                raise frame.answer.values
            return frame.answer.values, frame.answer.decoder
        if event.f_port == 0 and not event.payload and not event.decoded:
            return None, placement.decoder
        decoder = placement.decoder
        if event.encrypted and (decoder != OBJECT_DECODER or event.decoded is None):
            raise DecodeError("encrypted", "the payload is end-to-end encrypted")
        if decoder == OBJECT_DECODER:
            if event.decoded is None:
                raise DecodeError(
                    "no_payload_codec", "the network server sent no decoded object; give the device a decoder"
                )
            return self._decoders.map_object(placement.device.mapping, event), f"{OBJECT_DECODER}:{event.lns}"
        if not event.payload:
            return None, placement.decoder
        decoded = self._decoders.decode(decoder, event.f_port, event.payload, event.received_ms)
        return decoded, self._decoders.label(decoder)

    def _kind(self, placement: Placement) -> str:
        if placement.asset is not None and placement.asset.kind != "generic":
            return placement.asset.kind
        return "generic" if placement.decoder == OBJECT_DECODER else self._decoders.kind(placement.decoder)

    def _network(self, step: Step, event: NetworkEvent) -> None:
        out = self._out
        if event.kind == "ignored":
            out.counts["ignored_event", event.code or event.event] += 1
            step.fates.append("ignored")
            return
        out.counts["network_event", event.kind] += 1
        if event.gateway_id is not None:
            note_gateway(out.gateways, _gateway_row(event))
        step.fates.append("event" if event.kind == "gateway_stats" else self._device_event(step, event))

    def _device_event(self, step: Step, event: NetworkEvent) -> str:
        out = self._out
        key = event.device_key or event.dev_eui
        if self._only is not None and key not in self._only:
            return "ignored"
        if event.kind == "join" and key and not self._frames.admit_join(key, event.event_id, event.event_ms):
            return "duplicate"
        out.events.append(
            EventRow(
                step.seq, event.dev_eui, event.gateway_id, event.event_ms, event.kind, event.lns, event.level,
                event.code, event.text, event.values,
            )
        )  # fmt: skip
        if event.kind == "status" and key:
            placement = self._inventory.current.resolve(key, event.event_ms)
            if placement is not None:
                made, told = convert_status(event, placement)
                step.records += made
                if not event.retained:
                    out.told.append((key, event.event_ms, None, told))
        return "event"

    def _quarantine(self, step: Step, part: int, event: UplinkEvent | None, reason: str, detail: str) -> None:
        hints, message = event.hints if event else Hints(), step.message
        step.fates.append("quarantined")
        self._out.counts["quarantine_reason", reason] += 1
        self._out.quarantine.append(
            QuarantineEntry(
                step.seq, part, message.received_ms, message.source, message.topic, message.payload, message.flags,
                reason, detail, event.dev_eui if event else None, event.device_key if event else "",
                event.f_port if event else None,
                hints.profile, hints.device_name, hints.application, hints.tags,
            )
        )  # fmt: skip


def _for_codec(frame: Frame) -> bool:
    event = frame.event
    return frame.placement.decoder.startswith(CODEC_PREFIX) and bool(event.payload) and not event.encrypted


def _fate(fates: Collection[str]) -> str:
    """One word for a message of several events: the one that matters most."""
    for fate in ("quarantined", "stored", "event", "duplicate"):
        if fate in fates:
            return fate
    return "ignored"


def note_gateway(gateways: dict[str, GatewayRow], row: GatewayRow) -> None:
    """Add what was learned of a gateway; what the row does not say stays as it was."""
    known = gateways.get(row.gateway_id)
    if known is not None and known != row:
        row = GatewayRow(
            row.gateway_id,
            max(row.last_seen_ms, known.last_seen_ms),
            known.online if row.online is None else row.online,
            known.latitude if row.latitude is None else row.latitude,
            known.longitude if row.longitude is None else row.longitude,
            known.stats if row.stats is None else row.stats,
        )
    gateways[row.gateway_id] = row


def _gateway_row(event: NetworkEvent) -> GatewayRow:
    values: Mapping[str, Any] = event.values
    online = values.get("online")
    silent = event.retained or online is False  # the broker speaks for it, from its store or as its last will
    return GatewayRow(
        event.gateway_id or "",
        0 if silent else event.received_ms,
        online if isinstance(online, bool) else (True if event.kind == "gateway_stats" else None),
        values.get("latitude"),
        values.get("longitude"),
        dict(values) if event.kind == "gateway_stats" else None,
    )


def refused_entry(message: Message, seq: int, part: int, dev_eui: str, line: str, error: str) -> QuarantineEntry:
    """A record that the store refused: the raw message again, with the record and the store's words as the detail."""
    return QuarantineEntry(
        seq, part, message.received_ms, message.source, message.topic, message.payload, message.flags,
        "refused_by_store", f"{error} | {line}"[:4000], dev_eui, dev_eui,
    )  # fmt: skip
