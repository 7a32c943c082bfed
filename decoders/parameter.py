"""`Parameter`: one value that an operator gives a command; as text or as a number, checked against its range."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

Argument = int | float | bool | str
ParameterKind = Literal["number", "choice", "numbers", "time"]

DOWNLINK_REASONS = frozenset(
    {
        "unknown_device",
        "unknown_command",
        "unknown_parameter",
        "missing_parameter",
        "bad_value",
        "out_of_range",
        "no_limit",
        "bad_port",
    }
)

SWITCH: Mapping[str, int] = MappingProxyType({"off": 0, "on": 1})
_SWITCH_WORDS = {"false": "off", "true": "on", "no": "off", "yes": "on", "0": "off", "1": "on"}
LAST_SECOND = 0xFFFF_FFFF
"""The last Unix second that 32 bits hold, in the year 2106."""


class DownlinkError(Exception):
    """A command that can't be encoded: `reason` of `DOWNLINK_REASONS`, `where` (device, command, parameter), `detail`
    what is wrong there, `remedy` how to put it right. The text holds all but the reason, in one line."""

    def __init__(self, reason: str, where: str, detail: str, remedy: str) -> None:
        super().__init__(f"{where}: {detail}; {remedy}")
        self.reason = reason
        self.where = where
        self.detail = detail
        self.remedy = remedy


class BadArgument(Struct, frozen=True):
    """Why a value is refused, before anybody knows of which device's command it was."""

    reason: str
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value of a command. `low`, `high`, `step`, `default` are in `unit`; the frame holds value / step.

    Kinds: `number`; `choice` (a word of `choices`); `numbers` (several whole numbers, `1,2,3`); `time` (Unix seconds,
    or RFC 3339 with an offset). One without a `default` must be given, unless it is `optional`: then it is 0 in the
    frame. `example` is a good value for the documentation where there is no default.
    """

    name: str
    meaning: str
    kind: ParameterKind = "number"
    low: float = 0
    high: float = 0
    unit: str = ""
    step: float = 1
    choices: Mapping[str, int] = field(default_factory=dict)
    default: Argument | None = None
    optional: bool = False
    example: Argument | None = None

    @property
    def sample(self) -> Argument:
        """A value that is good: the default, the example, the first choice or the lowest number."""
        if self.default is not None:
            return self.default
        if self.example is not None:
            return self.example
        if self.kind == "choice":
            return next(iter(self.choices))
        return _plain(self.low) if self.kind != "numbers" else str(int(self.low))

    def raw(self, value: Argument) -> list[int] | BadArgument:
        """The frame's whole numbers for a value (one, but for kind `numbers`), or why there are none."""
        if self.kind == "choice":
            return self._choice(value)
        if self.kind == "numbers":
            return self._several(value)
        number = _moment(value) if self.kind == "time" else _number(value)
        if number is None:
            wanted = "a time as 2026-05-01T06:00:00Z or Unix seconds" if self.kind == "time" else "a number"
            return BadArgument("bad_value", f"{value!r} is no {self.kind}", f"write {wanted}, {self.range_text}")
        return self._one(number)

    @property
    def range_text(self) -> str:
        """`60 to 64800 s`, as messages and lists say it."""
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "time":
            return "up to the year 2106"
        step = "" if self.step == 1 else f" in steps of {_plain(self.step)}"
        return f"{_plain(self.low)} to {_plain(self.high)}{f' {self.unit}' if self.unit else ''}{step}"

    def _one(self, number: float) -> list[int] | BadArgument:
        if not self.low <= number <= self.high:
            text = f"{_plain(number)} is out of range"
            return BadArgument("out_of_range", text, f"give {self.range_text}")
        raw = number / self.step
        if abs(raw - round(raw)) > 1e-6:
            return BadArgument("bad_value", f"{_plain(number)} lies between two steps", f"give {self.range_text}")
        return [round(raw)]

    def _several(self, value: Argument) -> list[int] | BadArgument:
        numbers = []
        for word in str(value).split(","):
            number = _number(word.strip())
            if number is None:
                return BadArgument("bad_value", f"{word!r} is no number", f"write 1,2,3: each {self.range_text}")
            one = self._one(number)
            if isinstance(one, BadArgument):
                return one
            numbers += one
        return numbers

    def _choice(self, value: Argument) -> list[int] | BadArgument:
        word = str(value).strip().lower()
        if self.choices is SWITCH:
            word = _SWITCH_WORDS.get(word, word)
        if word not in self.choices:
            return BadArgument("bad_value", f"{value!r} is none of its values", f"give {self.range_text}")
        return [self.choices[word]]


def number(
    name: str,
    meaning: str,
    low: float,
    high: float,
    unit: str = "",
    *,
    step: float = 1,
    default: Argument | None = None,
    optional: bool = False,
    example: Argument | None = None,
) -> Parameter:
    """A number between `low` and `high`, both allowed; `step` is what one count of the frame is worth."""
    return Parameter(
        name,
        meaning,
        low=low,
        high=high,
        unit=unit,
        step=step,
        default=default,
        optional=optional,
        example=example,
    )


def choice(name: str, meaning: str, choices: Mapping[str, int], default: str | None = None) -> Parameter:
    """One of several words, with what the frame holds for each."""
    return Parameter(name, meaning, "choice", choices=MappingProxyType(dict(choices)), default=default)


def switch(name: str, meaning: str, default: str | None = None) -> Parameter:
    """`on` or `off`; `true`, `yes`, `1` and their opposites are understood."""
    return Parameter(name, meaning, "choice", choices=SWITCH, default=default)


def moment(name: str, meaning: str) -> Parameter:
    """A time to the second."""
    return Parameter(name, meaning, "time", high=LAST_SECOND, unit="s since 1970", example="2026-05-01T06:00:00Z")


def numbers(name: str, meaning: str, low: int, high: int, example: str) -> Parameter:
    """Several whole numbers, separated by commas."""
    return Parameter(name, meaning, "numbers", low=low, high=high, example=example)


def _number(value: Argument) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _moment(value: Argument) -> float | None:
    if not isinstance(value, str) or re.fullmatch(r"\d+", value):
        return _number(value)
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if when.tzinfo is None else float(math.floor(when.timestamp()))


def _plain(value: float) -> int | float:
    return int(value) if value == int(value) else value
