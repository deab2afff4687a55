"""From results and criteria to the verdict: the pure middle of the judge stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sluice_api import reasons
from sluice_api.contracts.requests import JudgeRequest
from sluice_api.criteria import Demand, demand_of
from sluice_trainer.evals.criteria import Outcome, judge
from sluice_trainer.evals.honesty import Overlap, complaint
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

    @property
    def overlap(self) -> int:
        """Suite items whose prompt was trained on."""
        return sum(len(o.shared) for o in self.overlaps)


def decide(
    request: JudgeRequest,
    candidate: Results,
    baseline: Results | None,
    overlaps: Sequence[Overlap],
    classes: Mapping[str, int],
) -> Decision:
    """Judge every criterion, and the candidate by all of them."""
    demands = [demand_of(criterion) for criterion in request.criteria]
    seeds = {suite.name: suite.seed for suite in request.suites}
    measured = [
        _skipped(demand, request)
        or measure(
            demand,
            candidate.get(demand.suite),
            baseline.get(demand.suite) if baseline else None,
            seeds.get(demand.suite, 0),
        )
        for demand in demands
    ]
    outcomes = tuple(judge(demands, measured, classes))
    shared = complaint(overlaps) if request.honesty == "Require" else None
    return Decision(gate_verdict(outcomes, request.on_inconclusive, shared), outcomes, tuple(overlaps))


def _skipped(demand: Demand, request: JudgeRequest) -> Estimate | Absent | None:
    if demand.compares and request.baseline is None and request.skip_comparing:
        return Absent(reasons.COMPARISON_SKIPPED, f"{demand.words}: skipped, because there is no baseline")
    return None
