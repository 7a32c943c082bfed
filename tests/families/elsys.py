"""What the tests know of ELSYS: its vendor names in ours, and the ranges that its payloads can say."""

from tests.families.family import Family, Row, Wanted

NAMES = {
    "temperature": ("device_temperature", 1),
    "humidity": ("relative_humidity", 1),
    "x": ("generic:acceleration_x", 1),
    "y": ("generic:acceleration_y", 1),
    "z": ("generic:acceleration_z", 1),
    "light": ("illuminance", 1),
    "motion": ("generic:motion_count", 1),
    "co2": ("generic:co2", 1),
    "vdd": ("battery_voltage", 0.001),
    "analog1": ("generic:analog_1", 1),
    "analog2": ("generic:analog_2", 1),
    "lat": ("latitude", 1),
    "long": ("longitude", 1),
    "pulse1": ("generic:pulses_1", 1),
    "pulse2": ("generic:pulses_2", 1),
    "pulseAbs": ("generic:pulses_total_1", 1),
    "pulseAbs1": ("generic:pulses_total_1", 1),
    "pulseAbs2": ("generic:pulses_total_2", 1),
    "externalTemperature": ("probe_temperature", 1),
    "externalTemperature2": ("probe_temperature:2", 1),
    "digital": ("generic:digital_1", 1),
    "digital2": ("generic:digital_2", 1),
    "distance": ("distance", 1),
    "accMotion": ("generic:acceleration_motion_count", 1),
    "irInternalTemperature": ("generic:infrared_internal_temperature", 1),
    "irExternalTemperature": ("generic:infrared_external_temperature", 1),
    "occupancy": ("generic:occupancy", 1),
    "waterleak": ("generic:water_leak", 1),
    "pressure": ("air_pressure", 1),
    "soundPeak": ("generic:sound_peak", 1),
    "soundAvg": ("generic:sound_average", 1),
    "analogUv": ("generic:analog_microvolts", 1),
    "tvoc": ("generic:tvoc", 1),
}
SETTINGS = {
    "OTA": "ota", "Port": "port", "Mode": "mode", "ACK": "confirmed", "DrDef": "data_rate_default",
    "DrMin": "data_rate_min", "DrMax": "data_rate_max", "ExtCfg": "external_config", "PirCfg": "motion_config",
    "Co2Cfg": "co2_config", "SplPer": "base_interval", "TempPer": "temperature_every", "RhPer": "humidity_every",
    "LightPer": "light_every", "PirPer": "motion_every", "Co2Per": "co2_every", "ExtPer": "external_every",
    "ExtPwrTime": "external_power_time", "TriggTime": "trigger_time", "AccPer": "acceleration_every",
    "VddPer": "battery_every", "SendPer": "send_every", "Lock": "lock", "KeyWdg": "key_watchdog",
    "PressPer": "pressure_every", "SoundPer": "sound_every", "Plan": "plan", "SubBand": "sub_band",
    "LBT": "listen_before_talk", "LedConfig": "led_config", "WaterPer": "water_every", "ReedPer": "reed_every",
    "ReedCfg": "reed_config", "QSize": "queue_size", "QOffset": "queue_offset", "QPurge": "queue_purge",
}  # fmt: skip
PARTS = {"AccCfg": "acceleration_config", "Link": "link"}
SWITCHES = {"true": 1, "false": 0}


def _settings(block: dict[str, object]) -> Wanted:
    """Each setting is acknowledged and has its number, or its bytes in hexadecimal."""
    wanted: Wanted = {}
    for name, value in block.items():
        if name == "Sensor":
            wanted["generic_text:sensor"] = value
        elif name == "Version":
            wanted["firmware_version"] = str(value)
        elif name in PARTS:
            assert isinstance(value, list)
            wanted |= {f"event:{PARTS[name]}": "config_ack", f"generic_text:{PARTS[name]}": bytes(value).hex()}
        else:
            number = SWITCHES.get(value, value) if isinstance(value, str) else value
            wanted |= {f"event:{SETTINGS[name]}": "config_ack", f"generic:{SETTINGS[name]}": number}
    return wanted


def in_our_words(row: Row) -> Wanted:
    """The battery is in volts with us; a list is a value that comes several times."""
    wanted: Wanted = {}
    for name, said in row["expected"].items():
        if name == "settings":
            wanted |= _settings(said)
            continue
        quantity, factor = NAMES[name]
        wanted[quantity] = said if isinstance(said, list) else said * factor
    return wanted


FAMILY = Family(
    {"elsys-elt": in_our_words},
    ranges={
        "elsys-elt": {
            "device_temperature": (-40, 85, 0.1),
            "relative_humidity": (0, 100, 1),
            "generic:acceleration_x": (-127, 127, 1),
            "generic:acceleration_y": (-127, 127, 1),
            "generic:acceleration_z": (-127, 127, 1),
            "battery_voltage": (2.1, 3.7, 0.001),
            "distance": (300, 10_000, 1),
            "probe_temperature": (-40, 125, 0.1),
            "latitude": (1, 90, 0.0001),
            "longitude": (-180, 180, 0.0001),
            "air_pressure": (300, 1100, 0.001),
            "generic:pulses_total_1": (0, 4_294_967_295, 1),
        }
    },
)
