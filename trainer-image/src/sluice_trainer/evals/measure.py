"""Is there something to estimate for a criterion? The checks that turn absence into a reason.

What the estimate is stands in `estimates`; what it means for the criterion, in `criteria`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sluice_api import reasons
from sluice_api.criteria import Demand
from sluice_api.metrics import METRICS, Metric, MetricKind, metrics_of
from sluice_api.reasons import Reason
from sluice_trainer.evals.estimates import absolute, paired
from sluice_trainer.evals.intervals import Estimate
from sluice_trainer.evals.results import SuiteResults
from sluice_trainer.evals.slices import MOST_SLICES, WorstSlice


@dataclass(frozen=True)
class Absent:
    """Nothing was measured, and why. Absence is never a pass."""

    reason: Reason
    message: str


def measure(
    demand: Demand, candidate: SuiteResults | None, baseline: SuiteResults | None, seed: int
) -> Estimate | Absent:
    """Estimate of the metric, or of its difference to the baseline on the same items."""
    found = _metric(demand, candidate)
    if isinstance(found, Absent):
        return found
    suite, metric = found
    if not demand.compares:
        return _numbers(metric, suite) or _estimate(demand, metric, suite, None, seed)
    if baseline is None:
        return Absent(reasons.BASELINE_MISSING, f"{demand.words}: there is no baseline to compare with")
    broken = _numbers(metric, suite) or _incomplete(baseline) or _numbers(metric, baseline)
    return broken or _mismatch(suite, baseline) or _estimate(demand, metric, suite, baseline, seed)


def _estimate(
    demand: Demand, metric: Metric, suite: SuiteResults, baseline: SuiteResults | None, seed: int
) -> Estimate | Absent:
    """Of the suite, or of its slices."""
    if not demand.worst_slice:
        return _of_items(metric, suite, baseline, range(len(suite.items)), seed)
    places: dict[str, list[int]] = {}
    for place, item in enumerate(suite.items):
        if item.id in suite.slices:
            places.setdefault(suite.slices[item.id], []).append(place)
    if not places:
        return Absent(reasons.SLICE_MISSING, f"{demand.words}: no item of suite {suite.name} has a slice")
    units = {name: len({suite.items[place].unit for place in at}) for name, at in places.items()}
    enough = {name: at for name, at in places.items() if units[name] >= demand.min_support}
    ignored = {name: count for name, count in units.items() if name not in enough}
    if not enough:
        told = f"{demand.words}: none of {len(units)} slices has {demand.min_support} items"
        return Absent(reasons.SUPPORT_TOO_SMALL, told)
    if len(enough) > MOST_SLICES:
        told = f"{demand.words}: {len(enough)} slices have {demand.min_support} items, at most {MOST_SLICES}"
        return Absent(reasons.TOO_MANY_SLICES, f"{told} are judged")
    slices = {name: _of_items(metric, suite, baseline, at, seed) for name, at in sorted(enough.items())}
    return WorstSlice(slices, ignored, demand.at_least)


def _of_items(
    metric: Metric, suite: SuiteResults, baseline: SuiteResults | None, places: Sequence[int], seed: int
) -> Estimate:
    ours = [suite.items[place] for place in places]
    if baseline is None:
        return absolute(metric, ours, seed)
    return paired(metric, ours, [baseline.items[place] for place in places], seed)


def _metric(demand: Demand, suite: SuiteResults | None) -> tuple[SuiteResults, Metric] | Absent:
    """The suite and the metric of exactly that name, never of a similar one."""
    if suite is None:
        return Absent(reasons.RESULTS_INCOMPLETE, f"suite {demand.suite} has no results")
    metric, known = METRICS.get(demand.metric), metrics_of(suite.task)
    if metric not in known:
        names = ", ".join(m.name for m in known)
        return Absent(
            reasons.METRIC_MISSING, f"suite {suite.name} yields {names}, and no metric {demand.metric}"
        )
    return _incomplete(suite) or (suite, metric)


def _incomplete(suite: SuiteResults) -> Absent | None:
    """A shard that crashed is no smaller suite."""
    ids = tuple(item.id for item in suite.items)
    if not suite.asked:
        return Absent(reasons.SUITE_EMPTY, f"suite {suite.name} has no items{_excluded(suite)}")
    if suite.differs:
        how = ", ".join(suite.differs)
        return Absent(reasons.ITEM_MISMATCH, f"suite {suite.name} was evaluated with another {how}")
    missing = set(suite.asked) - set(ids)
    if missing:
        return Absent(
            reasons.RESULTS_INCOMPLETE,
            f"suite {suite.name}: {len(missing)} of {len(suite.asked)} items have no result",
        )
    if ids != suite.asked:
        return Absent(reasons.ITEM_MISMATCH, f"suite {suite.name}: the results are of other items")
    return None


def _excluded(suite: SuiteResults) -> str:
    return f": all {suite.excluded} are excluded, because they were trained on" if suite.excluded else ""


def _numbers(metric: Metric, suite: SuiteResults) -> Absent | None:
    """Every item needs its score, and every score must be a share."""
    if metric.kind is MetricKind.MACRO_F1:
        unlabelled = [item.id for item in suite.items if item.label is None]
        return _bad(reasons.RESULTS_INCOMPLETE, "no label", metric, suite, unlabelled)
    scores = {item.id: item.scores.get(metric.name) for item in suite.items}
    missing = [item for item, score in scores.items() if score is None]
    wild = [item for item, score in scores.items() if score is not None and not _is_share(score, metric)]
    return _bad(reasons.RESULTS_INCOMPLETE, "no score", metric, suite, missing) or _bad(
        reasons.METRIC_NOT_FINITE, "a score that is no share from 0 to 1", metric, suite, wild
    )


def _is_share(score: float, metric: Metric) -> bool:
    if metric.kind is MetricKind.PROPORTION:
        return score in (0.0, 1.0)
    return math.isfinite(score) and 0 <= score <= 1


def _bad(reason: Reason, what: str, metric: Metric, suite: SuiteResults, ids: Sequence[str]) -> Absent | None:
    if not ids:
        return None
    return Absent(reason, f"{metric.name} on {suite.name}: {len(ids)} items have {what}, such as {ids[0]}")


def _mismatch(suite: SuiteResults, baseline: SuiteResults) -> Absent | None:
    """Pairs are pairs only on the same questions with the same answers."""
    keys = [[(item.id, item.unit, item.reference) for item in side.items] for side in (suite, baseline)]
    if keys[0] == keys[1]:
        return None
    return Absent(
        reasons.ITEM_MISMATCH,
        f"candidate and baseline were not evaluated on the same items of suite {suite.name}",
    )
