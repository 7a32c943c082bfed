"""Webhooks of network servers: who may post, and what a request becomes. No web framework in here.

ChirpStack, The Things Stack, Actility, Loriot and Milesight post one event per request; they differ in the body, which
is the parsers' business, and in the query (`event=up` of ChirpStack), which is kept in the topic.
"""

import base64
import hmac
from collections.abc import Mapping

from gateway_bridge.settings import HttpSettings
from gateway_bridge.uplink import HTTP, Message

MAX_QUERY_CHARACTERS = 2048


class QueryTooLong(Exception):
    """The query has more than `MAX_QUERY_CHARACTERS`; no network server sends such a one. Answer 414."""


def authorised(settings: HttpSettings, secret: str, headers: Mapping[str, str]) -> bool:
    """Whether a request may post to the connection: it carries `secret` in the header of the settings, as bearer token
    or as the password of HTTP Basic (any user name). Header names in any case; an empty secret lets nobody in."""
    if not secret:
        return False
    lower = {name.lower(): value for name, value in headers.items()}
    expected = secret.encode("utf-8", "surrogatepass")
    by_header = hmac.compare_digest(_wire(lower.get(settings.header.lower(), "")), expected)
    by_authorization = hmac.compare_digest(_credential(lower.get("authorization", "")), expected)
    return by_header or by_authorization


def to_message(connection: str, query_string: str, body: bytes, received_ms: int) -> Message:
    """A request as the journal keeps it, with topic `http/<connection>` and the query behind `?` if there is one.
    QueryTooLong when the query is no sensible one. The body's size is the server's to check before it reads it."""
    if len(query_string) > MAX_QUERY_CHARACTERS:
        raise QueryTooLong(f"query of {len(query_string)} characters, at most {MAX_QUERY_CHARACTERS}")
    topic = f"http/{connection}?{query_string}" if query_string else f"http/{connection}"
    return Message(connection, topic, bytes(body), received_ms, HTTP)


def _credential(authorization: str) -> bytes:
    """The token of `Bearer` (RFC 6750), the password of `Basic` (RFC 7617), else nothing."""
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return _wire(value.strip())
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
    except ValueError:  # also binascii.Error: not base64, or not even ASCII
        return b""


def _wire(value: str) -> bytes:
    """The bytes of a header's value: web servers decode headers as ISO 8859-1, a secret is UTF-8."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
