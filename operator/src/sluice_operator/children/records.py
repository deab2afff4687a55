"""ControllerRevisions that hold records."""

from typing import Any

from sluice_api import meta
from sluice_api.audit import AuditRecord
from sluice_api.evalgate import VerdictEntry
from sluice_api.hashing import content_hash, plain
from sluice_api.records import Record, RevisionRecord, StageRecord, VerdictRecord
from sluice_operator.children import naming
from sluice_operator.model import Resource


def verdict_hash(given: VerdictRecord | VerdictEntry) -> str:
    """Hash of the question that a verdict answers; an approval names its verdict by it."""
    question = [
        given.digest,
        given.criteria_hash,
        [s.dump() for s in given.suite_digests],
        given.baseline_digest,
    ]
    return content_hash(question)[:12]


def verdict_name(owner: str, record: VerdictRecord) -> str:
    """Name of a verdict: the same question has the same name."""
    return f"{owner}-verdict-{verdict_hash(record)}"


def approval_name(owner: str, record: VerdictRecord) -> str:
    """Name of the approval of a verdict: at most one for each."""
    return f"{owner}-approval-{verdict_hash(record)}"


def audit_name(owner: str, sequence: int) -> str:
    """Name of a link of the audit chain; two leaders cannot both create it."""
    return f"{owner}-audit-{sequence}"


def drift_name(owner: str, transition: int, tick: int) -> str:
    """Name of one drift check; a tick is recorded once."""
    return f"{owner}-drift-{transition}-{tick}"


def revision_number(record: Record) -> int:
    """Order of records of one kind."""
    if isinstance(record, StageRecord):
        return record.attempt
    if isinstance(record, RevisionRecord):
        return record.revision
    return record.sequence if isinstance(record, AuditRecord) else 1


def record(resource: Resource, name: str, value: Record) -> dict[str, Any]:
    """Manifest of a record. `controller: true` keeps StatefulSets from adopting and pruning it."""
    annotations = {}
    if isinstance(value, StageRecord):
        annotations[meta.ANNOTATION_REQUEST_HASH] = value.request_hash
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": naming.object_meta(resource, name, "record", annotations, record=value.record),
        "revision": revision_number(value),
        # Without defaults: a version that does not know a field cannot know its default, which hashes leave
        # out. Kind and form are there in any case.
        "data": {"record": value.record, "formatVersion": value.format_version, **plain(value)},
    }
