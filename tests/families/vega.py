"""What the tests know of VEGA: its vendor names in ours, and the ranges that its payloads can say."""

from tests.families.family import Family, Row, Wanted

_STATUS = {
    "good": "good",
    "functionCheck": "function check",
    "maintenanceRequired": "maintenance required",
    "outOfSpecification": "out of specification",
    "failure": "failure",
    "unknown": "unknown",
}


def in_our_words(row: Row) -> Wanted:
    """The distance is in millimetres with us. The packet's number only says what else it holds."""
    got = row["expected"]
    if got.get("packetType") == "dummy":
        return {"event:dummy": "info"}
    metres = got["measurement"]["value"]
    wanted: Wanted = {
        "generic_text:namur_status": _STATUS[got["namurStatus"]["label"]],
        "distance": None if metres is None else metres * 1000,
        "battery_level": got["batteryLevel"],
        "device_temperature": got["temperature"],
        **got.get("location", {}),
    }
    if "vegaDeviceStatus" in got:
        wanted["generic:device_status"] = got["vegaDeviceStatus"]
    return wanted | ({"tilt_angle": got["tiltAngle"]} if "tiltAngle" in got else {})


FAMILY = Family(
    {"vega-vegapuls-air": in_our_words},
    ranges={
        "vega-vegapuls-air": {
            "distance": (1, 30_000, 0.01),
            "battery_level": (0, 100, 1),
            "device_temperature": (-40, 80, 0.1),
            "latitude": (30, 60, 1e-5),
            "longitude": (1, 40, 1e-5),
            "generic:device_status": (0, 4_294_967_295, 1),
            "tilt_angle": (0, 180, 1),
        }
    },
    switches={"vega-vegapuls-air": {"generic_text:namur_status": ["good", "maintenance required"]}},
)
