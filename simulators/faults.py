"""Broken messages of every kind that a broker has been seen to carry; seeded, so that a failure can be repeated."""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from simulators.envelope import Message


def broken(message: Message, chance: Random) -> Message:
    """A message made from a good one that no correct reader can take for a reading of the same device."""
    return Message(message.topic, chance.choice(_KINDS)(message.payload, chance))


def _cut(payload: bytes, chance: Random) -> bytes:
    return payload[: chance.randrange(1, len(payload) - 1)]


def _noise(payload: bytes, chance: Random) -> bytes:
    return b"\xff" + chance.randbytes(chance.randrange(1, 200))


def _nothing(payload: bytes, chance: Random) -> bytes:
    return b""


def _other_json(payload: bytes, chance: Random) -> bytes:
    return chance.choice((b"[]", b"null", b"42", b'"text"', b"{}", b'{"deviceInfo":[]}', b"[" * 5_000, b"NaN"))


def _without_device(payload: bytes, chance: Random) -> bytes:
    body: dict[str, Any] = json.loads(payload)
    body.pop("deviceInfo", None)
    body.pop("end_device_ids", None)
    return json.dumps(body).encode()


def _wrong_eui(payload: bytes, chance: Random) -> bytes:
    body: dict[str, Any] = json.loads(payload)
    for ids, name in (("deviceInfo", "devEui"), ("end_device_ids", "dev_eui")):
        if ids in body:
            body[ids][name] = chance.choice(("", "xyz", 7, None, ["00"], "02c17a51"))
    body.get("end_device_ids", {}).pop("device_id", None)
    return json.dumps(body).encode()


def _bad_base64(payload: bytes, chance: Random) -> bytes:
    body: dict[str, Any] = json.loads(payload)
    wrong = chance.choice(("%%%", "A", 17, {"a": 1}))
    if "uplink_message" in body:
        body["uplink_message"]["frm_payload"] = wrong
    else:
        body["data"] = wrong
    return json.dumps(body).encode()


_KINDS: Sequence[Callable[[bytes, Random], bytes]] = (
    _cut,
    _noise,
    _nothing,
    _other_json,
    _without_device,
    _wrong_eui,
    _bad_base64,
)
