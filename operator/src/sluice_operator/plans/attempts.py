"""From a wanted stage to its next attempt: look up, wait, record, retry or start.

A Job is made only when neither its record nor its Job exists. A record is written once, when a Job ended.
A Job that somebody deleted is recorded as well, and the next attempt follows, as long as one of its Pods or
its own deletion is still to be seen; where nothing is left of it, the same attempt is made again.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from sluice_api import meta, reasons
from sluice_api.base import ApiModel
from sluice_api.contracts.envelope import Stage
from sluice_api.reasons import Reason
from sluice_api.records import StageRecord
from sluice_operator.children import jobs, naming, records
from sluice_operator.children.jobs import Ask, is_queued
from sluice_operator.facts.damage import blame
from sluice_operator.facts.failures import exhausted, failures_of, is_final, is_out_of_time, needs_change
from sluice_operator.facts.stages import attempts_of, counters
from sluice_operator.model import Create, EventNote, JobView, Observed, Patch, PodView
from sluice_operator.plans.draft import Draft, shorten
from sluice_operator.plans.ended import Ended, classify, deleted, ended_early
from sluice_operator.plans.pods import describe_pods, is_alive
from sluice_operator.plans.recording import stage_record

_UNREAD = (reasons.REPORT_LOST.code, reasons.REPORT_UNREADABLE.code)
_AT_ONCE = tuple(
    r.code
    for r in (
        reasons.NOTHING_TO_REPORT,
        reasons.STOPPED_ON_REQUEST,
        reasons.REQUEST_CHANGED,
        reasons.SUSPENDED,
        reasons.DEADLINE_EXCEEDED,
    )
)
"""Ends after which the next attempt need not wait."""
_LONGEST_BACKOFF = 300.0
_LOOK_AGAIN = 20.0
"""Seconds after which a Job without a Pod is looked at again: only then does anybody ask why."""


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
    stage: Stage = "prepare"
    is_final: bool = False
    """It failed, and nothing that may still change lets it go on."""
    needs_person: bool = False
    """Its Job is there, and its Pod waits for something that a person must bring."""
    starts: bool = False
    """Its Job is made in this pass."""


def advance(observed: Observed, draft: Draft, ask: Ask, *, has_room: bool = True) -> Advance:
    """Bring a stage one step further; what must be written goes into the draft. No room: start nothing."""
    draft.asked.add(ask.request_hash)
    return replace(_advance(observed, draft, ask, has_room), stage=ask.stage)


def _advance(observed: Observed, draft: Draft, ask: Ask, has_room: bool) -> Advance:
    done = attempts_of(observed.me, ask.stage, ask.request_hash)
    if done and done[-1].outcome == "Succeeded":
        last = done[-1]
        return Advance("Done", reasons.STAGE_SUCCEEDED, "", last.result, last, attempt=last.attempt)
    attempt = done[-1].attempt + 1 if done else 1
    name = naming.stage_name(observed.me.resource.meta.name, ask.stage, ask.request_hash, attempt)
    job = next((j for j in observed.me.jobs if j.meta.name == name), None)
    pods = tuple(p for p in observed.me.pods if p.job == name)
    if job is None:
        return _start(observed, draft, ask, done, attempt, pods, has_room)
    if not _ours(job, observed, ask):
        message = f"Job {name} belongs to another object or request"
        return Advance("Failed", reasons.CHILD_CONFLICT, message, job=job)
    ended = classify(job, pods, ask) if job.outcome != "Active" else ended_early(job, pods, ask)
    if ended is None:
        return _watch(observed, draft, ask, job, pods, attempt)
    return _record(observed, draft, ask, job, pods, attempt, ended)


def _ours(job: JobView, observed: Observed, ask: Ask) -> bool:
    return (
        job.meta.owner is not None
        and job.meta.owner.uid == observed.me.resource.meta.uid
        and job.meta.annotations.get(meta.ANNOTATION_REQUEST_HASH) == ask.request_hash
    )


def _watch(
    observed: Observed, draft: Draft, ask: Ask, job: JobView, pods: tuple[PodView, ...], attempt: int
) -> Advance:
    if job.suspended and not is_queued(job):
        body = {"spec": {"suspend": False}}
        draft.write(Patch("Job", job.meta.name, job.meta.resource_version, body))
    if not pods:
        draft.wake_in(_LOOK_AGAIN)
    reason, message = describe_pods(pods, observed.refusals.get(job.meta.name, ""))
    told = f"{ask.title}, attempt {attempt}: {message}"
    needs_person = reason is reasons.SECRET_MISSING
    return Advance("Running", reason, told, job=job, attempt=attempt, needs_person=needs_person)


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
    if value.warning:
        draft.events.append(EventNote(reasons.CLOCK_SKEWED, reasons.CLOCK_SKEWED.advise(value.warning)))
    ignored = ended.report.ignored_markers if ended.report else None
    if ignored:
        message = f"{told}; {ignored} objects in the place of its markers in the store are none of them"
        draft.events.append(EventNote(reasons.MARKER_IGNORED, reasons.MARKER_IGNORED.advise(message)))
    draft.wake_in(1)
    return Advance("Running", ended.reason, told, job=job, attempt=attempt)


def _start(
    observed: Observed,
    draft: Draft,
    ask: Ask,
    done: tuple[StageRecord, ...],
    attempt: int,
    pods: tuple[PodView, ...],
    has_room: bool,
) -> Advance:
    name = naming.stage_name(observed.me.resource.meta.name, ask.stage, ask.request_hash, attempt)
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
        return Advance("Waiting", reasons.named(last.reason), message, record=last, attempt=attempt)
    if not has_room:
        message = f"{ask.title}, attempt {attempt}: waiting for another one to end"
        return Advance("Waiting", reasons.PENDING, message, attempt=attempt)
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
    return Advance("Running", reasons.PENDING, told, attempt=attempt, starts=True)


def _is_of(pod: PodView, observed: Observed) -> bool:
    """Whether a Pod was made for this very object, not for a deleted one of its name."""
    return pod.meta.annotations.get(meta.ANNOTATION_OWNER_UID) == observed.me.resource.meta.uid


def _lingering(observed: Observed, ask: Ask) -> str:
    """A Job or Pod of an earlier attempt that still works, or an empty text.

    What shares a budget shares its place: two requests of such a stage never run at once.
    """
    first = naming.stage_name(observed.me.resource.meta.name, ask.stage, ask.request_hash, 1)
    series = first.removesuffix(f"{ask.request_hash[:8]}-1" if ask.share_budget else "1")
    active = (j for j in observed.me.jobs if j.outcome == "Active")
    jobs_left = (j.meta.name for j in active if _ours(j, observed, ask) or _is_twin(j, ask))
    pods_left = (p for p in observed.me.pods if is_alive(p) and (p.job or "").startswith(series))
    left = [*(f"Job {name}" for name in jobs_left), *(f"Pod {p.meta.name}" for p in pods_left)]
    return left[0] if left else ""


def _is_twin(job: JobView, ask: Ask) -> bool:
    return ask.share_budget and job.meta.labels.get(meta.LABEL_STAGE) == ask.stage


def _give_up(observed: Observed, ask: Ask, last: StageRecord | None) -> Advance | None:
    if last is not None and needs_change(last):
        message = shorten(blame(observed, last))
        return Advance("Failed", reasons.named(last.reason), message, record=last, is_final=is_final(last))
    if last is not None and is_out_of_time(last, ask.deadline_seconds):
        return Advance("Failed", reasons.DEADLINE_EXCEEDED, last.message, record=last)
    left = _seconds_left(observed, ask)
    if left is not None and left <= 0:
        return _out_of_time(ask, last)
    failures = failures_of(observed.me, ask.stage, "" if ask.share_budget else ask.request_hash)
    if len(failures) > ask.retry_limit:
        message = shorten(exhausted(failures, ask.retry_limit))
        failed = reasons.RETRIES_EXHAUSTED
        return Advance("Failed", failed, message, record=failures[-1], is_final=True)
    return None


def _out_of_time(ask: Ask, last: StageRecord | None) -> Advance:
    told = f"all attempts together ran for {ask.deadline_seconds} s, spec.activeDeadlineSeconds"
    if last is not None and last.outcome == "Failed" and last.reason != reasons.DEADLINE_EXCEEDED.code:
        # More time would change nothing of why it failed.
        return Advance("Failed", reasons.named(last.reason), f"{last.message}; {told}", record=last)
    return Advance("Failed", reasons.DEADLINE_EXCEEDED, told, record=last)


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
