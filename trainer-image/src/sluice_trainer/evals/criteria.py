"""What each criterion says of its estimate: Pass, Fail or Inconclusive, and why.

Pass iff the lower bound reaches the threshold, Fail iff the upper bound is below it, else Inconclusive
(`at most` is mirrored). Nothing here reads files or knows how a metric is computed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sluice_api import reasons
from sluice_api.criteria import Demand
from sluice_api.evalgate import Verdict
from sluice_api.reasons import Reason
from sluice_trainer.evals.advice import items_to_decide
from sluice_trainer.evals.intervals import Estimate
from sluice_trainer.evals.measure import Absent
from sluice_trainer.evals.slices import WorstSlice


@dataclass(frozen=True)
class Outcome:
    """What came out for one criterion."""

    demand: Demand
    verdict: Verdict
    reason: Reason
    message: str
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    units: int = 0
    items_to_decide: int | None = None
    fail_confidence: float | None = None
    """Confidence at which Fail was tested last: corrected by Holm among the required criteria."""
    slices: WorstSlice | None = None
    """What was measured of each slice, where the criterion asks for slices."""

    @property
    def beyond(self) -> bool:
        """Whether the bound at the criterion's own confidence lies beyond the threshold."""
        if self.upper is None or self.lower is None:
            return False
        limit = self.demand.threshold
        return self.upper < limit if self.demand.at_least else self.lower > limit

    @property
    def counts(self) -> bool:
        """Whether the gate's verdict hangs on it."""
        return self.demand.required and self.reason is not reasons.COMPARISON_SKIPPED


def passes(demand: Demand, estimate: Estimate) -> bool:
    """Whether the demand is proven; of slices, whether none is proven to miss it."""
    if not demand.proves:
        return not fails(demand, estimate, demand.confidence)
    if demand.at_least:
        return estimate.lower(demand.confidence) >= demand.threshold
    return estimate.upper(demand.confidence) <= demand.threshold


def fails(demand: Demand, estimate: Estimate, confidence: float) -> bool:
    """Whether the opposite of the demand is proven."""
    if demand.at_least:
        return estimate.upper(confidence) < demand.threshold
    return estimate.lower(confidence) > demand.threshold


def judge(
    demands: Sequence[Demand],
    measured: Sequence[Estimate | Absent],
    classes: Mapping[str, int],
) -> list[Outcome]:
    """Every criterion, in order. `classes` is the number of labels of each suite."""
    tests = _holm(demands, measured)
    return [
        _absent(demand, found)
        if isinstance(found, Absent)
        else _outcome(demand, found, tests.get(place), classes.get(demand.suite, 2))
        for place, (demand, found) in enumerate(zip(demands, measured, strict=True))
    ]


def _holm(demands: Sequence[Demand], measured: Sequence[Estimate | Absent]) -> dict[int, tuple[bool, float]]:
    """Which criteria fail, and at which confidence that was tested last.

    Step down: while one fails at its error rate divided by the number that is left, it leaves and the others
    are tested again. A pass needs no correction, because all must pass. Advisory criteria and those without
    confidence stand alone.
    """
    able = {
        place: found
        for place, (demand, found) in enumerate(zip(demands, measured, strict=True))
        if not isinstance(found, Absent) and found.units >= demand.min_support
    }
    family = {place for place in able if demands[place].required and demands[place].confidence > 0}
    tested = {
        place: (fails(demands[place], found, demands[place].confidence), demands[place].confidence)
        for place, found in able.items()
        if place not in family
    }
    while family:
        levels = {place: 1 - (1 - demands[place].confidence) / len(family) for place in family}
        fallen = {place for place in family if fails(demands[place], able[place], levels[place])}
        done = fallen or family
        tested |= {place: (place in fallen, levels[place]) for place in done}
        family -= done
    return tested


def _absent(demand: Demand, found: Absent) -> Outcome:
    return Outcome(demand, "Inconclusive", found.reason, found.message)


def _outcome(demand: Demand, estimate: Estimate, test: tuple[bool, float] | None, classes: int) -> Outcome:
    """`test` is None when there are too few units to test."""
    plain = Outcome(
        demand,
        "Inconclusive",
        reasons.INCONCLUSIVE,
        "",
        value=estimate.value,
        lower=estimate.lower(demand.confidence),
        upper=estimate.upper(demand.confidence),
        units=estimate.units,
        slices=estimate if isinstance(estimate, WorstSlice) else None,
    )
    if test is None:
        return _told(replace(plain, reason=reasons.SUPPORT_TOO_SMALL, items_to_decide=demand.min_support))
    failed, level = test
    if failed:
        return _told(replace(plain, verdict="Fail", reason=reasons.CRITERION_FAILED, fail_confidence=level))
    if passes(demand, estimate):
        return _told(replace(plain, verdict="Pass", reason=reasons.PASSED, fail_confidence=level))
    more = items_to_decide(demand, estimate, classes)
    return _told(replace(plain, items_to_decide=more, fail_confidence=level))


def _told(outcome: Outcome) -> Outcome:
    """With a sentence for people."""
    demand = outcome.demand
    if demand.confidence == 0:
        how = "by the point estimate alone"
    else:
        how = f"between {outcome.lower:.3f} and {outcome.upper:.3f}, each at {100 * demand.confidence:.6g} %"
    text = f"{demand.words}: measured {outcome.value:.3f}, {how}, {outcome.units} items"
    if outcome.slices is not None:
        text += f"; {outcome.slices.words}; that none is proven to miss it is no proof that all reach it"
    if outcome.reason is reasons.SUPPORT_TOO_SMALL:
        text += f"; minSupport asks for {demand.min_support}"
    elif outcome.items_to_decide is not None:
        text += f"; about {outcome.items_to_decide} would decide"
    if outcome.reason is reasons.INCONCLUSIVE and outcome.beyond:
        text += "; a Fail if it were the only criterion, not after Holm's correction for several"
    return replace(outcome, message=text)
