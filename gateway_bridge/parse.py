"""From a message as it arrived to what its network server said. Pure; the only error is EnvelopeError."""

from collections.abc import Callable
from typing import Any

from gateway_bridge import (
    actility,
    chirpstack3,
    chirpstack4,
    chirpstack_gateway,
    kerlink,
    loriot,
    milesight,
    operators,
    others,
    tts,
)
from gateway_bridge.assemble import Context
from gateway_bridge.fields import eui
from gateway_bridge.strict_json import load
from gateway_bridge.topics import device_of, gateway_of
from gateway_bridge.uplink import EnvelopeError, Event, Message

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""The last bound; each connection's own `max_payload_bytes` is smaller."""

_PARSERS: dict[str, Callable[[Context], list[Event]]] = {
    "chirpstack4": chirpstack4.parse,
    "chirpstack3": chirpstack3.parse,
    "chirpstack-gateway": chirpstack_gateway.parse,
    "tts": tts.parse,
    "actility": actility.parse,
    "loriot": loriot.parse,
    "milesight": milesight.parse,
    "kerlink": kerlink.parse,
    **operators.PARSERS,
    **others.PARSERS,
}
_WITH_GATEWAYS = frozenset({"chirpstack4", "chirpstack3", "auto"})


def parse(message: Message, lns: str, max_age_s: int) -> list[Event]:
    """The events of one message from a connection whose server is `lns` ("auto": told by topic, then by content).

    `max_age_s` is how old an event time may be before it isn't believed. Events that don't concern us come as kind
    `ignored` with a code. EnvelopeError, and nothing else, when the message isn't what the connection promises.
    """
    payload = message.payload
    if len(payload) > MAX_MESSAGE_BYTES:
        raise EnvelopeError("too_large", f"{len(payload)} bytes, at most {MAX_MESSAGE_BYTES}")
    if lns in _WITH_GATEWAYS and gateway_of(message.topic) is not None:
        lns = "chirpstack-gateway"  # its own topics on the same broker
    elif lns == "auto":
        lns = detect(message)
    if not payload and lns != "chirpstack-gateway":
        raise EnvelopeError("bad_envelope", "empty message")
    parser = _PARSERS.get(lns)
    if parser is None:
        raise EnvelopeError("unknown_format", f"no parser for {lns!r}")
    return parser(Context(message, lns, max_age_s))


def detect(message: Message) -> str:
    """The server whose message this looks like. EnvelopeError unknown_format when like none, bad_json when broken."""
    if message.payload[:1] not in (b"{", b"["):
        return _detect_binary(message.topic)
    document = load(message.payload)
    if isinstance(document, list):
        if document and isinstance(document[0], dict) and "bn" in document[0]:
            return "kpn"
        raise EnvelopeError("unknown_format", "a JSON array that isn't SenML")
    if isinstance(document.get("result"), dict):
        document = document["result"]
    for lns, matches in _LOOKS:
        if matches(document):
            return lns
    raise EnvelopeError("unknown_format", f"no known server writes {', '.join(sorted(document))[:120] or 'nothing'}")


def _detect_binary(topic: str) -> str:
    """Protobuf says nothing about itself: ChirpStack v3 numbers its applications, v4 gives them UUIDs."""
    if eui(device_of(topic)) is None:
        raise EnvelopeError("unknown_format", "no JSON, and not on a ChirpStack topic")
    application = topic.partition("application/")[2].partition("/")[0]
    return "chirpstack3" if application.isdigit() else "chirpstack4"


def _is_milesight(document: dict[str, Any]) -> bool:
    if "devEUI" not in document:
        return False
    heard = document.get("rxInfo")
    return "gatewaySN" in document or (
        isinstance(heard, list) and any(isinstance(item, dict) and "mac" in item for item in heard)
    )


def _is_aws(document: dict[str, Any]) -> bool:
    metadata = document.get("Metadata")
    return "WirelessMetadata" in document or (isinstance(metadata, dict) and "LoRaWAN" in metadata)


def _is_actility(document: dict[str, Any]) -> bool:
    flat = "DevEUI" in document and "payload_hex" in document
    report = "deviceEUI" in document and "coordinates" in document
    return flat or report or any(key.startswith("DevEUI_") for key in document)


def _has(*keys: str) -> Callable[[dict[str, Any]], bool]:
    return lambda document: all(key in document for key in keys)


# The order matters: what several servers write stands behind what only one does.
_LOOKS: tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...] = (
    ("actility", _is_actility),
    ("tts", _has("end_device_ids")),
    ("chirpstack4", _has("deviceInfo")),
    ("aws", _is_aws),
    ("kerlink", _has("endDevice")),
    ("loriot", _has("cmd", "EUI")),
    ("milesight", _is_milesight),
    ("chirpstack3", lambda document: eui(document.get("devEUI")) is not None),
    ("kerlink", _has("devEui", "userdata")),
    ("tts", _has("downlinks")),
    ("chirpstack4", _has("devEui", "fPort")),
    ("chirpstack-gateway", lambda document: "gatewayId" in document or "phyPayload" in document),
    ("everynet", _has("params", "meta", "type")),
    ("firefly", _has("device", "server_data")),
    ("objenious", _has("device_properties", "protocol_data")),
    ("orbiwise", _has("deveui", "dataFrame")),
    ("multitech", _has("deveui", "gweui")),
    ("proximus", _has("DevEUI", "Fcntup")),
    ("tektelic", _has("payloadMetaData")),
    ("orange", _has("streamId", "metadata")),
    ("ttn2", _has("dev_id", "app_id")),
)
