"""What confidence across a suite buys: exact chances that any of many candidates at the threshold passes."""

from math import pi, prod

import numpy as np
import pytest
from scipy.stats import binom

from sluice_api.criteria import demand_of, spent_confidence
from sluice_api.evalgate import Criterion
from sluice_api.reach import reach_of
from sluice_trainer.evals.criteria import passes
from sluice_trainer.evals.intervals import Proportion, bootstrap
from support.evalitems import demand

CRITERION = Criterion.parse(
    {"suite": "triage", "metric": "accuracy", "operator": "GreaterOrEqual", "value": "0.8"}
)


def chance(items: int, candidate: int | None) -> float:
    """Exact chance that a candidate whose true share is the threshold passes."""
    asked = demand_of(CRITERION, candidate)
    low, high = 0, items + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(asked, Proportion(middle, items)) else (middle + 1, high)
    return float(binom.sf(low - 1, items, asked.threshold))


@pytest.mark.parametrize("items", [200, 1000, 20_000])
def test_any_of_twenty_at_the_threshold_passes_with_at_most_five_percent(items: int) -> None:
    alone = chance(items, None)
    each = [chance(items, n) for n in range(1, 21)]
    assert 1 - prod(1 - p for p in each) <= sum(each) <= 0.05
    assert 0.03 < alone <= 0.05


def test_without_it_two_times_in_three_one_of_twenty_passes() -> None:
    assert 1 - (1 - chance(20_000, None)) ** 20 == pytest.approx(0.64, abs=0.01)


def test_the_error_rates_of_all_candidates_ever_add_up_to_one() -> None:
    spent = sum(1 - spent_confidence(0.95, n) for n in range(1, 100_001))
    assert spent == pytest.approx(0.05, abs=1e-6)
    assert 1 - spent_confidence(0.95, 14) == pytest.approx(0.05 * 6 / (pi * 14) ** 2)
    assert spent_confidence(0.0, 14) == 0.0
    assert demand_of(CRITERION).confidence == demand().confidence == 0.95


def test_draws_that_cannot_resolve_a_bound_prove_nothing() -> None:
    perfect = bootstrap(np.ones((5000, 1)), lambda m: m[:, 0], np.array([0.0]), np.array([1.0]), 0)
    fine, strict = (spent_confidence(0.95, n) for n in (4, 40))
    assert perfect.lower(fine) > 0.99
    assert (perfect.lower(strict), perfect.upper(strict)) == (-1.0, 1.0)
    mean = CRITERION.model_copy(update={"metric": "squad_f1"})
    assert reach_of(demand_of(mean, 4), 5000).ok
    assert not reach_of(demand_of(mean, 40), 5000).ok
