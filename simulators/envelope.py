"""Events as ChirpStack v4 and v3 and The Things Stack v3 publish them, written from their documentation."""

import math
from random import Random
from typing import Any

from simulators.fleet import METRES_PER_DEGREE, Gateway, Sensor
from simulators.rfc3339 import offset_time, zulu_time
from simulators.wire import (
    Frame,
    Hearing,
    Message,
    Wire,
    application,
    chirpstack_topic,
    dev_addr,
    device_info,
    dump,
    session,
    tts_ids,
    tts_topic,
    ulid,
    uuid_text,
)

__all__ = ["Frame", "Hearing", "Message", "hearings", "join", "offset_time", "status", "up", "zulu_time"]


def hearings(sensor: Sensor, gateways: tuple[Gateway, ...], chance: Random) -> tuple[Hearing, ...]:
    """Which gateways hear the sensor now, the nearest always: loss by distance with 3 dB of fading."""
    heard: list[Hearing] = []
    for gateway in sorted(gateways, key=lambda g: _metres(sensor, g)):
        rssi = round(-28 - 30 * math.log10(max(_metres(sensor, gateway), 10)) + chance.gauss(0, 3))
        if not heard or (len(heard) < 2 and rssi > -118):
            snr = max(min(round((rssi + 122) / 3 * 4) / 4, 13.5), -19.0)
            heard.append(Hearing(gateway, max(rssi, -130), snr))
    return tuple(heard)


def _metres(sensor: Sensor, gateway: Gateway) -> float:
    north = (sensor.latitude - gateway.latitude) * METRES_PER_DEGREE
    east = (sensor.longitude - gateway.longitude) * METRES_PER_DEGREE * math.cos(math.radians(sensor.latitude))
    return math.hypot(north, east)


def up(sensor: Sensor, frame: Frame, heard: tuple[Hearing, ...], chance: Random) -> Message:
    """The uplink event of the sensor's network server. For many uplinks of a sensor keep its `Wire`."""
    return Wire(sensor).up(frame, heard, chance)


def join(sensor: Sensor, time_ms: int, chance: Random) -> Message:
    """The join event of the sensor's network server."""
    if sensor.lns == "tts":
        body = {
            "end_device_ids": tts_ids(sensor),
            "correlation_ids": [f"as:up:{ulid(time_ms, chance.getrandbits(80))}"],
            "received_at": zulu_time(time_ms + 120),
            "join_accept": {"session_key_id": session(sensor), "received_at": zulu_time(time_ms)},
        }
        return _message(tts_topic(sensor, "join"), body)
    if sensor.lns == "chirpstack3":
        return _message(chirpstack_topic(sensor, "join"), _names3(sensor) | {"devAddr": dev_addr(sensor)})
    body = _head4(sensor, time_ms, chance) | {"devAddr": dev_addr(sensor), "regionConfigId": "eu868"}
    return _message(chirpstack_topic(sensor, "join"), body)


def status(sensor: Sensor, time_ms: int, battery_percent: float, chance: Random) -> Message | None:
    """The device status event; None for The Things Stack, which has none."""
    if sensor.lns == "tts":
        return None
    told = {
        "margin": chance.randrange(4, 20),
        "externalPowerSource": False,
        "batteryLevelUnavailable": False,
        "batteryLevel": round(battery_percent / 100 * 254) / 254 * 100,
    }
    head = _names3(sensor) if sensor.lns == "chirpstack3" else _head4(sensor, time_ms, chance)
    return _message(chirpstack_topic(sensor, "status"), head | told)


def _message(topic: str, body: dict[str, Any]) -> Message:
    return Message(topic, dump(body).encode())


def _head4(sensor: Sensor, time_ms: int, chance: Random) -> dict[str, Any]:
    return {
        "deduplicationId": uuid_text(chance.getrandbits(128)),
        "time": offset_time(time_ms),
        "deviceInfo": device_info(sensor),
    }


def _names3(sensor: Sensor) -> dict[str, Any]:
    return {
        "applicationID": application(sensor),
        "applicationName": sensor.application,
        "deviceName": sensor.name,
        "devEUI": sensor.dev_eui,
        "tags": {"district": sensor.zone.district, "asset": sensor.asset},
    }
