"""`replay --diff` tells exactly what a replay then does, and does nothing itself."""

import json
from pathlib import Path
from typing import Any

import pytest

from decoders.vocabulary import QUANTITIES
from loracity.admin import AdminError
from loracity.differences import as_object, as_text, summary
from pipeline.compare import COMPARED
from pipeline.domain.words import is_derived
from pipeline.fields import ABOUT_HEALTH, FIELDS
from tests.integration.test_replay import (
    BETTER,
    BIN,
    HOUR,
    SOIL,
    STRANGER,
    WORSE,
    Store,
    call,
    first_life,
    frames,
    start_of_frames,
    state,
    store,
)
from tests.services_city import City, Point, embedded_points, enter_devices

__all__ = ["store"]
TOLD = {*QUANTITIES, *ABOUT_HEALTH, "quality"}
Table = dict[tuple[str, str, str, int], dict[str, Any]]


def table(points: list[Point]) -> Table:
    """What a comparison looks at, by identity; `decoder` too."""
    return {
        (p["tags"]["dev_eui"], p["measurement"], p["tags"].get("channel", ""), p["time_ms"]): {
            name: value for name, value in p["fields"].items() if name in TOLD or name == "decoder"
        }
        for p in points
        if p["measurement"] in COMPARED and not is_derived(p["tags"].get("channel", ""))
    }


def applied(before: Table, changes: list[dict[str, Any]]) -> Table:
    """The table with the changes made."""
    after = {key: dict(fields) for key, fields in before.items()}
    for change in changes:
        key = (change["dev_eui"], change["measurement"], change["channel"], change["time_ms"])
        fields = after.setdefault(key, {})
        assert (change["what"] == "new") == (key not in before)
        for name, (old, new) in {**change["fields"], "decoder": change["decoder"]}.items():
            assert fields.get(name) == old
            fields.pop(name, None)
            if new is not None:
                fields[name] = new
        if change["what"] == "gone":
            assert not fields
            del after[key]
    return after


def without_label(found: Table) -> Table:
    return {key: {n: v for n, v in fields.items() if n != "decoder"} for key, fields in found.items()}


@pytest.mark.parametrize(
    ("inventory", "devices", "what"),
    [
        pytest.param(BETTER, None, {"changed", "new"}, id="better"),
        pytest.param(BETTER, [BIN, STRANGER], {"changed", "new"}, id="some devices"),
        pytest.param("devices: []", None, {"gone"}, id="none known"),
    ],
)
async def test_the_difference_is_what_the_replay_does(
    tmp_path: Path, store: Store, inventory: str, devices: list[str] | None, what: set[str]
) -> None:
    """Applied to the records before, the changes give the records after; nothing is written by comparing."""
    start = start_of_frames()
    wanted, before = await first_life(tmp_path / "a", store, frames(start))
    order = {"from_ms": start - HOUR, "to_ms": start + HOUR, "devices": devices}
    async with City(tmp_path / "a", wanted) as city:
        await city.import_devices(inventory, prune=True)
        found = await city.admin("replay_diff", **order, limit=10_000)
    assert state(tmp_path / "a", store[1](tmp_path / "a", wanted["store"])) == before
    async with City(tmp_path / "a", wanted) as city:
        report = await city.admin("replay", **order)
    after = table(store[1](tmp_path / "a", wanted["store"]))
    assert without_label(applied(table(before["points"]), found["changes"])) == without_label(after)
    assert found["quarantined"] == report["quarantined"]
    assert {change["what"] for change in found["changes"]} == what
    assert found["changed"] + found["new"] + found["gone"] == len(found["changes"])
    if devices is not None:
        assert {change["dev_eui"].removeprefix("simulated:") for change in found["changes"]} <= set(devices)
    assert [change["time_ms"] for change in found["changes"]] == sorted(c["time_ms"] for c in found["changes"])


async def test_after_a_replay_nothing_differs(tmp_path: Path, store: Store) -> None:
    """All records are the same then; while a replay waits to be repeated there is nothing to compare with."""
    start = start_of_frames()
    wanted, _ = await first_life(tmp_path / "a", store, frames(start))
    async with City(tmp_path / "a", wanted) as city:
        await city.import_devices(BETTER, prune=True)
        await city.admin("replay", from_ms=start - HOUR)
        found = await city.admin("replay_diff", from_ms=start - HOUR, limit=10)
        assert found["changes"] == [] and found["same"] > 20 and not found["relabelled"]
        city.service.replay_marker.write_text('{"start_ms": 0, "end_ms": 1, "devices": null}')
        with pytest.raises(AdminError, match="has to be repeated"):
            await city.admin("replay_diff", from_ms=start - HOUR, limit=10)
        city.service.replay_marker.unlink()


async def test_a_limit_cuts_the_list_and_not_the_counts(tmp_path: Path) -> None:
    """The first changes in the order of time, with counts of all."""
    only: Store = (lambda: {"kind": "embedded"}, lambda data, _: embedded_points(data))
    start = start_of_frames()
    wanted, _ = await first_life(tmp_path / "a", only, frames(start))
    async with City(tmp_path / "a", wanted) as city:
        await city.import_devices(BETTER, prune=True)
        whole = await city.admin("replay_diff", from_ms=start - HOUR, limit=10_000)
        part = await city.admin("replay_diff", from_ms=start - HOUR, limit=3)
    assert part["changes"] == whole["changes"][:3]
    assert part["new"] == whole["new"] and "the first 3 of " in summary(part)
    assert "nothing was written" in summary(whole) and "--limit" not in summary(whole)


async def test_the_command(tmp_path: Path, environment: dict[str, str]) -> None:
    """`loracity replay --diff` on a stopped service: a line a record, or JSON lines; status 0."""
    only: Store = (lambda: {"kind": "embedded"}, lambda data, _: embedded_points(data))
    wanted, before = await first_life(tmp_path / "a", only, frames(start_of_frames()))
    enter_devices(tmp_path / "a", BETTER)
    config = tmp_path / "loracity.yaml"
    config.write_text(json.dumps({**wanted, "data_dir": str(tmp_path / "a")}))
    words = ["-m", "loracity", "replay", "--from", "6h", "--config", str(config), "--diff"]
    text = await call(*words, env=environment, check=True)
    lines = await call(*words, "--json-lines", "--device", SOIL, env=environment, check=True)
    assert b"fill_level - -> 75" in text.stdout and f"{BIN} waste_bin: ".encode() in text.stdout
    rows = [json.loads(line) for line in lines.stdout.splitlines()]
    assert rows and {row["dev_eui"] for row in rows} == {SOIL}
    assert rows[0].keys() == {"time", "dev_eui", "measurement", "channel", "what", "decoder", "fields"}
    assert b"nothing was written" in lines.stderr
    assert embedded_points(tmp_path / "a") == before["points"]


def test_a_change_in_words() -> None:
    """Old and new value of each field, and the decoders where they differ."""
    change = {
        "dev_eui": BIN, "measurement": "waste_bin", "channel": "", "time_ms": 1_767_225_600_000, "what": "changed",
        "fields": {"distance": [400.0, 500.5], "tilt_alarm": [None, True], "quality": ["distance=blind_zone", None]},
        "decoder": ["a@1", "a@2"],
    }  # fmt: skip
    assert as_text(change) == (
        f"2026-01-01T00:00:00.000Z {BIN} waste_bin: distance 400 -> 500.5, tilt_alarm - -> true,"
        " quality distance=blind_zone -> - (a@1 -> a@2)"
    )
    assert as_object(change)["decoder"] == {"old": "a@1", "new": "a@2"}
    gone = {**change, "what": "gone", "fields": {"distance": [1.0, None]}, "decoder": ["a@1", None]}
    assert as_text(gone).endswith("waste_bin: record goes: distance 1 -> - (a@1 -> -)")
    assert set(TOLD) <= set(FIELDS) and WORSE != BETTER
