"""What the tests know of Decentlab: its vendor names in ours, and the ranges that its payloads can say."""

from collections.abc import Mapping
from typing import Any

from tests.families.family import Family, Row, Wanted

NAMES = {
    "battery_voltage": ("battery_voltage", 1),
    "dielectric_permittivity": ("soil_permittivity", 1),
    "volumetric_water_content": ("soil_moisture_vwc", 100),
    "soil_temperature": ("soil_temperature", 1),
    "electrical_conductivity": ("soil_ec", 1),
    "water_potential": ("soil_water_potential", 1),
    "distance": ("distance", 1),
    "number_of_valid_samples": ("echo_quality", 1),
    "distance_median": ("distance", 1),
    "distance_most_frequent_value": ("generic:distance_mode", 1),
    "number_of_samples": ("echo_quality", 1),
    "total_acquisition_time": ("generic:acquisition_time", 1),
    "solar_radiation": ("solar_radiation", 1),
    "precipitation": ("rain_amount", 1),
    "precipitation_interval": ("generic:rain_interval", 1),
    "cumulative_precipitation": ("rain_cumulative", 1),
    "precipitation_electrical_conductivity": ("generic:rain_ec", 1),
    "lightning_strike_count": ("generic:lightning_strike_count", 1),
    "lightning_average_distance": ("generic:lightning_distance", 1),
    "wind_speed": ("wind_speed", 1),
    "wind_direction": ("wind_direction", 1),
    "maximum_wind_speed": ("wind_gust", 1),
    "air_temperature": ("air_temperature", 1),
    "vapor_pressure": ("vapor_pressure", 1),
    "atmospheric_pressure": ("air_pressure", 10),
    "barometric_pressure": ("air_pressure", 10),
    "relative_humidity": ("relative_humidity", 1),
    "sensor_temperature_internal": ("device_temperature", 1),
    "internal_temperature": ("device_temperature", 1),
    "x_orientation_angle": ("tilt_angle:x", 1),
    "y_orientation_angle": ("tilt_angle:y", 1),
    "tilt_angle_x_orientation": ("tilt_angle:x", 1),
    "tilt_angle_y_orientation": ("tilt_angle:y", 1),
    "compass_heading": ("generic:compass_heading", 1),
    "north_wind_speed": ("generic:wind_speed_north", 1),
    "east_wind_speed": ("generic:wind_speed_east", 1),
}
DEPTHS = {"soil_moisture_at_depth_": "soil_moisture_vwc:", "soil_temperature_at_depth_": "soil_temperature:"}
NOT_FITTED = (-5, -327.68)


def in_our_words(row: Row) -> Wanted:
    """Water content is in percent and air pressure in hPa with us; what frames the payload is no value."""
    wanted: Wanted = {}
    for name, said in row["expected"].items():
        if name in ("protocol_version", "device_id"):
            continue
        stem, depth = name[:-1], name[-1]
        if stem in DEPTHS:
            if said["value"] not in NOT_FITTED:
                wanted[DEPTHS[stem] + depth] = said["value"]
            continue
        quantity, factor = NAMES.get(name) or ("generic:" + name, 1)
        wanted[quantity] = said["value"] * factor
    return wanted


MODELS = ("atm41", "atm41g2", "lid", "mbx", "smtp", "tbrg", "trs11", "trs12", "trs21")
BATTERY = {"battery_voltage": (2.1, 3.6, 0.001)}
SOIL = {"soil_moisture_vwc": (0, 60, 0.003879), "soil_temperature": (-40, 60, 0.1), **BATTERY}
WEATHER = {
    "generic:lightning_strike_count": (0, 1000, 1),
    "generic:lightning_distance": (0, 40, 1),
    "wind_speed": (0, 60, 0.01),
    "wind_direction": (0, 359, 0.1),
    "wind_gust": (0, 60, 0.01),
    "air_temperature": (-40, 60, 0.1),
    "vapor_pressure": (0, 40, 0.01),
    "air_pressure": (500, 1100, 0.1),
    "relative_humidity": (0, 100, 0.1),
    "device_temperature": (-40, 60, 0.1),
    "tilt_angle:x": (-90, 90, 0.1),
    "tilt_angle:y": (-90, 90, 0.1),
    **BATTERY,
}
STATISTICS = ("average", "minimum", "maximum", "10th_percentile", "25th_percentile", "75th_percentile", "mode")


def downlink_in_our_words(row: Row) -> tuple[str, Mapping[str, Any]]:
    """The vendor's input as our command and its arguments."""
    save = row["input"]["command"].endswith(" + save")
    command = row["input"]["command"].removesuffix(" + save")
    if command == "set period":
        return "set_interval", {"seconds": row["input"]["parameter"], "save": save}
    assert command.startswith("set adr ")
    return "set_adr", {"enabled": command.removeprefix("set adr "), "save": save}


FAMILY = Family(
    {f"decentlab-dl-{model}": in_our_words for model in MODELS},
    downlinks={"decentlab-downlink": downlink_in_our_words},
    ranges={
        "decentlab-dl-trs12": {**SOIL, "soil_ec": (0, 20000, 1)},
        "decentlab-dl-trs11": SOIL,
        "decentlab-dl-trs21": {"soil_water_potential": (-6500, 0, 0.1), "soil_temperature": (-40, 60, 0.1), **BATTERY},
        "decentlab-dl-smtp": {
            **{f"soil_moisture_vwc:{depth}": (-4.9, 60, 0.002) for depth in range(6)},
            **{f"soil_temperature:{depth}": (-20, 60, 0.01) for depth in range(6)},
            **BATTERY,
        },
        "decentlab-dl-mbx": {"distance": (300, 9999, 1), "echo_quality": (1, 100, 1), **BATTERY},
        "decentlab-dl-lid": {
            "distance": (50, 40_000, 1),
            **{f"generic:distance_{name}": (50, 40_000, 1) for name in (*STATISTICS, "90th_percentile")},
            "echo_quality": (1, 1000, 1),
            "generic:acquisition_time": (0, 5000, 1 / 1.024),
            **BATTERY,
        },
        "decentlab-dl-atm41": {
            **WEATHER,
            "solar_radiation": (0, 1750, 1),
            "rain_amount": (0, 32, 0.001),
            "generic:compass_heading": (0, 359, 1),
            "generic:wind_speed_north": (-60, 60, 0.01),
            "generic:wind_speed_east": (-60, 60, 0.01),
        },
        "decentlab-dl-atm41g2": {
            **WEATHER,
            "solar_radiation": (0, 1750, 0.1),
            "rain_amount": (0, 65, 0.001),
            "generic:rain_ec": (0, 1000, 1),
            "rain_cumulative": (0, 4_000_000, 0.001),
        },
        "decentlab-dl-tbrg": {
            "rain_amount": (0, 1000, 0.1),
            "generic:rain_interval": (1, 65535, 1),
            "rain_cumulative": (0, 400_000_000, 0.1),
            **BATTERY,
        },
    },
)
