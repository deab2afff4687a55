"""Bounds against references of their own: statsmodels, enumeration, and counting by hand."""

import numpy as np
import pytest
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

from sluice_api.bounds import PairedCounts, paired_lower, proves_share
from sluice_trainer.evals import intervals
from sluice_trainer.evals.intervals import Bootstrapped, PairedDifference, Proportion, bootstrap


def means(values: list[float], seed: int = 0) -> Bootstrapped:
    rows = np.array(values)[:, None]
    return bootstrap(rows, lambda m: m[:, 0], np.array([0.0]), np.array([1.0]), seed)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize(("right", "items"), [(0, 40), (1, 40), (31, 40), (40, 40), (912, 1000)])
def test_proportion_equals_clopper_pearson(right: int, items: int, confidence: float) -> None:
    low, high = proportion_confint(right, items, alpha=2 * (1 - confidence), method="beta")
    ours = Proportion(right, items)
    assert ours.lower(confidence) == pytest.approx(low, abs=1e-10)
    assert ours.upper(confidence) == pytest.approx(high, abs=1e-10)


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_proportion_passes_a_bad_model_in_five_percent_at_most(share: float) -> None:
    passing = [k for k in range(101) if Proportion(k, 100).lower(0.95) >= share]
    assert 0.01 < binom.pmf(passing, 100, share).sum() <= 0.05


def test_bounds_at_confidence_zero_are_the_value() -> None:
    assert Proportion(7, 10).lower(0) == Proportion(7, 10).upper(0) == 0.7
    assert means([0.8] * 100).lower(0) == means([0.8] * 100).upper(0) == 0.8


def test_paired_difference_is_the_shared_rule() -> None:
    counts = PairedCounts(200, 12, 4)
    ours = PairedDifference(counts)
    assert (ours.value, ours.units, ours.variance) == (0.04, 200, 0.08)
    assert ours.lower(0.95) == paired_lower(counts, 0.95)


def test_E02_the_bootstrap_is_seeded() -> None:
    values = [0.0, 0.3, 0.5, 0.9, 1.0] * 8
    assert means(values).lower(0.95) == means(values).lower(0.95)
    assert means(values, 1).lows.tolist() != means(values, 2).lows.tolist()


def test_a_perfect_sample_keeps_a_width_by_its_pseudo_item() -> None:
    perfect = means([1.0] * 149)
    assert perfect.lower(0.95) == 1 - 3 / 150
    assert perfect.upper(0.95) == 1.0


def test_draws_have_the_mean_and_spread_of_resampling_by_index() -> None:
    values = [0.1, 0.1, 0.4, 0.7, 0.7, 0.9] * 10
    generator = np.random.default_rng(7)
    by_index = generator.choice([*values, 0.0], size=(4000, 61)).mean(axis=1)
    ours = means(values).lows
    assert ours.mean() == pytest.approx(by_index.mean(), abs=0.003)
    assert ours.std() == pytest.approx(by_index.std(), rel=0.05)
    assert means(values).lower(0.95) == pytest.approx(np.quantile(by_index, 0.05), abs=0.008)


def test_bounds_widen_with_confidence() -> None:
    estimate = means([0.2, 0.4, 0.9, 1.0] * 15)
    assert estimate.lower(0.99) < estimate.lower(0.9) < estimate.value < estimate.upper(0.9)


@pytest.mark.parametrize(("units", "classes"), [(40, 3), (900, 64)])
def test_counts_are_drawn_as_with_whole_numbers(
    units: int, classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Products of floats give the very bounds that products of integers give."""
    monkeypatch.setattr(intervals, "BOOTSTRAP_DRAWS", 200)
    counts = np.random.default_rng(3).integers(0, 40, size=(units, classes))
    distinct, often = np.unique(np.vstack([counts, counts[:1]]), axis=0, return_counts=True)
    found = bootstrap(counts, lambda means: means[:, 0] - means[:, -1], counts[0], counts[0], seed=5)
    drawn = np.random.default_rng(5).multinomial(units + 1, often / (units + 1), size=200)
    sums = drawn @ distinct
    assert sums.dtype.kind == "i"
    expected = np.sort(sums[:, 0] / (units + 1) - sums[:, -1] / (units + 1))
    assert found.lows.tolist() == found.highs.tolist() == expected.tolist()


@pytest.mark.parametrize("confidence", [0.0, 0.5, 0.9, 0.95, 0.9999])
def test_the_planner_knows_what_a_share_proves(confidence: float) -> None:
    for items, right in [(1, 1), (12, 6), (40, 0), (149, 149), (200, 167), (1000, 912), (3000, 2999)]:
        bound = Proportion(right, items).lower(confidence)
        assert proves_share(right, items, bound - 1e-9, confidence)
        assert not proves_share(right, items, bound + 1e-9, confidence)
