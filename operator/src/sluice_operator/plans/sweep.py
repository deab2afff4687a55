"""Jobs that nobody asks for any more: their end is recorded, as far as they got, and then they go.

A request changes with a profile, a suite or what is live; the Job of the old one would hold a GPU, or its
Pods would be read at each pass.
"""

from collections.abc import Iterator

from sluice_api import reasons
from sluice_api.contracts.envelope import Stage
from sluice_operator.children import records
from sluice_operator.children.jobs import MadeFor
from sluice_operator.model import Create, JobView, Observed
from sluice_operator.plans.draft import Draft, shorten
from sluice_operator.plans.ended import Ended, classify, deleted
from sluice_operator.plans.recording import stage_record


def record_ended(observed: Observed, draft: Draft) -> None:
    """Record a Job that ended, while nobody asks what became of it."""
    _record_first(observed, draft, [j for j in unrecorded(observed) if j.outcome != "Active"])


def end_unasked(observed: Observed, draft: Draft, stages: frozenset[Stage] | None = None) -> None:
    """End the Jobs whose request this pass did not ask for. `stages`: only of these."""
    jobs = (j for j in unrecorded(observed) if _is_unasked(j, draft))
    _record_first(observed, draft, [j for j in jobs if stages is None or _stage(j) in stages])


def end_all(observed: Observed, draft: Draft, jobs: list[JobView]) -> None:
    """End these Jobs because their object is suspended."""
    recorded = _recorded(observed)
    _record_first(observed, draft, [j for j in jobs if j.meta.name not in recorded], suspended=True)


def unrecorded(observed: Observed) -> Iterator[JobView]:
    """Jobs of which no record tells yet."""
    recorded = _recorded(observed)
    return (j for j in observed.me.jobs if j.meta.name not in recorded and MadeFor.of(j) is not None)


def _recorded(observed: Observed) -> set[str]:
    return {r.meta.name for r in observed.me.records}


def _is_unasked(job: JobView, draft: Draft) -> bool:
    made = MadeFor.of(job)
    return made is not None and made.request_hash not in draft.asked


def _stage(job: JobView) -> str:
    made = MadeFor.of(job)
    return made.stage if made else ""


def _record_first(observed: Observed, draft: Draft, jobs: list[JobView], *, suspended: bool = False) -> None:
    """One record in a pass: each carries the counters of the one before."""
    if not jobs:
        return
    draft.wake_in(1)
    if not any(isinstance(w, Create) and w.manifest["kind"] == "ControllerRevision" for w in draft.writes):
        _record(observed, draft, min(jobs, key=lambda j: j.meta.name), suspended=suspended)


def _record(observed: Observed, draft: Draft, job: JobView, *, suspended: bool) -> None:
    made = MadeFor.of(job)
    if made is None:
        return
    pods = tuple(p for p in observed.me.pods if p.job == job.meta.name)
    ended = _end(job, suspended=suspended) if job.outcome == "Active" else classify(job, pods, made)
    value = stage_record(observed, made, job, pods, made.attempt, ended)
    told = shorten(f"{made.stage}, attempt {made.attempt}: {ended.message}", 400)
    manifest = records.record(observed.me.resource, job.meta.name, value)
    draft.write(Create(manifest), ended.reason, told)


def _end(job: JobView, *, suspended: bool) -> Ended:
    if job.meta.deleting:
        return deleted(job.meta.name)
    if suspended:
        message = f"Job {job.meta.name} is ended because spec.suspend is true"
        return Ended("Interrupted", reasons.SUSPENDED, message)
    message = f"Job {job.meta.name} does what nobody asks for any more; it is ended"
    return Ended("Interrupted", reasons.REQUEST_CHANGED, message)
