"""What every task family offers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sluice_api.metrics import Metric
from sluice_trainer.data.rows import Row
from sluice_trainer.evals.results import ItemResult


@dataclass(frozen=True)
class Family:
    """Two functions and the metrics they yield."""

    metrics: tuple[Metric, ...]
    score: Callable[[Row, str | None, Sequence[str]], ItemResult]
    """Row, reply (None: the call failed) and allowed labels to the item's result."""
    summarise: Callable[[Sequence[ItemResult], Sequence[str]], dict[str, Any]]
    """`metrics` by name, and what explains them. Never called without items."""


def mean_score(results: Sequence[ItemResult], metric: Metric) -> float:
    """Mean of one score over all items."""
    return sum(result.scores[metric.name] for result in results) / len(results)
