"""Every command of every device: published downlinks are made to the byte, ranges are kept, no valve stays open."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decoders.downlink import Command, describe
from decoders.parameter import DOWNLINK_REASONS, Argument, DownlinkError, Parameter
from decoders.registry import decode, devices, downlink
from tests.families import families
from tests.families.family import Row

OWN = Path(__file__).parents[1] / "vectors" / "downlinks.json"
PUBLIC = Path(__file__).parents[3] / "shared" / "vectors"
DIALECTS = {name: dialect for family in families() for name, dialect in family.downlinks.items()}
EXCEPTIONS = {place: reason for family in families() for place, reason in family.downlink_exceptions.items()}
SPEAKER = {"decentlab-downlink": "decentlab-dl-trs12"}
"""Vector files that belong to a format, and a device that speaks it."""


def is_setting(command: Command) -> bool:
    """Milesight's settings begin with ff and come back as they went; requests (f9, fd) have answers of their own."""
    first = command.frame.parts[0]
    return isinstance(first, bytes) and first.startswith(b"\xff")


DISTINCT = {
    id(command): (device, command) for device in devices().values() for command in device.commands.values()
}.values()
"""Every command once: devices of a family share their tables."""
COMMANDS = [pytest.param(device.id, command, id=f"{device.id}-{command.name}") for device, command in DISTINCT]
PARAMETERS = [
    pytest.param(device.id, command, parameter, id=f"{device.id}-{command.name}-{parameter.name}")
    for device, command in DISTINCT
    for parameter in command.parameters
]
ECHOED = [
    pytest.param(device.id, command, id=f"{device.id}-{command.name}")
    for device, command in DISTINCT
    if device.vendor == "pepperl-fuchs" or (device.vendor == "milesight" and is_setting(command))
]
NOTHING_PUBLIC = {"dingtek-dc410", "dingtek-dc413"}
"""Their vendor's public scripts encode downlinks for the DF70x only."""
RECEIVED_MS = 1_767_225_600_000


def public_rows() -> list[tuple[str, Row]]:
    rows = []
    for path in sorted(PUBLIC.glob("*.jsonl")):
        lines = path.read_text(encoding="utf-8").splitlines()
        rows += [(path.stem, row) for row in map(json.loads, lines) if row["kind"] == "downlink-encode"]
    return rows


def arguments_of(command: Command, **changed: Argument) -> dict[str, Argument]:
    """Something good for every parameter but those that are changed."""
    return {**{p.name: p.sample for p in command.parameters}, **changed}


def refusal(device_id: str, command: str, arguments: Mapping[str, Argument | None], **how: Any) -> DownlinkError:
    with pytest.raises(DownlinkError) as caught:
        downlink(device_id, command, arguments, **how)
    assert caught.value.reason in DOWNLINK_REASONS
    return caught.value


@pytest.mark.parametrize("row", json.loads(OWN.read_text(encoding="utf-8")), ids=lambda row: row["hex"])
def test_vector(row: dict[str, Any]) -> None:
    """A command with these arguments is this payload on this port; the arguments may be texts too."""
    unlimited = row.get("unlimited", False)
    wanted = (row["f_port"], row["hex"])
    port, payload = downlink(row["device"], row["command"], row["arguments"], unlimited=unlimited)
    assert (port, payload.hex()) == wanted
    texts = {name: str(value) for name, value in row["arguments"].items()}
    port, payload = downlink(row["device"], row["command"], texts, unlimited=unlimited)
    assert (port, payload.hex()) == wanted


@pytest.mark.parametrize(("name", "row"), public_rows())
def test_public_vector(name: str, row: Row) -> None:
    """What the vendor's encoder makes, one of our commands makes too, or a reason is given why none does."""
    if (name, row["hex"]) in EXCEPTIONS:
        assert EXCEPTIONS[name, row["hex"]]
        return
    device_id = SPEAKER.get(name, name)
    command, arguments = DIALECTS[name](row)
    limits = devices()[device_id].commands[command].limits
    unlimited = bool(limits) and not any(limit in arguments for limit in limits)
    port, payload = downlink(device_id, command, arguments, unlimited=unlimited, f_port=row["fPort"])
    assert payload.hex() == row["hex"]
    assert row["fPort"] in (None, port)


@pytest.mark.parametrize(("device_id", "command"), COMMANDS)
def test_a_command_encodes_with_its_samples(device_id: str, command: Command) -> None:
    """With its defaults and examples each command makes a payload for an application port."""
    port, payload = downlink(device_id, command.name, arguments_of(command))
    assert 1 <= port <= 223
    assert 1 <= len(payload) <= 51, "the slowest data rate carries no more"


@pytest.mark.parametrize(("device_id", "command"), COMMANDS)
def test_a_command_says_what_it_is(device_id: str, command: Command) -> None:
    """Names are snake case, meanings are sentences, and the description is JSON."""
    assert command.name.replace("_", "").isalnum() and command.name == command.name.lower()
    assert command.meaning.endswith(".") and command.meaning[0].isupper()
    assert not command.note or command.note.endswith(".")
    json.dumps(describe(command), allow_nan=False)
    for parameter in command.parameters:
        assert parameter.meaning and parameter.name.replace("_", "").isalnum()


@pytest.mark.parametrize(("device_id", "command"), COMMANDS)
def test_a_missing_parameter_is_named(device_id: str, command: Command) -> None:
    """Whatever must be given is asked for by name."""
    for parameter in command.parameters:
        arguments = arguments_of(command)
        del arguments[parameter.name]
        required = next(p for p in describe(command)["parameters"] if p["name"] == parameter.name).get("required")
        if required:
            error = refusal(device_id, command.name, arguments)
            assert error.reason == "missing_parameter"
            assert parameter.name in str(error)
        elif len(command.limits) != 1:
            downlink(device_id, command.name, arguments)


@pytest.mark.parametrize(("device_id", "command", "parameter"), PARAMETERS)
def test_every_value_of_the_range_fits_and_none_beyond_it(
    device_id: str, command: Command, parameter: Parameter
) -> None:
    """Both ends of a range and all choices make different payloads; beyond them the error names the range."""
    low, high = parameter.low, parameter.high
    good: list[Argument] = list(parameter.choices) if parameter.kind == "choice" else [low, high]
    bad: list[Argument] = ["?", True] if parameter.kind == "choice" else [low - 1, high + 1, "nan", "inf", "", "x"]
    if parameter.kind == "choice" and "on" in parameter.choices:
        bad = ["?", 2]
    alone = Command(command.name, command.meaning, command.frame, limits=command.limits)
    payloads = {alone.encode(device_id, arguments_of(command, **{parameter.name: value})) for value in good}
    assert len(payloads) == len(good)
    for value in bad:
        error = refusal(device_id, command.name, arguments_of(command, **{parameter.name: value}))
        assert error.reason in ("out_of_range", "bad_value")
        assert error.where == f"{device_id} {command.name} {parameter.name}"
        assert parameter.range_text in error.remedy


@pytest.mark.parametrize(("device_id", "command"), COMMANDS)
def test_no_valve_opens_without_a_limit(device_id: str, command: Command) -> None:
    """Opening wants a limit or the word that there shall be none, and not both."""
    if command.name != "open_valve":
        assert not command.limits
        return
    assert command.limits
    arguments = arguments_of(command)
    without = {name: value for name, value in arguments.items() if name not in command.limits}
    error = refusal(device_id, command.name, without)
    assert error.reason == "no_limit"
    assert "--unlimited" in error.remedy and all(limit in error.remedy for limit in command.limits)
    assert refusal(device_id, command.name, arguments, unlimited=True).reason == "bad_value"
    for limit in command.limits:
        downlink(device_id, command.name, {**without, limit: arguments[limit]})


def test_every_valve_that_can_be_opened_can_be_closed() -> None:
    """Whoever may open must be able to close, and closing needs no more than to say which valve."""
    for device in devices().values():
        assert ("open_valve" in device.commands) == ("close_valve" in device.commands)
        if "close_valve" in device.commands:
            parameters = describe(device.commands["close_valve"]).get("parameters", [])
            assert [p["name"] for p in parameters if p.get("required")] in ([], ["valve"])


def test_all_devices_of_a_vendor_with_downlinks_have_some() -> None:
    """A device file that forgets its table of commands is noticed."""
    vendors = {device.vendor for device in devices().values() if device.commands}
    assert {"milesight", "decentlab", "dragino", "dingtek", "elsys", "strega", "tekzitel", "pepperl-fuchs"} <= vendors
    bare = {device.id for device in devices().values() if device.vendor in vendors and not device.commands}
    assert bare <= NOTHING_PUBLIC


def test_the_same_command_asks_for_the_same_thing_everywhere() -> None:
    """A parameter of the same command has the same kind and unit on all devices that have it."""
    seen: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for command in (command for device in devices().values() for command in device.commands.values()):
        for parameter in command.parameters:
            seen.setdefault((command.name, parameter.name), set()).add((parameter.kind, parameter.unit))
    assert {place: kinds for place, kinds in seen.items() if len(kinds) > 1} == {}
    intervals = {name for command, name in seen if command == "set_interval"}
    assert {"seconds"} <= intervals <= {"seconds", "save"}


@pytest.mark.parametrize(("device_id", "command"), ECHOED)
def test_the_device_s_echo_of_a_setting_says_what_was_set(device_id: str, command: Command) -> None:
    """Devices send a setting back as they got it: our decoder finds every number of our encoder in it."""
    numbers = {p.name: p.high for p in command.parameters if p.kind == "number"}
    port, payload = downlink(device_id, command.name, arguments_of(command, **numbers))
    decoded = decode(device_id, port, payload, RECEIVED_MS)
    assert not decoded.warnings
    assert "config_ack" in [value.value for value in decoded.values if value.quantity == "event"]
    found = [value.value for value in decoded.values if isinstance(value.value, float)]
    for name, number in numbers.items():
        assert any(number == pytest.approx(value) for value in found), name


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_is_given_makes_a_payload_or_a_downlink_error(data: st.DataObject) -> None:
    """No text, number or JSON value brings out another error; no opening comes out without a limit."""
    device, command = data.draw(st.sampled_from(sorted(DISTINCT, key=lambda pair: (pair[0].id, pair[1].name))))
    arguments: dict[str, Any] = {p.name: p.sample for p in command.parameters}
    huge = st.sampled_from([10**400, -(10**400), "9" * 400, 1e308])
    odd = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just([1]) | huge
    names = st.sampled_from([*arguments, "none of them"])
    for name in data.draw(st.lists(names, min_size=1, max_size=3)):
        arguments[name] = data.draw(odd)
    for name in data.draw(st.sets(names, max_size=2)):
        arguments.pop(name, None)
    try:
        port, payload = downlink(device.id, command.name, arguments)
    except DownlinkError:
        return
    assert payload and 1 <= port <= 223
    assert not command.limits or any(arguments.get(limit) is not None for limit in command.limits)


def test_a_null_limit_is_none() -> None:
    """A JSON null, as a form sends it for an empty field, doesn't count as a limit."""
    error = refusal("milesight-uc511", "open_valve", {"valve": "1", "seconds": None, "pulses": None})
    assert error.reason == "no_limit"
    assert refusal("strega-smart-valve", "open_valve", {"duration": None}).reason == "no_limit"


def test_ports_that_can_be_changed_and_those_that_cannot() -> None:
    """A device whose port was set to another gets its downlinks there; others are refused."""
    assert downlink("milesight-em400-mud", "reboot", {}, f_port=100)[0] == 100
    assert refusal("milesight-em400-mud", "reboot", {}, f_port=224).reason == "bad_port"
    assert refusal("decentlab-dl-trs12", "reboot", {}, f_port=2).reason == "bad_port"


def test_every_exception_is_still_needed() -> None:
    """An exception that no public vector has any more would hide the next one."""
    rows = {(name, row["hex"]) for name, row in public_rows()}
    if not rows:
        pytest.skip("the public vectors are not beside this checkout")
    assert set(EXCEPTIONS) <= rows
