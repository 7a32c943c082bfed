"""The documents against the code: everything that has a name is named, and what they show exists and holds."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from api.app import create_app
from api.ports import City
from decoders.javascript.result import CODEC_REASONS
from decoders.value import DECODE_REASONS
from gateway_bridge.delivery import SourceState
from gateway_bridge.uplink import ENVELOPE_REASONS
from loracity.__main__ import build_parser
from pipeline.config import Settings, load_settings
from pipeline.ingest import ConsumerState
from pipeline.intake import IntakeState
from pipeline.journal import JournalFigures
from pipeline.process import QUARANTINE_REASONS_HERE
from pipeline.telemetry import Figures

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "decoders/README.md")]
DOCUMENTS += sorted((ROOT / "docs").rglob("*.md"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
FILE = re.compile(r"`((?:[a-z_]+/)+[a-z0-9_-]+\.(?:py|md|yaml|conf))`")
YAML_BLOCK = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def rows(text: str) -> list[list[str]]:
    """The cells of every table row."""
    lines = (line for line in text.splitlines() if line.startswith("|"))
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def words(cell: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, tuple, list, dict) or hasattr(annotation, "__metadata__"):
        for inner in get_args(annotation):
            yield from models_in(inner)


def all_models(model: type[BaseModel]) -> set[type[BaseModel]]:
    found = {model}
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            found |= all_models(inner)
    return found


SETTINGS = [
    pytest.param(model, name, id=f"{model.__name__}.{name}")
    for model in sorted(all_models(Settings), key=lambda m: m.__name__)
    for name in model.model_fields
]


@pytest.mark.parametrize(("model", "name"), SETTINGS)
def test_every_setting_is_documented_with_its_default(model: type[BaseModel], name: str) -> None:
    """`docs/settings.md` has a row with the setting, and in its second column the default if it is a plain value."""
    text = text_of("settings.md")
    default = model.model_fields[name].default
    if name == "kind":
        assert f"`kind: {'embedded' if default is not PydanticUndefined else 'influxdb'}`" in text
        return
    found = [row for row in rows(text) if name in words(row[0])]
    assert found, f"{name} has no row"
    if isinstance(default, str | int | float | Path):
        shown = f"{default:g}" if isinstance(default, float) else str(default)
        assert any(re.search(rf"(?<![\w.]){re.escape(shown)}(?![\w.])", row[1]) for row in found), f"{name}: {shown}"


def test_all_groups_of_settings_are_found() -> None:
    """The walk over the settings reaches the nested groups; else the test above would prove nothing."""
    names = {model.__name__ for model in all_models(Settings)}
    assert {"MqttSettings", "TlsSettings", "HttpSettings", "InfluxStoreSettings", "EmbeddedSettings"} <= names


def metric_names() -> set[str]:
    source, consumer = SourceState(), ConsumerState()
    figures = Figures(
        lambda: {"a": source},
        IntakeState,
        lambda: JournalFigures(1, 0, 0, None, 0, 0),
        1,
        lambda: consumer,
        lambda: 0,
    )
    return set(re.findall(r"^# HELP (\S+)", figures.text().decode(), re.MULTILINE))


def test_every_metric_is_documented_and_no_other() -> None:
    """The first column of `docs/metrics.md` is exactly what a scrape gives."""
    documented = {word for row in rows(text_of("metrics.md")) for word in words(row[0])}
    assert documented == metric_names()


def test_metrics_in_the_text_exist() -> None:
    """Alerts that somebody copies from the documents must not ask for a metric that isn't there."""
    everything = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    named = set(re.findall(r"\bloracity_(?:mqtt|journal\w*|uplinks|records|readings|lag|spool|last)_\w+", everything))
    assert named - metric_names() == set()


def test_every_reason_is_documented_and_no_other() -> None:
    """The first column of `docs/quarantine.md` is the closed lists of the code, each reason once, with a remedy."""
    table = [row for row in rows(text_of("quarantine.md")) if words(row[0])]
    assert all(len(row) == 3 and row[1] and row[2] for row in table)
    documented = [word for row in table for word in words(row[0])]
    assert sorted(documented) == sorted(ENVELOPE_REASONS | DECODE_REASONS | CODEC_REASONS | QUARANTINE_REASONS_HERE)


def leaves(parser: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> dict[str, set[str]]:
    """Command -> its options."""
    found: dict[str, set[str]] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                found |= leaves(below, (*path, name))
    return found or {" ".join(path): {option for action in parser._actions for option in action.option_strings}}


COMMANDS = leaves(build_parser(""))


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_is_in_the_readme(command: str) -> None:
    """One table names them all."""
    assert re.search(rf"`loracity {command}[ `]", README)


def code_lines(path: Path) -> list[str]:
    """Lines of fenced blocks, joined where they go on, and what stands between backticks."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    parts = text.split("\n```")
    inside = [line.removeprefix("$ ") for part in parts[1::2] for line in part.splitlines()[1:]]
    return inside + [word for part in parts[::2] for word in words(part)]


def test_commands_and_options_of_the_documents_exist() -> None:
    """What starts like one of our commands is one, and has the options that stand beside it."""
    said = [
        line.removeprefix("loracity ")
        for path in DOCUMENTS
        for line in code_lines(path)
        if re.match("loracity [a-z]", line)
    ]
    assert len(said) > 30
    for line in said:
        command = next((c for c in COMMANDS if f"{line} ".startswith(f"{c} ")), None)
        assert command is not None, line
        unknown = set(re.findall(r"(?<!\S)\[?(--[a-z-]+)", line)) - COMMANDS[command]
        assert not unknown, f"{line}: {unknown}"


def test_options_in_the_table_of_commands_exist() -> None:
    """A row may name options of its commands only."""
    for row in rows(README):
        named = [c for c in COMMANDS if any(f"{word} ".startswith(f"loracity {c} ") for word in words(row[0]))]
        options = {word for word in words(row[1]) if word.startswith("--")} if named else set()
        assert {option.split()[0] for option in options} <= set().union(*(COMMANDS[c] for c in named))


def test_every_route_is_in_the_readme() -> None:
    """Also those that the OpenAPI document does not list."""
    paths = set(create_app(cast(City, object())).openapi()["paths"]) | {"/docs", "/openapi.json"}
    documented = {word.replace("{dev_eui}", "*") for word in re.findall(r"`(/[^`?]*)`", README)}
    assert {re.sub(r"\{dev_eui(:path)?\}", "*", path) for path in paths} <= documented


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_and_named_files_exist(path: Path) -> None:
    """Links are relative to their document, file names between backticks to the root."""
    text = path.read_text(encoding="utf-8")
    for link in LINK.findall(text):
        if not link.startswith(("http://", "https://", "#")):
            assert (path.parent / link.partition("#")[0]).exists(), link
    if path.parent.name != "decoders":  # its example of a new device names files that are yet to be written
        for file in FILE.findall(text):
            assert any((folder / file).exists() for folder in (ROOT, ROOT / "docs")), file


def test_targets_of_make_exist() -> None:
    """Every `make X` of the documents is in the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for path in DOCUMENTS:
        named = re.findall(r"(?:`|^)make ([a-z]+)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(named) <= targets, path.name


def settings_blocks() -> list[dict[str, Any]]:
    found = []
    for path in DOCUMENTS:
        for block in YAML_BLOCK.findall(path.read_text(encoding="utf-8")):
            document = yaml.safe_load(block)
            if isinstance(document, dict) and document.keys() & Settings.model_fields.keys():
                found.append(document)
    return found


def test_yaml_of_the_documents_is_valid() -> None:
    """Every block that is a `loracity.yaml` passes the check of the settings; the README has three of them."""
    blocks = settings_blocks()
    assert len(blocks) >= 3
    for document in blocks:
        Settings.model_validate(document)


@pytest.mark.parametrize("name", ["loracity.example.yaml", "deploy/loracity.yaml"])
def test_yaml_files_are_valid(name: str) -> None:
    """The files that people copy."""
    settings = load_settings(ROOT / name, {})
    assert settings.connections
