"""How often the gate's rules err, by exact enumeration over every outcome that a suite can have.

Prints three tables and compares each figure with the one that the rules were chosen by; a figure that is
off ends with exit 1. Our own rules come from `sluice_api.bounds` and `sluice_trainer.evals`; the rivals,
which show why these rules were chosen, from statsmodels or from here. `--json` prints one JSON object.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from itertools import groupby

import numpy as np
import numpy.typing as npt
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

from sluice_api.bounds import PairedCounts, proves_margin, score_variance, z_value
from sluice_trainer.evals.intervals import Proportion

Floats = npt.NDArray[np.float64]
CONFIDENCE = 0.95
SIZES = (30, 50, 100, 200, 300, 500, 1000)
SHARES = np.round(np.arange(0.02, 0.9801, 0.005), 3)
DISCORDANCES = (0.02, 0.025, 0.03, 0.04, 0.05, 0.1, 0.2, 0.3, 0.4)
NEGLIGIBLE_SDS = 9
"""Outcomes farther out have less than one part in 10^15 together."""


@dataclass(frozen=True)
class Figure:
    """One figure in percent, and what it should be."""

    table: str
    name: str
    ours: float
    expected: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether the figure is what it should be."""
        return abs(self.ours - self.expected) <= self.tolerance


# Proportions


@cache
def limits(rule: str, items: int, confidence: float) -> tuple[Floats, Floats]:
    """One-sided lower and upper bound of every number of right items."""
    right = np.arange(items + 1)
    if rule == "Clopper-Pearson":
        ours = [Proportion(int(k), items) for k in right]
        lows, highs = [p.lower(confidence) for p in ours], [p.upper(confidence) for p in ours]
        return np.array(lows), np.array(highs)
    method = {"Wald": "normal", "Wilson": "wilson", "Jeffreys": "jeffreys"}[rule]
    low, high = proportion_confint(right, items, alpha=2 * (1 - confidence), method=method)
    return np.asarray(low), np.asarray(high)


def worst_false_pass(rule: str, sizes: Iterable[int]) -> float:
    """Largest chance, over thresholds, that a model exactly at the threshold passes."""
    return max(
        float(binom.pmf(np.arange(n + 1), n, c)[limits(rule, n, CONFIDENCE)[0] >= c].sum())
        for n in sizes
        for c in SHARES
    )


def coverage(rule: str, sizes: Iterable[int]) -> list[float]:
    """How often a two-sided interval at 95 % holds the truth, for every size and share."""
    found = []
    for n in sizes:
        low, high = limits(rule, n, 0.975)
        for share in SHARES:
            inside = (low <= share) & (share <= high)
            found.append(float(binom.pmf(np.arange(n + 1), n, share)[inside].sum()))
    return found


def proportion_figures() -> Iterator[Figure]:
    """Worst false pass of four rules, and the coverage of three."""
    large = [n for n in SIZES if n >= 200]
    for rule, expected in {"Wald": 14.9, "Jeffreys": 8.9, "Wilson": 8.2, "Clopper-Pearson": 5.0}.items():
        yield _figure("proportion, 200 items or more", rule, worst_false_pass(rule, large), expected)
    for rule, expected in {"Wilson": 12.1, "Jeffreys": 13.3, "Clopper-Pearson": 5.0}.items():
        yield _figure("proportion, 30 items or more", rule, worst_false_pass(rule, SIZES), expected)
    known = {"Wilson": (92.2, 98.0), "Jeffreys": (88.1, 98.8), "Clopper-Pearson": (95.0, 99.4)}
    for rule, (least, most) in known.items():
        shares = coverage(rule, SIZES)
        yield _figure("two-sided coverage at 95", f"{rule}, least", min(shares), least)
        yield _figure("two-sided coverage at 95", f"{rule}, most", max(shares), most)


# Pairs

PairRule = Callable[[PairedCounts, float], bool]


def uncorrected_tango(counts: PairedCounts, margin: float) -> bool:
    """The score test without the half item."""
    excess = counts.gained - counts.lost - counts.items * margin
    return excess > 0 and excess >= z_value(CONFIDENCE) * math.sqrt(score_variance(counts, margin))


def bonett_price(counts: PairedCounts, margin: float) -> bool:
    """Wald's bound with one item added to each kind of discordant pair."""
    gained, lost = ((k + 1) / (counts.items + 2) for k in (counts.gained, counts.lost))
    spread = math.sqrt((gained + lost - (gained - lost) ** 2) / (counts.items + 2))
    return gained - lost - z_value(CONFIDENCE) * spread >= margin


def tango(counts: PairedCounts, margin: float) -> bool:
    """The gate's own rule."""
    return proves_margin(counts, margin, CONFIDENCE)


def refutes(counts: PairedCounts, margin: float) -> bool:
    """The gate's own rule for Fail."""
    return proves_margin(counts.reversed, -margin, CONFIDENCE)


def below(counts: PairedCounts, margin: float) -> bool:
    """Failing on the point estimate, for comparison."""
    return counts.difference < margin


def outcomes(items: int, difference: float, discordance: float) -> Iterator[tuple[PairedCounts, float]]:
    """Every outcome that matters, and its chance under the trinomial."""
    gain, loss = ((discordance + sign * difference) / 2 for sign in (1, -1))
    stay = math.log(1 - discordance)
    ways = [math.lgamma(k + 1) for k in range(items + 1)]
    losses = [(k, _power(loss, k) - ways[k]) for k in _likely(items, loss)]
    for gained in _likely(items, gain):
        start = ways[items] + _power(gain, gained) - ways[gained]
        for lost, weight in losses:
            rest = items - gained - lost
            if rest >= 0:
                yield PairedCounts(items, gained, lost), math.exp(start + weight + rest * stay - ways[rest])


def _power(share: float, times: int) -> float:
    """Logarithm of the share to the power; a share of 0 only ever comes with 0 times."""
    return times * math.log(share) if share > 0 else 0.0


def _likely(items: int, share: float) -> range:
    if share <= 0:
        return range(1)
    spread = NEGLIGIBLE_SDS * (math.sqrt(items * share * (1 - share)) + 1)
    middle = items * share
    return range(max(0, math.floor(middle - spread)), min(items, math.ceil(middle + spread)) + 1)


def chances(rules: Iterable[PairRule], margin: float, *truth: float) -> list[float]:
    """How often each rule says yes, when the truth is items, difference, discordance."""
    rules, totals = list(rules), [0.0 for _ in rules]
    for counts, chance in outcomes(int(truth[0]), truth[1], truth[2]):
        for place, rule in enumerate(rules):
            totals[place] += chance * rule(counts, margin)
    return totals


def pair_figures() -> Iterator[Figure]:
    """Worst false pass at the margin itself."""
    rules = {"Tango": uncorrected_tango, "Tango with correction": tango, "Bonett-Price": bonett_price}
    known = {-0.02: (6.0, 4.8, 8.9), 0.02: (8.2, 5.5, 5.0)}
    for margin, expected in known.items():
        found = [
            chances(rules.values(), margin, n, margin, d) for n in (200, 300, 500, 1000) for d in DISCORDANCES
        ]
        for name, ours, wanted in zip(rules, map(max, zip(*found, strict=True)), expected, strict=True):
            yield _figure(f"paired, margin {margin:+.2f}, 200 items or more", name, ours, wanted)


NOT_WORSE_BY_TWO_POINTS = {
    (200, 0.1): ("0.1/63/37 [90]", "3.7/92/4.3 [45]", "18/81/0.5 [16]", "50/50/0 [3]", "92/8/0 [0]"),
    (200, 0.2): ("0.4/77/22 [81]", "4.3/91/4.3 [47]", "14/85/0.9 [24]", "32/68/0.1 [9]", "69/31/0 [1]"),
    (500, 0.1): ("0/31/69 [98]", "4.2/91/4.4 [47]", "37/62/0.1 [7]", "86/14/0 [0]", "100/0/0 [0]"),
    (500, 0.2): ("0.1/57/43 [93]", "4.5/91/4.5 [48]", "24/75/0.4 [15]", "62/38/0 [2]", "97/3/0 [0]"),
    (500, 0.3): ("0.2/68/32 [88]", "4.6/91/4.6 [48]", "19/80/0.6 [20]", "48/52/0 [5]", "88/12/0 [0]"),
    (1000, 0.2): ("0/32/68 [98]", "4.6/91/4.7 [49]", "39/60/0.1 [7]", "87/12/0 [0]", "100/0/0 [0]"),
}
"""Pass/Inconclusive/Fail in percent at true differences of -5, -2, 0, +2, +5 points; [Fail by the point]."""


def gate_figures() -> Iterator[Figure]:
    """What a gate "not worse by 2 points" does."""
    for (items, discordance), cells in NOT_WORSE_BY_TWO_POINTS.items():
        for points, cell in zip((-5, -2, 0, 2, 5), cells, strict=True):
            passed, failed, pointed = chances(
                (tango, refutes, below), -0.02, items, points / 100, discordance
            )
            ours = (passed, 1 - passed - failed, failed, pointed)
            names = ("Pass", "Inconclusive", "Fail", "failing on the point")
            texts = cell.replace("/", " ").replace("[", "").replace("]", "").split()
            for name, share, text in zip(names, ours, texts, strict=True):
                where = f"{items} items, {discordance:.0%} discordant, truth {points:+d}"
                slack = 0.15 if "." in text else 0.75
                yield Figure(where, name, round(100 * share, 3), float(text), slack)


def _figure(table: str, name: str, share: float, expected: float) -> Figure:
    return Figure(table, name, round(100 * share, 3), expected, tolerance=0.15)


def main() -> int:
    """Print every figure; 1 when one is off."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    figures = [figure for part in (proportion_figures, pair_figures, gate_figures) for figure in part()]
    off = sum(not figure.holds for figure in figures)
    if as_json:
        rows = [{**asdict(figure), "holds": figure.holds} for figure in figures]
        print(json.dumps({"bench": "gate", "figures": rows, "off": off}))  # noqa: T201
        return 1 if off else 0
    for table, group in groupby(figures, key=lambda figure: figure.table):
        print(f"{table}: {_line(list(group))}")  # noqa: T201
    print(f"{len(figures) - off} of {len(figures)} figures hold")  # noqa: T201
    return 1 if off else 0


def _line(figures: list[Figure]) -> str:
    """Name, figure in percent, and in brackets what it should be; a figure that is off says so."""
    return ", ".join(
        f"{figure.name} {figure.ours:.1f} [{figure.expected:g}]{'' if figure.holds else ' IS OFF'}"
        for figure in figures
    )


if __name__ == "__main__":
    sys.exit(main())
