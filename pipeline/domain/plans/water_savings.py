"""Litres against the fixed plan, and the days that plants suffered: both counted the same way for both."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import Struct

from pipeline.domain.plans.fixed_watering import LITRES_A_VISIT, visits
from pipeline.inventory_model import Asset

STRESS_NFK = 30.0


class Savings(Struct, frozen=True):
    """What the plan of needs used against the fixed plan, from one day to another (both inclusive)."""

    trees: int
    litres: float
    visits: int
    fixed_litres: float
    fixed_visits: int
    stress_days: int
    """Days of trees below the stress line, as given."""
    fixed_stress_days: int | None
    """The same under the fixed plan, where somebody knows (a simulation); else None."""

    @property
    def saved_share(self) -> float | None:
        """Share of the fixed plan's litres that was saved; negative when more was used; None without such a plan."""
        return None if self.fixed_litres <= 0 else 1.0 - self.litres / self.fixed_litres


def fixed_visits(asset: Asset, first: date, last: date) -> list[date]:
    """The fixed plan's visits to a tree within a range of days, both inclusive."""
    return [day for year in range(first.year, last.year + 1) for day in visits(asset, year) if first <= day <= last]


def stress_days(daily_nfk: Iterable[float | None], line: float = STRESS_NFK) -> int:
    """Days below the stress line; days without a value are no evidence and don't count."""
    return sum(1 for nfk in daily_nfk if nfk is not None and nfk < line)


def savings(
    trees: Sequence[Asset],
    given: Mapping[str, Sequence[float]],
    first: date,
    last: date,
    daily_nfk: Mapping[str, Sequence[float | None]],
    fixed_daily_nfk: Mapping[str, Sequence[float | None]] | None = None,
) -> Savings:
    """The comparison for some trees: `given` litres a visit, and each day's %nFK, by asset."""
    planned = sum(len(fixed_visits(tree, first, last)) for tree in trees)
    litres = [amount for tree in trees for amount in given.get(tree.id, ())]
    fixed = None if fixed_daily_nfk is None else _stress(trees, fixed_daily_nfk)
    return Savings(
        len(trees),
        sum(litres),
        len(litres),
        planned * LITRES_A_VISIT,
        planned,
        _stress(trees, daily_nfk),
        fixed,
    )


def _stress(trees: Sequence[Asset], daily_nfk: Mapping[str, Sequence[float | None]]) -> int:
    return sum(stress_days(daily_nfk.get(tree.id, ())) for tree in trees)
