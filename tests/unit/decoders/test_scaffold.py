"""`loracity devices new`: files that pass every check but one, and that one says what is to be written."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from decoders.scaffold import ScaffoldError, files

ROOT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a device needs of a checkout."""
    for name in ("decoders", "tests/contract", "tests/families", "tests/vectors"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (ROOT / "pyproject.toml", *(ROOT / "tests").glob("*.py")):
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    return tmp_path


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, cwd=folder, timeout=300)


def new(folder: Path, *names: str) -> "subprocess.CompletedProcess[str]":
    return run(ROOT, "loracity", "devices", "new", *names, "--checkout", str(folder))


def test_the_first_run_of_the_contract_tests_says_what_to_fill_in(checkout: Path) -> None:
    """The files pass formatter, linter and type checker; all tests of the device pass but the one that lists the
    lines that are left."""
    done = new(checkout, "Acme", "T1 Pro")
    assert done.returncode == 0, done.stderr
    device, vectors = "decoders/devices/acme_t1_pro.py", "tests/vectors/acme-t1-pro.json"
    assert done.stdout.splitlines()[:2] == [device, vectors]
    for words in (["ruff", "format", "--check"], ["ruff", "check"], ["mypy"]):
        checked = run(checkout, *words, device)
        assert checked.returncode == 0, checked.stdout
    tested = run(
        checkout, "pytest", "-p", "no:cacheprovider", "tests/contract/test_devices.py",
        "tests/contract/test_filled_in.py", "-k", "acme-t1-pro",
    )  # fmt: skip
    assert "1 failed" in tested.stdout and "test_nothing_is_left_to_fill_in[acme-t1-pro]" in tested.stdout
    for line in (
        f"{device}:1: FILL IN what it measures",
        f"{device}:8: FILL IN every",
        f"{vectors}:2: FILL IN a frame",
    ):
        assert line in tested.stdout
    assert sum("FILL IN" in line for line in (checkout / device).read_text().splitlines()) == 4


def test_nothing_is_overwritten_and_no_other_place_is_written_to(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A device that exists is left alone; outside a checkout nothing is made."""
    path = checkout / "decoders/devices/bosch_tps110.py"
    before = path.read_text()
    again = new(checkout, "bosch", "TPS110")
    assert again.returncode == 1 and "exists" in again.stderr and path.read_text() == before
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    lost = new(elsewhere, "acme", "t1")
    assert lost.returncode == 1 and "checkout" in lost.stderr and not [*elsewhere.iterdir()]


@pytest.mark.parametrize(
    ("vendor", "model"), [("", "t1"), ("acme", "t1/../x?"), ("acme", 't"1'), ("3com", "t1"), ("äöü", "t")]
)
def test_names_that_can_be_no_id_are_refused(vendor: str, model: str) -> None:
    """Ids are made of letters, digits and hyphens, and a module's name begins with a letter."""
    with pytest.raises(ScaffoldError):
        files(vendor, model)
