"""Reading single fields of network-server messages, whose spellings and types differ from server to server."""

import math
from binascii import a2b_base64, unhexlify
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from gateway_bridge.uplink import EnvelopeError

MAX_FRAME_BYTES = 4096
"""No LoRaWAN frame carries more than 242 bytes; the room above is for servers that join fragments."""

_SEPARATORS = str.maketrans("", "", "-: .")
_URL_SAFE = str.maketrans("-_", "+/")

JsonObject = Mapping[str, Any]
EMPTY: JsonObject = {}


def eui(value: object) -> str | None:
    """16 lower-case hex digits from any usual spelling (case, dashes, colons, base64 of 8 bytes); else None."""
    if type(value) is str and len(value) == 16:  # the usual case, kept short
        try:
            unhexlify(value)
        except ValueError:
            return None
        return value.lower()
    return _identifier(value, 16, 12)


def dev_addr(value: object) -> str | None:
    """8 lower-case hex digits from hex, base64 of 4 bytes or a number below 2^32; None when it is none."""
    if type(value) is str and len(value) == 8 and value[-1] != "=":  # the usual case, kept short
        try:
            unhexlify(value)
        except ValueError:
            return None
        return value.lower()
    if type(value) is int:
        return f"{value:08x}" if 0 <= value < 1 << 32 else None
    return _identifier(value, 8, 8)


def _identifier(value: object, hex_digits: int, base64_digits: int) -> str | None:
    if type(value) is not str:
        return None
    if len(value) == base64_digits and value.endswith("="):
        return _from_base64(value, hex_digits)
    if len(value) != hex_digits:
        value = value.translate(_SEPARATORS)
        if len(value) != hex_digits:
            return None
    try:
        unhexlify(value)
    except ValueError:
        return None
    return value.lower()


def _from_base64(value: str, hex_digits: int) -> str | None:
    try:
        raw = a2b_base64(value, strict_mode=True)
    except ValueError:
        return None
    return raw.hex() if len(raw) * 2 == hex_digits else None


def gateway_id(value: object) -> str:
    """An EUI as 16 lower-case hex digits, any other identifier as it was given; empty for anything else."""
    return _known_gateway(value) if type(value) is str else text(value)


@lru_cache(maxsize=4096)
def _known_gateway(value: str) -> str:
    """A city's gateways are few: each spelling is read once."""
    return eui(value) or value


def text(value: object) -> str:
    """A text or number as text; empty for anything else."""
    if type(value) is str:
        return value
    return str(value) if type(value) is int else ""


def number(value: object) -> float | None:
    """A finite number from a number or its text; None for anything else."""
    if type(value) is float or type(value) is int:
        return value
    if type(value) is not str or "_" in value:
        return None
    try:
        parsed = float(value)
    except ValueError:
        return None
    return parsed if math.isfinite(parsed) else None


def integer(value: object) -> int | None:
    """A whole number of up to 64 bits from a number or its text; None for anything else."""
    parsed = number(value)
    if parsed is None or not -(1 << 63) <= parsed < 1 << 63 or (type(parsed) is float and not parsed.is_integer()):
        return None
    return int(parsed)


def percent_of_byte(value: object) -> float | None:
    """Battery percent of LoRaWAN's status byte, raw / 254; None for 0 (mains power), 255 (unknown) and absent."""
    raw = integer(value)
    return raw / 254 * 100 if raw is not None and 0 < raw < 255 else None


def flag(value: object) -> bool:
    """True for true, 1 and their texts."""
    return value is True or value == 1 or (type(value) is str and value.lower() in ("1", "true"))


def counter(value: object) -> int | None:
    """A frame counter below 2^32; None when absent. EnvelopeError when it is present but none."""
    return _bounded(value, 0xFFFFFFFF, "frame counter")


def port(value: object) -> int:
    """An FPort; 0 when absent. EnvelopeError when it is present but none."""
    return _bounded(value, 255, "FPort") or 0


def _bounded(value: object, highest: int, name: str) -> int | None:
    if value is None or value == "":
        return None
    parsed = integer(value)
    if parsed is None or not 0 <= parsed <= highest:
        raise EnvelopeError("bad_envelope", f"{name} {str(value)[:40]!r} is not a whole number up to {highest}")
    return parsed


def base64_bytes(value: object) -> bytes:
    """The bytes of a base64 text (URL-safe and unpadded accepted, nothing skipped); empty for None and "".

    EnvelopeError bad_payload_encoding when it is none, too_large beyond `MAX_FRAME_BYTES`.
    """
    if not value:
        return b""
    if type(value) is not str:
        raise EnvelopeError("bad_payload_encoding", f"payload is a {type(value).__name__}, not base64 text")
    try:
        raw = a2b_base64(value, strict_mode=True)
    except ValueError:
        raw = _loose_base64(value)
    return _frame_sized(raw)


def _loose_base64(value: str) -> bytes:
    padded = value.translate(_URL_SAFE)
    if "=" not in padded:
        padded += "=" * (-len(padded) % 4)
    try:
        return a2b_base64(padded, strict_mode=True)
    except ValueError as error:
        raise EnvelopeError("bad_payload_encoding", f"payload is not base64: {error}") from error


def hex_bytes(value: object) -> bytes:
    """The bytes of a hex text; empty for None and "". EnvelopeError as `base64_bytes`."""
    if not value:
        return b""
    if type(value) is not str:
        raise EnvelopeError("bad_payload_encoding", f"payload is a {type(value).__name__}, not hex text")
    try:
        raw = unhexlify(value)
    except ValueError as error:
        raise EnvelopeError("bad_payload_encoding", f"payload is not hex: {error}") from error
    return _frame_sized(raw)


def _frame_sized(raw: bytes) -> bytes:
    if len(raw) > MAX_FRAME_BYTES:
        raise EnvelopeError("too_large", f"FRMPayload of {len(raw)} bytes, at most {MAX_FRAME_BYTES}")
    return raw


def position(latitude: object, longitude: object) -> tuple[float | None, float | None]:
    """Degrees when both are in range and not 0/0 (which servers write for unknown), else (None, None)."""
    lat, lon = number(latitude), number(longitude)
    if lat is None:
        lat = 0.0
    if lon is None:
        lon = 0.0
    if (lat == 0 and lon == 0) or not -90 <= lat <= 90 or not -180 <= lon <= 180:
        return None, None
    return lat, lon


def hertz(value: object, per_unit: float) -> int | None:
    """Frequency in Hz of a figure in units of `per_unit` Hz; None when absent or not positive."""
    parsed = number(value)
    if parsed is None or not 0 < parsed * per_unit < 1e12:
        return None
    return round(parsed * per_unit)


@lru_cache(maxsize=256)
def lora_label(spreading_factor: int, bandwidth: float) -> str:
    """`SF7BW125`; bandwidth in Hz, or kHz below 1000, 0 when the server doesn't say (`SF7`)."""
    khz = bandwidth / 1000 if bandwidth >= 1000 else bandwidth
    return f"SF{spreading_factor}BW{khz:g}" if khz else f"SF{spreading_factor}"


def has_snr(data_rate: str | None) -> bool:
    """False for FSK and LR-FHSS: a receiver measures no signal-to-noise ratio there."""
    return data_rate is None or not data_rate.startswith(("FSK", "LRFHSS"))


def objects(value: object) -> list[JsonObject]:
    """The objects of a list, or the one object where a list of one was expected; anything else is left out."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def sub(value: JsonObject, key: str) -> JsonObject:
    """The object under `key`; empty when absent or something else."""
    found = value.get(key)
    return found if isinstance(found, dict) else EMPTY


def required(document: JsonObject, key: str) -> JsonObject:
    """The object under `key`, which makes the message what it claims to be."""
    found = document.get(key)
    if not isinstance(found, dict):
        raise EnvelopeError("bad_envelope", f"no {key}")
    return found


def first(document: JsonObject, *keys: str) -> Any:
    """The value of the first key that is there: servers renamed fields over the years."""
    return next((document[key] for key in keys if key in document), None)


def spreading_label(value: object, bandwidth: object = None) -> str | None:
    """`SF7` or `SF7BW125` of a spreading factor; None when it is none."""
    factor = integer(value)
    return lora_label(factor, number(bandwidth) or 0) if factor is not None and 5 <= factor <= 12 else None
