"""When to try again, and what a topic filter is."""

import random

import pytest

from gateway_bridge.backoff import retry_delay_s
from gateway_bridge.source import check_topic_filter


def test_delays_double_up_to_the_maximum_and_differ() -> None:
    """Between half and all of 1, 2, 4 ... seconds, never above the maximum, and not the same for everybody."""
    rng = random.Random(7)
    for attempt, ceiling in enumerate([1, 2, 4, 8, 16, 30, 30]):
        delays = [retry_delay_s(attempt, 30.0, rng) for _ in range(200)]
        assert ceiling / 2 <= min(delays) and max(delays) <= ceiling
        assert max(delays) - min(delays) > ceiling / 4
    assert 15 <= retry_delay_s(10**9, 30.0, rng) <= 30


@pytest.mark.parametrize(
    "topic", ["#", "+", "a/#", "+/gateway/+/event/stats", "/", "a//b", "$share/g/a/+", "v3/a@ttn/#"]
)
def test_filters_are_accepted(topic: str) -> None:
    """MQTT 3.1.1 section 4.7.1."""
    check_topic_filter(topic)


@pytest.mark.parametrize("topic", ["", "a#", "a/#/b", "a+/b", "+a", "a/b#", "a\0b", "x" * 65536])
def test_what_is_no_filter_is_refused_at_the_start(topic: str) -> None:
    """Before any socket opens, and by name."""
    with pytest.raises(ValueError, match="is no MQTT topic filter"):
        check_topic_filter(topic)
