"""`loracity encode`: what it prints, what it refuses, what it says then."""

import json
import time
from typing import Any

import pytest

from loracity.__main__ import main


def answer_of(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main(["encode", *words]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return json.loads(captured.out)


def complaint_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["encode", *words]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("loracity: ") and captured.err.count("\n") == 1
    return captured.err


def test_a_command_prints_port_and_payload(capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON object on stdout, nothing else."""
    assert answer_of(capsys, "milesight-uc511", "open_valve", "valve=1", "seconds=600", "sequence=1") == {
        "device": "milesight-uc511",
        "command": "open_valve",
        "f_port": 85,
        "hex": "ff1da00158020000000000",
    }


def test_a_valve_opens_for_ever_only_when_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a limit there is no payload but an error that names the ways out."""
    complaint = complaint_of(capsys, "milesight-uc511", "open_valve", "valve=1")
    assert "seconds=" in complaint and "pulses=" in complaint and "--unlimited" in complaint
    assert answer_of(capsys, "milesight-uc511", "open_valve", "valve=1", "--unlimited")["hex"].startswith("ff1d20")
    complaint_of(capsys, "milesight-uc511", "open_valve", "valve=1", "seconds=5", "--unlimited")
    complaint_of(capsys, "milesight-uc511", "close_valve", "valve=1", "--unlimited")


def test_a_device_alone_lists_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its meaning and parameters; those of a valve say what hardware they are for."""
    listed = answer_of(capsys, "milesight-uc511")
    assert listed["device"] == "milesight-uc511"
    opening = next(command for command in listed["commands"] if command["command"] == "open_valve")
    assert opening["needs_one_of"] == ["seconds", "pulses"]
    assert "hardware 4.0" in opening["note"]
    assert {"name": "valve", "range": "one of 1, 2, all"}.items() <= opening["parameters"][0].items()


def test_a_device_without_downlinks_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty list, and an error that explains it."""
    assert answer_of(capsys, "bosch-tps110") == {"device": "bosch-tps110", "commands": []}
    assert "no downlink of it is public" in complaint_of(capsys, "bosch-tps110", "reboot")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("milesight-uc51", "reboot"), "did you mean milesight-uc51"),
        (("milesight-uc51",), "did you mean milesight-uc51"),
        (("milesight-uc511", "open_valv"), "did you mean open_valve?"),
        (("milesight-uc511", "set_interval"), "give seconds="),
        (("milesight-uc511", "set_interval", "seconds=5"), "10 to 64800 s"),
        (("milesight-uc511", "set_interval", "seconds=ten"), "write a number"),
        (("milesight-uc511", "set_interval", "seconds=10.5"), "between two steps"),
        (("milesight-uc511", "set_interval", "minutes=5"), "it has seconds"),
        (("milesight-uc511", "set_interval", "600"), "name=value"),
        (("milesight-uc511", "set_interval", "seconds=60", "seconds=61"), "twice"),
        (("milesight-uc511", "reboot", "--f-port", "300"), "1 to 223"),
        (("decentlab-dl-trs12", "reboot", "--f-port", "2"), "port 1 only"),
        (("milesight-wts506", "fetch_history", "start=2026-05-02T00:00:00Z", "end=2026-05-01T00:00:00Z"), "exchange"),
        (("milesight-wts506", "set_clock", "time=2026-05-02T00:00:00"), "2026-05-01T06:00:00Z"),
        (("milesight-wts506", "set_clock", "time=tomorrow"), "2026-05-01T06:00:00Z"),
    ],
)
def test_errors_say_what_where_and_how_to_put_it_right(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    """One line on stderr, no payload on stdout, exit status 1."""
    assert says in complaint_of(capsys, *words)


def test_now_is_the_clock_of_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """A time parameter may be `now`; another one may not."""
    before = int(time.time())
    payload = bytes.fromhex(answer_of(capsys, "milesight-wts506", "set_clock", "time=now")["hex"])
    assert before <= int.from_bytes(payload[2:], "little") <= int(time.time())
    complaint_of(capsys, "milesight-wts506", "set_interval", "seconds=now")


def test_help_explains_the_limit(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` shows examples and the rule for valves."""
    with pytest.raises(SystemExit) as stopped:
        main(["encode", "--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert "open_valve valve=1 seconds=600" in text and "--unlimited" in text
