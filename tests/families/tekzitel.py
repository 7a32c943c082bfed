"""What the tests know of Tekzitel: its vendor names in ours, and the ranges that its payloads can say."""

from tests.families.family import Family, Row, Wanted

FLAGS = {
    "occupied": "occupied",
    "No_Beacon": "generic_flag:no_beacon",
    "Radar": "generic_flag:radar",
    "Obstruction": "generic_flag:obstruction",
}
NUMBERS = {
    "Temperature": "device_temperature",
    "Parking_ID": "generic:parking_id",
    "Beacon_RSSI": "generic:beacon_rssi",
    "Beacons": "generic:beacon_id",
    **{
        f"{kind.capitalize()}_{axis}": f"generic:{kind}_{axis.lower()}"
        for kind in ("deflection", "baseline")
        for axis in "XYZ"
    },
    "Fault_Code": "generic:fault_code",
    "D_Reflection": "generic:reflection",
}
EVENTS = {"keepAlive": {"event": "heartbeat"}, "reset": {"event:reset": "startup"}}


def in_our_words(row: Row) -> Wanted:
    """The vendor overwrites the obstruction bit with a number in debug frames, which is a value of its own with us."""
    got = dict(row["expected"])
    wanted: Wanted = {"generic:obstruction_code": got.pop("Obstruction")} if row["fPort"] == 2 else {}
    wanted["battery_low"] = not got.pop("Good_Battery")
    for name, event in EVENTS.items():
        wanted |= event if got.pop(name) else {}
    if got.get("Obstruction"):
        wanted["occupancy_state"] = "unknown"
    return wanted | {FLAGS.get(k) or NUMBERS[k]: bool(v) if k in FLAGS else v for k, v in got.items() if v != []}


FAMILY = Family(
    {"tekzitel-tekzipark": in_our_words},
    ranges={
        "tekzitel-tekzipark": {
            "device_temperature": (-40, 85, 1),
            "generic:parking_id": (0, 255, 1),
            "generic:beacon_rssi": (-128, 0, 1),
            "generic:beacon_id": (0, 65535, 1),
        }
    },
    switches={
        "tekzitel-tekzipark": {
            "occupied": [True, False],
            "battery_low": [True, False],
            "generic_flag:no_beacon": [True, False],
            "generic_flag:radar": [True, False],
            "generic_flag:obstruction": [False],
        }
    },
)
