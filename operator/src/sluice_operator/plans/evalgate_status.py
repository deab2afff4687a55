"""Status of an EvalGate, rebuilt from verdict records and children."""

from sluice_api import reasons
from sluice_api.common import JobRef
from sluice_api.conditions import ConditionStatus
from sluice_api.criteria import demand_of
from sluice_api.evalgate import (
    CriterionResult,
    EvalGateSpec,
    EvalGateStatus,
    SuiteDigest,
    Verdict,
    VerdictEntry,
)
from sluice_api.identity import criteria_hash
from sluice_api.records import VerdictRecord
from sluice_operator.facts import gate as facts
from sluice_operator.facts import suitechange, suiteuse
from sluice_operator.model import Delete, JobView, Observed, Plan
from sluice_operator.plans import approval, status
from sluice_operator.plans.approval import Answer
from sluice_operator.plans.draft import Conditions, Draft, Stop
from sluice_operator.plans.judging import Judged
from sluice_operator.plans.uris import whole

KEPT = 10
_PASSED: dict[Verdict, ConditionStatus] = {"Pass": "True", "Fail": "False", "Inconclusive": "Unknown"}


def summarise(
    observed: Observed,
    draft: Draft,
    spec: EvalGateSpec | None,
    stop: Stop,
    judged: tuple[Judged, ...],
    answer: Answer | None = None,
    suites: tuple[SuiteDigest, ...] = (),
) -> Plan:
    """The Plan with the complete status."""
    conditions = Conditions(observed)
    conditions.add_standard(stop)
    newest = judged[0].verdict if judged else None
    asks = spec is not None and spec.approval.required
    _add_passed(conditions, stop, newest, approved=not asks or _approved_by(observed, newest) is not None)
    if asks or answer is not None:
        approval.add_condition(conditions, observed, newest, answer)
    if others := suitechange.since_live(observed, suites):
        conditions.add("SuiteChanged", "True", reasons.SUITE_CHANGED, reasons.SUITE_CHANGED.advise(others))
    draft.events += [
        *conditions.events(),
        *conditions.news("SuiteChanged"),
        *conditions.refusals("Approved"),
    ]
    told = _told(observed, judged)
    counting = suiteuse.counting(facts.verdicts(observed.me))
    _prune(observed, draft, (*told, *counting, *(j.verdict for j in judged if j.verdict is not None)))
    approval.prune(observed, draft)
    value = EvalGateStatus(
        verdicts=tuple(_entry(observed, v) for v in told),
        verdict=newest.verdict if newest else None,
        candidate=judged[0].run.name if judged else None,
        headline=_headline(newest),
        baseline_digest=newest.baseline_digest if newest else None,
        criteria_hash=criteria_hash(spec) if spec else None,
        jobs=tuple(_job(j) for j in observed.me.jobs if j.outcome == "Active")[:20],
    )
    body = value.dump() | status.common(observed, stop, _phase(stop, newest))
    return draft.plan(body | {"conditions": conditions.dump()})


def _phase(stop: Stop, newest: VerdictRecord | None) -> str:
    """A word for people: the verdict once there is one, unless it waits for a person."""
    if stop.reason is reasons.APPROVAL_NEEDED:
        return stop.reason.camel
    if newest is not None and stop.state in ("Ready", "Waiting", "Stalled"):
        return newest.verdict
    return status.phase_word(stop, "Evaluating")


def _approved_by(observed: Observed, given: VerdictRecord | None) -> str | None:
    found = facts.approval(observed.me, given) if given else None
    return found.user if found else None


def _add_passed(conditions: Conditions, stop: Stop, newest: VerdictRecord | None, *, approved: bool) -> None:
    """Passed speaks of the newest candidate; Unknown is never a pass."""
    if newest is None:
        conditions.add("Passed", "False" if stop.state == "Stalled" else "Unknown", stop.reason, stop.told)
        return
    if newest.verdict == "Pass" and not approved:
        conditions.add("Passed", "Unknown", reasons.APPROVAL_NEEDED, approval.needed(newest))
        return
    message = f"run {newest.run}: {newest.message}"
    conditions.add("Passed", _PASSED[newest.verdict], reasons.named(newest.reason), message)


def _told(observed: Observed, judged: tuple[Judged, ...]) -> tuple[VerdictRecord, ...]:
    """One verdict per artifact: the valid one, else the newest; newest artifact first."""
    chosen = {j.verdict.digest: j.verdict for j in judged if j.verdict is not None}
    for found in facts.verdicts(observed.me):
        chosen.setdefault(found.digest, found)
    return tuple(sorted(chosen.values(), key=lambda v: v.completed_at, reverse=True))[:KEPT]


def _prune(observed: Observed, draft: Draft, needed: tuple[VerdictRecord, ...]) -> None:
    """Verdicts that are neither told nor counting nor those of candidates go, oldest first, when they are
    many."""
    views = [r for r in observed.me.records if isinstance(r.record, VerdictRecord)]
    spare = [r for r in views if r.record not in needed]
    spare.sort(key=lambda r: r.record.evaluated_at if isinstance(r.record, VerdictRecord) else "")
    for view in spare[: max(0, len(views) - 2 * KEPT)]:
        draft.delete(Delete("ControllerRevision", view.meta.name, view.meta.uid, "older than what is kept"))


def _headline(newest: VerdictRecord | None) -> str | None:
    """The measure of the first criterion that is required."""
    pairs = zip(newest.criteria, newest.outcomes, strict=False) if newest else ()
    found = ((c, o) for c, o in pairs if demand_of(c).required and o.value is not None)
    return next((f"{c.metric} {o.value}" for c, o in found), None)


def _entry(observed: Observed, record: VerdictRecord) -> VerdictEntry:
    pairs = zip(record.criteria, record.outcomes, strict=False)
    results = tuple(
        CriterionResult(
            suite=criterion.suite,
            metric=criterion.metric,
            compare=criterion.compare,
            slice=criterion.slice,
            verdict=outcome.verdict,
            reason=reasons.named(outcome.reason).camel,
            value=outcome.value,
            lower=outcome.lower,
            upper=outcome.upper,
            threshold=criterion.value,
            items=outcome.items,
            items_to_decide=outcome.items_to_decide,
            mode="Required" if demand_of(criterion).required else "Advisory",
        )
        for criterion, outcome in pairs
    )
    return VerdictEntry(
        run=record.run,
        digest=record.digest,
        verdict=record.verdict,
        reason=reasons.named(record.reason).camel,
        message=record.message,
        baseline_digest=record.baseline_digest,
        criteria_hash=record.criteria_hash,
        suite_digests=record.suite_digests,
        evaluated_at=record.evaluated_at,
        results=results,
        contamination=record.contamination,
        suite_uses=record.suite_uses,
        evidence=whole(observed, record.evidence) if record.evidence else None,
        approved_by=_approved_by(observed, record),
    )


def _job(job: JobView) -> JobRef:
    return JobRef(
        stage=job.meta.labels.get("sluice.dev/stage", "evaluate"),
        job=job.meta.name,
        attempt=int(job.meta.labels.get("sluice.dev/attempt", "1")),
    )
