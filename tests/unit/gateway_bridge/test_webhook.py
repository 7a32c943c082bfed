"""Who may post to a webhook, and what a request becomes."""

import base64

import pytest

from gateway_bridge.settings import HttpSettings
from gateway_bridge.uplink import HTTP
from gateway_bridge.webhook import MAX_QUERY_CHARACTERS, QueryTooLong, authorised, to_message

SETTINGS = HttpSettings.model_validate({"secret": "s3cret", "header": "X-City-Key"})


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-City-Key": "s3cret"},
        {"x-city-key": "s3cret"},
        {"Authorization": "Bearer s3cret"},
        {"authorization": "bearer  s3cret"},
        {"Authorization": basic("anyone", "s3cret")},
        {"Authorization": basic("", "s3cret")},
        {"X-City-Key": "wrong", "Authorization": "Bearer s3cret"},
        {"X-City-Key": "s3cret", "Authorization": basic("a", "wrong")},
    ],
)
def test_the_secret_opens(headers: dict[str, str]) -> None:
    """In the header of the settings, as bearer token or as Basic password."""
    assert authorised(SETTINGS, "s3cret", headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-City-Key": ""},
        {"X-City-Key": "S3CRET"},
        {"X-City-Key": "s3cret "},
        {"X-City-Key": "s3cre"},
        {"X-City-Key": "\udcffs3cret"},
        {"X-Loracity-Secret": "s3cret"},
        {"Authorization": "s3cret"},
        {"Authorization": "Token s3cret"},
        {"Authorization": "Bearer"},
        {"Authorization": basic("s3cret", "")},
        {"Authorization": "Basic " + base64.b64encode(b"s3cret").decode()},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic \u00fc"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
    ],
)
def test_anything_else_stays_outside(headers: dict[str, str]) -> None:
    """Wrong, missing, elsewhere or malformed: refused, never raised."""
    assert not authorised(SETTINGS, "s3cret", headers)


@pytest.mark.parametrize(
    "headers", [{}, {"X-City-Key": ""}, {"Authorization": "Bearer "}, {"Authorization": basic("", "")}]
)
def test_an_empty_secret_opens_to_nobody(headers: dict[str, str]) -> None:
    """A secret file that was truncated must not open the door."""
    assert not authorised(SETTINGS, "", headers)


@pytest.mark.parametrize("secret", ["gr\u00fcn", "a:b", "\u65e5\u672c"])
def test_a_secret_beyond_ascii_works_as_web_servers_hand_it_over(secret: str) -> None:
    """Headers arrive decoded as ISO 8859-1, whatever the sender meant by the bytes."""
    as_received = secret.encode().decode("latin-1")
    assert authorised(SETTINGS, secret, {"X-City-Key": as_received})
    assert authorised(SETTINGS, secret, {"Authorization": f"Bearer {as_received}"})
    assert authorised(SETTINGS, secret, {"Authorization": basic("user", secret)})
    assert not authorised(SETTINGS, secret, {"X-City-Key": "gr?n"})


def test_a_request_becomes_a_message() -> None:
    """The query stays with the body: ChirpStack names the event nowhere else."""
    message = to_message("city-cs", "event=up", b'{"a":1}', 1_700_000_000_000)
    assert message.source == "city-cs"
    assert message.topic == "http/city-cs?event=up"
    assert message.payload == b'{"a":1}'
    assert message.received_ms == 1_700_000_000_000
    assert message.flags == HTTP
    assert to_message("tts", "", b"", 0).topic == "http/tts"


def test_a_query_has_a_bound() -> None:
    """The longest allowed query passes, one character more is refused."""
    assert len(to_message("c", "q" * MAX_QUERY_CHARACTERS, b"", 0).topic) == len("http/c?") + MAX_QUERY_CHARACTERS
    with pytest.raises(QueryTooLong, match="2049"):
        to_message("c", "q" * (MAX_QUERY_CHARACTERS + 1), b"", 0)
