"""The record of an attempt that ended: how, when, and what it cost."""

from datetime import datetime

from sluice_api.contracts.envelope import ExitCode
from sluice_api.records import Counters, StageRecord
from sluice_operator.children.jobs import Ask
from sluice_operator.facts.stages import counters
from sluice_operator.model import JobView, Observed, PodView
from sluice_operator.plans.draft import shorten, stamp
from sluice_operator.plans.ended import Ended


def stage_record(
    observed: Observed, ask: Ask, job: JobView | None, pods: tuple[PodView, ...], attempt: int, ended: Ended
) -> StageRecord:
    """The record of one attempt. The Job is None when somebody deleted it; then Pods tell of it."""
    pod = ended.pod
    report = ended.report
    return StageRecord(
        stage=ask.stage,
        request_hash=ask.request_hash,
        attempt=attempt,
        outcome=ended.outcome,
        reason=ended.reason.code,
        message=shorten(_message(ended, ask)),
        exit_code=_exit_code(ended),
        pod=pod.meta.name if pod else None,
        report=report.result if report else None,
        folder=report.folder if report else None,
        report_digest=report.report_digest if report else None,
        evidence=report.failure.evidence if report and report.failure else None,
        started_at=stamp(_started_at(observed, job, pods, ended)),
        finished_at=stamp((pod and pod.finished_at) or (job and job.finished_at) or observed.now),
        counters=_count(counters(observed.me), ask, pods, ended, observed.now),
    )


def _message(ended: Ended, ask: Ask) -> str:
    return f"{ended.message} ({ask.variant})" if ask.variant else ended.message


def _exit_code(ended: Ended) -> int | None:
    if ended.counts_as_bug:
        return int(ExitCode.BUG)
    return ended.pod.exit_code if ended.pod else None


def _started_at(observed: Observed, job: JobView | None, pods: tuple[PodView, ...], ended: Ended) -> datetime:
    if ended.pod and ended.pod.started_at:
        return ended.pod.started_at
    if job is not None:
        return job.started_at or job.meta.created_at
    return min((p.meta.created_at for p in pods), default=observed.now)


def _count(before: Counters, ask: Ask, pods: tuple[PodView, ...], ended: Ended, now: datetime) -> Counters:
    ran = sum(_running_seconds(p, now) for p in pods)
    failed = ended.outcome == "Failed"
    lost = sum(p is not ended.pod and (p.disrupted or p.exit_code not in (None, 0)) for p in pods)
    return Counters(
        attempts=before.attempts + 1,
        failed=before.failed + failed,
        interruptions=before.interruptions + lost + (ended.outcome == "Interrupted"),
        gpu_seconds=before.gpu_seconds + ran * ask.gpus,
        gpu_seconds_wasted=before.gpu_seconds_wasted + (ran * ask.gpus if failed else 0),
        running_seconds=before.running_seconds + ran,
    )


def _running_seconds(pod: PodView, now: datetime) -> int:
    """A Pod that still runs when its attempt is over has run until now."""
    if pod.started_at is None:
        return 0
    end = pod.finished_at or (now if pod.phase == "Running" else pod.started_at)
    return max(0, round((end - pod.started_at).total_seconds()))
