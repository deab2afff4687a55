"""From items to estimates: units, pairs, macro F1."""

import pytest
from sklearn.metrics import f1_score

from sluice_api.metrics import ACCURACY, MACRO_F1, SQUAD_F1
from sluice_trainer.evals.estimates import absolute, paired
from sluice_trainer.evals.intervals import PairedDifference, Proportion
from support.evalitems import labelled, right_and_wrong, scored

TRUTH = ["a"] * 30 + ["b"] * 20 + ["c"] * 5
FOUND = ["a"] * 27 + ["b"] * 3 + ["b"] * 18 + ["a"] * 2 + ["c"] * 4 + [None]


def test_independent_items_make_a_proportion() -> None:
    assert absolute(ACCURACY, right_and_wrong(180, 20), 0) == Proportion(180, 200)


def test_pairs_are_counted_by_who_was_right() -> None:
    ours = labelled([("x", "x"), ("x", "x"), ("x", "y"), ("x", "y"), ("x", "x")])
    theirs = labelled([("x", "x"), ("x", "y"), ("x", "x"), ("x", None), ("x", "y")])
    found = paired(ACCURACY, ours, theirs, 0)
    assert isinstance(found, PairedDifference)
    assert (found.counts.items, found.counts.gained, found.counts.lost) == (5, 2, 1)


def test_items_that_share_a_group_count_once() -> None:
    groups = [f"g{n // 4}" for n in range(80)]
    together = absolute(ACCURACY, labelled([("x", "x")] * 60 + [("x", "y")] * 20, groups), 0)
    alone = absolute(ACCURACY, labelled([("x", "x")] * 60 + [("x", "y")] * 20), 0)
    assert (together.units, alone.units) == (20, 80)
    assert together.value == alone.value == 0.75
    assert together.lower(0.95) < alone.lower(0.95)


def test_a_group_counts_as_one_however_many_items_it_has() -> None:
    items = labelled([("x", "y")] * 8 + [("x", "x")] * 2, ["big"] * 8 + ["s1", "s2"])
    assert absolute(ACCURACY, items, 0).value == pytest.approx(2 / 3)


def test_a_group_of_pairs_is_the_mean_of_its_differences() -> None:
    groups = ["g", "g", "h", "h"]
    ours = scored([1.0, 0.5, 0.2, 0.2], "squad_f1", groups)
    theirs = scored([0.0, 0.0, 0.2, 0.0], "squad_f1", groups)
    found = paired(SQUAD_F1, ours, theirs, 0)
    assert found.units == 2
    assert found.value == pytest.approx((0.75 + 0.1) / 2)


def test_equal_means_are_not_proven_equal() -> None:
    items = scored([0.5, 1.0] * 50, "squad_f1")
    found = paired(SQUAD_F1, items, items, 0)
    assert (found.value, found.lower(0.95), found.upper(0.95)) == (0.0, -3 / 101, 3 / 101)


def test_macro_f1_equals_scikit_learn() -> None:
    estimate = absolute(MACRO_F1, labelled(list(zip(TRUTH, FOUND, strict=True))), 0)
    reference = f1_score(
        TRUTH, [f or "none" for f in FOUND], labels=["a", "b", "c"], average="macro", zero_division=0
    )
    assert estimate.value == pytest.approx(reference, abs=1e-12)
    assert estimate.lower(0.95) < reference < estimate.upper(0.95)


def test_perfect_macro_f1_is_bounded_by_the_rarest_class() -> None:
    many_of_each = absolute(MACRO_F1, labelled([("a", "a")] * 60 + [("b", "b")] * 60), 0)
    one_is_rare = absolute(MACRO_F1, labelled([("a", "a")] * 115 + [("b", "b")] * 5), 0)
    assert one_is_rare.lower(0.95) < many_of_each.lower(0.95) < 1


def test_macro_f1_of_a_single_class() -> None:
    assert absolute(MACRO_F1, labelled([("a", "a")] * 10), 0).lower(0.95) < 1


def test_macro_f1_is_paired() -> None:
    ours = labelled(list(zip(TRUTH, TRUTH, strict=True)))
    theirs = labelled(list(zip(TRUTH, FOUND, strict=True)))
    change = paired(MACRO_F1, ours, theirs, 0)
    assert change.value == pytest.approx(1 - absolute(MACRO_F1, theirs, 0).value)
    assert paired(MACRO_F1, theirs, ours, 0).value == pytest.approx(-change.value)
    assert change.lower(0.95) < change.value < change.upper(0.95)


def test_groups_are_drawn_whole_for_macro_f1() -> None:
    groups = [f"g{n // 5}" for n in range(55)]
    pairs = list(zip(TRUTH, FOUND, strict=True))
    grouped, plain = absolute(MACRO_F1, labelled(pairs, groups), 0), absolute(MACRO_F1, labelled(pairs), 0)
    assert (grouped.units, plain.units) == (11, 55)
    assert grouped.value == pytest.approx(plain.value)
    assert grouped.lower(0.95) < plain.lower(0.95)
