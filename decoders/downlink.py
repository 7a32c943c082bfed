"""`Command`: one downlink of a device as data: a name, typed parameters, a port and where the values lie in the frame.

A command has the same name, parameter names and units on all devices that know it; times are in seconds, lengths in mm.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from decoders.parameter import Argument, BadArgument, DownlinkError, Parameter

Raw = Mapping[str, list[int]]
"""The frame's whole numbers by parameter name; a parameter that was not given and has no default is missing."""


class Part(Protocol):
    """A piece of a frame."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it needs, in order."""

    def build(self, raw: Raw) -> bytes:
        """Its bytes."""


@dataclass(frozen=True, slots=True)
class Given:
    """A bit that says whether an optional parameter was given."""

    parameter: Parameter

    def value(self, raw: Raw) -> int:
        """1 when it was given."""
        return int(self.parameter.name in raw)


@dataclass(frozen=True, slots=True)
class Value:
    """The number of a parameter, 0 when it was not given."""

    parameter: Parameter

    def value(self, raw: Raw) -> int:
        """The raw number."""
        return raw.get(self.parameter.name, [0])[0]


class Bits:
    """A number of `size` bytes, made of `base` and of parameters with the place of their lowest bit."""

    def __init__(
        self,
        size: int,
        *fields: tuple[Parameter | Given, int],
        base: int = 0,
        order: Literal["big", "little"] = "big",
    ) -> None:
        self.size = size
        self.base = base
        self.order = order
        self.fields = tuple((f if isinstance(f, Given) else Value(f), shift) for f, shift in fields)
        self.parameters: tuple[Parameter, ...] = tuple(field.parameter for field, _ in self.fields)

    def build(self, raw: Raw) -> bytes:
        """The number, in two's complement when negative."""
        total = self.base + sum(field.value(raw) << shift for field, shift in self.fields)
        return total.to_bytes(self.size, self.order, signed=total < 0)


def be(size: int, parameter: Parameter) -> Bits:
    """One parameter, big endian."""
    return Bits(size, (parameter, 0))


def le(size: int, parameter: Parameter) -> Bits:
    """One parameter, little endian."""
    return Bits(size, (parameter, 0), order="little")


class Made:
    """Bytes that only a function can make of the raw numbers."""

    def __init__(self, make: Callable[[Raw], bytes], *parameters: Parameter) -> None:
        self.make = make
        self.parameters: tuple[Parameter, ...] = parameters

    def build(self, raw: Raw) -> bytes:
        """What the function makes."""
        return self.make(raw)


class Frame:
    """Port and parts of a downlink; texts are hexadecimal constants. `finish` wraps the whole: a checksum, a length."""

    def __init__(self, f_port: int, *parts: str | Part, finish: Callable[[bytes], bytes] = bytes) -> None:
        self.f_port = f_port
        self.parts = tuple(bytes.fromhex(part) if isinstance(part, str) else part for part in parts)
        self.finish = finish
        found = [p for part in self.parts if not isinstance(part, bytes) for p in part.parameters]
        self.parameters: tuple[Parameter, ...] = tuple({p.name: p for p in found}.values())

    def build(self, raw: Raw) -> bytes:
        """The payload."""
        return self.finish(b"".join(part if isinstance(part, bytes) else part.build(raw) for part in self.parts))


@dataclass(frozen=True, slots=True)
class Command:
    """One downlink. `note` is what must be known before sending it: hardware, what is not verified, what it undoes.

    With `limits` it opens a valve: at least one of these parameters must be given, unless the caller says `unlimited`;
    then `endless` is the frame, where the format has one of its own. `any_port`: devices whose port can be set.
    `ordered` names two parameters of which the first must not be the greater one.
    """

    name: str
    meaning: str
    frame: Frame
    note: str = ""
    limits: tuple[str, ...] = ()
    endless: Frame | None = None
    any_port: bool = False
    ordered: tuple[str, str] | None = None

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What can be given, in the frame's order."""
        return self.frame.parameters

    def encode(
        self,
        device_id: str,
        arguments: Mapping[str, Argument | None],
        *,
        unlimited: bool = False,
        f_port: int | None = None,
    ) -> tuple[int, bytes]:
        """Port and payload. `f_port` replaces the usual port where a device's can be set. DownlinkError."""
        where = f"{device_id} {self.name}"
        # A null in a JSON request is no value: were it taken for one, a null limit would open a valve for ever.
        given = {name: value for name, value in arguments.items() if value is not None}
        frame = self._frame(where, given, unlimited)
        raw = self._raw(where, given, frame)
        return self._port(where, frame, f_port), frame.build(raw)

    def _frame(self, where: str, arguments: Mapping[str, Argument], unlimited: bool) -> Frame:
        limited = any(name in arguments for name in self.limits)
        names = " or ".join(f"{name}=" for name in self.limits)
        if self.limits and not limited and not unlimited:
            detail = "the valve would stay open until somebody closes it"
            raise DownlinkError("no_limit", where, detail, f"give {names}, or --unlimited if that is meant")
        if unlimited and (limited or not self.limits):
            detail = "--unlimited contradicts the limit" if limited else "there is no limit that --unlimited could lift"
            raise DownlinkError("bad_value", where, detail, "leave one of them out" if limited else "leave it out")
        return self.endless if unlimited and self.endless is not None else self.frame

    def _raw(self, where: str, arguments: Mapping[str, Argument], frame: Frame) -> Raw:
        known = {parameter.name: parameter for parameter in frame.parameters}
        for name in arguments:
            if name not in known:
                remedy = "it has " + (", ".join(known) or "no parameters")
                raise DownlinkError("unknown_parameter", where, f"there is no parameter {name!r}", remedy)
        raw: dict[str, list[int]] = {}
        for name, parameter in known.items():
            value = arguments.get(name, parameter.default)
            if value is not None:
                raw[name] = _checked(f"{where} {name}", parameter, value)
            elif not parameter.optional and name not in self.limits:
                detail, remedy = f"{name} is missing", f"give {name}={parameter.sample} or so, {parameter.range_text}"
                raise DownlinkError("missing_parameter", where, detail, remedy)
        if self.ordered is not None and raw[self.ordered[0]] > raw[self.ordered[1]]:
            first, second = self.ordered
            raise DownlinkError("out_of_range", where, f"{first} is greater than {second}", "exchange them")
        return raw

    def _port(self, where: str, frame: Frame, f_port: int | None) -> int:
        if f_port is None or f_port == frame.f_port:
            return frame.f_port
        if not self.any_port or not 1 <= f_port <= 223:
            allowed = "any port from 1 to 223" if self.any_port else f"port {frame.f_port} only"
            raise DownlinkError("bad_port", where, f"{f_port} is no port for it", f"it goes to {allowed}")
        return f_port


def _checked(where: str, parameter: Parameter, value: Argument) -> list[int]:
    raw = parameter.raw(value)
    if isinstance(raw, BadArgument):
        raise DownlinkError(raw.reason, where, raw.detail, raw.remedy)
    return raw


def describe(command: Command) -> dict[str, Any]:
    """What an operator must know of a command, JSON-ready; what doesn't apply is left out."""
    document = {
        "command": command.name,
        "meaning": command.meaning,
        "note": command.note,
        "f_port": command.frame.f_port,
        "any_port": command.any_port,
        "needs_one_of": list(command.limits),
        "parameters": [_describe(parameter, command) for parameter in command.parameters],
    }
    return {key: value for key, value in document.items() if value}


def _describe(parameter: Parameter, command: Command) -> dict[str, Any]:
    limiting = parameter.name in command.limits
    document = {
        "name": parameter.name,
        "meaning": parameter.meaning,
        "kind": parameter.kind,
        "range": parameter.range_text,
        "unit": parameter.unit or None,
        "default": parameter.default,
        "required": (parameter.default is None and not parameter.optional and not limiting) or None,
        "example": parameter.sample if parameter.default is None else None,
    }
    return {key: value for key, value in document.items() if value is not None}
