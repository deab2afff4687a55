"""The record of an attempt that ended: how, when, and what it cost."""

from datetime import datetime
from typing import Any

from sluice_api.contracts.envelope import ExitCode
from sluice_api.records import Counters, StageRecord
from sluice_operator import raw
from sluice_operator.facts.stages import counters
from sluice_operator.model import JobView, Observed, PodView
from sluice_operator.plans.draft import shorten, stamp
from sluice_operator.plans.ended import Asked, Ended


def stage_record(
    observed: Observed, ask: Asked, job: JobView | None, pods: tuple[PodView, ...], attempt: int, ended: Ended
) -> StageRecord:
    """The record of one attempt. The Job is None when somebody deleted it; then Pods tell of it."""
    pod = ended.pod
    report = ended.report
    result, warning = believable(report.result if report else None, _latest(observed, job))
    return StageRecord(
        stage=ask.stage,
        request_hash=ask.request_hash,
        attempt=attempt,
        outcome=ended.outcome,
        reason=ended.reason.code,
        message=shorten(_message(ended, ask)),
        exit_code=_exit_code(ended),
        pod=pod.meta.name if pod else None,
        report=result,
        warning=shorten(warning),
        folder=report.folder if report else None,
        report_digest=report.report_digest if report else None,
        evidence=report.failure.evidence if report and report.failure else None,
        deadline_seconds=ask.deadline_seconds,
        started_at=stamp(_started_at(observed, job, pods, ended)),
        finished_at=stamp(_finished_at(observed, job, ended)),
        counters=_count(counters(observed.me), ask, pods, ended, observed.now),
    )


def _message(ended: Ended, ask: Asked) -> str:
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


def _finished_at(observed: Observed, job: JobView | None, ended: Ended) -> datetime:
    """When it ended: never later than the cluster saw it, whatever the clock of the node says."""
    latest = _latest(observed, job)
    return min((ended.pod.finished_at if ended.pod else None) or latest, latest)


def _latest(observed: Observed, job: JobView | None) -> datetime:
    """When the attempt was over at the latest, by the clocks of the control plane."""
    return min((job and job.finished_at) or observed.now, observed.now)


def believable(result: dict[str, Any] | None, latest: datetime) -> tuple[dict[str, Any] | None, str]:
    """A result that is not dated later than its attempt ended, and a warning when it was.

    The time of an artifact orders candidates: one from the future would stay the newest for ever.
    """
    artifact = result.get("artifact") if result else None
    told = raw.time(artifact, "completedAt") if isinstance(artifact, dict) else None
    if result is None or artifact is None or told is None or told <= latest:
        return result, ""
    bound = stamp(latest)
    warning = f"the artifact is dated {artifact['completedAt']}, after its Job ended; {bound} counts instead"
    return {**result, "artifact": {**artifact, "completedAt": bound}}, warning


def _count(before: Counters, ask: Asked, pods: tuple[PodView, ...], ended: Ended, now: datetime) -> Counters:
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
