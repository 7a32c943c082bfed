"""What the tests know of Dragino: its vendor names in ours, and the ranges that its payloads can say."""

from tests.families.family import Family, Row, Wanted


def in_our_words(row: Row) -> Wanted:
    """An unconnected probe (all zero, no sensor flag) measures nothing with us; a probe temperature of 0 is dropped."""
    got = row["expected"]
    soil = [float(got[name]) for name in ("water_SOIL", "temp_SOIL", "conduct_SOIL")]
    unconnected = not any(soil) and not got["s_flag"]
    names = ("soil_moisture_vwc", "soil_temperature", "soil_ec")
    wanted: Wanted = dict(zip(names, [None] * 3 if unconnected else soil, strict=True))
    wanted["battery_voltage"] = got["BatV"]
    probe = float(got["temp_DS18B20"])
    return wanted | ({"probe_temperature": probe} if probe else {})


FAMILY = Family(
    {"dragino-lse01": in_our_words},
    ranges={
        "dragino-lse01": {
            "battery_voltage": (2.1, 3.6, 0.001),
            "soil_moisture_vwc": (0.1, 100, 0.01),
            "soil_temperature": (-40, 85, 0.01),
            "soil_ec": (0, 20000, 1),
        }
    },
    switches={"dragino-lse01": {"interrupt": [True, False]}},
)
