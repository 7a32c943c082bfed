"""What `loracity decode` and `loracity encode` answer: JSON-ready dicts, of payloads one at a time or in lines."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from decoders.device import Device
from decoders.downlink import describe
from decoders.explain import Explanation, explain
from decoders.parameter import Argument
from decoders.registry import commands_of, devices, downlink
from decoders.value import Decoded, DecodeError
from decoders.vocabulary import QUANTITIES

MAX_PAYLOAD_BYTES = 1024
"""More than any LoRaWAN frame; bounds what a line can make us decode."""


def decode_to_json(device: str, f_port: int | None, hex_text: str, received_at: str | None) -> dict[str, Any]:
    """`{"decoder", "values", "warnings"}`, or `{"error": {"reason", "detail"}}`; no exception.

    `received_at`: RFC 3339, UTC when it names no zone; None is now. `f_port` None is only answered by devices that take
    any port. `time` of a value is RFC 3339 and null for the frame's own time.
    """
    try:
        return _decode(device, f_port, hex_text, received_at)
    except DecodeError as error:
        return {"error": {"reason": error.reason, "detail": error.detail}}


def explain_payload(device: str, f_port: int | None, hex_text: str, received_at: str | None) -> Explanation:
    """What became of each byte, with the arguments of `decode_to_json`. DecodeError where there is nothing to look at.

    A payload that the device refuses is explained too.
    """
    found, port = _asked(device, f_port)
    return explain(found, port, _payload(hex_text), _milliseconds(received_at))


def batch(lines: Iterable[str]) -> Iterator[str]:
    """One JSON line for each JSON line `{"id", "device", "f_port", "hex", "received_at"?}`, also for malformed ones."""
    for line in lines:
        answer = _answer(line)
        yield json.dumps(answer, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def encode_to_json(
    device: str, command: str, arguments: Mapping[str, Argument], unlimited: bool = False, f_port: int | None = None
) -> dict[str, Any]:
    """`{"device", "command", "f_port", "hex"}` of a downlink. DownlinkError."""
    port, payload = downlink(device, command, arguments, unlimited=unlimited, f_port=f_port)
    return {"device": device, "command": command, "f_port": port, "hex": payload.hex()}


def downlinks_of(device: str) -> dict[str, Any]:
    """`{"device", "commands"}`: every command with its parameters. DownlinkError `unknown_device`."""
    return {"device": device, "commands": [describe(command) for command in commands_of(device).values()]}


def _answer(line: str) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"id": None, **_error(f"not JSON: {error}")}
    if not isinstance(request, dict):
        return {"id": None, **_error("not a JSON object")}
    identity = request.get("id")
    wrong = _wrong_field(request)
    if wrong:
        return {"id": _plain(identity), **_error(wrong)}
    received_at = request.get("received_at")
    return {
        "id": _plain(identity),
        **decode_to_json(request["device"], request.get("f_port"), request["hex"], received_at),
    }


def _plain(identity: object) -> object:
    """The id as it can be given back: JSON knows no NaN."""
    try:
        json.dumps(identity, allow_nan=False)
    except (ValueError, RecursionError):
        return None
    return identity


def _wrong_field(request: dict[str, Any]) -> str | None:
    f_port, received_at = request.get("f_port"), request.get("received_at")
    if not isinstance(request.get("device"), str) or not isinstance(request.get("hex"), str):
        return "device and hex must be texts"
    if f_port is not None and (not isinstance(f_port, int) or isinstance(f_port, bool)):
        return "f_port must be a whole number or null"
    if received_at is not None and not isinstance(received_at, str):
        return "received_at must be a text"
    return None


def _error(detail: str) -> dict[str, Any]:
    return {"error": {"reason": "bad_payload", "detail": detail}}


def _asked(device_id: str, f_port: int | None) -> tuple[Device, int]:
    device = devices().get(device_id)
    if device is None:
        raise DecodeError("unknown_device", f"there is no decoder {device_id!r}")
    if f_port is None and not device.any_port:
        raise DecodeError("unknown_port", f"{device_id} needs a port")
    return device, device.default_port if f_port is None else f_port


def _decode(device_id: str, f_port: int | None, hex_text: str, received_at: str | None) -> dict[str, Any]:
    device, port = _asked(device_id, f_port)
    decoded = device.decode(port, _payload(hex_text), _milliseconds(received_at))
    return {"decoder": f"{device.id}@{device.version}", **_as_json(decoded)}


def _as_json(decoded: Decoded) -> dict[str, Any]:
    values = [
        {
            "quantity": value.quantity,
            "value": value.value,
            "unit": QUANTITIES[value.quantity].unit,
            "channel": value.channel,
            "time": _rfc3339(value.time_ms),
            "quality": value.quality,
        }
        for value in decoded.values
    ]
    return {"values": values, "warnings": list(decoded.warnings)}


def _payload(hex_text: str) -> bytes:
    digits = "".join(hex_text.split())
    digits = digits[2:] if digits[:2] in ("0x", "0X") else digits
    if len(digits) > 2 * MAX_PAYLOAD_BYTES:
        raise DecodeError("too_long", f"more than {MAX_PAYLOAD_BYTES} bytes")
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise DecodeError("bad_payload", f"not hexadecimal: {error}") from error


def _milliseconds(received_at: str | None) -> int:
    if received_at is None:
        return int(datetime.now(UTC).timestamp() * 1000)
    try:
        moment = datetime.fromisoformat(received_at)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise DecodeError("bad_payload", f"received_at: {error}") from error


def _rfc3339(time_ms: int | None) -> str | None:
    if time_ms is None:
        return None
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
