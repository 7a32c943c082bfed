"""What no single sample shows: identifiers, bounds, wire format, topics."""

import json

import pytest
from paho.mqtt.client import topic_matches_sub

from gateway_bridge.fields import base64_bytes, dev_addr, eui, hex_bytes, lora_label, number, position
from gateway_bridge.parse import MAX_MESSAGE_BYTES, parse
from gateway_bridge.protobuf import MAX_DEPTH, Field, Table, decode
from gateway_bridge.settings import Lns
from gateway_bridge.strict_json import load
from gateway_bridge.topics import default_topics, event_name, gateway_of
from gateway_bridge.uplink import BACKFILLED, EnvelopeError, Message, UplinkEvent
from tests.envelope_samples import INDEX, OWN, lns_of, read_own

NOW = 1_748_772_931_000


def refusal(payload: bytes, lns: str = "chirpstack4", topic: str = "") -> str:
    """The reason for which a message is refused."""
    with pytest.raises(EnvelopeError) as error:
        parse(Message("test", topic, payload, NOW), lns, 86400)
    return error.value.reason


@pytest.mark.parametrize(
    "spelling",
    ["0123456789abcdef", "0123456789ABCDEF", "01-23-45-67-89-AB-CD-EF", "01:23:45:67:89:ab:cd:ef", "ASNFZ4mrze8="],
)
def test_every_spelling_of_an_eui_is_the_same_device(spelling: str) -> None:
    """Case, separators and base64 don't matter."""
    assert eui(spelling) == "0123456789abcdef"


@pytest.mark.parametrize(
    "value", ["0123456789abcde", "0123456789abcdefg", "", "ASNFZ4mrzQ==", "0123456789abcde²", None, 7, []]
)
def test_what_is_no_eui(value: object) -> None:
    """15 digits, other lengths and other types are none."""
    assert eui(value) is None


def test_hex_that_is_also_base64_is_hex() -> None:
    """A 16-digit hex text is valid base64 too; it must not be read as such."""
    assert eui("aaaaaaaaaaaaaaaa") == "aaaaaaaaaaaaaaaa"
    assert dev_addr("aaaaaaaa") == "aaaaaaaa"


@pytest.mark.parametrize(
    ("value", "expected"), [("0BADCAFE", "0badcafe"), ("C63K/g==", "0badcafe"), (0x0BADCAFE, "0badcafe")]
)
def test_dev_addr(value: object, expected: str) -> None:
    """Hex, base64 of 4 bytes and numbers."""
    assert dev_addr(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("-97.0", -97.0), (5, 5), ("1e400", None), ("nan", None), ("1_0", None), ("", None), (True, None)],
)
def test_number(value: object, expected: float | None) -> None:
    """Numbers and their texts, finite only."""
    assert number(value) == expected


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        (52.1, 4.3, (52.1, 4.3)),
        (110.77, 13.5, (None, None)),
        (0, 0, (None, None)),
        (None, None, (None, None)),
        (0.0, 4.3, (0.0, 4.3)),
    ],
)
def test_position(latitude: object, longitude: object, expected: tuple[float | None, float | None]) -> None:
    """Out of range and 0/0 are unknown."""
    assert position(latitude, longitude) == expected


def test_payload_texts_are_read_strictly() -> None:
    """Nothing is skipped: a wrong character refuses the payload."""
    assert base64_bytes("AQID") == base64_bytes("AQID") == b"\1\2\3"
    assert base64_bytes("AQI") == b"\1\2"
    for text in ("AQ ID", "AQ\nID", "A", "AQID=AQI", "²²²²"):
        with pytest.raises(EnvelopeError):
            base64_bytes(text)
    for text in ("010", "0x01", "01 02", "²²"):
        with pytest.raises(EnvelopeError):
            hex_bytes(text)


def test_payloads_and_messages_are_bounded() -> None:
    """More than a frame can hold, and more than a message should, is refused as too large."""
    huge = json.dumps({"cmd": "rx", "EUI": "0123456789ABCDEF", "data": "00" * 5000}).encode()
    assert refusal(huge, "loriot") == "too_large"
    assert refusal(b"{" + b" " * MAX_MESSAGE_BYTES + b"}") == "too_large"


@pytest.mark.parametrize("lns", ["chirpstack4", "tts", "auto"])
@pytest.mark.parametrize("depth", [40, 900, 100_000])
def test_deep_nesting_is_refused(lns: str, depth: int) -> None:
    """Neither a deep message nor a deep decoded object gets in, whatever the interpreter's own limit is."""
    inner = b'{"a":' * depth + b"1" + b"}" * depth
    head = b'"deviceInfo":{"devEui":"0123456789abcdef"},"end_device_ids":{"device_id":"d"}'
    message = b"{" + head + b',"rxInfo":[],"object":' + inner + b',"uplink_message":{"decoded_payload":' + inner + b"}}"
    assert refusal(message, lns) == "bad_json"


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        (b'{"a":1,"b":{"a":2}}', False),
        (b'{"a" : 1, "b" : 2}', False),
        (b'{"a":"\\":","b":" :"}', False),
        (b'{"a":1,"a":2}', True),
        (b'{"a":1,"a" :2}', True),
        (b'{"a":1,"a"\n:2}', True),
        (b'{"a":1,"\\u0061":2}', True),
        (b'[{"b":{"a":1,"a":"\\":"}}]', True),
    ],
)
def test_doubled_names_are_found_however_they_are_written(text: bytes, twice: bool) -> None:
    """Blanks, escapes and texts that look like names neither hide a doubled name nor make one up."""
    if twice:
        with pytest.raises(EnvelopeError, match="bad_json"):
            load(text)
    else:
        assert load(text) == json.loads(text)


def test_lora_labels() -> None:
    """Hertz or kilohertz, fractions of them, or no bandwidth at all."""
    labels = [lora_label(7, 125000), lora_label(11, 125), lora_label(5, 812500), lora_label(9, 0)]
    assert labels == ["SF7BW125", "SF11BW125", "SF5BW812.5", "SF9"]


def test_backfilled_by_flag() -> None:
    """A message that was fetched later says so by its flag, and keeps its time."""
    sample, message = next(read_own(path) for path in OWN if path.stem == "chirpstack4-up")
    late = Message("test", message.topic, message.payload, message.received_ms + 90 * 86_400_000, BACKFILLED)
    (event,) = parse(late, sample["lns"], 7 * 86400)
    assert isinstance(event, UplinkEvent)
    assert (event.backfilled, event.time_source, event.time_suspect) == (True, "server", False)


TABLE: Table = {
    1: Field("n", "int"),
    2: Field("f", "float"),
    3: Field("w", "enum", words=("ZERO", "ONE")),
    4: Field("m", "message", {1: Field("a", "uint"), 2: Field("b", "uint")}),
    5: Field("s", "struct"),
    6: Field("t", "time"),
    7: Field("d", "double"),
}
DEEP: dict[int, Field] = {}
DEEP[1] = Field("m", "message", DEEP)


def test_protobuf_values() -> None:
    """Negative numbers, short floats, unknown enum numbers, merged messages, mistyped fields, the last one wins."""
    assert decode(bytes.fromhex("08fdffffffffffffffff01"), TABLE) == {"n": -3}
    assert decode(bytes.fromhex("1533331341"), TABLE) == {"f": 9.2}
    assert decode(bytes.fromhex("1801" + "1807"), TABLE) == {"w": "7"}
    assert decode(bytes.fromhex("22020801" + "22021002"), TABLE) == {"m": {"a": 1, "b": 2}}
    assert decode(bytes.fromhex("0a0131" + "f80105" + "0801" + "0802"), TABLE) == {"n": 2}


def test_protobuf_figures_that_json_has_not() -> None:
    """Infinite figures and times outside the calendar are absent, in a Struct null."""
    assert decode(bytes.fromhex("150000807f" + "39000000000000f07f" + "320a08ffffffffffffffff7f"), TABLE) == {}
    entry = bytes.fromhex("0a01781209" + "11000000000000f07f")
    assert decode(b"\x2a" + bytes([len(entry) + 2]) + b"\x0a" + bytes([len(entry)]) + entry, TABLE) == {
        "s": {"x": None}
    }


@pytest.mark.parametrize(
    "broken", ["08", "08ffffffffffffffffffff01", "0b", "0001", "2205", "1500", "0aff", "2201ff", "2a040a020aff"]
)
def test_broken_protobuf_is_refused(broken: str) -> None:
    """Cut off, endless integers, groups, field 0: a reason instead of a crash."""
    with pytest.raises(EnvelopeError, match="bad_protobuf"):
        decode(bytes.fromhex(broken), TABLE)


def test_protobuf_nesting_is_bounded() -> None:
    """A message within a message within a message ... ends at the bound."""
    data = b""
    for _ in range(MAX_DEPTH + 2):
        size, prefix = len(data), b""
        while size > 0x7F:
            prefix, size = prefix + bytes([size & 0x7F | 0x80]), size >> 7
        data = b"\x0a" + prefix + bytes([size]) + data
    with pytest.raises(EnvelopeError, match="nested deeper"):
        decode(data, DEEP)


def matches_default(lns: str, topic: str) -> bool:
    """True when the default subscriptions of a server deliver a topic."""
    return any(topic_matches_sub(pattern, topic) for pattern in default_topics(lns))


@pytest.mark.parametrize(
    ("lns", "topic", "expected"),
    [
        ("chirpstack4", "application/5d0c/device/a1b2/event/up", True),
        ("chirpstack4", "application/5d0c/device/a1b2/command/down", False),
        ("chirpstack4", "gateway/0011/event/stats", True),
        ("chirpstack4", "eu868/gateway/0011/state/conn", True),
        ("chirpstack4", "eu868/gateway/0011/event/up", False),
        ("chirpstack3", "application/17/device/a1b2/rx", True),
        ("chirpstack3", "application/17/node/a1b2/rx", True),
        ("chirpstack3", "application/17/device/a1b2/tx", False),
        ("tts", "v3/waste@city/devices/bin-17/up", True),
        ("tts", "v3/waste@city/devices/bin-17/up/normalized", False),
        ("tts", "v3/waste@city/devices/bin-17/down/nack", True),
        ("tts", "v3/waste@city/devices/bin-17/down/push", False),
        ("tts", "v3/waste@city/devices/bin-17/location/solved", True),
    ],
)
def test_default_topics(lns: str, topic: str, expected: bool) -> None:
    """Events are subscribed to, commands and doubled events aren't."""
    assert matches_default(lns, topic) is expected


@pytest.mark.parametrize("lns", ["chirpstack4", "chirpstack3", "chirpstack-gateway", "tts"])
def test_default_topics_bring_every_public_event(lns: str) -> None:
    """No recorded event that concerns us is missed by the default subscription."""
    ours = [entry for entry in INDEX if lns_of(entry) == lns and (entry["topic"] or "").count("/") > 2]
    dull = ("command-down", "gateway-up", "gateway-ack", "service-data")
    wanted = [entry["topic"] for entry in ours if entry["event"] not in dull and not entry["topic"].startswith("GET")]
    assert [topic for topic in wanted if not matches_default(lns, topic)] == []


def test_topic_words() -> None:
    """The event's name stands last or in a webhook's query; gateway topics have any prefix or none."""
    assert event_name("http/cs?x=1&event=up") == "up"
    assert event_name("http/cs") == ""
    assert gateway_of("a/b/gateway/0011/event/stats") == ("0011", "stats")
    assert gateway_of("application/gateway/device/a1b2/event/up") is None


def test_every_server_of_the_settings_has_a_parser() -> None:
    """No connection can be configured whose messages could only be refused as unknown."""
    for lns in Lns.__args__:  # type: ignore[attr-defined]
        if lns != "auto":
            assert refusal(b'{"hello":1}', lns) == "bad_envelope"
