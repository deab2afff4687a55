"""What each stage answers in its termination message: at most 2,400 bytes at every bound, by test.

Uris below the namespace's root are written relative to it. The long form stands in `report.json` in the store.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from sluice_api.base import ApiModel, Decimal, Digest, Hex64, MetricName, Timestamp
from sluice_api.common import UriDigest
from sluice_api.datasetpack import Rejection, ResolvedSource, RowCounts, SplitCount
from sluice_api.evalgate import Verdict
from sluice_api.trainingrun import Metric

Count = Annotated[int, Field(ge=0)]
Warn = Annotated[str, StringConstraints(max_length=160)]
Code = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]


class PackResult(ApiModel):
    """A pack that is complete. A refused pack reports rows and rejections only."""

    digest: Digest | None = None
    manifest: UriDigest | None = None
    rows: RowCounts
    rejections: Annotated[tuple[Rejection, ...], Field(max_length=10)] = ()
    splits: Annotated[tuple[SplitCount, ...], Field(max_length=4)] = ()
    resolved: Annotated[tuple[ResolvedSource, ...], Field(max_length=5)] = ()
    """The first five sources; the manifest has all."""


class ArtifactResult(ApiModel):
    """A complete artifact."""

    uri: Annotated[str, StringConstraints(max_length=256)]
    digest: Digest
    size_bytes: Annotated[int, Field(ge=1)]
    kind: Literal["HuggingFace"] = "HuggingFace"
    context_length: Annotated[int, Field(ge=1)]
    """Longest context that the model has, in tokens."""
    dtype: Literal["float32", "bfloat16", "float16"]
    parameters: Annotated[int, Field(ge=1)]
    completed_at: Timestamp


class PrepareResult(ApiModel):
    """What was resolved, and either an adopted artifact or shards to train on."""

    fingerprint: Hex64
    base: UriDigest
    dataset_digest: Digest
    artifact: ArtifactResult | None = None
    tokens: UriDigest | None = None
    total_steps: Count = 0
    rows: Count = 0
    masked_rows: Count = 0
    """Rows without a single answer token in reach, which were skipped."""
    answer_tokens: Count = 0
    memory_bytes: Count = 0
    """Estimated memory of the training step."""
    warnings: Annotated[tuple[Warn, ...], Field(max_length=5)] = ()


class TrainResult(ApiModel):
    """Trained weights."""

    weights: UriDigest
    steps: Count
    resumed_from: Count = 0
    """Step of the checkpoint that this attempt resumed from."""
    metrics: Annotated[tuple[Metric, ...], Field(max_length=12)] = ()


class PackageResult(ApiModel):
    """The bundle."""

    artifact: ArtifactResult


class EvaluateResult(ApiModel):
    """Where the results of every item are."""

    digest: Digest
    """Digest of what was evaluated."""
    results: UriDigest
    items: Count
    failed_calls: Count = 0


class CriterionOutcome(ApiModel):
    """One criterion, in the order of the request; short names keep the report small."""

    verdict: Verdict = Field(alias="v")
    reason: Code = Field(alias="r")
    value: Decimal | None = Field(default=None, alias="e")
    lower: Decimal | None = Field(default=None, alias="l")
    upper: Decimal | None = Field(default=None, alias="u")
    items: Count = Field(default=0, alias="n")
    items_to_decide: Count | None = Field(default=None, alias="d")


class JudgeResult(ApiModel):
    """The verdict."""

    verdict: Verdict
    reason: Code
    message: Annotated[str, StringConstraints(max_length=240)]
    outcomes: Annotated[tuple[CriterionOutcome, ...], Field(max_length=16)] = ()
    overlap: Count = 0
    """Suite prompts that stand in a training pack."""
    evidence: UriDigest


class VerifyResult(ApiModel):
    """The slot answered and serves the digest."""

    digest: Digest
    prompts: Count
    results: UriDigest


class Headline(ApiModel):
    """A metric in a report's long form."""

    name: MetricName
    value: Decimal


RESULTS: dict[str, type[ApiModel]] = {
    "pack": PackResult,
    "prepare": PrepareResult,
    "train": TrainResult,
    "package": PackageResult,
    "evaluate": EvaluateResult,
    "judge": JudgeResult,
    "verify": VerifyResult,
}
