"""Steps that planners of several kinds share."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from pydantic import ValidationError

from sluice_api import reasons
from sluice_api.base import ApiModel
from sluice_api.meta import LABEL_STAGE
from sluice_api.records import StageRecord
from sluice_operator import capacity
from sluice_operator.children.jobs import is_queued
from sluice_operator.facts import failures
from sluice_operator.facts.stages import stage_records
from sluice_operator.model import Delete, JobView, Observed, Patch, RecordView
from sluice_operator.plans.draft import Draft, Stop, shorten
from sluice_operator.plans.pods import is_alive
from sluice_operator.plans.sweep import end_all, record_ended
from sluice_operator.settings import ComputeProfile, StorageProfile

Spec = TypeVar("Spec", bound=ApiModel)

KEPT_FAILURES = 10
"""Newest stage records that did not succeed."""
KEPT_SUCCESSES = 40
"""Newest stage records that succeeded; each saves a Job."""


def over(observed: Observed, limit: int) -> Stop | None:
    """The end of an object whose work failed for ever. It stays so, whatever becomes of what it refers to."""
    found = failures.over(observed.me, limit)
    return Stop("Failed", found.reason, found.message) if found else None


def parse_spec(model: type[Spec], observed: Observed) -> Spec | Stop:
    """The spec as its model, or a Stop that names every bad path."""
    try:
        return model.parse(observed.me.resource.spec)
    except ValidationError as error:
        bad = [f"spec.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        return Stop("Stalled", reasons.INVALID_SPEC, shorten("; ".join(bad)))


@dataclass(frozen=True)
class Platform:
    """Where an object's stages run and keep their results."""

    profile: ComputeProfile
    storage: StorageProfile


def resolve_platform(observed: Observed, name: str, *, loads_models: bool = False) -> Platform | Stop:
    """The compute profile of that name and the namespace's storage profile.

    Stages that load models need a profile whose devices they can use, all of them.
    """
    namespace = observed.me.resource.meta.namespace
    offered = [p.name for p in observed.settings.compute if p.allows(namespace)]
    profile = observed.settings.compute_profile(name)
    listed = f"namespace {namespace} may use: {', '.join(offered) or 'none'}"
    if profile is None:
        return Stop("Stalled", reasons.PROFILE_NOT_FOUND, f"spec.profile is {name!r}; {listed}")
    if not profile.allows(namespace):
        return Stop("Stalled", reasons.PROFILE_NOT_ALLOWED, f"spec.profile is {name!r}; {listed}")
    unusable = capacity.unusable(profile) if loads_models else None
    if unusable is not None:
        return Stop("Stalled", reasons.PROFILE_UNSUPPORTED, unusable)
    storage = observed.settings.storage_profile(namespace)
    if storage is None:
        message = f"no storage profile allows namespace {namespace}"
        return Stop("Stalled", reasons.STORAGE_NOT_CONFIGURED, message)
    return Platform(profile, storage)


def honour_suspend(observed: Observed, draft: Draft, *, suspended: bool) -> Stop | None:
    """Stop what runs for a suspended object. It is suspended once no Pod of a stage runs.

    A queue would release a Job that we suspend, so a Job of a queue is ended instead.
    """
    if not suspended:
        return None
    active = [j for j in observed.me.jobs if j.outcome == "Active" and not j.meta.deleting]
    for job in active:
        if not job.suspended and not is_queued(job):
            body = {"spec": {"suspend": True}}
            draft.write(Patch("Job", job.meta.name, job.meta.resource_version, body))
    end_all(observed, draft, [j for j in active if is_queued(j)])
    record_ended(observed, draft)
    left = next((p for p in observed.me.pods if is_alive(p) and LABEL_STAGE in p.meta.labels), None)
    if left is not None:
        return Stop("Working", reasons.SUSPENDED, f"spec.suspend is true; Pod {left.meta.name} is ending")
    return Stop("Suspended", reasons.SUSPENDED, "spec.suspend is true; set it to false to go on")


def unreadable_records(observed: Observed) -> Stop | None:
    """Records that cannot be read are never ignored: nothing is decided without them."""
    broken = [r.meta.name for r in observed.me.records if r.record is None]
    if not broken:
        return None
    message = f"ControllerRevision {', '.join(sorted(broken)[:5])} cannot be read as a record"
    return Stop("Stalled", reasons.RECORD_UNREADABLE, message)


def clean_up(observed: Observed, draft: Draft, ttl_seconds: int) -> None:
    """Delete Jobs whose record exists, finished ones after their TTL, and the oldest stage records.

    Of Jobs that failed for one and the same reason only the newest is kept for people to read.
    """
    recorded = {r.meta.name: r.record for r in observed.me.records if isinstance(r.record, StageRecord)}
    newest = _newest_failures(recorded)
    for job in observed.me.jobs:
        record = recorded.get(job.meta.name)
        if record is None or job.meta.deleting:
            continue
        if record.outcome == "Succeeded" or job.outcome == "Active" or newest[_cause(record)] is record:
            _clean_up_job(observed, draft, job, ttl_seconds)
        else:
            draft.delete(Delete("Job", job.meta.name, job.meta.uid, "a newer attempt failed alike"))
    for view in _prunable(observed):
        draft.delete(Delete("ControllerRevision", view.meta.name, view.meta.uid, "older than what is kept"))


def _cause(record: StageRecord) -> tuple[str, str, str]:
    return record.stage, record.request_hash, record.reason


def _newest_failures(recorded: Mapping[str, StageRecord]) -> Mapping[tuple[str, str, str], StageRecord]:
    """The newest attempt of each request that ended for each reason."""
    return {_cause(r): r for r in sorted(recorded.values(), key=lambda r: r.attempt)}


def _clean_up_job(observed: Observed, draft: Draft, job: JobView, ttl_seconds: int) -> None:
    if job.outcome == "Active":
        # The attempt was ended early; a Job that finished meanwhile is left to its TTL.
        version = job.meta.resource_version
        why = "its attempt is over and recorded"
        draft.delete(Delete("Job", job.meta.name, job.meta.uid, why, resource_version=version))
        return
    due = (job.finished_at or job.meta.created_at) + timedelta(seconds=ttl_seconds)
    if due <= observed.now:
        draft.delete(Delete("Job", job.meta.name, job.meta.uid, "finished and recorded"))
    else:
        draft.wake_in((due - observed.now).total_seconds())


def _prunable(observed: Observed) -> list[RecordView]:
    """Stage records beyond those that are kept; the newest carries the counters and always stays."""
    order = {id(r): n for n, r in enumerate(stage_records(observed.me))}
    views = [v for v in observed.me.records if id(v.record) in order]
    views.sort(key=lambda v: order[id(v.record)], reverse=True)
    jobs = {j.meta.name for j in observed.me.jobs}
    good = [v for v in views if isinstance(v.record, StageRecord) and v.record.outcome == "Succeeded"]
    bad = [v for v in views if isinstance(v.record, StageRecord) and v.record.outcome != "Succeeded"]
    newest = {_sort(v): v.meta.name for v in reversed(good)}
    kept = {views[0].meta.name, *newest.values(), *jobs} if views else jobs
    return [v for v in (*good[KEPT_SUCCESSES:], *bad[KEPT_FAILURES:]) if v.meta.name not in kept]


def _sort(view: RecordView) -> tuple[str, str]:
    """Stage and, where a stage has several, what it was asked to do: the newest success of each stays."""
    record = view.record
    if not isinstance(record, StageRecord):
        return "", ""
    return record.stage, str((record.report or {}).get("mode", ""))


def parse_time(text: str) -> datetime:
    """A timestamp of a record."""
    return datetime.fromisoformat(text).astimezone(UTC)
