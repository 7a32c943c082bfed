"""What the tests know of Tekelek: its vendor names in ours, and the ranges that its payloads can say."""

from tests.families.family import Family, Row, Wanted

_PLAIN = {
    "prodId": "generic:product_id",
    "hwId": "generic:hardware_id",
    "rssi": "generic:rssi",
    "batteryLevel": "battery_level",
    "measurementSteps": "generic:measurement_step_min",
    "txPeriod": "generic:transmission_period_h",
}


def in_our_words(row: Row) -> Wanted:
    """Alarms are masked bits there and switches here. `series` says the records once more, with an assumed period.

    `swId` is not compared: the source gives the hardware's number under both names.
    """
    got = row["expected"]
    wanted: Wanted = {_PLAIN[name]: value for name, value in got.items() if name in _PLAIN}
    wanted |= {f"generic_flag:alarm_{i}": got[f"alarm{i}"] != 0 for i in range(3) if f"alarm{i}" in got}
    if got["type"] == "alarm":
        wanted["event:distance"] = "alarm" if any(got[f"alarm{i}"] for i in range(3)) else "alarm_release"
    if got["type"] != "measurement":
        return wanted | _record(got, "", "")
    for i in range(4):
        wanted |= _record(got, str(i), f"earlier_{i}" if i else "")
    return wanted


def _record(got: Row, number: str, channel: str) -> Wanted:
    """An empty slot, which the source reads as zeros, is nothing with us."""
    ullage, temperature, rssi, source = (got[n + number] for n in ("ullage", "temperature", "sonicrssi", "sonicsrc"))
    if not any((ullage, temperature, rssi, source)):
        return {}
    behind = f":{channel}" if channel else ""
    return {
        f"distance{behind}": ullage * 10 if ullage not in (0, 0xFFFF) else None,
        f"device_temperature{behind}": temperature,
        f"echo_quality{behind}": rssi,
        "generic:" + "_".join(filter(None, ("sonic_result_code", channel))): source,
    }


FAMILY = Family(
    {"tekelek-tek766": in_our_words},
    ranges={
        "tekelek-tek766": {
            "generic:product_id": (0, 255, 1),
            **{
                f"{name}{channel}": limits
                for channel in ("", ":earlier_1", ":earlier_2", ":earlier_3")
                for name, limits in {
                    "distance": (10, 6_000, 10),
                    "device_temperature": (-40, 85, 1),
                    "echo_quality": (0, 15, 1),
                }.items()
            },
            **{
                f"generic:sonic_result_code{channel}": (0, 15, 1)
                for channel in ("", "_earlier_1", "_earlier_2", "_earlier_3")
            },
        }
    },
    switches={"tekelek-tek766": {f"generic_flag:alarm_{i}": [True, False] for i in range(3)}},
)
