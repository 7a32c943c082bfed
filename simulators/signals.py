"""What the sensors of the city measure: endless, seeded streams of (time, values); times are Unix seconds of the city.

Values are keyed for `decoders.registry.encode`. Physics is simple on purpose, yet what a dashboard or rule looks for
happens: bins fill by day and are emptied in the morning, rain wets the soil and gardeners help, cars come and go.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from random import Random

from simulators.fleet import Container, Sensor

HOUR_S = 3600.0
DAY_S = 86_400.0
Values = dict[str, float | bool | str]
Stream = Iterator[tuple[float, Values]]

BIN_PERIOD_S = 600.0
SOIL_PERIOD_S = 1_200.0
WEATHER_PERIOD_S = 600.0
HEARTBEAT_S = 12 * HOUR_S
FIRST_UPLINK_S = 20.0
"""Every device sends within so many seconds after it joined."""


def hour_of_day(time_s: float) -> float:
    """Hours since midnight (UTC), 0 to 24."""
    return time_s % DAY_S / HOUR_S


def air_temperature(seed: int, time_s: float) -> float:
    """Air temperature of the city in degC: a warm season, a warm afternoon, and each day's own offset."""
    season = 9 * math.sin((time_s / DAY_S - 110) / 365.25 * 2 * math.pi)
    day = 5 * math.sin((hour_of_day(time_s) - 9) / 24 * 2 * math.pi)
    return 11 + season + day + _day(seed, int(time_s // DAY_S))[0]


def rain_intensity(seed: int, time_s: float) -> float:
    """Rain over the city in mm/h: on about every third day one shower."""
    _, begin, end, intensity = _day(seed, int(time_s // DAY_S))
    return intensity if begin <= hour_of_day(time_s) < end else 0.0


@lru_cache(maxsize=4096)
def _day(seed: int, day: int) -> tuple[float, float, float, float]:
    chance = Random(f"weather {seed} {day}")
    offset, begin = chance.gauss(0, 2), chance.uniform(0, 20)
    wet = chance.random() < 0.35
    return offset, begin, begin + chance.uniform(1, 4) if wet else begin, chance.uniform(0.5, 6)


def bin_stream(seed: int, chance: Random, start_s: float, container: Container) -> Stream:
    """A bin seen from above: fills with the day's life, is emptied at six; full and emptied bins send alarm frames."""
    fill, full = chance.uniform(0.05, 0.75), False
    per_hour = chance.uniform(0.008, 0.035)
    battery_level, battery_due = chance.uniform(70, 100), start_s
    now = start_s + chance.uniform(0, FIRST_UPLINK_S)
    while True:
        temperature = air_temperature(seed, now) + 2 + chance.gauss(0, 0.5)
        distance = _distance(chance, container, fill)
        values: Values = {"device_temperature": temperature, "distance": distance, "tilt_alarm": False}
        if now >= battery_due:
            battery_level, battery_due = max(battery_level - 0.02, 1), battery_due + 6 * HOUR_S
            values["battery_level"] = battery_level
        yield now, values
        if (fill > 0.8) != full:
            full = fill > 0.8
            yield now + 2, {"distance": distance, "event:distance": "alarm" if full else "alarm_release"}
        later = now + BIN_PERIOD_S + chance.uniform(-5, 5)
        fill = min(fill + per_hour * _busy(later) * chance.expovariate(1.0) * (later - now) / HOUR_S, 1.0)
        if _passes(now, later, 6.0) and (fill > 0.5 or chance.random() < 0.3):
            fill = chance.uniform(0.0, 0.03)
        now = later


def _distance(chance: Random, container: Container, fill: float) -> float:
    surface = container.empty_mm - fill * (container.empty_mm - container.full_mm)
    return max(surface + chance.gauss(0, 6), container.blind_zone_mm)


def _busy(time_s: float) -> float:
    """How lively the city is: about 1 on average over the day, little at night."""
    return 1 + 0.9 * math.sin((hour_of_day(time_s) - 8) / 24 * 2 * math.pi)


def _passes(before_s: float, after_s: float, hour: float) -> bool:
    return (before_s - hour * HOUR_S) // DAY_S != (after_s - hour * HOUR_S) // DAY_S


def soil_stream(seed: int, chance: Random, start_s: float, with_interrupt: bool) -> Stream:
    """A bed: dries by evaporation, is wetted by rain and, below 14 %, by the gardeners in the evening."""
    moisture, battery = chance.uniform(15, 32), chance.uniform(3.2, 3.6)
    now = start_s + chance.uniform(0, FIRST_UPLINK_S)
    while True:
        values: Values = {
            "battery_voltage": battery,
            "soil_moisture_vwc": moisture + chance.gauss(0, 0.15),
            "soil_temperature": air_temperature(seed, now - 4 * HOUR_S) * 0.7 + 4 + chance.gauss(0, 0.1),
            "soil_ec": max(8 * moisture + chance.gauss(0, 3), 0),
        }
        yield now, values | ({"interrupt": False} if with_interrupt else {})
        later = now + SOIL_PERIOD_S + chance.uniform(-5, 5)
        hours = (later - now) / HOUR_S
        warmth = max(air_temperature(seed, later), 0) / 20
        moisture -= (moisture - 6) * 0.006 * warmth * hours
        moisture += 0.9 * rain_intensity(seed, later) * hours
        if moisture < 14 and _passes(now, later, 20.0):
            moisture += chance.uniform(8, 14)
        moisture, battery, now = min(moisture, 45), max(battery - 1e-6, 2.5), later


def bay_stream(seed: int, chance: Random, start_s: float) -> Stream:
    """A parking bay: a start-up frame, a frame at each change, a heartbeat twice a day."""
    occupied = chance.random() < 0.5
    now = start_s + chance.uniform(0, FIRST_UPLINK_S)
    yield (
        now,
        {
            "event": "startup",
            "firmware_version": "0.29.2",
            "generic_text:reset_cause": "power on",
            "occupied": occupied,
        },
    )
    change, heartbeat = now + _stay(chance, now, occupied), now + HEARTBEAT_S
    while True:
        now = min(change, heartbeat)
        if change <= heartbeat:
            occupied = not occupied
            yield now, {"occupied": occupied}
            change = now + _stay(chance, now, occupied)
        else:
            temperature = air_temperature(seed, now) + chance.gauss(1, 1)
            yield now, {"event": "heartbeat", "occupied": occupied, "device_temperature": temperature}
            heartbeat += HEARTBEAT_S


def _stay(chance: Random, now: float, occupied: bool) -> float:
    mean_s = 55 * 60 if occupied else 25 * 60 / max(_busy(now), 0.1)
    return 30 + chance.expovariate(1 / mean_s)


def weather_stream(seed: int, chance: Random, start_s: float) -> Stream:
    """A small weather station that speaks Cayenne LPP: channels 1 to 4."""
    now = start_s + chance.uniform(0, FIRST_UPLINK_S)
    while True:
        temperature, rain = air_temperature(seed, now), rain_intensity(seed, now)
        humidity = min(max(78 - 1.6 * (temperature - 10) + (18 if rain else 0) + chance.gauss(0, 1), 5), 100)
        pressure = 1013 - (8 if rain else 0) + 4 * math.sin(now / (5 * DAY_S)) + chance.gauss(0, 0.2)
        light = max(math.sin((hour_of_day(now) - 6) / 12 * math.pi), 0) * (9_000 if rain else 42_000)
        yield (
            now,
            {
                "air_temperature:1": temperature + chance.gauss(0, 0.1),
                "relative_humidity:2": humidity,
                "air_pressure:3": pressure,
                "illuminance:4": light,
                "generic:analog_input_5": rain,
            },
        )
        now += WEATHER_PERIOD_S


def stream_of(sensor: Sensor, seed: int, start_s: float) -> Stream:
    """The sensor's own stream from a start time on: the same arguments give the same stream."""
    chance = Random(f"signal {seed} {sensor.dev_eui}")
    if sensor.container is not None:
        return bin_stream(seed, chance, start_s, sensor.container)
    return _STREAMS[sensor.decoder](seed, chance, start_s)


_STREAMS: Mapping[str, Callable[[int, Random, float], Stream]] = {
    "dragino-lse01": lambda seed, chance, start_s: soil_stream(seed, chance, start_s, with_interrupt=True),
    "decentlab-dl-trs12": lambda seed, chance, start_s: soil_stream(seed, chance, start_s, with_interrupt=False),
    "bosch-tps110": bay_stream,
    "cayenne-lpp": weather_stream,
}
