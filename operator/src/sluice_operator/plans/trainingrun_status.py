"""Status of a TrainingRun, rebuilt from records, children and live progress."""

from pydantic import ValidationError

from sluice_api.common import UriDigest
from sluice_api.contracts.envelope import Stage
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
from sluice_operator import raw
from sluice_operator.facts.run import prepared, run_facts
from sluice_operator.facts.stages import counters, stage_records, successes
from sluice_operator.model import Observed, Plan
from sluice_operator.plans import status
from sluice_operator.plans.attempts import Advance
from sluice_operator.plans.common import parse_time
from sluice_operator.plans.draft import Conditions, Draft, Stop, stamp
from sluice_operator.plans.uris import whole, whole_uri

_MOST_WARNINGS = 3
_LOSSES = ("validation_loss", "final_loss")
_WORDS = {"prepare": "Preparing", "train": "Training", "package": "Packaging"}


def summarise(observed: Observed, draft: Draft, stop: Stop, step: Advance | None) -> Plan:
    """The Plan with the complete status."""
    conditions = Conditions(observed)
    conditions.add_standard(stop)
    conditions.add_bounded(stop)
    draft.events += conditions.events()
    stage = _stage(observed, step)
    count = counters(observed.me)
    value = TrainingRunStatus(
        resolved=_resolved(observed),
        progress=_progress(observed, step),
        metrics=_metrics(observed),
        headline=_headline(_metrics(observed)),
        duration=_duration(observed),
        warnings=_warnings(observed),
        attempts=Attempts(
            total=count.attempts,
            current=_attempts(observed, step, stage),
            failed=count.failed,
            preempted=count.interruptions,
        ),
        artifact=_artifact(observed),
        gpu_seconds=GpuSeconds(used=count.gpu_seconds, wasted=count.gpu_seconds_wasted),
        report=_report(observed),
        job=status.job_ref(step, stage),
    )
    word = status.phase_word(stop, _WORDS.get(stage, "Pending"))
    word = "Succeeded" if stop.state == "Ready" else word
    body = value.dump() | status.common(observed, stop, word)
    return draft.plan(body | {"conditions": conditions.dump()})


def _stage(observed: Observed, step: Advance | None) -> Stage:
    """The stage at work, or the one that comes next: it never goes back."""
    if step is not None:
        return step.stage
    if any(True for _ in successes(observed.me, "train")):
        return "package"
    return "train" if prepared(observed.me) else "prepare"


def _attempts(observed: Observed, step: Advance | None, stage: Stage) -> int:
    """Attempts of the stage at work; of the last one when none is."""
    records = stage_records(observed.me)
    if step is None:
        return len(stage_records(observed.me, records[-1].stage)) if records else 0
    recorded = {r.meta.name for r in observed.me.records}
    is_new = step.starts or (step.job is not None and step.job.meta.name not in recorded)
    return len(stage_records(observed.me, stage)) + is_new


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
        return _kept(observed)
    note = max(notes, key=lambda n: n.received_at)
    return Progress(
        step=note.step,
        total_steps=note.total_steps,
        percent=min(100, 100 * note.step // note.total_steps),
        eta_seconds=note.eta_seconds,
        last_heartbeat_time=stamp(note.received_at),
    )


def _kept(observed: Observed) -> Progress | None:
    """The last progress that was shown, while no Pod tells any: it is for people only."""
    shown = raw.mapping(observed.me.resource.status, "progress")
    if prepared(observed.me) is None or not shown:
        return None
    try:
        return Progress.parse_open(shown).model_copy(update={"eta_seconds": None})
    except ValidationError:
        return None


def _duration(observed: Observed) -> str | None:
    """From the start of the first stage to the last news. At rest it follows from records alone."""
    records, jobs = stage_records(observed.me), observed.me.jobs
    starts = [parse_time(r.started_at) for r in records] or [j.started_at for j in jobs if j.started_at]
    news = [parse_time(r.finished_at) for r in records]
    if any(job.outcome == "Active" for job in jobs):
        news += [note.received_at for note in observed.progress]
    if not starts or not news:
        return None
    return in_words(max(0, round((max(news) - min(starts)).total_seconds())))


def in_words(seconds: int) -> str:
    """A span of time as kubectl writes it: the two largest units."""
    for size, word, part, small in ((86_400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if seconds >= size:
            rest = seconds % size // part
            return f"{seconds // size}{word}{f'{rest}{small}' if rest else ''}"
    return f"{seconds}s"


def _metrics(observed: Observed) -> tuple[Metric, ...]:
    for record in successes(observed.me, "train"):
        result = record.result
        if isinstance(result, TrainResult):
            return result.metrics
    return ()


def _headline(metrics: tuple[Metric, ...]) -> str | None:
    known = {m.name: m.value for m in metrics}
    return next((f"{name} {known[name]}" for name in _LOSSES if name in known), None)


def _warnings(observed: Observed) -> tuple[str, ...]:
    ready = prepared(observed.me)
    odd = (r.warning for r in stage_records(observed.me) if r.warning)
    return tuple(dict.fromkeys((*odd, *(ready.warnings if ready else ()))))[:_MOST_WARNINGS]


def _artifact(observed: Observed) -> Artifact | None:
    made = run_facts(observed.me)
    if made is None:
        return None
    found = made.artifact
    return Artifact(
        uri=whole_uri(observed, found.uri),
        digest=found.digest,
        size_bytes=found.size_bytes,
        kind=found.kind,
        adopted=made.adopted,
        completed_at=found.completed_at,
    )


def _report(observed: Observed) -> UriDigest | None:
    for record in reversed(stage_records(observed.me)):
        if record.outcome == "Succeeded" and record.folder and record.report_digest:
            return whole(observed, UriDigest(uri=record.folder, digest=record.report_digest))
    return None
