"""About how many items would decide what is open."""

import math
from typing import Final

from sluice_api.bounds import z_value
from sluice_api.criteria import Demand
from sluice_api.reach import items_for
from sluice_trainer.evals.intervals import Estimate

_POWER_Z: Final = 0.84
"""Quantile for a chance of four in five that the next verdict decides."""
_MOST_ITEMS: Final = 9_999_999
"""More than that is no advice."""


def items_to_decide(demand: Demand, estimate: Estimate, classes: int) -> int | None:
    """About how many units would decide with a chance of 80 %, if the estimate is the truth."""
    distance = estimate.value - demand.threshold
    needed = items_for(demand, classes)
    if abs(distance) < 1e-12 or (needed is None and (distance > 0) == demand.at_least):
        return None
    wanted = estimate.variance * (z_value(demand.confidence) + _POWER_Z) ** 2 / distance**2
    if wanted > _MOST_ITEMS:
        return None
    return max(math.ceil(wanted), needed or 0, estimate.units + 1)
