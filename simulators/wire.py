"""Uplinks as ChirpStack v4 and v3 (`json_v3`) and The Things Stack v3 write them, from their documentation.

What never changes for a device is written once; an uplink is then one formatted text, a few microseconds.
"""

import math
from binascii import b2a_base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from simulators.fleet import Gateway, Lns, Sensor
from simulators.rfc3339 import offset_time, zulu_time

TENANT = UUID("6b1f8f0e-3c52-4d7a-9a55-0b7f2f2f9c01")
CHANNELS_HZ = (868_100_000, 868_300_000, 868_500_000, 867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000)
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BANDWIDTH_HZ = 125_000


@dataclass(frozen=True, slots=True)
class Frame:
    """One uplink as it went over the air. `time_ms` Unix ms; `late_ms`: how long it lay in a gateway before it came."""

    time_ms: int
    f_cnt: int
    f_port: int
    payload: bytes
    spreading_factor: int = 7
    late_ms: int = 0


@dataclass(frozen=True, slots=True)
class Hearing:
    """One gateway's reception: dBm and dB; how far its clock is ahead of the world's."""

    gateway: Gateway
    rssi: int
    snr: float
    clock_ahead_ms: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """What goes to the broker."""

    topic: str
    payload: bytes


class Wire:
    """One device's uplinks in the words of its network server."""

    __slots__ = ("_head", "_tail", "_write", "topic")

    def __init__(self, sensor: Sensor) -> None:
        self._write = _WRITERS[sensor.lns]
        self.topic, self._head, self._tail = _FIXED[sensor.lns](sensor)

    def up(self, frame: Frame, heard: tuple[Hearing, ...], chance: Random) -> Message:
        """The uplink event."""
        return Message(self.topic, self._write(self._head, self._tail, frame, heard, chance).encode())


Writer = Callable[[str, str, Frame, tuple[Hearing, ...], Random], str]
Fixed = Callable[[Sensor], tuple[str, str, str]]
"""Topic, and the two texts that never change."""


def dump(value: Any) -> str:
    """Compact JSON."""
    return msgspec.json.encode(value).decode()


def chirpstack_topic(sensor: Sensor, event: str) -> str:
    """The topic of an event of a ChirpStack of either version."""
    return f"application/{application(sensor)}/device/{sensor.dev_eui}/event/{event}"


def tts_topic(sensor: Sensor, event: str) -> str:
    """The topic of an event of The Things Stack."""
    return f"v3/{sensor.application}@loracity/devices/{sensor.name}/{event}"


def application(sensor: Sensor) -> str:
    """The application's id: a UUID, with version 3 a decimal number."""
    number = int.from_bytes(sensor.application.encode())
    return str(number % 1_000) if sensor.lns == "chirpstack3" else str(UUID(int=TENANT.int ^ number << 16))


def dev_addr(sensor: Sensor) -> str:
    """Unique for a million devices of a model, in the blocks for private networks."""
    return f"{int(sensor.dev_eui[8:10], 16) << 20 | int(sensor.dev_eui[10:], 16) & 0xFFFFF:08x}"


def session(sensor: Sensor) -> str:
    """The session key id of The Things Stack: the same for the device's whole life."""
    return b2a_base64(Random(f"session {sensor.dev_eui}").randbytes(16), newline=False).decode()


def device_info(sensor: Sensor) -> dict[str, Any]:
    """Who sent it, as ChirpStack v4 says in every event."""
    return {
        "tenantId": str(TENANT),
        "tenantName": "City works",
        "applicationId": application(sensor),
        "applicationName": sensor.application,
        "deviceProfileId": str(UUID(int=TENANT.int ^ sum(map(ord, sensor.decoder)) << 40)),
        "deviceProfileName": sensor.model,
        "deviceName": sensor.name,
        "devEui": sensor.dev_eui,
        "deviceClassEnabled": "CLASS_A",
        "tags": {"district": sensor.zone.district, "asset": sensor.asset},
    }


def tts_ids(sensor: Sensor) -> dict[str, Any]:
    """Who sent it, as The Things Stack says in every event."""
    return {
        "device_id": sensor.name,
        "application_ids": {"application_id": sensor.application},
        "dev_eui": sensor.dev_eui.upper(),
        "join_eui": "0000000000000000",
        "dev_addr": dev_addr(sensor).upper(),
    }


@lru_cache(maxsize=2048)
def airtime_s(spreading_factor: int, size: int) -> float:
    """Seconds on air of a payload of so many bytes: Semtech AN1200.13 with LoRaWAN's 13 bytes of overhead."""
    symbol: float = 2**spreading_factor / _BANDWIDTH_HZ
    slow = 1 if spreading_factor >= 11 else 0
    bits = 8 * (size + 13) - 4 * spreading_factor + 28 + 16
    blocks = max(math.ceil(bits / (4 * (spreading_factor - 2 * slow))) * 5, 0)
    return round((8 + 4.25 + 8 + blocks) * symbol, 6)


def uuid_text(number: int) -> str:
    """128 random bits as a UUID of version 4."""
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"


_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


@lru_cache(maxsize=65_536)
def _ulid_tail(number: int) -> str:
    return "".join(_DIGITS[number >> shift & 31] for shift in (15, 10, 5, 0))


def ulid(time_ms: int, number: int) -> str:
    """26 digits: 48 bits of time and 80 of chance."""
    whole = (time_ms << 80 | number & (1 << 80) - 1) << 10  # 130 bits, of which the last ten are cut off again
    parts = (whole >> shift & 0xFFFFF for shift in range(120, -1, -20))
    return "".join(map(_ulid_tail, parts))[2:28]


def _chirpstack4_fixed(sensor: Sensor) -> tuple[str, str, str]:
    head = f'"deviceInfo":{dump(device_info(sensor))},"devAddr":"{dev_addr(sensor)}","adr":true,"dr":'
    return chirpstack_topic(sensor, "up"), head, ""


def _chirpstack4(head: str, _: str, frame: Frame, heard: tuple[Hearing, ...], chance: Random) -> str:
    number, channel = chance.getrandbits(128), chance.getrandbits(3)
    time = offset_time(frame.time_ms + heard[0].clock_ahead_ms)
    receptions = ",".join(_chirpstack4_rx(hearing, frame, number >> n, channel) for n, hearing in enumerate(heard))
    return (
        f'{{"deduplicationId":"{uuid_text(number)}","time":"{time}",{head}{12 - frame.spreading_factor},'
        f'"fCnt":{frame.f_cnt},"fPort":{frame.f_port},"confirmed":false,"data":"{_base64(frame.payload)}",'
        f'"rxInfo":[{receptions}],"txInfo":{{"frequency":{CHANNELS_HZ[channel]},"modulation":{{"lora":{{'
        f'"bandwidth":125000,"spreadingFactor":{frame.spreading_factor},"codeRate":"CR_4_5"}}}}}},'
        f'"regionConfigId":"eu868"}}'
    )


def _chirpstack4_rx(hearing: Hearing, frame: Frame, number: int, channel: int) -> str:
    """One reception; fields that are zero are left out, as ChirpStack does here."""
    snr = f'"snr":{hearing.snr},' if hearing.snr else ""
    told_channel = f'"channel":{channel},' if channel else ""
    return (
        f'{{"gatewayId":"{hearing.gateway.id}","uplinkId":{number & 0xFFFFFFFF | 1},'
        f'"gwTime":"{offset_time(frame.time_ms + hearing.clock_ahead_ms)}",'
        f'"nsTime":"{offset_time(frame.time_ms + frame.late_ms + 60)}","rssi":{hearing.rssi},{snr}{told_channel}'
        f'{_chirpstack4_place(hearing.gateway)}"context":"{_token(number, 4)}",'
        f'"metadata":{{"region_config_id":"eu868","region_common_name":"EU868"}},"crcStatus":"CRC_OK"}}'
    )


@lru_cache(maxsize=256)
def _chirpstack4_place(gateway: Gateway) -> str:
    place = {"latitude": gateway.latitude, "longitude": gateway.longitude, "altitude": 20.0}
    return f'"location":{dump(place)},'


def _chirpstack3_fixed(sensor: Sensor) -> tuple[str, str, str]:
    names = {
        "applicationID": application(sensor),
        "applicationName": sensor.application,
        "deviceName": sensor.name,
        "deviceProfileName": sensor.model,
        "devEUI": sensor.dev_eui,
    }
    tags = dump({"district": sensor.zone.district, "asset": sensor.asset})
    return chirpstack_topic(sensor, "up"), f"{dump(names)[:-1]},", f',"tags":{tags}}}'


def _chirpstack3(head: str, tail: str, frame: Frame, heard: tuple[Hearing, ...], chance: Random) -> str:
    number, channel = chance.getrandbits(128), chance.getrandbits(3)
    receptions = ",".join(_chirpstack3_rx(hearing, frame, number >> n) for n, hearing in enumerate(heard))
    return (
        f'{head}"rxInfo":[{receptions}],"txInfo":{{"frequency":{CHANNELS_HZ[channel]},'
        f'"dr":{12 - frame.spreading_factor}}},"adr":true,"fCnt":{frame.f_cnt},"fPort":{frame.f_port},'
        f'"data":"{_base64(frame.payload)}"{tail}'
    )


def _chirpstack3_rx(hearing: Hearing, frame: Frame, number: int) -> str:
    return (
        f'{{"gatewayID":"{hearing.gateway.id}","uplinkID":"{uuid_text(number)}","name":"{hearing.gateway.name}",'
        f'"time":"{zulu_time(frame.time_ms + hearing.clock_ahead_ms)}","rssi":{hearing.rssi},'
        f'"loRaSNR":{hearing.snr},{_chirpstack4_place(hearing.gateway)[:-1]}}}'
    )


def _tts_fixed(sensor: Sensor) -> tuple[str, str, str]:
    vendor, _, model = sensor.decoder.partition("-")
    versions = {"brand_id": vendor, "model_id": model, "band_id": "EU_863_870"}
    networks = {"net_id": "000000", "tenant_id": "loracity", "cluster_id": "city"}
    head = f'{{"end_device_ids":{dump(tts_ids(sensor))},"correlation_ids":['
    tail = f',"network_ids":{dump(networks)},"version_ids":{dump(versions)}}}}}'
    return tts_topic(sensor, "up"), head + "\0" + session(sensor), tail


def _tts(head: str, tail: str, frame: Frame, heard: tuple[Hearing, ...], chance: Random) -> str:
    number, channel = chance.getrandbits(160), chance.getrandbits(3)
    start, _, session_id = head.partition("\0")
    came_ms = frame.time_ms + frame.late_ms
    time = zulu_time(frame.time_ms + heard[0].clock_ahead_ms)
    counter = f'"f_cnt":{frame.f_cnt},' if frame.f_cnt else ""
    receptions = ",".join(_tts_rx(hearing, frame, number >> n, channel) for n, hearing in enumerate(heard))
    return (
        f'{start}"as:up:{ulid(came_ms, number)}","gs:uplink:{ulid(came_ms, number >> 80)}"],'
        f'"received_at":"{zulu_time(came_ms + 250)}","uplink_message":{{"session_key_id":"{session_id}",'
        f'"f_port":{frame.f_port},{counter}"frm_payload":"{_base64(frame.payload)}","rx_metadata":[{receptions}],'
        f'"settings":{{"data_rate":{{"lora":{{"bandwidth":125000,"spreading_factor":{frame.spreading_factor},'
        f'"coding_rate":"4/5"}}}},"frequency":"{CHANNELS_HZ[channel]}","timestamp":{frame.time_ms * 1000 % 2**32},'
        f'"time":"{time}"}},"received_at":"{zulu_time(came_ms + 90)}",'
        f'"consumed_airtime":"{airtime_s(frame.spreading_factor, len(frame.payload)):.6f}s"{tail}'
    )


def _tts_rx(hearing: Hearing, frame: Frame, number: int, channel: int) -> str:
    told_channel = f'"channel_index":{channel},' if channel else ""
    snr = f'"snr":{hearing.snr},' if hearing.snr else ""
    return (
        f'{{"gateway_ids":{_tts_gateway(hearing.gateway)},"time":"{zulu_time(frame.time_ms + hearing.clock_ahead_ms)}",'
        f'"timestamp":{frame.time_ms * 1000 % 2**32},"rssi":{hearing.rssi},"channel_rssi":{hearing.rssi},{snr}'
        f'{_tts_place(hearing.gateway)}"uplink_token":"{_token(number, 18)}",{told_channel}'
        f'"received_at":"{zulu_time(frame.time_ms + frame.late_ms + 60)}"}}'
    )


@lru_cache(maxsize=256)
def _tts_gateway(gateway: Gateway) -> str:
    return dump({"gateway_id": gateway.name, "eui": gateway.id.upper()})


@lru_cache(maxsize=256)
def _tts_place(gateway: Gateway) -> str:
    place = {
        "latitude": gateway.latitude,
        "longitude": gateway.longitude,
        "altitude": 20,
        "source": "SOURCE_REGISTRY",
    }
    return f'"location":{dump(place)},'


def _base64(payload: bytes) -> str:
    return b2a_base64(payload, newline=False).decode()


def _token(number: int, size: int) -> str:
    return _base64((number & (1 << 8 * size) - 1).to_bytes(size))


_FIXED: Mapping[Lns, Fixed] = {
    "chirpstack4": _chirpstack4_fixed,
    "chirpstack3": _chirpstack3_fixed,
    "tts": _tts_fixed,
}
_WRITERS: Mapping[Lns, Writer] = {"chirpstack4": _chirpstack4, "chirpstack3": _chirpstack3, "tts": _tts}
