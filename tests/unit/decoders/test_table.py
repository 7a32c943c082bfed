"""The table of devices in the README is the one that the code gives."""

import pytest

from decoders.registry import devices
from decoders.table import BEGIN, END, ROOT, quantities, source, table, updated

README = ROOT / "decoders" / "README.md"
VECTORS = ROOT / "tests" / "vectors"


def test_the_table_of_devices_is_up_to_date() -> None:
    """`make table` would change nothing."""
    text = README.read_text(encoding="utf-8")
    assert updated(text, VECTORS) == text, "the table of devices is out of date: run `make table`"


def test_a_row_says_what_a_device_is() -> None:
    """Ports, quantities without bookkeeping, and the source of the module's docstring."""
    row = next(line for line in table(VECTORS).splitlines() if "`dragino-lse01`" in line)
    assert "| Dragino LSE01 / SE01-LB | soil | " in row and "LSE01 user manual, section 2.3 |" in row
    assert "battery_voltage, probe_temperature" in row and "soil_ec" in row and "generic" not in row
    assert source(devices()["bosch-tps110"]).endswith("`tps110-0292`")
    assert "distance" in quantities(devices()["milesight-em400-mud"], [])


def test_without_marks_nothing_is_written() -> None:
    """A README that lost its marks is an error, not a README with two tables."""
    for broken in ("no marks", BEGIN, END):
        with pytest.raises(ValueError, match="marks"):
            updated(broken, VECTORS)
