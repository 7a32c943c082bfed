"""Messages as ChirpStack v4 and The Things Stack v3 publish them: topics and JSON, written from their documentation."""

import base64
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

from simulators.fleet import METRES_PER_DEGREE, Gateway, Sensor

TENANT = UUID("6b1f8f0e-3c52-4d7a-9a55-0b7f2f2f9c01")
CHANNELS_HZ = (868_100_000, 868_300_000, 868_500_000, 867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000)


@dataclass(frozen=True, slots=True)
class Frame:
    """One uplink as it went over the air. `time_ms` Unix ms."""

    time_ms: int
    f_cnt: int
    f_port: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Hearing:
    """One gateway's reception: dBm and dB."""

    gateway: Gateway
    rssi: int
    snr: float


@dataclass(frozen=True, slots=True)
class Message:
    """What goes to the broker."""

    topic: str
    payload: bytes


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
    """The uplink event of the sensor's network server."""
    if sensor.lns == "tts":
        return _message(_tts_topic(sensor, "up"), _tts_up(sensor, frame, heard, chance))
    return _message(_chirpstack_topic(sensor, "up"), _chirpstack_up(sensor, frame, heard, chance))


def join(sensor: Sensor, time_ms: int, chance: Random) -> Message:
    """The join event of the sensor's network server."""
    if sensor.lns == "tts":
        accepted = {"session_key_id": _session(sensor), "received_at": zulu_time(time_ms)}
        ids = _tts_ids(sensor)
        body = {
            "end_device_ids": ids,
            "correlation_ids": [f"as:up:{_ulid(time_ms, chance)}"],
            "received_at": zulu_time(time_ms + 120),
            "join_accept": accepted,
        }
        return _message(_tts_topic(sensor, "join"), body)
    body = _chirpstack_head(sensor, time_ms, chance) | {"devAddr": _dev_addr(sensor), "regionConfigId": "eu868"}
    return _message(_chirpstack_topic(sensor, "join"), body)


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
    return _message(_chirpstack_topic(sensor, "status"), _chirpstack_head(sensor, time_ms, chance) | told)


def _message(topic: str, body: dict[str, Any]) -> Message:
    return Message(topic, json.dumps(body, separators=(",", ":")).encode())


def _chirpstack_topic(sensor: Sensor, event: str) -> str:
    return f"application/{_application(sensor)}/device/{sensor.dev_eui}/event/{event}"


def _tts_topic(sensor: Sensor, event: str) -> str:
    return f"v3/{sensor.application}@loracity/devices/{sensor.name}/{event}"


def _chirpstack_head(sensor: Sensor, time_ms: int, chance: Random) -> dict[str, Any]:
    return {
        "deduplicationId": _uuid(chance),
        "time": offset_time(time_ms),
        "deviceInfo": {
            "tenantId": str(TENANT),
            "tenantName": "City works",
            "applicationId": _application(sensor),
            "applicationName": sensor.application,
            "deviceProfileId": str(UUID(int=TENANT.int ^ sum(map(ord, sensor.decoder)) << 40)),
            "deviceProfileName": sensor.model,
            "deviceName": sensor.name,
            "devEui": sensor.dev_eui,
            "deviceClassEnabled": "CLASS_A",
            "tags": {"district": sensor.zone.district, "asset": sensor.asset},
        },
    }


def _chirpstack_up(sensor: Sensor, frame: Frame, heard: tuple[Hearing, ...], chance: Random) -> dict[str, Any]:
    return _chirpstack_head(sensor, frame.time_ms, chance) | {
        "devAddr": _dev_addr(sensor),
        "adr": True,
        "dr": 5,
        "fCnt": frame.f_cnt,
        "fPort": frame.f_port,
        "confirmed": False,
        "data": base64.b64encode(frame.payload).decode(),
        "rxInfo": [_chirpstack_rx(hearing, frame, chance) for hearing in heard],
        "txInfo": {
            "frequency": chance.choice(CHANNELS_HZ),
            "modulation": {"lora": {"bandwidth": 125_000, "spreadingFactor": 7, "codeRate": "CR_4_5"}},
        },
        "regionConfigId": "eu868",
    }


def _chirpstack_rx(hearing: Hearing, frame: Frame, chance: Random) -> dict[str, Any]:
    """One reception; fields that are zero are left out, as ChirpStack does here."""
    channel = chance.randrange(8)
    told = {
        "gatewayId": hearing.gateway.id,
        "uplinkId": chance.randrange(1, 2**32),
        "gwTime": offset_time(frame.time_ms),
        "nsTime": offset_time(frame.time_ms + 60),
        "rssi": hearing.rssi,
        "snr": hearing.snr,
        "channel": channel,
        "location": {
            "latitude": hearing.gateway.latitude,
            "longitude": hearing.gateway.longitude,
            "altitude": 20.0,
        },
        "context": base64.b64encode(chance.randbytes(4)).decode(),
        "metadata": {"region_config_id": "eu868", "region_common_name": "EU868"},
        "crcStatus": "CRC_OK",
    }
    return {name: value for name, value in told.items() if value not in (0, 0.0)}


def _tts_ids(sensor: Sensor) -> dict[str, Any]:
    return {
        "device_id": sensor.name,
        "application_ids": {"application_id": sensor.application},
        "dev_eui": sensor.dev_eui.upper(),
        "join_eui": "0000000000000000",
        "dev_addr": _dev_addr(sensor).upper(),
    }


def _tts_up(sensor: Sensor, frame: Frame, heard: tuple[Hearing, ...], chance: Random) -> dict[str, Any]:
    timestamp = frame.time_ms * 1000 % 2**32
    uplink: dict[str, Any] = {
        "session_key_id": _session(sensor),
        "f_port": frame.f_port,
        "f_cnt": frame.f_cnt,
        "frm_payload": base64.b64encode(frame.payload).decode(),
        "rx_metadata": [_tts_rx(hearing, frame, timestamp, chance) for hearing in heard],
        "settings": {
            "data_rate": {"lora": {"bandwidth": 125_000, "spreading_factor": 7, "coding_rate": "4/5"}},
            "frequency": str(chance.choice(CHANNELS_HZ)),
            "timestamp": timestamp,
            "time": zulu_time(frame.time_ms),
        },
        "received_at": zulu_time(frame.time_ms + 90),
        "consumed_airtime": "0.061696s",
        "network_ids": {"net_id": "000000", "tenant_id": "loracity", "cluster_id": "city"},
    }
    vendor, _, model = sensor.decoder.partition("-")
    uplink["version_ids"] = {"brand_id": vendor, "model_id": model, "band_id": "EU_863_870"}
    return {
        "end_device_ids": _tts_ids(sensor),
        "correlation_ids": [f"as:up:{_ulid(frame.time_ms, chance)}", f"gs:uplink:{_ulid(frame.time_ms, chance)}"],
        "received_at": zulu_time(frame.time_ms + 250),
        "uplink_message": {name: value for name, value in uplink.items() if value not in (0, "")},
    }


def _tts_rx(hearing: Hearing, frame: Frame, timestamp: int, chance: Random) -> dict[str, Any]:
    told = {
        "gateway_ids": {"gateway_id": hearing.gateway.name, "eui": hearing.gateway.id.upper()},
        "time": zulu_time(frame.time_ms),
        "timestamp": timestamp,
        "rssi": hearing.rssi,
        "channel_rssi": hearing.rssi,
        "snr": hearing.snr,
        "location": {
            "latitude": hearing.gateway.latitude,
            "longitude": hearing.gateway.longitude,
            "altitude": 20,
            "source": "SOURCE_REGISTRY",
        },
        "uplink_token": base64.b64encode(chance.randbytes(24)).decode(),
        "channel_index": chance.randrange(8),
        "received_at": zulu_time(frame.time_ms + 60),
    }
    return {name: value for name, value in told.items() if value not in (0, 0.0)}


def _application(sensor: Sensor) -> str:
    return str(UUID(int=TENANT.int ^ int.from_bytes(sensor.application.encode()) << 16))


def _dev_addr(sensor: Sensor) -> str:
    """Unique for a million devices of a kind, in the block for private networks."""
    return f"{int(sensor.dev_eui[8:10], 16) << 20 | int(sensor.dev_eui[10:], 16) & 0xFFFFF:08x}"


def _session(sensor: Sensor) -> str:
    return base64.b64encode(Random(f"session {sensor.dev_eui}").randbytes(16)).decode()


def _uuid(chance: Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))


def _ulid(time_ms: int, chance: Random) -> str:
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    number = time_ms << 80 | chance.getrandbits(80)
    return "".join(digits[number >> shift & 31] for shift in range(125, -1, -5))


def offset_time(time_ms: int) -> str:
    """RFC 3339 as ChirpStack writes it: `+00:00`, no fraction on whole seconds."""
    precision = "milliseconds" if time_ms % 1000 else "seconds"
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec=precision)


def zulu_time(time_ms: int) -> str:
    """RFC 3339 as The Things Stack writes it: `Z`."""
    return offset_time(time_ms).replace("+00:00", "Z")
