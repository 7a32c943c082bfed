"""The shape of the code: who may import whom, what nobody may call, and that our top-level names are ours."""

import ast
import re
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("loracity", "gateway_bridge", "decoders", "pipeline", "api", "simulators", "dashboards")
MAY_IMPORT = {
    "loracity": {"api", "pipeline", "gateway_bridge", "decoders", "simulators"},
    "api": {"pipeline", "gateway_bridge", "decoders"},
    "pipeline": {"gateway_bridge", "decoders"},
    "gateway_bridge": set(),
    "decoders": set(),
    "simulators": {"decoders"},
    "dashboards": {"decoders"},
}
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
CLOCKS = {("time", "time"), ("datetime", "now"), ("datetime", "utcnow"), ("random", "random"), ("random", "randint")}
"""Time and chance are arguments; only these shells look at the clock themselves."""
SHELLS = {"loracity", "simulators/publish.py", "simulators/load_publisher.py", "decoders/commands.py", "api/routes"}


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            yield node.module or ""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    """loracity -> api -> pipeline -> gateway_bridge | decoders; simulators and dashboards -> decoders only."""
    package = path.relative_to(ROOT).parts[0]
    ours = {module.partition(".")[0] for module in imports(ast.parse(path.read_text()))} & set(PACKAGES)
    assert ours - {package} <= MAY_IMPORT[package]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_pure_code_neither_looks_at_the_clock_nor_throws_dice(path: Path) -> None:
    """Outside the shells time and chance come in as arguments."""
    if any(name_of(path).startswith(shell) for shell in SHELLS):
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            assert (node.func.value.id, node.func.attr) not in CLOCKS, f"line {node.lineno}"


CITY_SHELLS = {"publish", "load_publisher", "live", "dashboard", "cli", "cli_city", "city_file"}
"""Modules of the simulator that may touch sockets, files, terminals and the event loop."""
WORLDLY = {"asyncio", "socket", "time", "threading", "subprocess", "pathlib", "os", "aiomqtt", "rich"}


@pytest.mark.parametrize("path", sorted((ROOT / "simulators").rglob("*.py")), ids=name_of)
def test_the_simulated_city_is_pure(path: Path) -> None:
    """Plan, physics, faults, radio and frames are functions of seed and time; only shells meet the world."""
    if path.parent.name == "simulators" and path.stem in CITY_SHELLS:
        return
    assert not {module.partition(".")[0] for module in imports(ast.parse(path.read_text()))} & WORLDLY


@pytest.mark.parametrize("path", sorted((ROOT / "simulators/physics").rglob("*.py")), ids=name_of)
def test_physics_knows_no_devices(path: Path) -> None:
    """What happens in the city does not depend on who watches: of the simulator only the truth is known."""
    ours = {module for module in imports(ast.parse(path.read_text())) if module.startswith("simulators.")}
    assert {m for m in ours if not m.startswith("simulators.physics")} <= {"simulators.truth", "simulators.process"}


def test_nobody_else_reads_the_truth() -> None:
    """Detectors never see it: outside the simulator only the composition root writes it to its file."""
    readers = {
        name_of(path)
        for path in FILES
        if path.relative_to(ROOT).parts[0] != "simulators"
        and any(module in ("simulators.truth", "simulators.live") for module in imports(ast.parse(path.read_text())))
    }
    assert readers <= {"loracity/backfill.py"}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_module_says_what_it_is(path: Path) -> None:
    """A module docstring, and one on every public class and function."""
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "no module docstring"
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"


def test_only_the_mqtt_modules_know_an_mqtt_library() -> None:
    """A faster reader can replace paho behind `MqttSource`."""
    users = {
        name_of(path)
        for path in FILES
        if any(m.partition(".")[0] in ("paho", "aiomqtt") for m in imports(ast.parse(path.read_text())))
    }
    assert users <= {
        "gateway_bridge/mqtt_client.py",
        "gateway_bridge/mqtt_link.py",
        "gateway_bridge/source.py",
        "simulators/publish.py",
        "loracity/check.py",
    }


def test_no_other_distribution_owns_our_names() -> None:
    """An installed package called `api` or `decoders` would hide ours, or ours it."""
    others = {
        (distribution.metadata["Name"], name)
        for distribution in distributions()
        if distribution.metadata["Name"] != "loracity"
        for name in {str(file).partition("/")[0] for file in distribution.files or ()} & set(PACKAGES)
    }
    assert not others


def test_lock_files_name_no_index_and_pin_everything() -> None:
    """Every line is a pinned requirement with hashes; where packages come from is the user's setting."""
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text and "--index" not in text
        lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert lines and all(re.match(r"^[A-Za-z0-9._-]+(\[[a-z,]+\])?==\S+", line) for line in lines)
