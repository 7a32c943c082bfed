"""What the tests know of teneo-iot: its vendor names in ours, and the ranges that its payloads can say."""

from tests.families.family import Family, Row, Wanted

_FILL, _SOIL = "teneo-iot-filling-degree", "teneo-iot-soil-moisture"
_NO_ECHO = -1


def filling_degree(row: Row) -> Wanted:
    """A distance beside an error is void with us, and so is the vendor's -1, which it calls valid."""
    got = row["expected"]
    wanted: Wanted = {"battery_voltage": got["battery"]}
    if got["charging"]:
        return wanted | {"generic_flag:charging": True}
    void = not got["valid"] or got["distance"] in (_NO_ECHO, 0)
    wanted["distance"] = None if void else got["distance"] * 10
    names = {
        "temperature": "device_temperature",
        "relativeHumidity": "relative_humidity",
        "errorcode": "generic:error_code",
    }
    return wanted | {names[name]: value for name, value in got.items() if name in names}


def soil_moisture(row: Row) -> Wanted:
    """While it charges it measures nothing, though the vendor says a moisture of 0."""
    got = row["expected"]
    wanted: Wanted = {"battery_voltage": got["battery"]}
    if got["charging"]:
        return wanted | {"generic_flag:charging": True}
    wanted["soil_moisture_vwc"] = got["moisture"]
    return wanted | ({"soil_temperature": got["temperature"]} if "temperature" in got else {})


FAMILY = Family(
    {_FILL: filling_degree, _SOIL: soil_moisture},
    told_by_length={_FILL: "3 or 7 bytes have no status, 4 or 8 have one before temperature and humidity"},
    ranges={
        _FILL: {
            "battery_voltage": (2.0, 4.2, 0.1),
            "distance": (10, 6_000, 10),
            "device_temperature": (-40, 85, 0.01),
            "relative_humidity": (0, 100, 0.01),
        },
        _SOIL: {
            "battery_voltage": (2.0, 4.2, 0.1),
            "soil_moisture_vwc": (0, 100, 1),
            "soil_temperature": (-40, 85, 0.01),
        },
    },
)
