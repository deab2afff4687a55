"""Bounds of the standard library against references that take another route."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from statsmodels.stats.proportion import proportion_confint

from sluice_api.bounds import (
    PairedCounts,
    paired_lower,
    paired_upper,
    perfect_proportion_lower,
    proves_margin,
    score_variance,
    z_value,
)

CASES = [(40, 3, 5), (40, 0, 0), (200, 12, 4), (200, 0, 9), (25, 10, 10), (500, 60, 41), (7, 7, 0)]
MARGINS = [-0.6, -0.1, -0.02, 0.02, 0.2]


def likelihood_variance(n: int, gained: int, lost: int, margin: float) -> float:
    """The same variance by numeric maximisation of the trinomial likelihood along p12 - p21 = margin."""

    def minus_log(p21: float) -> float:
        cells = ((gained, p21 + margin), (lost, p21), (n - gained - lost, 1 - 2 * p21 - margin))
        return -sum(k * math.log(max(p, 1e-300)) for k, p in cells if k)

    low, high = max(0.0, -margin), (1 - margin) / 2
    p21 = minimize_scalar(minus_log, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x
    variance: float = n * (2 * p21 + margin - margin**2)
    return variance


@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize(("n", "gained", "lost"), CASES)
def test_score_variance_equals_the_numeric_maximum(n: int, gained: int, lost: int, margin: float) -> None:
    ours = score_variance(PairedCounts(n, gained, lost), margin)
    assert ours == pytest.approx(likelihood_variance(n, gained, lost, margin), rel=2e-4, abs=2e-4)


@pytest.mark.parametrize("n", [1, 30, 149, 1000])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
def test_perfect_proportion_equals_clopper_pearson(n: int, confidence: float) -> None:
    reference = proportion_confint(n, n, alpha=2 * (1 - confidence), method="beta")[0]
    assert perfect_proportion_lower(n, confidence) == pytest.approx(reference, abs=1e-12)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize(("n", "gained", "lost"), CASES)
def test_the_lower_bound_is_where_the_proof_flips(n: int, gained: int, lost: int, confidence: float) -> None:
    counts = PairedCounts(n, gained, lost)
    lower = paired_lower(counts, confidence)
    assert proves_margin(counts, lower - 1e-9, confidence) or lower == -1
    assert not proves_margin(counts, lower + 1e-9, confidence)


@given(
    st.integers(1, 60).flatmap(
        lambda n: st.tuples(st.just(n), st.integers(0, n)).flatmap(
            lambda t: st.tuples(st.just(t[0]), st.just(t[1]), st.integers(0, t[0] - t[1]))
        )
    ),
    st.sampled_from([0.5, 0.9, 0.95, 0.99]),
)
@settings(max_examples=20)
def test_a_smaller_margin_is_always_easier_to_prove(cell: tuple[int, int, int], confidence: float) -> None:
    counts = PairedCounts(*cell)
    answers = [proves_margin(counts, step / 50, confidence) for step in range(-49, 50)]
    assert answers == sorted(answers, reverse=True)


@pytest.mark.parametrize(("n", "gained", "lost"), CASES)
def test_bounds_enclose_the_difference_and_mirror(n: int, gained: int, lost: int) -> None:
    counts = PairedCounts(n, gained, lost)
    assert -1 <= paired_lower(counts, 0.95) <= counts.difference <= paired_upper(counts, 0.95) <= 1
    assert paired_upper(counts, 0.95) == -paired_lower(counts.reversed, 0.95)


def test_without_discordant_pairs_the_interval_still_has_a_width() -> None:
    assert paired_lower(PairedCounts(200, 0, 0), 0.95) == pytest.approx(-0.017937, abs=1e-6)


def test_confidence_zero_is_the_point() -> None:
    counts = PairedCounts(50, 9, 4)
    assert paired_lower(counts, 0) == paired_upper(counts, 0) == 0.1


def exact_pass_rate(n: int, margin: float, discordance: float, confidence: float) -> float:
    """How often the rule passes when the truth is the margin itself: sum over the trinomial."""
    p12, p21 = (discordance + margin) / 2, (discordance - margin) / 2
    logs = (math.log(p12), math.log(p21), math.log(1 - discordance))
    total = 0.0
    for gained in range(n + 1):
        for lost in range(n + 1 - gained):
            if proves_margin(PairedCounts(n, gained, lost), margin, confidence):
                rest = n - gained - lost
                ways = math.lgamma(n + 1) - sum(math.lgamma(k + 1) for k in (gained, lost, rest))
                total += math.exp(ways + gained * logs[0] + lost * logs[1] + rest * logs[2])
    return total


@pytest.mark.parametrize("discordance", [0.1, 0.3])
def test_exact_enumeration_stays_near_the_nominal_error(discordance: float) -> None:
    assert 0.005 < exact_pass_rate(40, -0.05, discordance, 0.95) < 0.055


def test_z_value() -> None:
    assert z_value(0.95) == pytest.approx(1.6448536, abs=1e-7)
