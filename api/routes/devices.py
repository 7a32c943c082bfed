"""Devices and their newest values."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from api.parameters import LatestParameters, PageParameters, QuantityParameters, no_parameters, words
from api.ports import City
from api.problems import Problem, documented
from api.routes.answers import json_answer
from api.schemas import DeviceLatestView, DevicePage, DeviceView, LatestPage
from api.views import LatestFilter, Roster, device_page, device_view, latest_page, latest_view
from api.vocabulary import known_quantities
from pipeline.inventory import Placement, device_key

_BAD_QUERY = ("invalid-parameter", "unknown-parameter", "internal")

DeviceInPath = Annotated[
    str,
    Path(
        description="DevEUI in any spelling (`24e1…`, `24-E1-…`, `0x24E1…`), or `application/device_id`",
        examples=["24-E1-24-71-3C-14-12-34"],
    ),
]


def find_device(city: City, text: str) -> str:
    """The key of a device of the inventory. Problem `not-found`, also for a text that can't be a DevEUI."""
    try:
        key = device_key(text)
    except ValueError as error:
        raise Problem("not-found", str(error)[:200], "Write the DevEUI as 16 hex digits.") from error
    if key not in city.inventory.devices:
        fix = "GET /api/v1/devices lists the devices; one that is heard but not known waits in the quarantine."
        raise Problem("not-found", f"there is no device {key[:200]}", fix)
    return key


def _placed(city: City, text: str) -> tuple[str, Placement]:
    key = find_device(city, text)
    placement = city.inventory.resolve(key, city.now_ms())
    if placement is None:
        raise Problem("not-found", f"there is no device {key[:200]}")
    return key, placement


def device_routes(city: City) -> APIRouter:
    """`/devices` and `/devices/{dev_eui}`. Routes that go on behind the DevEUI must be added before these."""
    router = APIRouter(tags=["devices"])
    roster = Roster()

    @router.get("/devices", response_model=DevicePage, responses=documented(*_BAD_QUERY), operation_id="list_devices")
    async def list_devices(parameters: Annotated[PageParameters, Query()]) -> Response:
        """All devices of the inventory in the order of their DevEUI, a page at a time."""
        keys = roster.after(city.inventory, parameters.after)
        return json_answer(device_page(city.inventory, city.latest, keys, city.now_ms(), parameters.limit))

    @router.get(
        "/devices/{dev_eui:path}",
        response_model=DeviceView,
        responses=documented("not-found", "unknown-parameter", "internal"),
        dependencies=[Depends(no_parameters)],
        operation_id="get_device",
    )
    async def get_device(dev_eui: DeviceInPath) -> Response:
        """One device."""
        key, placement = _placed(city, dev_eui)
        return json_answer(device_view(placement, city.latest.get(key)))

    return router


def latest_routes(city: City) -> APIRouter:
    """`/latest` and `/devices/{dev_eui}/latest`."""
    router = APIRouter(tags=["latest values"])
    roster = Roster()

    @router.get("/latest", response_model=LatestPage, responses=documented(*_BAD_QUERY), operation_id="list_latest")
    async def list_latest(parameters: Annotated[LatestParameters, Query()]) -> Response:
        """The newest value of every quantity of all devices that were heard, a page of devices at a time."""
        asked = _filter(parameters)
        keys = roster.after(city.inventory, parameters.after)
        page = latest_page(city.inventory, city.latest, keys, city.now_ms(), parameters.limit, asked)
        return json_answer(page)

    @router.get(
        "/devices/{dev_eui:path}/latest",
        response_model=DeviceLatestView,
        responses=documented("not-found", *_BAD_QUERY),
        operation_id="get_latest",
    )
    async def get_latest(dev_eui: DeviceInPath, parameters: Annotated[QuantityParameters, Query()]) -> Response:
        """The newest value of every quantity of one device."""
        quantities = known_quantities(words(parameters.quantity))
        key, placement = _placed(city, dev_eui)
        return json_answer(latest_view(placement, city.latest.get(key), quantities))

    return router


def _filter(parameters: LatestParameters) -> LatestFilter:
    return LatestFilter(
        devices=tuple(_key(text) for text in words(parameters.dev_eui)),
        districts=words(parameters.district),
        zones=words(parameters.zone),
        kinds=tuple(parameters.kind),
        quantities=known_quantities(words(parameters.quantity)),
    )


def _key(text: str) -> str:
    try:
        return device_key(text)
    except ValueError as error:
        raise Problem(
            "invalid-parameter", f"dev_eui: {str(error)[:200]}", "Write the DevEUI as 16 hex digits."
        ) from error
