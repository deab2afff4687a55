"""Status parts that several kinds share: failure, phase, the stage at work."""

from typing import Any, Literal

from sluice_api import reasons
from sluice_api.common import Failure, JobRef
from sluice_api.reasons import Retry, Severity
from sluice_api.records import StageRecord
from sluice_operator.facts.damage import blame
from sluice_operator.facts.stages import stage_records
from sluice_operator.model import Observed
from sluice_operator.plans.attempts import Advance
from sluice_operator.plans.draft import State, Stop
from sluice_operator.plans.uris import whole

FailureClass = Literal[
    "UserError", "DataError", "Dependency", "OutOfMemory", "Preempted", "DeadlineExceeded", "Bug"
]
_CLASSES: dict[str, FailureClass] = {
    reasons.OUT_OF_MEMORY.code: "OutOfMemory",
    reasons.DEADLINE_EXCEEDED.code: "DeadlineExceeded",
    reasons.DISRUPTED.code: "Preempted",
    reasons.STOPPED_ON_REQUEST.code: "Preempted",
}
_BY_RETRY: dict[Retry, FailureClass] = {
    Retry.BACKOFF: "Dependency",
    Retry.BUDGET: "Bug",
    Retry.HUMAN: "UserError",
}


def failure(observed: Observed) -> Failure | None:
    """The end of the newest attempt, when it was no success."""
    records = stage_records(observed.me)
    if not records or records[-1].outcome == "Succeeded":
        return None
    return _failure_of(observed, records[-1])


def _failure_of(observed: Observed, record: StageRecord) -> Failure:
    reason = reasons.named(record.reason)
    fallback: FailureClass = "DataError" if record.stage == "pack" else _BY_RETRY.get(reason.retry, "Bug")
    return Failure(
        reason=reason.camel,
        failure_class=_CLASSES.get(record.reason, fallback),
        exit_code=record.exit_code,
        pod=record.pod,
        message=reason.advise(blame(observed, record)),
        evidence=whole(observed, record.evidence) if record.evidence else None,
        time=record.finished_at,
    )


def job_ref(advance: Advance | None, stage: str) -> JobRef | None:
    """The Job that is at work, or None."""
    if advance is None or advance.state != "Running" or advance.job is None:
        return None
    return JobRef(stage=stage, job=advance.job.meta.name, attempt=advance.attempt)


def stop_for(advance: Advance) -> Stop:
    """How things stand while a stage is not done."""
    return Stop(_state(advance), advance.reason, advance.message)


def _state(advance: Advance) -> State:
    if advance.state == "Failed":
        return "Failed" if advance.is_final else "Stalled"
    if advance.needs_person:
        return "Stalled"
    if advance.reason.severity is Severity.WARNING and advance.job is not None:
        return "Retrying"  # of its Pod, by the cluster
    return "Working" if advance.state == "Running" else "Retrying"


def common(observed: Observed, stop: Stop, phase: str) -> dict[str, Any]:
    """Fields at the top of every status, conditions apart."""
    found = failure(observed) if stop.state != "Ready" else None
    return {
        "observedGeneration": observed.me.resource.meta.generation,
        "phase": phase,
        **({"failure": found.dump()} if found else {}),
    }


def phase_word(stop: Stop, working: str) -> str:
    """A word for people."""
    return {"Working": working, "Retrying": "Waiting"}.get(stop.state, stop.state)
