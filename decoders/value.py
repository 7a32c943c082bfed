"""What a decoder gives back: `DecodedValue`s with warnings, or a `DecodeError` with a reason from a closed list."""

from typing import Literal

from msgspec import Struct

Quality = Literal[
    "ok", "sensor_error", "out_of_range", "blind_zone", "no_target", "not_available", "device_reported_error"
]  # fmt: skip

DECODE_REASONS = frozenset(
    {"unknown_device", "unknown_port", "empty", "too_short", "too_long", "bad_payload", "no_payload_codec"}
)


class DecodeError(Exception):
    """A payload that can't be decoded. `reason` is one of `DECODE_REASONS` (a metric label); `detail` is for people."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class DecodedValue(Struct, frozen=True, gc=False):
    """One value of one quantity (`decoders.vocabulary`), in that quantity's unit."""

    quantity: str
    value: float | bool | str | None
    """None only when `quality` says why there is none; a sentinel never becomes a number."""
    channel: str = ""
    """Tells several sources of one quantity apart: valve number, depth level, Cayenne LPP channel, generic key."""
    time_ms: int | None = None
    """Unix ms of a record from the device's own log; None for the frame itself."""
    quality: Quality = "ok"


class Decoded(Struct, frozen=True):
    """All values of one payload, in payload order."""

    values: tuple[DecodedValue, ...]
    warnings: tuple[str, ...] = ()
