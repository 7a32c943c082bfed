"""`Device`: one model of one vendor with what it speaks on each port."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from decoders.downlink import Command
from decoders.layout import Codec
from decoders.source import EncodeError
from decoders.value import Decoded, DecodedValue, DecodeError

DeviceKind = Literal["waste_bin", "soil", "valve", "weather", "parking_bay", "generic"]

APPLICATION_PORTS = range(1, 224)
"""Ports that LoRaWAN leaves to applications."""


class Device:
    """One model. `kind` is the measurement its readings belong to, `version` counts changes of what it decodes to.

    `ports` maps a port, or a range of ports for devices whose port can be set, to a codec; the first port named is the
    default, and a port named by itself goes before a range. `commands` are the downlinks that can be encoded, by name.
    """

    def __init__(
        self,
        vendor: str,
        model: str,
        *,
        name: str,
        kind: DeviceKind,
        ports: Mapping[int | range, Codec],
        version: int = 1,
        commands: Iterable[Command] = (),
    ) -> None:
        self.id = f"{vendor}-{model}"
        self.vendor = vendor
        self.model = model
        self.name = name
        self.kind = kind
        self.version = version
        self.commands = _by_name(commands)
        self.ports = _expand(ports)
        first = next(iter(ports))
        self.default_port = first if isinstance(first, int) else first[1]
        self.any_port = any(isinstance(port, range) for port in ports)
        self._distinct = tuple(
            {id(codec): (self._port(port), codec) for port, codec in reversed(list(ports.items()))}.values()
        )[::-1]

    def _port(self, port: int | range) -> int:
        return port if isinstance(port, int) else self.default_port

    def decode(self, f_port: int, payload: bytes, received_ms: int) -> Decoded:
        """All values of a payload; `received_ms` (Unix ms) judges record times. DecodeError."""
        codec = self.ports.get(f_port)
        if codec is None:
            raise DecodeError("unknown_port", f"{self.id} sends nothing on port {f_port}")
        return codec.decode(payload, received_ms)

    def encode(self, values: Sequence[DecodedValue]) -> tuple[int, bytes]:
        """Port and payload that decode to these values. EncodeError."""
        errors = []
        for port, codec in self._distinct:
            try:
                return port, codec.encode(values)
            except EncodeError as error:
                errors.append(f"port {port}: {error}")
        raise EncodeError("; ".join(errors))


def _expand(ports: Mapping[int | range, Codec]) -> dict[int, Codec]:
    single = {port: codec for port, codec in ports.items() if isinstance(port, int)}
    ranges: Iterable[tuple[range, Codec]] = [(p, codec) for p, codec in ports.items() if isinstance(p, range)]
    return {**single, **{port: codec for span, codec in ranges for port in span if port not in single}}


def _by_name(commands: Iterable[Command]) -> Mapping[str, Command]:
    """Commands by name, in their order. ValueError for a name that comes twice."""
    table: dict[str, Command] = {}
    for command in commands:
        if command.name in table:
            raise ValueError(f"two commands {command.name}")
        table[command.name] = command
    return MappingProxyType(table)
