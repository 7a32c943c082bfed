"""What the tests know of Libelium: the names of the public library in ours, and what its payloads can say."""

from tests.families.family import Family, Row, Wanted

EVENTS = {"KEEP_ALIVE": "heartbeat", "START_FRAME_1": "startup", "START_FRAME_2": "startup"}


def in_our_words(row: Row) -> Wanted:
    """The kind of frame is an event and a text with us."""
    got = row["expected"]
    return {
        "occupied": {"OCCUPIED": True, "VACANT": False}[got["status"]],
        "battery_low": got["battery_low"],
        "event": EVENTS.get(got["frame_type"], "info"),
        "generic_text:frame_type": got["frame_type"].lower(),
        "generic:sequence": got["sequence"],
        "generic_text:payload": got["payload"],
    }


FAMILY = Family(
    {"libelium-parking-v2": in_our_words},
    exceptions={("libelium-parking-v2", ""): "says that no bytes are an error, which every device is tested for"},
    ranges={"libelium-parking-v2": {"generic:sequence": (0, 255, 1)}},
    switches={
        "libelium-parking-v2": {
            "occupied": [True, False],
            "battery_low": [True, False],
            "generic_text:frame_type": ["info", "keep_alive", "start_frame_1", "rtc_sync"],
            "generic_text:payload": ["010203040506070809"],
        }
    },
)
