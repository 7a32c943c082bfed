"""The scoring of detectors: what means what, and that it can fail."""

import pytest

from bench.detectors.score import HOUR_MS, Against, Claim, Errors, Fact, Figure, Score, add, judge, runs_of

H = HOUR_MS


def fact(at_h: float, *, asset: str = "a", counts: bool = True, before_h: float = 0.5, after_h: float = 3) -> Fact:
    at = round(at_h * H)
    return Fact(asset, at, at - round(before_h * H), at + round(after_h * H), counts)


def claim(at_h: float, told_h: float | None = None, asset: str = "a") -> Claim:
    return Claim(asset, round(at_h * H), round((at_h if told_h is None else told_h) * H))


def test_a_claim_in_the_window_is_a_hit_and_its_delay_runs_to_the_first_word() -> None:
    """The window includes its ends; a claim before it or after it is false and the fact is missed."""
    assert judge([fact(10)], [claim(11, 12)]).score == Score(1, 0, 0, (7200.0,))
    assert judge([fact(10)], [claim(9.5)]).score == Score(1, 0, 0, (0.0,))
    assert judge([fact(10)], [claim(13)]).score.hits == 1
    assert judge([fact(10)], [claim(13.1)]).score == Score(0, 1, 1)
    assert judge([fact(10)], [claim(9.4)]).score == Score(0, 1, 1)


def test_one_claim_means_one_fact_of_its_own_asset() -> None:
    """Two facts need two claims, and nobody else's claim helps."""
    assert judge([fact(10), fact(11)], [claim(11)]).score == Score(1, 1, 0, (3600.0,))
    assert judge([fact(10), fact(11)], [claim(11), claim(10)]).score.hits == 2
    assert judge([fact(10, asset="b")], [claim(10)]).score == Score(0, 1, 1)


def test_what_does_not_count_is_neither_missed_nor_a_false_claim() -> None:
    """And it never takes a claim away from a fact that counts."""
    assert judge([fact(10, counts=False)], []).score == Score()
    assert judge([fact(10, counts=False)], [claim(10)]).score == Score()
    assert judge([fact(9, counts=False), fact(10)], [claim(10.5)]).score.hits == 1


def test_several_claims_within_one_fact_are_false_only_where_one_is_asked_for() -> None:
    """A spell may be told in pieces; an emptying may not."""
    assert judge([fact(10)], [claim(10), claim(11)]).score == Score(1, 0, 1, (0.0,))
    assert judge([fact(10)], [claim(10), claim(11), claim(20)], several=True).score == Score(1, 0, 1, (0.0,))


def test_shares() -> None:
    """Precision, recall and F1 by hand; nothing said and nothing to say is no figure."""
    score = Score(8, 2, 4, (60.0, 120.0, 600.0))
    assert (score.precision, score.recall) == (8 / 12, 0.8)
    assert score.f1 == pytest.approx(2 * (8 / 12) * 0.8 / (8 / 12 + 0.8))
    assert score.delay_s == 120.0
    empty = Score()
    assert (empty.precision, empty.recall, empty.f1, empty.delay_s) == (None, None, None, None)


def test_figures_of_several_cities_add_up() -> None:
    """Name by name; a name that means two things is refused."""
    first: dict[str, Figure] = {
        "a": Score(1, 2, 3, (1.0,)),
        "b": Errors((1.0, 3.0), (2.0,), 1, 2),
        "c": Against(1, (("km", 2.0),)),
    }
    total = add([first, {"a": Score(1, 0, 0, (3.0,)), "b": Errors((5.0,), (), 1, 2), "c": Against(2, (("l", 1.0),))}])
    assert total["a"] == Score(2, 2, 3, (1.0, 3.0))
    errors = total["b"]
    assert isinstance(errors, Errors) and (errors.median, errors.mean, errors.coverage) == (3.0, 3.0, 0.5)
    assert total["c"] == Against(3, (("km", 2.0), ("l", 1.0)))
    with pytest.raises(TypeError, match="a is a"):
        add([first, {"a": Errors()}])


def test_runs_of_times() -> None:
    """A longer gap begins a new run."""
    assert runs_of([7, 1, 2, 3], 2) == [(1, 3), (7, 7)]
    assert runs_of([], 2) == []
