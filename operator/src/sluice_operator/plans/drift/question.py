"""What a drift check asks: the sealed suites of the gate, the live slot, and no more loss than is tolerated.

The criteria that let the revision in are turned around: each metric that was required may be worse than at
promotion by the tolerance, at the same confidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sluice_api import reasons
from sluice_api.contracts.reports import EvaluateResult
from sluice_api.contracts.requests import (
    EndpointTarget,
    EvaluateRequest,
    JudgeRequest,
    ScoredTarget,
    SuiteRequest,
)
from sluice_api.criteria import demand_of
from sluice_api.evalgate import Criterion
from sluice_api.records import RevisionRecord, VerdictRecord
from sluice_operator.children import serving
from sluice_operator.facts import gate as gates
from sluice_operator.facts.gate import Policy
from sluice_operator.model import Problem
from sluice_operator.plans.drift.ticks import Tick
from sluice_operator.plans.promotion.scene import Scene

MOST_CRITERIA = 16


@dataclass(frozen=True)
class Question:
    """One drift check, ready to be asked."""

    evaluate: EvaluateRequest
    baseline: ScoredTarget
    criteria: tuple[Criterion, ...]
    """First those that decide, then as many as fit that only measure."""
    identity: str

    @property
    def deciding(self) -> tuple[Criterion, ...]:
        """Criteria that decide."""
        return tuple(c for c in self.criteria if c.mode == "Required")

    def judge(self, found: EvaluateResult) -> JudgeRequest:
        """The request that compares what was found with what was sealed."""
        return JudgeRequest(
            candidate=ScoredTarget(digest=found.digest, results=found.results),
            baseline=self.baseline,
            suites=self.evaluate.suites,
            criteria=self.criteria,
            contamination="Report",
            identity=self.identity,
        )


def question(scene: Scene, revision: RevisionRecord, tick: Tick, tolerance: str) -> Question | Problem:
    """What to ask of the live slot, or why nothing can be asked."""
    sealed = revision.sealed_verdict
    deciding = criteria(sealed.criteria, tolerance)
    if not deciding:
        message = f"the verdict of revision {revision.revision} names no criteria"
        return Problem(reasons.DRIFT_BASELINE_MISSING, message)
    if sealed.results is None:
        message = f"revision {revision.revision} was promoted without keeping the results of its items"
        return Problem(reasons.DRIFT_BASELINE_MISSING, message)
    suites = _suites(scene, sealed, {c.suite for c in deciding})
    if isinstance(suites, Problem):
        return suites
    target = EndpointTarget(
        url=serving.service_url(revision.slot, scene.resource.meta.namespace),
        model=scene.resource.meta.name,
        digest=revision.artifact.digest,
    )
    return Question(
        evaluate=EvaluateRequest(endpoint=target, suites=suites, identity=tick.identity),
        baseline=ScoredTarget(digest=sealed.digest, results=sealed.results),
        criteria=(*deciding, *measuring(deciding)),
        identity=tick.identity,
    )


def criteria(sealed: Sequence[Criterion], tolerance: str) -> tuple[Criterion, ...]:
    """What must not be proven wrong: each required metric is not worse by more than the tolerance."""
    found = (_not_worse(c, tolerance) for c in sealed if demand_of(c).required)
    return tuple(dict.fromkeys(found))


def _not_worse(sealed: Criterion, tolerance: str) -> Criterion:
    loss = tolerance if sealed.operator == "LessOrEqual" or float(tolerance) == 0 else f"-{tolerance}"
    changes = {"value": loss, "compare": "DeltaToBaseline", "mode": "Required"}
    return sealed.model_copy(update=changes)


def measuring(deciding: Sequence[Criterion]) -> tuple[Criterion, ...]:
    """The metrics themselves, for people, as far as a request has room."""
    plain = (
        Criterion(
            suite=c.suite,
            metric=c.metric,
            operator=c.operator,
            value="0",
            confidence_percent=0,
            mode="Advisory",
        )
        for c in deciding
    )
    return tuple(dict.fromkeys(plain))[: MOST_CRITERIA - len(deciding)]


def _suites(scene: Scene, sealed: VerdictRecord, wanted: set[str]) -> tuple[SuiteRequest, ...] | Problem:
    """The gate's suites that criteria ask about, as long as they are those of the promotion."""
    name, policy = scene.spec.gate_ref.name, scene.policy
    if scene.gate is None:
        return Problem(reasons.GATE_MISSING, f"EvalGate {name} does not exist, and it holds the suites")
    if policy is None:
        return Problem(reasons.INVALID_SPEC, f"EvalGate {name}: {gates.INVALID}")
    if isinstance(policy, Problem):
        return Problem(policy.reason, f"EvalGate {name}: {policy.message}")
    changed = sorted(wanted - _unchanged(policy, sealed))
    if changed:
        told = f"EvalGate {name}: suite {', '.join(changed)} is not the one of the promotion any more"
        return Problem(reasons.DRIFT_BASELINE_MISSING, told)
    return tuple(s for s in policy.suite_requests() if s.name in wanted)


def _unchanged(policy: Policy, sealed: VerdictRecord) -> set[str]:
    return {s.suite for s in policy.suite_digests if s in sealed.suite_digests}
