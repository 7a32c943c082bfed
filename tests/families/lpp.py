"""What the tests know of Cayenne LPP: its vendor names in ours, and the ranges that its payloads can say."""

from collections.abc import Mapping
from typing import Any

from tests.families.family import Family, Row, Wanted

LPP = {
    "temperatureSensor": ("air_temperature:{}", 1),
    "humiditySensor": ("relative_humidity:{}", 1),
    "illuminanceSensor": ("illuminance:{}", 1),
    "barometer": ("air_pressure:{}", 1),
    "distance": ("distance:{}", 1000),
    "switch": ("generic_flag:switch_{}", 1),
    "digitalInput": ("generic:digital_input_{}", 1),
    "digitalOutput": ("generic:digital_output_{}", 1),
    "analogInput": ("generic:analog_input_{}", 1),
    "analogOutput": ("generic:analog_output_{}", 1),
    "genericSensor": ("generic:generic_{}", 1),
    "presenceSensor": ("generic:presence_{}", 1),
    "altitude": ("generic:height_{}", 1),
}
AXES = {
    "accelerometer": {axis: f"generic:acceleration_{axis}_{{}}" for axis in "xyz"},
    "gyrometer": {axis: f"generic:rotation_{axis}_{{}}" for axis in "xyz"},
    "color": {"r": "generic:colour_red_{}", "g": "generic:colour_green_{}", "b": "generic:colour_blue_{}"},
    "gpsLocation": {"latitude": "latitude:{}", "longitude": "longitude:{}", "altitude": "generic:altitude_{}"},
}


def in_our_words(row: Row) -> Wanted:
    """ChirpStack nests by channel; The Things Stack appends the channel to the name."""
    wanted: Wanted = {}
    for name, channels in row["expected"].items():
        if not isinstance(channels, dict):
            wanted["air_temperature:" + name.removeprefix("temperature_")] = channels
            continue
        for channel, value in channels.items():
            if name in AXES:
                wanted |= {AXES[name][part].format(channel): number for part, number in value.items()}
            else:
                key, factor = LPP.get(name, ("generic:" + name + "_{}", 1))
                wanted[key.format(channel)] = bool(value) if name == "switch" else value * factor
    return wanted


def downlink_in_our_words(row: Row) -> tuple[str, Mapping[str, Any]]:
    """The vendor's input as our command and its arguments."""
    ((name, value),) = row["input"].items()
    return "set_value", {"channel": int(name.removeprefix("value_")), "value": value}


FAMILY = Family(
    {"cayenne-lpp": in_our_words},
    downlinks={"cayenne-lpp": downlink_in_our_words},
    ranges={
        "cayenne-lpp": {
            "air_temperature:3": (-40, 60, 0.1),
            "relative_humidity:4": (0, 100, 0.5),
            "air_pressure:5": (900, 1100, 0.1),
            "generic:analog_input_250": (-300, 300, 0.01),
            "distance:9": (1, 60000, 1),
        }
    },
    exceptions={
        (
            "cayenne-lpp",
            "01ff026403154a04eab60501f4063207ff64086309fe58000f06820a29ef0b01630231fe660c07fd8700bef500086a",
        ): "lost its type bytes when it was collected: every item is channel and value only",
    },
)
