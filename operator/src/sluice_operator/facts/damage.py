"""Whose bytes a stage found damaged: a message names a key of the store, people know objects."""

from collections.abc import Iterator

from sluice_api import reasons
from sluice_api.records import StageRecord
from sluice_operator.facts.pack import PackFacts, pack_facts
from sluice_operator.facts.run import run_facts
from sluice_operator.facts.stages import stage_records, successes
from sluice_operator.model import Observed, Related


def found_by_users(observed: Observed, facts: PackFacts) -> str | None:
    """What somebody found since the pack was packed; None: nothing."""
    packed = next(iter(successes(observed.me, "pack"))).finished_at
    for user in observed.users:
        meta = user.resource
        for record in stage_records(user):
            if _is_about(record, facts.manifest.uri) and record.finished_at > packed:
                name = observed.me.resource.meta.name
                told = f"{meta.kind} {meta.meta.name} found DatasetPack {name} damaged: {record.message}"
                return f"{told}; delete DatasetPack {name} and create it again"
    return None


def blame(observed: Observed, record: StageRecord) -> str:
    """The message of an attempt that found damage, with the object to create again; else as it is."""
    if record.reason != reasons.ARTIFACT_DIGEST_MISMATCH.code:
        return record.message
    for related, folder in _folders(observed):
        if folder in record.message:
            meta = related.resource
            return f"{meta.kind} {meta.meta.name} is damaged: {record.message}"
    return record.message


def _folders(observed: Observed) -> Iterator[tuple[Related, str]]:
    """Objects that are referred to, with where their bytes lie."""
    for related in observed.world.values():
        pack = pack_facts(related) if related.resource.kind == "DatasetPack" else None
        made = run_facts(related) if related.resource.kind == "TrainingRun" else None
        if pack is not None:
            yield related, pack.manifest.uri
        if made is not None and not made.adopted:
            yield related, made.artifact.uri


def _is_about(record: StageRecord, folder: str) -> bool:
    mismatch = record.reason == reasons.ARTIFACT_DIGEST_MISMATCH.code
    return record.outcome == "Failed" and mismatch and folder in record.message
