"""From results and criteria to the verdict: the pure middle of the judge stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sluice_api import reasons
from sluice_api.contracts.requests import JudgeRequest
from sluice_api.criteria import Demand, demand_of
from sluice_api.reach import reach_of
from sluice_trainer.evals.contamination import Overlap, Policies, complaint, policies_of, without
from sluice_trainer.evals.criteria import Outcome, judge
from sluice_trainer.evals.intervals import Estimate
from sluice_trainer.evals.measure import Absent, measure
from sluice_trainer.evals.results import SuiteResults
from sluice_trainer.evals.verdict import GateVerdict, gate_verdict

Results = Mapping[str, SuiteResults]


@dataclass(frozen=True)
class Decision:
    """The verdict and what led to it."""

    verdict: GateVerdict
    outcomes: tuple[Outcome, ...]
    overlaps: tuple[Overlap, ...]
    policies: Policies


def decide(
    request: JudgeRequest,
    candidate: Results,
    baseline: Results | None,
    overlaps: Sequence[Overlap],
    classes: Mapping[str, int],
) -> Decision:
    """Judge every criterion on the items that count, and the candidate by all criteria."""
    policies = policies_of(request)
    excluded = {o.suite: o.under(policies, "Exclude") for o in overlaps}
    ours, theirs = _left(candidate, excluded), _left(baseline, excluded) if baseline else None
    measured = [_measured(request, demand, ours, theirs) for demand in _demands(request)]
    outcomes = tuple(
        _within_reach(outcome, ours, classes) for outcome in judge(_demands(request), measured, classes)
    )
    verdict = gate_verdict(outcomes, request.on_inconclusive, complaint(overlaps, policies))
    return Decision(verdict, outcomes, tuple(overlaps), policies)


def _demands(request: JudgeRequest) -> list[Demand]:
    numbers = {use.suite: use.candidate for use in request.suite_uses}
    return [demand_of(criterion, numbers.get(criterion.suite)) for criterion in request.criteria]


def _left(results: Results, excluded: Mapping[str, Sequence[str]]) -> Results:
    """Results of the items that count, of candidate and baseline alike."""
    return {name: without(suite, excluded.get(name, ())) for name, suite in results.items()}


def _measured(
    request: JudgeRequest, demand: Demand, candidate: Results, baseline: Results | None
) -> Estimate | Absent:
    if demand.compares and request.baseline is None and request.skip_comparing:
        return Absent(reasons.COMPARISON_SKIPPED, f"{demand.words}: skipped, because there is no baseline")
    seed = next((suite.seed for suite in request.suites if suite.name == demand.suite), 0)
    theirs = baseline.get(demand.suite) if baseline else None
    return measure(demand, candidate.get(demand.suite), theirs, seed)


def _within_reach(outcome: Outcome, results: Results, classes: Mapping[str, int]) -> Outcome:
    """What no candidate could pass once items are excluded is said to be so."""
    suite = results.get(outcome.demand.suite)
    if suite is None or not suite.excluded or outcome.reason is not reasons.INCONCLUSIVE:
        return outcome
    reach = reach_of(outcome.demand, len(suite.asked), classes.get(suite.name, 2))
    if reach.ok:
        return outcome
    message = (
        f"{outcome.message}; {suite.excluded:,} items are excluded, {len(suite.asked):,} are left, "
        f"and the criterion needs {reach.told}"
    )
    return replace(outcome, reason=reasons.GATE_UNREACHABLE, message=message)
