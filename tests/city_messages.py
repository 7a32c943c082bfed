"""Messages of network servers written for tests: small, complete, with the times that the test wants."""

import base64
import json
from typing import Any

from gateway_bridge.times import rfc3339
from gateway_bridge.uplink import Message

APPLICATION = "7c9d3b52-0a4e-4a55-9f57-4a4e5f1c2d3e"
SOURCE = "chirpstack4"


def mud(distance_mm: int, battery: int = 90, tilted: bool = False) -> bytes:
    """A Milesight EM400-MUD's payload (port 85)."""
    return bytes((0x01, 0x75, battery, 0x04, 0x82)) + distance_mm.to_bytes(2, "little") + bytes((0x05, 0x00, tilted))


def lpp(*values: tuple[int, int]) -> bytes:
    """A Cayenne LPP payload of (channel, tenths of a degree)."""
    return b"".join(bytes((channel, 0x67)) + tenths.to_bytes(2, "big", signed=True) for channel, tenths in values)


def receptions(*heard: tuple[str, int, float], time_ms: int | None = None) -> list[dict[str, Any]]:
    """ChirpStack v4 `rxInfo` of (gateway, RSSI, SNR)."""
    clock = {} if time_ms is None else {"gwTime": rfc3339(time_ms)}
    return [{"gatewayId": gateway, "rssi": rssi, "snr": snr, **clock} for gateway, rssi, snr in heard]


def _head(dev_eui: str, time_ms: int, profile: str, tags: dict[str, str]) -> dict[str, Any]:
    info = {
        "applicationId": APPLICATION, "applicationName": "city", "deviceProfileName": profile, "devEui": dev_eui,
        "deviceName": f"device {dev_eui[-2:]}", "tags": tags,
    }  # fmt: skip
    return {"deduplicationId": f"{dev_eui}-{time_ms}", "time": rfc3339(time_ms), "deviceInfo": info}


def topic(dev_eui: str, event: str = "up") -> str:
    """ChirpStack v4's (and v3's, with another application) event topic."""
    return f"application/{APPLICATION}/device/{dev_eui}/event/{event}"


def up(dev_eui: str, f_cnt: int, payload: bytes, time_ms: int, port: int = 85, **more: Any) -> Message:
    """A ChirpStack v4 uplink received half a second after `time_ms`; `profile`, `tags`, `flags`, `received_ms`, or any
    key of the event."""
    flags, received_ms = more.pop("flags", 0), more.pop("received_ms", time_ms + 500)
    body = _head(dev_eui, time_ms, more.pop("profile", "EM400"), more.pop("tags", {})) | {
        "devAddr": f"01{dev_eui[-6:]}", "dr": 5, "fCnt": f_cnt, "fPort": port, "confirmed": False,
        "data": base64.b64encode(payload).decode(),
        "rxInfo": receptions(("0016c001f153a14c", -80, 7.5)),
        "txInfo": {"frequency": 868100000, "modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 7}}},
        **more,
    }  # fmt: skip
    return Message(SOURCE, topic(dev_eui), json.dumps(body).encode(), received_ms, flags)


def network_event(dev_eui: str, event: str, time_ms: int, **more: Any) -> Message:
    """A ChirpStack v4 event that is no uplink: `join`, `status`, `log` ..."""
    body = _head(dev_eui, time_ms, "EM400", {}) | more
    return Message(SOURCE, topic(dev_eui, event), json.dumps(body).encode(), time_ms + 500)


def v3_up(dev_eui: str, f_cnt: int, payload: bytes, published_ms: int | None, port: int = 85) -> tuple[str, bytes]:
    """Topic and payload of a ChirpStack v3 uplink (JSON); without a time when `published_ms` is None."""
    body = {
        "applicationID": "17", "applicationName": "city", "deviceName": "old", "devEUI": dev_eui, "fCnt": f_cnt,
        "fPort": port, "data": base64.b64encode(payload).decode(), "rxInfo": [],
        "txInfo": {"frequency": 868100000, "dr": 5},
        **({} if published_ms is None else {"publishedAt": rfc3339(published_ms)}),
    }  # fmt: skip
    return f"application/17/device/{dev_eui}/event/up", json.dumps(body).encode()


def tts_up(dev_eui: str, f_cnt: int, payload: bytes, time_ms: int, **more: Any) -> tuple[str, bytes]:
    """Topic and payload of an uplink of The Things Stack; `more` goes beside `uplink_message`."""
    body = {
        "end_device_ids": {
            "device_id": f"bin-{dev_eui[-4:]}", "application_ids": {"application_id": "city"},
            "dev_eui": dev_eui.upper(), "dev_addr": f"26{dev_eui[-6:]}",
        },
        "received_at": rfc3339(time_ms),
        "uplink_message": {
            "session_key_id": "AYfg8rhha5n+FWx0ZaAprA==", "f_port": 85, "f_cnt": f_cnt,
            "frm_payload": base64.b64encode(payload).decode(), "received_at": rfc3339(time_ms),
            "rx_metadata": [{"gateway_ids": {"gateway_id": "roof"}, "rssi": -70, "snr": 8}],
            "settings": {"data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 7}}, "frequency": "868100000"},
        },
        **more,
    }  # fmt: skip
    return f"v3/city@ttn/devices/bin-{dev_eui[-4:]}/up", json.dumps(body).encode()
