"""Readings of stage records."""

from collections.abc import Iterator

from sluice_api.records import Counters, StageRecord
from sluice_operator.model import Related


def stage_records(related: Related, stage: str | None = None) -> tuple[StageRecord, ...]:
    """Records of ended attempts, oldest first."""
    found = [r.record for r in related.records if isinstance(r.record, StageRecord)]
    return tuple(
        sorted(
            (r for r in found if stage in (None, r.stage)), key=lambda r: (r.counters.attempts, r.finished_at)
        )
    )


def attempts_of(related: Related, stage: str, request_hash: str) -> tuple[StageRecord, ...]:
    """Ended attempts of one request, oldest first."""
    records = (r for r in stage_records(related, stage) if r.request_hash == request_hash)
    return tuple(sorted(records, key=lambda r: r.attempt))


def successes(related: Related, stage: str) -> Iterator[StageRecord]:
    """Attempts of a stage that succeeded, newest first."""
    return (r for r in reversed(stage_records(related, stage)) if r.outcome == "Succeeded")


def counters(related: Related) -> Counters:
    """Cumulative counters: those of the newest record."""
    records = stage_records(related)
    return records[-1].counters if records else Counters()
