"""What the tests know of Dragino: its vendor names in ours, and the ranges that its payloads can say."""

from tests.families.family import Family, Row, Wanted


def _probe(quantity: str, shown: object) -> Wanted:
    """A wired probe that shows 0 is not there with us."""
    degrees = float(str(shown))
    return {quantity: degrees} if degrees else {}


def soil(row: Row) -> Wanted:
    """An unconnected probe (all zero, no sensor flag) measures nothing with us. Mode and sensor flag are no values."""
    got = row["expected"]
    numbers = [float(got[name]) for name in ("water_SOIL", "temp_SOIL", "conduct_SOIL")]
    unconnected = not any(numbers) and not got["s_flag"]
    names = ("soil_moisture_vwc", "soil_temperature", "soil_ec")
    wanted: Wanted = dict(zip(names, [None] * 3 if unconnected else numbers, strict=True))
    wanted |= {"battery_voltage": got["BatV"], "interrupt": bool(got["i_flag"])}
    return wanted | _probe("probe_temperature", got["temp_DS18B20"])


def acidity(row: Row) -> Wanted:
    """Message type 1 is an ordinary report."""
    got = row["expected"]
    assert got["Message_type"] == 1
    return {
        "battery_voltage": got["Bat"],
        "soil_ph": float(got["PH1_SOIL"]),
        "soil_temperature": float(got["TEMP_SOIL"]),
        "interrupt": bool(got["Interrupt_flag"]),
        **_probe("probe_temperature", got["TempC_DS18B20"]),
    }


def ultrasonic(row: Row) -> Wanted:
    """Distances up to 20 mm are none with us.

    Disputed: the vendor's file for the DDS75-LB divides the temperature by 100, everything else by 10.
    """
    got = row["expected"]
    distance = int(str(got["Distance"]).removesuffix(" mm"))
    millivolts = "Battery" in got
    degrees = float(got["Temperature"] if millivolts else got["TempC_DS18B20"])
    return {
        "battery_voltage": got["Battery"] / 1000 if millivolts else got["Bat"],
        "distance": distance if distance > 20 else None,
        "interrupt": bool(got["InterruptPin"] if millivolts else got["Interrupt_flag"]),
        "generic_flag:sensor_detected": bool(got["SensorFlag"] if millivolts else got["Sensor_flag"]),
        **_probe("device_temperature", degrees * 10 if "disputed" in row else degrees),
    }


def laser(row: Row) -> Wanted:
    """The vendor shows centimetres; message type 1 is an ordinary report."""
    got = row["expected"]
    assert got["Message_type"] == 1
    level: Wanted = (
        {"generic_flag:interrupt_level": got["Interrupt_level"] == "HIGH"} if "Interrupt_level" in got else {}
    )
    return {
        "battery_voltage": got["Bat"],
        "distance": got["Lidar_distance"] * 10,
        "echo_quality": got["Lidar_signal"],
        "device_temperature": got["Lidar_temp"],
        "interrupt": got["Interrupt_flag"] not in (0, "FALSE"),
        **level,
        **_probe("probe_temperature", got["TempC_DS18B20"]),
    }


WEATHER = {
    "wind_speed": "wind_speed",
    "wind_direction_angle": "wind_direction",
    "wind_direction": "generic_text:wind_sector",
    "illumination": "illuminance",
    "rain_snow": "generic:rain_snow",
    "carbon_dioxide": "generic:co2",
    "temperature": "air_temperature",
    "humidity": "relative_humidity",
    "pressure": "air_pressure",
    "rain_gauge": "rain_cumulative",
    "pm2_5": "generic:pm2_5",
    "pm10": "generic:pm10",
    "par": "generic:par",
    "tsr": "solar_radiation",
}


def weather(row: Row) -> Wanted:
    """All its names have one of ours."""
    return {WEATHER[name]: value for name, value in row["expected"].items()}


BATTERY = {"battery_voltage": (2.1, 3.6, 0.001)}
INTERRUPT: dict[str, list[bool | str]] = {"interrupt": [True, False]}

FAMILY = Family(
    {
        "dragino-lse01": soil,
        "dragino-lsph01": acidity,
        "dragino-ldds75": ultrasonic,
        "dragino-lds12": laser,
        "dragino-wsc1-l": weather,
    },
    told_by_length={"dragino-ldds75": "frames of old firmware are today's without what follows the distance"},
    ranges={
        "dragino-lse01": {
            **BATTERY,
            "soil_moisture_vwc": (0.1, 100, 0.01),
            "soil_temperature": (-40, 85, 0.01),
            "soil_ec": (0, 20000, 1),
        },
        "dragino-lsph01": {**BATTERY, "soil_ph": (3, 10, 0.01), "soil_temperature": (-40, 85, 0.1)},
        "dragino-ldds75": {**BATTERY, "distance": (280, 7500, 1), "device_temperature": (0.1, 125, 0.1)},
        "dragino-lds12": {
            **BATTERY,
            "distance": (100, 12_000, 1),
            "echo_quality": (101, 65_000, 1),
            "device_temperature": (-40, 85, 1),
            "probe_temperature": (0.1, 125, 0.1),
        },
        "dragino-wsc1-l": {
            "wind_speed": (0, 60, 0.1),
            "wind_direction": (0, 359, 0.1),
            "illuminance": (0, 200_000, 10),
            "air_temperature": (-40, 60, 0.1),
            "relative_humidity": (0, 100, 0.1),
            "air_pressure": (500, 1100, 0.1),
            "rain_cumulative": (0, 6000, 0.1),
            "solar_radiation": (0, 1999, 0.1),
            "generic:co2": (300, 5000, 1),
        },
    },
    switches={
        "dragino-lse01": INTERRUPT,
        "dragino-lsph01": INTERRUPT,
        "dragino-ldds75": {**INTERRUPT, "generic_flag:sensor_detected": [True]},
        "dragino-lds12": {**INTERRUPT, "generic_flag:interrupt_level": [True, False]},
        "dragino-wsc1-l": {"generic_text:wind_sector": ["N", "ENE", "NNW"]},
    },
)
