"""How an attempt ended: condition and exit code are judged before the message.

A message that does not parse is never a success. The Job controller replaces Pods that were disrupted, or
stopped on request, without end: that they get nowhere is noticed here.
"""

import json
from dataclasses import dataclass

from pydantic import ValidationError

from sluice_api import meta, reasons
from sluice_api.contracts.envelope import ExitCode, Report
from sluice_api.reasons import REASONS, Reason, Retry
from sluice_api.records import Outcome
from sluice_operator.children.jobs import Ask, MadeFor
from sluice_operator.model import JobView, PodView

Asked = Ask | MadeFor


MOST_IN_VAIN = 3
"""Ignored Pods in a row without a newer checkpoint that count as one failure."""


@dataclass(frozen=True)
class Ended:
    """The end of an attempt."""

    outcome: Outcome
    reason: Reason
    message: str
    pod: PodView | None = None
    report: Report | None = None
    counts_as_bug: bool = False
    """Recorded with the exit code of a bug, whatever code its Pod left."""


def ended_early(job: JobView, pods: tuple[PodView, ...], ask: Asked) -> Ended | None:
    """Why the attempt of a Job that is still active is over, or None."""
    if job.meta.deleting:
        return deleted(job.meta.name)
    vain = without_progress(pods, ask)
    if len(vain) < MOST_IN_VAIN:
        return None
    message = f"{len(vain)} Pods of Job {job.meta.name} in a row were ended without a newer checkpoint"
    told = f"{message}; the last was {vain[-1].meta.name}"
    return Ended("Failed", reasons.NO_PROGRESS, told, vain[-1], counts_as_bug=True)


def deleted(name: str) -> Ended:
    """The end of an attempt whose Job somebody deleted."""
    return Ended("Interrupted", reasons.JOB_DELETED, f"Job {name} was deleted by somebody")


def without_progress(pods: tuple[PodView, ...], ask: Asked) -> tuple[PodView, ...]:
    """Pods that the Job's failure policy ignored since the last one that brought a newer checkpoint.

    A Pod that left no report brought none. Pods that were deleted (a drain, a preemption) do not count: that
    is the cluster's doing, and of most of them no trace stays.
    """
    reached = 0
    vain: list[PodView] = []
    ignored = [p for p in pods if p.phase == "Failed" and not p.meta.deleting and _is_ignored(p)]
    for pod in sorted(ignored, key=lambda p: (p.finished_at or p.meta.created_at, p.meta.name)):
        step = _checkpoint(pod, ask)
        reached, vain = (step, []) if step > reached else (reached, [*vain, pod])
    return tuple(vain)


def _is_ignored(pod: PodView) -> bool:
    return pod.disrupted or pod.exit_code == ExitCode.STOPPED_ON_REQUEST


def _checkpoint(pod: PodView, ask: Asked) -> int:
    report = read_report(pod.termination_message, ask.stage, ask.request_hash)
    return (report.failure.checkpoint or 0) if report and report.failure else 0


def classify(job: JobView, pods: tuple[PodView, ...], ask: Asked) -> Ended:
    """Judge a finished Job from its Pods: those that it made itself."""
    made = [pod for pod in pods if is_made_by(pod, job)]
    strangers = [pod for pod in pods if pod not in made]
    if strangers and not made:
        return _taken_over(job, strangers)
    ordered = sorted(made, key=lambda p: (p.finished_at or p.meta.created_at, p.meta.name))
    if job.outcome == "Complete":
        return _complete([p for p in ordered if p.exit_code == ExitCode.DONE], ask)
    failed = [p for p in ordered if p.exit_code not in (None, ExitCode.DONE) and not p.disrupted]
    if job.failed_reason == "DeadlineExceeded":
        # Its Pod was ended because of that; only what it reported itself counts more.
        failed = [p for p in failed if read_report(p.termination_message, ask.stage, ask.request_hash)]
    if failed:
        return _failed(failed[-1], ask)
    if job.failed_reason == "DeadlineExceeded":
        return _out_of_time(job, ordered, ask)
    return Ended("Interrupted", reasons.REPORT_LOST, f"Job {job.meta.name} failed and left no Pod to read")


def is_made_by(pod: PodView, job: JobView) -> bool:
    """Whether a Pod is one that a Job made, not one of somebody else that the Job took over."""
    owner, made_for = pod.meta.owner, (p.meta.annotations.get(meta.ANNOTATION_OWNER_UID) for p in (pod, job))
    return owner is not None and owner.uid == job.meta.uid and pod.body == job.body and len({*made_for}) == 1


def _taken_over(job: JobView, strangers: list[PodView]) -> Ended:
    pods = ", ".join(sorted(p.meta.name for p in strangers)[:3])
    told = (
        f"Job {job.meta.name} ended by Pods that it did not make as they are, {pods}: nothing they say counts"
    )
    return Ended("Interrupted", reasons.FOREIGN_POD, told)


def _complete(done: list[PodView], ask: Asked) -> Ended:
    if not done:
        return Ended("Interrupted", reasons.REPORT_LOST, "the Pod was gone before its report was read")
    pod = done[-1]
    report = read_report(pod.termination_message, ask.stage, ask.request_hash)
    if report is None or report.failure is not None or report.result is None:
        message = f"Pod {pod.meta.name} ended well but its report cannot be read"
        return Ended("Failed", reasons.REPORT_UNREADABLE, message, pod)
    return Ended("Succeeded", reasons.STAGE_SUCCEEDED, f"{ask.stage} succeeded", pod, report)


def _out_of_time(job: JobView, pods: list[PodView], ask: Asked) -> Ended:
    if any(p.scheduled or p.started_at for p in pods):
        if ask.deadline_seconds is None:
            message = f"Job {job.meta.name} ran longer than {ask.stage} may take"
            return Ended("Failed", reasons.STAGE_TIMED_OUT, message, pods[-1])
        message = f"all attempts together ran for {ask.deadline_seconds} s, spec.activeDeadlineSeconds"
        return Ended("Failed", reasons.DEADLINE_EXCEEDED, message, pods[-1])
    message = f"no node took a Pod of Job {job.meta.name} in time"
    return Ended("Interrupted", reasons.UNSCHEDULABLE, message)


_BY_CODE: dict[int, tuple[Outcome, Reason]] = {
    ExitCode.INPUT_WRONG: ("Failed", reasons.STAGE_CRASHED),
    ExitCode.NOTHING_TO_REPORT: ("Interrupted", reasons.NOTHING_TO_REPORT),
    ExitCode.DEPENDENCY_UNAVAILABLE: ("Interrupted", reasons.DEPENDENCY_UNAVAILABLE),
    ExitCode.OUT_OF_MEMORY: ("Failed", reasons.OUT_OF_MEMORY),
    ExitCode.DEADLINE_EXCEEDED: ("Failed", reasons.DEADLINE_EXCEEDED),
    ExitCode.STOPPED_ON_REQUEST: ("Interrupted", reasons.STOPPED_ON_REQUEST),
}
_ALLOWED: dict[int, tuple[Retry, ...]] = {
    ExitCode.INPUT_WRONG: (Retry.HUMAN,),
    ExitCode.DEPENDENCY_UNAVAILABLE: (Retry.BACKOFF,),
    ExitCode.BUG: (Retry.BUDGET, Retry.HUMAN),
}
"""Retry classes that a report may claim for an exit code; another claim is not believed."""


def _failed(pod: PodView, ask: Asked) -> Ended:
    code = pod.exit_code if pod.exit_code is not None else int(ExitCode.BUG)
    if pod.terminated_reason == "OOMKilled":
        return Ended("Failed", reasons.OUT_OF_MEMORY, f"Pod {pod.meta.name} was killed for memory", pod)
    outcome, reason = _BY_CODE.get(code, ("Failed", reasons.STAGE_CRASHED))
    report = read_report(pod.termination_message, ask.stage, ask.request_hash)
    message = f"Pod {pod.meta.name} ended with exit code {code}"
    if report is not None and report.failure is not None:
        message = report.failure.message
        claimed = REASONS.get(report.failure.reason)
        if claimed is not None and claimed.retry in _ALLOWED.get(code, ()):
            reason = claimed
    if reason is reasons.DEADLINE_EXCEEDED:
        message = f"{message}; {_what_is_kept(pod, ask)}"
    return Ended(outcome, reason, message, pod, report)


def _what_is_kept(pod: PodView, ask: Asked) -> str:
    step = _checkpoint(pod, ask)
    kept = f"the checkpoint of step {step} is kept" if step else "there is no checkpoint"
    return f"spec.activeDeadlineSeconds was {ask.deadline_seconds}; {kept}" if ask.deadline_seconds else kept


def read_report(message: str, stage: str, request_hash: str) -> Report | None:
    """The report in a termination message, if it is one and answers this request."""
    try:
        report = Report.parse_open(json.loads(message))
        report.typed_result()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ValidationError):
        return None
    return report if (report.stage, report.request_hash) == (stage, request_hash) else None
