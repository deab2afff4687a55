"""Status of a TrainingRun, rebuilt from records, children and live progress."""

from sluice_api.common import UriDigest
from sluice_api.contracts.reports import TrainResult
from sluice_api.trainingrun import (
    Artifact,
    Attempts,
    GpuSeconds,
    Metric,
    Progress,
    Resolved,
    TrainingRunStatus,
)
from sluice_operator.facts.run import prepared, run_facts
from sluice_operator.facts.stages import counters, stage_records, successes
from sluice_operator.model import Observed, Plan
from sluice_operator.plans import status
from sluice_operator.plans.attempts import Advance
from sluice_operator.plans.draft import Conditions, Draft, Stop, stamp

_WORDS = {"prepare": "Preparing", "train": "Training", "package": "Packaging"}


def summarise(observed: Observed, draft: Draft, stop: Stop, step: Advance | None) -> Plan:
    """The Plan with the complete status."""
    conditions = Conditions(observed)
    conditions.add_standard(stop)
    conditions.add_bounded(stop)
    draft.events += conditions.events()
    stage = _stage(step)
    count = counters(observed.me)
    value = TrainingRunStatus(
        resolved=_resolved(observed),
        progress=_progress(observed, step),
        metrics=_metrics(observed),
        warnings=_warnings(observed),
        attempts=Attempts(total=count.attempts, failed=count.failed, preempted=count.interruptions),
        artifact=_artifact(observed),
        gpu_seconds=GpuSeconds(used=count.gpu_seconds, wasted=count.gpu_seconds_wasted),
        report=_report(observed),
        job=status.job_ref(step, stage),
    )
    word = status.phase_word(stop, _WORDS.get(stage, "Pending"))
    word = "Succeeded" if stop.state == "Ready" else word
    body = value.dump() | status.common(observed, stop, word)
    return draft.plan(body | {"conditions": conditions.dump()})


def _stage(step: Advance | None) -> str:
    job = step.job if step else None
    return job.meta.labels.get("sluice.dev/stage", "prepare") if job else "prepare"


def _resolved(observed: Observed) -> Resolved | None:
    ready = prepared(observed.me)
    if ready is None:
        return None
    return Resolved(
        dataset_digest=ready.dataset.digest, base_digest=ready.base.digest, fingerprint=ready.fingerprint
    )


def _progress(observed: Observed, step: Advance | None) -> Progress | None:
    for record in successes(observed.me, "train"):
        result = record.result
        if isinstance(result, TrainResult):
            done = max(result.steps, 1)
            return Progress(step=result.steps, total_steps=done, percent=100)
    if run_facts(observed.me) is not None:
        # Adopted: the work was done, and its steps were counted, by another run.
        return Progress(percent=100)
    job = step.job.meta.name if step and step.job else None
    notes = [n for n in observed.progress if n.job == job and n.total_steps > 0]
    if not notes:
        return None
    note = max(notes, key=lambda n: n.received_at)
    return Progress(
        step=note.step,
        total_steps=note.total_steps,
        percent=min(100, 100 * note.step // note.total_steps),
        eta_seconds=note.eta_seconds,
        last_heartbeat_time=stamp(note.received_at),
    )


def _metrics(observed: Observed) -> tuple[Metric, ...]:
    for record in successes(observed.me, "train"):
        result = record.result
        if isinstance(result, TrainResult):
            return result.metrics
    return ()


def _warnings(observed: Observed) -> tuple[str, ...]:
    ready = prepared(observed.me)
    return ready.warnings if ready else ()


def _artifact(observed: Observed) -> Artifact | None:
    made = run_facts(observed.me)
    if made is None:
        return None
    found = made.artifact
    return Artifact(
        uri=found.uri,
        digest=found.digest,
        size_bytes=found.size_bytes,
        kind=found.kind,
        adopted=made.adopted,
        completed_at=found.completed_at,
    )


def _report(observed: Observed) -> UriDigest | None:
    for record in reversed(stage_records(observed.me)):
        if record.outcome == "Succeeded" and record.folder and record.report_digest:
            return UriDigest(uri=record.folder, digest=record.report_digest)
    return None
