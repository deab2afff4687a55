"""EvalGate: honour_suspend -> resolve_policy -> check_reach -> judge_candidates -> approve -> summarise.

Each candidate is evaluated, compared and judged; a verdict is a record bound to digests.
"""

from sluice_api import reasons
from sluice_api.criteria import demand_of
from sluice_api.evalgate import EvalGateSpec
from sluice_api.metrics import metrics_of
from sluice_operator.facts import gate as facts
from sluice_operator.facts.failures import not_ready
from sluice_operator.facts.gate import Policy
from sluice_operator.facts.run import retry_limit
from sluice_operator.model import Observed, Plan, Problem
from sluice_operator.plans import approval, common, sweep
from sluice_operator.plans.common import Platform
from sluice_operator.plans.draft import Draft, State, Stop, stop_of
from sluice_operator.plans.evalgate_status import summarise
from sluice_operator.plans.judging import Judged, judge_candidates
from sluice_operator.plans.reach import unreachable


def plan_eval_gate(observed: Observed) -> Plan:
    """The Plan of an EvalGate."""
    draft = Draft()
    spec = common.parse_spec(EvalGateSpec, observed)
    if isinstance(spec, Stop):
        return summarise(observed, draft, None, spec, ())
    common.clean_up(observed, draft, spec.ttl_seconds_after_finished)
    ready = _resolve(observed, draft, spec)
    if isinstance(ready, Stop):
        sweep.record_ended(observed, draft)
        return summarise(observed, draft, spec, ready, (), approval.waiting(observed, ready.message))
    platform, policy = ready
    judged = judge_candidates(observed, draft, policy, platform)
    sweep.end_unasked(observed, draft)
    answer = approval.approve(observed, draft, policy)
    stop = _stop_for(observed, policy, judged)
    return summarise(observed, draft, spec, stop, judged, answer, policy.suite_digests)


def _resolve(observed: Observed, draft: Draft, spec: EvalGateSpec) -> tuple[Platform, Policy] | Stop:
    broken = common.unreadable_records(observed)
    if broken is not None:
        return broken
    if not any(d.required and d.proves for d in map(demand_of, spec.criteria)):
        message = "spec.criteria holds no Required criterion about a whole suite; nothing can pass"
        return Stop("Stalled", reasons.NO_CRITERIA, message)
    suspended = common.honour_suspend(observed, draft, suspended=spec.suspend)
    platform = suspended or common.resolve_platform(observed, spec.profile, loads_models=True)
    if isinstance(platform, Stop):
        return platform
    policy = facts.policy(spec, observed.find)
    if isinstance(policy, Problem):
        return stop_of(policy)
    unfit = _check_metrics(policy) or _check_reach(policy)
    return unfit or (platform, policy)


def _check_metrics(policy: Policy) -> Stop | None:
    for criterion in policy.spec.criteria:
        pack = policy.packs[criterion.suite]
        known = [m.name for m in metrics_of(pack.task)]
        if criterion.metric not in known:
            message = (
                f"suite {criterion.suite} yields {', '.join(known)}; it does not yield {criterion.metric}"
            )
            return Stop("Stalled", reasons.METRIC_MISSING, message)
    return None


def _check_reach(policy: Policy) -> Stop | None:
    """A criterion that no candidate could pass is told before a GPU is taken."""
    empty = [c.suite for c in policy.spec.criteria if policy.items(c.suite) == 0]
    if empty:
        return Stop("Stalled", reasons.SUITE_EMPTY, f"suite {empty[0]} has no items")
    message = unreachable(policy)
    return Stop("Stalled", reasons.GATE_UNREACHABLE, message) if message else None


def _no_candidate(observed: Observed, policy: Policy) -> Problem:
    """Why there is nothing to judge: a run that is named may be missing, or have failed for ever."""
    named = policy.spec.candidates.training_run_ref
    if named is None:
        return Problem(reasons.NO_CANDIDATE, "no finished run is selected yet")
    run = observed.find("TrainingRun", named.name)
    what = "spec.candidates.trainingRunRef:"
    if run is None:
        return Problem(reasons.REFERENCE_NOT_FOUND, f"{what} TrainingRun {named.name} does not exist")
    found = not_ready(run, retry_limit(run), what)
    if found.reason is reasons.REFERENCE_FAILED:
        return found
    return Problem(reasons.NO_CANDIDATE, f"{what} TrainingRun {named.name} is not finished yet")


def _stop_for(observed: Observed, policy: Policy, judged: tuple[Judged, ...]) -> Stop:
    """How the gate stands is how its newest candidate stands."""
    if not judged:
        return stop_of(_no_candidate(observed, policy))
    newest = judged[0]
    if newest.verdict is None:
        return newest.stop or Stop("Working", reasons.EVALUATING, f"run {newest.run.name} is being judged")
    found = newest.verdict
    reason = reasons.named(found.reason)
    message = f"run {newest.run.name}: {found.verdict}; {found.message}"
    selects = policy.spec.candidates.selector is not None
    if approval.is_missing(observed, policy, found):
        # The column REASON says so; what else the gate judges goes on.
        state: State = "Ready" if selects else "Stalled"
        return Stop(state, reasons.APPROVAL_NEEDED, approval.why_needed(found))
    if selects or found.verdict == "Pass":
        return Stop("Ready", reason, message)
    return Stop("Stalled" if found.verdict == "Fail" else "Waiting", reason, message)
