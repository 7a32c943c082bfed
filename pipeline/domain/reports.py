"""What people say about assets (the crew's done button), on its way through the journal like every other message."""

from typing import Literal, get_args

import msgspec
from msgspec import Struct

from gateway_bridge.uplink import Message
from pipeline.domain.words import Report
from pipeline.reading import FieldValue

SOURCE = "report:"
"""The source of such a message in the journal; no connection can be called so."""
ReportKind = Literal["emptied", "watered"]
REPORT_KINDS: tuple[ReportKind, ...] = get_args(ReportKind)


_FUTURE_MS = 2 * 60 * 1000


class _Body(Struct, frozen=True, forbid_unknown_fields=True):
    time_ms: int
    kind: str
    values: dict[str, FieldValue] = {}


def make_report(
    kind: ReportKind, time_ms: int, now_ms: int, level: float | None = None, litres: float | None = None
) -> Report:
    """A report of something done at `time_ms`, with the fill level found (%) or the water given (L). ValueError for a
    time that is yet to come."""
    if time_ms > now_ms + _FUTURE_MS:
        raise ValueError("the time is yet to come")
    found = {"fill_level": level, "litres": litres}
    return Report(time_ms, now_ms, kind, {name: float(value) for name, value in found.items() if value is not None})


def report_message(asset: str, report: Report) -> Message:
    """The report as a message for the journal."""
    body = _Body(report.time_ms, report.kind, report.values)
    return Message(SOURCE, asset, msgspec.json.encode(body), report.received_ms)


def read_report(message: Message) -> tuple[str, Report]:
    """Asset and report. ValueError for a message that is none."""
    try:
        body = msgspec.json.decode(message.payload, type=_Body)
    except msgspec.DecodeError as error:
        raise ValueError(f"no report: {error}") from error
    values = {
        name: float(v) if isinstance(v, int) and not isinstance(v, bool) else v for name, v in body.values.items()
    }
    return message.topic, Report(body.time_ms, message.received_ms, body.kind, values)
