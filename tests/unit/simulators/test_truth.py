"""The truth file: JSON Lines that come back as they went in."""

import io

import pytest

from simulators.truth import TruthError, TruthRow, read_rows, write_rows

ROWS = [
    TruthRow("bin-1", "emptied", 5, 5, {"fill_before": 81.5, "planned": True}),
    TruthRow("bin-2", "silent", 7, None, {}, "02c17a5108000001"),
]


def test_rows_come_back() -> None:
    """What is written is read again, one line a row."""
    out = io.BytesIO()
    assert write_rows(ROWS, out) == 2
    lines = out.getvalue().splitlines()
    assert len(lines) == 2 and list(read_rows(lines)) == ROWS


@pytest.mark.parametrize(
    "line", [b"", b"{}", b'{"asset":1}', b'{"asset":"a","kind":"k","start_ms":1,"end_ms":2,"x":3}']
)
def test_other_lines_are_named(line: bytes) -> None:
    """A line that is no row is an error with its number."""
    good = io.BytesIO()
    write_rows(ROWS[:1], good)
    with pytest.raises(TruthError, match="line 2"):
        list(read_rows([good.getvalue(), line]))
