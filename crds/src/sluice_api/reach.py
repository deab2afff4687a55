"""Whether a gate can be passed at all with the items it has, and how many it would need.

A perfect candidate is judged by the same rules as every other: where even that one stays inconclusive, no GPU
is taken. The formulas stand in `sluice_api.bounds`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sluice_api.bounds import PairedCounts, perfect_proportion_lower, proves_margin, proves_share
from sluice_api.criteria import Demand, demand_of
from sluice_api.datasetpack import MOST_LABELS
from sluice_api.evalgate import Criterion
from sluice_api.metrics import METRICS, MetricKind

BOOTSTRAP_DRAWS: Final = 10_000
"""Draws of the bootstrap that bounds means and macro-F1."""
LEAST_ERROR: Final = 1 / BOOTSTRAP_DRAWS
"""Smallest error rate that the draws resolve: a stricter bound than the outermost draw is none."""
EQUAL_BASELINE: Final = "counted for a baseline that is as good as the candidate"
"""Against a worse baseline fewer items may do, but a gate must work once the baseline is good."""
MOST_CLASSES: Final = MOST_LABELS
"""Most labels that a pack may have."""
_LIMIT: Final = 2**30


@dataclass(frozen=True)
class Reachability:
    """Whether enough items are there."""

    ok: bool
    needed: int | None
    """Fewest items; None when no number of items is enough."""
    right: int | None = None
    """Items that can be right at most, where that is too few."""
    assumes: str = ""
    """What is taken for granted about the baseline; empty when nothing is."""

    @property
    def told(self) -> str:
        """The need in words."""
        if self.right is not None:
            return (
                "a suite that does not contradict itself: equal prompts have different answers, "
                f"so at best {self.right} items are right"
            )
        if self.needed is None:
            return "another threshold: no number of items is enough"
        return f"at least {self.needed} items" + (f", {self.assumes}" if self.assumes else "")


def reachable(criterion: Criterion, items: int, classes: int = MOST_CLASSES) -> Reachability:
    """Whether a perfect candidate passes the criterion with this many items (or groups)."""
    return reach_of(demand_of(criterion), items, classes)


def reach_of(demand: Demand, items: int, classes: int = MOST_CLASSES, lost: int = 0) -> Reachability:
    """`reachable` for a criterion whose defaults are filled in. No candidate has the `lost` items right."""
    needed = items_for(demand, classes)
    assumes = EQUAL_BASELINE if _tolerates_worse(demand) else ""
    if lost and needed is not None and items >= needed and not _passes_without(demand, items, lost):
        return Reachability(ok=False, needed=needed, right=items - lost)
    return Reachability(ok=needed is not None and items >= needed, needed=needed, assumes=assumes)


def items_needed(criterion: Criterion, classes: int = MOST_CLASSES) -> int | None:
    """Fewest items with which a perfect candidate passes; None when no number is enough.

    `classes` is the number of labels of the suite; only macro_f1 asks for it.
    A metric that is not in the table needs its minSupport: that it is missing is said elsewhere.
    """
    return items_for(demand_of(criterion), classes)


def items_for(demand: Demand, classes: int = MOST_CLASSES) -> int | None:
    """`items_needed` for a criterion whose defaults are filled in."""
    metric = METRICS.get(demand.metric)
    if metric is None or demand.worst_slice:
        # Nobody needs to prove anything about a slice.
        return demand.min_support
    best = _best_case(demand, metric.kind, classes)
    return _smallest(best, demand.min_support)


def _best_case(demand: Demand, kind: MetricKind, classes: int) -> Callable[[int], bool]:
    """Whether a perfect candidate passes with n items. `at most` is mirrored to `at least`."""
    if demand.compares:
        margin = _margin(demand)
        return lambda n: _best_difference_passes(n, margin, demand.confidence, kind, classes)
    floor = demand.threshold if demand.at_least else 1 - demand.threshold
    return lambda n: _best_value(n, demand.confidence, kind, classes) >= floor


def _passes_without(demand: Demand, items: int, lost: int) -> bool:
    """Whether a candidate passes that has all items right but the lost ones; for shares of right items."""
    if demand.worst_slice or not demand.at_least:
        return True
    if not demand.compares:
        return proves_share(items - lost, items, demand.threshold, demand.confidence)
    if demand.threshold < 0:
        return True
    counts = PairedCounts(items, items - lost, 0)
    if demand.confidence == 0:
        return counts.difference >= demand.threshold
    return proves_margin(counts, demand.threshold, demand.confidence)


def _margin(demand: Demand) -> float:
    return demand.threshold if demand.at_least else -demand.threshold


def _tolerates_worse(demand: Demand) -> bool:
    return demand.compares and _margin(demand) < 0


def _best_value(n: int, confidence: float, kind: MetricKind, classes: int) -> float:
    """Lower bound of a perfect candidate."""
    if confidence == 0:
        return 1.0
    if kind is MetricKind.PROPORTION:
        return perfect_proportion_lower(n, confidence)
    return 1 - _pseudo_loss(n, confidence, kind, classes)


def _best_difference_passes(n: int, margin: float, confidence: float, kind: MetricKind, classes: int) -> bool:
    """Whether a perfect candidate proves the margin.

    "Not worse" must be provable against a baseline that is perfect too, so no item differs. "Better" can only
    be asked against a baseline with faults, so at best every item differs.
    """
    gained = n if margin >= 0 else 0
    if confidence == 0:
        return gained / n >= margin
    if kind is MetricKind.PROPORTION:
        return proves_margin(PairedCounts(n, gained, 0), margin, confidence)
    loss = _pseudo_loss(n, confidence, kind, classes)
    if margin >= 0 and kind is MetricKind.MEAN:
        return 1 - 2 * loss >= margin
    return (1.0 if margin >= 0 else 0.0) - loss >= margin


def _pseudo_loss(n: int, confidence: float, kind: MetricKind, classes: int) -> float:
    """What the worst-possible pseudo-item takes from a perfect score at the bootstrap's quantile.

    In macro-F1 it spoils two classes, and least when all classes are equally large.
    """
    if 1 - confidence < LEAST_ERROR:
        return math.inf
    draws = _pseudo_draws(n + 1, confidence)
    if kind is MetricKind.MACRO_F1:
        return 2 * draws / (2 * n + classes * draws)
    return draws / (n + 1)


def _pseudo_draws(size: int, confidence: float) -> int:
    """How often one of `size` items is drawn at the quantile, less what 10,000 draws may be off."""
    wanted = confidence - 3 * math.sqrt(confidence * (1 - confidence) / BOOTSTRAP_DRAWS)
    share, draws = (1 - 1 / size) ** size, 0
    total = share
    while total < wanted:
        draws += 1
        share *= (size - draws + 1) / draws / (size - 1)
        total += share
    return draws


def _smallest(passes: Callable[[int], bool], start: int) -> int | None:
    """Smallest n from `start` on that passes, by doubling and bisection; None beyond any real suite."""
    if passes(start):
        return start
    low, high = start, start
    while not passes(high):
        low, high = high, 2 * high
        if high > _LIMIT:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high
