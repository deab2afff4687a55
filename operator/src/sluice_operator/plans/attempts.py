"""From a wanted stage to its next attempt: look up, wait, record, retry or start.

A Job is made only when neither its record nor its Job exists. A record is written once, when a Job ended.
A Job that somebody deleted is recorded as well, and the next attempt follows, as long as one of its Pods or
its own deletion is still to be seen; where nothing is left of it, the same attempt is made again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sluice_api import meta, reasons
from sluice_api.base import ApiModel
from sluice_api.reasons import REASONS, Reason, Retry
from sluice_api.records import StageRecord
from sluice_operator.children import jobs, naming, records
from sluice_operator.children.jobs import Ask
from sluice_operator.facts.stages import attempts_of, counters, stage_records
from sluice_operator.model import Create, JobView, Observed, Patch, PodView
from sluice_operator.plans.draft import Draft, shorten
from sluice_operator.plans.ended import Ended, classify, deleted, ended_early
from sluice_operator.plans.pods import describe_pods, is_alive
from sluice_operator.plans.recording import stage_record

_UNREAD = (reasons.REPORT_LOST.code, reasons.REPORT_UNREADABLE.code)
_AT_ONCE = (reasons.NOTHING_TO_REPORT.code, reasons.STOPPED_ON_REQUEST.code)
"""Ends after which the next attempt need not wait."""
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
        return Advance("Done", reasons.STAGE_SUCCEEDED, "", last.result, last, attempt=last.attempt)
    attempt = done[-1].attempt + 1 if done else 1
    name = naming.stage_name(observed.me.resource.meta.name, ask.stage, ask.request_hash, attempt)
    job = next((j for j in observed.me.jobs if j.meta.name == name), None)
    pods = tuple(p for p in observed.me.pods if p.job == name)
    if job is None:
        return _start(observed, draft, ask, done, attempt, name, pods)
    if not _ours(job, observed, ask):
        message = f"Job {name} belongs to another object or request"
        return Advance("Failed", reasons.CHILD_CONFLICT, message, job=job)
    ended = classify(job, pods, ask) if job.outcome != "Active" else ended_early(job, pods, ask)
    if ended is None:
        return _watch(draft, ask, job, pods, attempt)
    return _record(observed, draft, ask, job, pods, attempt, ended)


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
    return Advance("Running", reason, f"{ask.title}, attempt {attempt}: {message}", job=job, attempt=attempt)


def _record(
    observed: Observed,
    draft: Draft,
    ask: Ask,
    job: JobView | None,
    pods: tuple[PodView, ...],
    attempt: int,
    ended: Ended,
) -> Advance:
    name = naming.stage_name(observed.me.resource.meta.name, ask.stage, ask.request_hash, attempt)
    value = stage_record(observed, ask, job, pods, attempt, ended)
    manifest = records.record(observed.me.resource, name, value)
    told = f"{ask.title}, attempt {attempt}: {ended.message}"
    draft.write(Create(manifest, unless_job="" if job else name), ended.reason, shorten(told, 400))
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
    mine = tuple(p for p in pods if _is_of(p, observed))
    if mine:
        return _record(observed, draft, ask, None, mine, attempt, deleted(name))
    lingering = _lingering(observed, ask)
    if lingering:
        draft.wake_in(5)
        message = f"{ask.title}, attempt {attempt}: waiting for {lingering} of an earlier attempt to end"
        return Advance("Waiting", reasons.PENDING, message, attempt=attempt)
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
        f"{ask.title}, attempt {attempt}: Job {name}",
    )
    told = f"{ask.title}, attempt {attempt}: starting"
    return Advance("Running", reasons.PENDING, told, attempt=attempt)


def _is_of(pod: PodView, observed: Observed) -> bool:
    """Whether a Pod was made for this very object, not for a deleted one of its name."""
    return pod.meta.annotations.get(meta.ANNOTATION_OWNER_UID) == observed.me.resource.meta.uid


def _lingering(observed: Observed, ask: Ask) -> str:
    """A Job or Pod of an earlier attempt at the same request that still works, or an empty text."""
    first = naming.stage_name(observed.me.resource.meta.name, ask.stage, ask.request_hash, 1)
    series = first.removesuffix("1")
    jobs_left = (j.meta.name for j in observed.me.jobs if j.outcome == "Active" and _ours(j, observed, ask))
    pods_left = (p for p in observed.me.pods if is_alive(p) and (p.job or "").startswith(series))
    left = [*(f"Job {name}" for name in jobs_left), *(f"Pod {p.meta.name}" for p in pods_left)]
    return left[0] if left else ""


def _give_up(observed: Observed, ask: Ask, last: StageRecord | None) -> Advance | None:
    failed = last if last is not None and last.outcome == "Failed" else None
    if failed is not None and REASONS[failed.reason].retry is Retry.HUMAN:
        return Advance("Failed", REASONS[failed.reason], failed.message, record=failed)
    left = _seconds_left(observed, ask)
    if left is not None and left <= 0:
        told = f"all attempts together ran for {ask.deadline_seconds} s"
        if failed is not None:  # more time would change nothing of why it failed
            return Advance("Failed", REASONS[failed.reason], f"{failed.message}; {told}", record=failed)
        return Advance("Failed", reasons.DEADLINE_EXCEEDED, told, record=last)
    failures = _failures(observed, ask)
    if len(failures) > ask.retry_limit:
        message = (
            f"{ask.stage} failed {len(failures)} times, retry.limit is {ask.retry_limit}; "
            f"last: {failures[-1].message}"
        )
        return Advance("Failed", reasons.RETRIES_EXHAUSTED, shorten(message), record=failures[-1])
    return None


def _failures(observed: Observed, ask: Ask) -> tuple[StageRecord, ...]:
    """Attempts that used the budget, oldest first."""
    same = stage_records(observed.me, ask.stage)
    mine = (r for r in same if ask.share_budget or r.request_hash == ask.request_hash)
    return tuple(r for r in mine if r.outcome == "Failed")


def _delay(done: tuple[StageRecord, ...], now: datetime) -> float:
    """Seconds until the next attempt: 5, 10, 20, ... up to 300 after the end of the last one."""
    row = 0
    for record in reversed(done):
        if record.reason in _UNREAD or record.outcome == "Succeeded":
            break
        row += 1
    if row == 0 or done[-1].reason in _AT_ONCE:
        return 0.0
    wanted = min(5.0 * float(2 ** (row - 1)), _LONGEST_BACKOFF)
    ended = datetime.fromisoformat(done[-1].finished_at).replace(tzinfo=UTC)
    return min(wanted, wanted - (now - ended).total_seconds())


def _seconds_left(observed: Observed, ask: Ask) -> int | None:
    if ask.deadline_seconds is None:
        return None
    return ask.deadline_seconds - counters(observed.me).running_seconds
