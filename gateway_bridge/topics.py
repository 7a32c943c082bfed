"""MQTT topics of the network servers: what to subscribe to, and what a message's topic says about it."""

from urllib.parse import parse_qs

_GATEWAY = ("gateway/+/event/stats", "gateway/+/state/conn")
_GATEWAY_TOPICS = tuple(prefix + topic for topic in _GATEWAY for prefix in ("", "+/"))
_CHIRPSTACK4 = ("application/+/device/+/event/+",)
_CHIRPSTACK3 = (
    *_CHIRPSTACK4,
    *(f"application/+/device/+/{event}" for event in ("rx", "status", "join", "ack", "error", "location")),
    "application/+/node/+/rx",
)
_TTS = (
    *(f"v3/+/devices/+/{event}" for event in ("up", "join", "location/solved")),
    *(f"v3/+/devices/+/down/{event}" for event in ("queued", "sent", "ack", "nack", "failed", "invalidated")),
)
_DEFAULTS: dict[str, tuple[str, ...]] = {
    "auto": (*_CHIRPSTACK4, *_GATEWAY_TOPICS, *_TTS),
    "chirpstack4": (*_CHIRPSTACK4, *_GATEWAY_TOPICS),
    "chirpstack3": (*_CHIRPSTACK3, *_GATEWAY_TOPICS),
    "chirpstack-gateway": _GATEWAY_TOPICS,
    "tts": _TTS,
    "actility": ("mqtt/things/+/uplink",),
    "multitech": ("lora/+/up", "lora/+/joined", "lorawan/+/+/+/up", "lorawan/+/+/+/joined"),
    "ttn2": ("+/devices/+/up",),
}


def default_topics(lns: str) -> tuple[str, ...]:
    """The topic filters for a server's events, without its commands; empty where operators choose the topics.

    Never `#`: The Things Stack then delivers every uplink again (`up/normalized`), ChirpStack one's own commands.
    """
    return _DEFAULTS.get(lns, ())


def event_name(topic: str) -> str:
    """The event that a topic ends in; of a webhook (`http/<connection>?event=up`) its query's `event`, else empty."""
    if topic.startswith("http/"):
        return parse_qs(topic.partition("?")[2]).get("event", [""])[-1]
    return topic.rpartition("/")[2]


def is_event_topic(topic: str) -> bool:
    """True when the topic's last level is surely an event's name: ChirpStack's pattern or a webhook with one."""
    if topic.startswith("http/"):
        return bool(event_name(topic))
    return topic.rpartition("/")[0].endswith(("/event", "/command"))


def is_command(topic: str) -> bool:
    """True for what clients send to a server: such messages are never taken for events."""
    return "/command/" in topic or topic.endswith(("/down/push", "/down/replace"))


def gateway_of(topic: str) -> tuple[str, str] | None:
    """(gateway id, event) of a gateway-side ChirpStack topic, with or without a prefix; else None."""
    if "gateway/" not in topic or topic.startswith("http/"):
        return None
    levels = topic.split("/")
    if len(levels) < 4 or levels[-4] != "gateway" or levels[-2] not in ("event", "state", "command"):
        return None
    return levels[-3], levels[-1]


def device_of(topic: str) -> str:
    """The level behind `device` or `node` in a ChirpStack topic; empty when there is none."""
    levels = topic.split("/")
    for name in ("device", "node"):
        if name in levels[:-1]:
            return levels[levels.index(name) + 1]
    return ""
