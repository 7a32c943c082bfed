"""What happened to assets, what to do about it, and what people report: events, plans, reports."""

import asyncio
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from api.parameters import (
    CollectionParameters,
    EventParameters,
    ParkingParameters,
    WateringParameters,
    no_parameters,
    words,
)
from api.ports import City
from api.problems import Problem, documented
from api.routes.answers import json_answer
from api.schemas import Accepted, CollectionPlan, DomainEventPage, ParkingPlan, ReportBody, WateringPlan
from api.times import TimeError, parse_time
from pipeline.domain.answers import (
    PLAN_EVENTS_MS,
    PLAN_KINDS,
    PlanName,
    RouteForm,
    assets_in,
    collection,
    collection_answer,
    decoders_of,
    event_answer,
    parking_answer,
    watering_answer,
)
from pipeline.domain.fold import HOUR_MS
from pipeline.domain.plans.route import Fleet
from pipeline.domain.plans.tanker import Place
from pipeline.domain.reports import make_report, report_message
from pipeline.domain.view import CityView
from pipeline.inventory import Inventory
from pipeline.state_domain import EventFilter

_MEDIA: Mapping[RouteForm, str] = MappingProxyType(
    {
        "gpx": "application/gpx+xml",
        "geojson": "application/geo+json",
        "csv": "text/csv; charset=utf-8",
        "html": "text/html; charset=utf-8",
    }
)
_BAD_QUERY = ("invalid-parameter", "unknown-parameter", "state-unavailable", "internal")


def event_routes(city: City) -> APIRouter:
    """`/events`."""
    router = APIRouter(tags=["events"])

    @router.get(
        "/events", response_model=DomainEventPage, responses=documented(*_BAD_QUERY), operation_id="list_events"
    )
    async def list_events(parameters: Annotated[EventParameters, Query()]) -> Response:
        """What happened to bins, beds, valves and bays, the newest first, a page at a time."""
        now_ms = city.now_ms()
        asked = EventFilter(
            assets_in(city.inventory, words(parameters.asset), words(parameters.zone), words(parameters.district)),
            words(parameters.kind),
            _time("from", parameters.from_, now_ms),
            _time("to", parameters.to, now_ms) + (1 if parameters.to == "now" else 0),
            parameters.withdrawn,
        )
        rows = await city.domain_events(asked, parameters.limit + 1, _cursor(parameters.after))
        shown = rows[: parameters.limit]
        last = shown[-1].event if len(rows) > len(shown) else None
        following = None if last is None else f"{last.start_ms}~{last.id}"
        return json_answer({"items": [event_answer(row) for row in shown], "next": following})

    return router


def plan_routes(city: City) -> APIRouter:
    """`/plans/...`."""
    router = APIRouter(prefix="/plans", tags=["plans"])

    async def view(plan: PlanName) -> CityView:
        return await city.view(PLAN_KINDS[plan], city.now_ms() - PLAN_EVENTS_MS[plan])

    @router.get(
        "/collection",
        response_model=CollectionPlan,
        responses={200: {"content": {form: {} for form in _MEDIA.values()}}, **documented(*_BAD_QUERY)},
        operation_id="plan_collection",
    )
    async def collect(parameters: Annotated[CollectionParameters, Query()], request: Request) -> Response:
        """Which bins to empty today, why, and in what order; with a depot also as GPX, GeoJSON, CSV or a page."""
        _known_place(city.inventory, parameters.zone, parameters.district)
        form = parameters.format or _wanted(request.headers.get("accept", ""))
        fleet = _fleet(parameters, city.now_ms())
        if form != "json" and fleet is None:
            raise Problem("invalid-parameter", "depot: a route needs one", "Add depot=latitude,longitude.")
        found = await asyncio.to_thread(
            collection, await view("collection"), parameters.zone, parameters.district, fleet
        )
        if form == "json":
            return json_answer(collection_answer(found))
        return Response(found.text(form), media_type=_MEDIA[form])

    @router.get("/parking", response_model=ParkingPlan, responses=documented(*_BAD_QUERY), operation_id="plan_parking")
    async def parking(parameters: Annotated[ParkingParameters, Query()]) -> Response:
        """How many spaces are free in each zone, how sure that is, and what the next hour brings."""
        _known_place(city.inventory, parameters.zone, parameters.district)
        answer = parking_answer(await view("parking"), parameters.zone, parameters.district, parameters.minutes)
        return json_answer(answer)

    @router.get(
        "/watering", response_model=WateringPlan, responses=documented(*_BAD_QUERY), operation_id="plan_watering"
    )
    async def watering(parameters: Annotated[WateringParameters, Query()]) -> Response:
        """Which trees and beds need water, how many litres and why; with a depot also the tanker's tours."""
        _known_place(city.inventory, parameters.zone, parameters.district)
        tanker = None if parameters.depot is None else (_place(parameters.depot), parameters.capacity)
        models = decoders_of(city.inventory, city.now_ms())
        answer = watering_answer(await view("watering"), parameters.zone, parameters.district, models, tanker)
        return json_answer(answer)

    return router


def report_routes(city: City) -> APIRouter:
    """`/assets/{id}/reports`."""
    router = APIRouter(tags=["reports"])

    @router.post(
        "/assets/{asset}/reports",
        response_model=Accepted,
        responses=documented("not-found", "invalid-parameter", "unknown-parameter", "journal-unavailable", "internal"),
        dependencies=[Depends(no_parameters)],
        operation_id="report",
    )
    async def report(
        asset: Annotated[str, Path(description="Asset id", examples=["bin-0815"])], body: ReportBody
    ) -> Response:
        """The crew's done button: the bin was emptied, the tree watered. 200 means that the report is on disk. Open to
        whoever reaches the service, so keep that to the machine itself until there is access control."""
        if asset not in city.inventory.assets:
            raise Problem("not-found", f"there is no asset {asset[:200]}", "`loracity devices export` shows them all.")
        now_ms = city.now_ms()
        at_ms = now_ms if body.at is None else _time("at", body.at, now_ms)
        try:
            made = make_report(body.kind, at_ms, now_ms, body.level, body.litres)
        except ValueError as error:
            raise Problem("invalid-parameter", f"at: {error}") from error
        await city.accept(report_message(asset, made))
        return json_answer({"accepted": True})

    return router


def _wanted(accept: str) -> Literal["json"] | RouteForm:
    """The first format that the header asks for by name."""
    asked = [part.partition(";")[0].strip() for part in accept.split(",")]
    by_type = {media.partition(";")[0]: form for form, media in _MEDIA.items()}
    return next((by_type[media] for media in asked if media in by_type), "json")


def _fleet(parameters: CollectionParameters, now_ms: int) -> Fleet | None:
    if parameters.depot is None:
        return None
    start_ms = _time("start", parameters.start, now_ms)
    end_ms = start_ms + int(parameters.hours * HOUR_MS)
    return Fleet(*_place(parameters.depot), start_ms, end_ms, parameters.vehicles, parameters.capacity)


def _known_place(inventory: Inventory, zone: str | None, district: str | None) -> None:
    if zone is not None and zone not in inventory.zones:
        raise Problem("invalid-parameter", f"zone: there is no zone {zone[:60]!r}")
    if district is not None and district not in _districts(inventory):
        raise Problem("invalid-parameter", f"district: there is no district {district[:60]!r}")


def _districts(inventory: Inventory) -> set[str]:
    def named(things: Iterable[str]) -> set[str]:
        return {district for district in things if district}

    return named(zone.district for zone in inventory.zones.values()) | named(
        asset.district for asset in inventory.assets.values()
    )


def _time(name: str, text: str, now_ms: int) -> int:
    try:
        return parse_time(text, now_ms)
    except TimeError as error:
        raise Problem("invalid-parameter", f"{name}: {error}", error.fix) from error


def _cursor(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    start, mark, name = text.partition("~")
    if not mark or not start.isascii() or not start.removeprefix("-").isdigit() or len(start) > 15:
        raise Problem("invalid-parameter", "after: this is no `next` of a page before", "Leave it out to begin anew.")
    return int(start), name


def _place(text: str) -> Place:
    latitude, comma, longitude = text.partition(",")
    try:
        place = (float(latitude), float(longitude))
    except ValueError:
        comma = ""
        place = (0.0, 0.0)
    if not comma or not (-90 <= place[0] <= 90 and -180 <= place[1] <= 180):
        raise Problem("invalid-parameter", f"depot: {text[:60]!r} is no place", "Write latitude,longitude: 49.49,8.47")
    return place
