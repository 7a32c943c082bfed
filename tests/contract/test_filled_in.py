"""A scaffolded device is done when nothing is left to fill in."""

from pathlib import Path

import pytest

from decoders.registry import devices
from decoders.scaffold import FILL_IN

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("device_id", sorted(devices()))
def test_nothing_is_left_to_fill_in(device_id: str) -> None:
    """Every line that the scaffold marked has been written; what fails here says which are left."""
    module = f"decoders/devices/{device_id.replace('-', '_')}.py"
    left = [
        f"{name}:{number}: {line[line.index(FILL_IN) :].strip()}"
        for name in (module, f"tests/vectors/{device_id}.json")
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8").splitlines(), 1)
        if FILL_IN in line
    ]
    if left:
        pytest.fail("still to be done, see docs/adding-a-device.md:\n" + "\n".join(left), pytrace=False)
