"""TrainingRun: one immutable experiment, pack + base model + method -> artifact under a digest."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from sluice_api.base import (
    ApiModel,
    Decimal,
    Digest,
    Hex64,
    MetricName,
    NameRef,
    Rule,
    S3Uri,
    Timestamp,
)
from sluice_api.chat import Chat
from sluice_api.common import BoundedSpec, JobRef, KindStatus, Uri, UriDigest

KIND = "TrainingRun"
PLURAL = "trainingruns"
SHORT = "trun"

USUAL_BATCH = 8
"""Packed sequences per optimiser step, when nothing speaks against it."""
FEWEST_STEPS = 30
"""Optimiser steps below which a run hardly learns."""
Module = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.]+$")]
PreflightMode = Literal["Strict", "Open"]
Warned = Annotated[str, StringConstraints(max_length=160)]


class S3Model(ApiModel):
    """A model folder in S3, as `kubectl sluice model import` writes it."""

    uri: S3Uri
    """Folder of the model, below the namespace's prefix or an allowed read prefix."""
    digest: Digest | None = None
    """Digest that the model must have. Absent: resolved once and recorded."""


class BaseModelSource(ApiModel):
    """Where training starts from; exactly one."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="[has(self.s3), has(self.trainingRunRef)].filter(x, x).size() == 1",
            message="give exactly one of s3 and trainingRunRef",
            holds=lambda b: (b.s3 is None) != (b.training_run_ref is None),
        ),
    )

    s3: S3Model | None = None
    """A model folder in S3."""
    training_run_ref: NameRef | None = None
    """The artifact of another run."""


class Adapter(ApiModel):
    """Low-rank adaptation (LoRA, arXiv:2106.09685), or None for full fine-tuning."""

    type: Literal["None", "LoRA"] = "LoRA"
    """None trains all weights."""
    rank: Annotated[int, Field(ge=1, le=512)] = 16
    """Rank of the update."""
    alpha: Annotated[int, Field(ge=1, le=2048)] = 32
    """Scale of the update: alpha / rank."""
    dropout: Decimal = "0"
    """Dropout on the adapter's input, 0 to below 1."""
    target_modules: Annotated[tuple[Module, ...], Field(max_length=16)] = ()
    """Names of the linear layers to adapt. Empty: all of them but the output head."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="double(self.dropout) >= 0.0 && double(self.dropout) < 1.0",
            message="dropout must be at least 0 and below 1",
            holds=lambda a: 0 <= float(a.dropout) < 1,
            field="dropout",
        ),
    )


class Hyperparameters(ApiModel):
    """How the run trains. Numbers with a fraction are strings."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel="!has(self.globalBatchSize) || self.globalBatchSize % self.microBatchSize == 0",
            message="globalBatchSize must be a multiple of microBatchSize",
            holds=lambda h: (h.global_batch_size or 0) % h.micro_batch_size == 0,
            field="globalBatchSize",
        ),
        Rule(
            cel="double(self.learningRate) > 0.0 && double(self.learningRate) <= 1.0",
            message="learningRate must be above 0 and at most 1",
            holds=lambda h: 0 < float(h.learning_rate) <= 1,
            field="learningRate",
        ),
        Rule(
            cel="double(self.weightDecay) >= 0.0 && double(self.weightDecay) <= 1.0",
            message="weightDecay must be from 0 to 1",
            holds=lambda h: 0 <= float(h.weight_decay) <= 1,
            field="weightDecay",
        ),
        Rule(
            cel="double(self.maxGradNorm) > 0.0",
            message="maxGradNorm must be above 0",
            holds=lambda h: float(h.max_grad_norm) > 0,
            field="maxGradNorm",
        ),
    )

    epochs: Annotated[int, Field(ge=1, le=1000)] = 3
    """Passes over the training rows; maxSteps, when given, decides instead."""
    max_steps: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    """Optimiser steps."""
    learning_rate: Decimal = "2e-4"
    """Peak learning rate of AdamW."""
    schedule: Literal["Cosine", "Linear", "Constant"] = "Cosine"
    """Course of the learning rate after the warm-up; Cosine and Linear end at a tenth of the peak."""
    warmup_steps: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Steps in which the learning rate rises from 0 to its peak."""
    global_batch_size: Annotated[int, Field(ge=1, le=65_536)] | None = None
    """Packed sequences per optimiser step. Absent: 8, or fewer where epochs over a small pack would give less
    than 30 steps."""
    micro_batch_size: Annotated[int, Field(ge=1, le=4096)] = 1
    """Packed sequences per forward pass; it changes memory and speed, not the result, dropout included."""
    sequence_length: Annotated[int, Field(ge=16, le=1_048_576)] = 1024
    """Tokens per packed sequence; of longer examples the middle of the longest turns is cut, and
    they are counted; what does not fit even then is left out."""
    packing: bool = True
    """Put several examples into one sequence; they never see each other."""
    loss_on: Literal["FinalAssistant", "AllAssistant"] = "FinalAssistant"
    """Which turns carry loss."""
    precision: Literal["Auto", "Float32", "BFloat16"] = "Auto"
    """Auto: BFloat16 on CUDA, Float32 on CPU."""
    weight_decay: Decimal = "0.01"
    """AdamW's weight decay."""
    max_grad_norm: Decimal = "1"
    """Largest norm of the gradient; above it the gradient is scaled down."""
    seed: Annotated[int, Field(ge=0, le=2_147_483_647)] = 42
    """Seed of initialisation, order and dropout."""

    def batch_size(self, sequences: int) -> int:
        """Packed sequences per optimiser step, over so many of them; micro batches have no say in it."""
        if self.global_batch_size is not None:
            return self.global_batch_size
        if self.max_steps is not None:
            return USUAL_BATCH
        return min(USUAL_BATCH, max(1, self.epochs * sequences // FEWEST_STEPS))


class Checkpoint(ApiModel):
    """When the run saves what a resumed attempt needs."""

    every_steps: Annotated[int, Field(ge=1, le=1_000_000)] = 50
    """Steps between two checkpoints."""
    every_seconds: Annotated[int, Field(ge=10, le=86_400)] = 600
    """Most seconds between two checkpoints."""
    keep_last: Annotated[int, Field(ge=1, le=100)] = 2
    """Newest complete checkpoints to keep."""


class Preflight(ApiModel):
    """What is done about findings before training starts."""

    mode: PreflightMode = "Strict"
    """Strict refuses a run that a check blocks. Open goes on and shows the finding as a warning, where going
    on can work at all."""


class Retry(ApiModel):
    """How often a failed stage is tried again. Evictions and waits for a dependency do not count."""

    limit: Annotated[int, Field(ge=0, le=8)] = 3
    """Failed attempts of a stage before the run gives up."""


class TrainingRunSpec(BoundedSpec):
    """The experiment. Immutable, but for suspend, TTL and deadline."""

    dataset_ref: NameRef
    """The pack to train on."""
    base_model: BaseModelSource
    """Where training starts from."""
    method: Literal["SFT"] = "SFT"
    """Supervised fine-tuning on the answers of the rows."""
    adapter: Adapter = Adapter()
    """LoRA, or None for full fine-tuning."""
    chat: Chat = Chat()
    """How conversations are written for the model."""
    hyperparameters: Hyperparameters = Hyperparameters()
    """How the run trains."""
    preflight: Preflight = Preflight()
    """How strictly the run is checked before it starts."""
    checkpoint: Checkpoint = Checkpoint()
    """When the run saves."""
    retry: Retry = Retry()
    """How often a failed stage is tried again."""
    rerun_policy: Literal["IfChanged", "Always"] = "IfChanged"
    """IfChanged adopts a finished artifact of the same fingerprint; Always trains again."""


class Resolved(ApiModel):
    """What the experiment's references turned out to be."""

    dataset_digest: Digest
    """Digest of the pack."""
    base_digest: Digest
    """Digest of the base model."""
    fingerprint: Hex64
    """Identity of the experiment: spec, dataset, base and seed."""


class Progress(ApiModel):
    """How far training is."""

    step: Annotated[int, Field(ge=0)] | None = None
    """Optimiser steps done. Absent when a finished artifact was adopted."""
    total_steps: Annotated[int, Field(ge=1)] | None = None
    """Optimiser steps in all. Absent when a finished artifact was adopted."""
    percent: Annotated[int, Field(ge=0, le=100)]
    """Share done."""
    eta_seconds: Annotated[int, Field(ge=0)] | None = None
    """Seconds that remain, as the trainer guesses."""
    last_heartbeat_time: Timestamp | None = None
    """When the trainer last reported."""


class Metric(ApiModel):
    """One number of the run."""

    name: MetricName
    """Name of the metric."""
    value: Decimal
    """Its value."""


class Attempts(ApiModel):
    """How often stages of the run were started."""

    total: Annotated[int, Field(ge=0)] = 0
    """Attempts of all stages."""
    current: Annotated[int, Field(ge=0)] = 0
    """Attempts of the stage at work, or of the last one."""
    failed: Annotated[int, Field(ge=0)] = 0
    """Attempts that failed."""
    preempted: Annotated[int, Field(ge=0)] = 0
    """Pods that were evicted, preempted or stopped on request."""


class Artifact(ApiModel):
    """The model that the run made."""

    uri: Uri
    """Folder of the bundle."""
    digest: Digest
    """Digest of what is served."""
    size_bytes: Annotated[int, Field(ge=1)]
    """Size of all files."""
    kind: Literal["HuggingFace"] = "HuggingFace"
    """Layout of the bundle."""
    adopted: bool = False
    """True when an earlier run with the same fingerprint had made it."""
    completed_at: Timestamp
    """When it was made; adoption keeps this time."""


class GpuSeconds(ApiModel):
    """GPU time of the run's Pods."""

    used: Annotated[int, Field(ge=0)] = 0
    """GPU-seconds of all attempts."""
    wasted: Annotated[int, Field(ge=0)] = 0
    """GPU-seconds of attempts that failed."""


class TrainingRunStatus(KindStatus):
    """What became of the experiment."""

    resolved: Resolved | None = None
    """What the references turned out to be."""
    progress: Progress | None = None
    """How far training is."""
    metrics: Annotated[tuple[Metric, ...], Field(max_length=20)] = ()
    """Numbers of the finished training."""
    headline: Annotated[str, StringConstraints(max_length=80)] | None = None
    """The loss that counts most: on held-out rows where there are any, else the last one in training."""
    duration: Annotated[str, StringConstraints(max_length=16)] | None = None
    """Time from the start of the first stage to the last news of the run, for people."""
    warnings: Annotated[tuple[Warned, ...], Field(max_length=3)] = ()
    """What the checks before training found and let pass."""
    attempts: Attempts = Attempts()
    """How often stages were started."""
    artifact: Artifact | None = None
    """The model that the run made."""
    gpu_seconds: GpuSeconds = GpuSeconds()
    """GPU time of the run's Pods."""
    report: UriDigest | None = None
    """Where the report of the last finished stage is."""
    job: JobRef | None = None
    """The stage that is at work."""
