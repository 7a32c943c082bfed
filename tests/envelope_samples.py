"""Messages of network servers as test data: the project's own, and third parties' where they are at hand."""

import json
from pathlib import Path
from typing import Any

from gateway_bridge.times import parse_time
from gateway_bridge.uplink import Message

_TESTS = Path(__file__).parent
OWN = sorted((_TESTS / "samples").glob("*.json"))
THIRD_PARTY = _TESTS.parents[1] / "shared" / "samples"
_INDEX = THIRD_PARTY / "INDEX.json"
INDEX: list[dict[str, Any]] = json.loads(_INDEX.read_text(encoding="utf-8")) if _INDEX.exists() else []
"""What each third-party message is: file, lns, event, topic. Empty where the folder beside the checkout is missing."""
_LNS = {
    "chirpstack-v4": "chirpstack4",
    "chirpstack-v3": "chirpstack3",
    "milesight-gateway": "milesight",
    "aws-iot-core": "aws",
    "kpn-things": "kpn",
    "orange-liveobjects": "orange",
    "ttn-v2": "ttn2",
}


def unix_ms(text: str) -> int:
    """Unix ms of an RFC 3339 time that is surely right."""
    ms = parse_time(text)
    assert ms is not None
    return ms


def read_own(path: Path) -> tuple[dict[str, Any], Message]:
    """A sample file of our own schema and the message that it stands for."""
    sample = json.loads(path.read_text(encoding="utf-8"))
    if "message_hex" in sample:
        payload = bytes.fromhex(sample["message_hex"])
    else:
        payload = json.dumps(sample["message"], ensure_ascii=False).encode()
    return sample, Message("test", sample["topic"], payload, unix_ms(sample["received_at"]), sample.get("flags", 0))


def read_third_party(entry: dict[str, Any], received_ms: int) -> Message:
    """The message of an entry of `INDEX`, received at `received_ms`."""
    return Message("test", entry["topic"] or "", (THIRD_PARTY / entry["file"]).read_bytes(), received_ms)


def lns_of(entry: dict[str, Any]) -> str:
    """Our name of an entry's network server."""
    name: str = entry["lns"]
    return _LNS.get(name, name)
