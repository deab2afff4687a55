"""From a wanted stage to its next attempt: look up, wait, record, retry or start.

A Job is made only when neither its record nor its Job exists. A record is written once, when a Job ended.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sluice_api import meta, reasons
from sluice_api.base import ApiModel
from sluice_api.contracts.envelope import ExitCode
from sluice_api.reasons import REASONS, Reason, Retry
from sluice_api.records import Counters, StageRecord
from sluice_operator.children import jobs, naming, records
from sluice_operator.children.jobs import Ask
from sluice_operator.facts.stages import attempts_of, counters, stage_records, typed
from sluice_operator.model import Create, JobView, Observed, Patch, PodView
from sluice_operator.plans.draft import Draft, shorten, stamp
from sluice_operator.plans.ended import Ended, classify
from sluice_operator.plans.pods import describe_pods

_UNREAD = ("report_lost", "report_unreadable")
_LONGEST_BACKOFF = 300.0


@dataclass(frozen=True)
class Advance:
    """How a wanted stage stands."""

    state: Literal["Done", "Running", "Waiting", "Failed"]
    reason: Reason
    message: str
    result: ApiModel | None = None
    record: StageRecord | None = None
    job: JobView | None = None
    attempt: int = 0


def advance(observed: Observed, draft: Draft, ask: Ask) -> Advance:
    """Bring a stage one step further; what must be written goes into the draft."""
    done = attempts_of(observed.me, ask.stage, ask.request_hash)
    if done and done[-1].outcome == "Succeeded":
        last = done[-1]
        return Advance("Done", reasons.STAGE_SUCCEEDED, "", typed(last), last, attempt=last.attempt)
    attempt = done[-1].attempt + 1 if done else 1
    name = naming.stage_name(observed.me.resource.meta.name, ask.stage, ask.request_hash, attempt)
    job = next((j for j in observed.me.jobs if j.meta.name == name), None)
    pods = tuple(p for p in observed.me.pods if p.job == name)
    if job is None:
        return _start(observed, draft, ask, done, attempt, name, pods)
    if not _ours(job, observed, ask):
        message = f"Job {name} belongs to another object or request"
        return Advance("Failed", reasons.CHILD_CONFLICT, message, job=job)
    if job.outcome == "Active":
        return _watch(draft, ask, job, pods, attempt)
    return _record(observed, draft, ask, job, pods, attempt)


def _ours(job: JobView, observed: Observed, ask: Ask) -> bool:
    return (
        job.meta.owner is not None
        and job.meta.owner.uid == observed.me.resource.meta.uid
        and job.meta.annotations.get(meta.ANNOTATION_REQUEST_HASH) == ask.request_hash
    )


def _watch(draft: Draft, ask: Ask, job: JobView, pods: tuple[PodView, ...], attempt: int) -> Advance:
    if job.suspended and not ask.profile.queue:
        body = {"spec": {"suspend": False}}
        draft.write(Patch("Job", job.meta.name, job.meta.resource_version, body))
    reason, message = describe_pods(pods)
    return Advance("Running", reason, f"{ask.stage}, attempt {attempt}: {message}", job=job, attempt=attempt)


def _record(
    observed: Observed, draft: Draft, ask: Ask, job: JobView, pods: tuple[PodView, ...], attempt: int
) -> Advance:
    ended = classify(job, pods, ask)
    value = _stage_record(observed, ask, job, pods, attempt, ended)
    manifest = records.record(observed.me.resource, job.meta.name, value)
    told = f"{ask.stage}, attempt {attempt}: {ended.message}"
    draft.write(Create(manifest), ended.reason, shorten(told, 400))
    draft.wake_in(1)
    return Advance("Running", ended.reason, told, job=job, attempt=attempt)


def _start(
    observed: Observed,
    draft: Draft,
    ask: Ask,
    done: tuple[StageRecord, ...],
    attempt: int,
    name: str,
    pods: tuple[PodView, ...],
) -> Advance:
    if any(p.phase in ("Pending", "Running") for p in pods):
        # The Job was deleted by somebody; its Pods must end before the next attempt may start.
        draft.wake_in(5)
        message = f"waiting for the Pods of the deleted Job {name} to end"
        return Advance("Waiting", reasons.JOB_DELETED, message, attempt=attempt)
    last = done[-1] if done else None
    blocked = _give_up(observed, ask, last)
    if blocked is not None:
        return blocked
    delay = _delay(done, observed.now)
    if delay > 0 and last is not None:
        draft.wake_in(delay)
        message = f"{last.message}; trying again in {int(delay) + 1} s"
        return Advance("Waiting", REASONS[last.reason], message, record=last, attempt=attempt)
    manifest = jobs.job(
        observed.me.resource,
        ask,
        attempt,
        observed.settings,
        report_only=last is not None and last.reason in _UNREAD,
        seconds_left=_seconds_left(observed, ask),
        progress_ca_pem=observed.progress_ca_pem,
    )
    draft.write(
        Create(manifest, unless_record=name),
        reasons.JOB_CREATED,
        f"{ask.stage}, attempt {attempt}: Job {name}",
    )
    told = f"{ask.stage}, attempt {attempt}: starting"
    return Advance("Running", reasons.PENDING, told, attempt=attempt)


def _give_up(observed: Observed, ask: Ask, last: StageRecord | None) -> Advance | None:
    left = _seconds_left(observed, ask)
    if left is not None and left <= 0:
        message = f"all attempts together ran for {ask.deadline_seconds} s"
        return Advance("Failed", reasons.DEADLINE_EXCEEDED, message, record=last)
    if last is None or last.outcome != "Failed":
        return None
    reason = REASONS[last.reason]
    if reason.retry is Retry.HUMAN:
        return Advance("Failed", reason, last.message, record=last)
    failures = _failures(observed, ask)
    if failures > ask.retry_limit:
        message = (
            f"{ask.stage} failed {failures} times, retry.limit is {ask.retry_limit}; last: {last.message}"
        )
        return Advance("Failed", reasons.RETRIES_EXHAUSTED, shorten(message), record=last)
    return None


def _failures(observed: Observed, ask: Ask) -> int:
    same = stage_records(observed.me, ask.stage)
    mine = (r for r in same if ask.share_budget or r.request_hash == ask.request_hash)
    return sum(r.outcome == "Failed" for r in mine)


def _delay(done: tuple[StageRecord, ...], now: datetime) -> float:
    """Seconds until the next attempt: 5, 10, 20, ... up to 300 after the end of the last one."""
    row = 0
    for record in reversed(done):
        if record.reason in _UNREAD or record.outcome == "Succeeded":
            break
        row += 1
    if row == 0 or done[-1].exit_code in (ExitCode.NOTHING_TO_REPORT, ExitCode.STOPPED_ON_REQUEST):
        return 0.0
    wanted = min(5.0 * float(2 ** (row - 1)), _LONGEST_BACKOFF)
    ended = datetime.fromisoformat(done[-1].finished_at).replace(tzinfo=UTC)
    return min(wanted, wanted - (now - ended).total_seconds())


def _seconds_left(observed: Observed, ask: Ask) -> int | None:
    if ask.deadline_seconds is None:
        return None
    return ask.deadline_seconds - counters(observed.me).running_seconds


def _stage_record(
    observed: Observed, ask: Ask, job: JobView, pods: tuple[PodView, ...], attempt: int, ended: Ended
) -> StageRecord:
    pod = ended.pod
    report = ended.report
    started = (pod and pod.started_at) or job.started_at or job.meta.created_at
    finished = (pod and pod.finished_at) or job.finished_at or observed.now
    return StageRecord(
        stage=ask.stage,
        request_hash=ask.request_hash,
        attempt=attempt,
        outcome=ended.outcome,
        reason=ended.reason.code,
        message=shorten(ended.message),
        exit_code=pod.exit_code if pod else None,
        pod=pod.meta.name if pod else None,
        report=report.result if report else None,
        folder=report.folder if report else None,
        report_digest=report.report_digest if report else None,
        started_at=stamp(started),
        finished_at=stamp(finished),
        counters=_count(counters(observed.me), ask, pods, ended),
    )


def _count(before: Counters, ask: Ask, pods: tuple[PodView, ...], ended: Ended) -> Counters:
    ran = sum(_running_seconds(p) for p in pods)
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


def _running_seconds(pod: PodView) -> int:
    if pod.started_at is None or pod.finished_at is None:
        return 0
    return max(0, round((pod.finished_at - pod.started_at).total_seconds()))
