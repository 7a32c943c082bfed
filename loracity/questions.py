"""The operations behind `events`, `plan` and `report`: what planners ask of a service, running or not."""

import asyncio
from typing import TYPE_CHECKING, Any

from pipeline.domain.answers import (
    PLAN_EVENTS_MS,
    PLAN_KINDS,
    PlanName,
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
from pipeline.domain.reports import make_report, report_message
from pipeline.state_domain import EventFilter

if TYPE_CHECKING:
    from loracity.service import Service


async def events(service: "Service", asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Domain events, the newest first."""
    assets = assets_in(service.inventory, asked["assets"], asked["zones"], asked["districts"])
    wanted = EventFilter(assets, tuple(asked["kinds"]), asked["from_ms"], asked["to_ms"], asked["withdrawn"])
    return [event_answer(row) for row in await service.domain_events(wanted, asked["limit"], None)]


async def plan(service: "Service", asked: dict[str, Any]) -> dict[str, Any]:
    """One plan. ValueError for a zone that doesn't exist."""
    name: PlanName = asked["plan"]
    zone, district = asked["zone"], asked["district"]
    if zone is not None and zone not in service.inventory.zones:
        raise ValueError(f"there is no zone {zone!r}")
    view = await service.view(PLAN_KINDS[name], service.now_ms() - PLAN_EVENTS_MS[name])
    if name == "parking":
        return parking_answer(view, zone, district, asked["minutes"])
    if name == "collection":
        found = await asyncio.to_thread(collection, view, zone, district, _fleet(asked, service.now_ms()))
        return collection_answer(found) if asked["format"] == "json" else {"text": found.text(asked["format"])}
    depot = asked["depot"]
    tanker = None if depot is None else ((float(depot[0]), float(depot[1])), float(asked["capacity"]))
    return watering_answer(view, zone, district, decoders_of(service.inventory, service.now_ms()), tanker)


def _fleet(asked: dict[str, Any], now_ms: int) -> Fleet | None:
    depot, start_ms = asked["depot"], asked["start_ms"] or now_ms
    if depot is None:
        return None
    end_ms = start_ms + int(asked["hours"] * HOUR_MS)
    return Fleet(depot[0], depot[1], start_ms, end_ms, asked["vehicles"], asked["capacity"])


async def report(service: "Service", asked: dict[str, Any]) -> dict[str, Any]:
    """Put a person's word into the journal. ValueError for an asset that doesn't exist or a time to come."""
    asset, now_ms = asked["asset"], service.now_ms()
    if asset not in service.inventory.assets:
        raise ValueError(f"there is no asset {asset!r}")
    at_ms = now_ms if asked["at_ms"] is None else asked["at_ms"]
    made = make_report(asked["kind"], at_ms, now_ms, asked["level"], asked["litres"])
    await service.append(report_message(asset, made))
    return {"accepted": True}
