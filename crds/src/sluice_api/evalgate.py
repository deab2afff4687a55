"""EvalGate: a judgement policy that gives each candidate artifact Pass, Fail or Inconclusive."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from sluice_api.base import (
    ApiModel,
    Decimal,
    Digest,
    Hex64,
    Message,
    MetricName,
    Name,
    NameRef,
    Rule,
    Timestamp,
)
from sluice_api.common import JobRef, KindSpec, KindStatus, UriDigest
from sluice_api.contamination import ContaminationCounts, ContaminationPolicy
from sluice_api.manycandidates import Confidence, SuiteUse

KIND = "EvalGate"
PLURAL = "evalgates"
SHORT = "eg"

Verdict = Literal["Pass", "Fail", "Inconclusive"]
Operator = Literal["GreaterOrEqual", "LessOrEqual"]
Compare = Literal["Absolute", "DeltaToBaseline"]
Mode = Literal["Required", "Advisory"]
SliceChoice = Literal["Worst"]
LabelValue = Annotated[str, StringConstraints(max_length=63)]
ReasonWord = Annotated[str, StringConstraints(max_length=64)]


class Selector(ApiModel):
    """Runs by their labels."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.matchLabels.all(k, size(k) >= 1 && size(k) <= 317)",
            message="matchLabels needs keys of 1 to 317 characters, as Kubernetes labels have",
            holds=lambda s: all(1 <= len(k) <= 317 for k in s.match_labels),
            field="matchLabels",
        ),
    )

    match_labels: Annotated[dict[str, LabelValue], Field(min_length=1, max_length=16)]
    """Labels that a run must carry, all of them."""


class Candidates(ApiModel):
    """Which runs are judged; exactly one."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="has(self.trainingRunRef) != has(self.selector)",
            message="give exactly one of trainingRunRef and selector",
            holds=lambda c: (c.training_run_ref is None) != (c.selector is None),
        ),
    )

    training_run_ref: NameRef | None = None
    """One run."""
    selector: Selector | None = None
    """All succeeded runs that match; the newest are judged first."""


class Baseline(ApiModel):
    """What DeltaToBaseline compares with; exactly one."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel=(
                "[has(self.deploymentRef), has(self.trainingRunRef), has(self.baseModel)]"
                ".filter(x, x).size() == 1"
            ),
            message="give exactly one of deploymentRef, trainingRunRef and baseModel",
            holds=lambda b: (
                sum(x is not None for x in (b.deployment_ref, b.training_run_ref, b.base_model)) == 1
            ),
        ),
        Rule(
            cel="!has(self.baseModel) || self.baseModel",
            message="baseModel can only be true; leave it out otherwise",
            holds=lambda b: b.base_model is not False,
            field="baseModel",
        ),
    )

    deployment_ref: NameRef | None = None
    """What that Deployment (modeldeployments.sluice.dev) serves now."""
    training_run_ref: NameRef | None = None
    """The artifact of a run."""
    base_model: bool | None = None
    """The candidate's own base model."""
    when_absent: Literal["BaseModel", "Skip", "Hold"] = "BaseModel"
    """When nothing is live yet: compare with the base model, skip the comparing criteria, or wait."""


MOST_NEW_TOKENS = 4096
"""Most tokens that a gate may allow an answer."""


class Generation(ApiModel):
    """How answers are generated. Decoding is greedy."""

    max_new_tokens: Annotated[int, Field(ge=1, le=MOST_NEW_TOKENS)]
    """Most tokens of an answer."""


DEFAULT_GENERATION = Generation(max_new_tokens=32)


class Suite(ApiModel):
    """One set of questions."""

    name: Name
    """Name of the suite; criteria refer to it."""
    dataset_ref: NameRef
    """A pack with purpose Evaluation."""
    digest: Digest | None = None
    """Digest that the pack must have. Absent: whatever the pack of that name holds."""
    max_samples: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Judge a seeded sample of this size. Absent: all rows."""
    seed: Annotated[int, Field(ge=0, le=2_147_483_647)] | None = None
    """Seed of the sample and of the bootstrap. Absent: 0."""
    generation: Generation | None = None
    """How long answers may be. Absent: from 32 to 1024 tokens, as the longest reference needs."""


class Criterion(ApiModel):
    """One demand on one metric of one suite."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="double(self.value) >= -1.0 && double(self.value) <= 1.0",
            message="value must be from -1 to 1, because every metric is a share",
            holds=lambda c: -1 <= float(c.value) <= 1,
            field="value",
        ),
        Rule(
            cel="!has(self.confidencePercent) || self.confidencePercent == 0 || self.confidencePercent >= 50",
            message="confidencePercent must be 0 or from 50 to 99: below 50 a bound lies on the wrong side",
            holds=lambda c: not c.confidence_percent or c.confidence_percent >= 50,
            field="confidencePercent",
        ),
    )

    suite: Name
    """Name of the suite."""
    metric: MetricName
    """Metric that the suite yields, such as accuracy, macro_f1, exact_match or normalized_match."""
    operator: Operator
    """GreaterOrEqual: the metric must be proven to be at least value; LessOrEqual: at most."""
    value: Decimal
    """The threshold, or the difference to the baseline."""
    compare: Compare | None = None
    """Absolute (when absent), or DeltaToBaseline: candidate minus baseline on the same items."""
    slice: SliceChoice | None = None
    """Worst: no slice of the suite with enough items may be proven to miss the threshold. That is no proof
    that every slice reaches it, so a gate needs another Required criterion beside it. Absent: the whole
    suite."""
    min_support: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Fewest items for a verdict; of a slice, to be looked at. Absent: 100, of a slice 30."""
    confidence_percent: Annotated[int, Field(ge=0, le=99)] | None = None
    """One-sided confidence of the bound. Absent: 95. 0 compares the point estimate; the verdict says so."""
    mode: Mode | None = None
    """Required (when absent) or Advisory, which is shown and never blocks."""


class Approval(ApiModel):
    """Whether a person must agree."""

    required: bool = False
    """A Pass lets a model through only after somebody with the right approved exactly that verdict."""


class EvalGateSpec(KindSpec):
    """The policy. It may be edited; verdicts are bound to the policy that gave them."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="self.criteria.all(c, self.suites.exists(s, s.name == c.suite))",
            message="every criterion must name a suite of this gate",
            holds=lambda g: {c.suite for c in g.criteria} <= {s.name for s in g.suites},
            field="criteria",
        ),
        Rule(
            cel=(
                "has(self.baseline) || "
                "!self.criteria.exists(c, has(c.compare) && c.compare == 'DeltaToBaseline')"
            ),
            message="a DeltaToBaseline criterion needs a baseline",
            holds=lambda g: g.baseline is not None or all(c.compare != "DeltaToBaseline" for c in g.criteria),
            field="baseline",
        ),
    )

    candidates: Candidates
    """Which runs are judged."""
    baseline: Baseline | None = None
    """What DeltaToBaseline compares with."""
    suites: Annotated[
        tuple[Suite, ...],
        Field(min_length=1, max_length=16, json_schema_extra={"listMapKey": "name"}),
    ]
    """The questions."""
    criteria: Annotated[tuple[Criterion, ...], Field(max_length=16)] = ()
    """The demands. A gate without criteria passes nothing."""
    contamination: ContaminationPolicy = "Block"
    """What an item does whose prompt stands in a training pack of the candidate: Block fails the candidate,
    Exclude leaves the item out for candidate and baseline alike, Report only counts it. Unicode composition
    and the amount of white space make no difference."""
    near_contamination: ContaminationPolicy | None = None
    """The same for prompts that differ in case, width, invisible signs and punctuation as well. Absent:
    Exclude when contamination is Exclude, otherwise Report."""
    confidence: Confidence = Confidence()
    """What the confidence of the criteria holds for."""
    on_inconclusive: Literal["Hold", "Fail"] = "Hold"
    """Hold waits for more items or another candidate; Fail rejects."""
    approval: Approval = Approval()
    """Whether a person must agree."""
    max_parallel: Annotated[int, Field(ge=1, le=16)] = 1
    """Most evaluations at the same time."""
    ttl_seconds_after_finished: Annotated[int, Field(ge=0, le=31_536_000)] = 86_400
    """How long finished Jobs and their Pods are kept."""

    @property
    def near_policy(self) -> ContaminationPolicy:
        """What near contamination does, with the default filled in."""
        follows: ContaminationPolicy = "Exclude" if self.contamination == "Exclude" else "Report"
        return self.near_contamination or follows


class CriterionResult(ApiModel):
    """What came out for one criterion."""

    suite: Name
    """Suite of the criterion."""
    metric: MetricName
    """Metric of the criterion."""
    compare: Compare | None = None
    """Absolute (when absent), or DeltaToBaseline: the value is the difference to the baseline."""
    slice: SliceChoice | None = None
    """Worst: the numbers are of the worst slice. Absent: of the whole suite."""
    verdict: Verdict
    """Verdict of this criterion alone."""
    reason: ReasonWord
    """CamelCase reason."""
    value: Decimal | None = None
    """What was measured; absent when nothing was."""
    lower: Decimal | None = None
    """Lower one-sided bound."""
    upper: Decimal | None = None
    """Upper one-sided bound."""
    threshold: Decimal
    """What was demanded."""
    items: Annotated[int, Field(ge=0)]
    """Items, or groups, that count."""
    items_to_decide: Annotated[int, Field(ge=0)] | None = None
    """About how many items would decide an inconclusive criterion."""
    mode: Mode
    """Required or Advisory."""


class SuiteDigest(ApiModel):
    """Digest of one suite's pack."""

    suite: Name
    """Name of the suite."""
    digest: Digest
    """Digest of its pack."""


class VerdictEntry(ApiModel):
    """The verdict about one artifact."""

    run: Name
    """Run that made the artifact."""
    digest: Digest
    """Digest of the artifact."""
    verdict: Verdict
    """Pass, Fail or Inconclusive."""
    reason: ReasonWord
    """CamelCase reason of the first criterion that decided."""
    message: Message
    """One sentence for people."""
    baseline_digest: Digest | None = None
    """Artifact that it was compared with."""
    criteria_hash: Hex64
    """Hash of the policy that gave the verdict."""
    suite_digests: Annotated[tuple[SuiteDigest, ...], Field(max_length=16)]
    """Suites that gave the verdict."""
    suite_uses: Annotated[tuple[SuiteUse, ...], Field(max_length=16)] = ()
    """Which candidate this was on each suite: the more there are, the sooner one passes by chance."""
    evaluated_at: Timestamp
    """When it was judged."""
    results: Annotated[tuple[CriterionResult, ...], Field(max_length=16)] = ()
    """Every criterion."""
    contamination: ContaminationCounts | None = None
    """Items that were trained on. Absent: no training pack of the candidate is known."""
    evidence: UriDigest | None = None
    """Where every item's result and the reasoning are."""
    approved_by: Annotated[str, StringConstraints(max_length=253)] | None = None
    """Who approved it."""


class EvalGateStatus(KindStatus):
    """Verdicts, newest candidate first."""

    verdicts: Annotated[
        tuple[VerdictEntry, ...], Field(max_length=10, json_schema_extra={"listMapKey": "digest"})
    ] = ()
    """One per artifact, the newest 10."""
    verdict: Verdict | None = None
    """Verdict about the newest candidate."""
    candidate: Name | None = None
    """Run that made the newest candidate."""
    headline: Annotated[str, StringConstraints(max_length=80)] | None = None
    """Measure of the newest candidate by the first criterion that is required, for people."""
    baseline_digest: Digest | None = None
    """Artifact that candidates are compared with now."""
    criteria_hash: Hex64 | None = None
    """Hash of the policy as it stands."""
    jobs: Annotated[tuple[JobRef, ...], Field(max_length=20)] = ()
    """The stages that are at work."""
