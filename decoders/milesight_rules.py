"""Milesight UC51x: the echo of a rule (28 bytes): id, enabled, a condition and an action of 13 bytes each.

Source: README of the public decoders; the fields of a condition or an action depend on its type, the first byte.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from decoders.field import Field
from decoders.layout import Layout
from decoders.milesight import CONDITIONS, echo, number, switch, word
from decoders.source import Number, Text, le, u8, u16, u32

_LENGTH = 28
_CONDITION = 2
_ACTION = 15
_CONDITION_TYPE, _ACTION_TYPE = u8(_CONDITION), u8(_ACTION)
_SOURCES = {0: "always", 1: "valve 1 open", 2: "valve 2 open", 3: "valve 1 or 2 open"}
_REPEATS = {0: "monthly", 1: "daily", 2: "weekly"}
_CONDITIONS = {0: "none", 1: "time", 2: "d2d", 3: "time or pulses", 4: "pulses", 5: "pressure"}
_ACTIONS = {0: "none", 1: "emergency valve control", 2: "valve control", 3: "report"}
_REPORTS = {1: "valve 1", 2: "valve 2", 3: "custom message", 4: "threshold alarm"}


def _c(offset: int, make: Callable[[int], Number], name: str) -> Field:
    return number(f"rule_condition_{name}", le(make(_CONDITION + offset)))


def _a(offset: int, make: Callable[[int], Number], name: str) -> Field:
    return number(f"rule_action_{name}", le(make(_ACTION + offset)))


_TIME = (
    _c(1, u32, "start_time"),
    _c(5, u32, "end_time"),
    switch("rule_condition_repeat", u8(_CONDITION + 9)),
    word("rule_condition_repeat_mode", u8(_CONDITION + 10), _REPEATS),
    # Every so many days or months; weekly: a mask of days in the low byte, Monday first.
    _c(11, u16, "repeat_step"),
)
_COMMAND = Text(_CONDITION + 1, 2, lambda raw: raw[::-1].hex(), lambda text: bytes.fromhex(text)[::-1])
_CONDITION_PARTS: Mapping[int, Sequence[Field]] = {
    0: (),
    1: _TIME,
    2: (Field("generic_text", _COMMAND, channel="rule_condition_d2d_command"),),
    3: (_c(1, u8, "valve"), _c(2, u16, "duration"), _c(4, u32, "pulses")),
    4: (_c(1, u8, "valve"), _c(2, u32, "pulses")),
    5: (
        word("rule_condition_source", u8(_CONDITION + 1), _SOURCES),
        word("rule_condition_threshold", u8(_CONDITION + 2), CONDITIONS),
        _c(3, u16, "threshold_min"),
        _c(5, u16, "threshold_max"),
    ),
}
_CONTROL = (
    _a(1, u8, "valve"),
    _a(2, u8, "opening"),
    switch("rule_action_duration_rule", u8(_ACTION + 3)),
    _a(4, u32, "duration"),
    switch("rule_action_pulse_rule", u8(_ACTION + 8)),
    _a(9, u32, "pulses"),
)
_MESSAGE = Text(
    _ACTION + 2,
    8,
    lambda raw: raw.replace(b"\0", b"").decode("latin-1"),
    lambda text: text.encode("latin-1").ljust(8, b"\0"),
)
_REPORT = (
    word("rule_action_report", u8(_ACTION + 1), _REPORTS),
    Field("generic_text", _MESSAGE, channel="rule_action_message"),
    _a(11, u8, "count"),
    switch("rule_action_release_report", u8(_ACTION + 12)),
)
_ACTION_PARTS: Mapping[int, Sequence[Field]] = {0: (), 1: _CONTROL, 2: _CONTROL, 3: _REPORT}


def _rules() -> Iterator[Layout]:
    head = (number("rule_id", u8(0)), switch("rule_enable", u8(1)))
    for condition, parts in _CONDITION_PARTS.items():
        for action, more in _ACTION_PARTS.items():
            yield echo(
                "rule",
                *head,
                word("rule_condition", _CONDITION_TYPE, _CONDITIONS),
                *parts,
                word("rule_action", _ACTION_TYPE, _ACTIONS),
                *more,
                length=_LENGTH,
                when=((_CONDITION_TYPE, condition), (_ACTION_TYPE, action)),
            )
    # A kind that a newer firmware brings.
    yield echo(
        "rule",
        *head,
        number("rule_condition_type", _CONDITION_TYPE),
        number("rule_action_type", _ACTION_TYPE),
        length=_LENGTH,
        warning="a rule's condition or action has no known meaning",
    )


RULE = tuple(_rules())
"""All kinds of rules, behind `fe 53`, `fe 55` and the same with `ff`."""
