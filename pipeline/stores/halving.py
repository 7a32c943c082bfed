"""The partial-write rule: halve a refused batch by uplink, a refused uplink by record, until the bad lines are known.

Lines may be sent several times on the way: harmless because writing the same line again changes nothing, and right
for servers that keep the good lines of a refused batch as well as for those that keep none.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from msgspec import Struct

from pipeline.reading import Record, Refusal

SendLines = Callable[[Sequence[bytes]], Awaitable[str | None]]
"""Sends lines in one request; gives back the server's words when it refuses some of them, None when all are durable."""

Item = TypeVar("Item")


class RecordLine(Struct, frozen=True, gc=False):
    """One record with its line."""

    record: Record
    line: bytes


class UplinkLines(Struct, frozen=True, gc=False):
    """What is to be written of one uplink."""

    seq: int
    lines: tuple[RecordLine, ...]


async def send_halving(uplinks: Sequence[UplinkLines], send: SendLines, refusal: str | None = None) -> list[Refusal]:
    """Send everything; gives back the records that the server refuses alone. Errors of `send` pass through.

    `refusal`: what the server has already said to all of them together, so that they need not be sent once more.
    """

    async def send_uplinks(part: Sequence[UplinkLines]) -> str | None:
        return await send([line.line for uplink in part for line in uplink.lines])

    async def send_records(part: Sequence[RecordLine]) -> str | None:
        return await send([line.line for line in part])

    refusals = []
    for uplink, error in await _refused(uplinks, send_uplinks, refusal):
        if len(uplink.lines) == 1:
            refused = [(uplink.lines[0], error)]
        else:
            refused = await _refused(uplink.lines, send_records)
        refusals += [Refusal(uplink.seq, line.record, words) for line, words in refused]
    return refusals


async def _refused(
    items: Sequence[Item], send: Callable[[Sequence[Item]], Awaitable[str | None]], known: str | None = None
) -> list[tuple[Item, str]]:
    refused = []
    parts = [items] if items else []
    while parts:
        part = parts.pop()
        error, known = known or await send(part), None
        if error is None:
            continue
        if len(part) == 1:
            refused.append((part[0], error))
        else:
            middle = len(part) // 2
            parts += [part[middle:], part[:middle]]
    return refused
