"""Estimates with one-sided bounds, one class per kind of metric.

`make bench-gate` prints the error rates that chose the rules.
A bound at confidence 0 is the estimate itself.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.special import betaincinv

from sluice_api.bounds import PairedCounts, paired_lower, paired_upper
from sluice_api.reach import BOOTSTRAP_DRAWS, LEAST_ERROR

Floats = npt.NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
_CHUNK = 4_000_000
"""Most numbers that are drawn at once."""


class Estimate(Protocol):
    """A number with its uncertainty."""

    @property
    def value(self) -> float:
        """The point estimate."""
        ...

    @property
    def units(self) -> int:
        """Independent units: items, or groups."""
        ...

    @property
    def variance(self) -> float:
        """Variance that one unit adds; tells how many units would decide."""
        ...

    def lower(self, confidence: float) -> float:
        """One-sided lower bound."""
        ...

    def upper(self, confidence: float) -> float:
        """One-sided upper bound."""
        ...


@dataclass(frozen=True)
class Proportion:
    """A share of independent items, bounded by Clopper-Pearson."""

    right: int
    units: int

    @property
    def value(self) -> float:
        """The share."""
        return self.right / self.units

    @property
    def variance(self) -> float:
        """Of one item."""
        return self.value * (1 - self.value)

    def lower(self, confidence: float) -> float:
        """Beta quantile; 0 when nothing is right."""
        if confidence == 0:
            return self.value
        if self.right == 0:
            return 0.0
        return float(betaincinv(self.right, self.units - self.right + 1, 1 - confidence))

    def upper(self, confidence: float) -> float:
        """Beta quantile; 1 when everything is right."""
        if confidence == 0:
            return self.value
        if self.right == self.units:
            return 1.0
        return float(betaincinv(self.right + 1, self.units - self.right, confidence))


@dataclass(frozen=True)
class PairedDifference:
    """A difference of two shares on the same items, bounded by Tango's score test with correction."""

    counts: PairedCounts

    @property
    def value(self) -> float:
        """Candidate minus baseline."""
        return self.counts.difference

    @property
    def units(self) -> int:
        """Items."""
        return self.counts.items

    @property
    def variance(self) -> float:
        """Share of discordant pairs."""
        return (self.counts.gained + self.counts.lost) / self.counts.items

    def lower(self, confidence: float) -> float:
        """Largest margin that is proven."""
        return paired_lower(self.counts, confidence)

    def upper(self, confidence: float) -> float:
        """Smallest margin that is not refuted."""
        return paired_upper(self.counts, confidence)


@dataclass(frozen=True)
class Bootstrapped:
    """A statistic bounded by the percentile bootstrap with pseudo-items; draws are sorted."""

    value: float
    units: int
    lows: Floats
    """Draws with the worst-possible pseudo-item among the units."""
    highs: Floats
    """Draws with the best-possible one."""

    @property
    def variance(self) -> float:
        """Of one unit, from the spread of the draws."""
        return float(np.var(self.lows)) * self.units

    def lower(self, confidence: float) -> float:
        """The draw at the quantile, taken downwards; the end of every range where draws resolve nothing."""
        if confidence == 0:
            return self.value
        if 1 - confidence < LEAST_ERROR:
            return -1.0
        return float(np.quantile(self.lows, 1 - confidence, method="lower"))

    def upper(self, confidence: float) -> float:
        """The draw at the quantile, taken upwards; the end of every range where draws resolve nothing."""
        if confidence == 0:
            return self.value
        if 1 - confidence < LEAST_ERROR:
            return 1.0
        return float(np.quantile(self.highs, confidence, method="higher"))


def bootstrap(
    units: npt.NDArray[Any],
    statistic: Statistic,
    worst: npt.NDArray[Any],
    best: npt.NDArray[Any],
    seed: int,
) -> Bootstrapped:
    """Bounds of a statistic of the mean of the units' rows.

    `worst` and `best` are the rows of the pseudo-items: without them, scores near the ceiling break every
    bootstrap, because a sample without a mistake resamples to samples without a mistake.
    """
    mean = np.array([[math.fsum(column) / len(units) for column in units.T]])
    return Bootstrapped(
        value=float(statistic(mean)[0]),
        units=len(units),
        lows=_draws(np.vstack([units, worst]), statistic, seed),
        highs=_draws(np.vstack([units, best]), statistic, seed),
    )


def _draws(rows: npt.NDArray[Any], statistic: Statistic, seed: int) -> Floats:
    """Sorted statistics of resamples.

    Equal rows are drawn together, which is the same and much faster. So is the product with a sparse matrix:
    with 1,024 labels a row has 3,072 counts, of which two are not 0. Floats hold these counts exactly.
    """
    distinct, counts = np.unique(rows, axis=0, return_counts=True)
    size, generator = len(rows), np.random.default_rng(seed)
    per_chunk = max(1, _CHUNK // max(distinct.shape))
    sparse = csr_array(distinct.astype(np.float64))
    parts = []
    for start in range(0, BOOTSTRAP_DRAWS, per_chunk):
        draws = min(per_chunk, BOOTSTRAP_DRAWS - start)
        drawn = generator.multinomial(size, counts / size, size=draws)
        parts.append(statistic(np.ascontiguousarray(drawn.astype(np.float64) @ sparse) / size))
    return np.sort(np.concatenate(parts))
