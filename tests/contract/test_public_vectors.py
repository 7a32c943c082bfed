"""The devices against a larger collection of public vendor vectors, where it lies beside the checkout."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from decoders.registry import decode
from decoders.value import DecodedValue, DecodeError
from tests.families import families
from tests.families.family import Row, Wanted

FOLDER = Path(__file__).parents[3] / "shared" / "vectors"
NOW_MS = 1_767_225_600_000
DIALECTS = {device: dialect for family in families() for device, dialect in family.dialects.items()}
EXCEPTIONS = {place: reason for family in families() for place, reason in family.exceptions.items()}


def uplinks() -> list[tuple[str, Row]]:
    rows = []
    for device_id in sorted(DIALECTS):
        path = FOLDER / f"{device_id}.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        rows += [(device_id, json.loads(line)) for line in lines]
    return [(device, row) for device, row in rows if row["kind"] == "uplink" and (device, row["hex"]) not in EXCEPTIONS]


def by_name(values: tuple[DecodedValue, ...]) -> dict[str, list[float | bool | str | None]]:
    table: dict[str, list[float | bool | str | None]] = {}
    for value in values:
        key = f"{value.quantity}:{value.channel}" if value.channel else value.quantity
        table.setdefault(key, []).append(value.value)
    return table


@pytest.mark.parametrize(("device_id", "row"), uplinks())
def test_public_vector(device_id: str, row: Row) -> None:
    """What the vendor's own decoder says, we say too, under our names and in our units."""
    port = 1 if row["fPort"] is None else row["fPort"]
    received_ms = NOW_MS if "recvTime" not in row else unix_ms(row["recvTime"])
    if "errors" in row["expected"]:
        with pytest.raises(DecodeError):
            decode(device_id, port, bytes.fromhex(row["hex"]), received_ms)
        return
    got = by_name(decode(device_id, port, bytes.fromhex(row["hex"]), received_ms).values)
    wanted: Wanted = DIALECTS[device_id](row)
    assert wanted, "a vector must say something"
    assert set(wanted) <= set(got)
    for name, value in wanted.items():
        several = value if isinstance(value, list) else [value]
        assert len(got[name]) == len(several) if isinstance(value, list) else got[name]
        for one, other in zip(got[name][-len(several) :], several, strict=True):
            assert_equal(one, other, row.get("tolerance", 1e-6))


def assert_equal(got: float | bool | str | None, wanted: object, tolerance: float) -> None:
    if isinstance(wanted, float | int) and not isinstance(wanted, bool):
        assert isinstance(got, float)
        assert got == pytest.approx(wanted, rel=tolerance, abs=tolerance)
    else:
        assert got == wanted


def unix_ms(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)
