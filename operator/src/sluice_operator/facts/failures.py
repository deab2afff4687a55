"""When a stage is not tried again, and whether that is for ever."""

from typing import get_args

from sluice_api import reasons
from sluice_api.reasons import Retry
from sluice_api.records import Outcome, StageRecord
from sluice_operator.facts.stages import stage_records
from sluice_operator.model import Problem, Related

_MENDABLE = (reasons.DEADLINE_EXCEEDED.code, reasons.ARTIFACT_DIGEST_MISMATCH.code)
"""What a raised deadline or a pack that is created again mends: the spec of the object itself may stay."""


def needs_change(record: StageRecord) -> bool:
    """Whether an attempt failed for something that only a change mends; a passed deadline apart."""
    if record.outcome not in get_args(Outcome):
        return True  # what only another version knows is no reason to start anything
    needs = reasons.named(record.reason).retry is Retry.HUMAN
    return record.outcome == "Failed" and needs and record.reason != reasons.DEADLINE_EXCEEDED.code


def is_final(record: StageRecord) -> bool:
    """Whether an attempt failed for ever: what the object asks for cannot be changed."""
    return needs_change(record) and record.reason not in _MENDABLE


def is_out_of_time(record: StageRecord, deadline_seconds: int | None) -> bool:
    """Whether an attempt ran out of time, and no more time was given since."""
    if record.outcome != "Failed" or record.reason != reasons.DEADLINE_EXCEEDED.code:
        return False
    had = record.counters.running_seconds if record.deadline_seconds is None else record.deadline_seconds
    return deadline_seconds is None or deadline_seconds <= had


def failures_of(related: Related, stage: str, request_hash: str = "") -> tuple[StageRecord, ...]:
    """Attempts that used the budget of a stage, or of one request, oldest first."""
    mine = (r for r in stage_records(related, stage) if request_hash in ("", r.request_hash))
    return tuple(r for r in mine if r.outcome == "Failed" and r.reason != reasons.DEADLINE_EXCEEDED.code)


def exhausted(failures: tuple[StageRecord, ...], limit: int) -> str:
    """The sentence about a budget that is used up."""
    last = failures[-1]
    return f"{last.stage} failed {len(failures)} times, retry.limit is {limit}; last: {last.message}"


def over(related: Related, limit: int) -> Problem | None:
    """Why an object whose spec cannot change is over for ever, whatever became of what it refers to."""
    records = stage_records(related)
    last = records[-1] if records else None
    if last is None or last.outcome == "Succeeded":
        return None
    if is_final(last):
        return Problem(reasons.named(last.reason), last.message)
    failures = failures_of(related, last.stage)
    if len(failures) > limit:
        return Problem(reasons.RETRIES_EXHAUSTED, exhausted(failures, limit))
    return None


def not_ready(related: Related, limit: int, what: str) -> Problem:
    """Why a referenced object that is not finished cannot be used: it may still come, or it never will."""
    meta, ended = related.resource.meta, over(related, limit)
    named = f"{what} {related.resource.kind} {meta.name}"
    if ended is None:
        return Problem(reasons.REFERENCE_NOT_READY, f"{named} is not ready")
    return Problem(reasons.REFERENCE_FAILED, f"{named} failed ({ended.reason.camel}): {ended.message}")
