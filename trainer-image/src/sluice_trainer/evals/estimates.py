"""From the results of every item to an estimate: of a metric, or of its difference on the same items.

The unit is the item. Where items share a group the unit is the group: a proportion or a mean is then the mean
over groups of the group's own mean, bounded by the bootstrap over groups; macro F1 draws whole groups.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sluice_api.bounds import PairedCounts
from sluice_api.metrics import Metric, MetricKind
from sluice_trainer.evals.confusion import class_counts, macro_f1
from sluice_trainer.evals.intervals import (
    Bootstrapped,
    Estimate,
    PairedDifference,
    Proportion,
    bootstrap,
)
from sluice_trainer.evals.results import ItemResult

Items = Sequence[ItemResult]
Units = Mapping[tuple[str, str], list[int]]
"""Positions of the items of each unit."""
Rows = npt.NDArray[Any]


def absolute(metric: Metric, items: Items, seed: int) -> Estimate:
    """Estimate of a metric."""
    units = _grouped(items)
    if metric.kind is MetricKind.MACRO_F1:
        return _macro([items], units, seed)
    scores = _scores(metric, items)
    if metric.kind is MetricKind.PROPORTION and len(units) == len(items):
        return Proportion(round(sum(scores)), len(items))
    return _mean(scores, units, worst=0.0, seed=seed)


def paired(metric: Metric, ours: Items, theirs: Items, seed: int) -> Estimate:
    """Estimate of the difference of a metric on the same items in the same order."""
    units = _grouped(ours)
    if metric.kind is MetricKind.MACRO_F1:
        return _macro([ours, theirs], units, seed)
    changes = [a - b for a, b in zip(_scores(metric, ours), _scores(metric, theirs), strict=True)]
    if metric.kind is MetricKind.PROPORTION and len(units) == len(ours):
        gained, lost = sum(c > 0 for c in changes), sum(c < 0 for c in changes)
        return PairedDifference(PairedCounts(len(ours), gained, lost))
    return _mean(changes, units, worst=-1.0, seed=seed)


def _grouped(items: Items) -> Units:
    """Positions of the items of each unit."""
    units: dict[tuple[str, str], list[int]] = {}
    for place, item in enumerate(items):
        units.setdefault(item.unit, []).append(place)
    return units


def _scores(metric: Metric, items: Items) -> list[float]:
    return [item.scores[metric.name] for item in items]


def _mean(values: Sequence[float], units: Units, worst: float, seed: int) -> Bootstrapped:
    means = [[math.fsum(values[i] for i in places) / len(places)] for places in units.values()]
    return bootstrap(np.array(means), lambda m: m[:, 0], np.array([worst]), np.array([1.0]), seed)


def _macro(sides: Sequence[Items], units: Units, seed: int) -> Bootstrapped:
    """Macro F1 of one side, or of the first less the second."""
    classes = _by_support(sides[0])
    rows = np.hstack([_unit_counts(items, units, classes) for items in sides])
    right, wrong = _pseudo(classes, size=math.ceil(len(sides[0]) / len(units)))
    if len(sides) == 1:
        return bootstrap(rows, macro_f1, wrong, right, seed)
    worst, best = np.hstack([wrong, right]), np.hstack([right, wrong])
    return bootstrap(rows, _macro_difference, worst, best, seed)


def _by_support(items: Items) -> list[str]:
    """Classes that the suite asks for, the rarest first."""
    support = Counter(item.label or "" for item in items)
    return sorted(support, key=lambda name: (support[name], name))


def _unit_counts(items: Items, units: Units, classes: Sequence[str]) -> Rows:
    each = np.array([class_counts(item.label or "", item.predicted_label, classes) for item in items])
    return np.array([each[places].sum(axis=0) for places in units.values()])


def _pseudo(classes: Sequence[str], size: int) -> tuple[Rows, Rows]:
    """A unit of the rarest class that is right, and one that is taken for the next rarest."""
    other = classes[1] if len(classes) > 1 else None
    right = class_counts(classes[0], classes[0], classes)
    return size * right, size * class_counts(classes[0], other, classes)


def _macro_difference(counts: Rows) -> Rows:
    ours, theirs = np.hsplit(counts, 2)
    return np.asarray(macro_f1(ours) - macro_f1(theirs))
