"""The right to take traffic: a live Pass to go forward, a sealed Pass to go back."""

from sluice_api import reasons
from sluice_api.records import RevisionRecord, VerdictRecord
from sluice_operator.facts import gate as gates
from sluice_operator.facts.gate import Policy
from sluice_operator.finished import RunFacts
from sluice_operator.model import Problem
from sluice_operator.plans.promotion.choice import Held
from sluice_operator.plans.promotion.scene import Scene


def has_sealed_pass(record: RevisionRecord) -> bool:
    """Whether a revision was let in by a Pass for exactly its digest."""
    sealed = record.sealed_verdict
    return sealed.verdict == "Pass" and sealed.digest == record.artifact.digest


def gate_holds(scene: Scene) -> Held | None:
    """Why the gate lets nothing through now, whatever was judged."""
    name, policy = scene.spec.gate_ref.name, scene.policy
    if scene.gate is None:
        return Held(reasons.GATE_MISSING, f"EvalGate {name} does not exist; what serves goes on serving")
    if policy is None:
        return Held(reasons.INVALID_SPEC, f"EvalGate {name}: {gates.INVALID}; nothing is promoted")
    if isinstance(policy, Problem):
        return Held(policy.reason, f"EvalGate {name}: {policy.message}")
    bound = policy.spec.baseline.deployment_ref if policy.spec.baseline else None
    if bound is not None and bound.name != scene.resource.meta.name:
        message = f"EvalGate {name} compares with Deployment {bound.name}, not with this one"
        return Held(reasons.BASELINE_MISMATCH, message)
    return None


def live_pass(scene: Scene, run: RunFacts) -> VerdictRecord | Held:
    """A Pass for exactly this digest, these criteria, these suites and the baseline of now; or why not."""
    closed = gate_holds(scene)
    if closed is not None or scene.gate is None or not isinstance(scene.policy, Policy):
        return closed or Held(reasons.GATE_MISSING, "there is no gate")
    against = gates.baseline(scene.policy, run, scene.observed.find)
    if isinstance(against, Problem):
        return Held(against.reason, f"run {run.name}: {against.message}")
    given = gates.verdict(scene.gate, scene.policy, run.artifact.digest, against.digest)
    if given is None:
        told = "its verdicts are for other criteria, suites or another baseline"
        judged = any(v.digest == run.artifact.digest for v in gates.verdicts(scene.gate))
        return Held(reasons.GATE_NOT_PASSED, f"run {run.name}: {told if judged else 'no verdict yet'}")
    return _agreed(scene, scene.policy, run, given)


def _agreed(scene: Scene, policy: Policy, run: RunFacts, given: VerdictRecord) -> VerdictRecord | Held:
    """A Pass, with a person's approval where the gate asks for one."""
    told = f"run {run.name}: its verdict is {given.verdict}: {given.message}"
    if given.verdict == "Fail":
        return Held(reasons.PROMOTE_BLOCKED, told, is_final=True)
    if given.verdict != "Pass":
        return Held(reasons.INCONCLUSIVE, told)
    if policy.spec.approval.required and scene.gate and gates.approval(scene.gate, given) is None:
        return Held(reasons.APPROVAL_NEEDED, f"run {run.name} passed; the gate asks for a person's approval")
    return given
