"""Query parameters of the routes: what FastAPI checks and documents. Parameters not named here are refused."""

from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from api.problems import unknown_parameters
from api.schemas import Kind
from pipeline.reading import Aggregate

MAX_PAGE = 1000
MAX_ROWS = 50_000

Words = list[Annotated[str, Field(max_length=2000)]]
_Text = Annotated[str, Field(max_length=256)]


class _Known(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PageParameters(_Known):
    """A page of devices."""

    limit: Annotated[int, Field(ge=1, le=MAX_PAGE, description="Most items on the page", examples=[50])] = 100
    after: Annotated[
        _Text | SkipJsonSchema[None], Field(description="`next` of the page before", examples=["24e124713c141234"])
    ] = None


class LatestParameters(PageParameters):
    """Which devices and values. Filters of different names must all hold; each may be repeated or comma-separated."""

    dev_eui: Annotated[Words, Field(description="Only these devices", examples=[["24e124713c141234"]])] = []
    district: Annotated[Words, Field(description="Only these districts", examples=[["centre"]])] = []
    zone: Annotated[Words, Field(description="Only these zones", examples=[["plaza-north"]])] = []
    kind: Annotated[list[Kind], Field(description="Only these kinds", examples=[["waste_bin"]])] = []
    quantity: Annotated[Words, Field(description="Only these quantities", examples=[["fill_level"]])] = []


class QuantityParameters(_Known):
    """Which values of one device."""

    quantity: Annotated[
        Words, Field(description="Only these quantities; repeatable or comma-separated", examples=[["fill_level"]])
    ] = []


class ReadingsParameters(_Known):
    """Which readings of one device, raw or in windows."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: Annotated[
        _Text,
        Field(
            alias="from",
            description="Start, inclusive: RFC 3339 with Z or an offset, or relative to now (`-90s -15m -24h -7d -4w`)",
            examples=["2026-03-28T00:00:00Z", "-7d"],
        ),
    ] = "-24h"
    to: Annotated[
        _Text,
        Field(description="End, exclusive: like `from`, or `now`", examples=["2026-03-30T00:00:00Z", "now"]),
    ] = "now"
    quantity: Annotated[
        Words,
        Field(
            description="Quantities, repeatable or comma-separated (`/api/v1/quantities` lists them; `rssi`, `snr`,"
            " `lag` and the like tell about the radio link). Default: all that the device's newest values have.",
            examples=[["fill_level", "battery_level"]],
        ),
    ] = []
    every: Annotated[
        _Text | SkipJsonSchema[None],
        Field(
            description="Length of a window: `15m`, `1h`, `1d`. It divides a day, or is up to 31 whole days.",
            examples=["1h"],
        ),
    ] = None
    agg: Annotated[
        Aggregate | SkipJsonSchema[None],
        Field(description="How a window becomes one value; only with `every`. Default: mean.", examples=["max"]),
    ] = None
    tz: Annotated[
        _Text,
        Field(description="IANA time zone whose midnight the windows start from", examples=["Europe/Berlin"]),
    ] = "UTC"
    channel: Annotated[
        _Text | SkipJsonSchema[None], Field(description="Only this channel; default: all of them", examples=["2"])
    ] = None
    limit: Annotated[int, Field(ge=1, le=MAX_ROWS, description="Most rows", examples=[1000])] = 10_000
    order: Annotated[
        Literal["asc", "desc"],
        Field(description="Oldest or newest first; with `limit` also which rows are kept", examples=["desc"]),
    ] = "asc"


class EventParameters(_Known):
    """Which domain events. Filters of different names must all hold; lists may be repeated or comma-separated."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    asset: Annotated[Words, Field(description="Only of these assets", examples=[["bin-0815"]])] = []
    zone: Annotated[Words, Field(description="Only of assets in these zones", examples=[["plaza-north"]])] = []
    district: Annotated[Words, Field(description="Only of these districts", examples=[["centre"]])] = []
    kind: Annotated[Words, Field(description="Only events of these kinds", examples=[["emptied", "overflow"]])] = []
    from_: Annotated[
        _Text,
        Field(
            alias="from",
            description="Events that began or ended since, or go on: RFC 3339, or relative to now (`-24h`, `-7d`)",
            examples=["2026-03-28T00:00:00Z", "-7d"],
        ),
    ] = "-7d"
    to: Annotated[_Text, Field(description="Events that began before: like `from`, or `now`", examples=["now"])] = "now"
    withdrawn: Annotated[
        bool, Field(description="Also events that later data showed not to have happened", examples=[False])
    ] = False
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE, description="Most items on the page", examples=[50])] = 100
    after: Annotated[
        _Text | SkipJsonSchema[None],
        Field(description="`next` of the page before", examples=["1774785600000~emptied:bin-0815:1774785600000"]),
    ] = None


class PlaceParameters(_Known):
    """Which part of the city a plan is for; without any: all of it."""

    zone: Annotated[_Text | SkipJsonSchema[None], Field(description="Only this zone", examples=["plaza"])] = None
    district: Annotated[_Text | SkipJsonSchema[None], Field(description="Only this district", examples=["centre"])] = (
        None
    )


class ParkingParameters(PlaceParameters):
    """Which zones, and how far the forecast looks ahead."""

    minutes: Annotated[
        list[Annotated[int, Field(ge=5, le=180)]],
        Field(description="Forecast so many minutes ahead; may be repeated", max_length=6, examples=[[30, 60]]),
    ] = [30, 60]


class WateringParameters(PlaceParameters):
    """Which plants, and the tanker that visits those without a valve."""

    depot: Annotated[
        _Text | SkipJsonSchema[None],
        Field(description="Where tankers start: latitude,longitude in degrees, WGS 84", examples=["49.49,8.47"]),
    ] = None
    capacity: Annotated[float, Field(ge=1, le=100_000, description="A tanker's load in litres", examples=[3000])] = 3000


class CollectionParameters(PlaceParameters):
    """Which bins, and the vehicles that empty them."""

    depot: Annotated[
        _Text | SkipJsonSchema[None],
        Field(
            description="Where vehicles start: latitude,longitude; without it no route",
            examples=["49.49,8.47"],
        ),
    ] = None
    vehicles: Annotated[int, Field(ge=1, le=50, description="How many", examples=[1])] = 1
    capacity: Annotated[float, Field(ge=1, le=1_000_000, description="A vehicle's load, L", examples=[8000])] = 8000
    start: Annotated[
        _Text, Field(description="When vehicles leave: RFC 3339, or `now`", examples=["2026-03-30T04:00:00Z"])
    ] = "now"
    hours: Annotated[float, Field(ge=0.5, le=24, description="How long they work", examples=[8])] = 8
    format: Annotated[
        Literal["json", "gpx", "geojson", "csv", "html"] | SkipJsonSchema[None],
        Field(description="Default: what Accept asks for, else json. All but json need a depot.", examples=["json"]),
    ] = None


async def no_parameters(request: Request) -> None:
    """Dependency of routes that take no query parameters. Problem `unknown-parameter`."""
    names = sorted({name[:60] for name in request.query_params})
    if names:
        raise unknown_parameters(request, names)


def words(values: Iterable[str]) -> tuple[str, ...]:
    """Repeated and comma-separated words as one list, each once, in the order given."""
    return tuple(dict.fromkeys(word for value in values for part in value.split(",") if (word := part.strip())))
