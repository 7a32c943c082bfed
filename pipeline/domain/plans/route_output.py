"""Rounds as a crew and its machines take them: GPX 1.1, GeoJSON (RFC 7946), CSV (RFC 4180), a page to print."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from html import escape
from xml.sax.saxutils import escape as xml_escape
from xml.sax.saxutils import quoteattr

from pipeline.domain.plans.route import Fleet, Leg, Rounds
from pipeline.domain.waste.clock import ZONE

CSV_COLUMNS = ("round", "place", "id", "name", "latitude", "longitude", "arrive", "km", "load", "value")


def as_gpx(plan: Rounds, fleet: Fleet, name: str = "collection") -> str:
    """One route (`rte`) a vehicle, from the depot and back; opens in navigation apps."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<gpx version="1.1" creator="loracity" xmlns="http://www.topografix.com/GPX/1/1">',
    ]
    home = f'<rtept lat="{fleet.latitude}" lon="{fleet.longitude}"><name>depot</name></rtept>'
    for number, one in enumerate(plan.rounds, 1):
        lines += [f"<rte><name>{xml_escape(name)} {number}</name>", home]
        for leg in one.legs:
            stop = leg.stop
            lines.append(
                f"<rtept lat={quoteattr(str(stop.latitude))} lon={quoteattr(str(stop.longitude))}>"
                f"<name>{xml_escape(stop.label or stop.id)}</name></rtept>"
            )
        lines += [home, "</rte>"]
    return "\n".join([*lines, "</gpx>", ""])


def as_geojson(plan: Rounds, fleet: Fleet) -> str:
    """A FeatureCollection: a LineString a vehicle, a Point a stop; positions are longitude, latitude."""
    home = [fleet.longitude, fleet.latitude]
    features: list[dict[str, object]] = []
    for number, one in enumerate(plan.rounds, 1):
        line = [home, *([leg.stop.longitude, leg.stop.latitude] for leg in one.legs), home]
        about: dict[str, object] = {"round": number, "km": round(one.metres / 1000, 2), "stops": len(one.legs)}
        features.append(_feature("LineString", line, about))
    for number, place, leg in _legs(plan):
        features.append(_feature("Point", [leg.stop.longitude, leg.stop.latitude], _about(number, place, leg)))
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def as_csv(plan: Rounds) -> str:
    """One line a stop, in order; times RFC 3339 with offset, km from the stop before."""
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS)
    writer.writeheader()
    for number, place, leg in _legs(plan):
        writer.writerow({**_about(number, place, leg), "latitude": leg.stop.latitude, "longitude": leg.stop.longitude})
    return out.getvalue()


def as_page(plan: Rounds, title: str) -> str:
    """A page to print, tables only: what to empty in what order, a box to tick, what was left out."""
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title><style>'
        "body{font:12pt sans-serif}table{border-collapse:collapse;width:100%}"
        "th,td{border:1px solid #444;padding:.2em .4em;text-align:left}section{break-after:page}</style></head>"
        f"<body><h1>{escape(title)}</h1><p>{escape(plan.note)}</p>"
    ]
    for number, one in enumerate(plan.rounds, 1):
        parts.append(
            f"<section><h2>Round {number}: {len(one.legs)} stops, {one.metres / 1000:.1f} km, "
            f"{_clock(one.start_ms)} to {_clock(one.end_ms)}</h2><table><thead><tr>"
            "<th scope=col>No.</th><th scope=col>Stop</th><th scope=col>Time</th><th scope=col>km</th>"
            "<th scope=col>Load</th><th scope=col>Done</th></tr></thead><tbody>"
        )
        parts += [_row(place, leg) for place, leg in enumerate(one.legs, 1)]
        parts.append("</tbody></table></section>")
    if plan.left_out:
        parts.append("<h2>Left out</h2><ul>")
        parts += [f"<li>{escape(stop.label or stop.id)}</li>" for stop in plan.left_out]
        parts.append("</ul>")
    return "".join([*parts, "</body></html>\n"])


def _row(place: int, leg: Leg) -> str:
    return (
        f"<tr><td>{place}</td><td>{escape(leg.stop.label or leg.stop.id)}</td><td>{_clock(leg.arrive_ms)}</td>"
        f"<td>{leg.metres / 1000:.1f}</td><td>{leg.stop.load:.0f}</td><td>&#9744;</td></tr>"
    )


def _legs(plan: Rounds) -> Iterator[tuple[int, int, Leg]]:
    for number, one in enumerate(plan.rounds, 1):
        for place, leg in enumerate(one.legs, 1):
            yield number, place, leg


def _about(number: int, place: int, leg: Leg) -> dict[str, object]:
    return {
        "round": number,
        "place": place,
        "id": leg.stop.id,
        "name": leg.stop.label,
        "arrive": _local(leg.arrive_ms).isoformat(timespec="seconds"),
        "km": round(leg.metres / 1000, 3),
        "load": round(leg.load, 1),
        "value": round(leg.stop.value, 1),
    }


def _feature(kind: str, coordinates: object, about: dict[str, object]) -> dict[str, object]:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": about}


def _local(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, ZONE)


def _clock(time_ms: int) -> str:
    return _local(time_ms).strftime("%H:%M")
