"""Readings of a device: parameters to store queries, rows to columns."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from msgspec import Struct
from starlette.responses import Response

from api.parameters import MAX_ROWS, ReadingsParameters, words
from api.plan import Part, Table, kinds_between, merge, numbers, parts_of, unit_of, wire_rows
from api.ports import City
from api.problems import Problem, documented
from api.routes.devices import DeviceInPath, find_device
from api.schemas import Readings
from api.times import TimeError, parse_time, rfc3339
from api.vocabulary import known_quantities, known_zone
from pipeline.fields import FIELDS
from pipeline.reading import Aggregate, QueryError, Series, SeriesQuery
from pipeline.stores.windows import parse_every

_ARITHMETIC = frozenset({"mean", "min", "max", "sum"})
_ENCODE_HERE_ROWS = 1000
"""Larger answers are encoded in a thread, so that they don't hold up the event loop."""


class Asked(Struct, frozen=True):
    """A checked request for readings. Unix ms, `end_ms` exclusive; `names` as asked, each once."""

    start_ms: int
    end_ms: int
    names: tuple[str, ...]
    every: str | None
    agg: Aggregate
    tz: str
    channel: str | None
    limit: int
    newest_first: bool


def read_request(parameters: ReadingsParameters, now_ms: int, known: Sequence[str]) -> Asked:
    """The request, checked. `known` are the quantities to take when none are asked for. Problem `invalid-parameter`."""
    start_ms, end_ms = _range(parameters, now_ms)
    agg: Aggregate = parameters.agg or "mean"
    names = known_quantities(words(parameters.quantity))
    if parameters.every is None:
        if parameters.agg is not None:
            raise Problem("invalid-parameter", "agg: without windows", "Add every=1h, or leave agg out.")
        names = names or tuple(known)
    else:
        _check_windows(parameters.every, end_ms - start_ms)
        names = names or (numbers(known) if agg in _ARITHMETIC else tuple(known))
        _check_arithmetic(names, agg)
    return Asked(
        start_ms,
        end_ms,
        names,
        parameters.every,
        agg,
        known_zone(parameters.tz),
        parameters.channel,
        parameters.limit,
        parameters.order == "desc",
    )


def _range(parameters: ReadingsParameters, now_ms: int) -> tuple[int, int]:
    start_ms = _time("from", parameters.from_, now_ms)
    end_ms = _time("to", parameters.to, now_ms)
    if parameters.to == "now":
        end_ms += 1  # the end is exclusive; what came in this very millisecond belongs to "now"
    if start_ms >= end_ms:
        detail = f"from ({rfc3339(start_ms)}) is not before to ({rfc3339(end_ms)})"
        raise Problem("invalid-parameter", detail, "Exchange from and to, or widen the range.")
    return start_ms, end_ms


def _time(name: str, text: str, now_ms: int) -> int:
    try:
        return parse_time(text, now_ms)
    except TimeError as error:
        raise Problem("invalid-parameter", f"{name}: {error}", error.fix) from error


def _check_windows(every: str, range_ms: int) -> None:
    try:
        length_ms = parse_every(every)
    except QueryError as error:
        fix = "Use a length that divides a day (15m, 1h, 6h), or 1 to 31 whole days (1d, 7d)."
        raise Problem("invalid-parameter", f"every: {error}"[:200], fix) from error
    if range_ms > MAX_ROWS * length_ms:
        fix = f"Make every at least {-(-range_ms // MAX_ROWS // 1000)} s long, or shorten the range."
        raise Problem("invalid-parameter", f"every: more than {MAX_ROWS} windows in this range", fix)


def _check_arithmetic(names: Sequence[str], agg: Aggregate) -> None:
    wordy = [name for name in names if FIELDS[name] != "float"]
    if agg in _ARITHMETIC and wordy:
        fix = "Use agg=first, last or count, or leave them out."
        raise Problem("invalid-parameter", f"agg: no {agg} of {', '.join(wordy)}: they are no numbers", fix)


async def read_table(city: City, key: str, asked: Asked, now_ms: int) -> Table:
    """Ask each measurement that may hold the quantities, and make one table of the answers. StoreUnavailable,
    StoreMisconfigured, QueryError."""
    kinds = kinds_between(city.inventory, key, asked.start_ms, asked.end_ms, now_ms)
    answers: list[tuple[Part, Series]] = []
    for part in parts_of(asked.names, kinds):
        query = SeriesQuery(
            part.measurement,
            key,
            part.fields,
            asked.start_ms,
            asked.end_ms,
            asked.every,
            asked.agg,
            asked.tz,
            asked.channel,
            asked.limit + 1,
            asked.newest_first,
        )
        answers.append((part, await city.series(query)))
    if sum(len(series.rows) for _, series in answers) <= _ENCODE_HERE_ROWS:
        return merge(asked.names, answers, asked.limit, newest_first=asked.newest_first)
    return await asyncio.to_thread(merge, asked.names, answers, asked.limit, newest_first=asked.newest_first)


def encode(asked: Asked, table: Table) -> bytes:
    """`schemas.Readings` as JSON."""
    counted = asked.every is not None and asked.agg == "count"
    body = {
        "columns": ("time", "channel", *asked.names),
        "rows": wire_rows(table.rows, rfc3339),
        "units": {name: "count" if counted else unit_of(name) for name in asked.names},
        "truncated": table.truncated,
    }
    return msgspec.json.encode(body)


def reading_routes(city: City) -> APIRouter:
    """`/devices/{dev_eui}/readings`."""
    router = APIRouter(tags=["readings"])

    @router.get(
        "/devices/{dev_eui:path}/readings",
        response_model=Readings,
        responses=documented(
            "not-found",
            "invalid-parameter",
            "unknown-parameter",
            "store-unavailable",
            "store-misconfigured",
            "internal",
        ),
        operation_id="get_readings",
    )
    async def get_readings(dev_eui: DeviceInPath, parameters: Annotated[ReadingsParameters, Query()]) -> Response:
        """Readings of one device over time, as they came or in windows of local time. Times are UTC; a window is
        labelled by its start, and windows without a value are left out."""
        key = find_device(city, dev_eui)
        now_ms = city.now_ms()
        latest = city.latest.get(key)
        known = sorted({v.quantity for v in latest.values.values() if v.quantity in FIELDS}) if latest else []
        asked = read_request(parameters, now_ms, known)
        table = await read_table(city, key, asked, now_ms)
        if len(table.rows) <= _ENCODE_HERE_ROWS:
            body = encode(asked, table)
        else:
            body = await asyncio.to_thread(encode, asked, table)
        return Response(body, media_type="application/json")

    return router
