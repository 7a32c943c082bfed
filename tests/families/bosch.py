"""What the tests know of Bosch: its vendor names in ours, and the ranges that its payloads can say."""

from tests.families.family import Family, Row, Wanted


def in_our_words(row: Row) -> Wanted:
    """Disputed debug contents are left out."""
    names = {"occupied": "occupied", "temperature": "device_temperature", "firmwareVersion": "firmware_version"}
    names |= {"resetCause": "generic_text:reset_cause"}
    wanted = {names[k]: v for k, v in row["expected"].items() if k in names}
    kind = row["expected"]["type"]
    if kind == "debug":
        return {"event:debug codes": "info"}
    return wanted | ({"event": kind} if kind in ("heartbeat", "startup") else {})


FAMILY = Family(
    {"bosch-tps110": in_our_words},
    ranges={"bosch-tps110": {"device_temperature": (-40, 85, 1)}},
    switches={"bosch-tps110": {"occupied": [True, False], "event": ["heartbeat"]}},
)
