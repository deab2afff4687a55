"""A criterion with its defaults filled in: list items in the schema carry none, so they are filled in here.

Gate planner and judge read criteria through `Demand` only, so that both mean the same.
"""

from dataclasses import dataclass
from typing import Final

from sluice_api.evalgate import Criterion

DEFAULT_CONFIDENCE_PERCENT: Final = 95
DEFAULT_MIN_SUPPORT: Final = 100


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

    @property
    def words(self) -> str:
        """The demand in words, such as `accuracy on triage >= 0.8`."""
        sign = ">=" if self.at_least else "<="
        change = " against the baseline" if self.compares else ""
        return f"{self.metric} on {self.suite}{change} {sign} {self.threshold:g}"


def demand_of(criterion: Criterion) -> Demand:
    """The criterion with its defaults."""
    percent = criterion.confidence_percent
    return Demand(
        suite=criterion.suite,
        metric=criterion.metric,
        at_least=criterion.operator == "GreaterOrEqual",
        threshold=float(criterion.value),
        compares=criterion.compare == "DeltaToBaseline",
        min_support=criterion.min_support or DEFAULT_MIN_SUPPORT,
        confidence=(DEFAULT_CONFIDENCE_PERCENT if percent is None else percent) / 100,
        required=criterion.mode != "Advisory",
    )
