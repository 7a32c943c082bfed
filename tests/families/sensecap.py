"""What the tests know of SenseCAP: the measurement ids and names of its decoders in ours, and what its payloads say."""

from typing import Any

from tests.families.family import Family, Row, Wanted

IDS = {
    4097: ("air_temperature", 1),
    4098: ("relative_humidity", 1),
    4099: ("illuminance", 1),
    4101: ("air_pressure", 0.01),
    4102: ("soil_temperature", 1),
    4103: ("soil_moisture_vwc", 1),
    4104: ("wind_direction", 1),
    4105: ("wind_speed", 1),
    4108: ("soil_ec", 1000),
    4113: ("rain_intensity", 1),
    4190: ("uv_index", 1),
    4191: ("wind_gust", 1),
    4213: ("rain_cumulative", 1),
}
INFORMATION = {
    "Battery(%)": "battery_level",
    "Hardware Version": "hardware_version",
    "Firmware Version": "firmware_version",
    "measureInterval": "generic:report_interval",
    "gpsInterval": "generic:gps_interval",
}


def soil_message(message: dict[str, Any]) -> Wanted:
    """One message of the S210x decoders; the probe's channel is 1 in all that they publish."""
    kind = message["type"]
    if kind == "report_telemetry":
        name, factor = IDS[message["measurementId"]]
        return {f"{name}:1": message["measurementValue"] * factor}
    if kind == "upload_version":
        return {"hardware_version": message["hardwareVersion"], "firmware_version": message["softwareVersion"]}
    if kind == "report_remove_sensor":
        return {f"event:sensor_removed_{message['channel']}": "info"}
    if kind == "upload_sensor_id":
        high, low = message["sensorId"][:8], message["sensorId"][8:]
        return {"generic_text:sensor_eui_high_1": high, "generic_text:sensor_eui_low_1": low}
    key = {"upload_battery": "battery", "upload_interval": "interval"}[kind]
    return {{"battery": "battery_level", "interval": "generic:report_interval"}[key]: message[key]}


def soil(row: Row) -> Wanted:
    """Conductivity is in uS/cm with us."""
    assert row["expected"]["valid"] and not row["expected"]["err"]
    wanted: Wanted = {}
    for message in row["expected"]["messages"]:
        wanted |= soil_message(message)
    return wanted


def weather(row: Row) -> Wanted:
    """Pressure is in hPa with us."""
    wanted: Wanted = {}
    for group in row["expected"]["messages"]:
        for message in group if isinstance(group, list) else [group]:
            if "measurementId" in message:
                name, factor = IDS[int(message["measurementId"])]
                wanted[name] = message["measurementValue"] * factor
            else:
                wanted |= {INFORMATION[key]: value for key, value in message.items()}
    return wanted


FAMILY = Family(
    {"sensecap-s210x": soil, "sensecap-s2120": weather},
    ranges={
        "sensecap-s210x": {
            "soil_temperature:1": (-40, 80, 0.001),
            "soil_moisture_vwc:1": (0, 100, 0.001),
            "soil_ec:1": (0, 20000, 1),
            "battery_level": (0, 100, 1),
            "generic:report_interval": (0, 3_900_000, 60),
        },
        "sensecap-s2120": {
            "air_temperature": (-40, 60, 0.1),
            "relative_humidity": (0, 100, 1),
            "illuminance": (0, 188_000, 1),
            "uv_index": (0, 16, 0.1),
            "wind_speed": (0, 60, 0.1),
            "wind_direction": (0, 360, 1),
            "rain_intensity": (0, 240, 0.001),
            "air_pressure": (300, 1100, 0.1),
            "wind_gust": (0, 60, 0.1),
            "rain_cumulative": (0, 4_000_000, 0.001),
        },
    },
)
