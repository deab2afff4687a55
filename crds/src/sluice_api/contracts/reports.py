"""What each stage answers in its termination message: at most 2,400 bytes at every bound, by test.

Uris below the namespace's root are written relative to it. The long form stands in `report.json` in the
store. Text is cut to its share of the bytes; everything else that is too long is refused.
"""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_serializer, model_validator

from sluice_api.base import ApiModel, Digest, Hex64, Rule, Timestamp
from sluice_api.common import UriDigest
from sluice_api.contamination import ContaminationCounts
from sluice_api.contracts.bytecount import Clip, RefBytes
from sluice_api.datasetpack import (
    MOST_LABELS,
    ContradictionCount,
    IgnoredKey,
    Rejection,
    ResolvedSource,
    RowCounts,
    SplitCount,
)
from sluice_api.evalgate import Verdict
from sluice_api.trainingrun import Metric

Count = Annotated[int, Field(ge=0, le=999_999_999_999)]
Code = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
Written = Annotated[UriDigest, AfterValidator(RefBytes(160))]
"""A folder that a stage wrote: relative to the root, so it is short."""
Given = Annotated[UriDigest, AfterValidator(RefBytes(512))]
"""A folder that a person named."""
Score = Annotated[str, StringConstraints(max_length=9, pattern=r"^-?[01](\.[0-9]{1,6})?$")]
"""A share or a difference of shares, to six places."""


_MOST_CONTAMINATION = 48
"""Most characters of what a pack shares with evaluation packs."""


def score_text(value: float) -> str:
    """A share as a Score. Raises ValueError for what is no number from -1 to 1."""
    if not -1 <= value <= 1:
        raise ValueError(f"{value} is no share; it must be a number from -1 to 1")
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def contamination_text(counts: Sequence[tuple[int, int]]) -> str:
    """Exact and near rows per pack as `12 3,0 1`; packs for which there is no room are left out."""
    told = [f"{exact} {near}" for exact, near in counts]
    while len(",".join(told)) > _MOST_CONTAMINATION:
        told.pop()
    return ",".join(told)


class PackResult(ApiModel):
    """A pack that is complete. A refused pack reports its rows and why some were rejected."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel=(
                "has(self.digest) == has(self.manifest) && (has(self.digest) || "
                "self.splits.size() == 0 && self.resolved.size() == 0 && "
                "self.ignoredKeys.size() == 0 && self.contamination == '')"
            ),
            message="digest and manifest come together; a refused pack has rows and rejections only",
            holds=lambda p: (
                (p.digest is None) == (p.manifest is None)
                and (
                    p.digest is not None or not (p.splits or p.resolved or p.ignored_keys or p.contamination)
                )
            ),
        ),
        Rule(
            cel="!has(self.contradictions) || self.splits.size() == 1 && self.contamination == ''",
            message="contradictions are of an evaluation pack: one split, compared with no other pack",
            holds=lambda p: p.contradictions is None or (len(p.splits) == 1 and not p.contamination),
        ),
    )

    digest: Digest | None = None
    manifest: Written | None = None
    rows: RowCounts
    rejections: Annotated[tuple[Rejection, ...], Field(max_length=6)] = ()
    """The most frequent reasons; the manifest has all."""
    ignored_keys: Annotated[tuple[IgnoredKey, ...], Field(max_length=3)] = ()
    """The most frequent ones; the manifest has all."""
    contamination: Annotated[
        str,
        StringConstraints(max_length=_MOST_CONTAMINATION, pattern=r"^([0-9]+ [0-9]+(,[0-9]+ [0-9]+)*)?$"),
    ] = ""
    """Rows that each pack of contaminationAgainst shares, exactly and nearly, as `12 3,0 1`; the first ones.
    The manifest has all."""
    labels: Annotated[int, Field(ge=0, le=MOST_LABELS)] | None = None
    """Number of labels of a classification task."""
    splits: Annotated[tuple[SplitCount, ...], Field(max_length=4)] = ()
    resolved: Annotated[tuple[ResolvedSource, ...], Field(max_length=2)] = ()
    """The first sources; the manifest has all."""
    contradictions: ContradictionCount | None = None
    """Rows of an evaluation pack that no model can have right."""
    longest_answer_tokens: Annotated[int, Field(ge=0, le=99_999_999)] = 0
    """Most tokens of the longest answer under any tokenizer: its bytes; 0 when it is not known."""


class ArtifactResult(ApiModel):
    """A complete artifact."""

    uri: Annotated[str, StringConstraints(min_length=1, max_length=160, pattern=r"^[!#-\[\]-~]*$")]
    """Folder of the bundle, relative to the root."""
    digest: Digest
    size_bytes: Annotated[int, Field(ge=1, le=999_999_999_999_999)]
    kind: Literal["HuggingFace"] = "HuggingFace"
    context_length: Annotated[int, Field(ge=1, le=999_999_999)]
    """Longest context that the model has, in tokens."""
    dtype: Literal["float32", "bfloat16", "float16"]
    parameters: Annotated[int, Field(ge=1, le=999_999_999_999_999)]
    completed_at: Timestamp


class PrepareResult(ApiModel):
    """What was resolved, and either an adopted artifact or shards to train on."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="has(self.artifact) != has(self.tokens)",
            message="give exactly one of artifact (adopted) and tokens (to train on)",
            holds=lambda p: (p.artifact is None) != (p.tokens is None),
        ),
    )

    fingerprint: Hex64
    base: Given
    dataset: Written
    """Manifest of the pack, and the pack's digest. A gate compares its suites with it, whatever became of the
    pack."""
    artifact: ArtifactResult | None = None
    tokens: Written | None = None
    total_steps: Count = 0
    rows: Count = 0
    masked_rows: Count = 0
    """Rows without a single answer token in reach, which were skipped."""
    truncated_rows: Count = 0
    """Rows whose prompt was cut, because they are longer than a sequence."""
    answer_tokens: Count = 0
    memory_bytes: Annotated[int, Field(ge=0, le=999_999_999_999_999)] = 0
    """Estimated memory of the training step."""
    warnings: Annotated[tuple[Annotated[str, Clip(120)], ...], Field(max_length=3)] = ()


class TrainResult(ApiModel):
    """Trained weights."""

    weights: Written
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
    results: Written
    items: Count
    failed_calls: Count = 0
    cut_replies: Count = 0
    """Replies that were cut at the limit of new tokens."""
    window_tokens: Annotated[int, Field(ge=0, le=999_999_999)] = 0
    """What a slot must hold to be asked alike: longest prompt and longest answer; 0 when it is not known."""


class CriterionOutcome(ApiModel):
    """One criterion, in the order of the request.

    Written as one line, `verdict reason value lower upper items itemsToDecide` with `-` for what is absent,
    because sixteen of them must fit.
    """

    verdict: Verdict
    reason: Annotated[str, StringConstraints(max_length=24, pattern=r"^[a-z][a-z0-9_]*$")]
    value: Score | None = None
    lower: Score | None = None
    upper: Score | None = None
    items: Annotated[int, Field(ge=0, le=9_999_999)] = 0
    items_to_decide: Annotated[int, Field(ge=0, le=9_999_999)] | None = None

    @model_serializer(mode="plain")
    def _as_line(self) -> str:
        parts = [self.verdict, self.reason, self.value, self.lower, self.upper, self.items]
        return " ".join("-" if part is None else str(part) for part in [*parts, self.items_to_decide])

    @model_validator(mode="before")
    @classmethod
    def _from_line(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        words = data.split(" ")
        if len(words) < len(cls.model_fields):
            raise ValueError(f"an outcome has {len(cls.model_fields)} words, this one has {len(words)}")
        # A later form has more words at the end.
        given = {name: word for name, word in zip(cls.model_fields, words, strict=False) if word != "-"}
        counts = {name: int(given[name]) for name in ("items", "items_to_decide") if name in given}
        return given | counts


class ContaminationLine(ContaminationCounts):
    """Items of all suites that stand in training packs, written as one line `items exact near excluded`."""

    @model_serializer(mode="plain")
    def _as_line(self) -> str:
        return f"{self.items} {self.exact} {self.near} {self.excluded}"

    @model_validator(mode="before")
    @classmethod
    def _from_line(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        counts = data.split(" ")
        if len(counts) < len(cls.model_fields):
            raise ValueError(f"contamination has {len(cls.model_fields)} counts, this one has {len(counts)}")
        return {name: int(n) for name, n in zip(cls.model_fields, counts, strict=False)}


class JudgeResult(ApiModel):
    """The verdict."""

    verdict: Verdict
    reason: Code
    message: Annotated[str, Clip(160)]
    outcomes: Annotated[tuple[CriterionOutcome, ...], Field(max_length=16)] = ()
    contamination: ContaminationLine | None = None
    """Absent: no training pack is known."""
    evidence: Written


class VerifyResult(ApiModel):
    """The slot answered and serves the digest."""

    digest: Digest
    prompts: Count
    results: Written


class Finding(ApiModel):
    """One place where an audit chain is not as it was written."""

    kind: Literal["Gap", "Edit", "Fork", "CutTail"]
    where: Literal["archive", "cluster"]
    sequence: Annotated[int, Field(ge=1, le=999_999_999)]
    """Number of the first link that is meant."""
    message: Annotated[str, Clip(120)]


class LedgerResult(ApiModel):
    """What the archive holds of a chain, what is wrong with it, or what earlier chains refuse."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.mode == 'Inherit' ? !has(self.findings) || self.findings.size() == 0 : "
            "!has(self.refused) || self.refused.size() == 0",
            message="findings come from Verify, refusals from Inherit",
            holds=lambda r: not (r.findings if r.mode == "Inherit" else r.refused),
        ),
    )

    mode: Literal["Archive", "Verify", "Inherit"]
    identity: Annotated[str, StringConstraints(max_length=80, pattern=r"^[ -!#-\[\]-~]*$")] = ""
    """Identity of the request, by which an answer is known."""
    sequence: Annotated[int, Field(ge=0, le=999_999_999)] = 0
    """Newest archived link; 0 when there is none."""
    head_hash: Digest | None = None
    """Hash of that link."""
    links: Annotated[int, Field(ge=0, le=999_999_999)] = 0
    """Links that were archived or read."""
    findings: Annotated[tuple[Finding, ...], Field(max_length=6)] = ()
    """The first ones; the report in the store has all."""
    found: Annotated[int, Field(ge=0, le=999_999_999)] = 0
    """All findings, or all refusals."""
    refused: Annotated[tuple[Digest, ...], Field(max_length=20)] = ()
    """Digests that earlier chains refuse, newest first."""


RESULTS: dict[str, type[ApiModel]] = {
    "pack": PackResult,
    "prepare": PrepareResult,
    "train": TrainResult,
    "package": PackageResult,
    "evaluate": EvaluateResult,
    "judge": JudgeResult,
    "verify": VerifyResult,
    "ledger": LedgerResult,
}
