"""Records: what must outlive Jobs and status, written once as ControllerRevisions.

One model per kind of record. The operator alone writes them; verdicts, revisions and audit records are what
promotion is decided from.
"""

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from sluice_api.audit import AuditRecord, Cause, SlotName
from sluice_api.base import ApiModel, Digest, Hex64, Message, Name, StoredModel, Timestamp
from sluice_api.common import UriDigest
from sluice_api.contamination import ContaminationCounts
from sluice_api.contracts.envelope import Stage
from sluice_api.contracts.reports import RESULTS, ArtifactResult, Code, CriterionOutcome, Score
from sluice_api.decisions import RequestId, User
from sluice_api.evalgate import Criterion, SuiteDigest, Verdict
from sluice_api.manycandidates import SuiteUse

Count = Annotated[int, Field(ge=0)]
Outcome = Literal["Succeeded", "Failed", "Interrupted"]


class Counters(ApiModel):
    """Cumulative over all attempts of the owner, so that old stage records may be pruned."""

    attempts: Count = 0
    failed: Count = 0
    interruptions: Count = 0
    gpu_seconds: Count = 0
    gpu_seconds_wasted: Count = 0
    running_seconds: Count = 0


class StageRecord(StoredModel):
    """One attempt of one stage that ended."""

    record: Literal["stage"] = "stage"
    stage: Stage
    request_hash: Hex64
    attempt: Annotated[int, Field(ge=1)]
    outcome: Outcome
    """Interrupted does not use the retry budget."""
    reason: Code
    message: Message = ""
    exit_code: int | None = None
    pod: Annotated[str, StringConstraints(max_length=253)] | None = None
    report: dict[str, Any] | None = None
    """Result of the stage, as its contract says."""
    folder: Annotated[str, StringConstraints(max_length=200)] | None = None
    report_digest: Digest | None = None
    evidence: UriDigest | None = None
    """What an attempt that failed had found before."""
    deadline_seconds: Count | None = None
    """Running time over all attempts that was allowed then; absent: not known, or none."""
    warning: Message = ""
    """What was odd about an attempt that succeeded."""
    started_at: Timestamp
    finished_at: Timestamp
    counters: Counters = Counters()

    @model_validator(mode="after")
    def _success_holds_a_result(self) -> Self:
        if self.outcome == "Succeeded" and self.stage in RESULTS:
            _ = self.result
        return self

    @cached_property
    def result(self) -> ApiModel:
        """The report, typed. Raises ValueError when there is none, when its contract says otherwise, or when
        only another version knows the stage."""
        if self.report is None:
            raise ValueError("an attempt that succeeded needs its result")
        if self.stage not in RESULTS:
            raise ValueError(f"stage {self.stage} has no result that this version knows")
        return RESULTS[self.stage].parse_open(self.report)


class VerdictRecord(StoredModel):
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
    contamination: ContaminationCounts | None = None
    suite_uses: Annotated[tuple[SuiteUse, ...], Field(max_length=16)] = ()
    evidence: UriDigest | None = None
    results: UriDigest | None = None
    """What the candidate answered to every item: drift is measured against it."""
    window_tokens: Count = 0
    """What a slot must hold to answer as it was judged: longest prompt and longest answer. 0: not known."""
    evaluated_at: Timestamp


class RevisionRecord(StoredModel):
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


class DriftRecord(StoredModel):
    """One tick of the drift check of what is live."""

    record: Literal["drift"] = "drift"
    transition: Annotated[int, Field(ge=1)]
    """Newest non-repair transition: ticks of an earlier life never count."""
    tick: Annotated[int, Field(ge=1)]
    """Number of the tick; it was due at the transition's time plus tick times `everySeconds`."""
    slot: SlotName
    digest: Digest
    result: Literal["Good", "Bad", "Unknown"]
    """Unknown neither counts nor resets."""
    score: Score | None = None
    """The metric that decided, measured now."""
    baseline: Score | None = None
    """The same metric when the model was promoted."""
    reason: Code
    message: Message
    evidence: UriDigest | None = None
    checked_at: Timestamp


class ApprovalRecord(StoredModel):
    """A person let one verdict through a gate that asks for approval."""

    record: Literal["approval"] = "approval"
    verdict: Annotated[str, StringConstraints(max_length=63)]
    """Name of the verdict's record, which hashes digest, criteria, suites and baseline."""
    digest: Digest
    user: User
    id: RequestId
    verified: bool
    """False: no admission policy tied the user to the caller."""
    time: Timestamp


class OtherRecord(StoredModel):
    """A record of a kind that only another version knows: it is kept, and nothing is decided from it."""

    record: str


Record = (
    StageRecord | VerdictRecord | RevisionRecord | AuditRecord | DriftRecord | ApprovalRecord | OtherRecord
)

RECORDS: dict[str, type[Record]] = {
    "stage": StageRecord,
    "verdict": VerdictRecord,
    "revision": RevisionRecord,
    "audit": AuditRecord,
    "drift": DriftRecord,
    "approval": ApprovalRecord,
}


def parse_record(data: dict[str, Any]) -> Record:
    """The record that `data` holds, whichever version stored it. Raises pydantic.ValidationError."""
    return RECORDS.get(str(data.get("record")), OtherRecord).parse_open(data)
