"""The nearest place where rain was measured."""

import math
from collections.abc import Iterable

from msgspec import Struct

from pipeline.domain.irrigation.station import StationState
from pipeline.domain.view import CityView
from pipeline.inventory_model import Asset

EARTH_KM = 6371.0
FARTHEST_KM = 10.0
"""Summer showers differ over less; farther gauges tell nothing of a tree."""
SILENT_MS = 3 * 3_600_000
"""A gauge that has been silent for longer may have missed the rain."""


class Gauge(Struct, frozen=True):
    """Rain at one station, over the range that was asked for."""

    station: str
    km: float
    mm: float


class Station(Struct, frozen=True):
    """A station that can be asked."""

    id: str
    place: tuple[float, float]
    state: StationState


def distance_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance of two (latitude, longitude) in degrees, by the haversine formula."""
    lat_a, lon_a, lat_b, lon_b = map(math.radians, (*a, *b))
    half = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def place(asset: Asset) -> tuple[float, float] | None:
    """(latitude, longitude) of an asset; None without a position."""
    return None if asset.latitude is None or asset.longitude is None else (asset.latitude, asset.longitude)


def living_gauges(view: CityView) -> list[Station]:
    """The stations with a position that measured rain, or its absence, lately."""
    found = []
    for station in view.of_kind("weather"):
        there, state = place(station.facts.asset), station.state
        if there is not None and isinstance(state, StationState) and state.rain.known(view.now_ms - SILENT_MS):
            found.append(Station(station.id, there, state))
    return found


def nearest_gauge(
    stations: Iterable[Station], asset: Asset, since_ms: int, now_ms: int, farthest_km: float = FARTHEST_KM
) -> Gauge | None:
    """Rain from `since_ms` to `now_ms` at the station that is nearest to an asset; None without one near."""
    here = place(asset)
    if here is None:
        return None
    near = min(((distance_km(here, station.place), station.id, station) for station in stations), default=None)
    if near is None or near[0] > farthest_km:
        return None
    return Gauge(near[1], near[0], near[2].state.since(since_ms, now_ms))
