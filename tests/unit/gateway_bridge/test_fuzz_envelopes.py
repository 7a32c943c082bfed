"""No message, however damaged, raises anything but EnvelopeError with a reason from the closed list."""

import json
import os
from random import Random

from gateway_bridge.inspect import describe
from gateway_bridge.parse import parse
from gateway_bridge.uplink import ENVELOPE_REASONS, EnvelopeError, Message
from tests.envelope_samples import INDEX, OWN, lns_of, read_own, read_third_party
from tests.fuzz_envelopes import mutate

SEED = 20250601
ROUNDS = 100_000 if os.environ.get("LORACITY_PROOF") == "1" else 5_000


def messages() -> list[tuple[str, Message]]:
    """(lns, message) of every sample at hand."""
    own = [(sample["lns"], message) for sample, message in map(read_own, OWN)]
    public = [(lns_of(entry), read_third_party(entry, 1_748_772_931_000)) for entry in INDEX]
    return own + public


def outcome(message: Message, lns: str) -> str:
    """`events`, or the reason of the refusal; events must be printable as strict JSON in UTF-8."""
    try:
        events = parse(message, lns, 7 * 86400)
    except EnvelopeError as error:
        return error.reason
    assert events
    json.dumps([describe(event) for event in events], allow_nan=False, ensure_ascii=False).encode()
    return "events"


def test_damaged_messages_raise_nothing_else() -> None:
    """Seeded damage to every sample, read by its own parser and by content: events or a reason, both of which occur."""
    rng = Random(SEED)
    samples = messages()
    seen: dict[str, int] = {}
    for _ in range(ROUNDS):
        lns, message = rng.choice(samples)
        damaged = Message("test", message.topic, mutate(rng, message.payload), message.received_ms, message.flags)
        found = outcome(damaged, rng.choice((lns, lns, lns, "auto")))
        seen[found] = seen.get(found, 0) + 1
    print(f"seed {SEED}, {ROUNDS} damaged messages: {seen}")
    assert set(seen) <= ENVELOPE_REASONS | {"events"}
    assert set(seen) >= {"events", "bad_json", "bad_envelope", "bad_payload_encoding", "bad_protobuf"}


def test_every_parser_stands_every_sample() -> None:
    """A message on the wrong connection is refused or ignored, never a crash."""
    samples = messages()
    for lns in sorted({lns for lns, _ in samples}):
        for _, message in samples:
            outcome(message, lns)


def test_noise_as_protobuf() -> None:
    """Random bytes on a protobuf topic are refused or an event, never a crash."""
    rng = Random(SEED)
    topics = [message.topic for lns, message in messages() if lns.startswith("chirpstack") and message.topic]
    for _ in range(1_000):
        noise = rng.randbytes(rng.randrange(1, 60))
        outcome(
            Message("test", rng.choice(topics), noise, 1_748_772_931_000), rng.choice(("chirpstack4", "chirpstack3"))
        )
