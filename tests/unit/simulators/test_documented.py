"""docs/simulator.md names everything that can be asked for and everything that the truth says."""

from pathlib import Path

from simulators.city_file import CityFile
from simulators.scenarios import SCENARIOS
from simulators.truth import KINDS

TEXT = (Path(__file__).parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")


def test_the_document_is_complete() -> None:
    """Every key of a city file, every scenario, every kind of fault."""
    named = {*CityFile.__struct_fields__, *SCENARIOS, *KINDS}
    assert not {name for name in named if f"`{name}`" not in TEXT}
