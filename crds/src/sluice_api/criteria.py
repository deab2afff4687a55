"""A criterion with its defaults filled in: list items in the schema carry none, so they are filled in here.

Gate planner and judge read criteria through `Demand` only, so that both mean the same.
"""

import math
from dataclasses import dataclass
from typing import Final

from sluice_api.evalgate import Criterion

DEFAULT_CONFIDENCE_PERCENT: Final = 95
DEFAULT_MIN_SUPPORT: Final = 100
DEFAULT_SLICE_SUPPORT: Final = 30


@dataclass(frozen=True)
class Demand:
    """What one criterion asks for."""

    suite: str
    metric: str
    at_least: bool
    """True: the metric must be at least the threshold; False: at most."""
    threshold: float
    compares: bool
    """The metric is the difference to the baseline."""
    min_support: int
    confidence: float
    """One-sided, from 0.5 below 1; 0 compares the point estimate."""
    required: bool
    worst_slice: bool = False
    """The metric of each slice with enough items, not of the suite."""

    @property
    def proves(self) -> bool:
        """Whether a Pass proves the demand; of slices it only says that none is proven to miss it."""
        return not self.worst_slice

    @property
    def words(self) -> str:
        """The demand in words, such as `accuracy on triage >= 0.8`."""
        sign = ">=" if self.at_least else "<="
        change = " against the baseline" if self.compares else ""
        return f"{self.subject}{change} {sign} {self.threshold:g}"

    @property
    def subject(self) -> str:
        """What is measured, and where."""
        where = f"the worst slice of {self.suite}" if self.worst_slice else self.suite
        return f"{self.metric} on {where}"


def spent_confidence(confidence: float, candidate: int | None) -> float:
    """Confidence for the n-th candidate on a suite, so that all that ever come share one error rate.

    The error rates alpha 6 / (pi n)^2 add up to alpha. Without confidence there is nothing to share.
    """
    if candidate is None or confidence == 0:
        return confidence
    return 1 - (1 - confidence) * 6 / (math.pi * candidate) ** 2


def demand_of(criterion: Criterion, candidate: int | None = None) -> Demand:
    """The criterion with its defaults; `candidate` is the number on the suite, where it is counted."""
    percent = criterion.confidence_percent
    worst_slice = criterion.slice == "Worst"
    support = DEFAULT_SLICE_SUPPORT if worst_slice else DEFAULT_MIN_SUPPORT
    return Demand(
        suite=criterion.suite,
        metric=criterion.metric,
        at_least=criterion.operator == "GreaterOrEqual",
        threshold=float(criterion.value),
        compares=criterion.compare == "DeltaToBaseline",
        min_support=criterion.min_support or support,
        confidence=spent_confidence(
            (DEFAULT_CONFIDENCE_PERCENT if percent is None else percent) / 100, candidate
        ),
        required=criterion.mode != "Advisory",
        worst_slice=worst_slice,
    )
