"""One-sided bounds that need nothing but the standard library: the planner asks them before a GPU is taken.

Proportions of perfect samples and paired differences of proportions. Bounds that need scipy or numpy stand in
the trainer. A confidence of 0 means the point estimate.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class PairedCounts:
    """Two systems on the same items: who was right where the other was wrong."""

    items: int
    gained: int
    """Items that the candidate has right and the baseline wrong."""
    lost: int
    """Items that the baseline has right and the candidate wrong."""

    @property
    def difference(self) -> float:
        """Candidate minus baseline, as shares."""
        return (self.gained - self.lost) / self.items

    @property
    def reversed(self) -> "PairedCounts":
        """The same items with the systems exchanged."""
        return PairedCounts(self.items, self.lost, self.gained)


def z_value(confidence: float) -> float:
    """Quantile of the standard normal distribution."""
    return NormalDist().inv_cdf(confidence)


def perfect_proportion_lower(items: int, confidence: float) -> float:
    """Clopper-Pearson lower bound when every item is right; the general one needs a Beta quantile."""
    return float((1 - confidence) ** (1 / items))


def proves_share(right: int, items: int, share: float, confidence: float) -> bool:
    """Whether the Clopper-Pearson lower bound of `right` of `items` is at least a share from 0 to 1.

    So many hits or more must be rarer than the error rate if the share were the truth. Confidence 0 compares
    the point estimate.
    """
    if confidence == 0 or share <= 0:
        return right >= share * items
    if right < share * items or share >= 1:
        return False
    term = _binomial(right, items, share)
    tail, hits = term, right
    while hits < items and term > tail * 1e-17 and tail <= 1 - confidence:
        term *= (items - hits) / (hits + 1) * share / (1 - share)
        tail, hits = tail + term, hits + 1
    return tail <= 1 - confidence


def _binomial(right: int, items: int, share: float) -> float:
    """Probability of exactly so many hits."""
    ways = math.lgamma(items + 1) - math.lgamma(right + 1) - math.lgamma(items - right + 1)
    return math.exp(ways + right * math.log(share) + (items - right) * math.log1p(-share))


def score_variance(counts: PairedCounts, margin: float) -> float:
    """Variance of gained - lost if the true difference were `margin`, by restricted maximum likelihood.

    Tango, Statistics in Medicine 17 (1998): the share of lost items solves a quadratic.
    """
    n, gained, lost = counts.items, counts.gained, counts.lost
    a = 2 * n
    b = -gained - lost + (2 * n - gained + lost) * margin
    c = -lost * margin * (1 - margin)
    lost_share = (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
    return max(0.0, n * (2 * lost_share + margin * (1 - margin)))


def proves_margin(counts: PairedCounts, margin: float, confidence: float) -> bool:
    """Whether the difference is proven to be at least `margin`: score test with half-item correction."""
    excess = counts.gained - counts.lost - counts.items * margin
    if excess <= 0:
        return False
    return excess - 0.5 >= z_value(confidence) * math.sqrt(score_variance(counts, margin))


def paired_lower(counts: PairedCounts, confidence: float) -> float:
    """The largest margin that is proven, by bisection down to neighbouring floats; -1 when none is."""
    if confidence == 0:
        return counts.difference
    proven, unproven = -1.0, counts.difference
    while proven < (middle := (proven + unproven) / 2) < unproven:
        if proves_margin(counts, middle, confidence):
            proven = middle
        else:
            unproven = middle
    return proven


def paired_upper(counts: PairedCounts, confidence: float) -> float:
    """The smallest difference that is not refuted: the lower bound with the systems exchanged."""
    return -paired_lower(counts.reversed, confidence)
