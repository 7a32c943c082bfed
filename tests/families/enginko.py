"""What the tests know of enginko: its vendor names in ours, and the ranges that its payloads can say."""

from datetime import UTC, datetime

from tests.families.family import Family, Row, Wanted

_NAMES = {
    "ADC": "generic:adc_mv",
    "height": "fill_height",
    "distance1": "distance",
    "fillLevel": "fill_level",
    "temperature": "device_temperature",
    "humidity": "relative_humidity",
    "pressure": "air_pressure",
    "battery": "battery_level",
    "amplitude": "echo_quality",
    "gain": "generic:gain",
    "inputStatus": "generic:input_status",
    "outputStatus": "generic:output_status",
    "inputTrigger": "generic:input_trigger",
    "syncVersion": "firmware_version",
}


def in_our_words(row: Row) -> Wanted:
    """Without distance and height, or fill level, the vendor means an error. `type` only says what the frame holds."""
    got = row["expected"]
    wanted: Wanted = {
        _NAMES[name]: value["value"] if isinstance(value, dict) else value
        for name, value in got.items()
        if name in _NAMES
    }
    if "date" in got:
        local = datetime.strptime(got["date"], "%m/%d/%Y, %I:%M:%S %p").replace(tzinfo=UTC)
        wanted["generic_text:device_date"] = f"{local:%Y-%m-%dT%H:%M:%S}"
    if "syncID" in got:
        wanted["generic_text:sync_id"] = got["syncID"].lower()
        wanted["generic_text:application_type"] = got["applicationType"].lower()
        wanted["event:time_request"] = "info"
    if "type" in got:
        void = ["distance", "fill_height"] + (["fill_level"] if got["type"] in (1, 3) else [])
        wanted = dict.fromkeys(void) | wanted
    return wanted


FAMILY = Family(
    {"enginko-level": in_our_words},
    ranges={
        "enginko-level": {
            "generic:adc_mv": (0, 4_000, 1),
            "fill_height": (0, 10_000, 1),
            "distance": (1, 60_000, 1),
            "fill_level": (0, 100, 1),
            "device_temperature": (-40, 85, 0.01),
            "relative_humidity": (0, 100, 0.5),
            "air_pressure": (300, 1_200, 0.01),
            "battery_level": (0, 100, 1),
        }
    },
    switches={"enginko-level": {"generic_text:device_date": ["2024-11-21T00:08:08", "2031-02-28T23:59:58"]}},
)
