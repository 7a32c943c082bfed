"""The devices: every module of `decoders.devices` brings one `DEVICE`; nothing is registered by hand."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

import decoders.devices
from decoders.device import Device, DeviceKind
from decoders.downlink import Command
from decoders.parameter import Argument, DownlinkError
from decoders.value import Decoded, DecodedValue, DecodeError


@cache
def devices() -> Mapping[str, Device]:
    """Every device by id, in alphabetical order. TypeError for a module without `DEVICE`, ValueError for a double."""
    names = sorted(module.name for module in pkgutil.iter_modules(decoders.devices.__path__))
    found = (importlib.import_module(f"decoders.devices.{name}") for name in names)
    return by_id((module.__name__, getattr(module, "DEVICE", None)) for module in found)


def by_id(found: Iterable[tuple[str, object]]) -> Mapping[str, Device]:
    """Devices of (module name, its DEVICE) by id. TypeError for what is no Device, ValueError for a doubled id."""
    table: dict[str, Device] = {}
    for module, device in found:
        if not isinstance(device, Device):
            raise TypeError(f"{module} has no DEVICE")
        if device.id in table:
            raise ValueError(f"{module}: there is a device {device.id} already")
        table[device.id] = device
    return MappingProxyType(dict(sorted(table.items())))


def decode(device_id: str, f_port: int, payload: bytes, received_ms: int) -> Decoded:
    """All values of a payload; `received_ms` (Unix ms) judges times of logged records. DecodeError, nothing else."""
    return _device(device_id).decode(f_port, payload, received_ms)


def label(device_id: str) -> str:
    """`id@version`, as every record says by what it was decoded. DecodeError `unknown_device`."""
    device = _device(device_id)
    return f"{device.id}@{device.version}"


def kind(device_id: str) -> DeviceKind:
    """The measurement that the device's readings belong to. DecodeError `unknown_device`."""
    return _device(device_id).kind


def encode(device_id: str, values: Mapping[str, float | bool | str] | Sequence[DecodedValue]) -> tuple[int, bytes]:
    """Port and payload that decode to these values: `DecodedValue`s, or a mapping by `quantity` or `quantity:channel`.

    Values are rounded to the format's resolution. DecodeError `unknown_device`; EncodeError where there is no place.
    """
    device = _device(device_id)
    return device.encode(from_mapping(values) if isinstance(values, Mapping) else values)


def downlink(
    device_id: str,
    command: str,
    arguments: Mapping[str, Argument | None],
    *,
    unlimited: bool = False,
    f_port: int | None = None,
) -> tuple[int, bytes]:
    """Port and payload of a command with its arguments, texts or numbers. DownlinkError, nothing else.

    A valve opens only with a limit among the arguments, or when the caller says `unlimited`. `f_port` is for devices
    whose port was changed from the default.
    """
    known = commands_of(device_id)
    found = known.get(command)
    if found is None:
        remedy = _similar(command, known) + f"it knows {', '.join(known) or 'none: no downlink of it is public'}"
        raise DownlinkError("unknown_command", device_id, f"there is no command {command!r}", remedy)
    return found.encode(device_id, arguments, unlimited=unlimited, f_port=f_port)


def commands_of(device_id: str) -> Mapping[str, Command]:
    """The downlinks of a device by name. DownlinkError `unknown_device`."""
    device = devices().get(device_id)
    if device is None:
        remedy = _similar(device_id, devices()) + "the ids are in decoders/README.md"
        raise DownlinkError("unknown_device", device_id, "there is no such device", remedy)
    return device.commands


def _similar(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}? " if close else ""


def from_mapping(values: Mapping[str, float | bool | str]) -> list[DecodedValue]:
    """`DecodedValue`s of a mapping with keys `quantity` or `quantity:channel`."""
    split = ((key.partition(":"), value) for key, value in values.items())
    return [DecodedValue(quantity, value, channel) for (quantity, _, channel), value in split]


def _device(device_id: str) -> Device:
    device = devices().get(device_id)
    if device is None:
        raise DecodeError("unknown_device", f"there is no decoder {device_id!r}")
    return device
