"""Records: what must outlive Jobs and status, written once as ControllerRevisions.

One model per kind of record. The operator alone writes them; verdicts, revisions and audit records are what
promotion is decided from.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sluice_api.base import ApiModel, Digest, Hex64, Message, Name, Timestamp
from sluice_api.common import UriDigest
from sluice_api.contracts.envelope import Stage
from sluice_api.contracts.reports import RESULTS, ArtifactResult, Code, CriterionOutcome
from sluice_api.evalgate import Criterion, SuiteDigest, Verdict
from sluice_api.hashing import digest_of

RecordKind = Literal["stage", "verdict", "revision", "audit"]
Count = Annotated[int, Field(ge=0)]
SlotName = Annotated[str, StringConstraints(max_length=63)]
Cause = Literal["automatic", "profile", "health", "repair"]
Phase = Literal["intended", "done", "abandoned", "rejected"]


class Counters(ApiModel):
    """Cumulative over all attempts of the owner, so that old stage records may be pruned."""

    attempts: Count = 0
    failed: Count = 0
    interruptions: Count = 0
    gpu_seconds: Count = 0
    gpu_seconds_wasted: Count = 0
    running_seconds: Count = 0


class StageRecord(ApiModel):
    """One attempt of one stage that ended."""

    record: Literal["stage"] = "stage"
    stage: Stage
    request_hash: Hex64
    attempt: Annotated[int, Field(ge=1)]
    outcome: Literal["Succeeded", "Failed", "Interrupted"]
    """Interrupted does not use the retry budget."""
    reason: Code
    message: Message = ""
    exit_code: int | None = None
    pod: Annotated[str, StringConstraints(max_length=253)] | None = None
    report: dict[str, Any] | None = None
    """Result of the stage, as its contract says; parsed with RESULTS[stage]."""
    folder: Annotated[str, StringConstraints(max_length=200)] | None = None
    report_digest: Digest | None = None
    started_at: Timestamp
    finished_at: Timestamp
    counters: Counters = Counters()

    @model_validator(mode="after")
    def _success_holds_a_result(self) -> Self:
        if self.outcome == "Succeeded":
            if self.report is None:
                raise ValueError("an attempt that succeeded needs its result")
            RESULTS[self.stage].parse(self.report)
        return self


class VerdictRecord(ApiModel):
    """A verdict, bound to the digests that it speaks of."""

    record: Literal["verdict"] = "verdict"
    run: Name
    run_uid: Annotated[str, StringConstraints(max_length=64)]
    digest: Digest
    completed_at: Timestamp
    """When the artifact was made; the order of candidates."""
    artifact: ArtifactResult
    verdict: Verdict
    reason: Code
    message: Message
    criteria_hash: Hex64
    suite_digests: Annotated[tuple[SuiteDigest, ...], Field(max_length=16)]
    baseline_digest: Digest | None = None
    criteria: Annotated[tuple[Criterion, ...], Field(max_length=16)] = ()
    outcomes: Annotated[tuple[CriterionOutcome, ...], Field(max_length=16)] = ()
    evidence: UriDigest | None = None
    evaluated_at: Timestamp


class RevisionRecord(ApiModel):
    """All that rebuilds a slot."""

    record: Literal["revision"] = "revision"
    revision: Annotated[int, Field(ge=1)]
    slot: SlotName
    run: Name
    gate: Name
    artifact: ArtifactResult
    template: dict[str, Any]
    """spec of the slot's apps/v1 Deployment, frozen."""
    sealed_verdict: VerdictRecord
    """The verdict that let this revision in."""
    cause: Cause
    created_at: Timestamp


class Live(ApiModel):
    """What traffic goes to."""

    transition: Annotated[int, Field(ge=1)]
    slot: SlotName
    revision: Annotated[int, Field(ge=1)]
    digest: Digest
    by_promotion: bool = True
    """False after a rollback."""
    since: Timestamp


class HistoryItem(ApiModel):
    """A finished, non-repair transition."""

    transition: Annotated[int, Field(ge=1)]
    slot: SlotName
    revision: Annotated[int, Field(ge=1)]
    digest: Digest
    cause: Cause
    time: Timestamp


class Rejection(ApiModel):
    """A digest that was tried and did not go live."""

    digest: Digest
    revision: Annotated[int, Field(ge=1)]
    reason: Code
    message: Message


class OpenIntent(ApiModel):
    """An announced transition without an outcome yet."""

    sequence: Annotated[int, Field(ge=1)]
    cause: Cause
    slot: SlotName
    revision: Annotated[int, Field(ge=1)]
    digest: Digest


class Fold(ApiModel):
    """The chain before and with a record, folded: the head alone decides."""

    live: Live | None = None
    history: Annotated[tuple[HistoryItem, ...], Field(max_length=20)] = ()
    """Newest first."""
    refused: Annotated[tuple[Digest, ...], Field(max_length=50)] = ()
    rejected: Annotated[tuple[Rejection, ...], Field(max_length=10)] = ()
    intent: OpenIntent | None = None


class AuditRecord(ApiModel):
    """One link of the chain of a Deployment."""

    record: Literal["audit"] = "audit"
    chain: Annotated[str, StringConstraints(max_length=64)]
    """UID of the first owner."""
    sequence: Annotated[int, Field(ge=1)]
    previous_hash: Digest | None = None
    """Digest of the record before; absent on the first."""
    phase: Phase
    cause: Cause
    actor: Annotated[str, StringConstraints(max_length=253)]
    intent: Annotated[int, Field(ge=1)] | None = None
    """Sequence of the intent that this outcome closes."""
    slot: SlotName
    revision: Annotated[int, Field(ge=1)]
    digest: Digest
    reason: Code
    message: Message = ""
    time: Timestamp
    fold: Fold

    @property
    def hash(self) -> str:
        """Digest of the whole record, which the next one cites."""
        return digest_of(self)


Record = StageRecord | VerdictRecord | RevisionRecord | AuditRecord

RECORDS: dict[str, type[StageRecord] | type[VerdictRecord] | type[RevisionRecord] | type[AuditRecord]] = {
    "stage": StageRecord,
    "verdict": VerdictRecord,
    "revision": RevisionRecord,
    "audit": AuditRecord,
}


def parse_record(data: dict[str, Any]) -> Record:
    """The record that `data` holds. Raises KeyError or pydantic.ValidationError."""
    return RECORDS[str(data["record"])].parse(data)
